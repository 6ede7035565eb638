// SPDX-License-Identifier: GPL-2.0
#include "ksmtuned/metrics.hpp"

#include <fstream>
#include <map>

#include <unistd.h>

#include "ksmtuned/prometheus.hpp"
#include "sample.hpp"
#include "utf8.hpp"

namespace ksm::tuned
{
namespace
{

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using labels = std::vector<ClientMetric::Label>;

class families
{
public:
	void add(const char *name, MetricType type, const char *help, const labels &labels,
		 std::optional<double> value)
	{
		if (!value)
			return;
		ClientMetric metric;

		metric.label = labels;
		for (auto &label : metric.label)
			label.value = valid_utf8(label.value);
		(type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = *value;
		family(name, type, help).metric.push_back(metric);
	}

	std::string text() const { return prometheus::TextSerializer().Serialize(all_); }

private:
	MetricFamily &family(const char *name, MetricType type, const char *help)
	{
		for (MetricFamily &family : all_)
			if (family.name == name)
				return family;
		return all_.emplace_back(MetricFamily{name, help, type, {}});
	}

	std::vector<MetricFamily> all_;
};

double page_size()
{
	return double(sysconf(_SC_PAGESIZE));
}

std::optional<double> times(std::optional<std::int64_t> count, double unit)
{
	return count ? std::optional(double(*count) * unit) : std::nullopt;
}

std::optional<std::int64_t> event(const std::filesystem::path &proc, const std::string &wanted)
{
	std::ifstream in(proc / "vmstat");
	std::int64_t count = 0;

	for (std::string name; in >> name >> count;)
		if (name == wanted)
			return count;
	return std::nullopt;
}

void add_system(families &all, const knobs &knobs, const ksmd &ksmd,
		const std::filesystem::path &proc)
{
	const sample sample = take_sample(knobs, ksmd);

	all.add("ksm_metadata_bytes", MetricType::Gauge, "Memory that KSM uses for itself.", {},
		times(knobs.number("metadata_bytes"), 1));
	all.add("ksm_ksmd_cpu_seconds_total", MetricType::Counter,
		"CPU time that the kernel thread ksmd has used.", {}, sample.cpu_seconds());
	all.add("ksm_exposure_bytes", MetricType::Gauge,
		"Memory that is needed at once if all that is merged is written to.", {},
		times(sample.saved_bytes, 1));
	all.add("ksm_cow_bytes_total", MetricType::Counter,
		"Merged memory that was copied because of a write to it.", {},
		times(event(proc, "cow_ksm"), page_size()));
	all.add("ksm_swapin_copy_bytes_total", MetricType::Counter,
		"Memory that was merged when swapped out, and was copied when swapped in.", {},
		times(event(proc, "ksm_swpin_copy"), page_size()));
	all.add("ksm_pressure_runs_total", MetricType::Counter,
		"How often ksmd ran out of turn because memory was short.", {},
		times(knobs.number("pressure_runs"), 1));
	all.add("ksm_pressure_freed_bytes_total", MetricType::Counter,
		"Memory that ksmd freed while it was short.", {},
		times(knobs.number("pressure_pages_freed"), page_size()));
	all.add("ksm_domain_pending_bytes", MetricType::Gauge,
		"Merged memory that is to be unshared because a process changed its domain.", {},
		times(knobs.number("domain_pending"), page_size()));
}

/* The three figures that processes and units have alike. */
void add_share(families &all, const std::string &what, const labels &labels, const ksm_stat &stat)
{
	all.add((what + "_merged_bytes").c_str(), MetricType::Gauge,
		"Memory that is merged with other memory, zero pages excluded.", labels,
		double(stat.merging_pages) * page_size());
	all.add((what + "_zero_bytes").c_str(), MetricType::Gauge,
		"Memory that KSM has mapped to the zero page.", labels,
		double(stat.zero_pages) * page_size());
	all.add((what + "_profit_bytes").c_str(), MetricType::Gauge,
		"Memory saved, less what KSM needs for it.", labels, double(stat.profit));
}

void add_vms(families &all, const vms &vms)
{
	for (const process &vm : vms.found) {
		const place place = vm.place();
		const labels labels = {{"vm", vm.name()}, {"unit", place.unit}, {"pid", vm.pid()}};

		all.add("ksm_vm_resident_bytes", MetricType::Gauge,
			"Memory that the virtual machine's process has mapped.", labels,
			times(vm.resident_kb(), 1024));
		add_share(all, "ksm_vm", labels, vm.stat().value_or(ksm_stat()));
	}
}

/* Virtual machines or not: any process that KSM knows pages of. */
void add_units(families &all, const std::filesystem::path &proc)
{
	std::map<place, ksm_stat> units;

	for (const process &process : processes(proc))
		if (const auto stat = process.stat(); stat && stat->knows_pages())
			units[process.place()] += *stat;
	for (const auto &[place, stat] : units)
		add_share(all, "ksm_unit", {{"unit", place.unit}, {"cgroup", place.cgroup}}, stat);
}

} /* namespace */

std::string metrics_text(const knobs &knobs, const ksmd &ksmd, const std::filesystem::path &proc,
			 const vms &vms)
{
	families all;

	add_system(all, knobs, ksmd, proc);
	add_vms(all, vms);
	add_units(all, proc);
	return all.text();
}

} /* namespace ksm::tuned */
