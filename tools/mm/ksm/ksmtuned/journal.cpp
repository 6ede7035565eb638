// SPDX-License-Identifier: GPL-2.0
#include "ksmtuned/journal.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>

#include <fcntl.h>
#include <langinfo.h>
#include <unistd.h>

#include "format.hpp"

namespace ksm::tuned
{
namespace
{

/* With what date(1) without arguments prints before it. */
std::string dated(const std::string &line)
{
	const std::time_t now = std::time(nullptr);
	std::tm parts = {};
	char text[128];

	localtime_r(&now, &parts);
	const std::size_t size = std::strftime(text, sizeof(text), nl_langinfo(_DATE_FMT), &parts);
	return fmt::format("{}: {}\n", std::string_view(text, size), line);
}

/*
 * Opened for each line, so that the file can be moved away at any time. Not for everybody:
 * the counters in it may be root's secret.
 */
int append(const std::string &file, const std::string &line)
{
	const int fd =
		open(file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_NOCTTY | O_CLOEXEC, 0640);

	if (fd < 0)
		return errno;
	const ssize_t put = write(fd, line.data(), line.size());
	const int err = put < 0 ? errno : 0;
	close(fd);
	return err || std::size_t(put) == line.size() ? err : ENOSPC;
}

} /* namespace */

void journal::use(bool debug, const std::string &log_file)
{
	debug_ = debug;
	log_file_ = log_file;
}

void journal::debug(const std::string &text)
{
	if (!debug_)
		return;
	const std::string line = dated(text);
	const int err = log_file_.empty() ? 0 : append(log_file_, line);

	if (log_file_.empty() || err) {
		std::fputs(line.c_str(), stdout);
		std::fflush(stdout);
	}
	if (!err)
		settle("log");
	else
		say_once("log", fmt::format("cannot write {}: {}; the lines go to standard output",
					    log_file_, std::strerror(err)));
}

void journal::say(const std::string &text)
{
	/* Where it goes may be gone, as a terminal may, and we go on. */
	std::fputs(fmt::format("ksmtuned: {}\n", text).c_str(), stderr);
	if (debug_ && !log_file_.empty())
		append(log_file_, dated(text));
}

void journal::say_once(const std::string &subject, const std::string &text)
{
	const auto [said, is_new] = said_.try_emplace(subject);

	if (!is_new && said->second == text)
		return;
	said->second = text;
	say(text);
}

} /* namespace ksm::tuned */
