/* SPDX-License-Identifier: GPL-2.0 */
/* Writes knobs, and says what the kernel refuses: once, not each minute. */
#pragma once

#include <cstdint>
#include <string>

#include "knobs.hpp"
#include "ksmtuned/journal.hpp"

namespace ksm::tuned
{

/* Before what was to be done; what it was, and why, has been said. */
constexpr const char *refused_some = "the kernel refuses a part of this, see the journal: ";

class writer
{
public:
	writer(const knobs &knobs, journal &journal) : knobs_(knobs), journal_(journal) {}

	/* False if the kernel refused. */
	bool write(const std::string &name, const std::string &value);
	bool write(const std::string &name, std::int64_t value)
	{
		return write(name, std::to_string(value));
	}

	/* The same, only if another value is there. */
	bool keep(const std::string &name, const std::string &value);

	const ksm::knobs &knobs() const { return knobs_; }

private:
	const ksm::knobs &knobs_;
	journal &journal_;
};

} /* namespace ksm::tuned */
