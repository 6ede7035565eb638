// SPDX-License-Identifier: GPL-2.0
#include "suggest.hpp"

#include <algorithm>
#include <numeric>

namespace ksm
{
namespace
{

/* How many letters have to be added, dropped, replaced, or swapped with the next. */
std::size_t distance(std::string_view a, std::string_view b)
{
	std::vector<std::size_t> before, last, row(b.size() + 1);

	std::iota(row.begin(), row.end(), 0);
	for (std::size_t i = 1; i <= a.size(); i++) {
		before = std::move(last);
		last = row;
		row[0] = i;
		for (std::size_t j = 1; j <= b.size(); j++) {
			row[j] = std::min({last[j] + 1, row[j - 1] + 1,
					   last[j - 1] + (a[i - 1] != b[j - 1])});
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = std::min(row[j], before[j - 2] + 1);
		}
	}
	return row[b.size()];
}

std::vector<std::string> nearest(std::string_view word, const std::vector<std::string> &known)
{
	std::vector<std::string> found;

	/* Most often, the rest of the word was not known. */
	std::ranges::copy_if(known, std::back_inserter(found),
			     [&](const std::string &k) { return k.starts_with(word); });
	if (!found.empty() || word.empty())
		return found;

	/* Every option begins with two dashes. */
	const std::size_t letters =
		word.size() - std::min(word.find_first_not_of('-'), word.size());
	std::size_t least = std::max<std::size_t>(letters / 3, 1);
	for (const std::string &k : known) {
		const std::size_t far = distance(word, k);

		if (far > least)
			continue;
		if (far < least)
			found.clear();
		least = far;
		found.push_back(k);
	}
	return found;
}

} /* namespace */

std::string did_you_mean(std::string_view word, const std::vector<std::string> &known)
{
	constexpr std::size_t most = 3; /* more of them do not help */
	const std::vector<std::string> found = nearest(word, known);
	std::string text;

	if (found.empty() || found.size() > most || word.empty())
		return text;
	for (const std::string &f : found)
		text += (text.empty() ? "; did you mean '" : " or '") + f + "'";
	return text + "?";
}

} /* namespace ksm */
