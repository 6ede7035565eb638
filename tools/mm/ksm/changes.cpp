// SPDX-License-Identifier: GPL-2.0
#include "changes.hpp"

#include <map>
#include <optional>

#include "error.hpp"
#include "format.hpp"
#include "refusal.hpp"
#include "rules.hpp"
#include "suggest.hpp"

namespace ksm
{
namespace
{

/* The knobs as they would be after the changes so far. */
class outlook
{
public:
	explicit outlook(const knobs &knobs)
		: knobs_(knobs), merged_(knobs.number("pages_shared").value_or(0))
	{
	}

	std::string value(const std::string &name) const
	{
		if (const auto set = values_.find(name); set != values_.end())
			return set->second;
		const auto now = knobs_.content(name);
		return now ? now->value : "";
	}

	/* Nothing where we may not read it. */
	std::int64_t merged_pages() const { return merged_; }

	void make(const change &change)
	{
		values_[change.name] = change.value;
		if (change.name == "run" && change.value == "2")
			merged_ = 0;
	}

private:
	const knobs &knobs_;
	std::map<std::string, std::string> values_;
	std::int64_t merged_;
};

void check_name(const knobs &knobs, const std::string &name)
{
	const std::vector<std::string> names = knobs.knob_names();

	if (names.empty())
		throw error(fmt::format("the files in {} are hidden here, as in a container",
					knobs.path()),
			    "run ksmctl on the host");
	if (!knobs.has(name))
		throw error(fmt::format("this kernel's KSM has no knob '{}'{}", name,
					did_you_mean(name, names)),
			    fmt::format("its knobs are: {}", fmt::join(names, " ")),
			    exit_status::usage);
	if (!knobs.writable(name))
		throw error(fmt::format("{} is a counter, it cannot be set", name),
			    fmt::format("the knobs are: {}", fmt::join(names, " ")),
			    exit_status::usage);
}

void check_value(const knobs &knobs, const change &change)
{
	const knob_value now = knobs.content(change.name).value_or(knob_value{});

	if (acceptable(change.name, change.value, now))
		return;
	throw error(fmt::format("cannot set {} to '{}'", change.name, change.value),
		    fmt::format("{} takes {}", change.name,
				accepted(change.name, now).value_or("some value")),
		    exit_status::usage);
}

bool is_above(const std::string &one, const std::string &other)
{
	const auto first = number_in(one), second = number_in(other);

	return first && second && *first > *second;
}

void check_state(const outlook &outlook, const change &change)
{
	const auto &[name, value] = change;
	const std::string advisor = outlook.value("advisor_mode");

	if (name == "pages_to_scan" && !advisor.empty() && advisor != "none")
		throw refusal(change, advised);
	if (needs_unmerged(name) && outlook.merged_pages() && outlook.value(name) != value)
		throw refusal(change, merged);
	if ((name == "advisor_min_pages_to_scan" &&
	     is_above(value, outlook.value("advisor_max_pages_to_scan"))) ||
	    (name == "advisor_max_pages_to_scan" &&
	     is_above(outlook.value("advisor_min_pages_to_scan"), value)))
		throw refusal(change, crossed);
}

} /* namespace */

std::vector<change> changes_in(const std::vector<std::string> &words)
{
	std::vector<change> changes;

	if (words.size() == 2 && words[0].find('=') == std::string::npos &&
	    words[1].find('=') == std::string::npos)
		return {{words[0], words[1]}};
	for (const std::string &word : words) {
		const std::size_t at = word.find('=');

		if (at == std::string::npos || !at)
			throw error(fmt::format("'{}' is not of the form KNOB=VALUE", word),
				    "for example: ksmctl set run=1 pages_to_scan=200",
				    exit_status::usage);
		changes.push_back({word.substr(0, at), word.substr(at + 1)});
	}
	return changes;
}

void check(const knobs &knobs, const std::vector<change> &changes)
{
	outlook outlook(knobs);

	for (const change &change : changes) {
		check_name(knobs, change.name);
		check_value(knobs, change);
		check_state(outlook, change);
		outlook.make(change);
	}
	for (const change &change : changes)
		if (const int err = knobs.refuses(change.name))
			throw refusal(change, err);
}

std::vector<std::string> warnings(const knobs &knobs, const std::vector<change> &changes)
{
	std::vector<std::string> all;
	outlook after(knobs);

	for (const change &change : changes)
		after.make(change);
	const std::string advisor = after.value("advisor_mode");
	for (const change &change : changes) {
		const auto &[name, value] = change;

		if (const auto odd = oddity(name, value, advisor))
			all.push_back(fmt::format("{}={}: {}", name, value, *odd));
		if (without_effect(name, advisor))
			all.push_back(fmt::format("{}={}: without effect while advisor_mode is {}",
						  name, value, advisor));
		if (name == "run" && value == "1" && after.value("pages_to_scan") == "0" &&
		    advisor == "none")
			all.push_back("run=1: pages_to_scan is 0, so ksmd scans nothing");
	}
	return all;
}

} /* namespace ksm */
