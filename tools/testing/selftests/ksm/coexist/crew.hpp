/* SPDX-License-Identifier: GPL-2.0 */
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "coexist/worker.hpp"
#include "support/cgroup.hpp"
#include "support/child.hpp"

namespace ksm
{

/* Workers that are at it all at once. Whatever one of them finds wrong is thrown. */
class crew
{
public:
	/* Leaves out those that cannot be had, and prints why. */
	explicit crew(std::vector<std::unique_ptr<worker>> workers);
	~crew();
	crew(const crew &) = delete;
	crew &operator=(const crew &) = delete;

	std::vector<pid_t> pids() const;

	void start();
	/*
	 * Waits until each has done as many rounds as are enough since the last call, and
	 * the kernel something of what each is about; prints the rounds.
	 */
	void await_enough();
	/* No more rounds. Each checks all its pages when all have stopped, and keeps them. */
	void stop();
	/* The processes end. */
	void leave();

private:
	struct member {
		std::unique_ptr<worker> who;
		std::unique_ptr<child> process;
		std::size_t rounds = 0;
		std::optional<long> by_kernel;
	};
	struct progress;

	void run(std::size_t which, parent_link &parent) const;
	/* Empty if that is none. */
	std::string who_is_behind() const;
	void print_rounds();

	std::vector<member> members_;
	std::optional<memory_group> limited_;
	progress *shared_;
};

} /* namespace ksm */
