/* SPDX-License-Identifier: GPL-2.0 */
/* A unit of systemd whose memory is offered by a drop-in file. */
#pragma once

#include <string>

#include "persist/files.hpp"

namespace ksm
{

class unit
{
public:
	/* A service, with or without its suffix; throws ksm::error for any other name. */
	explicit unit(const std::string &name);

	const std::string &name() const { return name_; }

	std::string drop_in_dir() const;
	std::string drop_in() const { return drop_in_dir() + "/50-ksm.conf"; }

	/* False if systemd has no such unit there. */
	bool exists(const config_root &root) const;

	/* What makes the drop-in count, or makes it not count any more. */
	std::string restart_command() const;

private:
	std::string name_;
};

} /* namespace ksm */
