/* SPDX-License-Identifier: GPL-2.0 */
#pragma once

#include "bench/scenario.hpp"

/* What a scenario has cost, on stdout; both throw if it cannot be written there. */
namespace ksm
{

/* A row of a table, and the scenario's own figures below it. */
void print_text(const scenario &scenario, const bench_options &options, const cost &cost);

/* One JSON object on a line, as scripts/bench/report.py reads it. */
void print_json(const scenario &scenario, const bench_options &options, const cost &cost);

} /* namespace ksm */
