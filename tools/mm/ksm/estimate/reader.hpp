/* SPDX-License-Identifier: GPL-2.0 */
/* Reads pages of other processes, by /proc/PID/mem. */
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "estimate/population.hpp"

namespace ksm
{

class reader
{
public:
	static constexpr std::size_t most = 1024; /* pages at a time */

	explicit reader(const population &population);

	/* @pages: no more than that, those of a process together, by their addresses */
	void read(std::span<const population::page> pages);

	/* What the page of that place among them holds; null if it is gone. */
	const std::byte *content(std::size_t place) const;

private:
	void read_run(std::span<const population::page> pages, std::size_t place);

	const population &population_;
	std::vector<std::byte> buffer_;
	std::vector<bool> there_;
};

} /* namespace ksm */
