// SPDX-License-Identifier: GPL-2.0
#include "support/cgroup.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <thread>

#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/child.hpp"
#include "support/pagemap.hpp"
#include "support/sysfs.hpp"

namespace ksm
{

namespace
{

std::string find_tree()
{
	std::ifstream mounts("/proc/self/mounts");
	std::string device, place, type, rest;

	while (mounts >> device >> place >> type && std::getline(mounts, rest))
		if (type == "cgroup2")
			return place;
	return "";
}

/* The root of the tree with the memory controller handed down, or empty. */
std::string usable_tree()
{
	std::string place = find_tree();

	if (place.empty()) {
		static char made[] = "/tmp/ksm-cgroup-XXXXXX";

		if (!mkdtemp(made) || mount("none", made, "cgroup2", 0, nullptr))
			return "";
		place = made;
	}
	if (write_text(place + "/cgroup.subtree_control", "+memory"))
		return "";
	return place;
}

const std::string &tree()
{
	static const std::string place = usable_tree();

	return place;
}

} /* namespace */

std::string why_no_groups()
{
	return tree().empty() ? "no cgroup v2 tree with the memory controller" : "";
}

std::string why_no_reclaim()
{
	std::string swaps;

	try {
		swaps = read_text("/proc/swaps");
	} catch (const std::exception &) {
		return "this kernel has no CONFIG_SWAP";
	}
	if (std::count(swaps.begin(), swaps.end(), '\n') < 1)
		return "no swap device is active";
	return why_no_groups();
}

std::string why_no_domains()
{
	std::string missing = why_no_groups();

	if (missing.empty() && memory_group("probe").domain().empty())
		missing = "this kernel has no memory.ksm_domain";
	return missing;
}

memory_group::memory_group(const std::string &name)
	: directory_(tree() + "/ksm-test-" + std::to_string(getpid()) +
		     (name.empty() ? "" : "-" + name))
{
	make();
}

memory_group::memory_group(const memory_group &parent, const std::string &name)
	: directory_(parent.directory_ + "/" + name)
{
	int err = write_text(parent.directory_ + "/cgroup.subtree_control", "+memory");

	if (err)
		throw std::system_error(err, std::generic_category(), "cgroup.subtree_control");
	make();
}

void memory_group::make() const
{
	if (mkdir(directory_.c_str(), 0755) && errno != EEXIST)
		throw std::system_error(errno, std::generic_category(), directory_);
}

memory_group::~memory_group()
{
	rmdir(directory_.c_str());
}

int memory_group::set_domain(const std::string &value) const
{
	return write_text(directory_ + "/memory.ksm_domain", value);
}

std::string memory_group::domain() const
{
	try {
		return read_text(directory_ + "/memory.ksm_domain");
	} catch (const std::exception &) {
		return "";
	}
}

bool memory_group::remove()
{
	/* What has just exited may be there for a moment. */
	for (int i = 0; i < 100 && rmdir(directory_.c_str()); i++)
		std::this_thread::sleep_for(std::chrono::milliseconds(10));
	return access(directory_.c_str(), F_OK) != 0;
}

void memory_group::join(pid_t process) const
{
	int err = write_text(directory_ + "/cgroup.procs", std::to_string(process));

	if (err)
		throw std::system_error(err, std::generic_category(), "cgroup.procs");
}

void memory_group::take_in(child &newcomer) const
{
	newcomer.await("started");
	join(newcomer.pid());
	newcomer.go_on("started");
}

void memory_group::reclaim(std::size_t bytes) const
{
	int err = write_text(directory_ + "/memory.reclaim", std::to_string(bytes));

	if (err && err != EAGAIN)
		throw std::system_error(err, std::generic_category(), "memory.reclaim");
}

std::size_t memory_group::push_out(const page_range &memory) const
{
	for (int i = 0; i < 20 && swapped(memory) < memory.pages(); i++)
		reclaim(memory.pages() * page_size);
	return swapped(memory);
}

void memory_group::leave_room(std::size_t bytes) const
{
	std::size_t most = std::size_t(current_bytes()) + bytes;
	int err = write_text(directory_ + "/memory.max", std::to_string(most));

	if (err)
		throw std::system_error(err, std::generic_category(), "memory.max");
	/* Not there without CONFIG_SWAP. */
	write_text(directory_ + "/memory.swap.max", "0");
}

void memory_group::swap_half() const
{
	std::size_t half = std::size_t(current_bytes()) / 2;

	/* A limit that cannot be kept at once gets somebody killed. */
	reclaim(half);
	int err = write_text(directory_ + "/memory.max", std::to_string(half));

	if (err)
		throw std::system_error(err, std::generic_category(), "memory.max");
}

void memory_group::no_limit() const
{
	int err = write_text(directory_ + "/memory.max", "max");

	if (err)
		throw std::system_error(err, std::generic_category(), "memory.max");
	write_text(directory_ + "/memory.swap.max", "max");
}

long memory_group::current_bytes() const
{
	return std::stol(read_text(directory_ + "/memory.current"));
}

long memory_group::stat(const std::string &name) const
{
	std::istringstream lines(read_text(directory_ + "/memory.stat"));
	std::string each;
	long value;

	while (lines >> each >> value)
		if (each == name)
			return value;
	throw std::runtime_error("memory.stat has no line " + name);
}

bool memory_group::limit_tasks(std::size_t most) const
{
	return write_text(tree() + "/cgroup.subtree_control", "+pids") == 0 &&
	       write_text(directory_ + "/pids.max", std::to_string(most)) == 0;
}

} /* namespace ksm */
