// SPDX-License-Identifier: GPL-2.0
#include "estimate/pagemap.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include <sys/ioctl.h>

#include "lib/page_size.hpp"

namespace ksm
{
namespace
{

/*
 * What the ioctl PAGEMAP_SCAN (Linux 6.7) takes and gives; Debian 12's headers are older.
 */
struct scan_region {
	std::uint64_t from;
	std::uint64_t to;
	std::uint64_t categories;
};

struct scan_request {
	std::uint64_t size;
	std::uint64_t flags;
	std::uint64_t from;
	std::uint64_t to;
	std::uint64_t stopped_at;
	std::uint64_t regions; /* an address */
	std::uint64_t regions_size;
	std::uint64_t most_pages;
	std::uint64_t inverted;
	std::uint64_t required;
	std::uint64_t one_required;
	std::uint64_t wanted;
};

constexpr unsigned long scan = _IOWR('f', 16, scan_request);

enum category : std::uint64_t { in_file = 1 << 2, present = 1 << 3, zero = 1 << 5, huge = 1 << 6 };

/* Of an entry of pagemap. */
constexpr std::uint64_t entry_in_file = std::uint64_t(1) << 61;
constexpr std::uint64_t entry_exclusive = std::uint64_t(1) << 56;
constexpr std::uint64_t entry_present = std::uint64_t(1) << 63;
constexpr std::uint64_t entry_frame = (std::uint64_t(1) << 55) - 1;

} /* namespace */

/* Fewer if the process is gone. */
std::vector<std::uint64_t> pagemap::entries(std::uint64_t from, std::uint64_t to) const
{
	std::vector<std::uint64_t> entries((to - from) / page_size());
	const std::size_t size = sizeof(entries[0]);

	entries.resize(
		file_.read_at(from / page_size() * size, entries.data(), entries.size() * size) /
		size);
	return entries;
}

/* The huge zero page is not told as zero, but it is not anonymous either. */
bool pagemap::is_zero(std::uint64_t address) const
{
	const auto entry = entries(address, address + page_size());

	return !entry.empty() && (entry[0] & entry_in_file);
}

std::vector<std::uint64_t> pagemap::shared_frames(const present_pages &pages, bool ksm) const
{
	constexpr std::uint64_t at_a_time = 4096; /* pages */
	std::vector<std::uint64_t> frames;

	for (std::uint64_t from = pages.from, to; from < pages.to; from = to) {
		to = std::min(pages.to, from + at_a_time * page_size());
		for (const std::uint64_t entry : entries(from, to))
			if ((entry & entry_present) && (ksm || !(entry & entry_exclusive)))
				frames.push_back(entry & entry_frame);
	}
	return frames;
}

void pagemap::add(std::vector<present_pages> &found, const present_pages &region) const
{
	constexpr std::uint64_t smallest_huge = 2 << 20;

	if (!region.huge) {
		found.push_back(region);
		return;
	}
	for (std::uint64_t from = region.from, to; from < region.to; from = to) {
		to = std::min(region.to, (from / smallest_huge + 1) * smallest_huge);
		if (is_zero(from))
			continue;
		if (!found.empty() && found.back().huge && found.back().to == from)
			found.back().to = to;
		else
			found.push_back({from, to, true});
	}
}

std::vector<present_pages> pagemap::anonymous(std::uint64_t from, std::uint64_t to) const
{
	std::array<scan_region, 512> regions;
	std::vector<present_pages> found;
	scan_request request = {};

	request.size = sizeof(request);
	request.to = to;
	request.regions = reinterpret_cast<std::uintptr_t>(regions.data());
	request.regions_size = regions.size();
	request.inverted = in_file | zero;
	request.required = in_file | zero | present;
	request.wanted = huge;
	for (request.from = from; request.from < to; request.from = request.stopped_at) {
		const int count = ioctl(file_.descriptor(), scan, &request);

		if (count < 0)
			throw std::system_error(errno, std::generic_category(), "pagemap");
		for (int i = 0; i < count; i++)
			add(found,
			    {regions[i].from, regions[i].to, (regions[i].categories & huge) != 0});
	}
	return found;
}

} /* namespace ksm */
