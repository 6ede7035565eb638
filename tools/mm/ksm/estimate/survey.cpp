// SPDX-License-Identifier: GPL-2.0
#include "estimate/survey.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "error.hpp"
#include "estimate/hash.hpp"
#include "estimate/kept.hpp"
#include "estimate/pagemap.hpp"
#include "lib/page_size.hpp"
#include "lib/proc/mappings.hpp"
#include "lib/proc/vms.hpp"

namespace ksm
{
namespace
{

/* VFIO pins the memory of a machine that has a device passed through. */
bool passes_devices_through(const process &process)
{
	return process.has_open("/dev/vfio/").value_or(false);
}

/* A virtual machine that offers memory: that of its guest, and not of the program. */
bool offers_guest(const process &process, const std::vector<mapping> &mappings)
{
	return std::ranges::any_of(mappings, &mapping::offered) && is_vm(process).value_or(false);
}

} /* namespace */

/* As KSM refuses such mappings; counts what it finds. */
bool survey::is_blocked(const mapping &mapping, bool pinned)
{
	switch (mapping.kind()) {
	case mapping_kind::hugetlb:
		blocked_[hugetlb] += mapping.hugetlb;
		return true;
	case mapping_kind::device:
		blocked_[device] += mapping.bytes();
		return true;
	case mapping_kind::shared:
		blocked_[obstacle::shared] += mapping.resident;
		return true;
	case mapping_kind::special:
		blocked_[device] += mapping.resident;
		return true;
	case mapping_kind::can_merge:
		break;
	}
	blocked_[in_file] += mapping.resident - mapping.anonymous;
	blocked_[swapped] += mapping.swapped;
	if (pinned)
		blocked_[obstacle::pinned] += mapping.anonymous;
	else if (!mapping.readable)
		blocked_[unreadable] += mapping.anonymous;
	return pinned || !mapping.readable;
}

/* What the program has for itself: nothing of it ever merges. */
bool survey::is_emulators(const mapping &mapping, bool offers_guest)
{
	if (!offers_guest || mapping.offered())
		return false;
	blocked_[emulator] += mapping.anonymous;
	return true;
}

void survey::add_frames(const std::vector<std::uint64_t> &frames)
{
	for (const std::uint64_t frame : frames) {
		frames_hidden_ = frames_hidden_ || !frame;
		frames_.add(hash_of(&frame, sizeof(frame), 0), false);
	}
	mappings_of_frames_ += frames.size();
}

std::optional<std::int64_t> survey::shared_now() const
{
	const double mappings = double(mappings_of_frames_);

	if (frames_hidden_)
		return std::nullopt;
	const double frames = estimate_kept(frames_.all(), mappings, 1, mappings).pages.value;
	return std::int64_t(mappings - frames) * std::int64_t(page_size());
}

std::int64_t survey::merged_now() const
{
	const tally frames = frames_.all();
	/* A frame that is mapped here once saves nothing here. */
	const double mappings = double(mappings_of_frames_) - frames.light[1] * frames.light_weight;
	const double merged = double(merged_.merging_pages);
	const double part = mappings > 0 ? std::min(1.0, merged / mappings) : 0;

	return std::int64_t(part * double(shared_now().value_or(0))) +
	       merged_.zero_pages * std::int64_t(page_size());
}

void survey::add_mappings(const process &process, const std::vector<mapping> &mappings)
{
	const bool pinned = passes_devices_through(process);
	const bool guest = offers_guest(process, mappings);
	const pagemap pagemap(process.dir() / "pagemap");
	const std::string &mark = marks_.of(process.place().cgroup);
	bool begun = false;

	for (const mapping &mapping : mappings) {
		if (is_blocked(mapping, pinned) || !mapping.anonymous ||
		    is_emulators(mapping, guest))
			continue;
		for (const present_pages &pages : pagemap.anonymous(mapping.from, mapping.to)) {
			if (!begun)
				pages_.begin({open_file(process.dir() / "mem"),
					      domains_.try_emplace(mark, domains_.size())
						      .first->second});
			begun = true;
			pages_.add(pages.from, (pages.to - pages.from) / page_size(), pages.huge);
			if (mapping.shared || mapping.ksm)
				add_frames(pagemap.shared_frames(pages, mapping.ksm));
		}
		offered_ += mapping.offered() ? mapping.anonymous : 0;
	}
	merged_ += process.stat().value_or(ksm_stat());
	processes_++;
}

void survey::add(const process &process)
{
	const auto mappings = mappings_of(process);
	std::error_code gone;

	if (!mappings && std::filesystem::exists(process.dir(), gone)) {
		hidden_++;
		return;
	}
	if (!mappings || mappings->empty())
		return;
	try {
		add_mappings(process, *mappings);
	} catch (const std::system_error &failure) {
		const int err = failure.code().value();

		if (err == ENOTTY)
			throw error("this kernel cannot tell which pages are there",
				    "it takes Linux 6.7 or later");
		if (err == EMFILE)
			throw error(
				"too many processes to have their memory open at a time",
				"allow more open files by ulimit -n, or choose fewer processes");
		hidden_ += err == EACCES || err == EPERM;
	}
}

} /* namespace ksm */
