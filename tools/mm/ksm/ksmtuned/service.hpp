/* SPDX-License-Identifier: GPL-2.0 */
/* The daemon: waits, tunes, and does what signals ask for. */
#pragma once

#include <chrono>
#include <csignal>
#include <functional>
#include <string>

#include "ksmtuned/journal.hpp"
#include "ksmtuned/tuner.hpp"

namespace ksm::tuned
{

class service
{
public:
	/* @reload: reads the configuration again, and throws ksm::error if it is bad. */
	service(tuner &tuner, journal &journal, std::function<configuration()> reload);

	/* Until SIGTERM or SIGINT. @ready: called once signals are taken care of. */
	void run(const std::function<void()> &ready);

private:
	/* The signal, or 0 at the end of the interval. */
	int wait() const;

	void cycle(void (tuner::*what)());
	void reload();
	void tell(const std::string &what) const;

	tuner &tuner_;
	journal &journal_;
	std::function<configuration()> read_;
	sigset_t signals_;
};

} /* namespace ksm::tuned */
