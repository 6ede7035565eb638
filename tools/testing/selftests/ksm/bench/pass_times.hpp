/* SPDX-License-Identifier: GPL-2.0 */
/* How long passes of ksmd took, by their events: what lies between two passes is left out. */
#pragma once

#include <cstdint>
#include <string>

namespace ksm
{

class pass_times
{
public:
	struct passes {
		unsigned number = 0;
		std::uint64_t total_ns = 0;
		std::uint64_t least_ns = 0;
		std::uint64_t most_ns = 0;
	};

	/* Throws where the kernel has no tracefs, or no events of KSM. */
	pass_times();
	~pass_times();

	pass_times(const pass_times &) = delete;
	pass_times &operator=(const pass_times &) = delete;

	/* Passes that began and ended since this was made. */
	passes seen() const;

private:
	void record(const char *events) const;

	std::string directory_;
};

} /* namespace ksm */
