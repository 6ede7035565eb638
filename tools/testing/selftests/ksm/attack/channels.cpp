// SPDX-License-Identifier: GPL-2.0
#include "attack/channels.hpp"

#include "support/region.hpp"

namespace ksm
{

void channel::guess_right(char *page, std::uint64_t secret) const
{
	fill_page(page, secret);
}

void channel::guess_wrong(char *page, std::uint64_t, std::uint64_t other) const
{
	fill_page(page, other);
}

const std::vector<channel_entry> &channels()
{
	static const std::vector<channel_entry> all = {
		{"write", "the time of the first store", time_of_store},
		{"read", "the time of the first load", time_of_load},
		{"prefetch", "the time of a prefetch", time_of_prefetch},
		{"faults", "own minor faults by the first store", own_faults},
		{"cow_ksm", "cow_ksm of vmstat, by the first store", copies_in_vmstat},
		{"counters", "sysfs, ksm_stat, memory.current, Rss and Pss, before and after",
		 counters_of_all},
		{"huge", "which huge pages have been split", huge_page_split},
		{"kept", "the victim's page comes to be in a frame of the attacker", frame_kept},
		{"reused", "a frame that merging frees comes to the attacker", frame_reused},
		{"ksmd", "ksmd's CPU time, by the common prefix of contents", time_of_ksmd},
		{"munmap", "the time of munmap()", time_of_munmap},
		{"dontneed", "the time of MADV_DONTNEED", time_of_dontneed},
		{"move_pages", "whether move_pages() refuses", refusal_of_move_pages},
		{"pagemap", "the exclusive bit of pagemap", exclusive_in_pagemap},
		{"smaps", "Pss, Private and KSM of smaps", sizes_in_smaps},
	};

	return all;
}

} /* namespace ksm */
