// SPDX-License-Identifier: GPL-2.0
#include "estimate/reader.hpp"

#include <algorithm>

#include "lib/page_size.hpp"

namespace ksm
{

reader::reader(const population &population)
	: population_(population), buffer_(most * page_size()), there_(most)
{
}

void reader::read(std::span<const population::page> pages)
{
	const auto follows = [](const population::page &page, const population::page &before) {
		return page.owner == before.owner && page.address == before.address + page_size();
	};

	std::fill(there_.begin(), there_.end(), false);
	for (std::size_t from = 0, to; from < pages.size(); from = to) {
		for (to = from + 1; to < pages.size() && follows(pages[to], pages[to - 1]);)
			to++;
		read_run(pages.subspan(from, to - from), from);
	}
}

/* The kernel stops at the first page that it cannot read: go on behind it. */
void reader::read_run(std::span<const population::page> pages, std::size_t place)
{
	const open_file &memory = population_.of(pages.front()).memory;

	for (std::size_t done = 0; done < pages.size(); done++) {
		const std::size_t got =
			memory.read_at(pages[done].address, &buffer_[(place + done) * page_size()],
				       (pages.size() - done) * page_size());

		for (std::size_t i = 0; i < got / page_size(); i++)
			there_[place + done++] = true;
	}
}

const std::byte *reader::content(std::size_t place) const
{
	return there_[place] ? &buffer_[place * page_size()] : nullptr;
}

} /* namespace ksm */
