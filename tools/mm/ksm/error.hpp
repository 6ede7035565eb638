/* SPDX-License-Identifier: GPL-2.0 */
/* One kind of error: what went wrong, what to do about it, and the exit status. */
#pragma once

#include <stdexcept>
#include <string>

namespace ksm
{

namespace exit_status
{

constexpr int failure = 1;
constexpr int usage = 2;

/* Of 'run', as of env(1) and timeout(1): all else is the program's own. */
constexpr int run_failure = 125;
constexpr int not_executable = 126;
constexpr int not_found = 127;

} /* namespace exit_status */

class error : public std::runtime_error
{
public:
	error(const std::string &cause, const std::string &cure, int status = exit_status::failure)
		: runtime_error(cause), cure_(cure), status_(status)
	{
	}

	const std::string &cure() const { return cure_; }
	int status() const { return status_; }

private:
	std::string cure_;
	int status_;
};

} /* namespace ksm */
