/* SPDX-License-Identifier: GPL-2.0 */
/* What all JSON objects of ksmctl have in common. */
#pragma once

#include <optional>

#include "lib/json.hpp"

namespace ksm
{

/* One of this kind, with the members that all have. */
json new_record(const char *kind);

template <typename T> json or_null(const std::optional<T> &value)
{
	return value ? json(*value) : json();
}

} /* namespace ksm */
