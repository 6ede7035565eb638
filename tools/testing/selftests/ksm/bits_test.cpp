// SPDX-License-Identifier: GPL-2.0
/*
 * userfaultfd's and soft-dirty's bits in the PTE survive a merge, or
 * the page is refused; ranges that move or lose their protection stay right.
 * The old engine builds the PTE anew and loses the two bits: those tests fail on it.
 */
#include <cerrno>
#include <cstring>
#include <string>

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "support/fixture.hpp"
#include "support/ksm_pages.hpp"
#include "support/pagemap.hpp"
#include "support/passes.hpp"
#include "support/process.hpp"
#include "support/region.hpp"

namespace ksm
{

namespace
{

/* Write-protects a region by userfaultfd, for as long as this lives. */
class write_watch
{
public:
	explicit write_watch(const region &memory)
		: fd_(int(syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY)))
	{
		struct uffdio_api api = {};

		api.api = UFFD_API;
		api.features = UFFD_FEATURE_PAGEFAULT_FLAG_WP;

		struct uffdio_register range = {};

		range.range.start = reinterpret_cast<std::uint64_t>(memory.data());
		range.range.len = memory.bytes();
		range.mode = UFFDIO_REGISTER_MODE_WP;

		struct uffdio_writeprotect protect = {};

		protect.range = range.range;
		protect.mode = UFFDIO_WRITEPROTECT_MODE_WP;
		watches_ = fd_ >= 0 && ioctl(fd_, UFFDIO_API, &api) == 0 &&
			   ioctl(fd_, UFFDIO_REGISTER, &range) == 0 &&
			   ioctl(fd_, UFFDIO_WRITEPROTECT, &protect) == 0;
	}
	~write_watch()
	{
		if (fd_ >= 0)
			close(fd_);
	}
	write_watch(const write_watch &) = delete;
	write_watch &operator=(const write_watch &) = delete;

	/* Empty if it does. */
	std::string why_not() const
	{
		return watches_ ? "" : "this kernel has no write protection by userfaultfd";
	}

private:
	int fd_;
	bool watches_;
};

} /* namespace */

class bits : public ksm_test
{
};

TEST_F(bits, uffd_wp_survives_a_merge)
{
	region memory(16);

	memory.fill_all(1);
	write_watch watch(memory);

	KSM_SKIP_IF(watch.why_not());
	memory.mergeable();
	for (const auto &page : pagemap(memory))
		ASSERT_TRUE(page.uffd_wp());
	scan(4);
	for (const auto &page : pagemap(memory))
		EXPECT_TRUE(page.uffd_wp());
	EXPECT_EQ(memory.strangers(1), 0u);
}

TEST_F(bits, uffd_wp_survives_the_zero_page)
{
	region memory(16);

	memory.fill_empty();
	write_watch watch(memory);

	KSM_SKIP_IF(watch.why_not());
	set_knob("use_zero_pages", 1);
	memory.mergeable();
	scan(4);
	for (const auto &page : pagemap(memory))
		EXPECT_TRUE(page.uffd_wp());
}

/* Merged pages can be write-protected afterwards, and the bit survives unmerging. */
TEST_F(bits, uffd_wp_of_merged_pages)
{
	region memory(16);

	memory.fill_all(2);
	memory.mergeable();
	scan(3);
	write_watch watch(memory);

	KSM_SKIP_IF(watch.why_not());
	EXPECT_EQ(truth_of(memory).total(), memory.pages());
	scan(3);
	for (const auto &page : pagemap(memory))
		EXPECT_TRUE(page.uffd_wp());
	memory.unmergeable();
	for (const auto &page : pagemap(memory))
		EXPECT_TRUE(page.uffd_wp());
	EXPECT_EQ(memory.strangers(2), 0u);
}

TEST_F(bits, soft_dirty_survives_a_merge)
{
	region memory(16);

	memory.fill_all(3);
	ASSERT_EQ(write_text("/proc/self/clear_refs", "4"), 0);
	if (pagemap_of(memory.page(0)).soft_dirty())
		GTEST_SKIP() << "this kernel has no CONFIG_MEM_SOFT_DIRTY";
	memory.fill_all(3);
	for (const auto &page : pagemap(memory)) {
		if (!page.soft_dirty())
			GTEST_SKIP() << "this kernel has no CONFIG_MEM_SOFT_DIRTY";
	}
	memory.mergeable();
	scan(4);
	for (const auto &page : pagemap(memory))
		EXPECT_TRUE(page.soft_dirty());
	EXPECT_EQ(memory.strangers(3), 0u);
}

