/* SPDX-License-Identifier: GPL-2.0 */
#pragma once

#include <cstddef>
#include <cstdint>

/*
 * The virtual machine control block, by which a hypervisor on an AMD CPU describes its guest
 * and learns why it stopped: see the AMD64 Architecture Programmer's Manual, volume 2,
 * appendix B. The arrays of bytes are what is not used here, and stays zero.
 */
namespace ksm
{

/* The attributes are those of a segment descriptor, without the limit between them. */
struct vmcb_segment {
	std::uint16_t selector;
	std::uint16_t attributes;
	std::uint32_t limit;
	std::uint64_t base;
};

struct vmcb {
	/* What stops the guest. */
	std::uint8_t other_intercepts[0xc];
	std::uint32_t intercepts;
	std::uint32_t svm_intercepts;
	std::uint8_t bitmaps_and_tsc[0x44];
	std::uint32_t asid;
	std::uint8_t interrupts[0x14];
	/* Why it stopped. */
	std::uint64_t exit_code;
	std::uint64_t exit_info[2];
	std::uint64_t exit_interrupt;
	std::uint64_t nested_paging;
	std::uint8_t injection[0x18];
	std::uint64_t nested_cr3;
	std::uint8_t rest_of_control[0x348];

	/* Its registers, but for those that the hypervisor itself has to load. */
	vmcb_segment es, cs, ss, ds, fs, gs, gdtr, ldtr, idtr, tr;
	std::uint8_t privilege[0x30];
	std::uint64_t efer;
	std::uint8_t performance[0x70];
	std::uint64_t cr4;
	std::uint64_t cr3;
	std::uint64_t cr0;
	std::uint64_t dr7;
	std::uint64_t dr6;
	std::uint64_t rflags;
	std::uint64_t rip;
	std::uint8_t counters[0x58];
	std::uint64_t rsp;
	std::uint8_t shadow_stack[0x18];
	std::uint64_t rax;
	std::uint8_t rest_of_page[0xa00];
};

static_assert(offsetof(vmcb, intercepts) == 0x00c);
static_assert(offsetof(vmcb, svm_intercepts) == 0x010);
static_assert(offsetof(vmcb, asid) == 0x058);
static_assert(offsetof(vmcb, exit_code) == 0x070);
static_assert(offsetof(vmcb, nested_paging) == 0x090);
static_assert(offsetof(vmcb, nested_cr3) == 0x0b0);
static_assert(offsetof(vmcb, es) == 0x400);
static_assert(offsetof(vmcb, tr) == 0x490);
static_assert(offsetof(vmcb, efer) == 0x4d0);
static_assert(offsetof(vmcb, cr4) == 0x548);
static_assert(offsetof(vmcb, rip) == 0x578);
static_assert(offsetof(vmcb, rsp) == 0x5d8);
static_assert(offsetof(vmcb, rax) == 0x5f8);
static_assert(sizeof(vmcb) == 4096);

inline constexpr std::uint32_t vmcb_intercept_hlt = 1U << 24;
inline constexpr std::uint32_t vmcb_intercept_shutdown = 1U << 31;
inline constexpr std::uint32_t vmcb_intercept_vmrun = 1U << 0;
inline constexpr std::uint64_t vmcb_exit_hlt = 0x78;

} /* namespace ksm */
