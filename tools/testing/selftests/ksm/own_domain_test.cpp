// SPDX-License-Identifier: GPL-2.0
/* Domains that processes have for themselves, and those of users. */
#include <cerrno>
#include <string>

#include <sys/prctl.h>
#include <unistd.h>

#include "support/child.hpp"
#include "support/fixture.hpp"
#include "support/ksm_pages.hpp"
#include "support/ktap.hpp"
#include "support/passes.hpp"
#include "support/process.hpp"
#include "support/region.hpp"
#include "support/sysfs.hpp"
#include "support/tenant.hpp"

namespace ksm
{

namespace
{

constexpr std::size_t pages = tenant::pages;

void ask_for_a_domain()
{
	require(try_set_merge_in_new_domain() == 0, "PR_MEMORY_MERGE_NEW_DOMAIN is refused");
}

/* In a program that was started by one with a domain of its own. */
int after_exec()
{
	parent_link parent = parent_link::of_role();
	region memory(pages);

	memory.fill_unique(1000);
	parent.reach("filled", memory.data());
	return 0;
}

const role after_exec_role("domain-after-exec", after_exec);

} /* namespace */

class own_domains : public ksm_test
{
protected:
	void prepare() override { KSM_SKIP_IF(why_no_knob("domain_pending")); }
};

TEST_F(own_domains, of_a_process_that_asks)
{
	tenant apart(1, nullptr, ask_for_a_domain), a, b;

	scan(3);
	EXPECT_EQ(shared_by(a, b), pages);
	EXPECT_EQ(shared_by(a, apart), 0u);
	EXPECT_TRUE(apart.is_intact());
}

TEST_F(own_domains, flags_that_are_refused)
{
	child other([](parent_link &) {
		for (unsigned long flags : {2ul, 3ul, ~0ul}) {
			errno = 0;
			require(prctl(PR_SET_MEMORY_MERGE, 1, flags, 0, 0) == -1 && errno == EINVAL,
				"flags " + std::to_string(flags) + ": no EINVAL");
		}
		errno = 0;
		require(prctl(PR_SET_MEMORY_MERGE, 0, PR_MEMORY_MERGE_NEW_DOMAIN, 0, 0) == -1 &&
				errno == EINVAL,
			"in no domain: no EINVAL");
		require(get_merge() == 0, "a refused call had an effect");
		ask_for_a_domain();
		require(get_merge() == 1, "not set");
	});
}

TEST_F(own_domains, are_inherited_over_fork_and_exec)
{
	child family([](parent_link &parent) {
		ask_for_a_domain();
		region memory(pages);

		memory.fill_unique(1000);
		parent.reach("filled", memory.data());
		child program([](parent_link &above) { above.exec_role("domain-after-exec"); });
		std::uint64_t at = program.await("filled");

		parent.tell("pid", std::uint64_t(program.pid()));
		parent.reach("address", at);
		program.go_on("filled");
		program.join();
	});
	page_range memory(family.pid(), family.await("filled"), pages);

	family.go_on("filled");
	pid_t program = static_cast<pid_t>(family.await("pid"));
	page_range inherited(program, family.await("address"), pages);
	tenant outside;

	scan(4);
	EXPECT_EQ(shared_by(inherited, memory), pages);
	EXPECT_EQ(shared_by(inherited, outside.memory()), 0u);
	family.go_on("address");
	family.join();
}

/* Once more is once more: what was shared in the first one is not shared in the next. */
TEST_F(own_domains, can_be_asked_for_again)
{
	child other([](parent_link &parent) {
		ask_for_a_domain();
		region memory(pages);

		memory.fill_unique(1000);
		child heir([](parent_link &above) { above.reach("forked"); });
		heir.await("forked");
		parent.tell("heir", std::uint64_t(heir.pid()));
		parent.reach("filled", memory.data());
		ask_for_a_domain();
		parent.reach("asked");
		require(memory.strangers_unique(1000) == 0, "content changed");
		heir.go_on("forked");
	});
	pid_t heir = static_cast<pid_t>(other.await("heir"));
	std::uint64_t at = other.await("filled");

	other.go_on("filled");
	other.await("asked");
	scan(4);
	EXPECT_EQ(truth_of(page_range(other.pid(), at, pages)).total(), 0u);
	EXPECT_EQ(truth_of(page_range(heir, at, pages)).total(), 0u);
	EXPECT_EQ(knob("domain_pending"), 0);
	other.go_on("asked");
}

class user_domains : public ksm_test
{
protected:
	void prepare() override { KSM_SKIP_IF(why_no_knob("domain_mode")); }

	static void become(uid_t user)
	{
		require(setresuid(user, user, user) == 0, "setresuid() failed");
		/* Else it is not dumpable, as after each change of user. */
		require(prctl(PR_SET_DUMPABLE, 1) == 0, "PR_SET_DUMPABLE failed");
	}
	static void hide() { require(prctl(PR_SET_DUMPABLE, 0) == 0, "PR_SET_DUMPABLE failed"); }
};

TEST_F(user_domains, knob)
{
	EXPECT_EQ(knob_text("domain_mode"), "[cgroup] cgroup+user");
	for (const char *bad : {"user", "cgroup+", "cgroup user", "1", "\n"})
		EXPECT_EQ(try_knob("domain_mode", bad), EINVAL) << "'" << bad << "'";
	EXPECT_EQ(try_knob("domain_mode", "cgroup+user\n"), 0);
	EXPECT_EQ(knob_text("domain_mode"), "cgroup [cgroup+user]");
	EXPECT_EQ(try_knob("domain_mode", "cgroup"), 0);
	EXPECT_EQ(knob_text("domain_mode"), "[cgroup] cgroup+user");
}

TEST_F(user_domains, keep_users_and_secrets_apart)
{
	auto one = [] { become(1001); };
	tenant a(1, nullptr, one), b(1, nullptr, one), c(1, nullptr, [] { become(1002); });
	tenant hidden(1, nullptr, [] {
		become(1001);
		hide();
	});

	scan(3);
	EXPECT_EQ(shared_by(a, c), pages) << "not in this mode";
	EXPECT_EQ(shared_by(a, hidden), pages) << "not in this mode";

	set_knob("domain_mode", "cgroup+user");
	EXPECT_EQ(knob("domain_pending"), long(4 * pages));
	scan(1);
	EXPECT_EQ(shared_by(a, c), 0u);
	EXPECT_EQ(shared_by(a, hidden), 0u);
	EXPECT_EQ(knob("domain_pending"), 0);
	scan(3);
	EXPECT_EQ(shared_by(a, b), pages);

	set_knob("domain_mode", "cgroup");
	scan(2);
	EXPECT_EQ(shared_by(a, c), pages);
	EXPECT_EQ(shared_by(a, hidden), pages);
	for (tenant *each : {&a, &b, &c, &hidden})
		EXPECT_TRUE(each->is_intact());
}

} /* namespace ksm */
