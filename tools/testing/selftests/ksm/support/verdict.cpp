// SPDX-License-Identifier: GPL-2.0
#include "support/verdict.hpp"

#include <chrono>
#include <new>
#include <thread>

#include <sys/mman.h>
#include <sys/wait.h>

#include "support/child.hpp"
#include "support/limits.hpp"
#include "support/region.hpp"
#include "support/sysfs.hpp"

namespace ksm
{

verdict::verdict()
{
	void *got =
		mmap(nullptr, page_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	require(got != MAP_FAILED, "mmap");
	word_ = new (got) std::atomic<int>(pending);
}

verdict::~verdict()
{
	munmap(word_, page_size);
}

int verdict::wait(pid_t from) const
{
	auto limit = std::chrono::steady_clock::now() + hang_limit();

	while (*word_ == pending) {
		siginfo_t end = {};

		require(waitid(P_PID, id_t(from), &end, WEXITED | WNOHANG | WNOWAIT) == 0,
			"waitid");
		require(end.si_pid == 0 || *word_ != pending,
			end.si_code == CLD_KILLED
				? "killed by signal " + std::to_string(end.si_status)
				: std::string("ended without a verdict"));
		require(std::chrono::steady_clock::now() < limit, "no verdict");
		std::this_thread::sleep_for(std::chrono::milliseconds(1));
	}
	return *word_;
}

void allow_to_be_killed(bool allowed)
{
	require(write_text("/proc/self/oom_score_adj", allowed ? "0" : "-1000") == 0,
		"oom_score_adj");
}

void be_killed_first()
{
	require(write_text("/proc/self/oom_score_adj", "1000") == 0, "oom_score_adj");
}

} /* namespace ksm */
