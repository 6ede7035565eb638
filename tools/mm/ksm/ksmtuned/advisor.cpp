// SPDX-License-Identifier: GPL-2.0
#include "ksmtuned/advisor.hpp"

#include <algorithm>

#include "error.hpp"
#include "format.hpp"

namespace ksm::tuned
{
namespace
{

constexpr const char *mode = "advisor_mode";
constexpr const char *budget = "cpu-budget";

/* The better ones first. */
constexpr const char *modes[] = {budget, "scan-time"};

struct limit {
	const char *knob;
	const char *setting;
	std::optional<std::int64_t> settings::*value;
	bool counts_with_budget;
};

constexpr limit limits[] = {
	{"advisor_max_cpu", "KSM_ADVISOR_MAX_CPU", &settings::advisor_max_cpu, true},
	{"advisor_target_scan_time", "KSM_ADVISOR_TARGET_SCAN_TIME",
	 &settings::advisor_target_scan_time, false},
};

} /* namespace */

/* Empty where the kernel has none that we know. */
std::string advisor::best() const
{
	const auto now = writer_.knobs().content(mode);

	for (const char *name : modes)
		if (now && std::ranges::find(now->choices, name) != now->choices.end())
			return name;
	return "";
}

void advisor::check(const settings &settings) const
{
	if (best().empty())
		throw error("KSM_MODE=kernel: this kernel has no advisor that we know",
			    "run Linux 6.8 or later, or set KSM_MODE=classic");
	for (const auto &[knob, setting, value, counts] : limits)
		if (settings.*value && !writer_.knobs().has(knob))
			throw error(fmt::format("{}: this kernel has no {}", setting, knob),
				    fmt::format("remove {} from the configuration", setting));
}

void advisor::tune(const settings &settings)
{
	const auto now = writer_.knobs().content(mode);
	const std::string wanted = best();
	std::string said;
	bool done = true;

	for (const auto &[knob, setting, value, counts] : limits) {
		if (!(settings.*value))
			continue;
		if (wanted == budget && !counts) {
			journal_.say_once(setting,
					  fmt::format("{} is ignored: it has no effect with {}, "
						      "which this kernel has",
						      setting, budget));
			continue;
		}
		done &= writer_.keep(knob, std::to_string(*(settings.*value)));
		said += fmt::format(" {} {}", knob, *(settings.*value));
	}
	if (now && now->value != wanted) {
		if (!writer_.write(mode, wanted))
			done = false;
		else if (!before_)
			before_ = now->value;
	}
	done &= writer_.keep("run", "1");
	journal_.debug(fmt::format("advisor {}{}, start ksm", wanted, said));
	state_ = fmt::format("{}the kernel's advisor sets the pace: {}{}", done ? "" : refused_some,
			     wanted, said);
}

void advisor::give_back()
{
	if (before_)
		writer_.keep(mode, *before_);
	before_.reset();
}

} /* namespace ksm::tuned */
