// SPDX-License-Identifier: GPL-2.0
#include "persist/offer.hpp"

#include <cstdio>
#include <optional>

#include "format.hpp"

namespace ksm
{
namespace
{

constexpr int first_with_memory_ksm = 254;

constexpr const char *drop_in_text =
	"# Made by 'ksmctl enable --unit', removed by 'ksmctl disable --unit'.\n"
	"[Service]\n"
	"MemoryKSM=yes\n";

/* Nothing where there is none. */
std::optional<int> systemd_version()
{
	FILE *pipe = popen("systemctl --version 2>/dev/null", "r");
	int version = 0;

	if (!pipe)
		return std::nullopt;
	const bool found = std::fscanf(pipe, "systemd %d", &version) == 1;
	/* Read to its end, or it is killed for writing on. */
	while (std::fgetc(pipe) != EOF)
		;
	pclose(pipe);
	return found ? std::optional(version) : std::nullopt;
}

} /* namespace */

persist_outcome offer_unit(const unit &unit, const config_root &root,
			   const persist_options &options)
{
	persist_outcome done;

	/* That of an image is not the one that runs here. */
	const auto version = options.root.empty() ? systemd_version() : std::nullopt;
	if (version && *version < first_with_memory_ksm)
		done.warnings.push_back(fmt::format(
			"systemd {} does not know MemoryKSM=, which came with {}, and ignores it; "
			"until then, start the program by 'ksmctl run'",
			*version, first_with_memory_ksm));
	if (!unit.exists(root))
		done.warnings.push_back(
			fmt::format("there is no unit {} here, as yet", unit.name()));
	if (!options.dry_run)
		root.write(unit.drop_in(), drop_in_text);
	done.files.push_back({root.path(unit.drop_in()), fate::written, drop_in_text});
	return done;
}

persist_outcome withdraw_unit(const unit &unit, const config_root &root,
			      const persist_options &options)
{
	persist_outcome done;
	bool there = root.has(unit.drop_in());

	if (!options.dry_run) {
		there = root.remove(unit.drop_in());
		root.remove_if_empty(unit.drop_in_dir());
	}
	done.files.push_back({root.path(unit.drop_in()), there ? fate::removed : fate::absent, ""});
	return done;
}

} /* namespace ksm */
