// SPDX-License-Identifier: GPL-2.0
/* The program itself: command line, background, signals, pid file, and what systemd hears. */
#include <csignal>
#include <filesystem>

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "ksmtuned/pid_file.hpp"
#include "ksmtuned/tests/daemon.hpp"
#include "tests/expect.hpp"
#include "tests/program.hpp"

namespace ksm::tuned
{
namespace
{

namespace fs = std::filesystem;

class daemon_process : public daemon_test
{
protected:
	/* Fake files are not cut off before a write, as those of sysfs are. */
	std::int64_t number(const std::string &name) const { return std::stoll(text(name)); }
};

TEST_F(daemon_process, command_line)
{
	EXPECT_HAS(run({"--help"}).out, "--foreground");
	EXPECT_EQ(run({"--help"}).status, 0);
	EXPECT_EQ(run({"--version"}).out.rfind("ksmtuned ", 0), 0u);
	EXPECT_EQ(run({"--forground"}).status, 2);
	EXPECT_HAS(run({"--forground"}).err, "did you mean '--foreground'?; see ksmtuned --help");
	EXPECT_EQ(run({"start"}).status, 2);
	EXPECT_HAS(run({"start"}).err, "'start' makes no sense here");
	EXPECT_EQ(run({"--config"}).status, 2);
}

TEST_F(daemon_process, check)
{
	configure("KSM_NPAGES_MAX=$((2 * 1000))\nKSM_NPAGE_MIN=5\n");
	const ended good = run({"--check"});
	EXPECT_EQ(good.status, 0);
	EXPECT_HAS(good.out, "\nKSM_NPAGES_MAX=2000\n");
	EXPECT_HAS(good.err, "conf line 5: nothing uses KSM_NPAGE_MIN; did you mean");

	configure("KSM_NPAGES_MAX=2000\nif true; then\n");
	const ended bad = run({"--check"});
	EXPECT_EQ(bad.status, 2);
	EXPECT_EQ(bad.out, "");
	EXPECT_HAS(bad.err, "conf line 5: 'if' is no assignment; only lines like");
}

TEST_F(daemon_process, troubles_at_the_start)
{
	configure("KSM_MODE=kernl\n");
	EXPECT_EQ(run({}).status, 2);
	EXPECT_EQ(run({"--foreground"}).status, 2);
	EXPECT_HAS(run({}).err, "conf line 4: KSM_MODE: there is no 'kernl'");

	configure("PIDFILE=/none/pid\n");
	EXPECT_EQ(run({}).status, 1);
	EXPECT_HAS(run({}).err, "cannot write /none/pid: No such file or directory; run as root");

	configure("");
	EXPECT_EQ(run({"--config", root() + "/none"}).status, 1);
	EXPECT_HAS(run({"--config", root() + "/none"}).err, "/none is not there; check the name");
	EXPECT_EQ(run({"--sysfs", root() + "/none"}).status, 1);
	EXPECT_HAS(run({"--sysfs", root() + "/none"}).err, "/none is not there; mount sysfs");
	EXPECT_EQ(run({"--proc", root() + "/none"}).status, 1);
	EXPECT_HAS(run({"--proc", root() + "/none"}).err, "no directory of processes; leave out");
	EXPECT_FALSE(fs::exists(pid_file()));
	EXPECT_EQ(cycles(), 0u);
}

TEST_F(daemon_process, goes_to_the_background_once_it_runs)
{
	const ended parent = run({});
	ASSERT_EQ(parent.status, 0) << parent.err;
	const pid_t daemon = std::stoi(file("pid"));

	EXPECT_EQ(kill(daemon, 0), 0);
	EXPECT_EQ(getsid(daemon), daemon);
	signal(daemon, SIGUSR1);
	EXPECT_EQ(number("run"), 0);
	kill(daemon, SIGTERM);
	EXPECT_TRUE(wait_for([&] { return !fs::exists(pid_file()); }));
}

/* So that its directory can be unmounted; and what it was told by a relative name stays. */
TEST_F(daemon_process, leaves_the_directory_that_it_was_started_in)
{
	const fs::path before = fs::current_path();

	fs::current_path(root());
	const ended parent = run({"--config", "conf"});
	fs::current_path(before);
	ASSERT_EQ(parent.status, 0) << parent.err;
	const pid_t daemon = std::stoi(file("pid"));
	EXPECT_EQ(real_link(file("pid") + "/cwd"), "/");
	EXPECT_EQ(real_link(file("pid") + "/fd/0"), "/dev/null");
	memory(16'000'000, 3'000'000);
	configure("KSM_NPAGES_BOOST=111\n");
	signal(daemon, SIGHUP);
	EXPECT_EQ(number("pages_to_scan"), 111);
	kill(daemon, SIGTERM);
	EXPECT_TRUE(wait_for([&] { return !fs::exists(pid_file()); }));
}

TEST_F(daemon_process, keeps_no_more_files_open_as_time_goes_by)
{
	const auto open_files = [this](pid_t daemon) {
		return real_entries(std::to_string(daemon) + "/fd");
	};

	configure("KSM_METRICS_FILE=" + root() + "/ksm.prom\n");
	const pid_t daemon = start();
	const auto before = open_files(daemon);
	for (int i = 0; i < 200; i++)
		signal(daemon, i % 10 ? SIGUSR1 : SIGHUP);
	/* The figures are written behind the line that counts a cycle. */
	EXPECT_TRUE(wait_for([&] { return open_files(daemon) == before; }))
		<< before << " before, now " << open_files(daemon);
}

TEST_F(daemon_process, retunes_when_told_to_and_not_before)
{
	const pid_t daemon = start();

	EXPECT_EQ(cycles(), 0u);
	EXPECT_EQ(number("run"), 1);
	signal(daemon, SIGUSR1);
	EXPECT_EQ(number("run"), 0);
	memory(16'000'000, 3'000'000);
	signal(daemon, SIGUSR1);
	EXPECT_EQ(number("run"), 1);
	EXPECT_EQ(number("pages_to_scan"), 300);
	EXPECT_EQ(number("sleep_millisecs"), 10);
	EXPECT_EQ(end(daemon, SIGTERM), 0);
	EXPECT_FALSE(fs::exists(pid_file()));
	EXPECT_EQ(number("run"), 1); /* KSM stays as it is */
	EXPECT_EQ(said(), "");
}

TEST_F(daemon_process, retunes_at_each_interval)
{
	configure("KSM_MONITOR_INTERVAL=0.1\n");
	start();
	EXPECT_TRUE(wait_for([&] { return cycles() > 2; }));
}

TEST_F(daemon_process, reads_its_configuration_again)
{
	memory(16'000'000, 3'000'000);
	const pid_t daemon = start();

	signal(daemon, SIGUSR1);
	configure("KSM_NPAGES_BOOST=111\n");
	signal(daemon, SIGHUP);
	EXPECT_EQ(number("pages_to_scan"), 411); /* the pace goes on from where it was */
	EXPECT_EQ(said(), "");

	configure("KSM_NPAGES_BOOST=111\nPIDFILE=/elsewhere\n");
	signal(daemon, SIGHUP);
	EXPECT_HAS(said(), "PIDFILE has changed, which takes effect at the next start");
}

TEST_F(daemon_process, a_bad_configuration_leaves_the_old_one_in_force)
{
	memory(16'000'000, 3'000'000);
	configure("KSM_NPAGES_BOOST=111\n");
	const pid_t daemon = start();
	signal(daemon, SIGUSR1);
	EXPECT_EQ(number("pages_to_scan"), 111);

	std::size_t line = 0;
	for (const char *bad : {"KSM_NPAGES_BOOST=x\n", "KSM_NPAGES_BOOST=5 rm\n",
				"KSM_NPAGES_BOOST=5\nKSM_MODE=kernel KSM_ADVISOR_MAX_CPU=5\n"}) {
		remove("advisor_max_cpu");
		configure(bad);
		signal(daemon, SIGHUP);
		const auto all = lines_of(said());
		ASSERT_EQ(all.size(), ++line) << said();
		EXPECT_HAS(all.back(), "; the configuration from before stays in force");
	}
	EXPECT_EQ(number("pages_to_scan"), 444);

	/* As does one that is gone. */
	fs::remove(root() + "/conf");
	signal(daemon, SIGHUP);
	EXPECT_EQ(number("pages_to_scan"), 555);
	EXPECT_HAS(lines_of(said()).back(), "conf is gone; ");
	EXPECT_EQ(end(daemon, SIGTERM), 0);
}

TEST_F(daemon_process, kernel_mode_waits_for_nothing)
{
	configure("KSM_MODE=kernel\nKSM_ADVISOR_MAX_CPU=20\n");
	start();
	EXPECT_EQ(cycles(), 1u);
	EXPECT_EQ(number("advisor_max_cpu"), 20);
	EXPECT_HAS(text("advisor_mode"), "scan-time");
}

TEST_F(daemon_process, goes_on_when_there_is_nothing_to_go_by)
{
	const pid_t daemon = start();

	fs::rename(proc("meminfo"), proc("meminfo.away"));
	kill(daemon, SIGUSR1);
	EXPECT_TRUE(wait_for([&] { return !said().empty(); }));
	EXPECT_HAS(said(), "meminfo does not say how much memory there is");
	fs::rename(proc("meminfo.away"), proc("meminfo"));
	signal(daemon, SIGUSR1);
	EXPECT_EQ(number("run"), 0);
	EXPECT_EQ(lines_of(said()).size(), 1u);
}

/* As after the terminal is closed from which it was started. */
TEST_F(daemon_process, goes_on_when_nobody_listens)
{
	const pid_t daemon = start("/dev/full");

	configure("KSM_MODE=nonsense\n");
	signal(daemon, SIGHUP);
	signal(daemon, SIGUSR1);
	EXPECT_HAS(file("log"), "there is no 'nonsense'");
	EXPECT_EQ(end(daemon, SIGTERM), 0);
}

TEST_F(daemon_process, does_not_start_twice)
{
	const pid_t daemon = start();

	const ended second = run({});
	EXPECT_EQ(second.status, 1);
	EXPECT_HAS(second.err, "ksmtuned runs already, as " + std::to_string(daemon));
	EXPECT_EQ(file("pid"), std::to_string(daemon));

	/* One that was killed is no hindrance, though it left its file. */
	EXPECT_EQ(end(daemon, SIGKILL), -1);
	EXPECT_TRUE(fs::exists(pid_file()));
	{
		/* Its number may be somebody else's by now, whom no signal shall meet. */
		const tuned::pid_file next(pid_file());
		EXPECT_EQ(file("pid"), "");
	}
	end(start(), SIGINT);
	EXPECT_FALSE(fs::exists(pid_file()));
}

TEST_F(daemon_process, metrics_from_the_start_to_the_end)
{
	configure("KSM_METRICS_FILE=" + root() + "/ksm.prom\n");
	const pid_t daemon = start();

	EXPECT_HAS(file("ksm.prom"), "ksm_metadata_bytes 20000000\n");
	counter("metadata_bytes", "30000000");
	signal(daemon, SIGUSR1);
	EXPECT_TRUE(wait_for([&] {
		return file("ksm.prom").find("ksm_metadata_bytes 30000000\n") != std::string::npos;
	}));
	end(daemon, SIGTERM);
	EXPECT_FALSE(fs::exists(root() + "/ksm.prom"));
}

/* What a service manager would hear. */
class listener
{
public:
	explicit listener(const std::string &path) : fd_(socket(AF_UNIX, SOCK_DGRAM, 0))
	{
		sockaddr_un address = {};
		const timeval patience = {20, 0};

		address.sun_family = AF_UNIX;
		path.copy(address.sun_path, sizeof(address.sun_path) - 1);
		bind(fd_, reinterpret_cast<sockaddr *>(&address), sizeof(address));
		setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	}
	~listener() { close(fd_); }

