// SPDX-License-Identifier: GPL-2.0
/* How memory is laid out: huge pages, and chains of copies. */
#include "explain/finding.hpp"
#include "format.hpp"
#include "lib/page_size.hpp"
#include "text.hpp"

namespace ksm
{
namespace
{

constexpr std::int64_t mib = 1 << 20;

constexpr std::int64_t much_huge = 256 * mib;
constexpr std::int64_t high_threshold = 256; /* more than half of a huge page of 2 MiB */
constexpr double many_tossed = 5;	     /* split, and made, per second */
constexpr double large_part_of_saved = 0.05;
constexpr std::int64_t copies_that_matter = 4 * mib;
constexpr std::int64_t many_stale = 50; /* percent */

} /* namespace */

judgement hidden_by_huge_pages(const view &view)
{
	const auto huge = amount_of(view.memory, "AnonHugePages");
	const auto threshold = view.now.number("thp_split_threshold");

	if (!view.running() || !huge || *huge < much_huge || !threshold ||
	    (*threshold && *threshold < high_threshold))
		return std::nullopt;
	return finding{
		"hidden_by_huge_pages", level::hint,
		*threshold
			? fmt::format("{} are in huge pages, and of each {} small pages must have "
				      "a match before it is split (thp_split_threshold).",
				      bytes_text(huge), *threshold)
			: fmt::format("{} are in huge pages, which ksmd does not look into "
				      "(thp_split_threshold is 0).",
				      bytes_text(huge)),
		"if saving memory matters more than the speed of huge pages: 'ksmctl set "
		"thp_split_threshold=100', or 1 to save all there is"};
}

/* Our kernel does not let it come to that; the one before it does. */
judgement huge_pages_tossed(const view &view)
{
	const auto split = view.rate("thp_split_page"), made = view.rate("thp_collapse_alloc");

	if (!view.running() || !split || !made || *split < many_tossed || *made < many_tossed)
		return std::nullopt;
	return finding{"huge_pages_tossed", level::waste,
		       fmt::format("Huge pages are split and made again: {:.0f} and {:.0f} a "
				   "second. ksmd and khugepaged may be undoing each other's work.",
				   *split, *made),
		       "keep khugepaged from shared pages: echo 0 "
		       ">/sys/kernel/mm/transparent_hugepage/khugepaged/max_ptes_shared"};
}

judgement too_many_copies(const view &view)
{
	const auto chains = view.now.counter("stable_node_chains");
	const auto dups = view.now.counter("stable_node_dups");
	const auto saved = view.now.saved_bytes();
	const auto most = view.now.number("max_page_sharing");

	if (!chains || !dups || !saved || !most)
		return std::nullopt;
	const std::int64_t copies = bytes_of(*dups - *chains);
	if (copies < copies_that_matter || double(copies) < large_part_of_saved * double(*saved))
		return std::nullopt;
	return finding{"too_many_copies", level::hint,
		       fmt::format("Of {} contents {} shared pages are kept, since one may have {} "
				   "mappings at most (max_page_sharing): {} more than with one of "
				   "each.",
				   *chains, *dups, *most, bytes_text(copies)),
		       fmt::format("let one page serve more: 'ksmctl set run=2 max_page_sharing={} "
				   "run=1', which unshares everything first",
				   *most < 256 ? 256 : *most * 4)};
}

judgement stale_chains(const view &view)
{
	const auto chains = view.now.counter("stable_node_chains");
	const auto stale = view.now.counter("chains_prune_miss_ratio");
	const auto pause = view.now.number("stable_node_chains_prune_millisecs");

	if (!chains || !*chains || !stale || *stale <= many_stale || !pause || *pause < 2)
		return std::nullopt;
	return finding{"stale_chains", level::hint,
		       fmt::format("{} % of the copies that the last search of the chains met were "
				   "used by nobody any more.",
				   *stale),
		       fmt::format("search more often: 'ksmctl set "
				   "stable_node_chains_prune_millisecs={}'",
				   *pause / 2)};
}

} /* namespace ksm */
