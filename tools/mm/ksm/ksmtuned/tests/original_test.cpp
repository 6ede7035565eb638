// SPDX-License-Identifier: GPL-2.0
/*
 * The same decisions, and the same words for them, as those of the shell script that was
 * ksmtuned before us: both are shown the same machines, recorded and made up.
 */
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "format.hpp"
#include "ksmtuned/tests/fake_machine.hpp"
#include "ksmtuned/tuner.hpp"
#include "lib/sysfs.hpp"
#include "tests/program.hpp"

namespace fs = std::filesystem;

namespace ksm::tuned
{
namespace
{

using lines = std::vector<std::string>;

constexpr const char *old_pattern = "KSM_VM_PATTERN='^qemu-system.*-enable-kvm'\n";

struct step {
	std::string meminfo;
	std::string processes; /* lines of PID, kB and command line */
};

/* A machine on which virtual machines were started one after the other, and one was ended. */
std::vector<step> recorded()
{
	std::vector<step> steps;

	for (int i = 1;; i++) {
		const std::string name = fmt::format("{}tests/recorded/{}.",
						     environment("KSMTUNED_SOURCE") + "/", i);

		if (!fs::exists(name + "meminfo"))
			return steps;
		steps.push_back({read_text(name + "meminfo"), read_text(name + "processes")});
	}
}

step made_up(std::int64_t total, std::int64_t free, const std::vector<std::int64_t> &vms)
{
	step step;
	int pid = 500;

	step.meminfo = fmt::format("MemTotal: {} kB\nMemFree: {} kB\nMemAvailable: {} kB\n"
				   "Buffers: {} kB\nCached: {} kB\nSwapCached: 5000 kB\n",
				   total, free - free / 3 - free / 5, free, free / 3, free / 5);
	for (const std::int64_t size : vms)
		step.processes +=
			fmt::format("{} {} qemu-system-x86_64 -m 1G -enable-kvm\n", pid++, size);
	return step;
}

/* Memory that fills and empties at random; a fixed seed makes it the same each time. */
std::vector<step> wandering(std::int64_t total, unsigned count)
{
	std::mt19937_64 random(std::uint64_t(total) + count);
	std::vector<step> steps;

	for (unsigned i = 0; i < count; i++) {
		std::vector<std::int64_t> vms(random() % 4);

		for (std::int64_t &size : vms)
			size = std::int64_t(random() % std::uint64_t(total / 2));
		steps.push_back(
			made_up(total, std::int64_t(random() % std::uint64_t(total / 2)), vms));
	}
	return steps;
}

/* Just below each bound, at it, and just above. */
std::vector<step> bounds(std::int64_t total, std::int64_t threshold)
{
	std::vector<step> steps;

	for (const std::int64_t committed : {-1, 0, 1})
		for (const std::int64_t free : {-1, 0, 1})
			steps.push_back(
				made_up(total, threshold + free, {total - threshold + committed}));
	return steps;
}

class original : public fake_machine
{
protected:
	void SetUp() override
	{
		const char *programs = std::getenv("KSM_TEST_PROGRAMS");
		const fs::path dir = fs::path(programs ? programs : "/none") / "ksmtuned";

		script_ = dir / "root/usr/sbin/ksmtuned";
		if (fs::exists(dir / "why"))
			GTEST_SKIP() << read_text(dir / "why");
		if (!fs::exists(script_))
			GTEST_SKIP() << "the script is not here: scripts/fetch.sh fetches it";
	}

	/* What each of the two made of it: the knobs after each step, and the log. */
	struct course {
		lines knobs;
		lines log;
	};

	static void lay_out(const fs::path &dir, const step &step)
	{
		std::istringstream all(step.processes);
		std::string pid, words;

		fs::create_directories(dir);
		std::ofstream(dir / "meminfo") << step.meminfo;
		for (std::int64_t kb; all >> pid >> kb && std::getline(all >> std::ws, words);) {
			std::ranges::replace(words, ' ', '\0');
			fs::create_directories(dir / pid);
			std::ofstream(dir / pid / "cmdline") << words << '\0';
			/* libproc2 wants this to be there, and a tab behind each name. */
			std::ofstream(dir / pid / "stat") << pid << " (x) S 1\n";
			std::ofstream(dir / pid / "status")
				<< "Name:\tx\nVmRSS:\t" << kb << " kB\n";
		}
	}

