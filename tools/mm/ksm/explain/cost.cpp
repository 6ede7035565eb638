// SPDX-License-Identifier: GPL-2.0
/* What KSM costs, and may cost, against what it saves. */
#include "explain/finding.hpp"
#include "format.hpp"
#include "text.hpp"

namespace ksm
{
namespace
{

constexpr std::int64_t mib = 1 << 20;

/* Both are needed: a few copies a second hurt nobody, and neither does a small part. */
constexpr double many_copies = 100;	      /* per second */
constexpr double large_part_of_merged = 0.01; /* per second */

/* Less than that is no matter, whatever it saves. */
constexpr std::int64_t cost_that_matters = mib;
constexpr double cpu_that_matters = 10;			 /* percent of one CPU */
constexpr double bytes_for_a_percent = 10 * double(mib); /* that a percent has to save */

/* Pages are merged in the second pass: before it, the cost is there and the gain is not. */
bool has_settled(const view &view)
{
	return view.running() && view.now.counter("full_scans").value_or(0) >= 2;
}

const char *slower(const std::string &advisor)
{
	if (advisor == "cpu-budget")
		return "lower advisor_max_cpu";
	if (advisor == "scan-time")
		return "lower advisor_max_cpu, or raise advisor_target_scan_time";
	return "let it go slower: 'ksmctl set sleep_millisecs=100', or a lower pages_to_scan";
}

} /* namespace */

judgement exposed(const view &view)
{
	const auto needed = view.now.saved_bytes(), available = view.available_bytes();

	if (!needed || !available || *needed <= *available)
		return std::nullopt;
	return finding{
		"exposed", level::danger,
		fmt::format("If all that is shared were written to, {} more would be needed, "
			    "and {} are there (MemAvailable and SwapFree): the kernel would "
			    "have to kill programs.",
			    bytes_text(needed), bytes_text(available)),
		fmt::format("add swap of at least {}, or run less on this machine",
			    bytes_text(*needed - *available))};
}

judgement thrashing(const view &view)
{
	const auto copies = view.rate("cow_ksm");
	const auto merged = view.now.merged_pages();

	if (!copies || !merged || view.now.number("run") == 2 || *copies < many_copies ||
	    *copies < large_part_of_merged * double(*merged))
		return std::nullopt;
	return finding{
		"thrashing", level::waste,
		fmt::format("Merged pages are written to soon after: {:.0f} a second have to "
			    "be copied, of {} that are merged. Each costs its program a page "
			    "fault and a copy, and ksmd another merge.",
			    *copies, *merged),
		view.now.word("smart_scan") == "0"
			? "let ksmd leave such pages alone: 'ksmctl set smart_scan=1'"
			: "offer less: leave out the programs that write all the time "
			  "('ksmctl ps' shows what each saves), or let ksmd go slower"};
}

judgement unpaying(const view &view)
{
	const auto saved = view.now.saved_bytes(), cost = view.cost_bytes();

	if (!saved || !cost || !has_settled(view) || *cost < cost_that_matters || *saved >= *cost)
		return std::nullopt;
	return finding{
		"unpaying", level::waste,
		fmt::format("KSM uses {} for itself and saves {}.", bytes_text(cost),
			    bytes_text(saved)),
		"offer other memory: of what is offered, too little is there twice. 'ksmctl "
		"ps' shows what each process saves, and 'ksmctl estimate' what others would"};
}

judgement too_busy(const view &view)
{
	const auto cpu = view.cpu_percent();
	const auto saved = view.now.saved_bytes(), before = view.before.saved_bytes();

	if (!cpu || !saved || !before || !has_settled(view) || *cpu < cpu_that_matters ||
	    double(*saved) >= bytes_for_a_percent * *cpu)
		return std::nullopt;
	/* It is at work on something that comes of it. */
	if (double(*saved) > 1.001 * double(*before))
		return std::nullopt;
	return finding{
		"too_busy", level::waste,
		fmt::format("ksmd uses {:.0f} % of one CPU to save {}.", *cpu, bytes_text(saved)),
		slower(view.now.word("advisor_mode"))};
}

} /* namespace ksm */
