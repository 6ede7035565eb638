// SPDX-License-Identifier: GPL-2.0
/* The JSON is what its schema says, and exact. */
#include <fstream>

#include "lib/json.hpp"
#include "tests/fake_proc.hpp"
#include "tests/program.hpp"

namespace ksm
{
namespace
{

class json_output : public fake_proc
{
protected:
	std::string at(std::vector<std::string> words, const manner &manner = {}) const
	{
		words.insert(words.begin(), {"--sysfs", path(), "--proc", proc(), "--json"});
		const outcome done = ksmctl(words, manner);

		EXPECT_EQ(done.status, 0) << done.err;
		return done.out;
	}

	/* What the checker has to say: nothing if it is as the schema says. */
	std::string faults(const std::string &text) const
	{
		const std::string source = environment("KSMCTL_SOURCE");
		const std::string file = path("output.json");
		int status = 0;

		std::ofstream(file) << text;
		const std::string said =
			shell("python3 '" + source + "/tests/check_json.py' '" + source +
				      "/ksmctl.schema.json' '" + file + "' 2>&1",
			      &status);
		std::remove(file.c_str());
		EXPECT_EQ(status != 0, !said.empty()) << said;
		return said;
	}
};

class json_schema : public json_output
{
protected:
	void SetUp() override
	{
		int status = 0;

		shell("python3 -c 'import jsonschema' 2>&1", &status);
		if (status)
			GTEST_SKIP() << "python3-jsonschema is not installed";
	}
};

const std::vector<std::string> two_rows = {"watch", "--count", "2", "--interval", "0.01"};

TEST_F(json_schema, all_output_is_valid)
{
	EXPECT_EQ(faults(at({"status"})), "");
	EXPECT_EQ(faults(at({"status"}, {.as_nobody = true})), "");
	EXPECT_EQ(faults(at(two_rows)), "");
	EXPECT_EQ(faults(at({"set", "-n", "run=2", "fingerprint=xxhash", "max_page_sharing=2"})),
		  "");
	EXPECT_EQ(faults(at({"stop"})), "");
	EXPECT_EQ(faults(at({"ps"})), "");
	add_process(100, qemu("a", 1000));
	add_process(101, {.arguments = {"\xff"}, .cgroup = ""});
	for (const char *by : {"process", "vm", "unit"}) {
		EXPECT_EQ(faults(at({"ps", "--by", by, "100", "101"})), "");
		EXPECT_EQ(faults(at({"ps", "--by", by, "101"}, {.as_nobody = true})), "");
	}
	put_file("proc/101/pagemap", "");
	EXPECT_EQ(faults(at({"estimate", "101"})), "");
	EXPECT_EQ(faults(at({"estimate", "--all"})), "");
	for (const std::string command : {"enable", "disable"}) {
		EXPECT_EQ(faults(at({command, "--root", root()})), "");
		EXPECT_EQ(faults(at({command, "--root", root(), "--unit", "a"})), "");
	}
	EXPECT_EQ(faults(at({"explain", "--seconds", "0.01"})), "");
	put_file("proc/101/ksm_merge", "7\n");
	knob("run", "1");
	EXPECT_EQ(faults(at({"merge", "101"})), "");
	make_old();
	EXPECT_EQ(faults(at({"status"})), "");
	EXPECT_EQ(faults(at(two_rows)), "");
	clear();
	EXPECT_EQ(faults(at({"status"})), "");
	EXPECT_EQ(faults(at(two_rows)), "");
}

TEST_F(json_schema, other_output_is_not)
{
	const json good = json::parse(at({"status"}));

	for (const char *member : {"kind", "schema_version", "time", "page_size", "knobs",
				   "choices", "counters", "saved_bytes"}) {
		json bad = good;

		bad.erase(member);
		EXPECT_NE(faults(bad.dump()), "") << member;
	}
	json bad = good;
	bad["kind"] = "watch_row";
	EXPECT_NE(faults(bad.dump()), "");
	bad = good;
	bad["choices"]["fingerprint"][0] = "[auto]";
	EXPECT_NE(faults(bad.dump()), "");
	bad = good;
	bad["counters"]["pages_shared"] = "many";
	EXPECT_NE(faults(bad.dump()), "");
	bad = good;
	bad["not_described"] = 1;
	EXPECT_NE(faults(bad.dump()), "");
	add_process(100, qemu("a", 1000));
	bad = json::parse(at({"ps", "100"}));
	EXPECT_EQ(faults(bad.dump()), "");
	bad["rows"][0]["not_described"] = 1;
	EXPECT_NE(faults(bad.dump()), "");
	EXPECT_NE(faults("{"), "");
	EXPECT_NE(faults(""), "");
}

TEST_F(json_output, numbers_are_exact)
{
	const json status = json::parse(at({"status"}));

	EXPECT_EQ(status["saved_bytes"], std::int64_t(300000) * sysconf(_SC_PAGESIZE));
	EXPECT_EQ(status["page_size"], sysconf(_SC_PAGESIZE));
	EXPECT_EQ(status["counters"]["pages_scanned"], 18446744073709551615ULL);
	EXPECT_EQ(status["state"], "running");
}

TEST_F(json_output, what_is_no_text_does_no_harm)
{
	knob("advisor_mode", "[no\xffne] \x1b[31m");
	EXPECT_EQ(json::parse(at({"status"}))["knobs"]["advisor_mode"], "no?ne");
	EXPECT_EQ(json::parse(at({"status"}))["choices"]["advisor_mode"][1], "?[31m");
}

TEST_F(json_output, a_choice_is_apart_from_the_choices)
{
	const json status = json::parse(at({"status"}));

	EXPECT_EQ(status["knobs"]["fingerprint"], "auto");
	EXPECT_EQ(status["choices"]["fingerprint"], json({"auto", "crc32c", "xxhash"}));
	EXPECT_EQ(status["knobs"]["advisor_mode"], "none");
	EXPECT_FALSE(status["choices"].contains("run"));
}

TEST_F(json_output, what_is_hidden_is_null)
{
	const json status = json::parse(at({"status"}, {.as_nobody = true}));

	EXPECT_TRUE(status["counters"]["stable_tree_levels"].is_null());
	EXPECT_EQ(status["counters"]["pages_shared"], 100000);
}

TEST_F(json_output, the_summary_is_told_from_the_rows)
{
	std::vector<std::string> kinds;

	for (const std::string &line : lines_of(at(two_rows)))
		kinds.push_back(json::parse(line)["kind"]);
	EXPECT_EQ(kinds, (std::vector<std::string>{"watch_row", "watch_row", "watch_summary"}));
}

} /* namespace */
} /* namespace ksm */
