// SPDX-License-Identifier: GPL-2.0
/* What the variables of the configuration mean, and which values make no sense. */
#include "error.hpp"
#include "ksmtuned/duration.hpp"
#include "ksmtuned/settings.hpp"
#include "ksmtuned/tests/fake_machine.hpp"
#include "tests/expect.hpp"

namespace ksm::tuned
{
namespace
{

configuration of(const std::string &text)
{
	return configure(read_assignments(text, "conf", {}), "conf");
}

std::string complaint(const std::string &text)
{
	try {
		of(text);
	} catch (const error &error) {
		return std::string(error.what()) + " / " + error.cure();
	}
	return "(taken)";
}

TEST(settings, defaults)
{
	const settings s = of("").settings;

	EXPECT_EQ(s.interval, std::chrono::seconds(60));
	EXPECT_EQ(s.sleep_msec, 10);
	EXPECT_EQ(s.npages_boost, 300);
	EXPECT_EQ(s.npages_decay, -50);
	EXPECT_EQ(s.npages_min, 64);
	EXPECT_EQ(s.npages_max, 1250);
	EXPECT_EQ(s.thres_coef, 20);
	EXPECT_EQ(s.thres_const, 2048);
	EXPECT_EQ(s.pid_file, "/var/run/ksmtune.pid");
	EXPECT_EQ(s.log_file, "");
	EXPECT_FALSE(s.debug);
	EXPECT_EQ(s.mode, tuning::classic);
	EXPECT_EQ(s.vm_pattern, "");
	EXPECT_EQ(s.ps_metric, metric::rsz);
	EXPECT_FALSE(s.advisor_max_cpu);
	EXPECT_FALSE(s.advisor_target_scan_time);
	EXPECT_EQ(s.metrics_file, "");
}

TEST(settings, all_of_them)
{
	const settings s = of("KSM_MONITOR_INTERVAL=1.5m KSM_SLEEP_MSEC=20 KSM_NPAGES_BOOST=1\n"
			      "KSM_NPAGES_DECAY=-2 KSM_NPAGES_MIN=3 KSM_NPAGES_MAX=4\n"
			      "KSM_THRES_COEF=5 KSM_THRES_CONST=6 KSM_PS_METRIC=pss\n"
			      "KSM_VM_PATTERN='^kvm ' KSM_MODE=kernel KSM_ADVISOR_MAX_CPU=7\n"
			      "KSM_ADVISOR_TARGET_SCAN_TIME=8 KSM_METRICS_FILE=/m PIDFILE=/p\n"
			      "LOGFILE=/l DEBUG=0\n")
				   .settings;

	EXPECT_EQ(s.interval, std::chrono::seconds(90));
	EXPECT_EQ(s.sleep_msec, 20);
	EXPECT_EQ(s.npages_boost, 1);
	EXPECT_EQ(s.npages_decay, -2);
	EXPECT_EQ(s.npages_min, 3);
	EXPECT_EQ(s.npages_max, 4);
	EXPECT_EQ(s.thres_coef, 5);
	EXPECT_EQ(s.thres_const, 6);
	EXPECT_EQ(s.ps_metric, metric::pss);
	EXPECT_EQ(s.vm_pattern, "^kvm ");
	EXPECT_EQ(s.mode, tuning::kernel);
	EXPECT_EQ(s.advisor_max_cpu, 7);
	EXPECT_EQ(s.advisor_target_scan_time, 8);
	EXPECT_EQ(s.metrics_file, "/m");
	EXPECT_EQ(s.pid_file, "/p");
	EXPECT_EQ(s.log_file, "/l");
	EXPECT_TRUE(s.debug); /* any word, as ever */
}

/* As a shell's ${NAME:-default}. */
TEST(settings, empty_is_the_default)
{
	EXPECT_EQ(of("KSM_NPAGES_MAX=").settings.npages_max, 1250);
	EXPECT_FALSE(of("DEBUG=").settings.debug);
	EXPECT_EQ(of("KSM_MODE=''").settings.mode, tuning::classic);
}

TEST(settings, numbers_may_be_expressions)
{
	EXPECT_EQ(of("KSM_NPAGES_BOOST='100*3'").settings.npages_boost, 300);
	EXPECT_EQ(of("N=5; KSM_NPAGES_BOOST=N*2").settings.npages_boost, 10);
	EXPECT_EQ(of("KSM_NPAGES_MIN=$((2 * 32))").settings.npages_min, 64);
}

TEST(settings, refusals_name_line_and_variable)
{
	const std::pair<const char *, const char *> all[] = {
		{"\nKSM_NPAGES_MAX=many", "conf line 2: KSM_NPAGES_MAX: 'many': many has no value"},
		{"KSM_NPAGES_MAX=-1", "KSM_NPAGES_MAX: -1 is out of range / it takes 0 to"},
		{"KSM_NPAGES_MAX=4294967296", "KSM_NPAGES_MAX: 4294967296 is out of range"},
		{"KSM_NPAGES_MIN=064", "KSM_NPAGES_MIN: '064': '064' begins with 0"},
		{"KSM_THRES_COEF=-5", "KSM_THRES_COEF: -5 is out of range"},
		{"KSM_NPAGES_BOOST='7 * 3'", "KSM_NPAGES_BOOST: '7 * 3' has blanks in it / write "
					     "KSM_NPAGES_BOOST=$((7 * 3))"},
		{"KSM_ADVISOR_MAX_CPU=0", "KSM_ADVISOR_MAX_CPU: 0 is out of range"},
		{"KSM_ADVISOR_MAX_CPU=101", "KSM_ADVISOR_MAX_CPU: 101 is out of range"},
		{"KSM_ADVISOR_TARGET_SCAN_TIME=0", "KSM_ADVISOR_TARGET_SCAN_TIME: 0 is out of"},
		{"KSM_MONITOR_INTERVAL=0", "KSM_MONITOR_INTERVAL: '0' is no time to wait"},
		{"KSM_MONITOR_INTERVAL=x", "KSM_MONITOR_INTERVAL: 'x' is no time to wait"},
		{"KSM_MODE=auto", "KSM_MODE: there is no 'auto' / it takes classic or kernel"},
		{"KSM_PS_METRIC=vsz", "KSM_PS_METRIC: there is no 'vsz' / it takes rsz or rss or"},
		{"KSM_VM_PATTERN='('", "KSM_VM_PATTERN: '(': Unmatched ( or"},
		{"LOGFILE=log", "LOGFILE: 'log' is no full path"},
		{"KSM_METRICS_FILE=m", "KSM_METRICS_FILE: 'm' is no full path"},
		{"PIDFILE=", "PIDFILE: it is empty"},
	};

	for (const auto &[text, said] : all)
		EXPECT_HAS(complaint(text), said);
}

TEST(settings, warnings)
{
	const auto typo = of("\nKSM_NPAGES_MXA=5\nOTHER=6\n").warnings;
	ASSERT_EQ(typo.size(), 1u);
	EXPECT_EQ(typo[0], "conf line 2: nothing uses KSM_NPAGES_MXA; did you mean "
			   "'KSM_NPAGES_MAX'?");

	const auto bounds = of("KSM_NPAGES_MIN=5000").warnings;
	ASSERT_EQ(bounds.size(), 1u);
	EXPECT_HAS(bounds[0], "more than KSM_NPAGES_MAX (1250)");
	EXPECT_TRUE(of("KSM_NPAGES_MIN=1250").warnings.empty());

	const auto name = of("KSM_METRICS_FILE=/m/ksm.txt").warnings;
	ASSERT_EQ(name.size(), 1u);
	EXPECT_HAS(name[0], "KSM_METRICS_FILE (/m/ksm.txt) does not end in .prom");
	EXPECT_TRUE(of("KSM_METRICS_FILE=/m/ksm.prom").warnings.empty());
}

/* What --check prints can be a configuration itself. */
TEST(settings, text_and_back)
{
	const settings s = of("KSM_MONITOR_INTERVAL=0.5 KSM_NPAGES_DECAY=-7 KSM_MODE=kernel\n"
			      "KSM_ADVISOR_MAX_CPU=20 DEBUG=yes KSM_PS_METRIC=pss\n"
			      "KSM_VM_PATTERN='it'\\''s \"$x\"' LOGFILE='/a b'")
				   .settings;

	EXPECT_EQ(text_of(of(text_of(s)).settings), text_of(s));
	EXPECT_EQ(of(text_of(s)).settings.vm_pattern, "it's \"$x\"");
	EXPECT_EQ(of(text_of(s)).settings.npages_decay, -7);
	EXPECT_EQ(of(text_of(s)).settings.advisor_max_cpu, 20);
	EXPECT_EQ(of(text_of(s)).settings.interval, std::chrono::milliseconds(500));
	EXPECT_EQ(text_of(of(text_of({})).settings), text_of({}));
}

TEST(settings, durations)
{
	using std::chrono::milliseconds;

	EXPECT_EQ(duration_in("60"), milliseconds(60'000));
	EXPECT_EQ(duration_in("0.25"), milliseconds(250));
	EXPECT_EQ(duration_in("2s"), milliseconds(2'000));
	EXPECT_EQ(duration_in("1.5m"), milliseconds(90'000));
	EXPECT_EQ(duration_in("1h"), milliseconds(3'600'000));
	EXPECT_EQ(duration_in("365d"), milliseconds(31'536'000'000));
	for (const char *text :
	     {"", "s", "-1", "0", "0.01", "366d", "1w", "1 m", "inf", "nan", "1e3"})
		EXPECT_FALSE(duration_in(text)) << text;
}

class configuration_file : public fake_machine
{
};

TEST_F(configuration_file, none_gives_the_defaults)
{
	EXPECT_EQ(text_of(read_configuration(root() + "/none").settings), text_of({}));
}

TEST_F(configuration_file, one_that_cannot_be_read_is_an_error)
{
	EXPECT_THROW(read_configuration(root()), error);
}

TEST_F(configuration_file, counts_more_than_the_environment)
{
	put_file("conf", "KSM_NPAGES_MAX=7\n");
	setenv("KSM_NPAGES_MAX", "8", 1);
	setenv("KSM_NPAGES_MIN", "5", 1);
	const settings s = read_configuration(root() + "/conf").settings;
	EXPECT_EQ(s.npages_max, 7);
	EXPECT_EQ(s.npages_min, 5);

	setenv("KSM_NPAGES_MIN", "x y", 1);
	try {
		read_configuration(root() + "/conf");
		ADD_FAILURE() << "taken";
	} catch (const error &error) {
		EXPECT_HAS(std::string(error.what()), "the environment: KSM_NPAGES_MIN: 'x y'");
	}
	unsetenv("KSM_NPAGES_MAX");
	unsetenv("KSM_NPAGES_MIN");
}

} /* namespace */
} /* namespace ksm::tuned */
