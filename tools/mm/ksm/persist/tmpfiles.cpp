// SPDX-License-Identifier: GPL-2.0
#include "persist/tmpfiles.hpp"

#include <algorithm>

#include "format.hpp"

namespace ksm
{
namespace
{

/*
 * One knob has several lines only if they are told to append, which is no different for files
 * of sysfs. With the minus sign a kernel may refuse the value: it need not be the one that
 * runs now.
 */
std::string type_of(const profile &profile, const std::string &name, counts counts)
{
	const bool several = std::ranges::count(profile.settings, name, &setting::name) > 1;

	return fmt::format("w{}{}", several ? "+" : "", counts == counts::with_budget ? "-" : "");
}

} /* namespace */

std::string tmpfiles_text(const profile &profile)
{
	std::string text =
		"# Made by 'ksmctl enable', removed by 'ksmctl disable'; see ksmctl(8).\n";

	if (!profile.name.empty())
		text += fmt::format("# Profile {}\n", profile.name);
	for (const auto &[name, value, why, counts] : profile.settings)
		text += fmt::format("{} /sys/kernel/mm/ksm/{} - - - - {}\n",
				    type_of(profile, name, counts), name, value);
	return text;
}

} /* namespace ksm */
