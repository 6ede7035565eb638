// SPDX-License-Identifier: GPL-2.0
#include "ksmtuned/tests/daemon.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <thread>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "format.hpp"
#include "lib/sysfs.hpp"
#include "tests/program.hpp"

namespace fs = std::filesystem;

namespace ksm::tuned
{
namespace
{

constexpr std::chrono::seconds longest{20};

int status_of(pid_t child)
{
	int status = 0;

	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

} /* namespace */

daemon_test::daemon_test()
{
	add_process(100, qemu("a", 4'000'000));
	configure("");
}

daemon_test::~daemon_test()
{
	for (const pid_t daemon : running_) {
		kill(daemon, SIGKILL);
		waitpid(daemon, nullptr, 0);
	}
}

/* The log counts its cycles. */
void daemon_test::configure(const std::string &text) const
{
	put_file("conf",
		 fmt::format("PIDFILE={0}/pid\nLOGFILE={0}/log\nDEBUG=1\n{1}", root(), text));
}

std::vector<std::string> daemon_test::command(std::vector<std::string> words) const
{
	words.insert(words.begin(), {"ksmtuned", "--config", root() + "/conf", "--sysfs", path(),
				     "--proc", proc()});
	return words;
}

pid_t daemon_test::spawn(std::vector<std::string> words, const std::string &out,
			 const std::string &err) const
{
	const std::string program = environment("KSMTUNED"); /* before there are two of us */
	const pid_t child = fork();
	std::vector<char *> argv;

	if (child)
		return child;
	for (std::string &word : words)
		argv.push_back(word.data());
	argv.push_back(nullptr);
	dup2(open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644), STDOUT_FILENO);
	dup2(open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644), STDERR_FILENO);
	execv(program.c_str(), argv.data());
	_exit(99);
}

ended daemon_test::run(std::vector<std::string> words) const
{
	const std::string out = root() + "/run.out", err = root() + "/run.err";
	const int status = status_of(spawn(command(std::move(words)), out, err));

	return {status, file("run.out"), file("run.err")};
}

pid_t daemon_test::start(const std::string &err)
{
	const pid_t daemon = spawn(command({"--foreground"}), root() + "/out",
				   err.empty() ? root() + "/err" : err);

	running_.push_back(daemon);
	EXPECT_TRUE(wait_for([&] {
		return fs::exists(pid_file()) && file("pid") == std::to_string(daemon);
	})) << said();
	return daemon;
}

std::string daemon_test::said() const
{
	return file("err");
}

std::size_t daemon_test::cycles() const
{
	std::size_t count = 0;

	if (fs::exists(root() + "/log"))
		for (const std::string &line : lines_of(file("log")))
			count += line.find(": scan cycle ") != line.npos;
	return count;
}

void daemon_test::signal(pid_t daemon, int signal)
{
	const std::size_t before = cycles();

	kill(daemon, signal);
	EXPECT_TRUE(wait_for([&] { return cycles() > before; })) << said();
}

int daemon_test::end(pid_t daemon, int signal)
{
	std::erase(running_, daemon);
	kill(daemon, signal);
	return status_of(daemon);
}

bool daemon_test::wait_for(const std::function<bool()> &condition)
{
	const auto deadline = std::chrono::steady_clock::now() + longest;

	while (!condition()) {
		if (std::chrono::steady_clock::now() > deadline)
			return false;
		std::this_thread::sleep_for(std::chrono::milliseconds(2));
	}
	return true;
}

} /* namespace ksm::tuned */
