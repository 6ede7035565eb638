// SPDX-License-Identifier: GPL-2.0
/*
 * The end of processes: over when wait() returns, held up by nothing that ksmd does,
 * and with nothing of KSM's left behind.
 */
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <thread>

#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

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

using clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

/* A tmpfs of its own. */
class file_system
{
public:
	file_system()
	{
		require(mkdtemp(place_) && mount("none", place_, "tmpfs", 0, nullptr) == 0,
			"cannot mount a tmpfs");
	}
	~file_system()
	{
		umount2(place_, MNT_DETACH);
		rmdir(place_);
	}
	file_system(const file_system &) = delete;
	file_system &operator=(const file_system &) = delete;

	/* Maps a file of it, which stays mapped until the process ends. */
	void map_a_file() const
	{
		std::string path = std::string(place_) + "/file";
		int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);

		require(fd >= 0 && ftruncate(fd, page_size) == 0, path);
		void *got = mmap(nullptr, page_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

		require(got != MAP_FAILED, "cannot map " + path);
		*static_cast<volatile char *>(got) = 1;
	}
	/* 0 or an errno. */
	int unmount() const { return umount(place_) ? errno : 0; }

private:
	char place_[32] = "/tmp/ksm-exits-XXXXXX";
};

/* True if the condition holds in time. */
template <class condition> bool comes_true(condition done, clock::duration limit)
{
	for (auto end = clock::now() + limit; clock::now() < end;) {
		if (done())
			return true;
		std::this_thread::sleep_for(milliseconds(5));
	}
	return done();
}

/* Offers so many pages of its own, all equal, and waits for its end. */
void offer_equal(parent_link &parent, std::size_t pages)
{
	region own(pages);

	own.fill_all(1);
	own.mergeable();
	parent.reach("offered");
}

} /* namespace */

class exits : public ksm_test
{
protected:
	static void file_systems_come_free(long pages_to_scan, long sleep_millisecs)
	{
		std::size_t busy = 0, rounds = scaled(30);

		set_knob("pages_to_scan", pages_to_scan);
		set_knob("sleep_millisecs", sleep_millisecs);
		start_ksmd();
		for (std::size_t round = 0; round < rounds; round++) {
			file_system files;
			child other([&](parent_link &parent) {
				files.map_a_file();
				region own(48 * 256);

				own.fill_unique(1);
				own.mergeable();
				parent.reach("offered");
			});

			other.await("offered");
			/* So that not each is killed at the same point of a pass */
			std::this_thread::sleep_for(milliseconds(round * 7 % 60));
			other.kill();
			busy += files.unmount() == EBUSY;
		}
		stop_ksmd();
		EXPECT_EQ(busy, 0u) << "of " << rounds << " file systems were busy after the end "
				    << "of all that had used them";
	}

	/* Merges two programs of equal pages, kills both, and waits for nothing to be left. */
	static void nothing_stays(long max_page_sharing, bool ksmd_runs)
	{
		constexpr std::size_t pages = 8192;
		bool sized = has_knob("metadata_bytes");
		long bytes = sized ? knob("metadata_bytes") : 0;
		auto left = [=] {
			return knob("pages_shared") + knob("stable_node_chains") +
			       knob("stable_node_dups") +
			       (sized ? knob("metadata_bytes") - bytes : 0);
		};

		set_knob("max_page_sharing", max_page_sharing);
		child one([](parent_link &parent) { offer_equal(parent, pages); });
		child two([](parent_link &parent) { offer_equal(parent, pages); });

		one.await("offered");
		two.await("offered");
		scan(4);
		ASSERT_GT(knob("stable_node_dups"), 0);
		if (ksmd_runs)
			start_ksmd();
		one.kill();
		two.kill();
		/* Far less is promised, but the machine may be busy. */
		EXPECT_TRUE(comes_true([&] { return left() == 0; }, seconds(5)))
			<< "pages_shared " << knob("pages_shared") << ", chains "
			<< knob("stable_node_chains") << ", dups " << knob("stable_node_dups")
			<< (sized ? ", bytes " + std::to_string(knob("metadata_bytes") - bytes)
				  : "");
		stop_ksmd();
	}
};

TEST_F(exits, leave_no_file_in_use_at_a_middling_pace)
{
	file_systems_come_free(2000, 10);
}

TEST_F(exits, leave_no_file_in_use_flat_out)
{
	file_systems_come_free(100L * 1000 * 1000, 0);
}

TEST_F(exits, of_the_last_programs_leave_nothing_while_ksmd_runs)
{
	for (long most : {2, 8}) {
		SCOPED_TRACE("max_page_sharing " + std::to_string(most));
		nothing_stays(most, true);
	}
}

TEST_F(exits, of_the_last_programs_leave_nothing_while_ksmd_is_stopped)
{
	for (long most : {2, 8}) {
		SCOPED_TRACE("max_page_sharing " + std::to_string(most));
		nothing_stays(most, false);
	}
}

/* Very much goes stale at once, and neither an admin nor another exit waits for it. */
TEST_F(exits, do_not_wait_for_stale_memory)
{
	constexpr std::size_t pages = 10000;
	constexpr seconds patience(10);

	set_knob("max_page_sharing", 2);
	set_knob("pages_to_scan", 100L * 1000 * 1000);
	child stale([](parent_link &parent) {
		region own(pages);

		own.fill_all(1);
		own.mergeable();
		parent.reach("offered");
		require(munmap(own.data(), own.bytes()) == 0, "munmap");
		parent.reach("unmapped");
	});

	stale.await("offered");
	scan(4);
	ASSERT_GE(knob("stable_node_dups"), long(pages / 2 - 1));
	child bystander([](parent_link &parent) { offer_equal(parent, 16); });

	bystander.await("offered");
	start_ksmd();
	stale.go_on("offered");
	stale.await("unmapped");
	auto from = clock::now();

	bystander.kill();
	EXPECT_LT(clock::now() - from, patience) << "an exit had to wait";
	stale.kill();
	stop_ksmd();
	EXPECT_LT(clock::now() - from, patience) << "ksmd could not be stopped";
}

} /* namespace ksm */
