/* SPDX-License-Identifier: GPL-2.0 */
/* Files of /proc that name an amount in each line. */
#pragma once

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <map>
#include <optional>
#include <string>

namespace ksm
{

/* Nothing if it can be no amount of memory. */
std::optional<std::int64_t> bytes_of_kib(std::int64_t kib);

using amounts = std::map<std::string, std::int64_t>;

/* "MemFree:  12 kB" is 12288 of MemFree, and "cow_ksm 7" is 7. Empty where there is no such file.
 */
amounts read_amounts(const std::filesystem::path &file);

amounts parse_amounts(std::istream &in);

std::optional<std::int64_t> amount_of(const amounts &all, const std::string &name);

} /* namespace ksm */
