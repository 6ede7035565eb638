// SPDX-License-Identifier: GPL-2.0
#include "support/program.hpp"

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <thread>

#include <unistd.h>

#include "lib/sysfs.hpp"
#include "support/child.hpp"
#include "support/limits.hpp"

namespace fs = std::filesystem;

namespace ksm
{

namespace
{

fs::path directory_of(const std::string &program)
{
	const char *programs = std::getenv("KSM_TEST_PROGRAMS");

	return fs::path(programs ? programs : "/none") / program;
}

} /* namespace */

std::string why_not_fetched(const std::string &program)
{
	const fs::path dir = directory_of(program);

	if (fs::is_directory(dir / "root"))
		return "";
	if (fs::exists(dir / "why"))
		return read_text(dir / "why");
	return "no " + program + ": KSM_TEST_PROGRAMS does not say where scripts/fetch.sh put it";
}

std::string fetched(const std::string &program, const std::string &file)
{
	return directory_of(program) / "root" / file;
}

std::string why_no_command(const std::string &name)
{
	return std::system(("command -v " + name + " >/dev/null").c_str())
		       ? name + " is not installed"
		       : "";
}

std::string output_of(const std::string &command)
{
	FILE *pipe = popen(("{ " + command + "; } 2>&1").c_str(), "r");
	std::string text;

	require(pipe, "popen");
	for (int c; (c = std::fgetc(pipe)) != EOF;)
		text.push_back(char(c));
	require(!pclose(pipe), command + ": " + text);
	return text;
}

void become(std::vector<std::string> words)
{
	become(words.front(), words);
}

void become(const std::string &program, std::vector<std::string> words)
{
	std::vector<char *> argv;

	for (std::string &word : words)
		argv.push_back(word.data());
	argv.push_back(nullptr);
	execvp(program.c_str(), argv.data());
	throw std::system_error(errno, std::generic_category(), program);
}

void await_that(const std::function<bool()> &condition, const std::string &what)
{
	const auto limit = std::chrono::steady_clock::now() + hang_limit();

	while (!condition()) {
		require(std::chrono::steady_clock::now() < limit, "waiting in vain: " + what);
		std::this_thread::sleep_for(std::chrono::milliseconds(20));
	}
}

std::string text_if_any(const std::string &path)
{
	return fs::exists(path) ? read_text(path) : "";
}

} /* namespace ksm */
