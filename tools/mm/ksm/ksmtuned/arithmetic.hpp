/* SPDX-License-Identifier: GPL-2.0 */
/* Sums and products of whole numbers, brackets and names, as bash has them between $(( and )). */
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace ksm::tuned
{

/* The value of a variable, itself an expression; nothing if it has none. */
using lookup = std::function<std::optional<std::string>(const std::string &)>;

/* What is wrong with an expression, in words. */
struct bad_expression : std::runtime_error {
	using runtime_error::runtime_error;
};

/* Throws bad_expression, also where bash would go on with a number that was cut off. */
std::int64_t evaluate(std::string_view expression, const lookup &variable);

} /* namespace ksm::tuned */
