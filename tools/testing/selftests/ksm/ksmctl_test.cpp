// SPDX-License-Identifier: GPL-2.0
/*
 * What ksmctl tells of processes, and does to them, by the kernel that has to do it: what
 * 'estimate' says that merging would save is what it saves, and 'ps' shows it.
 */
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <sys/prctl.h>
#include <unistd.h>

#include "lib/json.hpp"
#include "support/cgroup.hpp"
#include "support/child.hpp"
#include "support/fixture.hpp"
#include "support/ktap.hpp"
#include "support/passes.hpp"
#include "support/process.hpp"
#include "support/region.hpp"
#include "support/sysfs.hpp"
#include "support/vm.hpp"

namespace ksm
{

namespace
{

constexpr std::size_t part = 1000; /* pages */

std::string ksmctl_program()
{
	const char *path = std::getenv("KSMCTL");

	return path ? path : "";
}

std::string why_no_ksmctl()
{
	return access(ksmctl_program().c_str(), X_OK) ? "KSMCTL does not name the program" : "";
}

json told_by(const std::string &words)
{
	FILE *pipe = popen((ksmctl_program() + " " + words).c_str(), "r");
	std::string text;

	for (int c; (c = std::fgetc(pipe)) != EOF;)
		text.push_back(char(c));
	require(!pclose(pipe), "ksmctl " + words + " fails");
	return json::parse(text);
}

/*
 * Pages that all of us have, empty pages, and in one mapping pages that are equal here and
 * unique ones.
 */
int hold()
{
	const std::uint64_t seed = std::uint64_t(getpid()) << 32;
	parent_link parent = parent_link::of_role();
	region common(part), empty(part), mixed(2 * part);

	common.fill_unique(1);
	empty.fill_empty();
	for (std::size_t i = 0; i < part; i++) {
		mixed.fill(i, seed);
		mixed.fill(part + i, seed + 1 + i);
	}
	for (;;)
		parent.reach("filled");
}

const role holder_role("ksmctl-holder", hold);

/* One that 'ksmctl run' has started. */
std::unique_ptr<child> holder()
{
	const std::string self = std::filesystem::read_symlink("/proc/self/exe");
	auto process = std::make_unique<child>([&](parent_link &parent) {
		parent.exec_role("ksmctl-holder", {ksmctl_program(), "run", "--", self});
	});

	process->await("filled");
	return process;
}

long saved_bytes()
{
	const counters now = counters::read();

	return (now.sharing + now.zero) * long(page_size);
}

/* Knows nothing of KSM; its pages are equal to each other. */
void hold_unaware(parent_link &parent)
{
	region memory(part);

	memory.fill_all(1);
	parent.reach("filled");
	require(memory.strangers(1) == 0, "content changed");
}

constexpr const char *guest_name = "ksm-guest";
constexpr std::size_t guests = 3;

/*
 * A virtual machine as QEMU makes them: the guest's memory is offered, and nothing else. The
 * guest has written pages that all guests have, pages of its own, and empty pages.
 */
void run_guest(parent_link &parent)
{
	constexpr std::uint32_t count = part, stride = page_size, bytes = count * stride;
	const auto own = std::uint32_t(getpid()) << 12;
	region memory(3 * part);
	vm guest(memory);

	prctl(PR_SET_NAME, guest_name);
	memory.mergeable();
	guest.write_numbers(vm::memory_address, count, stride, 1);
	guest.write_numbers(vm::memory_address + bytes, count, stride, own);
	guest.write(vm::memory_address + 2 * bytes, count, stride, 0);
	parent.reach("filled");
	/* What the guest reads is the same after all has been merged. */
	const std::uint32_t first = guest.read(vm::memory_address, count, stride);
	require(first == count * (count + 1) / 2, "the guest's memory changed");
}

std::string why_no_offers()
{
	return access("/proc/self/ksm_merge", F_OK) ? "the kernel offers no memory of others" : "";
}

} /* namespace */

class ksmctl : public ksm_test
{
protected:
	void prepare() override
	{
		KSM_SKIP_IF(why_no_ksmctl());
		for (auto &process : holders_)
			process = holder();
	}

	std::string pids() const
	{
		std::string all;

		for (const auto &process : holders_)
			all += " " + std::to_string(process->pid());
		return all;
	}

