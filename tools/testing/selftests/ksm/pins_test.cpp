// SPDX-License-Identifier: GPL-2.0
/* A page that a device or the kernel may touch is never merged. */
#include <cerrno>
#include <csignal>
#include <cstring>
#include <system_error>

#include <fcntl.h>
#include <linux/io_uring.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "support/child.hpp"
#include "support/ksm_pages.hpp"
#include "support/pagemap.hpp"
#include "support/passes.hpp"
#include "support/process.hpp"
#include "support/region.hpp"
#include "support/thp.hpp"

namespace ksm
{

namespace
{

/* Long-term pins by fixed buffers of an io_uring. */
class fixed_buffers
{
public:
	~fixed_buffers()
	{
		if (ring_ >= 0)
			close(ring_);
	}
	/* 0, or the errno that says why there is none. */
	int pin(void *address, std::size_t bytes)
	{
		struct io_uring_params params = {};
		struct iovec range = {address, bytes};

		ring_ = int(syscall(SYS_io_uring_setup, 1u, &params));
		if (ring_ < 0)
			return errno;
		if (syscall(SYS_io_uring_register, ring_, IORING_REGISTER_BUFFERS, &range, 1u))
			return errno;
		return 0;
	}
	int unpin()
	{
		return syscall(SYS_io_uring_register, ring_, IORING_UNREGISTER_BUFFERS, nullptr, 0u)
			       ? errno
			       : 0;
	}

private:
	int ring_ = -1;
};

/* Empty, unless it is said by this error of fixed_buffers::pin(). */
std::string why_no_io_uring(int err)
{
	return err == ENOSYS || err == EPERM ? "this kernel has no io_uring" : "";
}

/* A page in a pipe: it has a reference which is no mapping. */
class piped_page
{
public:
	explicit piped_page(void *page)
	{
		struct iovec range = {page, page_size};

		require(pipe(ends_) == 0, "pipe");
		require(vmsplice(ends_[1], &range, 1, 0) == ssize_t(page_size), "vmsplice");
	}
	~piped_page() { let_go(); }
	piped_page(const piped_page &) = delete;
	piped_page &operator=(const piped_page &) = delete;

