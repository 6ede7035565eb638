// SPDX-License-Identifier: GPL-2.0
#include "estimate/report.hpp"

#include <cmath>

#include "format.hpp"
#include "lib/page_size.hpp"
#include "output.hpp"
#include "text.hpp"

namespace ksm
{
namespace
{

struct obstacle_words {
	const char *name;
	const char *what;
};

/* In the order of the enumeration. */
constexpr obstacle_words words[] = {
	{"files", "programs, libraries and other files"},
	{"shared", "shared memory: memfd, tmpfs, share=on, vhost-user"},
	{"hugetlb", "huge pages of hugetlbfs"},
	{"devices", "memory of devices, and special mappings"},
	{"pinned", "pinned for a device that is passed through (VFIO)"},
	{"swapped", "swapped out: not looked at"},
	{"locked up", "not readable for the process itself"},
	{"emulator", "of virtual machines, beside what their guests have"},
};

std::string amount(double bytes)
{
	return bytes_text(std::int64_t(std::llround(bytes)));
}

std::string with_interval(const estimate_report &report, const range &range)
{
	if (report.exact())
		return amount(range.value);
	return fmt::format("{} ({} to {})", amount(range.value), amount(range.low),
			   amount(range.high));
}

double looked_at_bytes(const estimate_report &report)
{
	return double(report.survey.pages().count() * page_size());
}

const char *verdict(const estimate_report &report)
{
	constexpr double little = 0.01; /* of the memory looked at */
	const double hardly = little * looked_at_bytes(report);
	const range &net = report.outcome.net;

	if (net.high <= 0)
		return "KSM would cost more than it saves";
	if (net.high < hardly)
		return "hardly worth it";
	return net.low >= hardly ? "KSM would pay" : "KSM may pay: look for longer (--seconds)";
}

void print_coverage(const estimate_report &report)
{
	const std::uint64_t all = report.survey.pages().count(), tried = report.looked.tried.all;
	std::string text = fmt::format("at {} of {} pages", tried, all);

	if (tried < all)
		text += fmt::format(" ({:.2g} %)", 100 * double(tried) / double(all));
	text += fmt::format(" of {} process{}, in {:.1f} s", report.survey.processes(),
			    report.survey.processes() == 1 ? "" : "es", report.looked.seconds);
	if (report.survey.domains() > 1)
		text += fmt::format("; {} domains, which are kept apart", report.survey.domains());
	print_labelled("looked", text);
}

std::string offered_text(const estimate_report &report)
{
	const double offered = double(report.survey.offered()), all = looked_at_bytes(report);

	if (all > 0 && offered >= all)
		return amount(offered) + ": all of it";
	return fmt::format("{} of {}: the rest takes ksmctl offer or run", amount(offered),
			   amount(all));
}

std::string zero_text(const outcome &outcome)
{
	const std::string text = amount(outcome.zero) + " by pages of zeroes";

	if (outcome.more_zero <= 0)
		return text;
	return text + fmt::format("; use_zero_pages=1 would add {}", amount(outcome.more_zero));
}

void print_savings(const estimate_report &report)
{
	const outcome &outcome = report.outcome;
	print_labelled("saves", with_interval(report, outcome.saved) +
					(report.exact() ? "" : ", with a certainty of 95 %"));
	if (outcome.zero > 0)
		print_labelled("zero", zero_text(outcome));
	if (outcome.by_splitting > 0)
		print_labelled("huge", amount(outcome.by_splitting) +
					       " of that only where huge pages are split");
	print_labelled("cost", amount(outcome.metadata) + " of KSM's own");
	print_labelled("net", with_interval(report, outcome.net) + ": " + verdict(report));
	if (!outcome.already)
		print_labelled("already",
			       "- as only root sees which pages are shared: what is saved "
			       "counts them once more");
	else if (*outcome.already)
		print_labelled("already",
			       fmt::format("{} saved as pages are shared, {} of it by KSM",
					   bytes_text(outcome.already),
					   bytes_text(outcome.already_by_ksm)));
	print_labelled("offered", offered_text(report));
	if (report.changed_part)
		print_labelled("changed",
			       fmt::format("{:.1f} % of the pages within {:.3g} s: what is "
					   "written so often does not stay merged",
					   100 * *report.changed_part, report.settle_seconds));
}

void print_obstacles(const survey &survey)
{
	bool first = true;

	for (int why = 0; why < obstacles; why++) {
		const std::int64_t bytes = survey.blocked(obstacle(why));

		if (!bytes)
			continue;
		if (first)
			fmt::print("cannot merge:\n");
		first = false;
		print_labelled(words[why].name,
			       fmt::format("{:>10}  {}", bytes_text(bytes), words[why].what));
	}
}

} /* namespace */

void print_estimate(const estimate_report &report)
{
	print_coverage(report);
	print_savings(report);
	print_obstacles(report.survey);
}

} /* namespace ksm */
