// SPDX-License-Identifier: GPL-2.0
/*
 * The time that it takes to give a page back: who is the last to map a frame has to free it,
 * and who shares it does not.
 */
#include <cerrno>
#include <system_error>

#include <sys/mman.h>

#include "attack/channels.hpp"
#include "attack/ticks.hpp"
#include "support/region.hpp"

namespace ksm
{

namespace
{

class giving_back : public channel
{
public:
	void measure(const attacker &me) override
	{
		for (std::size_t i = 0; i < me.guesses.count(); i++) {
			char *page = me.guesses.page(i);
			int failed = 0;

			me.out.put(i, 0, double(ticks_of([&] { failed = give_back(page); })));
			if (failed)
				throw std::system_error(errno, std::generic_category(),
							columns().front().name);
		}
	}

private:
	virtual int give_back(char *page) const = 0;
};

class by_munmap final : public giving_back
{
public:
	std::vector<column> columns() const override { return {{"munmap", "ticks"}}; }
	/* So that there is no VMA to be split. */
	layout lies() const override { return layout::vmas; }

private:
	int give_back(char *page) const override { return munmap(page, page_size); }
};

class by_dontneed final : public giving_back
{
public:
	std::vector<column> columns() const override { return {{"MADV_DONTNEED", "ticks"}}; }

private:
	int give_back(char *page) const override { return madvise(page, page_size, MADV_DONTNEED); }
};

} /* namespace */

std::unique_ptr<channel> time_of_munmap()
{
	return std::make_unique<by_munmap>();
}

std::unique_ptr<channel> time_of_dontneed()
{
	return std::make_unique<by_dontneed>();
}

} /* namespace ksm */
