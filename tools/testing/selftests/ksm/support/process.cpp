// SPDX-License-Identifier: GPL-2.0
#include "support/process.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <optional>
#include <sstream>
#include <stdexcept>

#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "support/sysfs.hpp"

namespace ksm
{

namespace
{

std::string proc_path(pid_t pid, const char *file)
{
	return "/proc/" + (pid ? std::to_string(pid) : std::string("self")) + "/" + file;
}

/* The rest of the line that begins with this name and a colon or blank. */
std::optional<std::string> find_line(const std::string &text, const std::string &name)
{
	std::istringstream in(text);
	std::string line;

	while (std::getline(in, line)) {
		if (line.compare(0, name.size(), name) || line.size() <= name.size())
			continue;
		char next = line[name.size()];

		if (next != ':' && next != ' ' && next != '\t')
			continue;
		std::size_t from = line.find_first_not_of(": \t", name.size());

		return from == std::string::npos ? "" : line.substr(from);
	}
	return std::nullopt;
}

std::string must_find(const std::string &path, const std::string &text, const std::string &name)
{
	auto found = find_line(text, name);

	if (!found)
		throw std::runtime_error(path + " has no line " + name);
	return *found;
}

struct smaps_part {
	address_range range;
	std::string text;
};

/* The address range that a line of maps or smaps begins with, if it does. */
std::optional<address_range> range_of(const std::string &line)
{
	std::size_t dash = line.find('-');
	std::size_t blank = line.find(' ');

	/* A field has its colon before the first blank, a header has none there. */
	if (dash == std::string::npos || blank == std::string::npos || dash > blank ||
	    line.find(':') < blank)
		return std::nullopt;
	return address_range{std::stoull(line, nullptr, 16),
			     std::stoull(line.substr(dash + 1), nullptr, 16)};
}

std::vector<smaps_part> read_smaps(pid_t pid)
{
	std::istringstream in(read_text(proc_path(pid, "smaps")));
	std::vector<smaps_part> parts;
	std::string line;

	while (std::getline(in, line)) {
		if (auto range = range_of(line))
			parts.push_back({*range, ""});
		else if (!parts.empty())
			parts.back().text += line + "\n";
	}
	return parts;
}

/* What smaps says about the VMA that this address is in. */
std::string smaps_of(const void *address, pid_t pid)
{
	auto wanted = reinterpret_cast<std::uintptr_t>(address);

	for (const auto &part : read_smaps(pid))
		if (part.range.from <= wanted && wanted < part.range.to)
			return part.text;
	throw std::runtime_error("smaps knows no VMA at that address");
}

bool has_word(const std::string &text, const std::string &word)
{
	std::istringstream in(text);
	std::string one;

	while (in >> one)
		if (one == word)
			return true;
	return false;
}

} /* namespace */

std::string ksm_stat_text(const std::string &name, pid_t pid)
{
	std::string path = proc_path(pid, "ksm_stat");

	return must_find(path, read_text(path), name);
}

int try_set_merge(bool on)
{
	return prctl(PR_SET_MEMORY_MERGE, on, 0, 0, 0) ? errno : 0;
}

int try_set_merge_in_new_domain()
{
	return prctl(PR_SET_MEMORY_MERGE, 1, PR_MEMORY_MERGE_NEW_DOMAIN, 0, 0) ? errno : 0;
}

void set_merge(bool on)
{
	if (int error = try_set_merge(on))
		throw std::runtime_error(std::string("PR_SET_MEMORY_MERGE: ") +
					 std::strerror(error));
}

int get_merge()
{
	return prctl(PR_GET_MEMORY_MERGE, 0, 0, 0, 0);
}

long ksm_stat(const std::string &name, pid_t pid)
{
	return std::stol(ksm_stat_text(name, pid));
}

bool has_ksm_stat(const std::string &name, pid_t pid)
{
	return find_line(read_text(proc_path(pid, "ksm_stat")), name).has_value();
}

long merging_pages(pid_t pid)
{
	return std::stol(read_text(proc_path(pid, "ksm_merging_pages")));
}

long smaps_kb(const void *address, const std::string &field, pid_t pid)
{
	return std::stol(must_find("smaps", smaps_of(address, pid), field));
}

std::map<std::uintptr_t, long> smaps_kb_of_all(const std::string &field, pid_t pid)
{
	std::map<std::uintptr_t, long> all;

	for (const auto &part : read_smaps(pid))
		all[part.range.from] = std::stol(must_find("smaps", part.text, field));
	return all;
}

long smaps_rollup_kb(const std::string &field, pid_t pid)
{
	const std::string path = proc_path(pid, "smaps_rollup");

	return std::stol(must_find(path, read_text(path), field));
}

bool vma_has_flag(const void *address, const std::string &flag, pid_t pid)
{
	return has_word(must_find("smaps", smaps_of(address, pid), "VmFlags"), flag);
}

std::vector<address_range> mergeable_vmas(pid_t pid)
{
	std::vector<address_range> vmas;

	for (const auto &part : read_smaps(pid))
		if (has_word(must_find("smaps", part.text, "VmFlags"), "mg"))
			vmas.push_back(part.range);
	return vmas;
}

std::vector<address_range> vmas_with_ksm_pages(pid_t pid)
{
	std::vector<address_range> vmas;

	for (const auto &part : read_smaps(pid))
		if (std::stol(must_find("smaps", part.text, "KSM")) > 0)
			vmas.push_back(part.range);
	return vmas;
}

long smaps_ksm_pages(pid_t pid)
{
	long kb = 0;

	for (const auto &part : read_smaps(pid))
		kb += std::stol(must_find("smaps", part.text, "KSM"));
	return kb / 4;
}

long meminfo_kb(const std::string &name)
{
	return std::stol(must_find("/proc/meminfo", read_text("/proc/meminfo"), name));
}

bool has_vmstat(const std::string &name)
{
	return find_line(read_text("/proc/vmstat"), name).has_value();
}

long vmstat(const std::string &name)
{
	return std::stol(must_find("/proc/vmstat", read_text("/proc/vmstat"), name));
}

long free_pages()
{
	std::istringstream in(read_text("/proc/zoneinfo"));
	std::string word;
	long sum = 0, number;

	while (in >> word) {
		/* "pages free N" of a zone, "count: N" of each CPU's lists. */
		bool of_zone = word == "pages" && in >> word && word == "free";

		if ((of_zone || word == "count:") && in >> number)
			sum += number;
	}
	return sum;
}

int memory_nodes()
{
	const std::string path = "/sys/devices/system/node/has_memory";
	std::string text;
	int count = 0;

	try {
		text = read_text(path);
	} catch (const std::exception &) {
		return 1; /* no CONFIG_NUMA */
	}
	std::istringstream in(text);
	std::string part;

	while (std::getline(in, part, ',')) {
		std::size_t dash = part.find('-');
		int from = std::stoi(part);

		count +=
			dash == std::string::npos ? 1 : std::stoi(part.substr(dash + 1)) - from + 1;
	}
	return count;
}

std::size_t move_to(pid_t pid, const std::vector<void *> &pages, int node)
{
	constexpr int move_all = 4; /* MPOL_MF_MOVE_ALL: pages of several processes, too */
	std::vector<int> nodes(pages.size(), node), status(pages.size(), -1);

	syscall(SYS_move_pages, pid, pages.size(), pages.data(), nodes.data(), status.data(),
		move_all);
	syscall(SYS_move_pages, pid, pages.size(), pages.data(), nullptr, status.data(), 0);
	return std::size_t(std::count(status.begin(), status.end(), node));
}

std::size_t move_to(const page_range &memory, int node)
{
	std::vector<void *> pages(memory.pages());

	for (std::size_t i = 0; i < pages.size(); i++)
		pages[i] = memory.page(i);
	return move_to(memory.pid(), pages, node);
}

std::string why_not_two_nodes()
{
	return memory_nodes() < 2 ? "needs two NUMA nodes with memory" : "";
}

void prefer_node(int node)
{
	constexpr int mpol_default = 0, mpol_preferred = 1;
	unsigned long mask = node < 0 ? 0 : 1UL << node;

	/* The kernel takes one bit less than it is told of. */
	if (syscall(SYS_set_mempolicy, node < 0 ? mpol_default : mpol_preferred,
		    node < 0 ? nullptr : &mask, node < 0 ? 0UL : 8 * sizeof(mask) + 1))
		throw std::runtime_error(std::string("set_mempolicy: ") + std::strerror(errno));
}

} /* namespace ksm */
