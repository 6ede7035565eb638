// SPDX-License-Identifier: GPL-2.0
#include "support/thp.hpp"

#include <chrono>
#include <cstdint>
#include <exception>
#include <stdexcept>
#include <thread>

#include "support/limits.hpp"
#include "support/pagemap.hpp"

namespace ksm
{

namespace
{

const std::string thp_enabled = "/sys/kernel/mm/transparent_hugepage/enabled";
const std::string khugepaged = "/sys/kernel/mm/transparent_hugepage/khugepaged/";

} /* namespace */

void thp::prepare()
{
	try {
		enabled_ = read_text(thp_enabled);
	} catch (const std::exception &) {
		GTEST_SKIP() << "this kernel has no CONFIG_TRANSPARENT_HUGEPAGE";
	}
	enabled_ = enabled_.substr(enabled_.find('[') + 1);
	enabled_.resize(enabled_.find(']'));
	ASSERT_EQ(write_text(thp_enabled, "madvise"), 0);
}

void thp::TearDown()
{
	if (!enabled_.empty() && enabled_ != "madvise")
		write_text(thp_enabled, enabled_);
	ksm_test::TearDown();
}

bool thp::is_huge(const region &memory, std::size_t which)
{
	for (std::size_t i = 0; i < pages_per_huge; i++) {
		std::uint64_t pfn = pagemap_of(memory.page(which * pages_per_huge + i)).pfn();

		if (!pfn || !page_flag(pfn, kpf_thp))
			return false;
	}
	return true;
}

std::string thp::why_not_huge(const region &memory, std::size_t count)
{
	for (std::size_t i = 0; i < count; i++)
		if (!is_huge(memory, i))
			return "no huge pages to be had";
	return "";
}

fast_khugepaged::fast_khugepaged()
{
	for (auto [name, value] : std::map<std::string, std::string>{
		     {"scan_sleep_millisecs", "1"},
		     {"alloc_sleep_millisecs", "1"},
		     {"pages_to_scan", "65536"},
	     }) {
		old_[name] = read_text(khugepaged + name);
		if (write_text(khugepaged + name, value))
			throw std::runtime_error("cannot write " + khugepaged + name);
	}
}

fast_khugepaged::~fast_khugepaged()
{
	for (auto &[name, value] : old_)
		write_text(khugepaged + name, value);
}

void fast_khugepaged::await_passes(unsigned more)
{
	auto passes = [] { return std::stoul(read_text(khugepaged + "full_scans")); };
	auto until = std::chrono::steady_clock::now() + hang_limit();
	unsigned long goal = passes() + more;

	while (passes() < goal) {
		if (std::chrono::steady_clock::now() > until)
			throw std::runtime_error("khugepaged makes no passes");
		std::this_thread::sleep_for(std::chrono::milliseconds(2));
	}
}

} /* namespace ksm */
