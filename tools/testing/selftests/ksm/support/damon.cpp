// SPDX-License-Identifier: GPL-2.0
#include "support/damon.hpp"

#include <cerrno>
#include <chrono>
#include <cstring>

#include <unistd.h>

#include "lib/sysfs.hpp"
#include "support/child.hpp"
#include "support/limits.hpp"
#include "support/region.hpp"

namespace ksm
{

namespace
{

const std::string root = "/sys/kernel/mm/damon/admin/kdamonds/";
const std::string context = "0/contexts/0/", scheme = context + "schemes/0/";

/* DAMON's own thread may have the lock: it is only tried for. */
int try_set(const std::string &file, const std::string &text)
{
	auto limit = std::chrono::steady_clock::now() + hang_limit();
	int err;

	do {
		err = write_text(root + file, text);
	} while (err == EBUSY && std::chrono::steady_clock::now() < limit);
	return err;
}

void set(const std::string &file, const std::string &text)
{
	int err = try_set(file, text);

	require(err == 0, file + ": " + std::strerror(err));
}

long stat(const std::string &name)
{
	set("0/state", "update_schemes_stats");
	return std::stol(read_text(root + scheme + "stats/" + name));
}

void count_used()
{
	set(scheme + "action", "stat");
	set(scheme + "access_pattern/nr_accesses/min", "1");
	set(scheme + "access_pattern/nr_accesses/max", "1000000");
}

void page_out()
{
	set(scheme + "action", "pageout");
	/* Without a quota nobody else would get on. */
	set(scheme + "quotas/bytes", std::to_string(32 << 20));
	set(scheme + "quotas/reset_interval_ms", "200");
	/* Programs that are read from a slow place stay. */
	set(scheme + "filters/nr_filters", "1");
	set(scheme + "filters/0/type", "anon");
	set(scheme + "filters/0/matching", "N");
}

} /* namespace */

std::string damon::why_not()
{
	if (access((root + "nr_kdamonds").c_str(), F_OK))
		return "this kernel has no CONFIG_DAMON_SYSFS";
	if (read_text(root + "nr_kdamonds") != "0")
		return "DAMON is in use";
	set("nr_kdamonds", "1");
	set("0/contexts/nr_contexts", "1");
	bool physical = write_text(root + context + "operations", "paddr") == 0;

	set("nr_kdamonds", "0");
	return physical ? "" : "this kernel has no CONFIG_DAMON_PADDR";
}

damon::damon(std::uint64_t first_frame, std::uint64_t last_frame, action what)
{
	const std::string intervals = context + "monitoring_attrs/intervals/";

	set("nr_kdamonds", "1");
	set("0/contexts/nr_contexts", "1");
	set(context + "operations", "paddr");
	set(intervals + "sample_us", "1000");
	set(intervals + "aggr_us", "20000");
	set(intervals + "update_us", "1000000");
	set(context + "monitoring_attrs/nr_regions/min", "100");
	set(context + "targets/nr_targets", "1");
	set(context + "targets/0/regions/nr_regions", "1");
	set(context + "targets/0/regions/0/start", std::to_string(first_frame * page_size));
	set(context + "targets/0/regions/0/end", std::to_string((last_frame + 1) * page_size));
	set(context + "schemes/nr_schemes", "1");
	set(scheme + "access_pattern/sz/max", std::to_string(1UL << 50));
	set(scheme + "access_pattern/age/max", "1000000");
	if (what == action::count_used)
		count_used();
	else
		page_out();
	set("0/state", "on");
}

damon::~damon()
{
	try_set("0/state", "off");
	try_set("nr_kdamonds", "0");
}

long damon::tried()
{
	return stat("nr_tried");
}

long damon::applied_bytes()
{
	return stat("sz_applied");
}

} /* namespace ksm */
