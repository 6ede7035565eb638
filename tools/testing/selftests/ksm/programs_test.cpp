// SPDX-License-Identifier: GPL-2.0
/*
 * Programs of others that read and write KSM's files: each shows what is in the files, and
 * what it sets is what is there then.
 */
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>

#include <sched.h>
#include <sys/mount.h>

#include "support/child.hpp"
#include "support/exporter.hpp"
#include "support/fixture.hpp"
#include "support/passes.hpp"
#include "support/program.hpp"
#include "support/region.hpp"

namespace ksm
{

/* Something is merged, so that there are figures; they stand still, since ksmd sleeps. */
class programs : public ksm_test
{
protected:
	static constexpr std::size_t pages = 64;

	void prepare() override
	{
		equal_.fill_all(1);
		unique_.fill_unique(2);
		equal_.mergeable();
		unique_.mergeable();
		ksmd_.emplace();
		for (int i = 0; i < 5; i++)
			ksmd_->pass();
		before_ = counters::read();
		ASSERT_EQ(before_.shared, 1);
		ASSERT_EQ(before_.sharing, long(pages) - 1);
		ASSERT_EQ(before_.unshared, long(pages) / 2);
	}

	void TearDown() override
	{
		ksmd_.reset();
		ksm_test::TearDown();
	}

	/* What was compared was the same all the time. */
	void expect_still() const
	{
		const counters after = counters::read();

		EXPECT_EQ(after.sharing, before_.sharing);
		EXPECT_EQ(after.full_scans, before_.full_scans);
	}

private:
	region equal_{pages};
	region unique_{pages / 2};
	std::optional<stepper> ksmd_;
	counters before_ = {};
};

class node_exporter : public programs
{
protected:
	void prepare() override
	{
		KSM_SKIP_IF(why_not_fetched("node_exporter"));
		programs::prepare();
	}
};

TEST_F(node_exporter, shows_what_is_in_the_files)
{
	const std::map<std::string, std::string> counted = {
		{"node_ksmd_full_scans_total", "full_scans"},
		{"node_ksmd_merge_across_nodes", "merge_across_nodes"},
		{"node_ksmd_pages_shared", "pages_shared"},
		{"node_ksmd_pages_sharing", "pages_sharing"},
		{"node_ksmd_pages_to_scan", "pages_to_scan"},
		{"node_ksmd_pages_unshared", "pages_unshared"},
		{"node_ksmd_pages_volatile", "pages_volatile"},
		{"node_ksmd_run", "run"},
	};
	const exporter exporter("/tmp");
	const auto shown = exporter.metrics();

	for (const auto &[metric, name] : counted) {
		ASSERT_TRUE(shown.contains(metric)) << metric;
		EXPECT_EQ(shown.at(metric), double(knob(name))) << metric;
	}
	EXPECT_EQ(shown.at("node_ksmd_sleep_seconds"), double(knob("sleep_millisecs")) / 1000);
	EXPECT_EQ(shown.at("node_scrape_collector_success{collector=\"ksmd\"}"), 1);
	expect_still();
}

class atop : public programs
{
protected:
	void prepare() override
	{
		KSM_SKIP_IF(why_not_fetched("atop"));
		programs::prepare();
	}
};

/* In the line MEM, which ends: pages sharing, pages shared, TCP, UDP, page tables. */
TEST_F(atop, shows_what_is_in_the_files)
{
	std::istringstream lines(output_of(fetched("atop", "usr/bin/atop") + " -P MEM 1 1"));
	std::vector<std::string> words;

	for (std::string line; words.empty() && std::getline(lines, line);) {
		std::istringstream of_line(line);

		if (line.starts_with("MEM "))
			words.assign(std::istream_iterator<std::string>(of_line), {});
	}
	ASSERT_EQ(words.size(), 27u) << lines.str();
	EXPECT_EQ(words[22], knob_text("pages_sharing"));
	EXPECT_EQ(words[23], knob_text("pages_shared"));
	expect_still();
}

/* Its daemon, and its client virsh. */
class libvirt : public programs
{
protected:
	void prepare() override
	{
		KSM_SKIP_IF(why_not_fetched("libvirt"));
		programs::prepare();
		/*
		 * Now and then it never answers: it forks while it has many threads, and the
		 * child waits for a lock that one of the others has.
		 */
		for (int tries = 5; !is_started() && tries; tries--)
			start_daemon();
		ASSERT_TRUE(is_started()) << "libvirtd does not answer";
	}

