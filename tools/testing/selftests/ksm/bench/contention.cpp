// SPDX-License-Identifier: GPL-2.0
/*
 * What a program loses that maps, faults, unmaps and forks all the time, or launches
 * others, and what a guest loses that faults in its memory, while ksmd goes over the same
 * memory.
 */
#include <algorithm>
#include <memory>
#include <stdexcept>

#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/scenario.hpp"
#include "bench/turns.hpp"
#include "bench/workload.hpp"
#include "support/process.hpp"
#include "support/vm.hpp"

namespace ksm
{

namespace
{

/* One operation; a fork is one, too, and rare enough not to reach the 99th percent. */
void operate(std::size_t number)
{
	constexpr std::size_t pages = 32, forks_one_in = 200;

	if (number % forks_one_in == 0) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(0);
		if (pid < 0 || waitpid(pid, nullptr, 0) != pid)
			throw std::runtime_error("fork");
		return;
	}
	void *data = mmap(nullptr, pages * page_size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (data == MAP_FAILED)
		throw std::runtime_error("mmap");
	for (std::size_t i = 0; i < pages; i++)
		static_cast<volatile char *>(data)[i * page_size] = 1;
	munmap(data, pages * page_size);
}

/* All that is launched from here on has its memory merged, as under ksmctl run. */
class everything_merged
{
public:
	everything_merged() { set_merge(true); }
	~everything_merged() { try_set_merge(false); }
	everything_merged(const everything_merged &) = delete;
	everything_merged &operator=(const everything_merged &) = delete;
};

void launch()
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		execl("/proc/self/exe", "ksm_bench", launched_option, nullptr);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		throw std::runtime_error("a program cannot be launched");
}

} /* namespace */

int launched()
{
	region own(1024);

	own.fill_unique(first_seed + std::uint64_t(getpid()) * own.pages());
	return 0;
}

cost contention(const bench_options &options)
{
	if (get_nprocs() < 2)
		throw not_here("one CPU only: ksmd would take its time away, too");
	region memory(options.pages);

	fill_with_unique(memory);
	memory.mergeable();
	set_knob("pages_to_scan", 1000);
	set_knob("sleep_millisecs", 0L);
	scan(6);
	cost result = beside_ksmd(operate);

	result.page_visits = std::max<std::size_t>(result.passes * memory.pages(), 1);
	return result;
}

cost launch_beside_ksmd(const bench_options &options)
{
	if (get_nprocs() < 2)
		throw not_here("one CPU only: ksmd would take its time away, too");
	sleepers settled(1, [&](std::size_t) {
		regions memory;

		memory.push_back(std::make_unique<region>(options.pages));
		fill_with_unique(*memory.back());
		memory.back()->mergeable();
		return memory;
	});
	everything_merged mode;

	set_knob("pages_to_scan", meminfo_kb("MemTotal") / 4 / 10);
	set_knob("sleep_millisecs", 1);
	scan(6);
	cost result = beside_ksmd([](std::size_t) { launch(); });

	result.page_visits = std::max<std::size_t>(result.passes * options.pages, 1);
	return result;
}

/*
 * Each operation takes some pages from a guest, which then writes to them, each to be unlike
 * all others. The rest of its memory is settled.
 */
cost guest_faults(const bench_options &options)
{
	if (get_nprocs() < 2)
		throw not_here("one CPU only: ksmd would take its time away, too");
	if (std::string reason = why_no_vm(); !reason.empty())
		throw not_here(reason);
	constexpr std::size_t part = 64;
	const std::size_t parts = options.pages / part;

	if (parts == 0)
		throw not_here("too few pages");
	region memory(parts * part);
	vm guest(memory);
	std::uint64_t operations = 0, faults = 0;

	fill_with_unique(memory);
	memory.mergeable();
	guest.write_numbers(vm::memory_address, std::uint32_t(memory.pages()), page_size, 0);
	set_knob("pages_to_scan", 1000);
	set_knob("sleep_millisecs", 0L);
	scan(6);
	faults = guest.cpu_statistic("pf_taken");
	cost result = beside_ksmd([&](std::size_t number) {
		std::size_t first = number % parts * part;

		if (madvise(memory.page(first), part * page_size, MADV_DONTNEED))
			throw std::runtime_error("MADV_DONTNEED");
		guest.write_numbers(std::uint32_t(vm::memory_address + first * page_size), part,
				    page_size, std::uint32_t(number * part));
		operations++;
	});

	result.page_visits = std::max<std::size_t>(result.passes * memory.pages(), 1);
	result.figures.push_back(
		{"faults_per_page",
		 double(guest.cpu_statistic("pf_taken") - faults) / double(operations * part)});
	return result;
}

} /* namespace ksm */
