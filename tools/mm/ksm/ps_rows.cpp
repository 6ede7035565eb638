// SPDX-License-Identifier: GPL-2.0
#include "ps_rows.hpp"

#include <algorithm>
#include <map>

#include <unistd.h>

#include "chosen.hpp"
#include "lib/proc/domains.hpp"
#include "lib/proc/mappings.hpp"
#include "lib/proc/vms.hpp"

namespace ksm
{
namespace
{

using amount = ps_row::amount;

void add_to(amount &sum, const amount &more)
{
	if (more)
		sum = sum.value_or(0) + *more;
}

ps_row row_of(const process &process, domains &domains)
{
	const place place = process.place();
	ps_row row;

	row.name = process.program();
	row.unit = place.unit;
	row.cgroup = place.unit_cgroup();
	row.domain = domains.of(place.cgroup);
	row.pids = {process.pid()};
	row.offered = offered_bytes(process);
	if (const auto stat = process.stat()) {
		row.merged = stat->merging_pages + stat->zero_pages;
		row.saved = stat->profit;
		/* The kernel knows what it uses for a page, which differs between versions. */
		row.cost = *row.merged * sysconf(_SC_PAGESIZE) - stat->profit;
	}
	return row;
}

bool has_something(const ps_row &row)
{
	return row.offered.value_or(0) || row.merged.value_or(0) || row.cost.value_or(0);
}

std::vector<ps_row> by_unit(const std::vector<ps_row> &rows)
{
	std::map<std::pair<std::string, std::string>, ps_row> units;
	std::vector<ps_row> found;

	for (const ps_row &row : rows) {
		const auto [at, is_new] = units.try_emplace({row.cgroup, row.domain}, row);

		if (is_new)
			at->second.name = row.unit.empty() ? row.cgroup : row.unit;
		else
			at->second.add(row);
	}
	for (auto &[key, row] : units)
		found.push_back(std::move(row));
	return found;
}

/* Larger ones first: the smallest of all is nothing. */
bool comes_first(const ps_row &a, const ps_row &b, ps_order order)
{
	switch (order) {
	case ps_order::offered:
		return a.offered > b.offered;
	case ps_order::merged:
		return a.merged > b.merged;
	case ps_order::saved:
		return a.saved > b.saved;
	case ps_order::cost:
		return a.cost > b.cost;
	case ps_order::name:
		return a.name < b.name;
	default:
		return a.domain < b.domain;
	}
}

} /* namespace */

void ps_row::add(const ps_row &other)
{
	add_to(offered, other.offered);
	add_to(merged, other.merged);
	add_to(saved, other.saved);
	add_to(cost, other.cost);
	pids.insert(pids.end(), other.pids.begin(), other.pids.end());
}

ps_rows collect_rows(const std::filesystem::path &proc, const std::vector<std::string> &pids,
		     ps_by by)
{
	domains domains(proc);
	ps_rows found;

	for (const process &process : pids.empty() ? processes(proc) : chosen(proc, pids)) {
		ps_row row = row_of(process, domains);
		const bool hidden = !row.merged && process.hidden();

		found.hidden += hidden;
		if (pids.empty() && !has_something(row))
			continue;
		if (by != ps_by::unit && is_vm(process).value_or(false))
			row.name = process.name();
		else if (by == ps_by::vm)
			continue;
		found.rows.push_back(std::move(row));
	}
	if (by == ps_by::unit)
		found.rows = by_unit(found.rows);
	return found;
}

void sort_rows(std::vector<ps_row> &rows, ps_order order)
{
	std::ranges::stable_sort(rows, [order](const ps_row &a, const ps_row &b) {
		return comes_first(a, b, order);
	});
}

ps_row sum_of(const std::vector<ps_row> &rows)
{
	ps_row sum;

	sum.name = "sum";
	for (const ps_row &row : rows)
		sum.add(row);
	return sum;
}

} /* namespace ksm */
