/* SPDX-License-Identifier: GPL-2.0 */
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "support/limits.hpp"

namespace ksm
{

/* A piece of memory, as the kernel takes it offline. */
class memory_block
{
public:
	/* Those of which one may expect that they can be taken offline. */
	static std::vector<memory_block> all_movable();
	/* What to say where there is none. */
	static constexpr const char *none =
		"no memory block can be taken offline: it takes memory that was plugged in, or "
		"movablecore= on the kernel's command line";

	const std::string &name() const { return name_; }
	bool is_online() const;
	bool holds(std::uint64_t frame) const;
	/* New memory of this process comes from the block's node, if it can. */
	void prefer() const;

	/* Empty, or why not: the kernel tries for ever, unless a signal ends that. */
	std::string take_offline(std::chrono::seconds limit = hang_limit() / 4) const;
	/* 0 or an errno. */
	int put_online() const;

private:
	explicit memory_block(const std::string &name);

	bool movable() const;

	std::string name_;
	std::uint64_t number_;
	std::string zones_;
};

} /* namespace ksm */
