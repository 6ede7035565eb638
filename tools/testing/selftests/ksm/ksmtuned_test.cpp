// SPDX-License-Identifier: GPL-2.0
/*
 * A host whose memory gets short as virtual machines come, and is not any more when they go:
 * ksmtuned starts ksmd and stops it, ours and the shell script that had this name before.
 */
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "support/child.hpp"
#include "support/exporter.hpp"
#include "support/fixture.hpp"
#include "support/host.hpp"
#include "support/passes.hpp"
#include "support/program.hpp"
#include "support/region.hpp"

namespace ksm
{

class tuned_host : public ksm_test
{
protected:
	static constexpr const char *log_file = "/tmp/ksmtuned.log";
	static constexpr const char *pid_file = "/tmp/ksmtuned.pid";

	/* Memory is short once the virtual machines have taken the half of theirs. */
	static std::string configuration()
	{
		std::ostringstream text;

		text << "KSM_MONITOR_INTERVAL=1\nKSM_SLEEP_MSEC=1\nKSM_THRES_COEF=0\n"
		     << "KSM_THRES_CONST=" << free_kb() - qemu::mib * 1024 << "\n"
		     << "PIDFILE=" << pid_file << "\nLOGFILE=" << log_file << "\nDEBUG=1\n";
		return text.str();
	}

	void prepare() override
	{
		KSM_SKIP_IF(why_no_qemu());
		for (const char *file : {log_file, pid_file})
			unlink(file);
	}

	void TearDown() override
	{
		if (daemon_) {
			/* The script leaves its sleep(1) behind. */
			::kill(-daemon_->pid(), SIGKILL);
			daemon_->kill();
		}
		ksm_test::TearDown();
	}

	/* In a process group of its own; @run becomes the daemon. */
	void start(const std::function<void()> &run)
	{
		daemon_.emplace([&](parent_link &) {
			require(!setpgid(0, 0), "setpgid");
			run();
		});
	}

	/* The last line of the log that has it, behind the date; empty if there is none. */
	static std::string last(const std::string &what)
	{
		std::istringstream log(text_if_any(log_file));
		std::string found;

		for (std::string line; std::getline(log, line);)
			if (line.find(what) != line.npos)
				found = line.substr(line.find(": ") + 2);
		return found;
	}

	static std::size_t lines(const std::string &what)
	{
		const std::string log = text_if_any(log_file);
		std::size_t count = 0;

		for (std::size_t at = 0; (at = log.find(what, at)) != log.npos; at++)
			count++;
		return count;
	}

	static void await_next(const std::string &what)
	{
		const std::size_t before = lines(what);

		await_that([&] { return lines(what) > before; },
			   "another line '" + what + "' in the log");
	}

	/* What it says that it has set is what is set. */
	static void expect_set()
	{
		std::string said, there;

		await_that(
			[&] {
				said = last("KSMCTL start");
				there = "KSMCTL start " + knob_text("pages_to_scan") + " " +
					knob_text("sleep_millisecs");
				return said == last("KSMCTL start");
			},
			"a moment without a decision");
		EXPECT_EQ(there, said);
	}

	void run_through()
	{
		set_knob("run", 1);
		await_next("stop ksm");
		EXPECT_EQ(last("committed").rfind("committed 0 free ", 0), 0u) << last("committed");
		EXPECT_EQ(knob("run"), 0);

		auto first = std::make_unique<qemu>(), second = std::make_unique<qemu>();
		await_next("boost");
		await_next("KSMCTL start");
		EXPECT_EQ(knob("run"), 1);
		expect_set();
		EXPECT_GT(std::stol(last("committed").substr(10)), 2 * qemu::mib * 1024);
		await_that([] { return knob("pages_sharing") > qemu::mib * 256; },
			   "the half of the virtual machines' memory is merged");

		first.reset();
		second.reset();
		await_next("stop ksm");
		EXPECT_EQ(knob("run"), 0);
	}

