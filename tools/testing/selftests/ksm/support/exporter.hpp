/* SPDX-License-Identifier: GPL-2.0 */
#pragma once

#include <map>
#include <string>

#include "support/child.hpp"
#include "support/vm.hpp"

namespace ksm
{

/*
 * Prometheus' node_exporter with the collectors ksmd and textfile, asked over a socket that
 * it is given as by systemd: so the kernel need not know the Internet's protocols.
 */
class exporter
{
public:
	/* @textfiles: the directory that its collector textfile reads. */
	explicit exporter(const std::string &textfiles);
	~exporter();

	/* All that it shows, by name and labels. */
	std::map<std::string, double> metrics() const;

private:
	void run(const std::string &textfiles) const;

	std::string path_;
	owned_fd socket_;
	child process_;
};

} /* namespace ksm */
