/* SPDX-License-Identifier: GPL-2.0 */
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "support/child.hpp"
#include "support/region.hpp"

namespace ksm
{

class memory_group;

/* A process that offers pages which are those of all with its seed, and nobody else's. */
class tenant
{
public:
	static constexpr std::size_t pages = 128;
	using first_of_all = std::function<void()>;

	/* It comes into the group, then has its pages; before both it does something else. */
	explicit tenant(
		std::uint64_t seed = 1, const memory_group *group = nullptr,
		const first_of_all &first = [] {});

	const page_range &memory() const { return *memory_; }
	pid_t pid() const { return process_.pid(); }
	/* Has it read all of them. */
	bool is_intact();
	void exit() { process_.kill(); }

private:
	child process_;
	std::unique_ptr<page_range> memory_;
};

/* KSM pages of one that the other maps, too. */
std::size_t shared_by(const page_range &one, const page_range &other);
std::size_t shared_by(const tenant &one, const tenant &other);

} /* namespace ksm */
