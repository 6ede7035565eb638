// SPDX-License-Identifier: GPL-2.0
/* Expressions, and those that are refused because bash would cut off a number. */
#include <fstream>
#include <map>
#include <random>
#include <vector>

#include <unistd.h>

#include "ksmtuned/arithmetic.hpp"
#include "tests/expect.hpp"
#include "tests/program.hpp"

namespace ksm::tuned
{
namespace
{

const std::map<std::string, std::string> values = {
	{"five", "5"}, {"sum", "5+3"}, {"again", "sum*2"}, {"loop", "loop"}, {"text", "1 2"},
};

std::optional<std::string> value(const std::string &name)
{
	const auto found = values.find(name);

	return found == values.end() ? std::nullopt : std::optional(found->second);
}

std::string complaint(const std::string &text)
{
	try {
		return "it is " + std::to_string(evaluate(text, value));
	} catch (const bad_expression &bad) {
		return bad.what();
	}
}

TEST(arithmetic, results)
{
	const std::pair<const char *, std::int64_t> all[] = {
		{"2 + 3 * 4", 14},
		{"(2 + 3) * 4", 20},
		{"-7 / 2", -3},
		{"-7 % 3", -1},
		{"-7 % -1", 0},
		{"7 / -1", -7},
		{"20 / 3 * 3 % 5", 3},
		{"10 - 4 - 3", 3},
		{"0x1F", 31},
		{"five * 2", 10},
		{"sum * 2", 16},
		{"again", 16},
		{"- - 5", 5},
		{"+5", 5},
		{" 5\t", 5},
		{"5 - -5", 10},
		{"2\n+ 2", 4},
		{"0", 0},
		{"-9223372036854775807 - 1", INT64_MIN},
	};

	for (const auto &[text, result] : all)
		EXPECT_EQ(complaint(text), "it is " + std::to_string(result)) << text;
}

TEST(arithmetic, refusals)
{
	const std::pair<const char *, const char *> all[] = {
		{"", "a number is missing"},
		{"1 +", "a number is missing"},
		{"1 2", "'2' makes no sense there"},
		{"(1", "')' is missing"},
		{"1 / 0", "division by 0"},
		{"1 % (5 - 5)", "division by 0"},
		{"9223372036854775807 + 1", "64 bits"},
		{"9223372036854775808", "64 bits"},
		{"(-9223372036854775807 - 1) / -1", "64 bits"},
		{"4294967296 * 4294967296", "64 bits"},
		{"010", "begins with 0"},
		{"16#ff", "no whole number"},
		{"1.5", "no whole number"},
		{"0x", "no whole number"},
		{"5k", "no whole number"},
		{"nothing", "nothing has no value"},
		{"text", "'2' makes no sense there"},
		{"loop", "nested too deep"},
		{"five = 3", "'= 3' makes no sense there"},
		{"five += 3", "'= 3' makes no sense there"},
		{"++five", "'++' changes variables"},
		{"five--", "'--' changes variables"},
		{"2 ** 3", "'* 3' makes no sense there"},
		{"1 << 2", "'<< 2' makes no sense there"},
		{"1 ? 2 : 3", "'? 2 : 3' makes no sense there"},
		{"!1", "'!1' makes no sense there"},
		{"5--5", "'--' changes variables"},
		{"five.5", "five.5 has no value"},
		{"1, 2", "', 2' makes no sense there"},
		{"'1'", "makes no sense there"},
	};

	for (const auto &[text, said] : all)
		EXPECT_HAS(complaint(text), said);
	EXPECT_HAS(complaint(std::string(1000, '(')), "nested too deep");
	EXPECT_HAS(complaint(std::string(1000, '-') + "1"), "changes variables");
	EXPECT_HAS(complaint("- " + std::string(1000, '(')), "nested too deep");
}

/* An expression of any shape; a fixed seed makes them the same each time. */
class shapes
{
public:
	std::string next() { return part(4); }

private:
	std::string part(unsigned depth)
	{
		switch (depth ? random_() % 6 : 5) {
		case 0:
			return "(" + part(depth - 1) + ")";
		case 1:
			return std::string(1, "-+"[random_() % 2]) + " " + part(depth - 1);
		case 2:
		case 3:
		case 4:
			return part(depth - 1) + " " + "+-*/%"[random_() % 5] + " " +
			       part(depth - 1);
		default:
			return std::to_string(random_() % 12);
		}
	}

	std::mt19937 random_{1};
};

/* Ours are the same, or are refused because bash's are of no use. */
TEST(arithmetic, bash_has_the_same_results)
{
	std::string file = "/tmp/ksmtuned-expressions-XXXXXX";
	std::vector<std::string> expressions;
	unsigned equal = 0;
	int status = 0;
	shapes shapes;

	shell("command -v bash", &status);
	if (status)
		GTEST_SKIP() << "bash is not installed";
	close(mkstemp(file.data()));
	std::ofstream out(file);
	for (int i = 0; i < 500; i++) {
		expressions.push_back(shapes.next());
		out << expressions.back() << "\n";
	}
	out.close();
	const auto results =
		lines_of(shell("bash -c 'while read -r e; do (echo $((e))) 2>/dev/null || "
			       "echo fails; done' <" +
			       file));
	unlink(file.c_str());

	ASSERT_EQ(results.size(), expressions.size());
	for (std::size_t i = 0; i < results.size(); i++) {
		const std::string ours = complaint(expressions[i]);

		if (ours.starts_with("it is ")) {
			EXPECT_EQ(ours, "it is " + results[i]) << expressions[i];
		}
		equal += ours == "it is " + results[i];
	}
	EXPECT_GT(equal, results.size() / 2);
}

/* Sixty names of which each stands for two of the next would take until the end of days. */
TEST(arithmetic, names_that_stand_for_many)
{
	const lookup doubled = [](const std::string &name) -> std::optional<std::string> {
		return name.size() > 60 ? "1" : "x" + name + " + x" + name;
	};

	EXPECT_THROW(evaluate("x", doubled), bad_expression);
}

} /* namespace */
} /* namespace ksm::tuned */