/* Neither a scan nor a merge is a write: what was clean stays clean. */
TEST_F(bits, soft_dirty_is_not_set_by_ksmd)
{
	region memory(16), single(16);

	memory.fill_all(4);
	single.fill_unique(100);
	ASSERT_EQ(write_text("/proc/self/clear_refs", "4"), 0);
	memory.words(0)[0] = memory.words(0)[0];
	if (!pagemap_of(memory.page(0)).soft_dirty() || pagemap_of(memory.page(1)).soft_dirty())
		GTEST_SKIP() << "this kernel has no CONFIG_MEM_SOFT_DIRTY";
	memory.mergeable();
	single.mergeable();
	/* madvise() has made new VMAs of these, which count as dirty throughout. */
	ASSERT_EQ(write_text("/proc/self/clear_refs", "4"), 0);
	ASSERT_FALSE(pagemap_of(memory.page(1)).soft_dirty());
	scan(4);
	for (const auto &page : pagemap(memory))
		EXPECT_FALSE(page.soft_dirty());
	for (const auto &page : pagemap(single))
		EXPECT_FALSE(page.soft_dirty());
}

TEST_F(bits, mremap_of_merged_pages)
{
	region memory(32);

	memory.fill_all(5);
	memory.mergeable();
	scan(3);
	ASSERT_EQ(truth_of(memory).total(), memory.pages());

	void *moved =
		mremap(memory.data(), memory.bytes(), memory.bytes(), MREMAP_MAYMOVE | MREMAP_FIXED,
		       static_cast<char *>(mmap(nullptr, memory.bytes(), PROT_NONE,
						MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)));

	ASSERT_NE(moved, MAP_FAILED);
	auto *data = static_cast<char *>(moved);

	for (std::size_t i = 0; i < memory.pages(); i++)
		ASSERT_TRUE(page_holds(data + i * page_size, 5)) << "page " << i;
	EXPECT_TRUE(vma_has_flag(data, "mg")) << "the offer moves along";
	scan(3);

	ksm_truth truth;

	truth.add({0, data, memory.pages()});
	EXPECT_EQ(truth.total(), memory.pages());
	EXPECT_EQ(knob("pages_shared"), long(truth.frames()));
	EXPECT_EQ(knob("pages_sharing"), long(truth.extra()));
	fill_page(data + 3 * page_size, 6);
	EXPECT_TRUE(page_holds(data + 2 * page_size, 5));
	EXPECT_TRUE(page_holds(data + 3 * page_size, 6));
	munmap(moved, memory.bytes());
}

/* mprotect splits and joins VMAs under merged pages. */
TEST_F(bits, mprotect_of_merged_pages)
{
	region memory(32);

	memory.fill_all(7);
	memory.mergeable();
	scan(3);
	for (std::size_t i = 0; i < memory.pages(); i += 2)
		ASSERT_EQ(mprotect(memory.page(i), page_size, PROT_READ), 0);
	EXPECT_EQ(truth_of(memory).total(), memory.pages());
	scan(3);
	EXPECT_EQ(truth_of(memory).total(), memory.pages());
	memory.protect(PROT_READ | PROT_WRITE);
	scan(3);
	EXPECT_EQ(truth_of(memory).total(), memory.pages());
	EXPECT_EQ(knob("pages_shared"), 1);
	EXPECT_EQ(knob("pages_sharing"), long(memory.pages()) - 1);
	for (std::size_t i = 0; i < memory.pages(); i++)
		memory.fill(i, 1000 + i);
	EXPECT_EQ(memory.strangers_unique(1000), 0u);
}

/* Freed lazily, a page may be empty at any time, but never be another's. */
TEST_F(bits, lazily_freed_pages)
{
	region memory(64), kept(64);

	memory.fill_all(8);
	kept.fill_all(8);
	memory.mergeable();
	kept.mergeable();
	memory.advise(MADV_FREE);
	scan(4);
	for (std::size_t i = 0; i < memory.pages(); i++)
		EXPECT_TRUE(memory.holds(i, 8) || page_is_zero(memory.page(i))) << "page " << i;
	EXPECT_EQ(kept.strangers(8), 0u);
	EXPECT_EQ(truth_of(kept).total(), kept.pages());
	memory.fill_all(9);
	scan(4);
	EXPECT_EQ(memory.strangers(9), 0u);
	EXPECT_EQ(kept.strangers(8), 0u);
}

/* MADV_FREE of pages that are merged already. */
TEST_F(bits, merged_pages_freed_lazily)
{
	region memory(64);

	memory.fill_all(10);
	memory.mergeable();
	scan(3);
	ASSERT_EQ(truth_of(memory).total(), memory.pages());
	ASSERT_EQ(madvise(memory.data(), 16 * page_size, MADV_FREE), 0);
	scan(3);
	for (std::size_t i = 0; i < memory.pages(); i++)
		EXPECT_TRUE(memory.holds(i, 10) || (i < 16 && page_is_zero(memory.page(i))))
			<< "page " << i;
}

} /* namespace ksm */
