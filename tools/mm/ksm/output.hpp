/* SPDX-License-Identifier: GPL-2.0 */
/* What is said on stderr; and what was printed on stdout has arrived, or the user learns of it. */
#pragma once

#include <string>

namespace ksm
{

/* A text on lines as narrow as the terminal. */
void print_wrapped(const std::string &text);

/* "saved    1.25 GiB", on lines as narrow as the terminal. */
void print_labelled(const char *name, const std::string &text);

/* Throws if stdout takes no more, a full disk for instance. */
void flush_output();

/* Lines on stderr: the first is marked as ours, and @more below it is not. */
void say(const std::string &text, const std::string &more = "");

} /* namespace ksm */
