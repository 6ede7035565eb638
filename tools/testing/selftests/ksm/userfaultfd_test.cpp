// SPDX-License-Identifier: GPL-2.0
/* UFFDIO_MOVE: pages that KSM shares move like any other. */
#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "support/cgroup.hpp"
#include "support/child.hpp"
#include "support/fixture.hpp"
#include "support/ksm_pages.hpp"
#include "support/limits.hpp"
#include "support/passes.hpp"
#include "support/process.hpp"
#include "support/region.hpp"

namespace ksm
{

#ifdef UFFDIO_MOVE
/* Moves pages of the process that made it. */
class mover
{
public:
	mover() : fd_(int(syscall(SYS_userfaultfd, O_CLOEXEC)))
	{
		struct uffdio_api api = {
			.api = UFFD_API, .features = UFFD_FEATURE_MOVE, .ioctls = 0};

		if (fd_ < 0)
			why_not_ = std::string("no userfaultfd: ") + std::strerror(errno);
		else if (ioctl(fd_, UFFDIO_API, &api))
			why_not_ = "this kernel has no UFFDIO_MOVE";
	}
	~mover() { done(); }
	mover(const mover &) = delete;
	mover &operator=(const mover &) = delete;

	/* Empty if pages can be moved here. */
	const std::string &why_not() const { return why_not_; }

	/* Pages can be moved to the region, which is still empty. */
	void receive(const region &there)
	{
		struct uffdio_register range = {
			.range = {.start = address(there), .len = there.bytes()},
			.mode = UFFDIO_REGISTER_MODE_MISSING,
			.ioctls = 0,
		};

		require(ioctl(fd_, UFFDIO_REGISTER, &range) == 0, "UFFDIO_REGISTER");
	}

	/* Moves so many pages from the beginning on; gives 0 or an errno. */
	int move(const region &from, const region &there, std::size_t pages)
	{
		struct uffdio_move move = {
			.dst = address(there),
			.src = address(from),
			.len = pages * page_size,
			.mode = 0,
			.move = 0,
		};

		if (ioctl(fd_, UFFDIO_MOVE, &move))
			return errno;
		require(move.move == long(move.len), "success, and yet not all is moved");
		return 0;
	}

	/* No more faults are to be answered. */
	void done()
	{
		if (fd_ >= 0)
			close(fd_);
		fd_ = -1;
	}

private:
	static std::uintptr_t address(const region &of)
	{
		return reinterpret_cast<std::uintptr_t>(of.data());
	}

	int fd_;
	std::string why_not_;
};

class moving : public ksm_test
{
protected:
	void prepare() override { KSM_SKIP_IF(uffd_.why_not()); }

	mover uffd_;
};

/* Fails on the old engine, with EBUSY. */
TEST_F(moving, merged_pages)
{
	region memory(64), there(64);

	memory.fill_all(3);
	memory.mergeable();
	scan();
	ASSERT_EQ(truth_of(memory).total(), 64u);
	uffd_.receive(there);
	ASSERT_EQ(std::strerror(uffd_.move(memory, there, 48)), std::string(std::strerror(0)));
	uffd_.done();

	EXPECT_EQ(truth_of(there).total(), 0u);
	EXPECT_EQ(truth_of(memory).total(), 16u);
	for (std::size_t i = 0; i < 64; i++) {
		EXPECT_EQ(page_is_zero(memory.page(i)), i < 48) << "page " << i;
		EXPECT_TRUE((i < 48 ? there : memory).holds(i, 3)) << "page " << i;
	}
	there.mergeable();
	scan(3);
	EXPECT_EQ(truth_of(there).total(), 48u);
}

/* What is swapped out does not tell any more that KSM shares it. Fails on the old engine. */
TEST_F(moving, merged_pages_that_are_swapped_out)
{
	constexpr std::size_t pages = 64;
	KSM_SKIP_IF(why_no_reclaim());
	memory_group group;
	child other([](parent_link &parent) {
		parent.reach("started");
		region own(pages), there(pages);
		mover uffd;

		for (std::size_t i = 0; i < pages; i++)
			own.fill(i, i / 4);
		own.mergeable();
		parent.reach("offered", own.data());
		uffd.receive(there);
		int err = uffd.move(own, there, pages);

		uffd.done();
		require(err == 0, std::string("UFFDIO_MOVE: ") + std::strerror(err));
		for (std::size_t i = 0; i < pages; i++)
			require(there.holds(i, i / 4), "page " + std::to_string(i) + " changed");
	});

	group.take_in(other);
	page_range memory(other.pid(), other.await("offered"), pages);

	scan(3);
	ASSERT_EQ(truth_of(memory).total(), pages);
	ASSERT_EQ(group.push_out(memory), pages);
	other.go_on("offered");
}

/* While ksmd does its best to share them again. */
TEST_F(moving, pages_that_are_being_merged)
{
	const std::size_t rounds = std::max<std::size_t>(20, scaled(400));

	set_knob("pages_to_scan", 10000);
	set_knob("sleep_millisecs", 0L);
	start_ksmd();
	for (std::size_t round = 0; round < rounds; round++) {
		region memory(64), there(64);

		memory.fill_all(round);
		memory.mergeable();
		there.mergeable();
		await_scans(round % 3);
		uffd_.receive(there);
		int err = uffd_.move(memory, there, 64);

		ASSERT_EQ(err, 0) << std::strerror(err) << ", round " << round;
		for (std::size_t i = 0; i < 64; i++)
			ASSERT_TRUE(there.holds(i, round)) << "page " << i;
	}
	stop_ksmd();
}

/* Fails on the old engine: what is moved is no KSM page any more, yet stays counted. */
TEST_F(moving, zero_pages)
{
	region memory(32), there(32);
	long before = knob("ksm_zero_pages");
	auto count = [=] { return knob("ksm_zero_pages") - before; };

	set_knob("use_zero_pages", 1);
	for (std::size_t i = 0; i < memory.pages(); i++)
		std::memset(memory.page(i), 0, page_size);
	memory.mergeable();
	scan();
	ASSERT_EQ(count(), 32);
	uffd_.receive(there);
	ASSERT_EQ(uffd_.move(memory, there, 8), 0) << std::strerror(errno);
	uffd_.done();

	EXPECT_EQ(count(), 24);
	EXPECT_EQ(ksm_stat("ksm_zero_pages"), 24);
	for (std::size_t i = 0; i < 8; i++) {
		EXPECT_TRUE(page_is_zero(memory.page(i)));
		EXPECT_TRUE(page_is_zero(there.page(i)));
		there.words(i)[5] = i;
		EXPECT_EQ(there.words(i)[5], i);
	}
	EXPECT_EQ(count(), 24);
	unmerge_all();
	EXPECT_EQ(count(), 0);
	EXPECT_EQ(ksm_stat("ksm_zero_pages"), 0);
}
#else
TEST(moving, merged_pages)
{
	GTEST_SKIP() << "the kernel's headers have no UFFDIO_MOVE";
}
#endif

} /* namespace ksm */
