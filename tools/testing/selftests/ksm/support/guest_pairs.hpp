/* SPDX-License-Identifier: GPL-2.0 */
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include "support/passes.hpp"
#include "support/region.hpp"
#include "support/sysfs.hpp"
#include "support/vm.hpp"

namespace ksm
{

/*
 * Passes after which ksmd must have merged what a guest has made equal: one finds that
 * a page was written, and one reads it.  Where nothing tells of writes, a page that
 * seems unchanged is read again after so many passes at most, then once more.
 */
inline constexpr unsigned passes_if_told = 2;
inline constexpr unsigned passes_if_sampled = 66 + 4;
/* As many if a page is believed to be told about, but was written in a way that is not. */
inline constexpr unsigned passes_if_believed = 256 + 4;

/* Of these, the one that holds for KVM as it is set here. */
unsigned passes_to_find();

/*
 * Pages of a guest, each with a twin of the host that differs from it in one byte. A
 * guest that writes this byte makes the two equal, and ksmd merges them if it finds the
 * write.
 */
class guest_pairs
{
public:
	using choice = std::vector<std::size_t>; /* of pairs, by number */

	explicit guest_pairs(std::size_t pairs, region::pages_are kind = region::pages_are::small);

	const region &memory() const { return memory_; }
	/* So many pairs, drawn at random. */
	choice draw(std::size_t count);
	choice all() const;

	/* The guest has this memory there from now on. */
	void mapped_at(std::uint32_t address) { address_ = address; }
	/* The guest makes pages unequal to their twins, in a byte drawn at random. */
	void part(vm &guest, const choice &pairs);
	/* The guest makes them equal again. */
	void join(vm &guest, const choice &pairs) const;
	/*
	 * The host does, through the kernel's mapping of its pages, which leaves no trace in any
	 * page table.
	 */
	void join_past_page_tables(const choice &pairs) const;
	/* part() all, and passes until ksmd knows them. */
	void settle(vm &guest, stepper &ksmd);
	/* Only passes. */
	static void settle(stepper &ksmd);

	/* The byte in which a page differs from its twin: where it is, and the twin's. */
	char *differing(std::size_t pair) const { return memory_.page(pair) + byte_[pair]; }
	char twins(std::size_t pair) const { return twins_.page(pair)[byte_[pair]]; }
	const region &twins() const { return twins_; }

	/* How many of these are not merged, which as many passes of ksmd may change. */
	std::size_t missed(const choice &pairs) const;
	std::size_t missed_after(stepper &ksmd, unsigned passes, const choice &pairs) const;

private:
	/* It makes KVM unmap pages at any time, and moves them, which a pass may meet. */
	other_value balancing_{"/proc/sys/kernel/numa_balancing", "0"};
	region memory_;
	region twins_;
	std::uint32_t address_ = vm::memory_address;
	std::vector<std::size_t> byte_;
	std::mt19937 random_{1};
};

} /* namespace ksm */
