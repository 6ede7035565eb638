/* SPDX-License-Identifier: GPL-2.0 */
/* A process of the test, with memory that is known. */
#pragma once

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ksm
{

/* Anonymous memory of small pages. */
class area
{
public:
	explicit area(std::size_t pages, int advice = MADV_NOHUGEPAGE)
		: mapped_(pages * page + huge)
	{
		all_ = static_cast<char *>(mmap(nullptr, mapped_, PROT_READ | PROT_WRITE,
						MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
		start_ = all_ + (huge - reinterpret_cast<std::uintptr_t>(all_) % huge);
		madvise(start_, pages * page, advice);
	}
	~area() { munmap(all_, mapped_); }
	area(const area &) = delete;
	area &operator=(const area &) = delete;

	char *page_at(std::size_t i) const { return start_ + i * page; }
	void fill(std::size_t i, std::uint64_t content) const
	{
		for (std::size_t at = 0; at < page; at += sizeof(content))
			std::memcpy(page_at(i) + at, &content, sizeof(content));
	}

private:
	const std::size_t page = std::size_t(sysconf(_SC_PAGESIZE));
	static constexpr std::size_t huge = 2 << 20; /* what a huge page begins at */
	std::size_t mapped_;
	char *all_;
	char *start_;
};

/* In a process that ends by a signal. */
inline area &lasting(std::size_t pages, int advice = MADV_NOHUGEPAGE)
{
	return *new area(pages, advice);
}

/* A process that makes some memory, and holds it until the end of the test. */
class holder
{
public:
	explicit holder(const std::function<void()> &make,
			const std::function<void()> &go_on = pause)
	{
		int ready[2];
		char byte = 0;

		if (pipe(ready))
			return;
		pid_ = fork();
		if (!pid_) {
			make();
			(void)!write(ready[1], &byte, 1);
			for (;;)
				go_on();
		}
		(void)!read(ready[0], &byte, 1);
		close(ready[0]);
		close(ready[1]);
	}
	~holder()
	{
		kill(pid_, SIGKILL);
		waitpid(pid_, nullptr, 0);
	}
	holder(const holder &) = delete;
	holder &operator=(const holder &) = delete;

	std::string pid() const { return std::to_string(pid_); }

private:
	pid_t pid_ = -1;
};

} /* namespace ksm */
