// SPDX-License-Identifier: GPL-2.0
/*
 * libFuzzer writes KSM's files and those of a process: whatever is in them is taken for
 * something, and what is shown of it cannot harm a terminal.
 */
#include <algorithm>
#include <cstdint>

#include "error.hpp"
#include "fuzz/defect.hpp"
#include "fuzz/tree.hpp"
#include "lib/proc/mappings.hpp"
#include "lib/proc/root.hpp"
#include "lib/proc/victims.hpp"
#include "lib/proc/writers.hpp"
#include "preflight.hpp"
#include "ps_rows.hpp"
#include "utf8.hpp"
#include "watch/panel.hpp"

using namespace ksm;

namespace
{

void check_shown(const std::string &text)
{
	if (text != printable(text))
		defect("no text for a terminal", text);
}

void check_knobs(const knobs &knobs)
{
	for (const knob_file &file : knobs.all()) {
		if (!file.content)
			defect("cannot be read", file.name);
		const auto &[value, choices] = *file.content;
		if (!choices.empty() && std::ranges::find(choices, value) == choices.end())
			defect("a value that is none of the choices", value);
	}
}

void check_place(const process &process)
{
	const place place = process.place();

	if (!place.cgroup.starts_with(place.unit_cgroup()))
		defect("a unit outside of its cgroup", place.unit);
}

void check_panel(const knobs &knobs, const std::string &proc)
{
	constexpr std::size_t rows = 24;
	camera camera(knobs, proc);

	camera.take();
	for (const std::size_t columns : {20, 80}) {
		const auto lines = panel(camera.take(), columns, rows);

		if (lines.size() > rows)
			defect("too many lines", lines.back().text);
		for (const panel_line &line : lines) {
			check_shown(line.text);
			if (characters(line.text) > columns)
				defect("too long a line", line.text);
		}
	}
}

} /* namespace */

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
	static const fuzzed_tree tree("");
	[[maybe_unused]] static const bool seen = (see_as_proc(tree.proc()), true);
	const knobs knobs(tree.sysfs());

	tree.fill({reinterpret_cast<const char *>(data), size});
	check_knobs(knobs);
	for (const process &process : processes(tree.proc())) {
		mappings_of(process);
		check_place(process);
	}
	first_victims(tree.proc(), 3);
	find_writers(tree.proc());
	for (const ps_by by : {ps_by::process, ps_by::vm, ps_by::unit})
		sum_of(collect_rows(tree.proc(), {}, by).rows);
	if (const auto harm = no_room_to_unshare(knobs, tree.proc()))
		check_shown(harm->what());
	check_panel(knobs, tree.proc());
	return 0;
}
