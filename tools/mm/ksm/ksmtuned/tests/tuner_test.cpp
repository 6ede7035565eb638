// SPDX-License-Identifier: GPL-2.0
/* What is written and logged at each interval, and what is done where the kernel refuses. */
#include <cerrno>
#include <filesystem>

#include "error.hpp"
#include "ksmtuned/tests/fake_machine.hpp"
#include "ksmtuned/tuner.hpp"
#include "tests/expect.hpp"
#include "tests/program.hpp"

namespace ksm::tuned
{
namespace
{

using lines = std::vector<std::string>;

class tuning_test : public fake_machine
{
protected:
	tuning_test()
	{
		settings_.debug = true;
		settings_.log_file = root() + "/log";
		settings_.metrics_file = "";
		add_process(100, qemu("a", 4'000'000));
	}

	void tune()
	{
		testing::internal::CaptureStderr();
		if (!tuner_)
			tuner_.emplace(knobs_, proc(), journal_, settings_);
		tuner_->tune();
		said_ = testing::internal::GetCapturedStderr();
	}

	int permissions(const std::string &name) const
	{
		return int(std::filesystem::status(root() + "/" + name).permissions());
	}

	/* What use() throws. */
	std::string refusal()
	{
		try {
			tuner_->use(settings_);
		} catch (const error &error) {
			return std::string(error.what()) + " / " + error.cure();
		}
		return "(taken)";
	}

	/* The last @count lines of the log, without the date. */
	lines logged(std::size_t count) const
	{
		lines all = lines_of(file("log"));

		if (all.size() > count)
			all.erase(all.begin(), all.end() - std::ptrdiff_t(count));
		for (std::string &line : all)
			line = line.substr(line.find(": ") + 2);
		return all;
	}

