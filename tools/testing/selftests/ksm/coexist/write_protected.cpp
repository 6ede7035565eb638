// SPDX-License-Identifier: GPL-2.0
/* A worker that is told of writes to its memory by userfaultfd. */
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "coexist/workers.hpp"
#include "coexist/written_pages.hpp"
#include "support/child.hpp"

namespace ksm
{

namespace
{

/* Protects pages, and lets writes to them go on in a thread of its own, which counts them. */
class guard
{
public:
	explicit guard(const region &memory)
		: memory_(memory), told_(memory.pages()), fd_(open_checked(why_not_))
	{
		struct uffdio_register range = {
			.range = range_of(0, memory.pages()),
			.mode = UFFDIO_REGISTER_MODE_WP,
			.ioctls = 0,
		};

		require(why_not_.empty(), why_not_);
		require(ioctl(fd_, UFFDIO_REGISTER, &range) == 0, "UFFDIO_REGISTER");
		thread_ = std::thread([this] { answer(); });
	}
	~guard()
	{
		over_ = true;
		thread_.join();
		close(fd_);
	}
	guard(const guard &) = delete;
	guard &operator=(const guard &) = delete;

	static std::string why_not()
	{
		std::string reason;

		close(open_checked(reason));
		return reason;
	}

	void protect(std::size_t first, std::size_t count) const
	{
		set_protection(first, count, UFFDIO_WRITEPROTECT_MODE_WP);
	}
	/* How many writes to that page have been told. */
	unsigned told(std::size_t page) const { return told_[page]; }

private:
	static int open_checked(std::string &why_not)
	{
		struct uffdio_api api = {
			.api = UFFD_API, .features = UFFD_FEATURE_PAGEFAULT_FLAG_WP, .ioctls = 0};
		int fd = int(syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK));

		if (fd < 0)
			why_not = std::string("no userfaultfd: ") + std::strerror(errno);
		else if (ioctl(fd, UFFDIO_API, &api))
			why_not = "userfaultfd does not write-protect here";
		return fd;
	}
	struct uffdio_range range_of(std::size_t first, std::size_t count) const
	{
		return {.start = reinterpret_cast<std::uintptr_t>(memory_.page(first)),
			.len = count * page_size};
	}
	void set_protection(std::size_t first, std::size_t count, std::uint64_t mode) const
	{
		struct uffdio_writeprotect range = {.range = range_of(first, count), .mode = mode};

		/* EAGAIN: somebody changes the mappings. */
		while (ioctl(fd_, UFFDIO_WRITEPROTECT, &range))
			require(errno == EAGAIN, "UFFDIO_WRITEPROTECT");
	}
	void answer()
	{
		struct pollfd ready = {fd_, POLLIN, 0};
		struct uffd_msg fault;

		while (!over_) {
			if (poll(&ready, 1, 100) <= 0 ||
			    read(fd_, &fault, sizeof(fault)) != sizeof(fault))
				continue;
			std::uintptr_t start = reinterpret_cast<std::uintptr_t>(memory_.data());
			std::size_t page = (fault.arg.pagefault.address - start) / page_size;

			told_[page]++;
			set_protection(page, 1, 0);
		}
	}

	const region &memory_;
	std::vector<std::atomic<unsigned>> told_;
	std::string why_not_;
	int fd_;
	std::atomic<bool> over_ = false;
	std::thread thread_;
};

class protecting : public worker
{
public:
	std::string name() const override { return "userfaultfd"; }
	std::string why_not() const override { return guard::why_not(); }
	std::size_t rounds() const override { return 200; }
	void begin() override
	{
		pages_.emplace(512);
		for (std::size_t i = 0; i < pages_->count(); i++)
			pages_->write(i, 0);
		guard_ = std::make_unique<guard>(pages_->memory());
	}
	void do_round(std::size_t number) override
	{
		std::size_t count = 1 + number % 32;
		std::size_t first = number * 57 % (pages_->count() - count);

		guard_->protect(first, count);
		/* Time for ksmd to merge some, and for others to swap them out. */
		usleep(useconds_t(number % 5 * 4000));
		for (std::size_t i = first; i < first + count; i++) {
			unsigned told = guard_->told(i);

			pages_->check(i);
			require(guard_->told(i) == told, "a read was told as a write");
			pages_->write(i, number);
			require(guard_->told(i) > told,
				"a write to page " + std::to_string(i) + " was not told");
		}
	}
	void check() const override { pages_->check_all(); }

private:
	std::optional<written_pages> pages_;
	std::unique_ptr<guard> guard_;
};

} /* namespace */

std::unique_ptr<worker> userfaultfd_worker()
{
	return std::make_unique<protecting>();
}

} /* namespace ksm */
