// SPDX-License-Identifier: GPL-2.0
/* PR_SET_MEMORY_MERGE offers all memory of a process. */
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>
#include <system_error>

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "support/child.hpp"
#include "support/fixture.hpp"
#include "support/ksm_pages.hpp"
#include "support/ktap.hpp"
#include "support/pagemap.hpp"
#include "support/passes.hpp"
#include "support/process.hpp"
#include "support/region.hpp"

namespace ksm
{

namespace
{

/* Is there one mergeable VMA that has all of this range? */
bool is_one_vma(const char *from, const char *to)
{
	for (const auto &vma : mergeable_vmas())
		if (vma.from <= reinterpret_cast<std::uintptr_t>(from) &&
		    vma.to >= reinterpret_cast<std::uintptr_t>(to))
			return true;
	return false;
}

/* After exec: is the flag still set, and is new memory offered? */
int after_exec()
{
	parent_link parent = parent_link::of_role();
	region memory(16);

	parent.tell("flag", std::uint64_t(get_merge()));
	memory.fill_all(1);
	parent.reach("filled", memory.data());
	return memory.strangers(1) ? 1 : 0;
}

const role after_exec_role("after-exec", after_exec);

} /* namespace */

/* Each of these runs in a process of its own: the flag is for life. */
class prctl_merge : public ksm_test
{
};

TEST_F(prctl_merge, set_and_get)
{
	child other([](parent_link &) {
		require(get_merge() == 0, "set from the start");
		set_merge(true);
		require(get_merge() == 1, "not set after setting");
		set_merge(true);
		require(get_merge() == 1, "not set after setting twice");
		set_merge(false);
		require(get_merge() == 0, "set after clearing");
		set_merge(false);
		require(get_merge() == 0, "set after clearing twice");
	});
}

TEST_F(prctl_merge, further_arguments_must_be_zero)
{
	child other([](parent_link &) {
		for (int option : {PR_SET_MEMORY_MERGE, PR_GET_MEMORY_MERGE}) {
			/* The getter takes no argument at all, the setter one. */
			for (int at = option == PR_SET_MEMORY_MERGE ? 1 : 0; at < 4; at++) {
				unsigned long args[4] = {};

				args[at] = 1;
				errno = 0;
				require(prctl(option, args[0], args[1], args[2], args[3]) == -1 &&
						errno == EINVAL,
					"option " + std::to_string(option) + ", argument " +
						std::to_string(at + 2) + ": no EINVAL");
			}
		}
		require(get_merge() == 0, "a refused call had an effect");
	});
}

TEST_F(prctl_merge, existing_memory)
{
	child other([](parent_link &parent) {
		region memory(16);

		memory.fill_all(2);
		set_merge(true);
		require(vma_has_flag(memory.data(), "mg"), "no flag mg in smaps");
		parent.reach("filled", memory.data());
		require(memory.strangers(2) == 0, "content changed");
	});
	page_range memory(other.pid(), other.await("filled"), 16);

	scan();
	EXPECT_EQ(truth_of(memory).total(), 16u);
	other.go_on("filled");
}

TEST_F(prctl_merge, memory_mapped_later)
{
	child other([](parent_link &parent) {
		set_merge(true);
		region memory(16);

		memory.fill_all(3);
		require(vma_has_flag(memory.data(), "mg"), "no flag mg in smaps");
		parent.reach("filled", memory.data());
		require(memory.strangers(3) == 0, "content changed");
	});
	page_range memory(other.pid(), other.await("filled"), 16);

	scan();
	EXPECT_EQ(truth_of(memory).total(), 16u);
	other.go_on("filled");
}

TEST_F(prctl_merge, heap_by_brk)
{
	child other([](parent_link &parent) {
		set_merge(true);
		auto from = (reinterpret_cast<std::uintptr_t>(sbrk(0)) + page_size - 1) &
			    ~(page_size - 1);
		auto *data = reinterpret_cast<char *>(from);

		require(brk(data + 16 * page_size) == 0, "brk failed");
		for (std::size_t i = 0; i < 16; i++)
			fill_page(data + i * page_size, 4);
		parent.reach("filled", from);
		for (std::size_t i = 0; i < 16; i++)
			require(page_holds(data + i * page_size, 4), "content changed");
	});
	page_range memory(other.pid(), other.await("filled"), 16);

	scan();
	EXPECT_EQ(truth_of(memory).total(), 16u);
	other.go_on("filled");
}

/*
 * Neighbours that are mapped one after the other become one VMA, as they do without
 * all this. Fails on the old engine, which marks a new VMA too late for that.
 */
TEST_F(prctl_merge, neighbours_become_one_vma)
{
	child other([](parent_link &) {
		constexpr std::size_t parts = 6, pages = 4;

		set_merge(true);
		region memory(parts * pages); /* for its place, between two guard pages */

		for (std::size_t i = 0; i < parts; i++) {
			void *part = memory.page(i * pages);

			require(mmap(part, pages * page_size, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == part,
				"mmap");
			/* In use or not, when the next one comes. */
			if (i % 2)
				fill_page(part, i);
		}
		require(is_one_vma(memory.data(), memory.page(0) + memory.bytes()),
			"not one mergeable VMA");
	});
}

/* The same for a heap that grows step by step. */
TEST_F(prctl_merge, heap_grows_as_one_vma)
{
	child other([](parent_link &) {
		set_merge(true);
		auto *from = static_cast<char *>(sbrk(0));

		for (std::size_t i = 0; i < 8; i++) {
			void *added = sbrk(4 * page_size);

			require(added != reinterpret_cast<void *>(-1), "sbrk");
			fill_page(added, i);
		}
		require(is_one_vma(from, static_cast<char *>(sbrk(0))), "not one mergeable VMA");
	});
}

TEST_F(prctl_merge, inherited_over_fork)
{
	child other([](parent_link &parent) {
		set_merge(true);
		child grandchild([](parent_link &middle) {
			require(get_merge() == 1, "flag lost over fork");
			region memory(16);

			memory.fill_all(5);
			middle.reach("filled", memory.data());
			require(memory.strangers(5) == 0, "content changed");
			/* Clearing it here is nobody else's affair. */
			set_merge(false);
		});

		parent.tell("forked", std::uint64_t(grandchild.pid()));
		parent.reach("filled", grandchild.await("filled"));
		grandchild.go_on("filled");
		grandchild.join();
		require(get_merge() == 1, "cleared by a child's call");
	});
	pid_t grandchild = pid_t(other.await("forked"));
	page_range memory(grandchild, other.await("filled"), 16);

	scan();
	EXPECT_EQ(truth_of(memory).total(), 16u);
	other.go_on("filled");
}

TEST_F(prctl_merge, inherited_over_exec)
{
	child other([](parent_link &parent) {
		set_merge(true);
		parent.exec_role("after-exec");
	});

	EXPECT_EQ(other.await("flag"), 1u) << "flag lost over exec";
	page_range memory(other.pid(), other.await("filled"), 16);

	scan();
	EXPECT_EQ(truth_of(memory).total(), 16u);
	other.go_on("filled");
}

/* A copy of this program, which an ordinary user may start, with the rights of its file. */
class privileged_copy
{
public:
	explicit privileged_copy(mode_t mode)
	{
		std::filesystem::copy_file("/proc/self/exe", path_);
		if (chmod(path_.c_str(), mode))
			throw std::system_error(errno, std::generic_category(), path_);
	}
	~privileged_copy() { unlink(path_.c_str()); }
	privileged_copy(const privileged_copy &) = delete;
	privileged_copy &operator=(const privileged_copy &) = delete;

	/* Gives it a capability.  Returns false where that cannot be. */
	bool add_capability() const
	{
		vfs_cap_data data = {};

		data.magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE;
		data.data[0].permitted = 1U << CAP_NET_RAW;
		return !setxattr(path_.c_str(), "security.capability", &data, sizeof(data), 0);
	}
	const std::string &path() const { return path_; }

private:
	const std::string path_ = "/dev/shm/ksm-privileged-" + std::to_string(getpid());
};

/* Pages that are merged of a program that a user of all memory merged has started. */
struct started {
	std::uint64_t flag;
	std::size_t merged;
};

started start_as_user(const privileged_copy &program)
{
	child other([&](parent_link &parent) {
		set_merge(true);
		require(!setresgid(1000, 1000, 1000) && !setresuid(1000, 1000, 1000),
			"cannot become an ordinary user");
		parent.exec_role("after-exec", {program.path()});
	});
	started result = {};
	/* There are no passes if nothing is offered. */
	region anchor(2);

	anchor.mergeable();
	result.flag = other.await("flag");
	page_range memory(other.pid(), other.await("filled"), 16);

	scan();
	result.merged = truth_of(memory).total();
	other.go_on("filled");
	return result;
}

TEST_F(prctl_merge, inherited_by_the_programs_of_a_user)
{
	started other = start_as_user(privileged_copy(0755));

	EXPECT_EQ(other.flag, 1u);
	EXPECT_EQ(other.merged, 16u);
}

TEST_F(prctl_merge, not_inherited_by_programs_that_set_the_user_or_group)
{
	for (mode_t mode : {04755, 02755}) {
		started other = start_as_user(privileged_copy(mode));

		EXPECT_EQ(other.flag, 0u) << std::oct << mode;
		EXPECT_EQ(other.merged, 0u) << std::oct << mode;
	}
}

TEST_F(prctl_merge, not_inherited_by_programs_with_capabilities)
{
	privileged_copy program(0755);

	KSM_SKIP_IF(program.add_capability() ? ""
					     : "this file system has no capabilities of files");
	started other = start_as_user(program);

	EXPECT_EQ(other.flag, 0u);
	EXPECT_EQ(other.merged, 0u);
}

TEST_F(prctl_merge, not_set_not_inherited)
{
	child other([](parent_link &parent) { parent.exec_role("after-exec"); });
	region anchor(2);

	anchor.fill_all(6);
	anchor.mergeable();
	EXPECT_EQ(other.await("flag"), 0u);
	page_range memory(other.pid(), other.await("filled"), 16);

	scan(3);
	EXPECT_EQ(truth_of(anchor).total(), 2u);
	EXPECT_EQ(truth_of(memory).total(), 0u);
	other.go_on("filled");
}

TEST_F(prctl_merge, clearing_unmerges)
{
	child other([](parent_link &parent) {
		set_merge(true);
		region memory(16);

		memory.fill_all(7);
		parent.reach("filled", memory.data());
		set_merge(false);
		require(!vma_has_flag(memory.data(), "mg"), "still offered");
		require(truth_of(memory).total() == 0, "still merged");
		parent.reach("cleared");
		require(memory.strangers(7) == 0, "content changed");
	});
	page_range memory(other.pid(), other.await("filled"), 16);

	scan();
	ASSERT_EQ(truth_of(memory).total(), 16u);
	other.go_on("filled");
	other.await("cleared");
	EXPECT_EQ(smaps_ksm_pages(other.pid()), 0);
	other.go_on("cleared");
}

/* Clearing takes back what madvise() had offered, too: all is one flag per VMA. */
TEST_F(prctl_merge, clearing_takes_back_madvise)
{
	child other([](parent_link &) {
		region memory(4);

		memory.mergeable();
		set_merge(true);
		set_merge(false);
		require(!vma_has_flag(memory.data(), "mg"), "still offered");
	});
}

/* Shared memory is passed over, as with madvise(). */
TEST_F(prctl_merge, incompatible_memory_is_passed_over)
{
	child other([](parent_link &) {
		void *shared = mmap(nullptr, 4 * page_size, PROT_READ | PROT_WRITE,
				    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

		require(shared != MAP_FAILED, "mmap failed");
		set_merge(true);
		require(!vma_has_flag(shared, "mg"), "shared memory is offered");
	});
}

/* Fields of later kernels in ksm_stat, present on ours only. */
TEST_F(prctl_merge, shown_in_ksm_stat)
{
	if (!has_ksm_stat("ksm_merge_any"))
		GTEST_SKIP() << "this kernel's ksm_stat has no line ksm_merge_any";
	child other([](parent_link &) {
		require(ksm_stat_text("ksm_merge_any") == "no", "merge_any at first");
		require(ksm_stat_text("ksm_mergeable") == "no", "mergeable at first");
		region memory(2);

		memory.mergeable();
		require(ksm_stat_text("ksm_merge_any") == "no", "merge_any after madvise");
		require(ksm_stat_text("ksm_mergeable") == "yes", "mergeable after madvise");
		set_merge(true);
		require(ksm_stat_text("ksm_merge_any") == "yes", "merge_any after prctl");
		require(ksm_stat_text("ksm_mergeable") == "yes", "mergeable after prctl");
		set_merge(false);
		require(ksm_stat_text("ksm_merge_any") == "no", "merge_any after clearing");
		require(ksm_stat_text("ksm_mergeable") == "no", "mergeable after clearing");
	});
}

} /* namespace ksm */
