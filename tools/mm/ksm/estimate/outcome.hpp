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

/* All in bytes. */
struct outcome {
	range saved;			     /* beyond what is saved already */
	std::optional<std::int64_t> already; /* as pages are shared now; nothing if hidden */
	std::int64_t already_by_ksm = 0;
	double zero = 0;	 /* of both: by pages of zeroes */
	double more_zero = 0;	 /* what use_zero_pages would add; 0 where it is set */
	double by_splitting = 0; /* of what is saved: only if huge pages are split */
	double metadata = 0;
	range net; /* all that KSM saves, less that */
};

outcome work_out(const survey &survey, const looked &looked, const terms &terms);

} /* namespace ksm */
