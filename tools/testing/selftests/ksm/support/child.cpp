// SPDX-License-Identifier: GPL-2.0
#include "support/child.h"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <system_error>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ksm
{

namespace
{

[[noreturn]] void fail(const char *what)
{
	throw std::system_error(errno, std::generic_category(), what);
}

void put(int fd, std::uint64_t value)
{
	if (write(fd, &value, sizeof(value)) != ssize_t(sizeof(value)))
		fail("write to the other process");
}

bool get(int fd, std::uint64_t &value)
{
	ssize_t got;

	do
		got = read(fd, &value, sizeof(value));
	while (got < 0 && errno == EINTR);
	return got == ssize_t(sizeof(value));
}

std::string how_it_ended(int status)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return "";
	if (WIFSIGNALED(status))
		return "child ended by signal " + std::to_string(WTERMSIG(status));
	return "child exited with " + std::to_string(WEXITSTATUS(status));
}

} /* namespace */

void require(bool condition, const std::string &text)
{
	if (!condition)
		throw std::runtime_error(text);
}

void parent_link::send(std::uint64_t value)
{
	put(out_, value);
}

std::uint64_t parent_link::receive()
{
	std::uint64_t value;

	if (!get(in_, value))
		_exit(0); /* the test is gone, nobody to tell */
	return value;
}

/* Descriptors that the pipes have in a program started by exec. */
constexpr int role_in = 20;
constexpr int role_out = 21;

void parent_link::exec_role(const char *name) const
{
	if (dup2(in_, role_in) < 0 || dup2(out_, role_out) < 0)
		fail("dup2");
	execl("/proc/self/exe", "ksm-role", "--role", name, nullptr);
	fail("exec");
}

parent_link parent_link::of_role()
{
	return {role_in, role_out};
}

child::child(const body &run)
{
	int down[2], up[2], err[2];

	if (pipe2(down, O_CLOEXEC) || pipe2(up, O_CLOEXEC) || pipe2(err, O_CLOEXEC))
		fail("pipe");
	std::fflush(stdout);
	pid_ = fork();
	if (pid_ < 0)
		fail("fork");
	if (pid_ == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		std::signal(SIGPIPE, SIG_IGN);
		std::signal(SIGALRM, SIG_DFL);
		close(down[1]);
		close(up[0]);
		close(err[0]);
		parent_link link(down[0], up[1]);
		std::string text;

		try {
			run(link);
			_exit(0);
		} catch (const std::exception &error) {
			text = error.what();
		}
		_exit(write(err[1], text.data(), text.size()) < 0 ? 2 : 1);
	}
	close(down[0]);
	close(up[1]);
	close(err[1]);
	out_ = down[1];
	in_ = up[0];
	error_ = err[0];
}

child::~child()
{
	kill();
	close(out_);
	close(in_);
	close(error_);
}

void child::send(std::uint64_t value)
{
	auto old = std::signal(SIGPIPE, SIG_IGN);

	try {
		put(out_, value);
	} catch (...) {
		std::signal(SIGPIPE, old);
		throw std::runtime_error("child is gone: " + join());
	}
	std::signal(SIGPIPE, old);
}

std::uint64_t child::receive()
{
	std::uint64_t value;

	if (!get(in_, value))
		throw std::runtime_error("no answer from child: " + join());
	return value;
}

std::string child::join()
{
	if (!pid_)
		return "";
	int status = 0;

	while (waitpid(pid_, &status, 0) < 0)
		if (errno != EINTR)
			fail("waitpid");
	pid_ = 0;

	std::string text;
	char buffer[512];
	ssize_t got;

	fcntl(error_, F_SETFL, O_NONBLOCK);
	while ((got = read(error_, buffer, sizeof(buffer))) > 0)
		text.append(buffer, std::size_t(got));
	return text.empty() ? how_it_ended(status) : text;
}

void child::kill()
{
	if (!pid_)
		return;
	::kill(pid_, SIGKILL);
	while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR)
		;
	pid_ = 0;
}

} /* namespace ksm */
