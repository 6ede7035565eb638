// SPDX-License-Identifier: GPL-2.0
/*
 * A huge page that holds a right guess is split for it, and no other is. Its owner can see
 * that, and may feel it when he reads the pages beside the guess.
 */
#include "attack/channels.hpp"
#include "attack/ticks.hpp"
#include "support/process.hpp"

namespace ksm
{

namespace
{

const char *huge_page_of(const char *page)
{
	return reinterpret_cast<const char *>(reinterpret_cast<std::uintptr_t>(page) &
					      ~(huge_size - 1));
}

/* Of the huge page that this page is, or was, in; 0 if it was split. */
long huge_kb(const std::map<std::uintptr_t, long> &sizes, const char *page)
{
	return sizes.at(reinterpret_cast<std::uintptr_t>(huge_page_of(page)));
}

class split final : public channel
{
public:
	std::vector<column> columns() const override
	{
		return {{"A6 neighbours", "ticks"}, {"A6 AnonHugePages", "kB"}};
	}
	trials how_many() const override { return {16, 16}; }
	trials how_many_if_quick() const override { return {16, 4}; }
	layout lies() const override { return layout::huge_pages; }

	std::string why_not() const override
	{
		const holdings probe({.lies = layout::huge_pages, .count = 1});

		return huge_kb(smaps_kb_of_all("AnonHugePages"), probe.page(0))
			       ? ""
			       : "no huge pages to be had";
	}

	void measure(const attacker &me) override
	{
		for (std::size_t i = 0; i < me.guesses.count(); i++)
			me.out.put(i, 0, double(time_beside(me.guesses.page(i))));

		const auto sizes = smaps_kb_of_all("AnonHugePages");

		for (std::size_t i = 0; i < me.guesses.count(); i++)
			me.out.put(i, 1, double(huge_kb(sizes, me.guesses.page(i))));
	}

private:
	/* Reads all pages of a huge page but for the guess. */
	static std::uint64_t time_beside(const char *guess)
	{
		const char *from = huge_page_of(guess);

		return ticks_of([=] {
			for (const char *at = from; at < from + huge_size; at += page_size)
				if (at != guess)
					(void)*static_cast<const volatile char *>(at);
		});
	}
};

} /* namespace */

std::unique_ptr<channel> huge_page_split()
{
	return std::make_unique<split>();
}

} /* namespace ksm */
