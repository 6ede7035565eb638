// SPDX-License-Identifier: GPL-2.0
#include "explain/view.hpp"

#include <thread>

#include "knobs.hpp"
#include "ksmd.hpp"
#include "lib/page_size.hpp"

namespace ksm
{
namespace
{

using seconds_t = std::chrono::duration<double>;
using count = std::optional<std::int64_t>;

constexpr const char *counters[] = {
	"pages_shared",
	"pages_sharing",
	"pages_unshared",
	"pages_volatile",
	"ksm_zero_pages",
	"full_scans",
	"full_scan_msecs",
	"metadata_bytes",
	"general_profit",
	"domain_pending",
	"stable_node_dups",
	"stable_node_chains",
	"chains_prune_miss_ratio",
};

count sum(std::initializer_list<count> parts)
{
	std::int64_t all = 0;

	for (const count &part : parts) {
		if (!part)
			return std::nullopt;
		all += *part;
	}
	return all;
}

} /* namespace */

std::string look::word(const std::string &knob) const
{
	const auto found = knobs.find(knob);

	return found == knobs.end() ? "" : found->second;
}

count look::number(const std::string &knob) const
{
	return number_in(word(knob));
}

count look::counter(const std::string &name) const
{
	return amount_of(counters, name);
}

count look::merged_pages() const
{
	/* Older kernels have no zero pages. */
	return sum({counter("pages_shared"), counter("pages_sharing"),
		    counter("ksm_zero_pages").value_or(0)});
}

count look::known_pages() const
{
	return sum({merged_pages(), counter("pages_unshared"), counter("pages_volatile")});
}

count look::saved_bytes() const
{
	const count pages = sum({counter("pages_sharing"), counter("ksm_zero_pages").value_or(0)});

	return pages ? count(bytes_of(*pages)) : std::nullopt;
}

double view::seconds() const
{
	return seconds_t(now.when - before.when).count();
}

count view::cost_bytes() const
{
	const count profit = now.counter("general_profit"), saved = now.saved_bytes();

	if (const count bytes = now.counter("metadata_bytes"))
		return bytes;
	return saved && profit ? count(*saved - *profit) : std::nullopt;
}

count view::available_bytes() const
{
	return sum({amount_of(memory, "MemAvailable"), amount_of(memory, "SwapFree")});
}

std::optional<double> view::cpu_percent() const
{
	if (!before.ksmd_cpu || !now.ksmd_cpu || seconds() <= 0)
		return std::nullopt;
	return 100 * seconds_t(*now.ksmd_cpu - *before.ksmd_cpu).count() / seconds();
}

std::optional<double> view::rate(const std::string &event) const
{
	const count from = amount_of(before.events, event), to = amount_of(now.events, event);

	if (!from || !to || seconds() <= 0)
		return std::nullopt;
	return double(*to - *from) / seconds();
}

look take_look(const knobs &knobs, const ksmd &ksmd, const std::string &proc)
{
	look look;

	look.when = std::chrono::steady_clock::now();
	for (const std::string &name : knobs.knob_names())
		if (const auto content = knobs.content(name))
			look.knobs[name] = content->value;
	for (const char *name : counters)
		if (const count number = knobs.number(name))
			look.counters[name] = *number;
	look.events = read_amounts(proc + "/vmstat");
	look.ksmd_cpu = ksmd.cpu_time();
	return look;
}

view take_view(const knobs &knobs, const std::string &proc, double seconds)
{
	const ksmd ksmd(proc);
	view view;

	view.before = take_look(knobs, ksmd, proc);
	std::this_thread::sleep_for(seconds_t(seconds));
	view.now = take_look(knobs, ksmd, proc);
	view.memory = read_amounts(proc + "/meminfo");
	view.writers = find_writers(proc);
	return view;
}

} /* namespace ksm */
