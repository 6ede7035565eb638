/* SPDX-License-Identifier: GPL-2.0 */
#pragma once

#include <functional>
#include <string>
#include <vector>

/*
 * Programs that are no part of the tests: those of the machine, and those of others that
 * scripts/fetch.sh has unpacked in the directory that KSM_TEST_PROGRAMS names.
 */
namespace ksm
{

/* Empty if that program was fetched, else why not. */
std::string why_not_fetched(const std::string &program);
/* Where a file of its packages is: "usr/bin/x". */
std::string fetched(const std::string &program, const std::string &file);

/* Empty if a command of this name is on the machine. */
std::string why_no_command(const std::string &name);

/* What a command of the shell prints; throws that if it fails. */
std::string output_of(const std::string &command);

/* In a child: becomes this program. Throws if it cannot. */
[[noreturn]] void become(std::vector<std::string> words);
/* The same under another name, which is the first of the words. */
[[noreturn]] void become(const std::string &program, std::vector<std::string> words);

/* Waits until it is true; throws what was awaited if it does not come true. */
void await_that(const std::function<bool()> &condition, const std::string &what);

/* Empty if there is no such file yet. */
std::string text_if_any(const std::string &path);

} /* namespace ksm */
