// SPDX-License-Identifier: GPL-2.0
/* Locked pages merge too, stay locked, and so do broken copies. */
#include <sys/mman.h>

#include "support/fixture.hpp"
#include "support/ksm_pages.hpp"
#include "support/pagemap.hpp"
#include "support/passes.hpp"
#include "support/process.hpp"
#include "support/region.hpp"

namespace ksm
{

class mlocked : public ksm_test
{
protected:
	static bool locked(const void *address)
	{
		std::uint64_t pfn = pagemap_of(address).pfn();

		return pfn && page_flag(pfn, kpf_mlocked);
	}
};

TEST_F(mlocked, pages_merge_and_stay_locked)
{
	region memory(32);

	memory.fill_all(1);
	ASSERT_EQ(mlock(memory.data(), memory.bytes()), 0);
	memory.mergeable();
	ASSERT_TRUE(locked(memory.page(0)));
	scan(3);
	EXPECT_EQ(truth_of(memory).total(), memory.pages());
	EXPECT_EQ(truth_of(memory).frames(), 1u);
	EXPECT_TRUE(locked(memory.page(0)));
	EXPECT_TRUE(vma_has_flag(memory.data(), "lo"));
	EXPECT_EQ(memory.strangers(1), 0u);
}

TEST_F(mlocked, broken_copy_is_locked)
{
	region memory(16);

	memory.fill_all(2);
	ASSERT_EQ(mlock(memory.data(), memory.bytes()), 0);
	memory.mergeable();
	scan(3);
	ASSERT_EQ(truth_of(memory).total(), memory.pages());
	memory.fill(5, 3);
	EXPECT_FALSE(is_ksm_page(memory.page(5)));
	EXPECT_TRUE(locked(memory.page(5)));
	EXPECT_TRUE(locked(memory.page(6)));
	memory.unmergeable();
	for (std::size_t i = 0; i < memory.pages(); i++) {
		EXPECT_TRUE(locked(memory.page(i))) << "page " << i;
		EXPECT_TRUE(memory.holds(i, i == 5 ? 3 : 2)) << "page " << i;
	}
}

TEST_F(mlocked, locking_merged_pages)
{
	region memory(16);

	memory.fill_all(4);
	memory.mergeable();
	scan(3);
	ASSERT_EQ(truth_of(memory).total(), memory.pages());
	ASSERT_EQ(mlock(memory.data(), memory.bytes()), 0);
	/* mlock makes writable pages present, as a write would: all or none are shared. */
	EXPECT_TRUE(locked(memory.page(0)));
	EXPECT_EQ(memory.strangers(4), 0u);
	scan(3);
	EXPECT_EQ(truth_of(memory).total(), memory.pages());
	EXPECT_TRUE(locked(memory.page(0)));
	EXPECT_EQ(memory.strangers(4), 0u);
}

TEST_F(mlocked, locked_and_not_locked_share)
{
	region held(16), loose(16);

	held.fill_all(5);
	loose.fill_all(5);
	ASSERT_EQ(mlock(held.data(), held.bytes()), 0);
	held.mergeable();
	loose.mergeable();
	scan(3);

	ksm_truth both = truth_of(held);

	both.add(loose);
	EXPECT_EQ(both.total(), 32u);
	EXPECT_EQ(both.frames(), 1u);
	EXPECT_TRUE(locked(held.page(0)));
	ASSERT_EQ(munlock(held.data(), held.bytes()), 0);
	EXPECT_FALSE(vma_has_flag(held.data(), "lo"));
	EXPECT_EQ(held.strangers(5) + loose.strangers(5), 0u);
}

} /* namespace ksm */
