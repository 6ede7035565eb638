// SPDX-License-Identifier: GPL-2.0
#include "support/nested_vm.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <exception>
#include <sstream>
#include <stdexcept>

#include <fcntl.h>

#include "support/ioctl.hpp"
#include "support/sysfs.hpp"

namespace ksm
{

namespace
{

constexpr std::uint64_t cr0_pe = 1U << 0, cr0_et = 1U << 4, cr0_pg = 1U << 31;
constexpr std::uint64_t cr4_pse = 1U << 4;
constexpr std::uint64_t efer_svme = 1U << 12;
constexpr std::uint64_t nested_paging_on = 1U << 0;
constexpr std::uint32_t msr_vm_hsave_pa = 0xc0010117;

/* Takes eax: address of the block. */
const unsigned char run_guest_code[] = {
	0x0f, 0x01, 0xd8, /* vmrun */
	0xf4,		  /* hlt */
};

/*
 * What the guest needs to run its own guest, with a number and an address that tests do not
 * use. The nested page table is apart from the other, as KVM write-protects what it shadows,
 * and a walk of the guest's own page table counts as a write.
 */
enum page_of { code, block_page, saved_host, page_directory, nested_page_directory, page_count };

constexpr unsigned pages_slot = 1U << 10;
constexpr std::uint32_t pages_address = 0x200000;

constexpr std::uint32_t address_of(page_of page)
{
	return pages_address + std::uint32_t(page * page_size);
}

/* Each address to itself, by pages of 4 MiB. */
void map_flat(char *directory)
{
	/* For users, too: nested paging takes all accesses for those of a user. */
	constexpr std::uint32_t present = 1, writable = 2, user = 4, accessed = 0x20, dirty = 0x40,
				large = 0x80;
	constexpr std::uint32_t flags = present | writable | user | accessed | dirty | large;
	auto *entry = reinterpret_cast<std::uint32_t *>(directory);

	for (std::uint32_t i = 0; i < page_size / sizeof(*entry); i++)
		entry[i] = i << 22 | flags;
}

vmcb_segment packed(const kvm_segment &from)
{
	vmcb_segment to = {};

	to.selector = from.selector;
	to.attributes = std::uint16_t(from.type | from.s << 4 | from.dpl << 5 | from.present << 7 |
				      from.avl << 8 | from.l << 9 | from.db << 10 | from.g << 11);
	to.limit = from.limit;
	to.base = from.base;
	return to;
}

/* What KVM can offer to a guest, as CPUID tells it. */
struct cpu_features {
	kvm_cpuid2 head;
	kvm_cpuid_entry2 entries[256];

	explicit cpu_features(int kvm) : head(), entries()
	{
		head.nent = sizeof(entries) / sizeof(*entries);
		request(kvm, KVM_GET_SUPPORTED_CPUID, "KVM_GET_SUPPORTED_CPUID", this);
	}

	kvm_cpuid_entry2 leaf(std::uint32_t number) const
	{
		auto *end = entries + head.nent;
		auto *found = std::find_if(entries, end, [=](const kvm_cpuid_entry2 &one) {
			return one.function == number;
		});

		return found == end ? kvm_cpuid_entry2() : *found;
	}
	bool have_svm() const { return leaf(0x80000001).ecx >> 2 & 1; }
	bool have_nested_paging() const { return leaf(0x8000000a).edx & 1; }
};

} /* namespace */

std::string why_no_nested_vm()
{
	if (std::string reason = why_no_vm(); !reason.empty())
		return reason;
	owned_fd kvm(open("/dev/kvm", O_RDWR | O_CLOEXEC), "/dev/kvm");
	cpu_features features(kvm.get());

	if (features.have_svm())
		return features.have_nested_paging() ? "" : "guests have no nested paging";
	try {
		if (read_text("/sys/module/kvm_amd/parameters/nested") == "0")
			return "kvm_amd.nested is off";
	} catch (const std::exception &) {
		/* The module is not there. */
	}
	return "the CPU has no SVM";
}

nested_vm::nested_vm(const region &memory) : vm(memory), pages_(page_count)
{
	std::memcpy(pages_.page(code), run_guest_code, sizeof(run_guest_code));
	map_flat(pages_.page(page_directory));
	map_flat(pages_.page(nested_page_directory));
	add_slot(pages_slot, pages_address, pages_);
	start_svm();
}

vmcb &nested_vm::block() const
{
	return *reinterpret_cast<vmcb *>(pages_.page(block_page));
}

void nested_vm::start_svm()
{
	cpu_features features(kvm());
	kvm_sregs state;

	request(cpu(), KVM_SET_CPUID2, "KVM_SET_CPUID2", &features);
	request(cpu(), KVM_GET_SREGS, "KVM_GET_SREGS", &state);
	describe_guest(state);
	state.cr3 = address_of(page_directory);
	state.cr4 |= cr4_pse;
	state.cr0 |= cr0_pg;
	state.efer |= efer_svme;
	request(cpu(), KVM_SET_SREGS, "KVM_SET_SREGS", &state);
	set_msr(msr_vm_hsave_pa, address_of(saved_host));
}

/* The guest's guest has the segments of the guest, and no paging of its own. */
void nested_vm::describe_guest(const kvm_sregs &state) const
{
	vmcb &guest = block();

	guest.intercepts = vmcb_intercept_hlt | vmcb_intercept_shutdown;
	guest.svm_intercepts = vmcb_intercept_vmrun;
	guest.asid = 1;
	guest.nested_paging = nested_paging_on;
	guest.nested_cr3 = address_of(nested_page_directory);
	guest.cs = packed(state.cs);
	guest.es = guest.ss = guest.ds = guest.fs = guest.gs = packed(state.ds);
	guest.efer = efer_svme;
	guest.cr0 = cr0_pe | cr0_et;
}

void nested_vm::execute(kvm_regs &registers)
{
	if (!nested_) {
		vm::execute(registers);
		return;
	}
	vmcb &guest = block();

	guest.rip = registers.rip;
	guest.rflags = registers.rflags;
	guest.rax = registers.rax;
	/* The other registers pass through. */
	registers.rip = address_of(code);
	registers.rax = address_of(block_page);
	vm::execute(registers);
	if (guest.exit_code != vmcb_exit_hlt) {
		std::ostringstream what;

		what << "the guest's guest has not come to its end: exit code " << std::hex
		     << guest.exit_code << ", " << guest.exit_info[0] << ", " << guest.exit_info[1];
		throw std::runtime_error(what.str());
	}
	registers.rax = guest.rax;
}

} /* namespace ksm */
