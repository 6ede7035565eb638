// SPDX-License-Identifier: GPL-2.0
/* What 'explain' finds wrong: each by a view where it is, and by one where it is not. */
#include <algorithm>
#include <chrono>

#include "explain/finding.hpp"
#include "lib/page_size.hpp"
#include "tests/expect.hpp"

namespace ksm
{
namespace
{

constexpr std::int64_t gib = 1LL << 30;

/* A machine where KSM does well: a rule's test changes what it is about. */
view healthy()
{
	view view;

	view.before.knobs = {{"run", "1"},
			     {"pages_to_scan", "1000"},
			     {"sleep_millisecs", "20"},
			     {"smart_scan", "1"},
			     {"max_page_sharing", "256"},
			     {"advisor_mode", "none"},
			     {"advisor_max_pages_to_scan", "30000"},
			     {"stable_node_chains_prune_millisecs", "2000"},
			     {"thp_split_threshold", "1"}};
	view.before.counters = {{"pages_shared", 100'000},   {"pages_sharing", 300'000},
				{"pages_unshared", 200'000}, {"pages_volatile", 10'000},
				{"ksm_zero_pages", 0},	     {"full_scans", 7},
				{"full_scan_msecs", 20'000}, {"metadata_bytes", 20 << 20},
				{"domain_pending", 0},	     {"stable_node_chains", 10},
				{"stable_node_dups", 25},    {"chains_prune_miss_ratio", 5}};
	view.before.events = {{"cow_ksm", 1000}, {"thp_split_page", 5}, {"thp_collapse_alloc", 5}};
	view.before.ksmd_cpu = std::chrono::seconds(100);
	view.now = view.before;
	view.now.when = view.before.when + std::chrono::seconds(2);
	view.now.ksmd_cpu = std::chrono::milliseconds(100'020);
	view.memory = {{"MemAvailable", 8 * gib}, {"SwapFree", 0}, {"AnonHugePages", 4 * gib}};
	return view;
}

void happens(view &view, const std::string &event, std::int64_t per_second)
{
	view.now.events[event] += 2 * per_second;
}

void uses_cpu(view &view, double percent)
{
	view.now.ksmd_cpu = *view.before.ksmd_cpu +
			    std::chrono::nanoseconds(std::int64_t(percent * 20'000'000));
}

/* In both looks. */
void stands(view &view, const std::string &knob, const std::string &value)
{
	view.before.knobs[knob] = view.now.knobs[knob] = value;
}

TEST(explain_rules, nothing_is_wrong_with_a_healthy_machine)
{
	for (const finding &finding : judge(healthy()))
		ADD_FAILURE() << finding.name << ": " << finding.what;
}

TEST(explain_rules, nothing_is_wrong_with_an_older_kernel)
{
	view view = healthy();

	for (const char *name : {"metadata_bytes", "full_scan_msecs", "ksm_zero_pages",
				 "domain_pending", "chains_prune_miss_ratio"})
		view.now.counters.erase(name);
	view.now.counters["general_profit"] = 1'000'000'000;
	view.now.knobs.erase("thp_split_threshold");
	for (const finding &finding : judge(view))
		ADD_FAILURE() << finding.name << ": " << finding.what;
}

TEST(explain_rules, counters_hidden)
{
	view view = healthy();

	EXPECT_FALSE(counters_hidden(view));
	view.now.counters.clear();
	ASSERT_TRUE(counters_hidden(view));
	EXPECT_HAS(counters_hidden(view)->cure, "not in a container");
	stands(view, "restrict_counters", "1");
	EXPECT_HAS(counters_hidden(view)->what, "restrict_counters is 1");
}

TEST(explain_rules, stopped)
{
	view view = healthy();

	EXPECT_FALSE(stopped(view));
	stands(view, "run", "0");
	ASSERT_TRUE(stopped(view));
	EXPECT_HAS(stopped(view)->what, "1.14 GiB stay saved");
	EXPECT_HAS(stopped(view)->cure, "ksmctl start");
	view.now.counters["pages_sharing"] = 0;
	EXPECT_HAS(stopped(view)->what, "nothing is merged");
}

TEST(explain_rules, left_unshared)
{
	view view = healthy();

	EXPECT_FALSE(left_unshared(view));
	stands(view, "run", "2");
	ASSERT_TRUE(left_unshared(view));
	EXPECT_FALSE(stopped(view));
	EXPECT_HAS(left_unshared(view)->cure, "ksmctl start");
}

TEST(explain_rules, nothing_offered)
{
	view view = healthy();

	EXPECT_FALSE(nothing_offered(view));
	for (const char *name :
	     {"pages_shared", "pages_sharing", "pages_unshared", "pages_volatile"})
		view.now.counters[name] = 0;
	ASSERT_TRUE(nothing_offered(view));
	EXPECT_HAS(nothing_offered(view)->cure, "MemoryKSM=yes");
	/* ksmd has not looked yet. */
	view.now.counters["full_scans"] = 0;
	EXPECT_FALSE(nothing_offered(view));
}

TEST(explain_rules, domains_pending)
{
	view view = healthy();

	EXPECT_FALSE(domains_pending(view));
	view.now.counters["domain_pending"] = 1000;
	ASSERT_TRUE(domains_pending(view));
	EXPECT_EQ(domains_pending(view)->level, level::hint);
	view.memory["MemAvailable"] = 1 << 20;
	EXPECT_EQ(domains_pending(view)->level, level::danger);
	EXPECT_HAS(domains_pending(view)->cure, "swap");
	stands(view, "run", "0");
	EXPECT_HAS(domains_pending(view)->cure, "ksmctl start");
}

TEST(explain_rules, exposed)
{
	view view = healthy();

	EXPECT_FALSE(exposed(view));
	view.memory["MemAvailable"] = gib;
	ASSERT_TRUE(exposed(view));
	EXPECT_HAS(exposed(view)->what, "1.14 GiB more would be needed, and 1.00 GiB are there");
	view.memory["SwapFree"] = gib;
	EXPECT_FALSE(exposed(view));
}

TEST(explain_rules, thrashing)
{
	view view = healthy();

	/* Less than a hundredth of what is merged. */
	happens(view, "cow_ksm", 3'900);
	EXPECT_FALSE(thrashing(view));
	happens(view, "cow_ksm", 200);
	ASSERT_TRUE(thrashing(view));
	EXPECT_HAS(thrashing(view)->what, "4100 a second");
	EXPECT_HAS(thrashing(view)->cure, "ksmctl ps");
	stands(view, "smart_scan", "0");
	EXPECT_HAS(thrashing(view)->cure, "smart_scan=1");
	/* Unsharing counts as copies, too. */
	stands(view, "run", "2");
	EXPECT_FALSE(thrashing(view));
}

TEST(explain_rules, a_few_copies_are_no_thrashing)
{
	view view = healthy();

	view.now.counters["pages_shared"] = view.now.counters["pages_sharing"] = 100;
	happens(view, "cow_ksm", 90);
	EXPECT_FALSE(thrashing(view));
}

TEST(explain_rules, unpaying)
{
	view view = healthy();

	EXPECT_FALSE(unpaying(view));
	view.now.counters["metadata_bytes"] = 2 * gib;
	ASSERT_TRUE(unpaying(view));
	EXPECT_HAS(unpaying(view)->what, "2.00 GiB for itself and saves 1.14 GiB");
	/* Too early. */
	view.now.counters["full_scans"] = 1;
	EXPECT_FALSE(unpaying(view));
}

TEST(explain_rules, unpaying_by_the_profit_of_an_older_kernel)
{
	view view = healthy();

	view.now.counters.erase("metadata_bytes");
	view.now.counters["general_profit"] = -(1 << 20);
	EXPECT_TRUE(unpaying(view));
	/* What is lost is next to nothing. */
	view.now.counters["pages_sharing"] = 0;
	view.now.counters["general_profit"] = -1000;
	EXPECT_FALSE(unpaying(view));
}

TEST(explain_rules, too_busy)
{
	view view = healthy();

	uses_cpu(view, 90);
	EXPECT_FALSE(too_busy(view));
	view.before.counters["pages_sharing"] = view.now.counters["pages_sharing"] = 10'000;
	ASSERT_TRUE(too_busy(view));
	EXPECT_HAS(too_busy(view)->what, "90 % of one CPU to save 39.1 MiB");
	EXPECT_HAS(too_busy(view)->cure, "sleep_millisecs");
	stands(view, "advisor_mode", "scan-time");
	EXPECT_HAS(too_busy(view)->cure, "advisor_target_scan_time");
	stands(view, "advisor_mode", "cpu-budget");
	EXPECT_EQ(too_busy(view)->cure, "lower advisor_max_cpu");
	/* It finds more and more. */
	view.now.counters["pages_sharing"] = 10'500;
	EXPECT_FALSE(too_busy(view));
	view.now.counters["pages_sharing"] = 10'000;
	uses_cpu(view, 2);
	EXPECT_FALSE(too_busy(view));
}

TEST(explain_rules, too_slow)
{
	view view = healthy();

	EXPECT_FALSE(too_slow(view));
	view.now.counters["full_scan_msecs"] = 2'000'000;
	uses_cpu(view, 1);
	ASSERT_TRUE(too_slow(view));
	EXPECT_HAS(too_slow(view)->what, "33.3 minutes");
	EXPECT_HAS(too_slow(view)->cure, "pages_to_scan=10000'");
	EXPECT_HAS(too_slow(view)->cure, "advisor_target_scan_time=200'");
	stands(view, "advisor_mode", "scan-time");
	EXPECT_HAS(too_slow(view)->cure, "advisor_target_scan_time");
	stands(view, "advisor_max_pages_to_scan", "5000");
	EXPECT_HAS(too_slow(view)->cure, "advisor_max_pages_to_scan=10000");
	stands(view, "advisor_mode", "none");
	EXPECT_HAS(too_slow(view)->cure, "advisor_max_pages_to_scan=10000");
	/* No more than one CPU can do. */
	uses_cpu(view, 35);
	EXPECT_HAS(too_slow(view)->cure, "pages_to_scan=2000'");
	uses_cpu(view, 99);
	EXPECT_HAS(too_slow(view)->cure, "offer less");
}

TEST(explain_rules, too_slow_within_a_budget)
{
	view view = healthy();

	view.now.counters["full_scan_msecs"] = 2'000'000;
	stands(view, "advisor_mode", "cpu-budget");
	stands(view, "advisor_max_cpu", "3");
	uses_cpu(view, 3);
	ASSERT_TRUE(too_slow(view));
	EXPECT_EQ(too_slow(view)->cure, "give ksmd more CPU: 'ksmctl set advisor_max_cpu=30'");
	stands(view, "advisor_max_cpu", "50");
	EXPECT_HAS(too_slow(view)->cure, "advisor_max_cpu=100'");
	stands(view, "advisor_max_cpu", "100");
	EXPECT_HAS(too_slow(view)->cure, "offer less memory");
	/* No pass since run=2: how long one takes with a budget, no knob tells. */
	view.now.counters["full_scans"] = 0;
	view.now.counters["pages_unshared"] = 64 * gib / bytes_of(1);
	EXPECT_FALSE(too_slow(view));
}

TEST(explain_rules, too_slow_by_the_knobs_of_an_older_kernel)
{
	view view = healthy();

	view.now.counters.erase("full_scan_msecs");
	EXPECT_FALSE(too_slow(view));
	view.now.counters["pages_unshared"] = 64 * gib / bytes_of(1);
	stands(view, "pages_to_scan", "100");
	ASSERT_TRUE(too_slow(view));
	EXPECT_HAS(too_slow(view)->what, "57.3 minutes");
}

TEST(explain_rules, odd_knobs)
{
	view view = healthy();

	EXPECT_FALSE(odd_knobs(view));
	stands(view, "advisor_max_cpu", "500");
	EXPECT_FALSE(odd_knobs(view));
	stands(view, "sleep_millisecs", "4294967295");
	ASSERT_TRUE(odd_knobs(view));
	EXPECT_HAS(odd_knobs(view)->what, "sleeps for 49.7 days");
	/* That goes by the clock, and takes 5 % as it is. */
	stands(view, "advisor_mode", "cpu-budget");
	stands(view, "advisor_max_cpu", "5");
	EXPECT_FALSE(odd_knobs(view));
	stands(view, "advisor_mode", "scan-time");
	EXPECT_HAS(odd_knobs(view)->what, "less than 10 as 10");
}

TEST(explain_rules, hidden_by_huge_pages)
{
	view view = healthy();

	EXPECT_FALSE(hidden_by_huge_pages(view));
	stands(view, "thp_split_threshold", "100");
	EXPECT_FALSE(hidden_by_huge_pages(view));
	stands(view, "thp_split_threshold", "500");
	ASSERT_TRUE(hidden_by_huge_pages(view));
	EXPECT_HAS(hidden_by_huge_pages(view)->what, "500 small pages");
	stands(view, "thp_split_threshold", "0");
	EXPECT_HAS(hidden_by_huge_pages(view)->what, "4.00 GiB are in huge pages, which ksmd does");
	view.memory["AnonHugePages"] = 2 << 20;
	EXPECT_FALSE(hidden_by_huge_pages(view));
}

TEST(explain_rules, huge_pages_tossed)
{
	view view = healthy();

	happens(view, "thp_split_page", 20);
	EXPECT_FALSE(huge_pages_tossed(view));
	happens(view, "thp_collapse_alloc", 20);
	ASSERT_TRUE(huge_pages_tossed(view));
	EXPECT_HAS(huge_pages_tossed(view)->cure, "max_ptes_shared");
}

TEST(explain_rules, too_many_copies)
{
	view view = healthy();

	EXPECT_FALSE(too_many_copies(view));
	view.now.counters["stable_node_dups"] = 30'010;
	ASSERT_TRUE(too_many_copies(view));
	EXPECT_HAS(too_many_copies(view)->what, "117.2 MiB more");
	EXPECT_HAS(too_many_copies(view)->cure, "max_page_sharing=1024");
	stands(view, "max_page_sharing", "8");
	EXPECT_HAS(too_many_copies(view)->cure, "max_page_sharing=256");
}

TEST(explain_rules, stale_chains)
{
	view view = healthy();

	EXPECT_FALSE(stale_chains(view));
	view.now.counters["chains_prune_miss_ratio"] = 80;
	ASSERT_TRUE(stale_chains(view));
	EXPECT_HAS(stale_chains(view)->cure, "stable_node_chains_prune_millisecs=1000");
}

TEST(explain_rules, several_writers)
{
	view view = healthy();

	view.writers = {{"ksmtuned", "12", true}};
	EXPECT_FALSE(several_writers(view));
	view.writers.push_back({"virt-handler", "34"});
	ASSERT_TRUE(several_writers(view));
	EXPECT_HAS(several_writers(view)->what, "ksmtuned (PID 12) and virt-handler (PID 34)");
}

TEST(explain_rules, writer_beside_advisor)
{
	view view = healthy();

	view.writers = {{"ksmtuned", "12", false}};
	EXPECT_FALSE(writer_beside_advisor(view));
	stands(view, "advisor_mode", "scan-time");
	EXPECT_TRUE(writer_beside_advisor(view));
	view.writers[0].heeds_advisor = true;
	EXPECT_FALSE(writer_beside_advisor(view));
}

TEST(explain_rules, knobs_changed)
{
	view view = healthy();

	EXPECT_FALSE(knobs_changed(view));
	view.now.knobs["pages_to_scan"] = "1050";
	ASSERT_TRUE(knobs_changed(view));
	EXPECT_HAS(knobs_changed(view)->what,
		   "another program changed pages_to_scan from 1000 to 1050");
	view.writers = {{"ksmtuned", "12", false}};
	EXPECT_HAS(knobs_changed(view)->what, "ksmtuned (PID 12) changed");
	/* That is what the advisor is for. */
	stands(view, "advisor_mode", "scan-time");
	EXPECT_FALSE(knobs_changed(view));
}

TEST(explain_rules, the_most_important_comes_first)
{
	view view = healthy();

	view.now.counters["chains_prune_miss_ratio"] = 80;
	view.now.counters["metadata_bytes"] = 2 * gib;
	view.memory["MemAvailable"] = gib;
	stands(view, "sleep_millisecs", "4294967295");
	const std::vector<finding> found = judge(view);

	EXPECT_TRUE(std::ranges::is_sorted(found, {}, &finding::level));
	ASSERT_EQ(found.size(), 4u);
	EXPECT_EQ(found[0].name, "exposed");
	EXPECT_EQ(found[1].name, "unpaying");
}

} /* namespace */
} /* namespace ksm */
