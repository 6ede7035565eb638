/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The configuration was written for a shell, which ran it. We run nothing: assignments are
 * taken, with what a shell makes of their values, and all else is refused.
 */
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace ksm::tuned
{

struct variable {
	std::string value;
	unsigned line; /* where it was set; 0: in the environment */
};

using variables = std::map<std::string, variable, std::less<>>;

/*
 * Returns the variables that a shell would have after it had read the text, of which @before
 * are those that it had before. Throws ksm::error, which names the file, the line and the
 * variable or the word; nothing that it returns differs from what bash would make of it.
 */
variables read_assignments(std::string_view text, const std::string &file, variables before);

/* Those of the environment that a shell could name. */
variables environment_variables();

} /* namespace ksm::tuned */
