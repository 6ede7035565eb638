// SPDX-License-Identifier: GPL-2.0
/*
 * Memory cgroups of version 1 have no domains. They take the memory controller from those
 * of version 2, so nobody else who needs it can come after this.
 */
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>

#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/sysfs.hpp"
#include "support/fixture.hpp"
#include "support/passes.hpp"
#include "support/tenant.hpp"

namespace ksm
{

/* A tree of them, with two groups. */
class version_one : public ksm_test
{
protected:
	void prepare() override
	{
		ASSERT_NE(mkdtemp(root_), nullptr);
		mounted_ = mount("none", root_, "cgroup", 0, "memory") == 0;
		if (!mounted_)
			GTEST_SKIP() << "no memory cgroups of version 1: " << strerror(errno);
		for (const char *name : {"one", "two"})
			ASSERT_EQ(mkdir(group(name).c_str(), 0755), 0) << strerror(errno);
	}
	void TearDown() override
	{
		if (mounted_) {
			for (const char *name : {"one", "two"})
				rmdir(group(name).c_str());
			umount(root_);
		}
		rmdir(root_);
		ksm_test::TearDown();
	}

	std::string group(const std::string &name) const { return root_ + ("/" + name); }
	int join(const std::string &name, pid_t process) const
	{
		return write_text(group(name) + "/cgroup.procs", std::to_string(process));
	}

private:
	char root_[32] = "/tmp/ksm-v1-XXXXXX";
	bool mounted_ = false;
};

TEST_F(version_one, groups_have_no_domains)
{
	EXPECT_FALSE(std::filesystem::exists(group("one") + "/memory.ksm_domain"));
	tenant a, b;

	ASSERT_EQ(join("one", a.pid()), 0);
	ASSERT_EQ(join("two", b.pid()), 0);
	scan(3);
	EXPECT_EQ(shared_by(a, b), std::size_t(tenant::pages));
	EXPECT_EQ(knob("domain_pending"), 0);
	a.exit();
	b.exit();
}

} /* namespace ksm */
