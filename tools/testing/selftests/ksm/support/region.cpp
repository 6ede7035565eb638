// SPDX-License-Identifier: GPL-2.0
#include "support/region.hpp"

#include <cerrno>
#include <cstring>
#include <system_error>

namespace ksm
{

namespace
{

[[noreturn]] void fail(const char *what)
{
	throw std::system_error(errno, std::generic_category(), what);
}

} /* namespace */

/* A bijection of 64 bits in seed for a fixed index, so unequal seeds differ everywhere. */
std::uint64_t word_of(std::uint64_t seed, std::size_t index)
{
	std::uint64_t x = seed + 0x9e3779b97f4a7c15ULL * (index + 1);

	x = (x ^ (x >> 32)) * 0xd6e8feb86659fd93ULL;
	x = (x ^ (x >> 32)) * 0xd6e8feb86659fd93ULL;
	return x ^ (x >> 32);
}

void fill_page(void *page, std::uint64_t seed)
{
	auto *word = static_cast<volatile std::uint64_t *>(page);

	for (std::size_t i = 0; i < words_per_page; i++)
		word[i] = word_of(seed, i);
}

bool page_holds(const void *page, std::uint64_t seed)
{
	auto *word = static_cast<const volatile std::uint64_t *>(page);

	for (std::size_t i = 0; i < words_per_page; i++)
		if (word[i] != word_of(seed, i))
			return false;
	return true;
}

bool page_is_zero(const void *page)
{
	auto *word = static_cast<const volatile std::uint64_t *>(page);

	for (std::size_t i = 0; i < words_per_page; i++)
		if (word[i])
			return false;
	return true;
}

region::region(std::size_t pages, pages_are kind) : pages_(pages)
{
	const std::size_t alignment = kind == pages_are::huge ? huge_size : page_size;

	mapped_ = bytes() + 2 * page_size + alignment;
	void *got = mmap(nullptr, mapped_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (got == MAP_FAILED)
		fail("mmap");
	mapping_ = static_cast<char *>(got);

	auto first = reinterpret_cast<std::uintptr_t>(mapping_) + page_size;

	first = (first + alignment - 1) & ~(alignment - 1);
	data_ = reinterpret_cast<char *>(first);
	protect(PROT_READ | PROT_WRITE);
	/* A kernel without THP knows no advice about it, and needs none. */
	if (madvise(data_, bytes(), kind == pages_are::huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE) &&
	    kind == pages_are::huge)
		fail("MADV_HUGEPAGE");
}

region::~region()
{
	munmap(mapping_, mapped_);
}

void region::fill_all(std::uint64_t seed) const
{
	for (std::size_t i = 0; i < pages_; i++)
		fill(i, seed);
}

void region::fill_unique(std::uint64_t first_seed) const
{
	for (std::size_t i = 0; i < pages_; i++)
		fill(i, first_seed + i);
}

void region::fill_empty() const
{
	for (std::size_t i = 0; i < pages_; i++) {
		words(i)[0] = 1;
		words(i)[0] = 0;
	}
}

std::size_t region::strangers(std::uint64_t seed) const
{
	std::size_t count = 0;

	for (std::size_t i = 0; i < pages_; i++)
		count += !holds(i, seed);
	return count;
}

std::size_t region::strangers_unique(std::uint64_t first_seed) const
{
	std::size_t count = 0;

	for (std::size_t i = 0; i < pages_; i++)
		count += !holds(i, first_seed + i);
	return count;
}

void region::advise(int advice) const
{
	if (madvise(data_, bytes(), advice))
		fail("madvise");
}

void region::protect(int protection) const
{
	if (mprotect(data_, bytes(), protection))
		fail("mprotect");
}

void region::unmap_from_guests() const
{
	protect(PROT_NONE);
	protect(PROT_READ | PROT_WRITE);
}

} /* namespace ksm */
