// SPDX-License-Identifier: GPL-2.0
#include "ksmtuned/classic.hpp"

#include "format.hpp"

namespace ksm::tuned
{

void classic::use(const settings &settings, std::int64_t total_kb)
{
	pacer_.use(settings, total_kb);
	journal_.debug(fmt::format("total {}", pacer_.total()));
	journal_.debug(fmt::format("sleep {}", pacer_.sleep_msec()));
	journal_.debug(fmt::format("thres {}", pacer_.threshold()));
}

void classic::tune(const load &load)
{
	const decision decision = pacer_.decide(load);

	if (decision.what == decision::kind::stop)
		stop(load);
	else
		start(load, decision);
}

void classic::stop(const load &load)
{
	const bool done = writer_.write("run", 0);

	journal_.debug(fmt::format("{} < {} and free > {}, stop ksm",
				   load.committed + pacer_.threshold(), pacer_.total(),
				   pacer_.threshold()));
	settle_state("ksmd stopped", done, load);
}

void classic::start(const load &load, const decision &decision)
{
	const bool boost = decision.what == decision::kind::boost;
	const bool advised = this->advised();

	journal_.debug(fmt::format("{} > {}, start ksm", load.committed + pacer_.threshold(),
				   pacer_.total()));
	journal_.debug(fmt::format("{} {} {}, {}", load.free, boost ? '<' : '>', pacer_.threshold(),
				   boost ? "boost" : "decay"));
	bool done = advised || writer_.write("pages_to_scan", decision.pages);
	done &= writer_.write("sleep_millisecs", pacer_.sleep_msec());
	done &= writer_.write("run", 1);
	journal_.debug(fmt::format("KSMCTL start {} {}", decision.pages, pacer_.sleep_msec()));

	const std::string pages = advised ? "as many pages as the advisor says"
					  : fmt::format("{} pages", decision.pages);
	settle_state(fmt::format("ksmd scans {}, then sleeps {} ms", pages, pacer_.sleep_msec()),
		     done, load);
}

void classic::settle_state(const std::string &what, bool done, const load &load)
{
	state_ = fmt::format("{}{}: virtual machines hold {} kB, {} kB are free",
			     done ? "" : refused_some, what, load.committed, load.free);
}

/*
 * The advisor sets pages_to_scan then, and the kernel refuses it from anybody else. Who has
 * switched it on wants it: we leave that knob to it, and do the rest.
 */
bool classic::advised()
{
	const auto mode = writer_.knobs().content("advisor_mode");

	if (!mode || mode->value == "none") {
		journal_.settle("advisor");
		return false;
	}
	journal_.say_once(
		"advisor",
		fmt::format("advisor_mode is {}, so pages_to_scan is left to the kernel's advisor, "
			    "and only run and sleep_millisecs are set; write none to advisor_mode "
			    "to have the pace set here, or set KSM_MODE=kernel to have the "
			    "advisor's limits set here",
			    mode->value));
	return true;
}

} /* namespace ksm::tuned */