	/* The lines behind their dates, without those that the script has not. */
	lines log_of(const std::string &name) const
	{
		lines kept;

		for (const std::string &line : lines_of(file(name))) {
			const std::string text = line.substr(line.find(": ") + 2);

			if (!text.starts_with("scan cycle"))
				kept.push_back(text);
		}
		return kept;
	}

	std::string conf(const std::string &text, const std::string &log) const
	{
		return text + old_pattern +
		       fmt::format("DEBUG=1\nPIDFILE={0}/pid\nLOGFILE={0}/{1}\n", root(), log);
	}

	course theirs(const std::vector<step> &steps, const std::string &text) const
	{
		int status = 0;

		put_file("theirs/etc/ksmtuned.conf", conf(text, "their.log"));
		for (const char *name : {"run", "pages_to_scan", "sleep_millisecs"})
			put_file(std::string("theirs/sys/kernel/mm/ksm/") + name, "-\n");
		for (std::size_t i = 0; i < steps.size(); i++)
			lay_out(fmt::format("{}/theirs/steps/{}", root(), i + 1), steps[i]);
		fs::create_symlink("steps/1", root() + "/theirs/proc");
		const std::string said =
			shell(fmt::format("bash {}/tests/original.sh {} {}/theirs 2>&1",
					  environment("KSMTUNED_SOURCE"), script_, root()),
			      &status);
		EXPECT_EQ(said, "");
		EXPECT_EQ(status, 0);
		return {lines_of(file("theirs/results")), log_of("their.log")};
	}

	course ours(const std::vector<step> &steps, const std::string &text)
	{
		const kernel_knobs knobs(path());
		journal journal;
		course course;

		put_file("our.conf", conf(text, "our.log"));
		for (const char *name : {"run", "pages_to_scan", "sleep_millisecs"})
			knob(name, "-");
		show(steps[0]);
		tuner tuner(knobs, proc(), journal,
			    read_configuration(root() + "/our.conf").settings);
		for (const step &step : steps) {
			show(step);
			tuner.tune();
			course.knobs.push_back(this->text("run") + " " +
					       this->text("pages_to_scan") + " " +
					       this->text("sleep_millisecs"));
		}
		course.log = log_of("our.log");
		return course;
	}

	/* /proc as it is at this step. */
	void show(const step &step) const
	{
		for (const auto &entry : fs::directory_iterator(proc()))
			fs::remove_all(entry.path());
		lay_out(proc(), step);
	}

	void expect_same(const std::vector<step> &steps, const std::string &text = "")
	{
		const course their = theirs(steps, text), our = ours(steps, text);

		EXPECT_EQ(our.knobs, their.knobs);
		EXPECT_EQ(our.log, their.log);
		EXPECT_EQ(our.knobs.size(), steps.size());
	}

private:
	std::string script_;
};

TEST_F(original, recorded_machine)
{
	const std::vector<step> steps = recorded();

	ASSERT_GE(steps.size(), 5u);
	expect_same(steps);
}

TEST_F(original, recorded_machine_with_a_threshold_that_it_meets)
{
	expect_same(recorded(), "KSM_THRES_COEF=60\n");
}

TEST_F(original, wandering_memory)
{
	expect_same(wandering(16'000'000, 30));
}

TEST_F(original, every_option)
{
	expect_same(wandering(7'654'321, 20),
		    "KSM_MONITOR_INTERVAL=5 KSM_SLEEP_MSEC=100\nKSM_NPAGES_BOOST='70*3'\n"
		    "KSM_NPAGES_DECAY=$((-3 * KSM_MONITOR_INTERVAL))\nKSM_NPAGES_MIN=50\n"
		    "export KSM_NPAGES_MAX=\"777\"; KSM_THRES_COEF=$[KSM_NPAGES_MIN - 20]\n");
}

TEST_F(original, bounds_and_a_constant_threshold)
{
	expect_same(bounds(9'999'999, 3'000'000),
		    "KSM_THRES_CONST=3000000 KSM_THRES_COEF=7\nKSM_NPAGES_MAX=400 # soon\n");
}

TEST_F(original, page_bounds_the_wrong_way_round)
{
	expect_same(wandering(300'000'000, 8), "KSM_NPAGES_MIN=500 KSM_NPAGES_MAX=100\n");
}

} /* namespace */
} /* namespace ksm::tuned */
