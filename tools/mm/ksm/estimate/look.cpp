// SPDX-License-Identifier: GPL-2.0
#include "estimate/look.hpp"

#include <algorithm>
#include <cstring>

#include "estimate/hash.hpp"
#include "estimate/reader.hpp"
#include "estimate/shuffle.hpp"
#include "lib/page_size.hpp"

namespace ksm
{
namespace
{

constexpr std::size_t most_remembered = 4096;

bool is_zero(const std::byte *content)
{
	return content[0] == std::byte(0) && !std::memcmp(content, content + 1, page_size() - 1);
}

/* Pages of different domains are never equal. */
std::uint64_t content_hash(const std::byte *content, std::size_t domain)
{
	return hash_of(content, page_size(), domain);
}

std::vector<population::page> next_pages(const population &population, const shuffle &order,
					 std::uint64_t from)
{
	const std::uint64_t to = std::min(population.count(), from + reader::most);
	std::vector<std::uint64_t> numbers;

	for (std::uint64_t position = from; position < to; position++)
		numbers.push_back(order.at(position));
	std::ranges::sort(numbers);
	return population.at(numbers);
}

void count(looked &looked, const population &population, const population::page &page,
	   const std::byte *content)
{
	looked.tried.add(page.huge);
	if (!content)
		return;
	looked.there.add(page.huge);

	const std::uint64_t hash = content_hash(content, population.of(page).domain);
	if (looked.first.size() < most_remembered)
		looked.first.push_back({page, hash});
	if (is_zero(content))
		looked.zero.add(page.huge);
	else
		looked.contents.add(hash, page.huge);
}

} /* namespace */

looked look_at(const population &population, std::uint64_t seed,
	       const std::function<bool(std::uint64_t)> &go_on)
{
	const auto start = std::chrono::steady_clock::now();
	const shuffle order(population.count(), seed);
	reader reader(population);
	looked looked;

	while (looked.tried.all < population.count() && go_on(looked.tried.all)) {
		const auto pages = next_pages(population, order, looked.tried.all);

		reader.read(pages);
		for (std::size_t i = 0; i < pages.size(); i++)
			count(looked, population, pages[i], reader.content(i));
	}
	looked.seconds =
		std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
	return looked;
}

double changed_part(const population &population, const looked &looked)
{
	reader reader(population);
	std::size_t changed = 0;

	for (std::size_t from = 0; from < looked.first.size(); from += reader::most) {
		const std::size_t to = std::min(looked.first.size(), from + reader::most);
		std::vector<population::page> pages;

		for (std::size_t i = from; i < to; i++)
			pages.push_back(looked.first[i].page);
		reader.read(pages);
		for (std::size_t i = from; i < to; i++) {
			const std::byte *content = reader.content(i - from);

			changed += !content ||
				   content_hash(content, population.of(pages[i - from]).domain) !=
					   looked.first[i].hash;
		}
	}
	return looked.first.empty() ? 0 : double(changed) / double(looked.first.size());
}

} /* namespace ksm */
