// SPDX-License-Identifier: GPL-2.0
#include "knobs.hpp"

#include <cerrno>
#include <sstream>
#include <system_error>

#include <unistd.h>

#include "utf8.hpp"

namespace ksm
{

knob_value parse_knob(const std::string &text)
{
	std::istringstream words(text);
	knob_value result;
	bool marked = false;

	for (std::string word; words >> word;) {
		if (word.size() > 2 && word.front() == '[' && word.back() == ']') {
			word = word.substr(1, word.size() - 2);
			result.value = word;
			marked = true;
		}
		result.choices.push_back(word);
	}
	return marked ? result : knob_value{text, {}};
}

std::vector<knob_file> knobs::all() const
{
	std::vector<knob_file> files;

	for (const std::string &name : dir_.names())
		files.push_back({name, content(name), writable(name)});
	return files;
}

std::vector<std::string> knobs::knob_names() const
{
	std::vector<std::string> names = dir_.names();

	std::erase_if(names, [this](const std::string &name) { return !writable(name); });
	return names;
}

std::optional<knob_value> knobs::content(const std::string &name) const
{
	if (!has(name))
		return std::nullopt;
	try {
		/* It is shown on terminals and in JSON, and --sysfs may name any directory. */
		return parse_knob(printable(dir_.text(name)));
	} catch (const std::system_error &) {
		return std::nullopt;
	}
}

std::optional<std::int64_t> knobs::number(const std::string &name) const
{
	const auto found = content(name);

	return found ? number_in(found->value) : std::nullopt;
}

int knobs::refuses(const std::string &name) const
{
	return access(dir_.path(name).c_str(), W_OK) ? errno : 0;
}

int knobs::write(const std::string &name, const std::string &value) const
{
	/* With a newline, since sysfs takes a write of nothing at all for success. */
	return dir_.write(name, value + "\n");
}

} /* namespace ksm */
