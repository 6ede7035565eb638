/* SPDX-License-Identifier: GPL-2.0 */
#pragma once

#include <cerrno>
#include <cstddef>
#include <system_error>
#include <type_traits>

#include <sys/mman.h>

namespace ksm
{

/* Numbers, 0 at first, that processes made by fork leave for each other. ksmd merges none. */
template <class number> class shared_array
{
	static_assert(std::is_arithmetic_v<number>);

public:
	explicit shared_array(std::size_t count)
		: count_(count), data_(mmap(nullptr, bytes(), PROT_READ | PROT_WRITE,
					    MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0))
	{
		if (data_ == MAP_FAILED)
			throw std::system_error(errno, std::generic_category(), "mmap");
	}
	~shared_array() { munmap(data_, bytes()); }
	shared_array(const shared_array &) = delete;
	shared_array &operator=(const shared_array &) = delete;

	number &operator[](std::size_t index) const { return begin()[index]; }
	number *begin() const { return static_cast<number *>(data_); }
	number *end() const { return begin() + count_; }

private:
	/* One more, as nothing cannot be mapped. */
	std::size_t bytes() const { return (count_ + 1) * sizeof(number); }

	std::size_t count_;
	void *data_;
};

} /* namespace ksm */
