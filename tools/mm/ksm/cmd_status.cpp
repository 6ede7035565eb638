// SPDX-License-Identifier: GPL-2.0
#include "commands.hpp"

#include <algorithm>

#include <unistd.h>

#include "format.hpp"
#include "output.hpp"
#include "pace_text.hpp"
#include "records.hpp"
#include "sample.hpp"
#include "text.hpp"

namespace ksm
{
namespace
{

const char *state(const sample::count &run)
{
	if (!run)
		return "-";
	switch (*run) {
	case 0:
		return "stopped, what is merged stays merged (ksmctl start)";
	case 1:
		return "running";
	case 2:
		return "stopped, everything is unshared (ksmctl start)";
	default:
		return "waiting for memory to go offline";
	}
}

std::string cpu_text(const sample &sample)
{
	const auto cpu = sample.cpu_seconds();

	return cpu ? fmt::format("{:.2f} s", *cpu) : "-";
}

void print_summary(const knobs &knobs, const sample &sample)
{
	print_labelled("ksmd", state(sample.run));
	print_labelled("cpu", cpu_text(sample) + " since boot");
	print_labelled("saved", fmt::format("{}: {} shared pages serve {} mappings more",
					    bytes_text(sample.saved_bytes),
					    count_text(sample.shared), count_text(sample.sharing)));
	print_labelled("zero",
		       fmt::format("{} mappings of the zero page", count_text(sample.zero_pages)));
	print_labelled("waiting",
		       fmt::format("{} unshared pages, {} volatile", count_text(sample.unshared),
				   count_text(sample.volatile_pages)));
	print_labelled("cost",
		       fmt::format("{} of KSM's own", bytes_text(knobs.number("metadata_bytes"))));
	print_labelled("profit", bytes_text(knobs.number("general_profit")));
	print_labelled("passes", passes_text(sample.full_scans, knobs.number("full_scan_msecs")));
	print_labelled("pace", pace_text(knobs));
	fmt::print("\nevery knob and counter: ksmctl status --all\n");
}

/* A cell of the table: the name to the left, the value to the right. */
std::string cell(const knob_file &file, std::size_t width)
{
	std::string value = "-";

	if (file.content) {
		const auto &[chosen, choices] = *file.content;

		value = chosen;
		std::string all;
		for (const std::string &choice : choices)
			all += (all.empty() ? "" : " ") +
			       (choice == chosen ? "[" + choice + "]" : choice);
		if (!all.empty() && file.name.size() + 1 + all.size() <= width)
			value = all;
	}
	return fmt::format("{} {:>{}}", file.name, value,
			   width - std::min(width, file.name.size() + 1));
}

void print_table(const std::string &title, const std::vector<knob_file> &files)
{
	constexpr std::size_t least = 38, most = 56, gap = 2; /* of a cell */
	const std::size_t line = line_width(STDOUT_FILENO);
	const std::size_t columns = std::max<std::size_t>((line + gap) / (least + gap), 1);
	const std::size_t width =
		std::min((line + gap) / columns - gap, columns > 1 ? least : most);
	const std::size_t rows = (files.size() + columns - 1) / columns;

	print_wrapped(title);
	for (std::size_t row = 0; row < rows; row++) {
		for (std::size_t at = row; at < files.size(); at += rows)
			fmt::print("{:{}}{}", "", at == row ? 0 : gap, cell(files[at], width));
		fmt::print("\n");
	}
}

void print_all(const std::vector<knob_file> &all, const sample &sample)
{
	std::vector<knob_file> knobs, counters;

	for (const knob_file &file : all)
		(file.knob ? knobs : counters).push_back(file);
	/* With the headline in them, they leave the first line on a screen of 24. */
	print_table(fmt::format("knobs (ksmd: {})", state(sample.run)), knobs);
	print_table(fmt::format("counters ({} saved, {} of CPU)", bytes_text(sample.saved_bytes),
				cpu_text(sample)),
		    counters);
}

} /* namespace */

int status(const knobs &knobs, const ksmd &ksmd, const status_options &options)
{
	const std::vector<knob_file> all = knobs.all();
	const sample sample = take_sample(knobs, ksmd);

	if (options.json)
		fmt::print("{}\n", status_record(all, sample));
	else if (options.all)
		print_all(all, sample);
	else
		print_summary(knobs, sample);
	return 0;
}

} /* namespace ksm */
