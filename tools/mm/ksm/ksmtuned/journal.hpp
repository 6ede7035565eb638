/* SPDX-License-Identifier: GPL-2.0 */
/* What the daemon says: decisions where they are wanted, and troubles at all times. */
#pragma once

#include <map>
#include <string>

namespace ksm::tuned
{

class journal
{
public:
	/* From now on. An empty @log_file is standard output. */
	void use(bool debug, const std::string &log_file);

	/* A line with the date before it, as the script before us wrote it; if debugging. */
	void debug(const std::string &text);

	/* One line on standard error, and the same among the others. */
	void say(const std::string &text);

	/* The same, unless it is what was said of this subject the last time. */
	void say_once(const std::string &subject, const std::string &text);

	/* The subject is in order again, so that the next trouble is news. */
	void settle(const std::string &subject) { said_.erase(subject); }

private:
	bool debug_ = false;
	std::string log_file_;
	std::map<std::string, std::string> said_;
};

} /* namespace ksm::tuned */
