// SPDX-License-Identifier: GPL-2.0
/*
 * libFuzzer writes command lines, a word in each line: each is taken or refused, with a cure,
 * and what is taken leads to no file but those that it should.
 */
#include <cmath>
#include <cstdint>
#include <sstream>

#include "changes.hpp"
#include "error.hpp"
#include "fuzz/defect.hpp"
#include "fuzz/tree.hpp"
#include "options.hpp"
#include "persist/unit.hpp"

using namespace ksm;

namespace
{

using words = std::vector<std::string>;

words words_in(std::string_view text)
{
	std::istringstream in{std::string(text)};
	words all;

	/* An argument ends at its first NUL. */
	for (std::string word; std::getline(in, word);)
		all.push_back(word.c_str());
	return all;
}

void check_refused(const error &error)
{
	const int status = error.status();

	if (std::string(error.what()).empty() || error.cure().empty())
		defect("no cause or no cure", error.what());
	if (status != exit_status::failure && status != exit_status::usage &&
	    status != exit_status::run_failure)
		defect("an exit status that is not ours", std::to_string(status));
}

template <typename F> void take(F &&f)
{
	try {
		f();
	} catch (const text_wanted &) {
	} catch (const error &error) {
		check_refused(error);
	}
}

void check_options(const words &words)
{
	std::vector<const char *> argv = {"ksmctl"};

	for (const std::string &word : words)
		argv.push_back(word.c_str());
	const options options = parse_options(int(argv.size()), argv.data());

	for (const double seconds :
	     {options.watch.interval, options.explain.seconds, options.estimate.seconds})
		if (!std::isfinite(seconds) || seconds <= 0)
			defect("no time", std::to_string(seconds));
	if (options.command == command::run && options.program.empty())
		defect("no program", words.front());
}

void check_set(const words &words)
{
	static const fuzzed_tree tree("[none] scan-time\n");
	const knobs knobs(tree.sysfs());
	const std::vector<change> changes = changes_in(words);

	check(knobs, changes);
	for (const change &change : changes)
		if (change.name.find('/') != change.name.npos || !knobs.has(change.name))
			defect("a knob that is not there", change.name);
	warnings(knobs, changes);
}

void check_unit(const std::string &word)
{
	constexpr std::string_view above = "/etc/systemd/system/", dir = ".service.d";
	const std::string made = unit(word).drop_in_dir();

	if (!made.starts_with(above) || !made.ends_with(dir) ||
	    made.find('/', above.size()) != made.npos)
		defect("a directory elsewhere", made);
}

} /* namespace */

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
	const words words = words_in({reinterpret_cast<const char *>(data), size});

	take([&] { check_options(words); });
	take([&] { check_set(words); });
	for (const std::string &word : words)
		take([&] { check_unit(word); });
	return 0;
}