	bool read_to(std::uint64_t (&content)[words_per_page]) const
	{
		return read(ends_[0], content, page_size) == ssize_t(page_size);
	}
	void let_go()
	{
		for (int &end : ends_)
			if (end >= 0) {
				close(end);
				end = -1;
			}
	}

private:
	int ends_[2] = {-1, -1};
};

/* The ioctls of CONFIG_GUP_TEST's debugfs file: long-term pins without any device. */
struct pin_request {
	std::uint64_t address;
	std::uint64_t bytes;
	std::uint32_t flags;
};

constexpr unsigned long pin_start = _IOW('g', 7, pin_request);
constexpr unsigned long pin_stop = _IO('g', 8);
constexpr std::uint32_t pin_for_write = 1;

} /* namespace */

class pins : public ksm_test
{
};

TEST_F(pins, vmspliced_page)
{
	region memory(3);

	memory.fill_all(1);
	memory.mergeable();
	piped_page piped(memory.page(1));
	std::uint64_t frame = pagemap_of(memory.page(1)).pfn();

	scan(4);
	EXPECT_EQ(pagemap_of(memory.page(1)).pfn(), frame);
	EXPECT_FALSE(is_ksm_page(memory.page(1)));
	EXPECT_TRUE(is_ksm_page(memory.page(0)));
	EXPECT_EQ(pagemap_of(memory.page(0)).pfn(), pagemap_of(memory.page(2)).pfn());

	/* What is written now must be seen at the other end: it is the same page. */
	memory.words(1)[0] = 4711;
	std::uint64_t content[words_per_page];

	ASSERT_TRUE(piped.read_to(content));
	EXPECT_EQ(content[0], 4711u);
	EXPECT_EQ(content[1], word_of(1, 1));
	piped.let_go();

	memory.fill(1, 1);
	scan(4);
	EXPECT_EQ(truth_of(memory).total(), 3u) << "free again, it merges";
	EXPECT_EQ(memory.strangers(1), 0u);
}

TEST_F(pins, fixed_buffers_of_io_uring)
{
	region memory(12);
	fixed_buffers ring;

	memory.fill_all(2);
	memory.mergeable();
	int err = ring.pin(memory.page(4), 4 * page_size);

	KSM_SKIP_IF(why_no_io_uring(err));
	ASSERT_EQ(err, 0) << std::strerror(err);

	auto before = pagemap(memory);

	scan(4);
	auto after = pagemap(memory);
	auto merged = which_are_ksm(memory);

	for (std::size_t i = 0; i < memory.pages(); i++) {
		bool pinned = i >= 4 && i < 8;

		EXPECT_EQ(merged[i], !pinned) << "page " << i;
		if (pinned) {
			EXPECT_EQ(after[i].pfn(), before[i].pfn()) << "page " << i;
		}
	}
	/* A write through the mapping reaches the pinned page, not a copy. */
	memory.words(5)[3] = 1;
	EXPECT_EQ(pagemap_of(memory.page(5)).pfn(), before[5].pfn());
	memory.fill(5, 2);
	ASSERT_EQ(ring.unpin(), 0);
	scan(4);
	EXPECT_EQ(truth_of(memory).total(), memory.pages());
	EXPECT_EQ(memory.strangers(2), 0u);
}

/* Pinning what is merged already takes it out of the share first. */
TEST_F(pins, pinning_merged_pages)
{
	region memory(8);
	fixed_buffers ring;

	memory.fill_all(3);
	memory.mergeable();
	scan(3);
	ASSERT_EQ(truth_of(memory).total(), memory.pages());
	int err = ring.pin(memory.page(2), 2 * page_size);

	KSM_SKIP_IF(why_no_io_uring(err));
	ASSERT_EQ(err, 0) << std::strerror(err);
	EXPECT_FALSE(is_ksm_page(memory.page(2)));
	EXPECT_FALSE(is_ksm_page(memory.page(3)));

	std::uint64_t frame = pagemap_of(memory.page(2)).pfn();

	memory.words(2)[0] = 5;
	EXPECT_EQ(pagemap_of(memory.page(2)).pfn(), frame) << "the pinned page is the mapped one";
	memory.fill(2, 3);
	scan(4);
	EXPECT_EQ(pagemap_of(memory.page(2)).pfn(), frame);
	EXPECT_EQ(truth_of(memory).total(), 6u);
	EXPECT_EQ(memory.strangers(3), 0u);
}

TEST_F(pins, long_term_pin)
{
	int fd = open("/sys/kernel/debug/gup_test", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		GTEST_SKIP() << "no /sys/kernel/debug/gup_test (CONFIG_GUP_TEST)";
	region memory(8);

	memory.fill_all(4);
	memory.mergeable();
	pin_request request = {reinterpret_cast<std::uint64_t>(memory.page(3)), page_size,
			       pin_for_write};

	ASSERT_EQ(ioctl(fd, pin_start, &request), 0) << std::strerror(errno);
	std::uint64_t frame = pagemap_of(memory.page(3)).pfn();

	scan(4);
	EXPECT_EQ(pagemap_of(memory.page(3)).pfn(), frame);
	EXPECT_FALSE(is_ksm_page(memory.page(3)));
	EXPECT_EQ(truth_of(memory).total(), 7u);
	ASSERT_EQ(ioctl(fd, pin_stop), 0);
	close(fd);
	scan(4);
	EXPECT_EQ(truth_of(memory).total(), 8u);
	EXPECT_EQ(memory.strangers(4), 0u);
}

/* O_DIRECT reads land in the page that is mapped, while ksmd is at it. */
TEST_F(pins, direct_reads_while_ksmd_runs)
{
	char name[] = "/tmp/ksm-direct-XXXXXX";
	int made = mkstemp(name);

	ASSERT_GE(made, 0);
	constexpr std::size_t blocks = 8;
	region source(blocks);

	for (std::size_t i = 0; i < blocks; i++) {
		source.fill(i, 100 + i);
		ASSERT_EQ(pwrite(made, source.page(i), page_size, off_t(i * page_size)),
			  ssize_t(page_size));
	}
	close(made);
	int fd = open(name, O_RDONLY | O_DIRECT | O_CLOEXEC);

	unlink(name);
	if (fd < 0)
		GTEST_SKIP() << "/tmp has no O_DIRECT";
	region memory(32);

	memory.fill_all(99);
	memory.mergeable();
	start_ksmd();
	for (std::size_t round = 0; round < 2000; round++) {
		std::size_t at = round * 7 % memory.pages();
		std::size_t block = round * 5 % blocks;

		ASSERT_EQ(pread(fd, memory.page(at), page_size, off_t(block * page_size)),
			  ssize_t(page_size));
		ASSERT_TRUE(memory.holds(at, 100 + block)) << "round " << round;
	}
	stop_ksmd();
	close(fd);
}

/* A pin by one process holds off merging, not the child's copies. */
TEST_F(pins, fork_of_a_pinned_page)
{
	region memory(4);

	memory.fill_all(5);
	memory.mergeable();
	std::uint64_t frame = pagemap_of(memory.page(0)).pfn();
	piped_page piped(memory.page(0));
	child other([&](parent_link &parent) {
		parent.reach("forked");
		require(memory.strangers(5) == 0, "content changed");
	});

	other.await("forked");
	scan(4);
	EXPECT_EQ(pagemap_of(memory.page(0)).pfn(), frame);
	for (std::size_t i = 1; i < memory.pages(); i++)
		EXPECT_NE(pagemap_of(memory.page(i)).pfn(), frame) << "merged with the pinned page";
	EXPECT_EQ(memory.strangers(5), 0u);
	other.go_on("forked");
}

class pins_of_huge_pages : public thp
{
};

TEST_F(pins_of_huge_pages, keep_them_whole)
{
	region huge(2 * pages_per_huge, region::pages_are::huge);
	region small(2);
	fixed_buffers ring;

	huge.fill_unique(8000);
	KSM_SKIP_IF(why_not_huge(huge, 2));
	small.fill(0, 8000 + 5);
	small.fill(1, 8000 + pages_per_huge + 5);
	int err = ring.pin(huge.page(100), page_size);

	KSM_SKIP_IF(why_no_io_uring(err));
	ASSERT_EQ(err, 0) << std::strerror(err);
	huge.mergeable();
	small.mergeable();
	scan(6);
	EXPECT_TRUE(is_huge(huge, 0)) << "the pinned one";
	EXPECT_FALSE(is_huge(huge, 1));
	EXPECT_EQ(truth_of(huge).total(), 1u);

	ASSERT_EQ(ring.unpin(), 0);
	scan(6);
	EXPECT_FALSE(is_huge(huge, 0));
	EXPECT_EQ(truth_of(huge).total(), 2u);
	EXPECT_EQ(huge.strangers_unique(8000), 0u);
}

/*
 * Memory failure cannot split a huge page that is pinned. Which of its pages is bad can
 * then not be told, so none is read, and so none is merged, when the pin is gone, either.
 */
TEST_F(pins_of_huge_pages, with_a_bad_page_are_left_alone)
{
	constexpr std::size_t bad = 7, pinned = 100;
	region huge(pages_per_huge, region::pages_are::huge);
	region small(pages_per_huge);

	huge.fill_unique(9000);
	KSM_SKIP_IF(why_not_huge(huge));
	piped_page piped(huge.page(pinned));
	/* Who maps it is told by a signal. */
	struct sigaction act = {}, before;

	act.sa_handler = [](int) {};
	sigaction(SIGBUS, &act, &before);
	int err = madvise(huge.page(bad), page_size, MADV_HWPOISON) ? errno : 0;

	sigaction(SIGBUS, &before, nullptr);
	piped.let_go();
	if (err == EINVAL || err == EPERM)
		GTEST_SKIP() << "this kernel has no CONFIG_MEMORY_FAILURE";
	ASSERT_NE(err, 0) << "the pin did not hold";
	ASSERT_TRUE(is_huge(huge)) << "the pin did not hold";

	for (std::size_t i = 0; i < small.pages(); i++)
		small.fill(i, 9000 + i);
	huge.mergeable();
	small.mergeable();
	scan(6);
	EXPECT_TRUE(is_huge(huge)) << "split, and so read";
	EXPECT_EQ(knob("pages_shared"), 0);
	EXPECT_EQ(counters::read().tracked(), long(small.pages())) << "read";
	EXPECT_EQ(small.strangers_unique(9000), 0u);
}

} /* namespace ksm */
