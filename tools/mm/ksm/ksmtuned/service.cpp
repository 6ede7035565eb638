// SPDX-License-Identifier: GPL-2.0
#include "ksmtuned/service.hpp"

#include <cerrno>
#include <ctime>

#include "error.hpp"
#include "format.hpp"
#include "ksmtuned/systemd.hpp"

namespace ksm::tuned
{

using std::chrono::steady_clock;

service::service(tuner &tuner, journal &journal, std::function<configuration()> reload)
	: tuner_(tuner), journal_(journal), read_(std::move(reload))
{
	/* Blocked, so that they arrive in wait() only, and no cycle is cut. */
	sigemptyset(&signals_);
	for (const int signal : {SIGUSR1, SIGHUP, SIGTERM, SIGINT})
		sigaddset(&signals_, signal);
	sigprocmask(SIG_BLOCK, &signals_, nullptr);
}

int service::wait() const
{
	const auto deadline = steady_clock::now() + tuner_.settings().interval;

	for (;;) {
		const auto left = std::chrono::nanoseconds(deadline - steady_clock::now()).count();
		const timespec time = {left / 1'000'000'000, left % 1'000'000'000};

		if (left <= 0)
			return 0;
		const int signal = sigtimedwait(&signals_, nullptr, &time);
		if (signal > 0)
			return signal;
		if (errno != EINTR)
			return 0;
	}
}

void service::tell(const std::string &what) const
{
	sd_notify(0, fmt::format("{}STATUS={}", what, tuner_.state()).c_str());
}

/* Whatever is wrong now may be right at the next interval. */
void service::cycle(void (tuner::*what)())
{
	try {
		(tuner_.*what)();
		journal_.settle("cycle");
	} catch (const error &failure) {
		journal_.say_once("cycle", fmt::format("{}; {}", failure.what(), failure.cure()));
	}
	tell("");
}

void service::reload()
{
	tell(reloading_now());
	try {
		const configuration fresh = read_();

		for (const std::string &warning : fresh.warnings)
			journal_.say("warning: " + warning);
		if (fresh.settings.pid_file != tuner_.settings().pid_file)
			journal_.say("PIDFILE has changed, which takes effect at the next start");
		tuner_.use(fresh.settings);
	} catch (const error &bad) {
		journal_.say(fmt::format("{}; {}; the configuration from before stays in force",
					 bad.what(), bad.cure()));
	}
	tell("READY=1\n");
}

void service::run(const std::function<void()> &ready)
{
	/* The advisor need not wait; the script before us let an interval pass, and so do we. */
	cycle(tuner_.settings().mode == tuning::kernel ? &tuner::tune : &tuner::publish);
	ready();
	tell("READY=1\n");
	for (;;) {
		const int signal = wait();

		if (signal == SIGTERM || signal == SIGINT)
			break;
		if (signal == SIGHUP)
			reload();
		cycle(&tuner::tune);
	}
	sd_notify(0, "STOPPING=1");
	tuner_.withdraw();
}

} /* namespace ksm::tuned */
