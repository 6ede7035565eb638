// SPDX-License-Identifier: GPL-2.0
#include "estimate/reader.hpp"

#include <algorithm>
#include <cerrno>

#include <sys/uio.h>

#include "estimate/page_size.hpp"

namespace ksm
{
namespace
{

iovec remote(std::uint64_t address, std::size_t size)
{
	return {reinterpret_cast<void *>(std::uintptr_t(address)), size};
}

} /* namespace */

reader::reader(const population &population)
	: population_(population), buffer_(most * page_size()), there_(most)
{
}

void reader::read(std::span<const population::page> pages)
{
	std::fill(there_.begin(), there_.end(), false);
	for (std::size_t from = 0, to; from < pages.size(); from = to) {
		for (to = from; to < pages.size() && pages[to].owner == pages[from].owner;)
			to++;
		read_process(pages.subspan(from, to - from), from);
	}
}

/* The kernel stops at the first page that it cannot read: go on behind it. */
void reader::read_process(std::span<const population::page> pages, std::size_t place)
{
	const pid_t pid = population_.of(pages.front()).pid;

	for (std::size_t done = 0; done < pages.size();) {
		const iovec local = {&buffer_[(place + done) * page_size()],
				     (pages.size() - done) * page_size()};
		std::vector<iovec> from;

		for (const population::page &page : pages.subspan(done))
			from.push_back(remote(page.address, page_size()));
		const ssize_t got = process_vm_readv(pid, &local, 1, from.data(), from.size(), 0);
		if (got < 0 && errno != EFAULT)
			return;
		const std::size_t whole = got < 0 ? 0 : std::size_t(got) / page_size();
		for (std::size_t i = 0; i < whole; i++)
			there_[place + done + i] = true;
		done += whole + (whole < pages.size() - done);
	}
}

const std::byte *reader::content(std::size_t place) const
{
	return there_[place] ? &buffer_[place * page_size()] : nullptr;
}

int why_unreadable(pid_t pid, std::uint64_t address)
{
	std::byte byte;
	const iovec local = {&byte, 1}, from = remote(address, 1);

	return process_vm_readv(pid, &local, 1, &from, 1, 0) < 0 ? errno : 0;
}

} /* namespace ksm */
