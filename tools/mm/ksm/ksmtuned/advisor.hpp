/* SPDX-License-Identifier: GPL-2.0 */
/* KSM_MODE=kernel: the kernel's advisor sets the pace, and we set its limits. */
#pragma once

#include <optional>
#include <string>

#include "ksmtuned/journal.hpp"
#include "ksmtuned/settings.hpp"
#include "ksmtuned/writer.hpp"

namespace ksm::tuned
{

class advisor
{
public:
	advisor(writer &writer, journal &journal) : writer_(writer), journal_(journal) {}

	/* Throws ksm::error if this kernel has none, or not what is to be set. */
	void check(const settings &settings) const;

	/* Sets what is not as the settings say. */
	void tune(const settings &settings);

	/* Puts back the mode that was there before, if we have changed it. */
	void give_back();

	const std::string &state() const { return state_; }

private:
	std::string best() const;

	writer &writer_;
	journal &journal_;
	std::optional<std::string> before_;
	std::string state_ = "nothing set yet";
};

} /* namespace ksm::tuned */
