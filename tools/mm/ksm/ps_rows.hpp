/* SPDX-License-Identifier: GPL-2.0 */
/* What 'ps' shows: what KSM has of each process, virtual machine or unit. */
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace ksm
{

enum class ps_by { process, vm, unit };
enum class ps_order { offered, merged, saved, cost, name, domain };

/* Nothing for what is hidden from us. */
struct ps_row {
	using amount = std::optional<std::int64_t>;

	std::string name;
	std::string unit;
	std::string cgroup;
	std::string domain; /* a cgroup, empty for none */
	std::vector<std::string> pids;
	amount offered; /* bytes */
	amount merged;	/* pages, of zeroes too */
	amount saved;	/* bytes, less the cost */
	amount cost;	/* bytes */

	/* Adds the figures up, and the PIDs. */
	void add(const ps_row &other);
};

struct ps_rows {
	std::vector<ps_row> rows;
	std::size_t hidden = 0; /* processes that tell us nothing */
};

/*
 * @pids: these, whatever they offer; if there are none, all processes that offer something,
 * or of which something is merged. Throws if one of them does not exist.
 */
ps_rows collect_rows(const std::filesystem::path &proc, const std::vector<std::string> &pids,
		     ps_by by);

/* The most first, but names from A to Z; what is hidden comes last. */
void sort_rows(std::vector<ps_row> &rows, ps_order order);

ps_row sum_of(const std::vector<ps_row> &rows);

} /* namespace ksm */
