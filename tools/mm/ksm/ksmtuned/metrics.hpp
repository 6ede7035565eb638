/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Figures for Prometheus' node_exporter to pass on (its textfile collector): those that its
 * own collectors of KSM, memory and vmstat do not have.
 */
#pragma once

#include <filesystem>
#include <string>

#include "knobs.hpp"
#include "ksmd.hpp"
#include "ksmtuned/vms.hpp"

namespace ksm::tuned
{

/* What the kernel does not have, or hides, is left out. */
std::string metrics_text(const knobs &knobs, const ksmd &ksmd, const std::filesystem::path &proc,
			 const vms &vms);

} /* namespace ksm::tuned */
