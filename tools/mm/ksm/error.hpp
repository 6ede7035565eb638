/* SPDX-License-Identifier: GPL-2.0 */
/* One kind of error: what went wrong, and what to do about it. */
#pragma once

#include <stdexcept>
#include <string>

namespace ksm
{

class Error : public std::runtime_error
{
public:
	Error(const std::string &cause, const std::string &cure) : runtime_error(cause), cure_(cure)
	{
	}

	const std::string &cure() const { return cure_; }

private:
	std::string cure_;
};

} // namespace ksm
