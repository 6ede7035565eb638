// SPDX-License-Identifier: GPL-2.0
/* Others that steer KSM at the same time. */
#include <algorithm>

#include "explain/finding.hpp"
#include "format.hpp"

namespace ksm
{
namespace
{

/* "ksmtuned (PID 12) and virt-handler (PID 34)" */
std::string named(const std::vector<writer> &writers)
{
	std::string text;

	for (const writer &writer : writers)
		text += fmt::format("{}{} (PID {})", text.empty() ? "" : " and ", writer.program,
				    writer.pid);
	return text;
}

/* The advisor writes that one. */
bool is_advisors(const std::string &knob, const view &view)
{
	return knob == "pages_to_scan" && view.now.word("advisor_mode") != "none" &&
	       !view.now.word("advisor_mode").empty();
}

} /* namespace */

judgement several_writers(const view &view)
{
	if (view.writers.size() < 2)
		return std::nullopt;
	return finding{"several_writers", level::waste,
		       named(view.writers) + " set the same knobs, each as it thinks best.",
		       "leave KSM to one of them, and stop the others"};
}

judgement writer_beside_advisor(const view &view)
{
	std::vector<writer> heedless;

	std::ranges::copy_if(view.writers, std::back_inserter(heedless),
			     [](const writer &writer) { return !writer.heeds_advisor; });
	if (heedless.empty() || !is_advisors("pages_to_scan", view))
		return std::nullopt;
	return finding{"writer_beside_advisor", level::waste,
		       named(heedless) + " and the kernel's advisor both want to set the pace: the "
					 "kernel refuses pages_to_scan while the advisor is on.",
		       "stop the program, or switch the advisor off: 'ksmctl set "
		       "advisor_mode=none'"};
}

judgement knobs_changed(const view &view)
{
	std::string all;

	for (const auto &[name, value] : view.now.knobs) {
		const auto before = view.before.knobs.find(name);

		if (before == view.before.knobs.end() || before->second == value ||
		    is_advisors(name, view))
			continue;
		all += fmt::format("{}{} from {} to {}", all.empty() ? "" : ", ", name,
				   before->second, value);
	}
	if (all.empty())
		return std::nullopt;
	return finding{"knobs_changed", level::waste,
		       fmt::format("While this looked, {} changed {}.",
				   view.writers.empty() ? "another program" : named(view.writers),
				   all),
		       "what you set does not last while it runs: stop it, or configure it"};
}

} /* namespace ksm */
