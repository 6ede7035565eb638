// SPDX-License-Identifier: GPL-2.0
/* Workers to whose own memory the kernel does something. */
#include <optional>

#include <unistd.h>

#include "coexist/workers.hpp"
#include "coexist/written_pages.hpp"
#include "lib/sysfs.hpp"
#include "support/balancing.hpp"
#include "support/cgroup.hpp"
#include "support/process.hpp"
#include "support/sysfs.hpp"
#include "support/thp.hpp"

namespace ksm
{

namespace
{

class own_memory : public worker
{
public:
	void check() const override { pages_->check_all(); }

protected:
	void allot(std::size_t pages, region::pages_are kind = region::pages_are::small)
	{
		pages_.emplace(pages, kind);
	}
	void write_all()
	{
		for (std::size_t i = 0; i < pages_->count(); i++)
			pages_->write(i, 0);
	}
	/* Checks every step-th page, others each time, and writes a part of them. */
	void go_over(std::size_t round, std::size_t step, std::size_t written)
	{
		for (std::size_t i = round % step; i < pages_->count(); i += step) {
			pages_->check(i);
			if (i % written == 0)
				pages_->write(i, round);
		}
	}

	std::optional<written_pages> pages_;
};

/* Uses twice the memory that its cgroup has. */
class swapping : public own_memory
{
public:
	std::string name() const override { return "swap"; }
	std::string why_not() const override { return why_no_reclaim(); }
	std::size_t rounds() const override { return 200; }
	bool is_limited() const override { return true; }
	void begin() override
	{
		allot(2048);
		write_all();
	}
	void do_round(std::size_t number) override { go_over(number, 61, 3); }
	std::optional<long> done_by_kernel() const override { return vmstat("pswpin"); }
};

/* Gives pages back and fills them anew, as a balloon in a guest makes its host do. */
class balloon : public own_memory
{
public:
	std::string name() const override { return "balloon"; }
	std::size_t rounds() const override { return 500; }
	void begin() override
	{
		allot(1024);
		write_all();
	}
	void do_round(std::size_t number) override
	{
		std::size_t count = 1 + number % 64;
		std::size_t first = number * 173 % (pages_->count() - count);

		for (std::size_t i = first; i < first + count; i++)
			pages_->check(i);
		pages_->give_back(first, count);
		for (std::size_t i = first; i < first + count; i++) {
			pages_->check(i);
			/* The rest stays mapped to the zero page. */
			if (i % 5 != 0)
				pages_->write(i, number);
		}
	}
};

class collapsing : public own_memory
{
public:
	std::string name() const override { return "khugepaged"; }
	std::string why_not() const override
	{
		return access(enabled, F_OK) ? "this kernel has no CONFIG_TRANSPARENT_HUGEPAGE"
					     : "";
	}
	std::size_t rounds() const override { return 200; }
	void set_machine() override
	{
		enabled_.emplace(enabled, "madvise");
		fast_.emplace();
	}
	void put_back() override
	{
		fast_.reset();
		enabled_.reset();
	}
	void begin() override
	{
		allot(huge_pages * pages_per_huge, region::pages_are::huge);
		for (std::size_t which = 0; which < huge_pages; which++)
			renew(which, 0);
	}
	void do_round(std::size_t number) override
	{
		go_over(number, 37, 111);
		/* One that khugepaged has had some time for. */
		if (number % 10 == 9)
			renew(number / 10 % huge_pages, number);
		usleep(5000);
	}
	std::optional<long> done_by_kernel() const override { return vmstat("thp_collapse_alloc"); }

private:
	static constexpr const char *enabled = "/sys/kernel/mm/transparent_hugepage/enabled";
	static constexpr std::size_t huge_pages = 3;

	/* Small pages again; a fault would take a huge one. */
	void renew(std::size_t which, std::size_t round)
	{
		std::size_t first = which * pages_per_huge;
		char *start = pages_->memory().page(first);

		pages_->give_back(first, pages_per_huge);
		madvise(start, huge_size, MADV_NOHUGEPAGE);
		for (std::size_t i = first; i < first + pages_per_huge; i++) {
			/* One has pages to merge; khugepaged collapses the others. */
			if (which == 0)
				pages_->write(i, round);
			else
				pages_->write_own(i, round);
		}
		madvise(start, huge_size, MADV_HUGEPAGE);
	}

	std::optional<other_value> enabled_;
	std::optional<fast_khugepaged> fast_;
};

class balanced : public own_memory
{
public:
	std::string name() const override { return "NUMA balancing"; }
	std::string why_not() const override { return eager_balancing::why_not(); }
	std::size_t rounds() const override { return 500; }
	void set_machine() override { balancing_.emplace(); }
	void put_back() override { balancing_.reset(); }
	void begin() override
	{
		prefer_node(1);
		allot(1024);
		write_all();
		prefer_node(-1);
	}
	void do_round(std::size_t number) override { go_over(number, 3, 31); }
	std::optional<long> done_by_kernel() const override { return vmstat("numa_hint_faults"); }

private:
	std::optional<eager_balancing> balancing_;
};

} /* namespace */

std::unique_ptr<worker> swapping_worker()
{
	return std::make_unique<swapping>();
}

std::unique_ptr<worker> balloon_worker()
{
	return std::make_unique<balloon>();
}

std::unique_ptr<worker> khugepaged_worker()
{
	return std::make_unique<collapsing>();
}

std::unique_ptr<worker> balancing_worker()
{
	return std::make_unique<balanced>();
}

} /* namespace ksm */
