/* SPDX-License-Identifier: GPL-2.0 */
#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "support/fixture.hpp"
#include "support/region.hpp"

namespace ksm
{

inline constexpr std::size_t pages_per_huge = huge_size / page_size;

/* For tests that need huge pages: there are any, where they are asked for. */
class thp : public ksm_test
{
protected:
	void prepare() override;
	void TearDown() override;

	/* False if the kernel had no huge page to give: nothing to be tested then. */
	static bool is_huge(const region &memory, std::size_t which = 0);
	/* The same of so many huge pages, as the reason to skip a test. */
	static std::string why_not_huge(const region &memory, std::size_t count = 1);

private:
	std::string enabled_;
};

/* khugepaged without its pauses, for as long as this lives. */
class fast_khugepaged
{
public:
	fast_khugepaged();
	~fast_khugepaged();
	fast_khugepaged(const fast_khugepaged &) = delete;
	fast_khugepaged &operator=(const fast_khugepaged &) = delete;

	/* Waits until it has looked at everything so many times. */
	static void await_passes(unsigned more);

private:
	std::map<std::string, std::string> old_;
};

} /* namespace ksm */
