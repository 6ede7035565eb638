/* SPDX-License-Identifier: GPL-2.0 */
/* How many pages would remain if all equal ones were merged. */
#pragma once

#include "estimate/mixture.hpp"
#include "estimate/tally.hpp"

namespace ksm
{

struct kept {
	range pages;	   /* with an interval of 95 % */
	double shared = 0; /* contents that more than one page has */
};

/*
 * @pages: all pages that there are, each with one of the contents
 * @part: what was looked at of them, from more than 0 up to 1
 * @most_sharing: so many pages can share one
 */
kept estimate_kept(const tally &tally, double pages, double part, double most_sharing);

} /* namespace ksm */
