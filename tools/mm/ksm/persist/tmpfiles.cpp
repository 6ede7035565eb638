// SPDX-License-Identifier: GPL-2.0
#include "persist/tmpfiles.hpp"

#include "format.hpp"

namespace ksm
{

std::string tmpfiles_text(const profile &profile)
{
	std::string text =
		"# Made by 'ksmctl enable', removed by 'ksmctl disable'; see ksmctl(8).\n";

	if (!profile.name.empty())
		text += fmt::format("# Profile {}\n", profile.name);
	for (const auto &[name, value, why] : profile.settings)
		text += fmt::format("w /sys/kernel/mm/ksm/{} - - - - {}\n", name, value);
	return text;
}

} /* namespace ksm */
