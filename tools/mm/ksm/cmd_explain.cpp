// SPDX-License-Identifier: GPL-2.0
#include "commands.hpp"

#include <algorithm>

#include <unistd.h>

#include "explain/finding.hpp"
#include "explain/record.hpp"
#include "format.hpp"
#include "output.hpp"
#include "text.hpp"

namespace ksm
{
namespace
{

/* Whoever waits longer is told for how long. */
constexpr double short_wait = 5;

void paragraph(const std::string &text, std::size_t indent)
{
	fmt::print("{}\n", wrap(text, line_width(STDOUT_FILENO), indent));
}

void print_finding(std::size_t number, const finding &finding)
{
	const std::string head = fmt::format("{}. ", number);

	paragraph(head + finding.what, head.size());
	paragraph(fmt::format("{:{}}What to do: {}.", "", head.size(), finding.cure), head.size());
}

void print_gain(const view &view)
{
	const auto cpu = view.cpu_percent();

	paragraph(fmt::format("Saved: {}. Cost: {} of memory, {} of one CPU just now.",
			      bytes_text(view.now.saved_bytes()), bytes_text(view.cost_bytes()),
			      cpu ? fmt::format("{:.1f} %", *cpu) : "-"),
		  0);
}

void print_exposure(const view &view)
{
	paragraph(fmt::format("If all that is shared were written to, {} more would be needed; "
			      "MemAvailable and SwapFree are {}.",
			      bytes_text(view.now.saved_bytes()),
			      bytes_text(view.available_bytes())),
		  0);
}

} /* namespace */

int explain(const knobs &knobs, const std::string &proc, const explain_options &options)
{
	if (options.seconds > short_wait)
		say(fmt::format("looking for {:.0f} s", options.seconds));

	const view view = take_view(knobs, proc, options.seconds);
	const std::vector<finding> found = judge(view);

	if (options.json) {
		fmt::print("{}\n", explain_record(view, found));
		return 0;
	}
	if (found.empty())
		paragraph("Nothing is wrong.", 0);
	for (std::size_t i = 0; i < found.size(); i++)
		print_finding(i + 1, found[i]);
	fmt::print("\n");
	print_gain(view);
	/* Else it has been said. */
	if (std::ranges::find(found, "exposed", &finding::name) == found.end())
		print_exposure(view);
	return 0;
}

} /* namespace ksm */
