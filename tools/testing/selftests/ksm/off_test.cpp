// SPDX-License-Identifier: GPL-2.0
/* After boot with ksm=off nothing is merged, and nothing can change that. */
#include <cerrno>

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/child.hpp"
#include "support/fixture.hpp"
#include "support/passes.hpp"
#include "support/process.hpp"
#include "support/region.hpp"
#include "support/sysfs.hpp"

namespace ksm
{

class off : public testing::Test
{
protected:
	void SetUp() override
	{
		if (read_text("/proc/cmdline").find("ksm=off") == std::string::npos)
			GTEST_SKIP() << "this kernel was not booted with ksm=off";
	}
};

TEST_F(off, nothing_to_turn_it_on_with)
{
	struct stat info;

	EXPECT_EQ(stat("/sys/kernel/mm/ksm", &info), -1);
	EXPECT_EQ(errno, ENOENT);
	EXPECT_EQ(ksmd_pid(), 0);
}

TEST_F(off, nobody_can_offer_memory)
{
	region memory(4);

	memory.fill_all(1);
	EXPECT_EQ(madvise(memory.data(), memory.bytes(), MADV_MERGEABLE), -1);
	EXPECT_EQ(errno, EINVAL);
	EXPECT_FALSE(vma_has_flag(memory.data(), "mg"));
	EXPECT_EQ(madvise(memory.data(), memory.bytes(), MADV_UNMERGEABLE), 0);
	child other([](parent_link &) {
		require(try_set_merge(true) == EINVAL, "prctl() takes it");
		require(get_merge() == 0, "a refused call had an effect");
		require(try_set_merge(false) == 0, "nor can it be taken back");
	});
}

/* They all ask KSM on their way. */
TEST_F(off, memory_goes_on)
{
	region memory(4);
	void *to = mmap(nullptr, memory.bytes(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(to, MAP_FAILED);
	memory.fill_all(1);
	child other([&](parent_link &) {
		require(memory.strangers(1) == 0, "content changed by fork");
		memory.fill_all(2);
	});
	other.join();
	EXPECT_EQ(memory.strangers(1), 0u);
	ASSERT_EQ(mremap(memory.data(), memory.bytes(), memory.bytes(),
			 MREMAP_MAYMOVE | MREMAP_FIXED, to),
		  to);
	EXPECT_TRUE(page_holds(to, 1));
	EXPECT_EQ(munmap(to, memory.bytes()), 0);
}

} /* namespace ksm */
