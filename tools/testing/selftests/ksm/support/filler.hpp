/* SPDX-License-Identifier: GPL-2.0 */
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "support/no_swap.hpp"
#include "support/region.hpp"

namespace ksm
{

/*
 * While this lives, the machine has so many pages of memory left, and no swap, and the
 * caller is not killed for want of memory.
 */
class full_machine_filler
{
public:
	/* Why there can be none: "" if there can. */
	static std::string why_not(std::size_t left);

	explicit full_machine_filler(std::size_t left);
	~full_machine_filler();
	full_machine_filler(const full_machine_filler &) = delete;
	full_machine_filler &operator=(const full_machine_filler &) = delete;

private:
	no_swap no_swap_;
	std::unique_ptr<region> memory_;
};

} /* namespace ksm */