	std::array<std::unique_ptr<child>, 3> holders_;
};

TEST_F(ksmctl, estimate_comes_true)
{
	const json before = told_by("estimate --json --seconds 60" + pids());
	const long expected = before["saved_bytes"]["value"];

	EXPECT_EQ(before["pages_looked_at"], before["pages"]);
	EXPECT_GE(before["offered_bytes"], 3 * 4 * part * page_size);
	scan(3);
	const long saved = saved_bytes();

	/* Two of three, and nearly all that are equal or empty. */
	EXPECT_GT(saved, long(7.9 * part * page_size));
	EXPECT_NEAR(double(expected), double(saved), 0.1 * double(saved));

	/* What is merged is not to be merged once more. */
	const json after = told_by("estimate --json --seconds 60" + pids());
	EXPECT_LT(after["saved_bytes"]["value"], saved / 20);
	EXPECT_NEAR(after["already_saved_bytes"].get<double>(), double(saved),
		    0.05 * double(saved));
}

TEST_F(ksmctl, estimate_with_zero_pages)
{
	set_knob("use_zero_pages", 1);
	const json before = told_by("estimate --json --seconds 60" + pids());

	scan(3);
	EXPECT_GE(counters::read().zero, long(3 * part));
	EXPECT_NEAR(before["saved_bytes"]["value"].get<double>(), double(saved_bytes()),
		    0.1 * double(saved_bytes()));
	EXPECT_NEAR(before["zero_pages_bytes"].get<double>(),
		    double(counters::read().zero * long(page_size)), 0.1 * 3 * part * page_size);

	const json after = told_by("estimate --json --seconds 60" + pids());
	EXPECT_NEAR(after["already_saved_by_ksm_bytes"].get<double>(), double(saved_bytes()),
		    0.05 * double(saved_bytes()));
}

TEST_F(ksmctl, estimate_of_what_it_costs)
{
	KSM_SKIP_IF(why_no_knob("metadata_bytes"));
	const json before = told_by("estimate --json --seconds 60" + pids());

	scan(3);
	EXPECT_NEAR(before["metadata_bytes"].get<double>(), double(knob("metadata_bytes")),
		    0.5 * double(knob("metadata_bytes")));
}

TEST_F(ksmctl, ps_shows_what_was_merged)
{
	scan(3);
	const json shown = told_by("ps --json" + pids());

	ASSERT_EQ(shown["rows"].size(), holders_.size());
	for (const json &row : shown["rows"]) {
		const pid_t pid = row["pids"][0];

		EXPECT_EQ(row["name"], "ksmctl_test");
		EXPECT_GE(row["offered_bytes"], 4 * part * page_size);
		EXPECT_EQ(row["merged_pages"], merging_pages(pid));
		EXPECT_GE(row["merged_pages"], 3 * part);
		EXPECT_EQ(row["saved_bytes"], ksm_stat("ksm_process_profit", pid));
		EXPECT_GT(row["metadata_bytes"], 4 * part);
		EXPECT_LT(row["metadata_bytes"], 4 * part * 200);
	}
	EXPECT_GE(told_by("ps --json")["rows"].size(), holders_.size());
}

class ksmctl_guests : public ksm_test
{
protected:
	void prepare() override
	{
		KSM_SKIP_IF(why_no_ksmctl());
		KSM_SKIP_IF(why_no_vm());
		for (auto &guest : guests_) {
			guest = std::make_unique<child>(run_guest);
			guest->await("filled");
		}
	}

