// SPDX-License-Identifier: GPL-2.0
#include "commands.hpp"

#include <chrono>
#include <future>

#include "libs.hpp"

namespace ksm
{

using std::chrono::steady_clock;

int set(const Knobs &knobs, const std::string &name, const std::string &value)
{
	const std::string before = knobs.text(name);
	const auto start = steady_clock::now();
	auto done = std::async(std::launch::async, [&] { knobs.write(name, value); });

	/* run=2 copies every shared page before it returns. */
	while (done.wait_for(std::chrono::seconds(2)) != std::future_status::ready)
		fmt::print(stderr, "waiting for the kernel: {} pages still merged\n",
			   knobs.number("pages_shared") + knobs.number("pages_sharing"));
	done.get();

	const std::chrono::duration<double> took = steady_clock::now() - start;
	fmt::print("{}: {} -> {} ({:.3f} s)\n", name, before, knobs.text(name), took.count());
	return 0;
}

} // namespace ksm
