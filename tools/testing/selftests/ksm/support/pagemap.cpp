// SPDX-License-Identifier: GPL-2.0
#include "support/pagemap.hpp"

#include <cerrno>
#include <stdexcept>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace ksm
{

namespace
{

class proc_file
{
public:
	explicit proc_file(const std::string &path)
		: path_(path), fd_(open(path.c_str(), O_RDONLY | O_CLOEXEC))
	{
		if (fd_ < 0)
			throw std::system_error(errno, std::generic_category(), path);
	}
	~proc_file() { close(fd_); }
	proc_file(const proc_file &) = delete;
	proc_file &operator=(const proc_file &) = delete;

	void read_words(std::uint64_t *to, std::size_t count, std::uint64_t index) const
	{
		char *bytes = reinterpret_cast<char *>(to);
		std::size_t left = count * sizeof(*to);
		off_t at = off_t(index * sizeof(*to));

		while (left) {
			ssize_t got = pread(fd_, bytes, left, at);

			if (got < 0)
				throw std::system_error(errno, std::generic_category(), path_);
			if (got == 0)
				throw std::runtime_error(path_ + " is too short");
			bytes += got;
			at += got;
			left -= std::size_t(got);
		}
	}
	std::uint64_t word(std::uint64_t index) const
	{
		std::uint64_t value;

		read_words(&value, 1, index);
		return value;
	}

private:
	std::string path_;
	int fd_;
};

std::string proc_path(pid_t pid, const char *file)
{
	return "/proc/" + (pid ? std::to_string(pid) : std::string("self")) + "/" + file;
}

} /* namespace */

std::vector<mapped_page> pagemap(const page_range &memory)
{
	static_assert(sizeof(mapped_page) == sizeof(std::uint64_t));
	std::vector<mapped_page> result(memory.pages());

	if (memory.pages())
		proc_file(proc_path(memory.pid(), "pagemap"))
			.read_words(&result[0].entry, memory.pages(), memory.address() / page_size);
	return result;
}

mapped_page pagemap_of(const void *address, pid_t pid)
{
	return pagemap({pid, address, 1})[0];
}

std::vector<mapped_page> pagemap_of_each(const std::vector<std::uintptr_t> &addresses, pid_t pid)
{
	const proc_file map(proc_path(pid, "pagemap"));
	std::vector<mapped_page> result;

	result.reserve(addresses.size());
	for (std::uintptr_t address : addresses)
		result.push_back({map.word(address / page_size)});
	return result;
}

std::uint64_t page_flags(std::uint64_t pfn)
{
	static const proc_file flags("/proc/kpageflags");

	return flags.word(pfn);
}

bool page_flag(std::uint64_t pfn, int bit)
{
	return page_flags(pfn) >> bit & 1;
}

std::uint64_t page_map_count(std::uint64_t pfn)
{
	static const proc_file counts("/proc/kpagecount");

	return counts.word(pfn);
}

std::size_t swapped(const page_range &memory)
{
	std::size_t count = 0;

	for (const auto &page : pagemap(memory))
		count += page.swapped();
	return count;
}

int node_of(const void *address)
{
	void *page = const_cast<void *>(address);
	int node = -1;

	if (syscall(SYS_move_pages, 0, 1UL, &page, nullptr, &node, 0))
		throw std::system_error(errno, std::generic_category(), "move_pages");
	if (node < 0)
		throw std::system_error(-node, std::generic_category(),
					"no page to ask for its node");
	return node;
}

} /* namespace ksm */
