// SPDX-License-Identifier: GPL-2.0
/* The figures for Prometheus, and their file. */
#include <cerrno>
#include <filesystem>
#include <regex>
#include <thread>

#include <unistd.h>

#include "ksmtuned/metrics.hpp"
#include "ksmtuned/tests/fake_machine.hpp"
#include "lib/replace_file.hpp"
#include "lib/sysfs.hpp"
#include "tests/expect.hpp"
#include "tests/program.hpp"
#include "utf8.hpp"

namespace ksm::tuned
{
namespace
{

class figures : public fake_machine
{
protected:
	std::string text_of_all() const
	{
		const knobs knobs(path());

		return metrics_text(knobs, ksmd(proc()), proc(), find_vms(proc(), settings()));
	}

	static std::string pages(std::int64_t count)
	{
		return std::to_string(count * sysconf(_SC_PAGESIZE));
	}
};

TEST_F(figures, of_the_machine)
{
	counter("pressure_runs", "4");
	counter("pressure_pages_freed", "6");
	counter("domain_pending", "7");
	const std::string text = text_of_all();

	EXPECT_HAS(text, "# TYPE ksm_metadata_bytes gauge\nksm_metadata_bytes 20000000\n");
	EXPECT_HAS(text, "# TYPE ksm_ksmd_cpu_seconds_total counter\n"
			 "ksm_ksmd_cpu_seconds_total 1.5\n");
	EXPECT_HAS(text, "\nksm_exposure_bytes " + pages(299'950 + 50) + "\n");
	EXPECT_HAS(text, "\nksm_cow_bytes_total " + pages(25) + "\n");
	EXPECT_HAS(text, "\nksm_swapin_copy_bytes_total " + pages(3) + "\n");
	EXPECT_HAS(text, "\nksm_pressure_runs_total 4\n");
	EXPECT_HAS(text, "\nksm_pressure_freed_bytes_total " + pages(6) + "\n");
	EXPECT_HAS(text, "\nksm_domain_pending_bytes " + pages(7) + "\n");
	EXPECT_LACKS(text, "ksm_vm_");
	EXPECT_LACKS(text, "ksm_unit_");
	/* node_exporter has these. */
	EXPECT_LACKS(text, "pages_shar");
	EXPECT_LACKS(text, "full_scans");
}

TEST_F(figures, what_a_kernel_does_not_have_is_left_out)
{
	make_old();
	put_file("proc/vmstat", "nr_free_pages 1\n");
	end_process(40);
	const std::string text = text_of_all();

	EXPECT_HAS(text, "\nksm_exposure_bytes " + pages(2) + "\n");
	for (const char *name : {"metadata", "cpu", "cow", "swapin", "pressure", "pending"})
		EXPECT_LACKS(text, name);
}

TEST_F(figures, of_virtual_machines_and_units)
{
	fake_process vm = qemu("web", 3000), service = {.arguments = {"/usr/bin/python3"}};

	vm.ksm_stat = "ksm_rmap_items 9\nksm_zero_pages 4\nksm_merging_pages 5\n"
		      "ksm_process_profit -6\n";
	service.ksm_stat = "ksm_rmap_items 1\nksm_zero_pages 0\nksm_merging_pages 10\n"
			   "ksm_process_profit 100\n";
	add_process(100, vm);
	add_process(101, service);
	add_process(102, service);
	add_process(103, {.arguments = {"sh"}, .cgroup = "0::/other.service\n"});
	const std::string text = text_of_all();
	const std::string web = "{vm=\"web\",unit=\"machine-qemu\\\\x2d1\\\\x2dweb.scope\","
				"pid=\"100\"}";
	const std::string some = "{unit=\"some.service\",cgroup=\"/system.slice/some.service\"}";

	EXPECT_HAS(text, "\nksm_vm_resident_bytes" + web + " 3072000\n");
	EXPECT_HAS(text, "\nksm_vm_merged_bytes" + web + " " + pages(5) + "\n");
	EXPECT_HAS(text, "\nksm_vm_zero_bytes" + web + " " + pages(4) + "\n");
	EXPECT_HAS(text, "\nksm_vm_profit_bytes" + web + " -6\n");
	EXPECT_HAS(text, "\nksm_unit_merged_bytes" + some + " " + pages(20) + "\n");
	EXPECT_HAS(text, "\nksm_unit_profit_bytes" + some + " 200\n");
	EXPECT_HAS(text, "\nksm_unit_merged_bytes{unit=\"machine-qemu");
	EXPECT_LACKS(text, "other.service");
	EXPECT_LACKS(text, "vm=\"python3\"");
}

TEST_F(figures, names_of_any_bytes)
{
	add_process(100, qemu("a\"b\\cd\xff\xc3\xa4", 1));
	EXPECT_HAS(text_of_all(), "vm=\"a\\\"b\\\\cd?\xc3\xa4\"");
}

TEST_F(figures, are_those_of_the_man_page)
{
	static const std::regex family("# TYPE (\\S+) ");
	const std::string page = read_text(environment("KSMTUNED_SOURCE") + "/man/ksmtuned.8.scd");
	fake_process vm = qemu("web", 3000);
	std::size_t count = 0;

	for (const char *name : {"pressure_runs", "pressure_pages_freed", "domain_pending"})
		counter(name, "1");
	vm.ksm_stat = "ksm_merging_pages 5\n";
	add_process(100, vm);
	const std::string text = text_of_all();
	for (std::sregex_iterator at(text.begin(), text.end(), family), end; at != end; ++at) {
		EXPECT_HAS(page, (*at)[1].str());
		count++;
	}
	EXPECT_EQ(count, 15u);
}

TEST_F(figures, promtool_takes_them)
{
	int status = 0;

	shell("command -v promtool", &status);
	if (status)
		GTEST_SKIP() << "promtool is not installed (Debian's package prometheus)";
	counter("pressure_runs", "4");
	counter("pressure_pages_freed", "6");
	counter("domain_pending", "7");
	add_process(100, qemu("a\"b\\c\nd\xff", 1));
	ASSERT_EQ(replace_file(root() + "/m", text_of_all(), 0644), 0);
	EXPECT_EQ(shell("promtool check metrics <" + root() + "/m 2>&1", &status), "");
	EXPECT_EQ(status, 0);
}

TEST(utf8, only_valid_characters_stay)
{
	EXPECT_EQ(valid_utf8("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80z"),
		  "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80z");
	EXPECT_EQ(valid_utf8("\xff"
			     "a"),
		  "?a");
	EXPECT_EQ(valid_utf8("\xc3"), "?");		   /* cut off */
	EXPECT_EQ(valid_utf8("\xc3("), "?(");		   /* no second byte */
	EXPECT_EQ(valid_utf8("\xc0\xaf"), "??");	   /* overlong */
	EXPECT_EQ(valid_utf8("\xed\xa0\x80"), "???");	   /* a surrogate */
	EXPECT_EQ(valid_utf8("\xf4\x90\x80\x80"), "????"); /* past the last */
	EXPECT_EQ(valid_utf8(""), "");
}

class replacing : public fake_machine
{
protected:
	std::size_t files_there() const
	{
		const std::filesystem::directory_iterator all(root() + "/out");

		return std::size_t(std::distance(begin(all), end(all)));
	}
};

TEST_F(replacing, leaves_the_new_text_and_nothing_else)
{
	put_file("out/m", "old");
	EXPECT_EQ(replace_file(root() + "/out/m", "new\n", 0640), 0);
	EXPECT_EQ(file("out/m"), "new");
	EXPECT_EQ(files_there(), 1u);
	EXPECT_EQ(std::filesystem::status(root() + "/out/m").permissions(),
		  std::filesystem::perms(0640));
	EXPECT_EQ(replace_file(root() + "/none/m", "x", 0644), ENOENT);
}

TEST_F(replacing, leaves_nothing_if_it_fails)
{
	put_file("out/m/file", "");
	EXPECT_NE(replace_file(root() + "/out/m", "x", 0644), 0); /* it is a directory */
	EXPECT_EQ(files_there(), 1u);
}

TEST_F(replacing, readers_never_see_a_part)
{
	const std::string one(200'000, '1'), two(100'000, '2');
	bool stop = false;

	put_file("out/m", one);
	std::thread writer([&] {
		for (int i = 0; i < 200; i++)
			replace_file(root() + "/out/m", i % 2 ? one : two, 0644);
		__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	});
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		const std::string seen = read_text(root() + "/out/m");

		EXPECT_TRUE(seen == one || seen == two) << seen.size();
	}
	writer.join();
}

} /* namespace */
} /* namespace ksm::tuned */
