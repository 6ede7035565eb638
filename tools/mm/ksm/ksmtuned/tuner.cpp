// SPDX-License-Identifier: GPL-2.0
#include "ksmtuned/tuner.hpp"

#include <cstring>

#include <unistd.h>

#include "format.hpp"
#include "ksmtuned/meminfo.hpp"
#include "ksmtuned/metrics.hpp"
#include "lib/replace_file.hpp"
#include "sample.hpp"
#include "text.hpp"

namespace ksm::tuned
{

tuner::tuner(const knobs &knobs, const std::string &proc, journal &journal,
	     const tuned::settings &settings)
	: knobs_(knobs), proc_(proc), ksmd_(proc), journal_(journal), writer_(knobs, journal),
	  classic_(writer_, journal), advisor_(writer_, journal)
{
	use(settings);
}

void tuner::use(const tuned::settings &settings)
{
	const meminfo memory = read_meminfo(proc_);

	if (settings.mode == tuning::kernel)
		advisor_.check(settings);

	/* Nothing fails from here on. */
	if (settings.metrics_file != settings_.metrics_file)
		withdraw();
	journal_.use(settings.debug, settings.log_file);
	settings_ = settings;
	if (settings.mode == tuning::kernel)
		return;
	advisor_.give_back();
	classic_.use(settings, memory.total);
}

const std::string &tuner::state() const
{
	return settings_.mode == tuning::kernel ? advisor_.state() : classic_.state();
}

vms tuner::find()
{
	vms vms = find_vms(proc_, settings_);

	if (!vms.hidden)
		journal_.settle("hidden");
	else
		journal_.say_once("hidden",
				  "the files of other processes are hidden, so their virtual "
				  "machines are not seen; run with CAP_SYS_PTRACE and "
				  "CAP_DAC_READ_SEARCH, or set KSM_VM_PATTERN");
	return vms;
}

void tuner::tune()
{
	const vms vms = find();

	if (settings_.mode == tuning::kernel)
		advisor_.tune(settings_);
	else
		tune_classic(vms);
	log_scan_cycle();
	write_metrics(vms);
}

void tuner::tune_classic(const vms &vms)
{
	const load load = {committed_kb(vms, settings_.ps_metric), read_meminfo(proc_).free};

	journal_.debug(fmt::format("committed {} free {}", load.committed, load.free));
	classic_.tune(load);
}

void tuner::log_scan_cycle()
{
	const sample sample = take_sample(knobs_, ksmd_);

	journal_.debug(fmt::format("scan cycle {}: shared {} sharing {} unshared {} volatile {}",
				   count_text(sample.full_scans), count_text(sample.shared),
				   count_text(sample.sharing), count_text(sample.unshared),
				   count_text(sample.volatile_pages)));
}

void tuner::publish()
{
	write_metrics(find());
}

void tuner::write_metrics(const vms &vms)
{
	if (settings_.metrics_file.empty())
		return;
	/* What root keeps to itself there is not to be read here. */
	const bool restricted = knobs_.number("restrict_counters").value_or(0);
	const int err =
		replace_file(settings_.metrics_file, metrics_text(knobs_, ksmd_, proc_, vms),
			     restricted ? 0640 : 0644);

	if (!err)
		journal_.settle("metrics");
	else
		journal_.say_once("metrics",
				  fmt::format("cannot write {}: {}; make its directory, and let "
					      "the unit write there: systemctl edit ksmtuned, "
					      "ReadWritePaths=",
					      settings_.metrics_file, std::strerror(err)));
}

void tuner::withdraw()
{
	if (!settings_.metrics_file.empty())
		unlink(settings_.metrics_file.c_str());
}

} /* namespace ksm::tuned */
