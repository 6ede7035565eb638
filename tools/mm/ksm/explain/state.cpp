// SPDX-License-Identifier: GPL-2.0
/* Whether KSM is at work, and can be judged. */
#include "explain/finding.hpp"
#include "format.hpp"
#include "lib/page_size.hpp"
#include "text.hpp"

namespace ksm
{

judgement counters_hidden(const view &view)
{
	/* What is for root alone on any machine does not count. */
	if (view.now.counter("pages_sharing"))
		return std::nullopt;
	if (view.now.word("restrict_counters") == "1")
		return finding{"counters_hidden", level::useless,
			       "The counters are for root only, since restrict_counters is 1: "
			       "hardly anything can be judged.",
			       "run 'ksmctl explain' as root"};
	return finding{"counters_hidden", level::useless,
		       "The counters cannot be read here: hardly anything can be judged.",
		       "run 'ksmctl explain' as root, and on the host, not in a container"};
}

judgement stopped(const view &view)
{
	const auto saved = view.now.saved_bytes();

	if (view.now.number("run") != 0)
		return std::nullopt;
	return finding{"stopped", level::useless,
		       saved && *saved ? fmt::format("ksmd is stopped: {} stay saved, and nothing "
						     "is added.",
						     bytes_text(saved))
				       : "ksmd is stopped: nothing is merged.",
		       "start it by 'ksmctl start', or for each boot by 'ksmctl enable'"};
}

judgement left_unshared(const view &view)
{
	if (view.now.number("run") != 2)
		return std::nullopt;
	return finding{"left_unshared", level::useless,
		       "Everything was unshared by run=2, and it was left at that: nothing is "
		       "merged.",
		       "merge again by 'ksmctl start'"};
}

judgement nothing_offered(const view &view)
{
	if (!view.running() || view.now.counter("full_scans").value_or(0) < 1 ||
	    view.now.known_pages() != 0)
		return std::nullopt;
	return finding{"nothing_offered", level::useless,
		       "ksmd runs, but no program offers memory to it.",
		       "offer that of a program by 'ksmctl run -- PROGRAM', of a service by "
		       "'ksmctl enable --unit UNIT' (MemoryKSM=yes of systemd 256 and later), of "
		       "virtual machines by QEMU's -machine mem-merge=on, which is its default "
		       "(libvirt: no <nosharepages/>)"};
}

judgement domains_pending(const view &view)
{
	const auto pages = view.now.counter("domain_pending");

	if (!pages || !*pages)
		return std::nullopt;

	const std::string what = fmt::format(
		"{} pages are still shared with a domain that their process has left", *pages);
	if (!view.running())
		return finding{"domains_pending", level::danger,
			       what + ", and ksmd is stopped, so that it stays like that.",
			       "let ksmd separate them: 'ksmctl start'"};
	if (bytes_of(*pages) > view.available_bytes())
		return finding{"domains_pending", level::danger,
			       what + ", and there is not the memory for their copies.",
			       "free some memory or add swap: ksmd tries again in each pass"};
	return finding{
		"domains_pending", level::hint,
		what + fmt::format(". The next full pass separates them, which takes {} of "
				   "memory.",
				   bytes_text(bytes_of(*pages))),
		"wait for a pass, and look again; if there are as many then, their processes "
		"change their mappings all the time"};
}

} /* namespace ksm */
