// SPDX-License-Identifier: GPL-2.0
#include "persist/boot.hpp"

#include <algorithm>

#include "apply.hpp"
#include "error.hpp"
#include "format.hpp"
#include "persist/rivals.hpp"
#include "persist/tmpfiles.hpp"

namespace ksm
{
namespace
{

void append(std::vector<std::string> &all, const std::vector<std::string> &more)
{
	all.insert(all.end(), more.begin(), more.end());
}

bool has_budget(const knobs &knobs)
{
	const auto mode = knobs.content("advisor_mode");

	return mode && std::ranges::find(mode->choices, "cpu-budget") != mode->choices.end();
}

/* Those of the profile that this kernel has; says which it does not have. */
std::vector<change> changes_here(const knobs &knobs, const profile &profile, persist_outcome &done)
{
	const counts other = has_budget(knobs) ? counts::without_budget : counts::with_budget;
	std::vector<change> changes;

	for (const auto &[name, value, why, counts] : profile.settings) {
		const bool there = knobs.has(name);

		if (there && counts != other) {
			changes.push_back({name, value});
			done.reasons[name] = why;
		} else if (there && counts == counts::with_budget) {
			done.warnings.push_back(fmt::format(
				"this kernel's {} has no {}: it has scan-time instead, which only "
				"estimates the CPU time",
				name, value));
		} else if (!there && counts != counts::with_budget) {
			done.warnings.push_back(fmt::format(
				"this kernel's KSM has no {}, so that it is left out", name));
		}
	}
	return changes;
}

/* The knobs come first: a file that could not be set would fail at each boot. */
void set_now(const knobs &knobs, const std::string &proc, const std::vector<change> &changes,
	     const persist_options &options, persist_outcome &done)
{
	append(done.warnings, check_all(knobs, proc, changes, options.force));
	done.changes = apply(knobs, changes, options.dry_run);
}

/* Of what is done now, and does not last. */
template <typename F> void persist(const persist_outcome &done, F &&write)
{
	try {
		write();
	} catch (const error &failure) {
		if (done.changes.empty())
			throw;
		throw error(fmt::format("the knobs are set now, but not for the next boot: {}",
					failure.what()),
			    failure.cure());
	}
}

} /* namespace */

persist_outcome enable_at_boot(const knobs &knobs, const std::string &proc, const config_root &root,
			       const profile &profile, const persist_options &options)
{
	const std::string text = tmpfiles_text(profile);
	persist_outcome done;

	done.warnings = rivals(root, proc);
	if (!root.has("/usr/bin/systemd-tmpfiles") && !root.has("/bin/systemd-tmpfiles"))
		done.warnings.push_back(
			fmt::format("systemd-tmpfiles is not there, so that nothing "
				    "reads {} at boot",
				    tmpfiles_conf));
	if (options.live)
		set_now(knobs, proc, changes_here(knobs, profile, done), options, done);
	if (!options.dry_run)
		persist(done, [&] { root.write(tmpfiles_conf, text); });
	done.files.push_back({root.path(tmpfiles_conf), fate::written, text});
	return done;
}

persist_outcome disable_at_boot(const knobs &knobs, const std::string &proc,
				const config_root &root, const persist_options &options)
{
	persist_outcome done;
	bool there = root.has(tmpfiles_conf);

	done.warnings = rivals(root, proc);
	if (options.live)
		set_now(knobs, proc, {{"run", options.unshare ? "2" : "0"}}, options, done);
	if (!options.dry_run)
		persist(done, [&] { there = root.remove(tmpfiles_conf); });
	done.files.push_back({root.path(tmpfiles_conf), there ? fate::removed : fate::absent, ""});
	return done;
}

} /* namespace ksm */
