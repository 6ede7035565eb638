/* SPDX-License-Identifier: GPL-2.0 */
/* KSM_MODE=classic: we start and stop ksmd, and set its pace. */
#pragma once

#include <string>

#include "ksmtuned/decision.hpp"
#include "ksmtuned/journal.hpp"
#include "ksmtuned/writer.hpp"

namespace ksm::tuned
{

class classic
{
public:
	classic(writer &writer, journal &journal) : writer_(writer), journal_(journal) {}

	void use(const settings &settings, std::int64_t total_kb);

	/* Decides, and does it. */
	void tune(const load &load);

	/* For who asks systemd what we do. */
	const std::string &state() const { return state_; }

private:
	void stop(const load &load);
	void start(const load &load, const decision &decision);
	bool advised();
	void settle_state(const std::string &what, bool done, const load &load);

	writer &writer_;
	journal &journal_;
	pacer pacer_{settings(), 1};
	std::string state_ = "no decision yet";
};

} /* namespace ksm::tuned */
