// SPDX-License-Identifier: GPL-2.0
/* How much memory is written before somebody is killed for want of it, and after what time. */
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/sysfs.hpp"
#include "support/child.hpp"
#include "support/passes.hpp"
#include "support/process.hpp"
#include "support/region.hpp"
#include "support/sysfs.hpp"
#include "support/verdict.hpp"
#include "support/vm.hpp"

namespace ksm
{

namespace
{

enum class content {
	few,	/* a thousand contents, over and over */
	late,	/* equal pages only once three fifths of memory are written */
	unique, /* no two are equal */
	circle, /* what does not fit but merged, written anew as soon as it is merged */
	guests, /* a thousand contents, in the memory of a virtual machine of each writer's */
};

/* What was written, seen by all; nothing is to be freed. */
class tally
{
public:
	explicit tally(unsigned writers)
	{
		void *memory = mmap(nullptr, page_size, PROT_READ | PROT_WRITE,
				    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

		require(memory != MAP_FAILED && writers <= page_size / sizeof(*pages_), "mmap");
		pages_ = static_cast<std::atomic<std::size_t> *>(memory);
		writers_ = writers;
	}
	void add(unsigned writer, std::size_t pages = 1) const
	{
		pages_[writer].fetch_add(pages, std::memory_order_relaxed);
	}
	std::size_t sum() const
	{
		std::size_t all = 0;

		for (unsigned i = 0; i < writers_; i++)
			all += pages_[i];
		return all;
	}

private:
	std::atomic<std::size_t> *pages_;
	unsigned writers_;
};

std::size_t ram_pages()
{
	return std::size_t(meminfo_kb("MemTotal")) * 1024 / page_size;
}

std::uint64_t seed_of(content what, std::size_t page, unsigned writer, std::size_t ram)
{
	switch (what) {
	case content::few:
		return page % 1000;
	case content::late:
		return page % (ram * 3 / 5);
	case content::circle:
		return page / (ram * 13 / 10) * 1000 + page % 1000;
	case content::unique:
	case content::guests:
		break;
	}
	return (std::uint64_t(writer) << 40) + page;
}

/* More than there is, from somebody who may be killed. */
void *offer_memory(std::size_t pages)
{
	void *memory = mmap(nullptr, pages * page_size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	allow_to_be_killed(true);
	require(memory != MAP_FAILED, "mmap");
	madvise(memory, pages * page_size, MADV_NOHUGEPAGE);
	require(madvise(memory, pages * page_size, MADV_MERGEABLE) == 0, "MADV_MERGEABLE");
	return memory;
}

/* Has a virtual machine write so many pages, if it is not killed. */
[[noreturn]] void write_as_guest(std::size_t pages, unsigned writer, const tally &told)
{
	constexpr std::size_t contents = 1000;
	void *memory = offer_memory(pages);
	vm machine;

	machine.add_slot(vm::memory_slot, vm::memory_address, page_range(0, memory, pages));
	for (std::size_t i = 0; i < pages; i += contents) {
		std::size_t count = std::min(contents, pages - i);

		machine.write_numbers(std::uint32_t(vm::memory_address + i * page_size),
				      std::uint32_t(count), page_size, 1);
		told.add(writer, count);
	}
	_exit(0);
}

/* Writes so many pages, if it is not killed. */
[[noreturn]] void write_pages(content what, std::size_t pages, unsigned writer, const tally &told)
{
	std::size_t ram = ram_pages();
	std::size_t room = what == content::circle ? ram * 13 / 10 : pages;
	void *memory = offer_memory(room);

	for (std::size_t i = 0; i < pages; i++) {
		fill_page(static_cast<char *>(memory) + i % room * page_size,
			  seed_of(what, i, writer, ram));
		told.add(writer);
	}
	_exit(0);
}

long counter_or_zero(const std::string &name)
{
	return std::filesystem::exists("/sys/kernel/mm/ksm/" + name) ? knob(name) : 0;
}

void measure(content what, const std::string &name, unsigned writers, double most)
{
	std::size_t ram = ram_pages();
	long freed = counter_or_zero("pressure_pages_freed");
	tally told(writers);
	std::vector<pid_t> pids;
	auto began = std::chrono::steady_clock::now();
	bool killed = false;
	int status;

	allow_to_be_killed(false);
	for (unsigned i = 0; i < writers; i++) {
		pids.push_back(fork());
		require(pids.back() >= 0, "fork");
		if (pids.back())
			continue;
		std::size_t pages = std::size_t(double(ram) * most) / writers;

		if (what == content::guests)
			write_as_guest(pages, i, told);
		write_pages(what, pages, i, told);
	}
	/* Until the first is killed, or all are done. */
	for (unsigned left = writers; left && !killed; left--) {
		require(wait(&status) > 0, "wait");
		killed = WIFSIGNALED(status);
		require(killed || WEXITSTATUS(status) == 0, "a writer failed");
	}
	std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
	nlohmann::json result = {
		{"content", name},
		{"writers", writers},
		{"times_memory", double(told.sum()) / double(ram)},
		{"killed", killed},
		{"seconds", took.count()},
		{"pages_freed", counter_or_zero("pressure_pages_freed") - freed},
	};

	for (pid_t pid : pids)
		kill(pid, SIGKILL);
	while (wait(nullptr) > 0)
		;
	std::printf("%s\n", result.dump().c_str());
}

} /* namespace */

} /* namespace ksm */

int main(int argc, char **argv)
{
	const std::map<std::string, ksm::content> contents = {
		{"few", ksm::content::few},	  {"late", ksm::content::late},
		{"unique", ksm::content::unique}, {"circle", ksm::content::circle},
		{"guests", ksm::content::guests},
	};
	CLI::App app(
		"Writes memory that is offered to KSM until somebody is killed for want of it. "
		"ksmd sleeps, but for what it does out of turn. Prints one JSON object.");
	std::string name = "few";
	unsigned writers = 1;
	double most = 4;

	app.add_option("--content", name, "few, late, unique, circle or guests")
		->capture_default_str()
		->check(CLI::IsMember(contents));
	app.add_option("--writers", writers, "Processes that write at once")
		->capture_default_str()
		->check(CLI::Range(1, 64));
	app.add_option("--most", most, "Times the memory to write, at the most")
		->capture_default_str()
		->check(CLI::PositiveNumber);
	CLI11_PARSE(app, argc, argv);
	try {
		if (name == "guests")
			ksm::require(ksm::why_no_vm().empty(), ksm::why_no_vm());
		ksm::set_knob("sleep_millisecs", 3600000);
		ksm::set_knob("run", 1);
		ksm::measure(contents.at(name), name, writers, most);
	} catch (const std::exception &error) {
		std::fprintf(stderr, "ksm_pressure: %s\n", error.what());
		return 1;
	}
	return 0;
}
