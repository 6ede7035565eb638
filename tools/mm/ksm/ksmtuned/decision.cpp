// SPDX-License-Identifier: GPL-2.0
#include "ksmtuned/decision.hpp"

#include <algorithm>

namespace ksm::tuned
{
namespace
{

constexpr std::int64_t usual_kb = 16 * 1024 * 1024; /* the machine that KSM_SLEEP_MSEC is for */
constexpr std::int64_t least_sleep = 10;

} /* namespace */

pacer::pacer(const settings &settings, std::int64_t total_kb)
{
	use(settings, total_kb);
}

void pacer::use(const settings &settings, std::int64_t total_kb)
{
	total_ = total_kb;
	sleep_ = std::max(settings.sleep_msec * usual_kb / total_kb, least_sleep);
	threshold_ = std::max(total_kb * settings.thres_coef / 100, settings.thres_const);
	boost_ = settings.npages_boost;
	decay_ = settings.npages_decay;
	min_ = settings.npages_min;
	max_ = settings.npages_max;
}

decision pacer::decide(const load &load)
{
	if (load.committed + threshold_ < total_ && load.free > threshold_)
		return {decision::kind::stop, pages_};

	const bool boost = load.free < threshold_;
	pages_ += boost ? boost_ : decay_;
	/* Not std::clamp(): the lower bound may be the higher one. */
	if (pages_ < min_)
		pages_ = min_;
	else if (pages_ > max_)
		pages_ = max_;
	return {boost ? decision::kind::boost : decision::kind::decay, pages_};
}

} /* namespace ksm::tuned */
