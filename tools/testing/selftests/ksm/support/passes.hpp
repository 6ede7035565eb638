/* SPDX-License-Identifier: GPL-2.0 */
#pragma once

namespace ksm
{

/*
 * Lets ksmd make so many complete passes over everything, then stops it. On
 * return nothing is being scanned, so that the counters stand still.
 */
void scan(unsigned passes = 2);

/*
 * From now on who waits for ksmd goes behind everybody else and looks again as soon as
 * it may, so that with one CPU it goes on when ksmd is done, and not up to 1 ms later.
 */
void yield_to_ksmd();

/* ksmd on and off without waiting for a pass. */
void start_ksmd();
void stop_ksmd();

/* Waits until full_scans has grown by so many; ksmd must be running. */
void await_scans(unsigned more);
/* Starts it and waits for so many, also if it has made them before one can look. */
void start_ksmd_for(unsigned passes);

/* Waits until nothing is merged any more; ksmd must be running. */
void await_nothing_merged();

/*
 * Waits until nothing is merged or tracked any more, as after the exit of all
 * processes that had offered memory; ksmd must be running. KSM pages that fork has
 * shared with the caller, who offers nothing, live on.
 */
void await_nothing_tracked();

/* run=2: unmerges all, full_scans starts again at 0. */
void unmerge_all();

/*
 * One pass per call, and ksmd asleep between two calls, so that a test can do
 * something between each visit and the next. ksmd then sleeps practically for
 * ever after each batch, and is woken by a new value of sleep_millisecs.
 */
class stepper
{
public:
	stepper();
	~stepper();
	stepper(const stepper &) = delete;
	stepper &operator=(const stepper &) = delete;

	void pass();

private:
	long period_;
	bool started_ = false;
};

/* The kernel thread; 0 if it is not there. */
int ksmd_pid();
/* CPU time that ksmd has used, in ns. */
unsigned long long ksmd_cpu_ns();
/* True if the thread is asleep, and not just about to run. */
bool ksmd_asleep();

} /* namespace ksm */