	/* Up to the message that has this in it. */
	std::string until(const std::string &what)
	{
		std::string all;
		char buffer[4096];
		ssize_t got = 0;

		while (all.find(what) == all.npos &&
		       (got = recv(fd_, buffer, sizeof(buffer), 0)) > 0)
			all.append(buffer, std::size_t(got)).append("\n");
		return all;
	}

private:
	int fd_;
};

TEST_F(daemon_process, tells_systemd)
{
	listener systemd(root() + "/notify");

	setenv("NOTIFY_SOCKET", (root() + "/notify").c_str(), 1);
	const pid_t daemon = start();
	unsetenv("NOTIFY_SOCKET");
	EXPECT_HAS(systemd.until("READY=1"), "READY=1\nSTATUS=no decision yet");
	kill(daemon, SIGUSR1);
	EXPECT_HAS(systemd.until("stopped"), "STATUS=ksmd stopped: virtual machines hold");
	kill(daemon, SIGHUP);
	EXPECT_HAS(systemd.until("RELOADING=1"), "RELOADING=1\nMONOTONIC_USEC=");
	EXPECT_HAS(systemd.until("READY=1"), "READY=1\n");
	kill(daemon, SIGTERM);
	EXPECT_HAS(systemd.until("STOPPING=1"), "STOPPING=1");
}

} /* namespace */
} /* namespace ksm::tuned */
