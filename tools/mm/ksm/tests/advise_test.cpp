// SPDX-License-Identifier: GPL-2.0
/* What is offered or withdrawn of a process, call by call. */
#include <algorithm>
#include <cerrno>
#include <future>
#include <thread>

#include "advise/advise.hpp"
#include "advise/running_process.hpp"
#include "error.hpp"
#include "format.hpp"
#include "tests/expect.hpp"
#include "tests/fake_proc.hpp"
#include "tests/holder.hpp"
#include "tests/program.hpp"

namespace ksm
{
namespace
{

constexpr std::uint64_t gib = 1 << 30;

const std::string usual = "rd wr mr mw me ac";

std::string ranges(const wanted &wanted)
{
	std::string all;

	for (const piece &piece : wanted.pieces)
		all += fmt::format("{:x}-{:x} ", piece.from, piece.to);
	return all;
}

wanted of(const std::vector<fake_mapping> &mappings, advice advice)
{
	return wanted_of(parse_mappings(smaps_of(mappings)), advice);
}

TEST(pieces, only_what_ksm_takes)
{
	const std::vector<fake_mapping> mappings = {
		{.range = "1000-3000", .anonymous_kb = 4, .swapped_kb = 3},
		{.range = "3000-4000", .flags = usual + " sh"},
		{.range = "4000-5000", .flags = usual + " ms"},
		{.range = "5000-6000", .flags = usual + " ht"},
		{.range = "6000-7000", .flags = usual + " io"},
		{.range = "7000-8000", .flags = usual + " pf"},
		{.range = "8000-9000", .flags = usual + " de"},
		{.range = "9000-a000", .flags = usual + " mm"},
		{.range = "a000-b000", .flags = usual + " ss"},
		{.range = "b000-d000", .flags = usual + " mg", .anonymous_kb = 8},
		{.range = "ffffffffff600000-ffffffffff601000", .flags = "ex"},
	};
	const wanted offer = of(mappings, advice::offer), withdraw = of(mappings, advice::withdraw);

	EXPECT_EQ(ranges(offer), "1000-3000 ");
	EXPECT_EQ(offer.used_bytes, 7 * 1024);
	EXPECT_EQ(offer.done_bytes, 0x2000);
	EXPECT_EQ(ranges(withdraw), "b000-d000 ");
	EXPECT_EQ(withdraw.used_bytes, 8 * 1024);
}

TEST(pieces, are_cut_where_no_huge_page_lies_across)
{
	EXPECT_EQ(ranges(of({{.range = "3ffff000-c0001000"}}, advice::offer)),
		  "3ffff000-40000000 40000000-80000000 80000000-c0000000 c0000000-c0001000 ");
	EXPECT_EQ(ranges(of({{.range = "40000000-80000000"}}, advice::offer)),
		  "40000000-80000000 ");
	EXPECT_EQ(ranges(of({{.range = "fffffff0-100000010"}}, advice::offer)),
		  "fffffff0-100000000 100000000-100000010 ");
}

/* A kernel that notes what it is asked, and answers as it is told. */
class kernel
{
public:
	std::vector<std::uint64_t> bytes; /* of each call */
	std::size_t most_pieces = 0;
	std::function<long(std::size_t call, long bytes)> answer = [](std::size_t, long bytes) {
		return bytes;
	};

