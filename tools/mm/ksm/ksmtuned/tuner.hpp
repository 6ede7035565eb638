/* SPDX-License-Identifier: GPL-2.0 */
/* What is done at each interval. */
#pragma once

#include <string>

#include "ksmd.hpp"
#include "ksmtuned/advisor.hpp"
#include "ksmtuned/classic.hpp"
#include "ksmtuned/journal.hpp"
#include "ksmtuned/settings.hpp"
#include "ksmtuned/vms.hpp"

namespace ksm::tuned
{

class tuner
{
public:
	/* Throws ksm::error if the settings cannot be used here, as use() does. */
	tuner(const knobs &knobs, const std::string &proc, journal &journal,
	      const settings &settings);

	/* From now on. If it throws, those before are still in force. */
	void use(const settings &settings);

	/* One cycle. Throws ksm::error if nothing could be done. */
	void tune();

	/* Figures alone, which nobody has to wait an interval for. */
	void publish();

	/* Figures of a daemon that has ended would look like those of now. */
	void withdraw();

	const tuned::settings &settings() const { return settings_; }
	const std::string &state() const;

private:
	vms find();
	void tune_classic(const vms &vms);
	void log_scan_cycle();
	void write_metrics(const vms &vms);

	const knobs &knobs_;
	std::string proc_;
	ksmd ksmd_;
	journal &journal_;
	tuned::settings settings_;
	writer writer_;
	classic classic_;
	advisor advisor_;
};

} /* namespace ksm::tuned */
