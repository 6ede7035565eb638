// SPDX-License-Identifier: GPL-2.0
#include "support/memory_block.hpp"

#include <cstring>
#include <filesystem>

#include <unistd.h>

#include "lib/sysfs.hpp"
#include "support/child.hpp"
#include "support/process.hpp"
#include "support/region.hpp"

namespace ksm
{

namespace
{

const std::string directory = "/sys/devices/system/memory/";

std::uint64_t frames_of_a_block()
{
	return std::stoull(read_text(directory + "block_size_bytes"), nullptr, 16) / page_size;
}

} /* namespace */

std::vector<memory_block> memory_block::all_movable()
{
	std::vector<memory_block> blocks;

	if (!std::filesystem::exists(directory + "block_size_bytes"))
		return blocks; /* no CONFIG_MEMORY_HOTPLUG */
	for (const auto &entry : std::filesystem::directory_iterator(directory)) {
		std::string name = entry.path().filename();

		if (name.rfind("memory", 0) ||
		    !std::filesystem::exists(entry.path() / "valid_zones"))
			continue;
		memory_block block(name);

		if (block.movable())
			blocks.push_back(block);
	}
	return blocks;
}

memory_block::memory_block(const std::string &name)
	: name_(name), number_(std::stoull(name.substr(name.find_first_of("0123456789")))),
	  zones_(read_text(directory + name + "/valid_zones"))
{
}

bool memory_block::movable() const
{
	return is_online() ? zones_.rfind("Movable", 0) == 0
			   : zones_.find("Movable") != std::string::npos;
}

bool memory_block::is_online() const
{
	return read_text(directory + name_ + "/state") == "online";
}

bool memory_block::holds(std::uint64_t frame) const
{
	return frame / frames_of_a_block() == number_;
}

void memory_block::prefer() const
{
	for (int node = 0; node < 64; node++) {
		std::string link = name_ + "/node" + std::to_string(node);

		if (access((directory + link).c_str(), F_OK) == 0)
			prefer_node(node);
	}
}

std::string memory_block::take_offline(std::chrono::seconds limit) const
{
	child other([&](parent_link &) {
		alarm(unsigned(limit.count()) + 1);
		int err = write_text(directory + name_ + "/state", "offline");

		require(err == 0, std::strerror(err));
	});

	return other.how_it_ended();
}

int memory_block::put_online() const
{
	return write_text(directory + name_ + "/state", "online_movable");
}

} /* namespace ksm */
