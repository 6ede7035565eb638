/* SPDX-License-Identifier: GPL-2.0 */
/* What merging would save, and cost. */
#pragma once

#include <cstdint>
#include <optional>

#include "estimate/look.hpp"
#include "estimate/mixture.hpp"
#include "estimate/survey.hpp"
#include "knobs.hpp"

namespace ksm
{

/* What that depends on. */
struct terms {
	double most_sharing = 256; /* pages that share one */
	bool use_zero_pages = false;
	double bytes_per_page = 0; /* of KSM's own */
	double bytes_per_shared = 0;
};

/* Of this kernel, as it is set up. */
terms terms_of(const knobs &knobs);

/* In bytes, beyond what is shared already. */
struct outcome {
	range saved;
	std::optional<std::int64_t> already; /* saved as pages are shared now */
	double zero = 0;		     /* of that: pages of zeroes */
	double more_zero = 0;		     /* what use_zero_pages would add; 0 where it is set */
	double by_splitting = 0;	     /* of what is saved: only if huge pages are split */
	double metadata = 0;
	range net;
};

outcome work_out(const survey &survey, const looked &looked, const terms &terms);

} /* namespace ksm */
