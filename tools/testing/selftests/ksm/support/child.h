/* SPDX-License-Identifier: GPL-2.0 */
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include <sys/types.h>

namespace ksm
{

/* Throws, with that text, unless the condition holds: how a child fails. */
void require(bool condition, const std::string &text);

/* The child's end of the two pipes between a test and a process it made. */
class parent_link
{
public:
	parent_link(int in, int out) : in_(in), out_(out) {}
	void send(std::uint64_t value = 0);
	std::uint64_t receive();
	/* Says "I have come here" and waits for the parent's go-ahead. */
	void meet()
	{
		send();
		receive();
	}

	/* Run in a child: starts this program anew, as "--role name". */
	[[noreturn]] void exec_role(const char *name) const;
	/* The same pipes, in the program that exec_role() has started. */
	static parent_link of_role();

private:
	int in_;
	int out_;
};

/*
 * A forked process that runs one function. What the function throws reaches the
 * test as text, by receive() or join(). Nothing is inherited that is not so by
 * fork, so what the test has mapped is mapped there too.
 */
class child
{
public:
	using body = std::function<void(parent_link &)>;

	explicit child(const body &run);
	~child();
	child(const child &) = delete;
	child &operator=(const child &) = delete;

	pid_t pid() const { return pid_; }
	void send(std::uint64_t value = 0);
	std::uint64_t receive();
	/* Waits until the child has come to its meet(), without letting it go on. */
	void arrived() { receive(); }
	void release() { send(); }
	/* Waits for its end: empty if it ended well, else what went wrong. */
	std::string join();
	/* Ends it by a signal, and waits. */
	void kill();

private:
	int in_ = -1;
	int out_ = -1;
	int error_ = -1;
	pid_t pid_ = 0;
};

} /* namespace ksm */
