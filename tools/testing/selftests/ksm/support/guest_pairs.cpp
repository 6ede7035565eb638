// SPDX-License-Identifier: GPL-2.0
#include "support/guest_pairs.hpp"

#include <algorithm>
#include <numeric>
#include <stdexcept>

#include <fcntl.h>
#include <unistd.h>

#include "support/pagemap.hpp"

namespace ksm
{

unsigned passes_to_find()
{
	return vm_writes_set_dirty_bits() ? passes_if_told : passes_if_sampled;
}

guest_pairs::guest_pairs(std::size_t pairs, region::pages_are kind)
	: memory_(pairs, kind), twins_(pairs), byte_(pairs)
{
	memory_.fill_unique(1);
	twins_.fill_unique(1);
	memory_.mergeable();
	twins_.mergeable();
}

guest_pairs::choice guest_pairs::all() const
{
	choice every(memory_.pages());

	std::iota(every.begin(), every.end(), 0);
	return every;
}

guest_pairs::choice guest_pairs::draw(std::size_t count)
{
	choice drawn = all();

	std::shuffle(drawn.begin(), drawn.end(), random_);
	drawn.resize(count);
	return drawn;
}

void guest_pairs::part(vm &guest, const choice &pairs)
{
	std::vector<vm::byte_at> bytes;

	/* In no other byte, if they were unequal before. */
	join(guest, pairs);
	for (std::size_t i : pairs) {
		byte_[i] = random_() % page_size;
		bytes.push_back({std::uint32_t(address_ + i * page_size + byte_[i]),
				 std::uint8_t(~twins(i))});
	}
	guest.write_each(bytes);
}

void guest_pairs::join(vm &guest, const choice &pairs) const
{
	std::vector<vm::byte_at> bytes;

	for (std::size_t i : pairs)
		bytes.push_back({std::uint32_t(address_ + i * page_size + byte_[i]),
				 std::uint8_t(twins(i))});
	guest.write_each(bytes);
}

void guest_pairs::join_past_page_tables(const choice &pairs) const
{
	owned_fd memory(open("/proc/self/mem", O_RDWR | O_CLOEXEC), "/proc/self/mem");

	for (std::size_t i : pairs) {
		char byte = twins(i);
		auto at = reinterpret_cast<std::uintptr_t>(differing(i));

		if (pwrite(memory.get(), &byte, 1, off_t(at)) != 1)
			throw std::runtime_error("cannot write to /proc/self/mem");
	}
}

void guest_pairs::settle(stepper &ksmd)
{
	for (int pass = 0; pass < 4; pass++)
		ksmd.pass();
}

void guest_pairs::settle(vm &guest, stepper &ksmd)
{
	part(guest, all());
	settle(ksmd);
}

std::size_t guest_pairs::missed(const choice &pairs) const
{
	auto pages = pagemap(memory_), twins = pagemap(twins_);

	return std::size_t(std::count_if(pairs.begin(), pairs.end(), [&](std::size_t i) {
		return !pages[i].pfn() || pages[i].pfn() != twins[i].pfn();
	}));
}

std::size_t guest_pairs::missed_after(stepper &ksmd, unsigned passes, const choice &pairs) const
{
	std::size_t left = missed(pairs);

	for (unsigned pass = 0; pass < passes && left; pass++) {
		ksmd.pass();
		left = missed(pairs);
	}
	return left;
}

} /* namespace ksm */
