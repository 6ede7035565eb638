// SPDX-License-Identifier: GPL-2.0
#include "tests/program.hpp"

#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include <fcntl.h>
#include <grp.h>
#include <pty.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ksm
{
namespace
{

constexpr unsigned nobody = 65534;
constexpr unsigned longest = 30; /* seconds that a run may take */

std::string all_of(int fd)
{
	std::string text;
	char buffer[4096];
	ssize_t got;

	/* A terminal ends with EIO. */
	while ((got = read(fd, buffer, sizeof(buffer))) > 0)
		text.append(buffer, std::size_t(got));
	close(fd);
	std::erase(text, '\r');
	return text;
}

[[noreturn]] void become(std::vector<std::string> &words, const manner &manner)
{
	/* Opened before: nobody may not be able to reach it. */
	const int program = open(environment("KSMCTL").c_str(), O_RDONLY | O_CLOEXEC);
	std::vector<char *> argv;

	words.insert(words.begin(), "ksmctl");
	for (std::string &word : words)
		argv.push_back(word.data());
	argv.push_back(nullptr);
	unsetenv("COLUMNS");
	alarm(longest);
	if (manner.as_nobody && !geteuid() &&
	    (setgroups(0, nullptr) || setresgid(nobody, nobody, nobody) ||
	     setresuid(nobody, nobody, nobody)))
		_exit(99);
	fexecve(program, argv.data(), environ);
	_exit(98);
}

int status_of(pid_t child)
{
	int status = 0;

	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

} /* namespace */

std::string environment(const char *name)
{
	const char *value = std::getenv(name);

	if (!value)
		throw std::runtime_error(std::string(name) + " is not set: use 'make test'");
	return value;
}

outcome ksmctl(std::vector<std::string> words, const manner &manner)
{
	if (manner.columns) {
		struct winsize size = {24, (unsigned short)manner.columns, 0, 0};
		int terminal = -1;
		const pid_t child = forkpty(&terminal, nullptr, nullptr, &size);

		if (!child)
			become(words, manner);
		std::string out = all_of(terminal);
		return {status_of(child), out, ""};
	}

	const int out = manner.out_file.empty() ? memfd_create("out", 0)
						: open(manner.out_file.c_str(), O_WRONLY);
	const int err = memfd_create("err", 0);
	const pid_t child = fork();

	if (!child) {
		dup2(out, STDOUT_FILENO);
		dup2(err, STDERR_FILENO);
		become(words, manner);
	}
	const int status = status_of(child);
	lseek(err, 0, SEEK_SET);
	if (!manner.out_file.empty()) {
		close(out);
		return {status, "", all_of(err)};
	}
	lseek(out, 0, SEEK_SET);
	return {status, all_of(out), all_of(err)};
}

std::string shell(const std::string &command, int *status)
{
	FILE *pipe = popen(command.c_str(), "r");
	std::string text;

	for (int c; (c = std::fgetc(pipe)) != EOF;)
		text.push_back(char(c));
	const int ended = pclose(pipe);
	if (status)
		*status = WIFEXITED(ended) ? WEXITSTATUS(ended) : -1;
	return text;
}

} /* namespace ksm */
