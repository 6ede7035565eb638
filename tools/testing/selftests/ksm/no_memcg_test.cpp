// SPDX-License-Identifier: GPL-2.0
/* Domains after boot with cgroup_disable=memory, when there are no memory cgroups. */
#include <string>

#include <unistd.h>

#include "lib/sysfs.hpp"
#include "support/child.hpp"
#include "support/fixture.hpp"
#include "support/passes.hpp"
#include "support/process.hpp"
#include "support/region.hpp"
#include "support/tenant.hpp"

namespace ksm
{

namespace
{

constexpr std::size_t pages = tenant::pages;

void become_user(unsigned int user)
{
	require(setuid(user) == 0, "setuid()");
}

} /* namespace */

class no_memcg : public ksm_test
{
protected:
	void prepare() override
	{
		KSM_SKIP_IF(why_no_knob("domain_mode"));
		if (read_text("/proc/cmdline").find("cgroup_disable=memory") == std::string::npos)
			GTEST_SKIP() << "this kernel was not booted with cgroup_disable=memory";
	}
};

TEST_F(no_memcg, all_are_in_one_domain)
{
	tenant one, two;

	scan(3);
	EXPECT_EQ(shared_by(one, two), pages);
	EXPECT_EQ(knob("domain_pending"), 0);
}

TEST_F(no_memcg, those_of_users_and_processes_are_there)
{
	set_knob("domain_mode", "cgroup+user");
	tenant one(1, nullptr, [] { become_user(1000); });
	tenant two(1, nullptr, [] { become_user(1001); });
	tenant own(1, nullptr,
		   [] { require(try_set_merge_in_new_domain() == 0, "PR_SET_MEMORY_MERGE"); });
	tenant root(1);

	scan(3);
	EXPECT_EQ(shared_by(one, two), 0u);
	EXPECT_EQ(shared_by(own, root), 0u);
}

TEST_F(no_memcg, uniform_faults_are_there)
{
	set_knob("uniform_faults", 1);
	region memory(pages);

	memory.fill_unique(1);
	memory.mergeable();
	scan(3);
	EXPECT_EQ(knob("pages_uniform"), long(pages));
	memory.fill_unique(1000);
	EXPECT_EQ(memory.strangers_unique(1000), 0u);
}

} /* namespace ksm */
