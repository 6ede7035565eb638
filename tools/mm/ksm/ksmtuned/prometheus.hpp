/* SPDX-License-Identifier: GPL-2.0 */
/* prometheus-cpp, which writes Prometheus' text format; says which package brings it. */
#pragma once

#if !__has_include(<prometheus/text_serializer.h>)
#error "prometheus-cpp is missing: apt-get install prometheus-cpp-dev"
#endif
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>