	std::optional<child> daemon_;

private:
	/* A huge page that is split has its empty parts freed at once, which KSM does not count. */
	other_value no_huge_pages_{"/sys/kernel/mm/transparent_hugepage/enabled", "never"};
};

class ksmtuned_script : public tuned_host
{
protected:
	void prepare() override
	{
		KSM_SKIP_IF(why_not_fetched("ksmtuned"));
		for (const char *command : {"awk", "pgrep", "ps"})
			KSM_SKIP_IF(why_no_command(command));
		tuned_host::prepare();
	}
};

TEST_F(ksmtuned_script, starts_and_stops_ksmd)
{
	const std::string settings = configuration();

	start([&] {
		std::istringstream lines(settings);

		for (std::string line; std::getline(lines, line);)
			putenv(strdup(line.c_str()));
		become({"bash", fetched("ksmtuned", "usr/sbin/ksmtuned")});
	});
	run_through();
}

/* Ours, with the capabilities that its unit leaves it. */
class ksmtuned : public tuned_host
{
protected:
	static constexpr const char *configuration_file = "/tmp/ksmtuned.conf";
	static constexpr const char *figures = "/tmp/ksmtuned.figures";

	void prepare() override
	{
		if (!std::getenv("KSMTUNED"))
			GTEST_SKIP() << "KSMTUNED does not say where the program is";
		tuned_host::prepare();
	}

	void start_ours(const std::string &more = "")
	{
		std::ofstream(configuration_file) << configuration() << more;
		start([] {
			for (unsigned long i = 0; i <= CAP_LAST_CAP; i++)
				require(i == CAP_SYS_PTRACE || i == CAP_DAC_READ_SEARCH ||
						!prctl(PR_CAPBSET_DROP, i, 0, 0, 0) ||
						errno == EINVAL,
					"cannot drop a capability");
			become({std::getenv("KSMTUNED"), "--foreground", "--config",
				configuration_file});
		});
	}

	static void jump(time_t seconds)
	{
		timeval now;

		gettimeofday(&now, nullptr);
		now.tv_sec += seconds;
		ASSERT_EQ(settimeofday(&now, nullptr), 0);
	}
};

TEST_F(ksmtuned, starts_and_stops_ksmd)
{
	start_ours();
	run_through();
}

TEST_F(ksmtuned, goes_on_when_the_clock_jumps)
{
	start_ours();
	for (const time_t seconds : {86400, -86400}) {
		await_next("committed");
		jump(seconds);
		await_next("committed");
		await_next("committed");
	}
}

TEST_F(ksmtuned, has_figures_that_node_exporter_takes)
{
	KSM_SKIP_IF(why_not_fetched("node_exporter"));
	const qemu machine;
	const std::string pid = "pid=\"" + std::to_string(machine.pid()) + "\"";
	region memory(64);
	bool has_machine = false;

	memory.fill_all(1);
	memory.mergeable();
	scan(2);
	mkdir(figures, 0755);
	start_ours(std::string("KSM_METRICS_FILE=") + figures + "/ksm.prom\n");
	await_next("stop ksm");
	await_next("committed");

	const exporter exporter(figures);
	const auto shown = exporter.metrics();
	EXPECT_EQ(shown.at("node_textfile_scrape_error"), 0);
	EXPECT_EQ(shown.at("ksm_exposure_bytes"),
		  double((knob("pages_sharing") + knob("ksm_zero_pages")) * long(page_size)));
	if (has_knob("metadata_bytes")) {
		/* The guest maps and unmaps memory meanwhile. */
		EXPECT_NEAR(shown.at("ksm_metadata_bytes"), double(knob("metadata_bytes")),
			    0.01 * double(knob("metadata_bytes")));
	}
	for (const auto &[metric, value] : shown)
		has_machine |= metric.starts_with("ksm_vm_resident_bytes{") &&
			       metric.find(pid) != metric.npos && value > double(qemu::mib << 20);
	EXPECT_TRUE(has_machine) << pid;
}

} /* namespace ksm */