	kernel_knobs knobs_{path()};
	journal journal_;
	settings settings_;
	std::optional<tuner> tuner_;
	std::string said_;
};

TEST_F(tuning_test, classic)
{
	memory(16'000'000, 8'000'000);
	tune();
	EXPECT_EQ(knobs_.written, lines{"run=0"});
	EXPECT_EQ(logged(6), (lines{"total 16000000", "sleep 10", "thres 3200000",
				    "committed 4000000 free 8000000",
				    "7200000 < 16000000 and free > 3200000, stop ksm",
				    "scan cycle 7: shared 100000 sharing 299950 unshared 5000 "
				    "volatile 12"}));
	EXPECT_HAS(tuner_->state(), "ksmd stopped: virtual machines hold 4000000 kB");
	EXPECT_EQ(permissions("log"), 0640); /* whatever counters are root's secret */

	knobs_.written.clear();
	memory(16'000'000, 3'000'000);
	tune();
	EXPECT_EQ(knobs_.written, (lines{"pages_to_scan=300", "sleep_millisecs=10", "run=1"}));
	EXPECT_EQ(logged(5),
		  (lines{"committed 4000000 free 3000000", "7200000 > 16000000, start ksm",
			 "3000000 < 3200000, boost", "KSMCTL start 300 10",
			 "scan cycle 7: shared 100000 sharing 299950 unshared 5000 "
			 "volatile 12"}));
	EXPECT_HAS(tuner_->state(), "ksmd scans 300 pages, then sleeps 10 ms");

	memory(16'000'000, 5'000'000);
	add_process(101, qemu("b", 12'000'000));
	tune();
	EXPECT_EQ(logged(3)[0], "5000000 > 3200000, decay");
	EXPECT_EQ(logged(2)[0], "KSMCTL start 250 10");
	EXPECT_EQ(said_, "");
}

TEST_F(tuning_test, nothing_is_logged_without_debug)
{
	settings_.debug = false;
	tune();
	EXPECT_FALSE(std::filesystem::exists(settings_.log_file));
}

/* The one before us wrote all three in vain, and nobody learned of it. */
TEST_F(tuning_test, an_advisor_keeps_its_knob_and_is_named_once)
{
	knob("advisor_mode", "none [scan-time]");
	memory(16'000'000, 3'000'000);
	tune();
	EXPECT_EQ(knobs_.written, (lines{"sleep_millisecs=10", "run=1"}));
	EXPECT_EQ(lines_of(said_).size(), 1u) << said_;
	EXPECT_HAS(said_, "advisor_mode is scan-time, so pages_to_scan is left to");
	EXPECT_HAS(said_, "KSM_MODE=kernel");
	EXPECT_EQ(text("pages_to_scan"), "100");
	EXPECT_EQ(logged(2)[0], "KSMCTL start 300 10");
	EXPECT_HAS(tuner_->state(), "as many pages as the advisor says");

	tune();
	EXPECT_EQ(said_, "");

	/* Switched off and on again is news. */
	knob("advisor_mode", "[none] scan-time");
	tune();
	EXPECT_EQ(said_, "");
	EXPECT_EQ(text("pages_to_scan"), "900");
	knob("advisor_mode", "none [scan-time]");
	tune();
	EXPECT_HAS(said_, "advisor_mode is scan-time");
}

TEST_F(tuning_test, an_advisor_that_comes_between)
{
	memory(16'000'000, 3'000'000);
	knobs_.refused["pages_to_scan"] = EINVAL;
	knob("advisor_mode", "[none] scan-time");
	tune();
	EXPECT_HAS(said_, "ksmtuned: cannot set pages_to_scan to '300': this kernel does not take");
}

TEST_F(tuning_test, refused_writes_are_told_once_and_the_rest_is_done)
{
	memory(16'000'000, 3'000'000);
	knobs_.refused["sleep_millisecs"] = EACCES;
	tune();
	EXPECT_EQ(lines_of(said_).size(), 1u) << said_;
	EXPECT_HAS(said_, "cannot set sleep_millisecs to '10': Permission denied; the knobs can");
	EXPECT_EQ(knobs_.written, (lines{"pages_to_scan=300", "run=1"}));
	EXPECT_HAS(file("log"), ": cannot set sleep_millisecs");
	tune();
	EXPECT_EQ(said_, "");

	knobs_.refused.clear();
	tune();
	knobs_.refused["sleep_millisecs"] = EACCES;
	tune();
	EXPECT_HAS(said_, "cannot set sleep_millisecs");
}

/* Nobody shall read that ksmd does what it does not. */
TEST_F(tuning_test, the_state_tells_of_refused_writes)
{
	const std::string refuses = "the kernel refuses a part of this, see the journal: ";

	for (const char *name : {"pages_to_scan", "sleep_millisecs", "run"}) {
		memory(16'000'000, 3'000'000);
		knobs_.refused = {{name, EACCES}};
		tune();
		EXPECT_EQ(tuner_->state().rfind(refuses + "ksmd scans ", 0), 0u) << name;
	}
	memory(16'000'000, 8'000'000);
	tune();
	EXPECT_EQ(tuner_->state().rfind(refuses + "ksmd stopped", 0), 0u);
	knobs_.refused.clear();
	tune();
	EXPECT_EQ(tuner_->state().rfind("ksmd stopped", 0), 0u);

	settings_.mode = tuning::kernel;
	settings_.advisor_max_cpu = 20;
	tuner_->use(settings_);
	for (const char *name : {"advisor_max_cpu", "advisor_mode", "run"}) {
		knobs_.refused = {{name, EACCES}};
		knob("advisor_mode", "[none] scan-time");
		knob("advisor_max_cpu", "70");
		knob("run", "0");
		tune();
		EXPECT_EQ(tuner_->state().rfind(refuses, 0), 0u) << name;
	}
}

TEST_F(tuning_test, kernel_mode_sets_the_advisor_and_leaves_the_rest_to_it)
{
	settings_.mode = tuning::kernel;
	settings_.advisor_max_cpu = 20;
	settings_.advisor_target_scan_time = 60;
	knob("run", "0");
	memory(16'000'000, 8'000'000); /* classic would stop */
	tune();
	EXPECT_EQ(knobs_.written, (lines{"advisor_max_cpu=20", "advisor_target_scan_time=60",
					 "advisor_mode=scan-time", "run=1"}));
	EXPECT_EQ(logged(3).size(), 2u); /* no threshold that nothing goes by */
	EXPECT_EQ(logged(2)[0], "advisor scan-time advisor_max_cpu 20 advisor_target_scan_time 60, "
				"start ksm");
	EXPECT_HAS(tuner_->state(), "the kernel's advisor sets the pace: scan-time");

	/* What is as it should be is left alone. */
	knobs_.written.clear();
	tune();
	EXPECT_TRUE(knobs_.written.empty());
	knob("advisor_max_cpu", "70");
	tune();
	EXPECT_EQ(knobs_.written, lines{"advisor_max_cpu=20"});
	EXPECT_EQ(said_, "");
}

TEST_F(tuning_test, kernel_mode_leaves_unset_limits_alone_and_takes_the_better_advisor)
{
	settings_.mode = tuning::kernel;
	knob("advisor_mode", "[none] scan-time cpu-budget");
	tune();
	EXPECT_EQ(knobs_.written, lines{"advisor_mode=cpu-budget"});
	EXPECT_EQ(said_, "");

	settings_.advisor_target_scan_time = 60;
	knobs_.written.clear();
	knob("advisor_mode", "none scan-time [cpu-budget]");
	tuner_.reset();
	tune();
	EXPECT_EQ(knobs_.written, lines{});
	EXPECT_HAS(said_, "KSM_ADVISOR_TARGET_SCAN_TIME is ignored");
}

TEST_F(tuning_test, kernel_mode_needs_an_advisor)
{
	tune();
	settings_.mode = tuning::kernel;
	settings_.advisor_max_cpu = 20;
	remove("advisor_max_cpu");
	EXPECT_HAS(refusal(), "KSM_ADVISOR_MAX_CPU: this kernel has no advisor_max_cpu / remove");
	remove("advisor_mode");
	EXPECT_HAS(refusal(), "this kernel has no advisor that we know / run Linux 6.8");
	knob("advisor_mode", "[none] other");
	EXPECT_HAS(refusal(), "this kernel has no advisor that we know");
	EXPECT_EQ(tuner_->settings().mode, tuning::classic);
}

TEST_F(tuning_test, back_to_classic_gives_the_advisor_back)
{
	settings_.mode = tuning::kernel;
	tune();
	EXPECT_EQ(parse_knob(text("advisor_mode")).value, "scan-time");

	settings_.mode = tuning::classic;
	tuner_->use(settings_);
	EXPECT_EQ(parse_knob(text("advisor_mode")).value, "none");
	memory(16'000'000, 3'000'000);
	tune();
	EXPECT_EQ(said_, "");
	EXPECT_EQ(text("pages_to_scan"), "300");
}

TEST_F(tuning_test, hidden_files_are_told_of)
{
	if (geteuid())
		GTEST_SKIP() << "takes root, to become somebody else";
	std::filesystem::permissions(proc("100/fd"), std::filesystem::perms::none);
	chmod(root().c_str(), 0755);
	chmod(path().c_str(), 0755);
	settings_.debug = false;
	ASSERT_EQ(seteuid(65534), 0);
	tune();
	ASSERT_EQ(seteuid(0), 0);
	EXPECT_HAS(said_, "the files of other processes are hidden, so their virtual machines are "
			  "not seen; run with CAP_SYS_PTRACE");
}

/* Not to see them is not to know that there are none, for which ksmd would be stopped. */
TEST_F(tuning_test, processes_that_cannot_be_listed)
{
	if (geteuid())
		GTEST_SKIP() << "takes root, to become somebody else";
	memory(16'000'000, 8'000'000);
	settings_.debug = false;
	tuner_.emplace(knobs_, proc(), journal_, settings_);
	chmod(root().c_str(), 0755);
	chmod(proc().c_str(), 0711);
	ASSERT_EQ(seteuid(65534), 0);
	EXPECT_THROW(tuner_->tune(), error);
	ASSERT_EQ(seteuid(0), 0);
	EXPECT_TRUE(knobs_.written.empty());
}

TEST_F(tuning_test, metrics)
{
	settings_.metrics_file = root() + "/ksm.prom";
	tune();
	EXPECT_HAS(file("ksm.prom"), "ksm_exposure_bytes 1228800000\n");
	EXPECT_EQ(permissions("ksm.prom"), 0644);
	knob("restrict_counters", "1");
	tune();
	EXPECT_EQ(permissions("ksm.prom"), 0640);

	/* Elsewhere from now on: the old ones would be taken for those of now. */
	settings_.metrics_file = root() + "/other.prom";
	tuner_->use(settings_);
	EXPECT_FALSE(std::filesystem::exists(root() + "/ksm.prom"));
	tune();
	tuner_->withdraw();
	EXPECT_FALSE(std::filesystem::exists(root() + "/other.prom"));

	settings_.metrics_file = root() + "/none/ksm.prom";
	tuner_->use(settings_);
	tune();
	EXPECT_HAS(said_, "/none/ksm.prom: No such file or directory; make its directory");
	tune();
	EXPECT_EQ(said_, "");
}

} /* namespace */
} /* namespace ksm::tuned */
