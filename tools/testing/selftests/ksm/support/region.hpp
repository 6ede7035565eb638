/* SPDX-License-Identifier: GPL-2.0 */
#pragma once

#include <cstddef>
#include <cstdint>

#include <sys/mman.h>
#include <sys/types.h>

namespace ksm
{

inline constexpr std::size_t page_size = 4096;
inline constexpr std::size_t huge_size = 2UL << 20;
inline constexpr std::size_t words_per_page = page_size / sizeof(std::uint64_t);

/* Content of a page as a function of one number: no two seeds give equal pages. */
std::uint64_t word_of(std::uint64_t seed, std::size_t index);
void fill_page(void *page, std::uint64_t seed);
bool page_holds(const void *page, std::uint64_t seed);
bool page_is_zero(const void *page);

/*
 * Private anonymous memory between two inaccessible pages, so that it is a VMA
 * of its own. Small pages, unless huge ones are asked for.
 */
class region
{
public:
	enum class pages_are { small, huge };

	explicit region(std::size_t pages, pages_are kind = pages_are::small);
	~region();
	region(const region &) = delete;
	region &operator=(const region &) = delete;

	std::size_t pages() const { return pages_; }
	std::size_t bytes() const { return pages_ * page_size; }
	char *data() const { return data_; }
	char *page(std::size_t index) const { return data_ + index * page_size; }
	volatile std::uint64_t *words(std::size_t index) const
	{
		return reinterpret_cast<volatile std::uint64_t *>(page(index));
	}

	void fill(std::size_t index, std::uint64_t seed) const { fill_page(page(index), seed); }
	void fill_all(std::uint64_t seed) const;
	void fill_unique(std::uint64_t first_seed) const;
	/* Pages of its own that are empty, not mappings of the zero page. */
	void fill_empty() const;
	bool holds(std::size_t index, std::uint64_t seed) const
	{
		return page_holds(page(index), seed);
	}
	/* How many pages hold something else than fill_all(seed) put there. */
	std::size_t strangers(std::uint64_t seed) const;
	std::size_t strangers_unique(std::uint64_t first_seed) const;

	/* madvise() over the whole region; these throw on an error. */
	void mergeable() const { advise(MADV_MERGEABLE); }
	void unmergeable() const { advise(MADV_UNMERGEABLE); }
	void advise(int advice) const;
	void protect(int protection) const;
	/* Has KVM unmap the pages, which then maps them when the guest comes back to them. */
	void unmap_from_guests() const;

private:
	std::size_t pages_;
	std::size_t mapped_;
	char *mapping_;
	char *data_;
};

/*
 * Pages of some process, which is the caller if pid is 0, at addresses that mean
 * something there only.
 */
class page_range
{
public:
	page_range(pid_t pid, const void *address, std::size_t pages)
		: page_range(pid, reinterpret_cast<std::uintptr_t>(address), pages)
	{
	}
	/* An address as a child tells it. */
	page_range(pid_t pid, std::uint64_t address, std::size_t pages)
		: pid_(pid), address_(address), pages_(pages)
	{
	}
	/* A region, or what it has become in a process that fork has made. */
	page_range(const region &memory, pid_t pid = 0)
		: page_range(pid, memory.data(), memory.pages())
	{
	}

	pid_t pid() const { return pid_; }
	std::size_t pages() const { return pages_; }
	std::uintptr_t address() const { return address_; }
	void *page(std::size_t index) const
	{
		return reinterpret_cast<void *>(address_ + index * page_size);
	}
	page_range part(std::size_t first, std::size_t pages) const
	{
		return {pid_, page(first), pages};
	}

private:
	pid_t pid_;
	std::uintptr_t address_;
	std::size_t pages_;
};

} /* namespace ksm */
