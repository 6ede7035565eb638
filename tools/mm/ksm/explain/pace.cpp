// SPDX-License-Identifier: GPL-2.0
/* Whether ksmd comes round in time. */
#include <algorithm>
#include <cmath>

#include "explain/finding.hpp"
#include "format.hpp"
#include "rules.hpp"
#include "text.hpp"

namespace ksm
{
namespace
{

constexpr double longest_pass = 10 * 60; /* seconds */
constexpr double wanted_pass = 200;	 /* as the advisor has it by default */
constexpr double most_cpu = 70;		 /* percent of one CPU, as well */

/* What the kernel measured since it began to count, else what the knobs amount to. */
std::optional<double> pass_seconds(const view &view)
{
	const auto msecs = view.now.counter("full_scan_msecs");
	const auto pages = view.now.known_pages();
	const auto batch = view.now.number("pages_to_scan");
	const auto sleep = view.now.number("sleep_millisecs");

	if (msecs && *msecs && view.now.counter("full_scans") != 0)
		return double(*msecs) / 1000;
	if (!pages || !batch || !sleep || *batch <= 0 ||
	    view.now.word("advisor_mode") == "cpu-budget")
		return std::nullopt;
	return double(*pages) / double(*batch) * double(*sleep) / 1000;
}

std::string advised(const view &view, double batch)
{
	const auto most = view.now.number("advisor_max_pages_to_scan");

	if (most && double(*most) < batch)
		return fmt::format("raise what the advisor may scan: 'ksmctl set "
				   "advisor_max_pages_to_scan={:.0f}'",
				   batch);
	return "the advisor is on: lower advisor_target_scan_time, or raise advisor_max_cpu";
}

/* More CPU makes the passes shorter, up to a whole one. */
std::string budgeted(const view &view, double faster)
{
	const auto most = view.now.number("advisor_max_cpu");

	if (!most || *most >= 100)
		return "ksmd may use a whole CPU already: offer less memory";
	return fmt::format("give ksmd more CPU: 'ksmctl set advisor_max_cpu={:.0f}'",
			   std::min(100.0, std::ceil(double(*most) * faster)));
}

std::string by_hand(const view &view, double batch, double pass)
{
	const auto most = view.now.number("advisor_max_pages_to_scan");
	std::string text = fmt::format("scan faster: 'ksmctl set pages_to_scan={:.0f}' gives a "
				       "pass of about {}",
				       batch, duration_text(std::uint64_t(1000 * pass)));

	if (view.now.word("advisor_mode").empty())
		return text;
	text += fmt::format("; or let the kernel choose: 'ksmctl set advisor_mode=scan-time "
			    "advisor_target_scan_time={:.0f}",
			    pass);
	if (most && double(*most) < batch)
		text += fmt::format(" advisor_max_pages_to_scan={:.0f}", batch);
	return text + "'";
}

} /* namespace */

judgement too_slow(const view &view)
{
	const auto pass = pass_seconds(view);
	const auto batch = view.now.number("pages_to_scan");
	const auto cpu = view.cpu_percent();

	if (!view.running() || !pass || *pass <= longest_pass || !batch || *batch <= 0)
		return std::nullopt;

	/* One thread does it all: no faster than what a CPU is good for. */
	double faster = *pass / wanted_pass;
	if (cpu && *cpu > 0)
		faster = std::min(faster, std::max(most_cpu / *cpu, 1.0));
	const double wanted = std::ceil(double(*batch) * faster);
	std::string cure;

	if (view.now.word("advisor_mode") == "cpu-budget")
		cure = budgeted(view, *pass / wanted_pass);
	else if (wanted <= double(*batch))
		cure = "ksmd is as fast as one CPU lets it: offer less memory";
	else if (view.now.word("advisor_mode") == "scan-time")
		cure = advised(view, wanted);
	else
		cure = by_hand(view, wanted, *pass / faster);
	return finding{"too_slow", level::hint,
		       fmt::format("A pass over all memory takes {} at this pace, and a page is "
				   "merged in the second one.",
				   duration_text(std::uint64_t(1000 * *pass))),
		       cure};
}

judgement odd_knobs(const view &view)
{
	std::string all;

	const std::string advisor = view.now.word("advisor_mode");

	for (const auto &[name, value] : view.now.knobs) {
		if (without_effect(name, advisor))
			continue;
		if (const auto odd = oddity(name, value, advisor))
			all += fmt::format("{}{}={}: {}", all.empty() ? "" : "; ", name, value,
					   *odd);
	}
	if (all.empty())
		return std::nullopt;
	return finding{"odd_knobs", level::hint, "Odd, if it is not meant so: " + all + ".",
		       "set them by 'ksmctl set KNOB=VALUE'"};
}

} /* namespace ksm */
