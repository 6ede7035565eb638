// SPDX-License-Identifier: GPL-2.0
#include "persist/offer.hpp"

#include "error.hpp"
#include "format.hpp"
#include "persist/systemd.hpp"

namespace ksm
{
namespace
{

constexpr const char *drop_in_text =
	"# Made by 'ksmctl enable --unit', removed by 'ksmctl disable --unit'.\n"
	"[Service]\n"
	"MemoryKSM=yes\n";

} /* namespace */

persist_outcome offer_unit(const unit &unit, const config_root &root,
			   const persist_options &options)
{
	persist_outcome done;

	/* That of an image is not the one that runs here. */
	if (const auto version = options.root.empty() ? systemd_version() : std::nullopt)
		if (const auto doubt = doubt_of_memory_ksm(*version, unit.name())) {
			if (doubt->harmful && !options.force)
				throw error(doubt->what,
					    doubt->cure + ", or add --force if your distribution "
							  "has mended its systemd");
			done.warnings.push_back(doubt->what + ": " + doubt->cure);
		}
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
