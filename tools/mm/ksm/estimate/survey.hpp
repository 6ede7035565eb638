/* SPDX-License-Identifier: GPL-2.0 */
/* What memory processes have, and what of it cannot be merged. */
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "estimate/contents.hpp"
#include "estimate/population.hpp"
#include "lib/proc/domains.hpp"
#include "lib/proc/process.hpp"

namespace ksm
{

struct mapping;

/* Why memory cannot be merged, or not be looked at. */
enum obstacle {
	in_file,
	shared,
	hugetlb,
	device,
	pinned,
	swapped,
	unreadable,
	emulator,
	obstacles
};

class survey
{
public:
	explicit survey(const std::filesystem::path &proc) : marks_(proc) {}

	/* Kernel threads have no memory, and who has ended since has none any more. */
	void add(const process &process);

	const population &pages() const { return pages_; }
	std::size_t processes() const { return processes_; }
	/* Processes whose memory we may not read. */
	std::size_t hidden() const { return hidden_; }
	std::size_t domains() const { return domains_.size(); }

	/* All of these in bytes. */
	std::int64_t blocked(obstacle why) const { return blocked_[why]; }
	std::int64_t offered() const { return offered_; }
	/*
	 * What is saved as these processes share pages already, by fork or by KSM; nothing if
	 * we may not see which.
	 */
	std::optional<std::int64_t> shared_now() const;
	/* What of that is by KSM, and its mappings of the zero page. */
	std::int64_t merged_now() const;

private:
	void add_mappings(const process &process, const std::vector<mapping> &mappings);
	void add_frames(const std::vector<std::uint64_t> &frames);
	bool is_blocked(const mapping &mapping, bool pinned);
	bool is_emulators(const mapping &mapping, bool offers_guest);

	population pages_;
	ksm::domains marks_;
	std::map<std::string, std::size_t> domains_; /* their numbers */
	std::array<std::int64_t, obstacles> blocked_ = {};
	std::int64_t offered_ = 0;
	contents frames_; /* those that have more than one mapping */
	std::uint64_t mappings_of_frames_ = 0;
	bool frames_hidden_ = false;
	ksm_stat merged_;
	std::size_t processes_ = 0;
	std::size_t hidden_ = 0;
};

} /* namespace ksm */