	advised advise(
		const std::vector<piece> &pieces,
		const std::function<bool(std::int64_t)> &go_on = [](std::int64_t) { return true; })
	{
		return ksm::advise(
			pieces,
			[this](std::span<const iovec> all) {
				std::uint64_t sum = 0;

				for (const iovec &one : all)
					sum += one.iov_len;
				bytes.push_back(sum);
				most_pieces = std::max(most_pieces, all.size());
				return answer(bytes.size(), long(sum));
			},
			go_on);
	}
};

using calls = std::vector<std::uint64_t>;

TEST(advise, in_calls_that_the_kernel_takes)
{
	std::vector<piece> small;
	kernel many, large;

	for (std::uint64_t i = 0; i < 3000; i++)
		small.push_back({i * 0x2000, i * 0x2000 + 0x1000});
	const advised done = many.advise(small);
	EXPECT_EQ(done.bytes, 3000 * 0x1000);
	EXPECT_EQ(done.left, 0);
	EXPECT_EQ(done.err, 0);
	EXPECT_EQ(many.most_pieces, 1024u);
	EXPECT_EQ(many.bytes.size(), 3u);

	EXPECT_EQ(large.advise({{0, gib}, {gib, 2 * gib}, {2 * gib, 2 * gib + 4096}}).bytes,
		  std::int64_t(2 * gib + 4096));
	EXPECT_EQ(large.bytes, (calls{gib, gib, 4096}));
	EXPECT_EQ(kernel().advise({}).bytes, 0);
}

TEST(advise, goes_on_where_a_call_ended_early)
{
	kernel kernel;

	kernel.answer = [](std::size_t call, long bytes) { return call == 1 ? 0x3000 : bytes; };
	const advised done = kernel.advise({{0, 0x1000}, {0x2000, 0x6000}, {0x8000, 0x9000}});
	EXPECT_EQ(kernel.bytes, (calls{0x6000, 0x3000}));
	EXPECT_EQ(done.bytes, 0x6000);
	EXPECT_EQ(done.err, 0);
}

TEST(advise, what_is_unmapped_meanwhile_is_passed_over)
{
	kernel kernel;

	kernel.answer = [](std::size_t call, long bytes) { return call == 1 ? -ENOMEM : bytes; };
	const advised done = kernel.advise({{0, 0x1000}, {0x2000, 0x6000}});
	EXPECT_EQ(done.bytes, 0x4000);
	EXPECT_EQ(done.left, 0);
	EXPECT_EQ(done.err, 0);
}

TEST(advise, an_error_tells_what_is_left)
{
	for (const int err : {EAGAIN, EPERM, EACCES, EINVAL, ESRCH}) {
		kernel kernel;

		kernel.answer = [err](std::size_t call, long) { return call == 1 ? 0x2000 : -err; };
		const advised done = kernel.advise({{0, 0x1000}, {0x2000, 0x6000}});
		EXPECT_EQ(kernel.bytes.size(), 2u);
		EXPECT_EQ(done.bytes, 0x2000);
		EXPECT_EQ(done.left, 0x3000);
		EXPECT_EQ(done.err, err);
	}
}

TEST(advise, stops_when_told)
{
	kernel kernel;
	const advised done = kernel.advise({{0, gib}, {gib, 2 * gib}},
					   [](std::int64_t done) { return done == 0; });

	EXPECT_EQ(done.bytes, std::int64_t(gib));
	EXPECT_EQ(done.left, std::int64_t(gib));
	EXPECT_EQ(done.err, EINTR);
}

TEST(running_process, that_ends)
{
	auto holding = std::make_unique<holder>([] {});
	const running_process process(holding->pid());

	EXPECT_FALSE(process.ended());
	holding.reset();
	EXPECT_TRUE(process.ended());
	EXPECT_TRUE(running_process("999999999").ended());
}

TEST(running_process, is_no_thread)
{
	std::promise<pid_t> tid;
	std::promise<void> end;
	const std::jthread thread([&] {
		tid.set_value(gettid());
		end.get_future().wait();
	});
	const std::string pid = std::to_string(tid.get_future().get());

	EXPECT_THROW(running_process{pid}, error);
	end.set_value();
}

class offer_command : public fake_sysfs
{
};

TEST_F(offer_command, takes_no_process_for_another)
{
	for (const char *command : {"offer", "withdraw"}) {
		const outcome done = ksmctl({command, "--sysfs", path(), "--proc", path(), "100"});

		EXPECT_EQ(done.status, 1);
		EXPECT_HAS(done.err, "leave out --proc");
	}
}

TEST_F(offer_command, names_that_are_not_there)
{
	const outcome pid = ksmctl({"offer", "--sysfs", path(), "999999999"});
	EXPECT_EQ(pid.status, 1);
	EXPECT_HAS(pid.err, "there is no process 999999999");

	for (const std::vector<std::string> &words :
	     {std::vector<std::string>{"offer"}, {"withdraw", "--all", "1"}, {"merge"}}) {
		const outcome done = ksmctl(words);

		EXPECT_EQ(done.status, 2);
		EXPECT_HAS(done.err, "which processes?");
	}
}

/* The kernel says no before it does anything: it is too old, or we may not. */
TEST_F(offer_command, by_nobody)
{
	const holder other([] {});
	const outcome done = ksmctl({"offer", "--sysfs", path(), other.pid()}, {.as_nobody = true});

	if (geteuid())
		GTEST_SKIP() << "takes root, to become somebody else";
	EXPECT_EQ(done.status, 1);
	EXPECT_HAS(done.err, "run ksmctl as root");

	const outcome all = ksmctl({"offer", "--sysfs", path(), "--all"}, {.as_nobody = true});
	EXPECT_EQ(all.status, 1);
	EXPECT_LACKS(all.out, "nothing more");
}

TEST_F(offer_command, nothing_to_withdraw)
{
	const holder other([] {});
	const outcome done = ksmctl({"withdraw", "--sysfs", path(), other.pid()});

	EXPECT_EQ(done.status, 0) << done.err;
	EXPECT_HAS(done.out, "(" + other.pid() + ") offers nothing\n");
}

} /* namespace */
} /* namespace ksm */
