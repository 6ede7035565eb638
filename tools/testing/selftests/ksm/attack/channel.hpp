/* SPDX-License-Identifier: GPL-2.0 */
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "attack/holdings.hpp"
#include "attack/shared_array.hpp"
#include "support/cgroup.hpp"

/*
 * A channel: something from which an attacker may learn whether a page of his is equal to
 * one of a victim. The victim has pages with secrets. Of as many pages of the attacker, half
 * are right guesses of them, and half are not, in an order drawn at random.
 */
namespace ksm
{

/* One number that a channel gives for each guess. */
struct column {
	const char *name; /* with its number in Documentation/mm/ksm/testing.rst, if it has one */
	const char *unit;
};

/* What a trial has given. */
class samples
{
public:
	samples(std::size_t count, std::size_t columns)
		: columns_(columns), values_(count * columns)
	{
	}

	void put(std::size_t index, std::size_t column, double value) const
	{
		values_[index * columns_ + column] = value;
	}
	double get(std::size_t index, std::size_t column) const
	{
		return values_[index * columns_ + column];
	}

private:
	std::size_t columns_;
	shared_array<double> values_;
};

/* The attacker, as a channel meets him: in his own process, and without rights. */
struct attacker {
	holdings &guesses;
	const memory_group &group;
	const samples &out;
};

/* What root sees: the page frames that pages are in, each by its number. */
struct frames {
	std::vector<std::uint64_t> guesses;
	std::vector<std::uint64_t> spare;
	std::vector<std::uint64_t> secrets;
};

struct trials {
	std::size_t guesses; /* of each trial */
	unsigned count;
};

class channel
{
public:
	virtual ~channel() = default;

	virtual std::vector<column> columns() const = 0;
	/* Of guesses that each are a sample, more than ten thousand. */
	virtual trials how_many() const { return {1024, 10}; }
	virtual trials how_many_if_quick() const { return {512, 1}; }

	virtual layout lies() const { return layout::pages; }
	virtual std::size_t spare_pages() const { return 0; }
	/* Is there such a thing for the guest of a virtual machine, too? */
	virtual bool for_guests() const { return false; }
	/* Are all guesses of a trial right, or none is, so that they are one sample? */
	virtual bool is_of_all() const { return false; }
	/* Empty if it can be tried here, else what is missing. */
	virtual std::string why_not() const { return ""; }

	/* What the attacker has in his page if he is right, and if he is not. */
	virtual void guess_right(char *page, std::uint64_t secret) const;
	virtual void guess_wrong(char *page, std::uint64_t secret, std::uint64_t other) const;

	/* In the attacker's process: before ksmd's passes, and after them. */
	virtual void before(const attacker &) {}
	virtual void measure(const attacker &) {}
	/* By root; if this is asked for, it comes last. */
	virtual bool is_judged_by_root() const { return false; }
	virtual void judge(const frames &, const frames &, const samples &) const {}
};

} /* namespace ksm */
