// SPDX-License-Identifier: GPL-2.0
/* What KSM's own memory comes to, and who is charged with it. */
#include <chrono>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "support/cgroup.hpp"
#include "support/child.hpp"
#include "support/fixture.hpp"
#include "support/limits.hpp"
#include "support/passes.hpp"
#include "support/process.hpp"
#include "support/region.hpp"

namespace ksm
{

namespace
{

constexpr std::size_t kib = 1024;

/* At most, whatever a process has: with lockdep its lock is large. */
constexpr long registration = 512;

/* Where, in pages, the pages of a layout are. */
using layout = std::vector<std::size_t>;

layout one_in_each(std::size_t bytes, std::size_t count)
{
	layout places;

	for (std::size_t i = 0; i < count; i++)
		places.push_back(i * bytes / page_size + i * 7 % (bytes / page_size));
	return places;
}

/* 2 to 20 pages somewhere in each 256 KiB. */
layout a_few(std::size_t blocks)
{
	constexpr std::size_t block = 256 * kib / page_size;
	std::mt19937_64 random(1);
	layout places;

	for (std::size_t i = 0; i < blocks; i++) {
		std::size_t wanted = 2 + random() % 19;

		for (std::size_t at = 0; at < block && wanted; at++)
			if (random() % (block - at) < wanted) {
				places.push_back(i * block + at);
				wanted--;
			}
	}
	return places;
}

/* A process with that memory, and nothing of it equal to any other page. */
void offer(parent_link &parent, const layout &places)
{
	region own(places.back() + 1);

	for (std::size_t at : places)
		own.fill(at, 1 + at);
	own.mergeable();
	parent.reach("offered");
	for (std::size_t at : places)
		require(own.holds(at, 1 + at), "content changed");
}

} /* namespace */

class metadata : public ksm_test
{
protected:
	void prepare() override { KSM_SKIP_IF(why_no_knob("metadata_bytes")); }

	static void expect_bytes_per_page(const layout &places, double most)
	{
		long before = knob("metadata_bytes");
		child other([&](parent_link &parent) { offer(parent, places); });

		other.await("offered");
		scan(4);
		ASSERT_EQ(knob("pages_unshared"), long(places.size()));
		long bytes = knob("metadata_bytes") - before - registration;

		EXPECT_LE(double(bytes) / double(places.size()), most)
			<< "bytes for each of " << places.size() << " pages";
		other.go_on("offered");
	}
};

TEST_F(metadata, of_a_page_alone_in_128_kib)
{
	expect_bytes_per_page(one_in_each(128 * kib, 1024), 128);
}

TEST_F(metadata, of_a_page_alone_in_2_mib)
{
	expect_bytes_per_page(one_in_each(huge_size, 256), 128);
}

TEST_F(metadata, of_a_few_pages_in_256_kib)
{
	expect_bytes_per_page(a_few(256), 128);
}

TEST_F(metadata, of_dense_pages)
{
	expect_bytes_per_page(one_in_each(page_size, 8192), 36);
}

/* What dense pages took is given back when few of them are left. */
TEST_F(metadata, of_pages_whose_neighbours_went)
{
	constexpr std::size_t block = 256 * kib / page_size;
	long before = knob("metadata_bytes");
	region memory(64 * block), like(memory.pages());
	std::size_t left = 0;

	/* Merged, since those are never read again. */
	memory.fill_unique(1);
	like.fill_unique(1);
	memory.mergeable();
	like.mergeable();
	scan(4);
	ASSERT_EQ(knob("pages_sharing"), long(memory.pages()));
	for (region *each : {&memory, &like})
		for (std::size_t i = 0; i < each->pages(); i++) {
			if (i % block == block / 2)
				left++;
			else
				ASSERT_EQ(madvise(each->page(i), page_size, MADV_DONTNEED), 0);
		}
	scan(2);
	/* A tile for each, and a node of 128 bytes for two. */
	EXPECT_LE(knob("metadata_bytes") - before - registration, long(left) * (128 + 64));
	EXPECT_EQ(memory.strangers_unique(1), memory.pages() - left / 2);
}

/* Who offers memory has the bookkeeping for it counted as its own. */
TEST_F(metadata, is_charged)
{
	KSM_SKIP_IF(why_no_groups());
	memory_group group;
	child other([](parent_link &parent) {
		parent.reach("started");
		offer(parent, one_in_each(128 * kib, 4096));
	});

	group.take_in(other);
	other.await("offered");
	long bytes = knob("metadata_bytes"), before = group.stat("kernel"), charged;
	auto limit = std::chrono::steady_clock::now() + hang_limit();

	scan(4);
	bytes = knob("metadata_bytes") - bytes;
	ASSERT_GT(bytes, 0);
	/* A group's statistics come some seconds late. */
	while ((charged = group.stat("kernel") - before) < bytes * 3 / 4) {
		ASSERT_LT(std::chrono::steady_clock::now(), limit)
			<< charged << " bytes are charged of KSM's " << bytes;
		std::this_thread::sleep_for(std::chrono::milliseconds(100));
	}
}

/* Where there is no room for bookkeeping, pages are left out, and all else goes on. */
TEST_F(metadata, that_does_not_fit_into_its_group)
{
	KSM_SKIP_IF(why_no_groups());
	/* More than may be charged already, less than overcommit refuses. */
	constexpr std::size_t pages = 8192;
	memory_group group;
	child other([](parent_link &parent) {
		parent.reach("started");
		offer(parent, one_in_each(128 * kib, pages));
	});

	group.take_in(other);
	other.await("offered");
	ASSERT_TRUE(has_knob("pages_unslotted"));
	group.leave_room(16 * kib);
	scan(4);
	EXPECT_LT(knob("pages_unshared"), long(pages));
	EXPECT_GT(knob("pages_unslotted"), 0);
	group.no_limit();
	scan(4);
	EXPECT_EQ(knob("pages_unshared"), long(pages));
	other.go_on("offered");
}

} /* namespace ksm */
