// SPDX-License-Identifier: GPL-2.0
/* 'enable --unit' looks at the version of systemd, of which there is one that we make here. */
#include <cstdlib>
#include <filesystem>

#include "persist/offer.hpp"
#include "tests/expect.hpp"
#include "tests/fake_proc.hpp"

namespace ksm
{
namespace
{

class systemd : public fake_proc
{
protected:
	systemd() : path_before_(std::getenv("PATH"))
	{
		setenv("PATH", (root() + ":" + path_before_).c_str(), 1);
		put_file("etc/systemd/system/nginx.service", "");
	}
	~systemd() override { setenv("PATH", path_before_.c_str(), 1); }

	void answers(const std::string &script) const
	{
		put_file("systemctl", "#!/bin/sh\n" + script + "\n");
		std::filesystem::permissions(root() + "/systemctl",
					     std::filesystem::perms::owner_all);
	}

	std::vector<std::string> warnings(const std::string &image = "") const
	{
		persist_options options;

		options.root = image;
		options.dry_run = true;
		return offer_unit(unit("nginx"), config_root(root()), options).warnings;
	}

private:
	std::string path_before_;
};

TEST_F(systemd, warns_of_one_that_does_not_know_it)
{
	answers("echo 'systemd 252 (252.39-1)'; yes | head -n 20000");
	ASSERT_EQ(warnings().size(), 1u);
	EXPECT_HAS(warnings()[0], "systemd 252 does not know MemoryKSM=");
	EXPECT_HAS(warnings()[0], "ksmctl run");
	/* Not the one that will run there. */
	EXPECT_TRUE(warnings("/image").empty());
	answers("echo 'systemd 254 (254.1)'");
	EXPECT_TRUE(warnings().empty());
	answers("exit 1");
	EXPECT_TRUE(warnings().empty());
}

TEST(unit_names, what_makes_a_drop_in_count)
{
	EXPECT_EQ(unit("nginx").restart_command(),
		  "systemctl daemon-reload && systemctl restart nginx.service");
	EXPECT_EQ(unit("worker@.service").restart_command(),
		  "systemctl daemon-reload && systemctl restart 'worker@*.service'");
}

} /* namespace */
} /* namespace ksm */