	std::array<std::unique_ptr<child>, guests> guests_;
};

TEST_F(ksmctl_guests, estimate_comes_true)
{
	const std::string words = "estimate --json --seconds 60 ";
	const json before = told_by(words + "--vm " + guest_name);
	const json of_all = told_by(words + "--all");
	const double expected = before["saved_bytes"]["value"];

	/* By what they have open of KVM, and not by their names. */
	EXPECT_EQ(before["processes"], guests);
	EXPECT_EQ(before["pages_looked_at"], before["pages"]);
	EXPECT_EQ(before["offered_bytes"], guests * 3 * part * page_size);
	EXPECT_GT(of_all["processes"], guests);
	EXPECT_GE(of_all["saved_bytes"]["high"].get<double>(), 0.9 * expected);

	scan(3);
	const auto saved = double(saved_bytes());
	EXPECT_GT(saved, 4.9 * part * page_size);
	EXPECT_NEAR(expected, saved, 0.1 * saved);
	EXPECT_EQ(told_by("ps --by vm --json")["rows"].size(), guests);
	for (const auto &guest : guests_) {
		guest->go_on("filled");
		guest->join();
	}
}

class ksmctl_offer : public ksm_test
{
protected:
	void prepare() override
	{
		KSM_SKIP_IF(why_no_ksmctl());
		KSM_SKIP_IF(why_no_offers());
	}
};

TEST_F(ksmctl_offer, a_program_that_knows_nothing_is_merged_and_left_alone)
{
	child other(hold_unaware);
	const std::string pid = std::to_string(other.pid());

	other.await("filled");
	const json offered = told_by("offer --json " + pid)["processes"][0];
	EXPECT_EQ(offered["pid"], other.pid());
	EXPECT_GE(offered["bytes"], part * page_size);
	EXPECT_GE(offered["used_bytes"], part * page_size);
	EXPECT_TRUE(offered["error"].is_null());
	EXPECT_EQ(told_by("ps --json " + pid)["rows"][0]["offered_bytes"], offered["bytes"]);
	/* Nothing is left to offer. */
	EXPECT_EQ(told_by("offer --json " + pid)["processes"][0]["bytes"], 0);

	/* ksmd is asleep. */
	set_knob("sleep_millisecs", 3600000);
	start_ksmd();
	/* All but the first of as many as may share one. */
	const long sharing = knob("max_page_sharing"), first = (long(part) + sharing - 1) / sharing;
	EXPECT_GE(told_by("merge --json " + pid)["processes"][0]["freed_pages"],
		  long(part) - first);
	EXPECT_GE(merging_pages(other.pid()), long(part));

	EXPECT_EQ(told_by("withdraw --json " + pid)["processes"][0]["bytes"], offered["bytes"]);
	EXPECT_EQ(smaps_ksm_pages(other.pid()), 0);
	EXPECT_EQ(told_by("ps --json " + pid)["rows"][0]["offered_bytes"], 0);
	/* The kernel's count falls when ksmd comes by. */
	set_knob("sleep_millisecs", 0);
	await_nothing_merged();
	EXPECT_EQ(merging_pages(other.pid()), 0);
	other.go_on("filled");
	other.join();
}

TEST_F(ksmctl_offer, is_merged_after_the_wait)
{
	child other(hold_unaware);
	const std::string pid = std::to_string(other.pid());

	other.await("filled");
	start_ksmd();
	told_by("offer --json " + pid);
	const json waited = told_by("wait --json --pid " + pid);
	EXPECT_GE(waited["passes"], 1);
	EXPECT_EQ(waited["nothing_left"], false);
	EXPECT_GE(merging_pages(other.pid()), long(part));
	other.go_on("filled");
	other.join();
}

class ksmctl_in_domains : public ksmctl
{
protected:
	void prepare() override
	{
		KSM_SKIP_IF(why_no_domains());
		ksmctl::prepare();
	}
};

TEST_F(ksmctl_in_domains, ps_and_estimate)
{
	memory_group group("ksmctl");

	ASSERT_EQ(group.set_domain("1"), 0);
	group.join(holders_[0]->pid());
	const json shown = told_by("ps --json --sort domain" + pids());
	const std::string domain = shown["rows"][2]["domain"];

	EXPECT_TRUE(shown["rows"][0]["domain"].is_null());
	EXPECT_TRUE(shown["rows"][1]["domain"].is_null());
	EXPECT_NE(domain.find("ksmctl"), domain.npos) << domain;
	EXPECT_EQ(shown["rows"][2]["pids"][0], holders_[0]->pid());

	const json before = told_by("estimate --json --seconds 60" + pids());
	EXPECT_EQ(before["domains"], 2);
	scan(3);
	EXPECT_NEAR(before["saved_bytes"]["value"].get<double>(), double(saved_bytes()),
		    0.1 * double(saved_bytes()));
	holders_[0].reset(); /* so that the group can go */
}

} /* namespace ksm */
