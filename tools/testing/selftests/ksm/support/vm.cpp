// SPDX-License-Identifier: GPL-2.0
#include "support/vm.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <system_error>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "support/ioctl.hpp"
#include "support/sysfs.hpp"

namespace ksm
{

namespace
{

[[noreturn]] void fail(const std::string &what)
{
	throw std::system_error(errno, std::generic_category(), what);
}

/* True of a parameter of a module that is there, and on. */
bool is_on(const std::string &parameter)
{
	try {
		return read_text("/sys/module/" + parameter) == "Y";
	} catch (const std::exception &) {
		return false;
	}
}

/* All take esi: address, ecx: count, edx: stride, eax: value. */
const unsigned char write_code[] = {
	0x89, 0x06, /* mov %eax,(%esi) */
	0x01, 0xd6, /* add %edx,%esi */
	0x49,	    /* dec %ecx */
	0x75, 0xf9, /* jnz back to the start */
	0xf4,	    /* hlt */
};

/* The address is that of a table of addresses and values. */
const unsigned char write_each_code[] = {
	0xad,	    /* lods (%esi),%eax */
	0x89, 0xc7, /* mov %eax,%edi */
	0xad,	    /* lods (%esi),%eax */
	0x88, 0x07, /* mov %al,(%edi) */
	0x49,	    /* dec %ecx */
	0x75, 0xf7, /* jnz back to the start */
	0xf4,	    /* hlt */
};

/* Like write_code, and the value rises. */
const unsigned char write_numbers_code[] = {
	0x89, 0x06, /* mov %eax,(%esi) */
	0x40,	    /* inc %eax */
	0x01, 0xd6, /* add %edx,%esi */
	0x49,	    /* dec %ecx */
	0x75, 0xf8, /* jnz back to the start */
	0xf4,	    /* hlt */
};

/* The value becomes the sum. */
const unsigned char read_code[] = {
	0x03, 0x06, /* add (%esi),%eax */
	0x01, 0xd6, /* add %edx,%esi */
	0x49,	    /* dec %ecx */
	0x75, 0xf9, /* jnz back to the start */
	0xf4,	    /* hlt */
};

/* The value, once stored, becomes the time that it took. */
const unsigned char time_store_code[] = {
	0x89, 0xc7,	  /* mov %eax,%edi */
	0x0f, 0xae, 0xf0, /* mfence */
	0x0f, 0xae, 0xe8, /* lfence */
	0x0f, 0x31,	  /* rdtsc */
	0x89, 0xc3,	  /* mov %eax,%ebx */
	0x89, 0x3e,	  /* mov %edi,(%esi) */
	0x0f, 0xae, 0xf0, /* mfence */
	0x0f, 0xae, 0xe8, /* lfence */
	0x0f, 0x31,	  /* rdtsc */
	0x29, 0xd8,	  /* sub %ebx,%eax */
	0xf4,		  /* hlt */
};

/* The same of a load. */
const unsigned char time_load_code[] = {
	0x0f, 0xae, 0xf0, /* mfence */
	0x0f, 0xae, 0xe8, /* lfence */
	0x0f, 0x31,	  /* rdtsc */
	0x89, 0xc3,	  /* mov %eax,%ebx */
	0x8b, 0x3e,	  /* mov (%esi),%edi */
	0x0f, 0xae, 0xe8, /* lfence */
	0x0f, 0x31,	  /* rdtsc */
	0x29, 0xd8,	  /* sub %ebx,%eax */
	0xf4,		  /* hlt */
};

/* The slot of the program: a page of code, then the table. */
constexpr unsigned program_slot = 0;
constexpr std::uint32_t program_address = 0x100000;
constexpr std::uint32_t write_routine = program_address;
constexpr std::uint32_t write_each_routine = program_address + 0x100;
constexpr std::uint32_t read_routine = program_address + 0x200;
constexpr std::uint32_t write_numbers_routine = program_address + 0x300;
constexpr std::uint32_t time_store_routine = program_address + 0x400;
constexpr std::uint32_t time_load_routine = program_address + 0x500;
constexpr std::uint32_t halt_routine = read_routine + sizeof(read_code) - 1;
constexpr std::uint32_t table_address = program_address + page_size;
constexpr std::size_t table_pages = 16;

struct table_entry {
	std::uint32_t address;
	std::uint32_t value;
};

constexpr std::size_t table_entries = table_pages * page_size / sizeof(table_entry);

/* Flat: all of the 32-bit addresses, as they are. */
kvm_segment flat_segment(std::uint16_t selector, std::uint8_t type)
{
	kvm_segment segment = {};

	segment.limit = 0xffffffff;
	segment.selector = selector;
	segment.type = type;
	segment.present = 1;
	segment.s = 1;
	segment.db = 1;
	segment.g = 1;
	return segment;
}

std::uint64_t statistic_of(int machine_or_cpu, const std::string &wanted)
{
	owned_fd file(ioctl(machine_or_cpu, KVM_GET_STATS_FD, nullptr), "KVM_GET_STATS_FD");
	auto read_at = [&](std::size_t from, void *to, std::size_t bytes) {
		if (pread(file.get(), to, bytes, off_t(from)) != ssize_t(bytes))
			throw std::runtime_error("KVM's statistics end too early");
	};
	kvm_stats_header header;

	read_at(0, &header, sizeof(header));
	std::string name(header.name_size, '\0');

	for (std::size_t i = 0; i < header.num_desc; i++) {
		std::size_t at = header.desc_offset + i * (sizeof(kvm_stats_desc) + name.size());
		kvm_stats_desc one;
		std::uint64_t value;

		read_at(at, &one, sizeof(one));
		read_at(at + sizeof(one), name.data(), name.size());
		if (name.c_str() != wanted)
			continue;
		read_at(header.data_offset + one.offset, &value, sizeof(value));
		return value;
	}
	throw std::runtime_error("KVM has no statistic " + wanted);
}

/* What KVM says of something that it may be able to do. */
int extension(int number)
{
	owned_fd kvm(open("/dev/kvm", O_RDWR | O_CLOEXEC), "/dev/kvm");

	return request(kvm.get(), KVM_CHECK_EXTENSION, "KVM_CHECK_EXTENSION", number);
}

} /* namespace */

std::string why_no_vm()
{
	return access("/dev/kvm", R_OK | W_OK) ? "no /dev/kvm" : "";
}

std::string why_no_smm()
{
	if (std::string reason = why_no_vm(); !reason.empty())
		return reason;
	return extension(KVM_CAP_MULTI_ADDRESS_SPACE) > 1 ? "" : "this KVM has no SMM";
}

std::string why_no_fault_in()
{
	if (std::string reason = why_no_vm(); !reason.empty())
		return reason;
	return extension(KVM_CAP_PRE_FAULT_MEMORY) ? "" : "this KVM maps nothing in advance";
}

bool vm_writes_set_dirty_bits()
{
	bool two_levels = is_on("kvm_amd/parameters/npt") || (is_on("kvm_intel/parameters/ept") &&
							      is_on("kvm_intel/parameters/eptad"));

	return two_levels && is_on("kvm/parameters/tdp_mmu");
}

owned_fd::owned_fd(int fd, const std::string &what) : fd_(fd)
{
	if (fd < 0)
		fail(what);
}

owned_fd::~owned_fd()
{
	close(fd_);
}

vm::vm()
	: kvm_(open("/dev/kvm", O_RDWR | O_CLOEXEC), "/dev/kvm"),
	  vm_(ioctl(kvm_.get(), KVM_CREATE_VM, 0), "KVM_CREATE_VM"),
	  cpu_(ioctl(vm_.get(), KVM_CREATE_VCPU, 0), "KVM_CREATE_VCPU"),
	  run_size_(request(kvm_.get(), KVM_GET_VCPU_MMAP_SIZE, "KVM_GET_VCPU_MMAP_SIZE", 0)),
	  program_(1 + table_pages)
{
	auto put = [this](std::uint32_t routine, const auto &code) {
		std::memcpy(program_.data() + (routine - program_address), code, sizeof(code));
	};

	put(write_routine, write_code);
	put(write_each_routine, write_each_code);
	put(read_routine, read_code);
	put(write_numbers_routine, write_numbers_code);
	put(time_store_routine, time_store_code);
	put(time_load_routine, time_load_code);
	add_slot(program_slot, program_address, program_);
	request(cpu_.get(), KVM_GET_SREGS, "KVM_GET_SREGS", &at_start_);
	reset();
	/* Last, as nothing undoes it if the constructor throws. */
	void *got = mmap(nullptr, run_size_, PROT_READ | PROT_WRITE, MAP_SHARED, cpu_.get(), 0);

	if (got == MAP_FAILED)
		fail("mapping what KVM_RUN returns");
	run_ = static_cast<kvm_run *>(got);
}

vm::vm(const region &memory) : vm()
{
	add_slot(memory_slot, memory_address, memory);
}

vm::~vm()
{
	munmap(run_, run_size_);
}

void vm::set_slot(const kvm_userspace_memory_region &slot)
{
	request(vm_.get(), KVM_SET_USER_MEMORY_REGION, "KVM_SET_USER_MEMORY_REGION", &slot);
	slots_[slot.slot] = slot;
}

void vm::add_slot(unsigned slot, std::uint32_t address, const page_range &memory)
{
	set_slot({slot, 0, address, memory.pages() * page_size, memory.address()});
}

void vm::delete_slot(unsigned slot)
{
	kvm_userspace_memory_region deleted = slots_.at(slot);

	deleted.memory_size = 0;
	set_slot(deleted);
}

void vm::move_slot(unsigned slot, std::uint32_t address)
{
	kvm_userspace_memory_region moved = slots_.at(slot);

	moved.guest_phys_addr = address;
	set_slot(moved);
}

void vm::log_dirty(unsigned slot, bool on)
{
	kvm_userspace_memory_region logged = slots_.at(slot);

	logged.flags = on ? KVM_MEM_LOG_DIRTY_PAGES : 0;
	set_slot(logged);
}

std::vector<bool> vm::dirty_log(unsigned slot) const
{
	const std::size_t pages = slots_.at(slot).memory_size / page_size;
	std::vector<std::uint64_t> words((pages + 63) / 64);
	std::vector<bool> written(pages);
	kvm_dirty_log log = {};

	log.slot = slot;
	log.dirty_bitmap = words.data();
	request(vm_.get(), KVM_GET_DIRTY_LOG, "KVM_GET_DIRTY_LOG", &log);
	for (std::size_t i = 0; i < pages; i++)
		written[i] = words[i / 64] >> i % 64 & 1;
	return written;
}

void vm::reset()
{
	kvm_sregs flat = at_start_;

	flat.cs = flat_segment(8, 11); /* executable, readable, accessed */
	flat.ds = flat.es = flat.fs = flat.gs = flat.ss =
		flat_segment(16, 3); /* writable, accessed */
	flat.cr0 |= 1;		     /* protected mode */
	request(cpu_.get(), KVM_SET_SREGS, "KVM_SET_SREGS", &flat);
}

void vm::set_smm(bool on)
{
	kvm_vcpu_events events = {};

	/* The program is there, too. */
	add_slot(in_smm + program_slot, program_address, program_);
	request(cpu_.get(), KVM_GET_VCPU_EVENTS, "KVM_GET_VCPU_EVENTS", &events);
	events.smi.smm = on;
	events.flags |= KVM_VCPUEVENT_VALID_SMM;
	request(cpu_.get(), KVM_SET_VCPU_EVENTS, "KVM_SET_VCPU_EVENTS", &events);
}

void vm::set_msr(std::uint32_t index, std::uint64_t value)
{
	struct {
		kvm_msrs head;
		kvm_msr_entry entry;
	} one = {};

	one.head.nmsrs = 1;
	one.entry.index = index;
	one.entry.data = value;
	if (request(cpu_.get(), KVM_SET_MSRS, "KVM_SET_MSRS", &one) != 1)
		throw std::runtime_error("KVM does not take MSR " + std::to_string(index));
}

void vm::execute(kvm_regs &registers)
{
	request(cpu_.get(), KVM_SET_REGS, "KVM_SET_REGS", &registers);
	while (ioctl(cpu_.get(), KVM_RUN, 0) < 0)
		if (errno != EINTR)
			fail("KVM_RUN");
	if (run_->exit_reason != KVM_EXIT_HLT)
		throw std::runtime_error("the guest has not come to its end: KVM's exit reason " +
					 std::to_string(run_->exit_reason));
	request(cpu_.get(), KVM_GET_REGS, "KVM_GET_REGS", &registers);
}

std::uint32_t vm::run(std::uint32_t routine, std::uint32_t address, std::size_t count,
		      std::uint32_t stride, std::uint32_t value)
{
	kvm_regs registers = {};

	registers.rip = routine;
	registers.rflags = 2; /* a bit that is always set */
	registers.rsi = address;
	registers.rcx = count;
	registers.rdx = stride;
	registers.rax = value;
	execute(registers);
	return std::uint32_t(registers.rax);
}

void vm::write(std::uint32_t address, std::uint32_t count, std::uint32_t stride,
	       std::uint32_t value)
{
	run(count ? write_routine : halt_routine, address, count, stride, value);
}

void vm::write_each(const std::vector<byte_at> &bytes)
{
	auto *table = reinterpret_cast<table_entry *>(program_.page(1));

	for (std::size_t done = 0; done < bytes.size(); done += table_entries) {
		std::size_t count = std::min(bytes.size() - done, table_entries);

		for (std::size_t i = 0; i < count; i++)
			table[i] = {bytes[done + i].address, bytes[done + i].value};
		run(write_each_routine, table_address, count);
	}
}

void vm::write_numbers(std::uint32_t address, std::uint32_t count, std::uint32_t stride,
		       std::uint32_t first)
{
	run(count ? write_numbers_routine : halt_routine, address, count, stride, first);
}

std::uint32_t vm::read(std::uint32_t address, std::uint32_t count, std::uint32_t stride)
{
	return run(count ? read_routine : halt_routine, address, count, stride);
}

std::uint32_t vm::time_store(std::uint32_t address, std::uint32_t value)
{
	return run(time_store_routine, address, 1, 0, value);
}

std::uint32_t vm::time_load(std::uint32_t address)
{
	return run(time_load_routine, address);
}

void vm::enter()
{
	run(halt_routine);
}

void vm::fault_in(std::uint32_t address, std::size_t pages)
{
	kvm_pre_fault_memory range = {};

	range.gpa = address;
	range.size = pages * page_size;
	while (range.size)
		request(cpu_.get(), KVM_PRE_FAULT_MEMORY, "KVM_PRE_FAULT_MEMORY", &range);
}

std::uint64_t vm::statistic(const std::string &name) const
{
	return statistic_of(vm_.get(), name);
}

std::uint64_t vm::cpu_statistic(const std::string &name) const
{
	return statistic_of(cpu_.get(), name);
}

} /* namespace ksm */
