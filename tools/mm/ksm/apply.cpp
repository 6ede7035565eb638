// SPDX-License-Identifier: GPL-2.0
#include "apply.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "error.hpp"
#include "format.hpp"
#include "interruptible.hpp"
#include "preflight.hpp"
#include "progress.hpp"
#include "refusal.hpp"
#include "text.hpp"

namespace ksm
{
namespace
{

using std::chrono::steady_clock;

std::string value_of(const knobs &knobs, const std::string &name)
{
	const auto now = knobs.content(name);

	return now ? now->value : "-";
}

int write(const knobs &knobs, const change &change)
{
	const interruptible interruptible;
	const progress progress(knobs);

	return knobs.write(change.name, change.value);
}

/* run=2 that ends half way is no state that can be undone, but one to go on from. */
error half_unmerged(const knobs &knobs, const error &failure)
{
	const auto left = still_merged(knobs);

	return error(
		fmt::format("{}; {} pages are still merged, and ksmd is stopped", failure.what(),
			    left ? count_text(left) : "some"),
		fmt::format("{}; 'ksmctl set run=2' goes on with it, 'ksmctl start' merges again",
			    failure.cure()));
}

/* Puts back what was set before one failed; returns what is to be said of it. */
std::string undo(const knobs &knobs, const std::vector<made_change> &made)
{
	std::string text;

	for (auto change = made.rbegin(); change != made.rend(); change++) {
		const bool unmerged = change->name == "run" && change->after == "2";
		const int err =
			change->before == "-" ? EACCES : knobs.write(change->name, change->before);

		text += fmt::format("; {} {} {}", change->name, err ? "stays" : "is again",
				    err ? change->after : change->before);
		if (unmerged)
			text += ", but everything has been unshared";
	}
	return text;
}

made_change make(const knobs &knobs, const change &change, const std::vector<made_change> &made)
{
	made_change result = {change.name, value_of(knobs, change.name), change.value, 0};
	const auto start = steady_clock::now();

	/* run=2 copies every shared page before it returns. */
	if (const int err = write(knobs, change)) {
		error failure = refusal(change, err, knobs);

		if (change.name == "run" && change.value == "2" && (err == EINTR || err == ENOMEM))
			failure = half_unmerged(knobs, failure);
		throw error(failure.what() + undo(knobs, made), failure.cure());
	}
	result.seconds = std::chrono::duration<double>(steady_clock::now() - start).count();
	result.after = value_of(knobs, change.name);
	return result;
}

/* Where a change stands before that one, it will be what it has set. */
made_change outlook(const knobs &knobs, const change &change, const std::vector<made_change> &made)
{
	const auto last =
		std::ranges::find(made.rbegin(), made.rend(), change.name, &made_change::name);

	return {change.name, last == made.rend() ? value_of(knobs, change.name) : last->after,
		change.value, 0};
}

bool unshares(const std::vector<change> &changes)
{
	return std::ranges::any_of(changes, [](const change &change) {
		return change.name == "run" && change.value == "2";
	});
}

} /* namespace */

std::vector<std::string> check_all(const knobs &knobs, const std::string &proc,
				   const std::vector<change> &changes, bool force)
{
	check(knobs, changes);
	std::vector<std::string> warned = warnings(knobs, changes);

	if (!unshares(changes))
		return warned;
	if (const auto harm = no_room_to_unshare(knobs, proc)) {
		if (!force)
			throw *harm;
		warned.push_back(harm->what());
	}
	return warned;
}

std::vector<made_change> apply(const knobs &knobs, const std::vector<change> &changes, bool dry_run)
{
	std::vector<made_change> made;

	for (const change &change : changes)
		made.push_back(dry_run ? outlook(knobs, change, made) : make(knobs, change, made));
	return made;
}

std::string text_of(const made_change &change, bool dry_run)
{
	const std::string text =
		fmt::format("{}: {} -> {}", change.name, change.before, change.after);

	return text + (dry_run ? " (not written)" : fmt::format(" ({:.3f} s)", change.seconds));
}

} /* namespace ksm */
