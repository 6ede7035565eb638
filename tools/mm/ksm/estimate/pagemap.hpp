/* SPDX-License-Identifier: GPL-2.0 */
/* Which pages of a process are there, by /proc/PID/pagemap. */
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "estimate/open_file.hpp"

namespace ksm
{

struct present_pages {
	std::uint64_t from;
	std::uint64_t to;
	bool huge; /* parts of huge pages */
};

class pagemap
{
public:
	/* Throws std::system_error if it may not be opened. */
	explicit pagemap(const std::string &path) : file_(path) {}

	/*
	 * Anonymous pages that take memory, so not those that map the zero page. Throws
	 * std::system_error if the kernel cannot tell, or the process is gone.
	 */
	std::vector<present_pages> anonymous(std::uint64_t from, std::uint64_t to) const;

	/*
	 * The frames of those that have more than one mapping, one for each page that is
	 * there; 0 stands for each that is hidden from us. With @ksm, KSM pages are among
	 * them, of which the kernel may not tell that: then of all.
	 */
	std::vector<std::uint64_t> shared_frames(const present_pages &pages, bool ksm) const;

private:
	std::vector<std::uint64_t> entries(std::uint64_t from, std::uint64_t to) const;
	bool is_zero(std::uint64_t address) const;
	void add(std::vector<present_pages> &found, const present_pages &region) const;

	open_file file_;
};

} /* namespace ksm */
