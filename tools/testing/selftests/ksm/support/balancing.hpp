/* SPDX-License-Identifier: GPL-2.0 */
#pragma once

#include <map>
#include <string>

namespace ksm
{

/*
 * NUMA balancing is on for as long as this lives, and as eager as it can be where the kernel
 * lets it be hurried.
 */
class eager_balancing
{
public:
	/* Empty if it can be had here, else what is missing. */
	static std::string why_not();
	static std::string why_not_hurried();

	eager_balancing();
	~eager_balancing();
	eager_balancing(const eager_balancing &) = delete;
	eager_balancing &operator=(const eager_balancing &) = delete;

private:
	void set(const std::string &path, const std::string &text);

	std::map<std::string, std::string> before_;
};

} /* namespace ksm */
