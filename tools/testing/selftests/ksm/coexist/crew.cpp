// SPDX-License-Identifier: GPL-2.0
#include "coexist/crew.hpp"

#include <atomic>
#include <cstdio>
#include <exception>
#include <new>
#include <stdexcept>

#include <sys/mman.h>

#include "support/limits.hpp"
#include "support/program.hpp"
#include "support/region.hpp"

namespace ksm
{

namespace
{

constexpr std::size_t most = 16;

} /* namespace */

/* Seen by all processes. */
struct crew::progress {
	std::atomic<bool> over = false;
	std::atomic<bool> failed = false;
	std::atomic<std::size_t> rounds[most] = {};
};

crew::crew(std::vector<std::unique_ptr<worker>> workers)
{
	void *page =
		mmap(nullptr, page_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	static_assert(sizeof(progress) <= page_size);
	require(page != MAP_FAILED && workers.size() <= most, "mmap");
	shared_ = new (page) progress;
	for (auto &each : workers) {
		std::string reason = each->why_not();

		if (reason.empty())
			members_.emplace_back().who = std::move(each);
		else
			std::printf("# SKIP %s: %s\n", each->name().c_str(), reason.c_str());
	}
}

crew::~crew()
{
	shared_->over = true;
	if (limited_)
		limited_->no_limit();
	for (member &each : members_) {
		each.process.reset();
		each.who->put_back();
	}
	munmap(shared_, page_size);
}

std::vector<pid_t> crew::pids() const
{
	std::vector<pid_t> all;

	for (const member &each : members_)
		all.push_back(each.process->pid());
	return all;
}

void crew::run(std::size_t which, parent_link &parent) const
{
	worker &own = *members_[which].who;

	try {
		parent.reach("started");
		own.begin();
		parent.reach("begun");
		for (std::size_t number = 1; !shared_->over; number++) {
			own.do_round(number);
			shared_->rounds[which] = number;
		}
		parent.reach("stopped");
		own.check();
		parent.reach("checked");
	} catch (const std::exception &error) {
		shared_->failed = true;
		throw std::runtime_error(own.name() + ": " + error.what());
	}
}

void crew::start()
{
	for (std::size_t i = 0; i < members_.size(); i++) {
		member &each = members_[i];

		each.who->set_machine();
		each.process =
			std::make_unique<child>([=, this](parent_link &parent) { run(i, parent); });
		if (each.who->is_limited()) {
			limited_.emplace();
			limited_->take_in(*each.process);
		} else {
			each.process->reach("started");
		}
	}
	for (member &each : members_)
		each.process->await("begun");
	if (limited_)
		limited_->swap_half();
	for (member &each : members_) {
		each.by_kernel = each.who->done_by_kernel();
		each.process->go_on("begun");
	}
}

std::string crew::who_is_behind() const
{
	for (std::size_t i = 0; i < members_.size(); i++) {
		const member &each = members_[i];

		if (shared_->rounds[i] < each.rounds + scaled(each.who->rounds()))
			return each.who->name();
		if (each.by_kernel && each.who->done_by_kernel() <= each.by_kernel)
			return "the kernel's part of " + each.who->name();
	}
	return "";
}

void crew::await_enough()
{
	std::string behind;

	try {
		await_that(
			[&] {
				behind = shared_->failed ? "" : who_is_behind();
				return behind.empty();
			},
			"each worker to do its rounds");
	} catch (const std::exception &error) {
		print_rounds();
		throw std::runtime_error(error.what() + (": behind is " + behind));
	}
	print_rounds();
	require(!shared_->failed, "a worker has failed");
}

void crew::print_rounds()
{
	std::string text = "# rounds";

	for (std::size_t i = 0; i < members_.size(); i++) {
		member &each = members_[i];

		text += (i ? ", " : ": ") + each.who->name() + " " +
			std::to_string(shared_->rounds[i]);
		each.rounds = shared_->rounds[i];
		if (each.by_kernel) {
			long now = *each.who->done_by_kernel();

			text += " (kernel: " + std::to_string(now - *each.by_kernel) + ")";
			each.by_kernel = now;
		}
	}
	std::printf("%s\n", text.c_str());
	std::fflush(stdout);
}

void crew::stop()
{
	if (limited_)
		limited_->no_limit();
	shared_->over = true;
	for (member &each : members_)
		each.process->await("stopped");
	for (member &each : members_)
		each.process->go_on("stopped");
	for (member &each : members_)
		each.process->await("checked");
	for (member &each : members_)
		each.who->put_back();
}

void crew::leave()
{
	for (member &each : members_) {
		each.process->go_on("checked");
		each.process->join();
	}
}

} /* namespace ksm */
