// SPDX-License-Identifier: GPL-2.0
#include "estimate/outcome.hpp"

#include <algorithm>
#include <cmath>

#include "estimate/kept.hpp"
#include "lib/page_size.hpp"

namespace ksm
{
namespace
{

constexpr double deviations = 1.96; /* for 95 % */

/* All pages of a kind, and what was seen of them. */
struct kind {
	ksm::tally tally;
	double pages; /* that are there */
	double zero;
	double part; /* that was looked at */
	double zero_error;
};

kind kind_of(const tally &tally, double pages, std::uint64_t tried, std::uint64_t there,
	     std::uint64_t zero)
{
	kind kind = {tally, 0, 0, 0, 0};

	if (!there)
		return kind;
	const double zero_part = double(zero) / double(there);
	kind.part = std::min(1.0, double(tried) / pages);
	kind.pages = pages * double(there) / double(tried);
	kind.zero = kind.pages * zero_part;
	kind.zero_error = deviations * kind.pages *
			  std::sqrt(zero_part * (1 - zero_part) * (1 - kind.part) / double(there));
	return kind;
}

double kept_zero(const kind &kind, const terms &terms)
{
	return terms.use_zero_pages ? 0 : std::ceil(kind.zero / terms.most_sharing);
}

/* Pages that are saved, and how many contents are shared for that. */
struct savings {
	range pages;
	double shared = 0;
};

savings savings_of(const kind &kind, const terms &terms)
{
	savings savings;

	if (kind.pages <= 0)
		return savings;
	const double others = kind.pages - kind.zero;
	const kept kept = estimate_kept(kind.tally, others, kind.part, terms.most_sharing);
	const double value = kind.pages - kept.pages.value - kept_zero(kind, terms);
	/* A page that is not zero after all is saved less often. */
	const double zero_error =
		others > 0 ? kind.zero_error * kept.pages.value / others : kind.zero_error;

	savings.pages = {value, value - std::hypot(kept.pages.high - kept.pages.value, zero_error),
			 value + std::hypot(kept.pages.value - kept.pages.low, zero_error)};
	savings.shared = kept.shared + (kind.zero > 1 && !terms.use_zero_pages);
	return savings;
}

range bytes(const range &pages, double less)
{
	const auto convert = [less](double count) {
		return std::max(0.0, count * double(page_size()) - less);
	};

	return {convert(pages.value), convert(pages.low), convert(pages.high)};
}

} /* namespace */

terms terms_of(const knobs &knobs)
{
	terms terms;

	terms.most_sharing =
		std::max(2.0, double(knobs.number("max_page_sharing")
					     .value_or(std::int64_t(terms.most_sharing))));
	terms.use_zero_pages = knobs.number("use_zero_pages").value_or(0) != 0;
	/* Kernels without that file have an rmap_item and a stable node of 64 bytes each. */
	terms.bytes_per_page = knobs.has("metadata_bytes") ? 35 : 64;
	terms.bytes_per_shared = knobs.has("metadata_bytes") ? 128 : 64;
	return terms;
}

outcome work_out(const survey &survey, const looked &looked, const terms &terms)
{
	const population &pages = survey.pages();
	const kind all = kind_of(looked.contents.all(), double(pages.count()), looked.tried.all,
				 looked.there.all, looked.zero.all);
	const kind small = kind_of(looked.contents.small(), double(pages.count() - pages.huge()),
				   looked.tried.small, looked.there.small, looked.zero.small);
	const savings savings = savings_of(all, terms);
	outcome outcome;

	outcome.already = survey.shared_now();
	outcome.already_by_ksm = survey.merged_now();
	const double already = double(outcome.already.value_or(0));
	outcome.saved = bytes(savings.pages, already);
	outcome.zero = (all.zero - kept_zero(all, terms)) * double(page_size());
	outcome.more_zero = kept_zero(all, terms) * double(page_size());
	outcome.by_splitting = std::max(
		0.0, outcome.saved.value - bytes(savings_of(small, terms).pages, already).value);
	outcome.metadata =
		all.pages * terms.bytes_per_page + savings.shared * terms.bytes_per_shared;

	const double beside = double(outcome.already_by_ksm) - outcome.metadata;
	outcome.net = {outcome.saved.value + beside, outcome.saved.low + beside,
		       outcome.saved.high + beside};
	return outcome;
}

} /* namespace ksm */
