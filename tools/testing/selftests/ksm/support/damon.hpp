/* SPDX-License-Identifier: GPL-2.0 */
#pragma once

#include <cstdint>
#include <string>

namespace ksm
{

/*
 * DAMON over physical memory, as eager as it can be, for as long as this lives.  It walks to
 * all mappings of a page, those of KSM pages too.
 */
class damon
{
public:
	enum class action {
		count_used, /* only counts the regions that were seen to be in use */
		page_out,   /* swaps out anonymous pages of regions that were not */
	};

	/* Empty if it can be had here, else what is missing. */
	static std::string why_not();

	damon(std::uint64_t first_frame, std::uint64_t last_frame, action what);
	~damon();
	damon(const damon &) = delete;
	damon &operator=(const damon &) = delete;

	/* How often it has found a region to act on, and how many bytes it has acted on. */
	static long tried();
	static long applied_bytes();
};

} /* namespace ksm */
