// SPDX-License-Identifier: GPL-2.0
/* 'enable' and 'disable': knobs now and at each boot, and the memory of services. */
#include <cstdlib>
#include <filesystem>

#include "lib/json.hpp"
#include "tests/expect.hpp"
#include "tests/fake_proc.hpp"
#include "tests/program.hpp"

namespace fs = std::filesystem;

namespace ksm
{
namespace
{

const std::string conf = "etc/tmpfiles.d/ksmctl.conf";

/* The root of the fake files is that of the system, too. */
class persist : public fake_proc
{
protected:
	persist()
	{
		put_file("usr/bin/systemd-tmpfiles", "");
		put_file("usr/lib/systemd/system/nginx.service", "[Service]\n");
		put_file("usr/lib/systemd/system/worker@.service", "[Service]\n");
		knob("run", "0");
	}

	outcome at(std::vector<std::string> words, const manner &manner = {.columns = 500}) const
	{
		words.insert(words.begin(),
			     {"--sysfs", path(), "--proc", proc(), "--root", root()});
		return ksmctl(words, manner);
	}

	bool has(const std::string &name) const { return fs::exists(root() + "/" + name); }

	/* No file but the one is left behind. */
	std::size_t files_beside(const std::string &name) const
	{
		const fs::directory_iterator all((fs::path(root()) / name).parent_path());

		return std::size_t(std::distance(begin(all), end(all))) - has(name);
	}
};

TEST_F(persist, ksmd_runs_now_and_at_each_boot)
{
	const outcome done = at({"enable"});

	EXPECT_EQ(done.status, 0) << done.out;
	EXPECT_HAS(done.out, "run: 0 -> 1 (");
	EXPECT_HAS(done.out, root() + "/" + conf + " written\n");
	EXPECT_LACKS(done.out, "warning");
	EXPECT_EQ(text("run"), "1");
	EXPECT_EQ(text("advisor_mode"), "[none] scan-time");
	EXPECT_HAS(file(conf), "\nw /sys/kernel/mm/ksm/run - - - - 1");
	EXPECT_EQ(files_beside(conf), 0u);
}

TEST_F(persist, a_profile_sets_other_knobs_too_and_says_why)
{
	const outcome done = at({"enable", "--profile", "vmhost"});

	EXPECT_EQ(done.status, 0) << done.out;
	EXPECT_HAS(done.out, "profile vmhost, for hosts of virtual machines");
	EXPECT_HAS(done.out, "use_zero_pages: 0 -> 1 (");
	EXPECT_HAS(done.out, "s): free memory of guests is mostly zeroes\n");
	/* A write does not cut the fake file short. */
	EXPECT_EQ(text("advisor_mode").rfind("scan-time", 0), 0u);
	EXPECT_EQ(text("thp_split_threshold"), "100");
	EXPECT_EQ(text("run"), "1");
	EXPECT_HAS(file(conf), "# Profile vmhost\n");
	EXPECT_HAS(file(conf), "w /sys/kernel/mm/ksm/thp_split_threshold - - - - 100\n");

	/* Another one takes its place. */
	EXPECT_EQ(at({"enable", "--profile", "containers"}).status, 0);
	EXPECT_LACKS(file(conf), "thp_split_threshold - - - - 100");
	EXPECT_HAS(file(conf), "restrict_counters - - - - 1");
	EXPECT_EQ(at({"enable", "--profile", "desktop"}).status, 0);
	EXPECT_EQ(text("advisor_max_cpu").substr(0, 1), "2");
}

TEST_F(persist, a_budget_is_preferred)
{
	knob("advisor_mode", "[none] scan-time cpu-budget");
	outcome done = at({"enable", "--profile", "vmhost", "--dry-run"});

	EXPECT_HAS(done.out,
		   "advisor_mode: none -> cpu-budget (not written): ksmd keeps to its CPU time");
	EXPECT_HAS(done.out, "advisor_max_cpu: 70 -> 25 (not written): up to a quarter of a CPU");
	EXPECT_LACKS(done.out, "advisor_target_scan_time:");
	EXPECT_LACKS(done.out, "warning");
	EXPECT_EQ(at({"enable", "--profile", "vmhost"}).status, 0);
	EXPECT_EQ(text("advisor_mode").rfind("cpu-budget", 0), 0u);
	EXPECT_EQ(text("advisor_target_scan_time"), "200");
	/* Another kernel may run at the next boot, and may refuse the better one. */
	EXPECT_HAS(file(conf), "w+ /sys/kernel/mm/ksm/advisor_mode - - - - scan-time\n");
	EXPECT_HAS(file(conf), "w+- /sys/kernel/mm/ksm/advisor_mode - - - - cpu-budget\n");
	EXPECT_GT(file(conf).find("cpu-budget"), file(conf).find("scan-time"));

	knob("advisor_mode", "[none] scan-time");
	done = at({"enable", "--profile", "vmhost", "--dry-run"});
	EXPECT_HAS(done.out,
		   "advisor_mode: none -> scan-time (not written): the kernel sets the pace");
	EXPECT_HAS(done.out, "warning: this kernel's advisor_mode has no cpu-budget: it has "
			     "scan-time instead");
}

TEST_F(persist, a_profile_of_no_such_name_is_refused)
{
	const outcome done = at({"enable", "--profile", "vmhosts"});

	EXPECT_EQ(done.status, 2);
	EXPECT_HAS(done.out, "no profile 'vmhosts'; did you mean 'vmhost'?");
	EXPECT_EQ(text("run"), "0");
	EXPECT_FALSE(has(conf));
}

TEST_F(persist, an_older_kernel_gets_what_it_has)
{
	make_old();
	const outcome done = at({"enable", "--profile", "vmhost"});

	EXPECT_EQ(done.status, 0);
	EXPECT_HAS(done.out, "has no advisor_mode, so that it is left out");
	EXPECT_EQ(text("run"), "1");
	EXPECT_FALSE(fs::exists(path("advisor_mode")));
	/* systemd-tmpfiles passes over what is not there. */
	EXPECT_HAS(file(conf), "advisor_mode");
}

TEST_F(persist, systemd_reads_what_is_written)
{
	/* It wants a /proc that is one. */
	const std::string tmpfiles = "unshare -m sh -c 'umount -l /proc && systemd-tmpfiles ";
	int status = 0;

	shell(tmpfiles + "--version'", &status);
	if (status)
		GTEST_SKIP() << "systemd-tmpfiles is not installed, or takes root here";
	ASSERT_EQ(at({"enable", "--profile", "vmhost"}).status, 0);
	put_file("sys/kernel/mm/ksm/run", "0\n");
	put_file("sys/kernel/mm/ksm/advisor_mode", "");
	EXPECT_EQ(shell(tmpfiles + "--create --root=" + root() + " ksmctl.conf 2>&1'"), "");
	EXPECT_EQ(file("sys/kernel/mm/ksm/run"), "1");
	/* Both are written, one after the other, so that the last one counts. */
	EXPECT_EQ(file("sys/kernel/mm/ksm/advisor_mode"), "scan-timecpu-budget");
	EXPECT_FALSE(has("sys/kernel/mm/ksm/use_zero_pages"));
}

TEST_F(persist, a_dry_run_shows_all_and_writes_nothing)
{
	outcome done = at({"enable", "--profile", "desktop", "--dry-run"});

	EXPECT_EQ(done.status, 0);
	EXPECT_HAS(done.out, "run: 0 -> 1 (not written): ksmd runs\n");
	EXPECT_HAS(done.out, conf + " would be:\n# Made by");
	EXPECT_HAS(done.out, "\nw /sys/kernel/mm/ksm/run - - - - 1\n");
	EXPECT_EQ(text("run"), "0");
	EXPECT_FALSE(has("etc"));

	EXPECT_EQ(at({"enable"}).status, 0);
	done = at({"disable", "-n"});
	EXPECT_HAS(done.out, "run: 1 -> 0 (not written)");
	EXPECT_HAS(done.out, conf + " would be removed\n");
	EXPECT_EQ(text("run"), "1");
	EXPECT_TRUE(has(conf));

	done = at({"enable", "--unit", "nginx", "-n"});
	EXPECT_HAS(done.out, "MemoryKSM=yes\n");
	EXPECT_FALSE(has("etc/systemd"));
}

TEST_F(persist, disable_takes_it_away)
{
	EXPECT_EQ(at({"enable"}).status, 0);
	outcome done = at({"disable"});
	EXPECT_EQ(done.status, 0);
	EXPECT_HAS(done.out, "run: 1 -> 0 (");
	EXPECT_HAS(done.out, conf + " removed\n");
	EXPECT_EQ(text("run"), "0");
	EXPECT_FALSE(has(conf));

	done = at({"disable", "--unshare"});
	EXPECT_EQ(done.status, 0);
	EXPECT_HAS(done.out, conf + " is not there\n");
	EXPECT_EQ(text("run"), "2");
}

TEST_F(persist, unsharing_needs_memory_here_too)
{
	EXPECT_EQ(at({"enable"}).status, 0);
	put_file("proc/meminfo", "MemTotal: 4194304 kB\nMemAvailable: 1024 kB\n");
	const outcome done = at({"disable", "--unshare"});

	EXPECT_EQ(done.status, 1);
	EXPECT_HAS(done.out, "to unshare everything takes 1.14 GiB");
	EXPECT_EQ(text("run"), "1");
	EXPECT_TRUE(has(conf));
	EXPECT_EQ(at({"disable", "--unshare", "--force"}).status, 0);
	EXPECT_EQ(text("run"), "2");
}

TEST_F(persist, an_image_gets_files_only)
{
	const outcome done = ksmctl({"enable", "--root", root(), "--profile", "vmhost"});

	EXPECT_EQ(done.status, 0) << done.err;
	EXPECT_LACKS(done.out, "run:");
	EXPECT_EQ(text("run"), "0");
	EXPECT_HAS(file(conf), "ksm/run - - - - 1");
	EXPECT_EQ(ksmctl({"disable", "--root", root()}).status, 0);
	EXPECT_FALSE(has(conf));
	EXPECT_EQ(ksmctl({"enable", "--root", root() + "/none"}).status, 1);
}

TEST_F(persist, says_that_the_file_could_not_be_written)
{
	put_file("etc/tmpfiles.d", "a file\n");
	const outcome done = at({"enable"});

	EXPECT_EQ(done.status, 1);
	EXPECT_HAS(done.out, "the knobs are set now, but not for the next boot: cannot make");
	EXPECT_EQ(text("run"), "1");
}

TEST_F(persist, a_user_without_the_right_changes_nothing)
{
	if (geteuid())
		GTEST_SKIP() << "not root, who alone can become nobody";
	const outcome done = at({"enable"}, {.as_nobody = true, .columns = 500});

	EXPECT_EQ(done.status, 1);
	EXPECT_HAS(done.out, "by root only");
	EXPECT_EQ(text("run"), "0");
	EXPECT_FALSE(has("etc"));
	EXPECT_HAS(at({"enable", "--unit", "nginx"}, {.as_nobody = true, .columns = 500}).out,
		   "only root may");
}

TEST_F(persist, warns_of_those_that_overwrite_it)
{
	add_process(20, {.arguments = {"/usr/sbin/ksmtuned"}});
	EXPECT_HAS(at({"enable"}).out, "warning: ksmtuned (PID 20) sets run");
	end_process(20);
	EXPECT_LACKS(at({"enable"}).out, "warning");
	put_file("etc/systemd/system/multi-user.target.wants/ksmtuned.service", "");
	EXPECT_HAS(at({"enable"}).out, "warning: ksmtuned.service starts at boot");
	fs::remove(root() + "/usr/bin/systemd-tmpfiles");
	EXPECT_HAS(at({"enable"}).out, "warning: systemd-tmpfiles is not there");
}

TEST_F(persist, offers_the_memory_of_a_service)
{
	const std::string drop_in = "etc/systemd/system/nginx.service.d/50-ksm.conf";

	for (const char *name : {"nginx", "nginx.service"}) {
		outcome done = at({"enable", "--unit", name});

		EXPECT_EQ(done.status, 0);
		EXPECT_HAS(done.out, drop_in + " written\n");
		EXPECT_LACKS(done.out, "warning");
		EXPECT_HAS(done.out, "ksmd is stopped");
		EXPECT_HAS(file(drop_in), "\n[Service]\nMemoryKSM=yes");
		EXPECT_EQ(files_beside(drop_in), 0u);
		EXPECT_EQ(text("run"), "0");

		done = at({"disable", "--unit", name});
		EXPECT_EQ(done.status, 0);
		EXPECT_HAS(done.out, drop_in + " removed\n");
		EXPECT_FALSE(has("etc/systemd/system/nginx.service.d"));
	}
	EXPECT_HAS(at({"disable", "--unit", "nginx"}).out, drop_in + " is not there\n");
	EXPECT_HAS(at({"enable", "--unit", "later"}).out, "there is no unit later.service here");
}

TEST_F(persist, leaves_what_others_have_put_beside_the_drop_in)
{
	put_file("etc/systemd/system/nginx.service.d/10-mine.conf", "[Service]\n");
	EXPECT_EQ(at({"enable", "--unit", "nginx"}).status, 0);
	EXPECT_EQ(at({"disable", "--unit", "nginx"}).status, 0);
	EXPECT_TRUE(has("etc/systemd/system/nginx.service.d/10-mine.conf"));
}

TEST_F(persist, templates_and_their_instances)
{
	for (const char *name : {"worker@3", "worker@.service"})
		EXPECT_LACKS(at({"enable", "--unit", name}).out, "warning") << name;
	EXPECT_TRUE(has("etc/systemd/system/worker@3.service.d/50-ksm.conf"));
	EXPECT_TRUE(has("etc/systemd/system/worker@.service.d/50-ksm.conf"));
}

TEST_F(persist, bad_names_of_units_are_refused)
{
	for (const std::string name :
	     {"../nginx", "a/b", "nginx.scope", "user.slice", "a b", ".service", ".hidden",
	      "@.service", "naïve", "a\nb", "$(id)"}) {
		const outcome done = at({"enable", "--unit=" + name});

		EXPECT_EQ(done.status, 2) << name;
	}
	EXPECT_EQ(at({"enable", "--unit", std::string(300, 'a')}).status, 2);
	EXPECT_FALSE(has("etc"));
	EXPECT_HAS(at({"enable", "--unit", "vm.scope"}).out, "is no service");
}

TEST_F(persist, options_that_do_not_go_together)
{
	EXPECT_EQ(at({"enable", "--unit", "nginx", "--profile", "vmhost"}).status, 2);
	EXPECT_EQ(at({"disable", "--unit", "nginx", "--unshare"}).status, 2);
	EXPECT_EQ(at({"enable", "--unshare"}).status, 2);
	EXPECT_EQ(at({"enable", "--force"}).status, 2);
	EXPECT_EQ(at({"disable", "--profile", "vmhost"}).status, 2);
	EXPECT_EQ(at({"status"}).status, 2);
}

TEST_F(persist, json)
{
	json done = json::parse(at({"enable", "--profile", "desktop", "--json"}, {}).out);

	EXPECT_EQ(done["kind"], "enable");
	EXPECT_EQ(done["changes"][0]["knob"], "advisor_mode");
	EXPECT_EQ(done["files"][0]["path"], root() + "/" + conf);
	EXPECT_EQ(done["files"][0]["fate"], "written");
	done = json::parse(at({"disable", "--unit", "nginx", "--json"}, {}).out);
	EXPECT_EQ(done["kind"], "disable");
	EXPECT_EQ(done["files"][0]["fate"], "absent");
}

} /* namespace */
} /* namespace ksm */
