// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel counts: for a process, for a memory cgroup, and for all. Where a counter
 * may not be read, it tells nothing.
 */
#include <cerrno>
#include <functional>
#include <system_error>

#include <sys/resource.h>

#include "attack/channels.hpp"
#include "support/process.hpp"
#include "support/sysfs.hpp"

namespace ksm
{

namespace
{

void store_to(char *page)
{
	*reinterpret_cast<volatile char *>(page) = 1;
}

class minor_faults final : public channel
{
public:
	std::vector<column> columns() const override { return {{"A3 faults", "faults"}}; }
	trials how_many() const override { return {2048, 8}; }

	void measure(const attacker &me) override
	{
		for (std::size_t i = 0; i < me.guesses.count(); i++) {
			const long before = faults();

			store_to(me.guesses.page(i));
			me.out.put(i, 0, double(faults() - before));
		}
	}

private:
	static long faults()
	{
		struct rusage usage;

		if (getrusage(RUSAGE_SELF, &usage))
			throw std::system_error(errno, std::generic_category(), "getrusage");
		return usage.ru_minflt;
	}
};

/* 0 where the caller may not read it. */
double if_readable(const std::function<long()> &counter)
{
	try {
		return double(counter());
	} catch (const std::system_error &error) {
		if (error.code().value() != EACCES && error.code().value() != EPERM)
			throw;
		return 0;
	}
}

class copies final : public channel
{
public:
	std::vector<column> columns() const override { return {{"A4 cow_ksm", "copies"}}; }

	void measure(const attacker &me) override
	{
		for (std::size_t i = 0; i < me.guesses.count(); i++) {
			const double before = count();

			store_to(me.guesses.page(i));
			me.out.put(i, 0, count() - before);
		}
	}

private:
	static double count()
	{
		return if_readable([] { return vmstat("cow_ksm"); });
	}
};

/*
 * How much each counter grows while right guesses are merged, or wrong ones are not. At the
 * end the attacker writes to all of his pages: those that were merged have been charged to
 * somebody, and their copies are charged to him.
 */
class growth final : public channel
{
public:
	std::vector<column> columns() const override
	{
		std::vector<column> all;

		for (const counter &one : counters)
			all.push_back(one.what);
		all.push_back({"A5 memory.current, written", "bytes"});
		return all;
	}
	/* As many pages as make a difference to what CPUs charge in advance. */
	trials how_many() const override { return {128, 400}; }
	trials how_many_if_quick() const override { return {128, 64}; }
	bool is_of_all() const override { return true; }

	void before(const attacker &me) override { before_ = read(me); }

	void measure(const attacker &me) override
	{
		const std::vector<double> after = read(me);

		for (std::size_t i = 0; i < after.size(); i++)
			me.out.put(0, i, after[i] - before_[i]);
		for (std::size_t i = 0; i < me.guesses.count(); i++)
			store_to(me.guesses.page(i));
		me.out.put(0, after.size(),
			   if_readable([&] { return me.group.current_bytes(); }) - after.back());
	}

private:
	struct counter {
		column what;
		long (*read)(const attacker &me);
	};

	static std::vector<double> read(const attacker &me)
	{
		std::vector<double> values;

		for (const counter &one : counters)
			values.push_back(if_readable([&] { return one.read(me); }));
		return values;
	}

	static const std::vector<counter> counters;
	std::vector<double> before_;
};

const std::vector<growth::counter> growth::counters = {
	{{"A4 pages_shared", "pages"}, [](const attacker &) { return knob("pages_shared"); }},
	{{"A4 pages_sharing", "pages"}, [](const attacker &) { return knob("pages_sharing"); }},
	{{"A4 pages_unshared", "pages"}, [](const attacker &) { return knob("pages_unshared"); }},
	{{"A4 general_profit", "bytes"}, [](const attacker &) { return knob("general_profit"); }},
	{{"A4 ksm_merging_pages", "pages"},
	 [](const attacker &) { return ksm_stat("ksm_merging_pages"); }},
	{{"A4 ksm_process_profit", "bytes"},
	 [](const attacker &) { return ksm_stat("ksm_process_profit"); }},
	{{"A5 Rss", "kB"}, [](const attacker &) { return smaps_rollup_kb("Rss"); }},
	{{"A5 Pss", "kB"}, [](const attacker &) { return smaps_rollup_kb("Pss"); }},
	{{"A5 memory.current", "bytes"},
	 [](const attacker &me) { return me.group.current_bytes(); }},
};

} /* namespace */

std::unique_ptr<channel> own_faults()
{
	return std::make_unique<minor_faults>();
}

std::unique_ptr<channel> copies_in_vmstat()
{
	return std::make_unique<copies>();
}

std::unique_ptr<channel> counters_of_all()
{
	return std::make_unique<growth>();
}

} /* namespace ksm */
