/* SPDX-License-Identifier: GPL-2.0 */
/* Runs the ksmtuned that was built, whose path is in the environment, on a fake machine. */
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "ksmtuned/tests/fake_machine.hpp"

namespace ksm::tuned
{

struct ended {
	int status; /* -1 if a signal ended it */
	std::string out;
	std::string err;
};

class daemon_test : public fake_machine
{
protected:
	daemon_test();

	/* Ends all that it has started. */
	~daemon_test() override;

	void configure(const std::string &text) const;

	/* With the directories of the fake machine; waits for its end. */
	ended run(std::vector<std::string> words) const;

	/* Starts it in the foreground, and waits until it has written its pid file. */
	pid_t start(const std::string &err = "");

	/* What it has said on standard error since it was started. */
	std::string said() const;

	/* Sends a signal, and waits until it has gone through a cycle. */
	void signal(pid_t daemon, int signal);

	/* Its exit status. */
	int end(pid_t daemon, int signal);

	std::size_t cycles() const;

	/* False if it has not come true after a while. */
	static bool wait_for(const std::function<bool()> &condition);

	std::string pid_file() const { return root() + "/pid"; }

private:
	std::vector<std::string> command(std::vector<std::string> words) const;
	pid_t spawn(std::vector<std::string> words, const std::string &out,
		    const std::string &err) const;

	std::vector<pid_t> running_;
};

} /* namespace ksm::tuned */
