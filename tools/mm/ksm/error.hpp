/* SPDX-License-Identifier: GPL-2.0 */
/* One kind of error: what went wrong, and what to do about it. */
#pragma once

#include <stdexcept>
#include <string>

namespace ksm
{

class error : public std::runtime_error
{
public:
	error(const std::string &cause, const std::string &cure, int number = 0)
		: runtime_error(cause), cure_(cure), number_(number)
	{
	}

	const std::string &cure() const { return cure_; }

	/* The errno of the call that failed, or 0. */
	int number() const { return number_; }

private:
	std::string cure_;
	int number_;
};

} /* namespace ksm */
