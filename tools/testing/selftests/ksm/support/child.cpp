// SPDX-License-Identifier: GPL-2.0
#include "support/child.hpp"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <system_error>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/limits.hpp"

namespace ksm
{

namespace
{

/* No step: nothing more is awaited of the child. */
constexpr char no_more[] = "";

/* What goes through a pipe, in one piece. */
struct message {
	char step[56];
	std::uint64_t value;
};

[[noreturn]] void fail(const char *what)
{
	throw std::system_error(errno, std::generic_category(), what);
}

/* False if nobody is left to read it. */
bool put(int fd, const std::string &step, std::uint64_t value = 0)
{
	message all = {};

	require(step.size() < sizeof(all.step), "the name of this step is too long: " + step);
	step.copy(all.step, step.size());
	all.value = value;
	return write(fd, &all, sizeof(all)) == ssize_t(sizeof(all));
}

/* False if nobody is left to write one. */
bool get(int fd, message &all)
{
	ssize_t got;

	do
		got = read(fd, &all, sizeof(all));
	while (got < 0 && errno == EINTR);
	return got == ssize_t(sizeof(all));
}

/* Writing to a child that is gone is an error, not the end of the test. */
bool put_to_child(int fd, const std::string &step)
{
	auto old = std::signal(SIGPIPE, SIG_IGN);
	bool done = put(fd, step);

	std::signal(SIGPIPE, old);
	return done;
}

void print_and_abort(const std::string &text, const caller &where)
{
	std::fprintf(stderr, "%s:%d: %s\n", where.file, where.line, text.c_str());
	std::abort();
}

child::reporter &current_reporter()
{
	static child::reporter how = print_and_abort;

	return how;
}

std::string in_words(int status)
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

void parent_link::tell(const std::string &step, std::uint64_t value)
{
	if (!put(out_, step, value))
		fail("write to the test");
}

void parent_link::tell(const std::string &step, const void *address)
{
	tell(step, reinterpret_cast<std::uint64_t>(address));
}

void parent_link::await(const std::string &step)
{
	message got;

	if (!get(in_, got) || got.step == std::string(no_more))
		_exit(0);
	require(got.step == step,
		"the child is at step \"" + step + "\", the test lets \"" + got.step + "\" go on");
}

/* Descriptors that the pipes have in a program started by exec. */
constexpr int role_in = 20;
constexpr int role_out = 21;

void parent_link::exec_role(const char *name, const std::vector<std::string> &program) const
{
	/* Out of the way first: either may have the number of the other's new one. */
	int in = fcntl(in_, F_DUPFD, role_out + 1), out = fcntl(out_, F_DUPFD, role_out + 1);

	if (in < 0 || out < 0 || dup2(in, role_in) < 0 || dup2(out, role_out) < 0)
		fail("dup2");
	close(in);
	close(out);

	std::vector<char *> words;
	for (const std::string &word : program)
		words.push_back(const_cast<char *>(word.c_str()));
	words.insert(words.end(),
		     {const_cast<char *>("--role"), const_cast<char *>(name), nullptr});
	execv(words[0], words.data());
	fail("exec");
}

parent_link parent_link::of_role()
{
	return {role_in, role_out};
}

child::child(const body &run, caller where) : exceptions_(std::uncaught_exceptions()), where_(where)
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
		auto fail_with = [&](const std::string &text) {
			_exit(write(err[1], text.data(), text.size()) < 0 ? 2 : 1);
		};
		parent_link link(down[0], up[1]);

		/* A child of this child that ends badly is an error of this one. */
		report_by([&](const std::string &text, const caller &) { fail_with(text); });
		try {
			run(link);
		} catch (const std::exception &error) {
			fail_with(error.what());
		}
		_exit(0);
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
	if (std::uncaught_exceptions() > exceptions_) {
		kill(where_);
	} else if (pid_) {
		put_to_child(out_, no_more);
		if (ends_soon()) {
			join(where_);
		} else {
			kill(where_);
			report("a child that is not needed any more did not end");
		}
	}
	close(out_);
	close(in_);
	close(error_);
}

bool child::ends_soon() const
{
	std::chrono::milliseconds limit = hang_limit();
	struct pollfd end = {int(syscall(SYS_pidfd_open, pid_, 0)), POLLIN, 0};

	if (end.fd < 0)
		fail("pidfd_open");
	int ready = poll(&end, 1, int(limit.count()));
	close(end.fd);
	return ready > 0;
}

void child::report_by(const reporter &how)
{
	current_reporter() = how;
}

void child::report(const std::string &text) const
{
	if (!text.empty())
		current_reporter()(text, where_);
}

std::uint64_t child::await(const std::string &step, caller where)
{
	message got;

	where_ = where;
	if (!get(in_, got))
		throw std::runtime_error("no child at step \"" + step + "\": " + why_gone());
	require(got.step == step, std::string("the child is at step \"") + got.step +
					  "\", the test awaits \"" + step + "\"");
	return got.value;
}

void child::go_on(const std::string &step, caller where)
{
	where_ = where;
	if (!put_to_child(out_, step))
		throw std::runtime_error("no child to go on from step \"" + step +
					 "\": " + why_gone());
}

std::uint64_t child::reach(const std::string &step, caller where)
{
	std::uint64_t value = await(step, where);

	go_on(step, where);
	return value;
}

child::ending child::wait_for_end()
{
	ending its;

	while (waitpid(pid_, &its.status, 0) < 0)
		if (errno != EINTR)
			fail("waitpid");
	pid_ = 0;

	char buffer[512];
	ssize_t got;

	fcntl(error_, F_SETFL, O_NONBLOCK);
	while ((got = read(error_, buffer, sizeof(buffer))) > 0)
		its.text.append(buffer, std::size_t(got));
	if (its.text.empty())
		its.text = in_words(its.status);
	return its;
}

void child::join(caller where)
{
	where_ = where;
	report(how_it_ended());
}

std::string child::how_it_ended()
{
	return pid_ ? wait_for_end().text : "";
}

std::string child::why_gone()
{
	std::string text = how_it_ended();

	return text.empty() ? "it has ended" : text;
}

void child::kill(caller where)
{
	if (!pid_)
		return;
	where_ = where;
	::kill(pid_, SIGKILL);

	ending its = wait_for_end();

	if (!WIFSIGNALED(its.status) || WTERMSIG(its.status) != SIGKILL)
		report(its.text);
}

} /* namespace ksm */
