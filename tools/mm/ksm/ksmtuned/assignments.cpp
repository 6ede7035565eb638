// SPDX-License-Identifier: GPL-2.0
#include "ksmtuned/assignments.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include <unistd.h>

#include "format.hpp"
#include "ksmtuned/arithmetic.hpp"
#include "ksmtuned/characters.hpp"
#include "ksmtuned/refused.hpp"
#include "ksmtuned/shell_value.hpp"

namespace ksm::tuned
{
namespace
{

/* A shell gives these their values itself. */
bool shells_own(std::string_view name)
{
	static constexpr std::string_view names[] = {
		"UID",	   "EUID",	   "PPID",	    "SHELLOPTS", "RANDOM",     "SRANDOM",
		"SECONDS", "EPOCHSECONDS", "EPOCHREALTIME", "LINENO",	 "DIRSTACK",   "FUNCNAME",
		"GROUPS",  "HISTCMD",	   "SHLVL",	    "_",	 "PIPESTATUS",
	};

	return name.starts_with("BASH") || std::ranges::find(names, name) != std::end(names);
}

class reader
{
public:
	reader(std::string_view text, const std::string &file, variables before)
		: in_{text, file}, variables_(std::move(before))
	{
	}

	variables read()
	{
		check_characters();
		while (!in_.ended()) {
			blanks();
			if (in_.at('#'))
				comment();
			if (!in_.take('\n') && !in_.ended())
				command();
		}
		return std::move(variables_);
	}

private:
	/* What no editor would write, and what a shell would take for a part of a value. */
	void check_characters() const
	{
		unsigned line = 1;

		for (const char c : in_.text) {
			if (c == '\r')
				throw refused(in_.file, line, "",
					      "the line ends with a carriage return",
					      "make it a Unix text: sed -i 's/\\r$//' " + in_.file);
			if ((unsigned char)c < ' ' && c != '\n' && c != '\t')
				throw refused(in_.file, line, "",
					      fmt::format("there is a control character ({:#04x})",
							  (unsigned)c),
					      "remove it");
			line += c == '\n';
		}
	}

	void blanks()
	{
		while (!in_.ended() && (is_blank(in_.next()) || in_.at_continuation()))
			in_.skip(in_.at_continuation() ? 2 : 1);
	}

	void comment()
	{
		while (!in_.ended() && !in_.at('\n'))
			in_.skip(1);
	}

	/* Up to the end of the line, or a semicolon. */
	void command()
	{
		const bool exported = take_export();

		for (bool first = true;; first = false) {
			blanks();
			if (in_.ended() || in_.at('\n') || (in_.at('#') && !first))
				break;
			if (!first && in_.take(';'))
				break;
			assignment(exported, first);
		}
		/* A shell reads the whole line before it exports the first of them. */
		for (auto &[name, set] : std::exchange(pending_, {}))
			variables_[name] = std::move(set);
	}

	bool take_export()
	{
		constexpr std::string_view word = "export";
		const std::string_view rest = in_.rest();

		if (!rest.starts_with(word) || rest.size() == word.size() ||
		    !is_blank(rest[word.size()]))
			return false;
		in_.skip(word.size());
		return true;
	}

	void assignment(bool exported, bool first)
	{
		const unsigned line = in_.line;
		const std::string_view name = in_.peek_name();
		const bool alone = ends_word(in_.rest().substr(name.size()));

		if (!name.empty() && exported && alone) {
			in_.skip(name.size()); /* which it is already */
			return;
		}
		if (name.empty() || in_.after(name.size()) != '=')
			not_an_assignment(name, first);
		const std::string key(name);
		if (shells_own(name))
			throw refused(in_.file, line, key, "a shell sets this itself",
				      "take another name");
		in_.skip(name.size() + 1);
		variable set = {read_value(in_, key, variables_), line};
		if (exported)
			pending_.emplace_back(key, std::move(set));
		else
			variables_[key] = std::move(set);
	}

	static bool ends_word(std::string_view rest)
	{
		return rest.empty() || is_blank(rest[0]) || rest[0] == '\n' || rest[0] == ';';
	}

	[[noreturn]] void not_an_assignment(std::string_view name, bool first) const
	{
		const std::string_view rest = in_.rest();
		const std::string word(rest.substr(0, rest.find_first_of(" \t\n")));
		const std::string_view after = rest.substr(name.size());
		const std::size_t next = after.find_first_not_of(" \t");

		if (!name.empty() && next && next != after.npos && after[next] == '=')
			throw refused(in_.file, in_.line, std::string(name),
				      "there are blanks before '='",
				      fmt::format("write {}=VALUE without blanks", name));
		if (!name.empty() && (after.starts_with("+=") || after.starts_with("[")))
			throw refused(in_.file, in_.line, std::string(name),
				      "it is added to, or an array, which is not taken",
				      fmt::format("write the whole value: {}=VALUE", name));
		throw refused(in_.file, in_.line, "", fmt::format("'{}' is no assignment", word),
			      first ? "only lines like NAME=VALUE are taken, no commands: remove it"
				    : "quote a value that has blanks in it: NAME='a b'");
	}

	input in_;
	variables variables_;
	std::vector<std::pair<std::string, variable>> pending_;
};

} /* namespace */

variables read_assignments(std::string_view text, const std::string &file, variables before)
{
	return reader(text, file, std::move(before)).read();
}

variables environment_variables()
{
	variables all;

	for (char **entry = environ; entry && *entry; entry++) {
		const std::string_view text = *entry;
		const std::size_t end = text.find('=');

		if (end && end != text.npos && !shells_own(text.substr(0, end)))
			all[std::string(text.substr(0, end))] = {std::string(text.substr(end + 1)),
								 0};
	}
	return all;
}

} /* namespace ksm::tuned */
