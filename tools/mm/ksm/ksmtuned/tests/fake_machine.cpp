// SPDX-License-Identifier: GPL-2.0
#include "ksmtuned/tests/fake_machine.hpp"

#include <cerrno>
#include <fstream>

#include "format.hpp"

namespace ksm::tuned
{

int kernel_knobs::write(const std::string &name, const std::string &value) const
{
	const auto found = refused.find(name);
	const auto advisor = content("advisor_mode");

	if (found != refused.end())
		return found->second;
	if (name == "pages_to_scan" && advisor && advisor->value != "none")
		return EINVAL;
	written.push_back(name + "=" + value);

	std::string text;
	if (name == "advisor_mode")
		for (const std::string &choice : advisor->choices)
			text += choice == value ? "[" + choice + "] " : choice + " ";
	std::ofstream(path() + "/" + name) << (text.empty() ? value : text) << "\n";
	return 0;
}

fake_machine::fake_machine()
{
	memory(16'000'000, 8'000'000);
	put_file("proc/vmstat", "nr_free_pages 1\ncow_ksm 25\nksm_swpin_copy 3\n");
	add_process(40, {.arguments = {}, .files = {}});
	put_file("proc/40/comm", "ksmd\n");
	put_file("proc/40/schedstat", "1500000000 5 6\n");
}

/* What is free is in three lines, among others that sound alike. */
void fake_machine::memory(std::int64_t total_kb, std::int64_t free_kb) const
{
	const std::int64_t buffers = free_kb / 4, cached = free_kb / 2;

	put_file("proc/meminfo",
		 fmt::format("MemTotal:       {} kB\nMemFree:        {} kB\n"
			     "MemAvailable:   {} kB\nBuffers:        {} kB\n"
			     "Cached:         {} kB\nSwapCached:     77777 kB\n"
			     "SwapFree:       88888 kB\nHugePages_Free:        0\n",
			     total_kb, free_kb - buffers - cached, free_kb, buffers, cached));
}

} /* namespace ksm::tuned */
