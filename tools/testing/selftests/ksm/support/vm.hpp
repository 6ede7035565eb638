/* SPDX-License-Identifier: GPL-2.0 */
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <linux/kvm.h>

#include "support/region.hpp"

/*
 * A virtual machine made through /dev/kvm that does nothing but write and read its
 * memory when it is told to: no firmware, no devices, one CPU in flat 32-bit protected
 * mode without paging, and a program of a few instructions.
 */
namespace ksm
{

/* Empty if virtual machines can be made here, else what is missing. */
std::string why_no_vm();
/* The same for those whose CPU has SMM. */
std::string why_no_smm();
/* The same for vm::fault_in(). */
std::string why_no_fault_in();

/*
 * Does KVM map memory by page tables in which the CPU notes what is written, so that
 * the kernel can be told?
 */
bool vm_writes_set_dirty_bits();

/* A file descriptor that is closed in the end. */
class owned_fd
{
public:
	/* Throws, with that text, if it is none. */
	owned_fd(int fd, const std::string &what);
	~owned_fd();
	owned_fd(const owned_fd &) = delete;
	owned_fd &operator=(const owned_fd &) = delete;

	int get() const { return fd_; }

private:
	int fd_;
};

/*
 * The addresses that these methods take are the guest's. One thread at a time, but the guest
 * may run in one while its slots come and go in another.
 */
class vm
{
public:
	/* Where the memory is that a machine is made with. */
	static constexpr std::uint32_t memory_address = 1U << 30;
	static constexpr unsigned memory_slot = 1;
	/* Added to the number of a slot, it is one of the memory that the CPU has in SMM. */
	static constexpr unsigned in_smm = 1U << 16;

	/* With no memory but that of its program. */
	vm();
	explicit vm(const region &memory);
	virtual ~vm();
	vm(const vm &) = delete;
	vm &operator=(const vm &) = delete;

	/* Slots are numbered from 1 on. */
	void add_slot(unsigned slot, std::uint32_t address, const page_range &memory);
	void delete_slot(unsigned slot);
	void move_slot(unsigned slot, std::uint32_t address);
	void log_dirty(unsigned slot, bool on);
	/* Pages that were written since the log was read last, or switched on. */
	std::vector<bool> dirty_log(unsigned slot) const;

	struct byte_at {
		std::uint32_t address;
		std::uint8_t value;
	};
	/* Writes a 32-bit word so many times, each so many bytes after the one before. */
	void write(std::uint32_t address, std::uint32_t count, std::uint32_t stride,
		   std::uint32_t value);
	void write_each(const std::vector<byte_at> &bytes);
	/* Like write(), but each word is one more than the one before. */
	void write_numbers(std::uint32_t address, std::uint32_t count, std::uint32_t stride,
			   std::uint32_t first);
	/* Reads such words, and returns their sum. */
	std::uint32_t read(std::uint32_t address, std::uint32_t count, std::uint32_t stride);
	/* The ticks of the CPU's clock that the guest counts around one store, or one load. */
	std::uint32_t time_store(std::uint32_t address, std::uint32_t value);
	std::uint32_t time_load(std::uint32_t address);
	/* Lets KVM do what it has to before the guest runs, which then does nothing. */
	void enter();

	/* KVM maps pages as if the guest read them. */
	void fault_in(std::uint32_t address, std::size_t pages);

	/* The CPU is as it was at the start. */
	void reset();
	/* The CPU is in SMM from now on, or not any more, and does what it did. */
	void set_smm(bool on);
	void set_msr(std::uint32_t index, std::uint64_t value);

	/* What KVM counts for the machine, and for its CPU. */
	std::uint64_t statistic(const std::string &name) const;
	std::uint64_t cpu_statistic(const std::string &name) const;

protected:
	int kvm() const { return kvm_.get(); }
	int cpu() const { return cpu_.get(); }
	/* Runs the guest with these registers until it halts, and returns them as they are then. */
	virtual void execute(kvm_regs &registers);

private:
	void set_slot(const kvm_userspace_memory_region &slot);
	/* Returns what became of the value. */
	std::uint32_t run(std::uint32_t routine, std::uint32_t address = 0, std::size_t count = 0,
			  std::uint32_t stride = 0, std::uint32_t value = 0);

	owned_fd kvm_;
	owned_fd vm_;
	owned_fd cpu_;
	std::size_t run_size_;
	kvm_run *run_;
	kvm_sregs at_start_;
	region program_;
	std::map<unsigned, kvm_userspace_memory_region> slots_;
};

} /* namespace ksm */