	void TearDown() override
	{
		if (daemon_)
			daemon_->kill();
		if (HasFailure())
			std::printf("# libvirtd: %s\n", text_if_any(log).c_str());
		programs::TearDown();
	}

	static std::string virsh(const std::string &words)
	{
		return output_of("LD_LIBRARY_PATH=" + libraries() + " timeout 30 " +
				 fetched("libvirt", "usr/bin/virsh") + " -c qemu:///system " +
				 words);
	}

	/* "shm_pages_to_scan  100", by name. */
	static std::map<std::string, std::string> parameters()
	{
		std::istringstream lines(virsh("node-memory-tune"));
		std::map<std::string, std::string> all;

		for (std::string name, value;
		     lines >> name && std::getline(lines >> std::ws, value);)
			all[name] = value;
		return all;
	}

private:
	static constexpr const char *socket = "/run/libvirt/libvirt-sock";
	static constexpr const char *log = "/tmp/libvirtd.log";

	bool is_started() const
	{
		try {
			return daemon_ && !virsh("uri").empty();
		} catch (const std::exception &) {
			return false;
		}
	}

	void start_daemon()
	{
		if (daemon_)
			daemon_->kill();
		std::filesystem::remove(socket); /* which one that was killed leaves behind */
		daemon_.emplace([](parent_link &) { run_daemon(); });
		await_that([] { return std::filesystem::exists(socket); },
			   "libvirtd at " + std::string(socket));
	}

	static std::string libraries() { return fetched("libvirt", "usr/lib/x86_64-linux-gnu"); }

	/* It writes to /etc and /var, which are not to be written to: it gets its own. */
	static void run_daemon()
	{
		require(!unshare(CLONE_NEWNS) &&
				!mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) &&
				!mount("none", "/etc", "tmpfs", 0, nullptr) &&
				!mount("none", "/var", "tmpfs", 0, nullptr),
			"no mounts of its own");
		/* Debian's default for QEMU has to be there, even if it is another one. */
		std::ofstream("/etc/passwd") << "root:x:0:0::/:/bin/sh\n"
					     << "libvirt-qemu:x:64055:64055::/:/bin/sh\n";
		std::ofstream("/etc/group") << "root:x:0:\nlibvirt-qemu:x:64055:\n";
		setenv("LD_LIBRARY_PATH", libraries().c_str(), 1);
		setenv("LIBVIRT_DRIVER_DIR", (libraries() + "/libvirt/connection-driver").c_str(),
		       1);
		/* It complains of all that is missing here, and nobody needs. */
		require(std::freopen(log, "w", stderr), log);
		become({fetched("libvirt", "usr/sbin/libvirtd")});
	}

	std::optional<child> daemon_;
};

TEST_F(libvirt, shows_what_is_in_the_files)
{
	const auto shown = parameters();
	const char *const names[] = {"pages_to_scan", "sleep_millisecs",   "pages_shared",
				     "pages_sharing", "pages_unshared",	   "pages_volatile",
				     "full_scans",    "merge_across_nodes"};

	for (const std::string name : names) {
		ASSERT_TRUE(shown.contains("shm_" + name)) << name;
		EXPECT_EQ(shown.at("shm_" + name), knob_text(name)) << name;
	}
	expect_still();
}

TEST_F(libvirt, sets_what_it_is_told)
{
	virsh("node-memory-tune --shm-pages-to-scan 123 --shm-sleep-millisecs 4000000000");
	EXPECT_EQ(knob("pages_to_scan"), 123);
	EXPECT_EQ(knob("sleep_millisecs"), 4000000000);
}

} /* namespace ksm */
