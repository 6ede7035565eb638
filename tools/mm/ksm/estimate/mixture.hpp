/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How many contents there are, by how often they were seen where only a part of the pages
 * was looked at.
 *
 * Of a content that n pages have, the number of pages looked at follows the binomial
 * distribution. So the numbers of contents that were seen once, twice and so on tell how
 * many contents with 1, 2, 3... pages there may be. Among all such mixtures the most likely
 * one is taken, and the interval is that of the profile likelihood: whatever some mixture
 * gives that is nearly as likely. As no shape is assumed, the interval is wide where little
 * was looked at.
 */
#pragma once

#include "estimate/tally.hpp"

namespace ksm
{

struct range {
	double value = 0;
	double low = 0;
	double high = 0;
};

struct mixture {
	range kept;	   /* pages that remain, as a part of all pages */
	double shared = 0; /* contents with more than one page, as a part of all pages */
};

/*
 * @pages: those that have one of the contents, times the part of the contents that @seen is
 *	about
 * @part: what was looked at of them, more than 0 and less than 1
 * @most_sharing: so many pages can share one
 */
mixture likely_mixture(const decltype(tally::light) &seen, double pages, double part,
		       double most_sharing);

} /* namespace ksm */
