// SPDX-License-Identifier: GPL-2.0
#include "support/filler.hpp"

#include <sys/mman.h>

#include "support/child.hpp"
#include "support/process.hpp"
#include "support/verdict.hpp"

namespace ksm
{

namespace
{

std::size_t available_pages()
{
	return std::size_t(meminfo_kb("MemAvailable")) * 1024 / page_size;
}

} /* namespace */

std::string full_machine_filler::why_not(std::size_t left)
{
	if (meminfo_kb("MemTotal") > 4 << 20)
		return "the machine is too large to be filled";
	if (available_pages() < 2 * left)
		return "the machine is too small";
	return "";
}

full_machine_filler::full_machine_filler(std::size_t left)
{
	allow_to_be_killed(false);
	/*
	 * Nor is what it runs to be given up and read again for each page that is written:
	 * as long as that goes on, nobody is killed.
	 */
	require(mlockall(MCL_CURRENT) == 0, "mlockall");
	memory_ = std::make_unique<region>(available_pages() - left);
	/* It takes less time by huge pages; without them it does as well. */
	madvise(memory_->data(), memory_->bytes(), MADV_HUGEPAGE);
	for (std::size_t i = 0; i < memory_->pages(); i++)
		memory_->words(i)[0] = 1;
	memory_->advise(MADV_DONTFORK);
}

full_machine_filler::~full_machine_filler()
{
	memory_.reset();
	munlockall();
	allow_to_be_killed(true);
}

} /* namespace ksm */
