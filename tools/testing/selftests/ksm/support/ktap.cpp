// SPDX-License-Identifier: GPL-2.0
#include "support/ktap.hpp"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>

#include <unistd.h>

#include "support/child.hpp"
#include "support/limits.hpp"

namespace ksm
{

namespace
{

constexpr int kselftest_skip = 4;
constexpr int most_complaints = 8; /* of one test; a loop may have thousands */

std::map<std::string, role_body> &roles()
{
	static std::map<std::string, role_body> table;
	return table;
}

/* A diagnostic may have several lines; each of them is a comment in KTAP. */
void print_comment(const std::string &text)
{
	std::size_t from = 0;

	while (from <= text.size()) {
		std::size_t to = text.find('\n', from);

		if (to == std::string::npos)
			to = text.size();
		if (to > from)
			std::printf("# %.*s\n", int(to - from), text.c_str() + from);
		from = to + 1;
	}
}

/* A text without what GoogleTest says first, where there is no expression to show. */
std::string without(const std::string &head, const std::string &text)
{
	return text.substr(text.rfind(head, 0) == 0 ? head.size() : 0);
}

std::string first_line(const std::string &message)
{
	std::string text = without("Skipped", message);

	text.erase(0, text.find_first_not_of(" \n"));
	return text.substr(0, text.find('\n'));
}

char running[256];

/* Only async-signal-safe calls: the test that hangs may hold any lock. */
void on_alarm(int)
{
	static const char head[] = "Bail out! no end in sight: ";
	ssize_t n = write(STDOUT_FILENO, head, sizeof(head) - 1);

	n += write(STDOUT_FILENO, running, strlen(running));
	n += write(STDOUT_FILENO, "\n", 1);
	_exit(n > 0 ? 1 : 2);
}

} /* namespace */

role::role(const char *name, role_body body)
{
	roles()[name] = body;
}

void ktap_printer::OnTestProgramStart(const testing::UnitTest &unit)
{
	std::printf("KTAP version 1\n1..%d\n", unit.test_to_run_count());
	std::fflush(stdout);
	std::signal(SIGALRM, on_alarm);
}

void ktap_printer::OnTestStart(const testing::TestInfo &test)
{
	reason_.clear();
	complaints_ = 0;
	std::snprintf(running, sizeof(running), "%s.%s", test.test_suite_name(), test.name());
	alarm(unsigned(test_time_limit().count()));
}

void ktap_printer::OnTestPartResult(const testing::TestPartResult &part)
{
	if (part.skipped()) {
		reason_ = first_line(part.message());
	} else if (part.failed()) {
		const char *file = part.file_name();
		const char *slash = file ? std::strrchr(file, '/') : nullptr;

		env_failed_ |= running[0] == '\0';
		if (++complaints_ > most_complaints)
			return;
		print_comment(std::string(slash	 ? slash + 1
					  : file ? file
						 : "?") +
			      ":" + std::to_string(part.line_number()) + ": " +
			      without("Failed\n", part.message()));
	}
	std::fflush(stdout);
}

void ktap_printer::OnTestEnd(const testing::TestInfo &test)
{
	const testing::TestResult *result = test.result();

	alarm(0);
	number_++;
	if (result->Failed()) {
		failed_++;
		if (complaints_ > most_complaints)
			std::printf("# and %d more like these\n", complaints_ - most_complaints);
		std::printf("not ok %d - %s.%s\n", number_, test.test_suite_name(), test.name());
	} else if (result->Skipped()) {
		skipped_++;
		std::printf("ok %d - %s.%s # SKIP %s\n", number_, test.test_suite_name(),
			    test.name(), reason_.c_str());
	} else {
		std::printf("ok %d - %s.%s\n", number_, test.test_suite_name(), test.name());
	}
	running[0] = '\0';
	std::fflush(stdout);
}

void ktap_printer::OnTestProgramEnd(const testing::UnitTest &)
{
	std::printf("# Totals: pass:%d fail:%d xfail:0 xpass:0 skip:%d error:0\n",
		    number_ - failed_ - skipped_, failed_, skipped_);
	std::fflush(stdout);
}

int ktap_printer::exit_status() const
{
	/* A filter that matches nothing must not look like success. */
	if (failed_ || env_failed_ || number_ == 0)
		return 1;
	return skipped_ == number_ ? kselftest_skip : 0;
}

} /* namespace ksm */

int main(int argc, char **argv)
{
	if (argc == 3 && std::strcmp(argv[1], "--role") == 0) {
		auto found = ksm::roles().find(argv[2]);

		return found == ksm::roles().end() ? 127 : found->second();
	}
	testing::InitGoogleTest(&argc, argv);
	if (testing::GTEST_FLAG(list_tests))
		return RUN_ALL_TESTS();

	auto &listeners = testing::UnitTest::GetInstance()->listeners();
	auto *printer = new ksm::ktap_printer; /* owned by the listener list */

	delete listeners.Release(listeners.default_result_printer());
	listeners.Append(printer);
	ksm::child::report_by([](const std::string &text, const ksm::caller &where) {
		ADD_FAILURE_AT(where.file, where.line) << text;
	});

	int status = RUN_ALL_TESTS();

	return printer->exit_status() ? printer->exit_status() : status;
}
