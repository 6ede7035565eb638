// SPDX-License-Identifier: GPL-2.0
/* 'enable --unit' looks at the version of systemd, of which there is one that we make here. */
#include <cstdlib>
#include <filesystem>

#include "error.hpp"
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

	std::vector<std::string> warnings(const std::string &image = "", bool force = false) const
	{
		persist_options options;

		options.root = image;
		options.force = force;
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
	EXPECT_HAS(warnings()[0], "'ksmctl run --' before the program in ExecStart=");
	EXPECT_HAS(warnings()[0], "'ksmctl offer --unit nginx.service'");
	/* Not the one that will run there. */
	EXPECT_TRUE(warnings("/image").empty());
	answers("exit 1");
	EXPECT_TRUE(warnings().empty());
}

TEST_F(systemd, refuses_one_that_could_not_start_the_service)
{
	for (const char *version : {"254", "255"}) {
		answers(std::string("echo 'systemd ") + version + " (" + version + ".4-1)'");
		try {
			warnings();
			FAIL() << version << " is taken";
		} catch (const error &refused) {
			EXPECT_HAS(std::string(refused.what()), version);
			EXPECT_HAS(std::string(refused.what()), "245/KSM");
			EXPECT_HAS(refused.cure(), "systemd is 256 or later");
			EXPECT_HAS(refused.cure(),
				   "'ksmctl run --' before the program in ExecStart=");
			EXPECT_HAS(refused.cure(), "'ksmctl offer --unit nginx.service'");
		}
		EXPECT_TRUE(warnings("/image").empty());
		ASSERT_EQ(warnings("", true).size(), 1u);
		EXPECT_HAS(warnings("", true)[0], "245/KSM");
	}
	for (const char *version : {"256", "257"}) {
		answers(std::string("echo 'systemd ") + version + " (" + version + ".1-1)'");
		EXPECT_TRUE(warnings().empty()) << version;
	}
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
