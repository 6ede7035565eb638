// SPDX-License-Identifier: GPL-2.0
/*
 * The time of one access. A store to a merged page has to copy it. A load does not, but it
 * may meet another cache line, or an address that has been taken out of the TLB: not where
 * instructions are counted, as under -icount.
 */
#include "attack/channels.hpp"
#include "attack/ticks.hpp"

namespace ksm
{

namespace
{

/* Enough of them for an interval of two hundredths on either side. */
constexpr trials many = {2048, 8};

class store final : public channel
{
public:
	std::vector<column> columns() const override { return {{"A1 write", "ticks"}}; }
	trials how_many() const override { return many; }
	bool for_guests() const override { return true; }

	void measure(const attacker &me) override
	{
		for (std::size_t i = 0; i < me.guesses.count(); i++)
			me.out.put(i, 0, double(me.guesses.time_store(i)));
	}
};

class load final : public channel
{
public:
	std::vector<column> columns() const override { return {{"A2 read", "ticks"}}; }
	bool for_guests() const override { return true; }

	void measure(const attacker &me) override
	{
		for (std::size_t i = 0; i < me.guesses.count(); i++)
			me.out.put(i, 0, double(me.guesses.time_load(i)));
	}
};

class prefetch final : public channel
{
public:
	std::vector<column> columns() const override { return {{"A2 prefetch", "ticks"}}; }

	void measure(const attacker &me) override
	{
		for (std::size_t i = 0; i < me.guesses.count(); i++) {
			const char *page = me.guesses.page(i);

			me.out.put(i, 0,
				   double(ticks_of([=] { _mm_prefetch(page, _MM_HINT_T0); })));
		}
	}
};

} /* namespace */

std::unique_ptr<channel> time_of_store()
{
	return std::make_unique<store>();
}

std::unique_ptr<channel> time_of_load()
{
	return std::make_unique<load>();
}

std::unique_ptr<channel> time_of_prefetch()
{
	return std::make_unique<prefetch>();
}

} /* namespace ksm */
