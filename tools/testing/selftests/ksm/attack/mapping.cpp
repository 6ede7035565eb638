// SPDX-License-Identifier: GPL-2.0
/*
 * What a process is told about its own pages, and what depends on who else maps them.
 */
#include <cerrno>
#include <system_error>

#include <sys/syscall.h>
#include <unistd.h>

#include "attack/channels.hpp"
#include "support/pagemap.hpp"
#include "support/process.hpp"

namespace ksm
{

namespace
{

/* Without rights, nobody may move a page that others map, too. */
class moving final : public channel
{
public:
	std::vector<column> columns() const override { return {{"move_pages", "errno"}}; }
	std::string why_not() const override { return why_not_two_nodes(); }

	void measure(const attacker &me) override
	{
		for (std::size_t i = 0; i < me.guesses.count(); i++)
			me.out.put(i, 0, refusal_of(me.guesses.page(i)));
	}

private:
	/* The error of moving a page to another node than it is on, 0 if there is none. */
	static double refusal_of(char *page)
	{
		constexpr int move_own = 2; /* MPOL_MF_MOVE */
		void *address = page;
		int node = (node_of(page) + 1) % memory_nodes(), status = 0;

		if (syscall(SYS_move_pages, 0, 1UL, &address, &node, &status, move_own) < 0)
			throw std::system_error(errno, std::generic_category(), "move_pages");
		return status < 0 ? -status : 0;
	}
};

class exclusive_bit final : public channel
{
public:
	std::vector<column> columns() const override { return {{"pagemap exclusive", "bit"}}; }

	void measure(const attacker &me) override
	{
		for (std::size_t i = 0; i < me.guesses.count(); i++)
			me.out.put(i, 0, pagemap_of(me.guesses.page(i)).exclusive());
	}
};

class sizes final : public channel
{
public:
	std::vector<column> columns() const override
	{
		return {{"smaps Pss", "kB"}, {"smaps Private", "kB"}, {"smaps KSM", "kB"}};
	}
	layout lies() const override { return layout::vmas; }

	void measure(const attacker &me) override
	{
		put(me, 0, {"Pss"});
		put(me, 1, {"Private_Clean", "Private_Dirty"});
		put(me, 2, {"KSM"});
	}

private:
	/* The sum of some fields of the VMA that each page is. */
	static void put(const attacker &me, std::size_t column,
			const std::vector<std::string> &fields)
	{
		std::map<std::uintptr_t, long> sums;

		for (const std::string &field : fields)
			for (const auto &[address, kb] : smaps_kb_of_all(field))
				sums[address] += kb;
		for (std::size_t i = 0; i < me.guesses.count(); i++)
			me.out.put(i, column,
				   double(sums.at(
					   reinterpret_cast<std::uintptr_t>(me.guesses.page(i)))));
	}
};

} /* namespace */

std::unique_ptr<channel> refusal_of_move_pages()
{
	return std::make_unique<moving>();
}

std::unique_ptr<channel> exclusive_in_pagemap()
{
	return std::make_unique<exclusive_bit>();
}

std::unique_ptr<channel> sizes_in_smaps()
{
	return std::make_unique<sizes>();
}

} /* namespace ksm */
