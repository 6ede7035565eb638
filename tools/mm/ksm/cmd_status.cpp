// SPDX-License-Identifier: GPL-2.0
#include "commands.hpp"

#include "format.hpp"
#include "lib/json.hpp"
#include "sample.hpp"

namespace ksm
{
namespace
{

using seconds_t = std::chrono::duration<double>;

/* "[none] scan-time" stays text, everything else is a number. */
json json_value(const std::string &value)
{
	if (const auto number = number_in(value))
		return *number;
	return value;
}

json as_json(const std::vector<sysfs_file> &all, const sample &sample)
{
	json out = {{"knobs", json::object()}, {"counters", json::object()}};

	for (const sysfs_file &file : all)
		out[file.writable ? "knobs" : "counters"][file.name] = json_value(file.text);
	out["saved_bytes"] = sample.saved_bytes;
	out["ksmd_cpu_seconds"] = nullptr;
	if (sample.ksmd_cpu)
		out["ksmd_cpu_seconds"] = seconds_t(*sample.ksmd_cpu).count();
	return out;
}

std::string state(std::int64_t run)
{
	switch (run) {
	case 0:
		return "stopped; what is merged stays merged (start it: ksmctl set run 1)";
	case 1:
		return "running";
	case 2:
		return "stopped, everything unshared (start it: ksmctl set run 1)";
	default:
		return "waiting for memory to go offline";
	}
}

void print_text(const knobs &knobs, const std::vector<sysfs_file> &all, const sample &sample)
{
	fmt::print("ksmd    {}\n", state(knobs.number("run")));
	if (sample.ksmd_cpu)
		fmt::print("        {:.2f} s of CPU since boot\n",
			   seconds_t(*sample.ksmd_cpu).count());
	fmt::print("saved   {:.1f} MiB: {} shared pages serve {} mappings more", sample.saved_mib(),
		   sample.shared, sample.sharing);
	fmt::print(", {} are the zero page\n", sample.zero_pages);
	for (const bool writable : {true, false}) {
		fmt::print("\n{}\n", writable ? "knobs" : "counters");
		for (const sysfs_file &file : all)
			if (file.writable == writable)
				fmt::print("  {:<36}{}\n", file.name, file.text);
	}
}

} /* namespace */

int status(const knobs &knobs, const ksmd &ksmd, bool json)
{
	const std::vector<sysfs_file> all = knobs.all();
	const sample sample = take_sample(knobs, ksmd);

	if (json)
		fmt::print("{}\n", as_json(all, sample).dump(2));
	else
		print_text(knobs, all, sample);
	return 0;
}

} /* namespace ksm */
