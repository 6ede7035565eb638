/* SPDX-License-Identifier: GPL-2.0 */
/* An extended regular expression, as pgrep(1) takes it. */
#pragma once

#include <stdexcept>
#include <string>

#include <regex.h>

namespace ksm::tuned
{

class pattern
{
public:
	/* Throws std::runtime_error with what is wrong with it. */
	explicit pattern(const std::string &text)
	{
		const int err = regcomp(&regex_, text.c_str(), REG_EXTENDED | REG_NOSUB);
		char said[256];

		if (!err)
			return;
		regerror(err, &regex_, said, sizeof(said));
		throw std::runtime_error(said);
	}
	~pattern() { regfree(&regex_); }
	pattern(const pattern &) = delete;
	pattern &operator=(const pattern &) = delete;

	bool matches(const std::string &text) const
	{
		return !regexec(&regex_, text.c_str(), 0, nullptr, 0);
	}

private:
	regex_t regex_;
};

} /* namespace ksm::tuned */
