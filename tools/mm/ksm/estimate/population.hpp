/* SPDX-License-Identifier: GPL-2.0 */
/* All pages that can be looked at, by number. */
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "estimate/open_file.hpp"

namespace ksm
{

class population
{
public:
	/* Whose pages they are; pages of different domains are never equal to KSM. */
	struct owner {
		open_file memory;
		std::size_t domain;
	};
	struct page {
		std::size_t owner;
		std::uint64_t address;
		bool huge; /* part of a huge one */
	};

	/* The pages that are added from now on are this process's. */
	void begin(owner &&owner) { owners_.push_back(std::move(owner)); }
	void add(std::uint64_t address, std::uint64_t pages, bool huge);

	std::uint64_t count() const { return count_; }
	std::uint64_t huge() const { return huge_; }
	const owner &of(const page &page) const { return owners_[page.owner]; }

	/* @numbers: in ascending order */
	std::vector<page> at(const std::vector<std::uint64_t> &numbers) const;

private:
	struct run {
		std::uint64_t first; /* its first page's number */
		std::uint64_t address;
		std::uint32_t owner;
		bool huge;
	};

	std::vector<owner> owners_;
	std::vector<run> runs_;
	std::uint64_t count_ = 0;
	std::uint64_t huge_ = 0;
};

} /* namespace ksm */
