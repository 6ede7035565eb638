/* SPDX-License-Identifier: GPL-2.0 */
/* The JSON objects that ksmctl prints; ksmctl.schema.json describes them. */
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "changes.hpp"
#include "json_record.hpp"
#include "knobs.hpp"
#include "persist/outcome.hpp"
#include "ps_rows.hpp"
#include "sample.hpp"

namespace ksm
{

std::string status_record(const std::vector<knob_file> &files, const sample &sample);
std::string watch_record(const course &course, const sample &sample, std::optional<double> cpu);
std::string summary_record(const course &course);
std::string set_record(const std::vector<made_change> &changes,
		       const std::vector<std::string> &warnings, bool dry_run);
std::string persist_record(const char *kind, const persist_outcome &done, bool dry_run);
std::string ps_record(const ps_rows &found, ps_by by);

} /* namespace ksm */
