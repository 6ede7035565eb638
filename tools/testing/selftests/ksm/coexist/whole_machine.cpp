// SPDX-License-Identifier: GPL-2.0
/* Workers that have the kernel go over all memory there is. */
#include <fstream>
#include <optional>
#include <string>

#include <unistd.h>

#include "coexist/workers.hpp"
#include "coexist/written_pages.hpp"
#include "lib/sysfs.hpp"
#include "support/cgroup.hpp"
#include "support/child.hpp"
#include "support/damon.hpp"
#include "support/process.hpp"
#include "support/region.hpp"

namespace ksm
{

namespace
{

class compacting : public worker
{
public:
	std::string name() const override { return "compaction"; }
	std::string why_not() const override
	{
		return access(file, F_OK) ? "this kernel has no CONFIG_COMPACTION" : "";
	}
	std::size_t rounds() const override { return 60; }
	void do_round(std::size_t) override
	{
		require(write_text(file, "1") == 0, file);
		usleep(10000);
	}
	std::optional<long> done_by_kernel() const override { return vmstat("compact_isolated"); }

private:
	static constexpr const char *file = "/proc/sys/vm/compact_memory";
};

/* Swaps out whatever was not used for a moment, of whichever process. */
class reclaiming : public worker
{
public:
	std::string name() const override { return "DAMON"; }
	std::string why_not() const override
	{
		std::string missing = why_no_reclaim();

		return missing.empty() ? damon::why_not() : missing;
	}
	std::size_t rounds() const override { return 80; }
	void set_machine() override
	{
		std::ifstream lines("/proc/iomem");
		std::string line;
		std::uint64_t first = 0, last = 0;

		/* The largest range of memory. */
		while (std::getline(lines, line)) {
			if (line.find(" : System RAM") == std::string::npos)
				continue;
			std::uint64_t from = std::stoull(line, nullptr, 16) / page_size;
			std::uint64_t to =
				std::stoull(line.substr(line.find('-') + 1), nullptr, 16) /
				page_size;

			if (to - from > last - first) {
				first = from;
				last = to;
			}
		}
		damon_.emplace(first, last, damon::action::page_out);
	}
	void put_back() override { damon_.reset(); }
	void begin() override
	{
		pages_.emplace(1024);
		for (std::size_t i = 0; i < pages_->count(); i++)
			pages_->write(i, 0);
	}
	void do_round(std::size_t number) override
	{
		/* Most of it is not used for a moment. */
		pages_->check(number % pages_->count());
		/* DAMON's own thread answers. */
		damon::tried();
		usleep(10000);
	}
	void check() const override { pages_->check_all(); }
	std::optional<long> done_by_kernel() const override { return damon::applied_bytes(); }

private:
	std::optional<written_pages> pages_;
	std::optional<damon> damon_;
};

} /* namespace */

std::unique_ptr<worker> compaction_worker()
{
	return std::make_unique<compacting>();
}

std::unique_ptr<worker> damon_worker()
{
	return std::make_unique<reclaiming>();
}

} /* namespace ksm */
