/* SPDX-License-Identifier: GPL-2.0 */
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <sys/types.h>

/*
 * A test and a process that it makes keep in step by names. The child tells which step
 * it has come to, and awaits the test's go-ahead where there is something to be done
 * before it goes on:
 *
 *	child				test
 *	parent.tell("filled")		other.await("filled")
 *	parent.await("filled")		other.go_on("filled")
 *	parent.reach("filled")		other.reach("filled")	both at once
 *
 * Another name than the one awaited is an error that tells both.
 */
namespace ksm
{

/* Throws, with that text, unless the condition holds: how a child fails. */
void require(bool condition, const std::string &text);

/* The child's end of the two pipes between a test and a process it made. */
class parent_link
{
public:
	parent_link(int in, int out) : in_(in), out_(out) {}

	/* A step may bring a number or an address along. */
	void tell(const std::string &step, std::uint64_t value = 0);
	void tell(const std::string &step, const void *address);
	/* Does not return, but ends the process, if the test has nothing more to say. */
	void await(const std::string &step);
	template <class... any> void reach(const std::string &step, any... value)
	{
		tell(step, value...);
		await(step);
	}

	/*
	 * Run in a child: starts this program anew, or a copy of it, as "--role name". One
	 * that starts it in its turn may stand before it.
	 */
	[[noreturn]] void exec_role(const char *name, const std::vector<std::string> &program = {
							      "/proc/self/exe"}) const;
	/* The same pipes, in the program that exec_role() has started. */
	static parent_link of_role();

private:
	int in_;
	int out_;
};

/* Who calls a function that has this as its last argument. */
struct caller {
	caller(const char *at_file = __builtin_FILE(), int at_line = __builtin_LINE())
		: file(at_file), line(at_line)
	{
	}
	const char *file;
	int line;
};

/*
 * A forked process that runs one function. What the function throws reaches the
 * test as text. Nothing is inherited that is not so by fork, so what the test has
 * mapped is mapped there too.
 *
 * A bad end that nobody has asked for is reported, at the latest when the child goes
 * out of scope. That waits for its end: a child that awaits a step ends there, quietly,
 * and it is killed if the test has thrown an exception.
 */
class child
{
public:
	using body = std::function<void(parent_link &)>;
	using reporter = std::function<void(const std::string &text, const caller &)>;

	explicit child(const body &run, caller where = {});
	~child();
	child(const child &) = delete;
	child &operator=(const child &) = delete;

	/* Without a reporter a bad end is printed, and the program aborts. */
	static void report_by(const reporter &how);

	pid_t pid() const { return pid_; }
	/* Waits until the child is there; gives what came along with the step. */
	std::uint64_t await(const std::string &step, caller where = {});
	void go_on(const std::string &step, caller where = {});
	std::uint64_t reach(const std::string &step, caller where = {});

	/* Waits for its end, and reports a bad one. */
	void join(caller where = {});
	/* Waits for its end: empty if it ended well, else what went wrong. */
	std::string how_it_ended();
	/* Ends it by a signal, and waits; reports a bad end that it had come to before. */
	void kill(caller where = {});

private:
	/* What waitpid() says, and the text: empty if it ended well. */
	struct ending {
		int status;
		std::string text;
	};
	bool ends_soon() const;
	ending wait_for_end();
	std::string why_gone();
	void report(const std::string &text) const;

	int in_ = -1;
	int out_ = -1;
	int error_ = -1;
	pid_t pid_ = 0;
	int exceptions_;
	caller where_; /* who last had to do with it */
};

} /* namespace ksm */
