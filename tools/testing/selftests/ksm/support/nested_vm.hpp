/* SPDX-License-Identifier: GPL-2.0 */
#pragma once

#include <string>

#include "support/region.hpp"
#include "support/vm.hpp"
#include "support/vmcb.hpp"

namespace ksm
{

/* Empty if a machine's guest can have a guest of its own here, else what is missing. */
std::string why_no_nested_vm();

/*
 * A machine whose guest runs a guest of its own, by AMD's SVM with nested paging. That one
 * has the same memory at the same addresses, and the same program.
 *
 * Paging is on, as the nested page table has the format of the page tables of whoever made
 * it. Both map each address to itself. reset() takes paging and SVM away for good.
 */
class nested_vm : public vm
{
public:
	explicit nested_vm(const region &memory);

	/* From now on the guest's guest does what the guest is told to do, or does not. */
	void set_nested(bool on) { nested_ = on; }

protected:
	void execute(kvm_regs &registers) override;

private:
	vmcb &block() const;
	void start_svm();
	void describe_guest(const kvm_sregs &state) const;

	bool nested_ = false;
	region pages_;
};

} /* namespace ksm */
