/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The advisor: chooses the pages to read in a batch after each pass, if it is asked to.
 */
#ifndef _MM_KSM_ADVISOR_H
#define _MM_KSM_ADVISOR_H

enum ksm_advisor {
	KSM_ADVISOR_NONE,
	KSM_ADVISOR_SCAN_TIME,
	KSM_ADVISOR_CPU_BUDGET,
};

/**
 * struct ksm_advisor_pass - what the advisor learns from one full pass
 * @pages_to_scan: value in force during the pass
 * @scan_secs: its wall time, at least 1
 * @cpu_percent: of one CPU that ksmd used, at least 1
 */
struct ksm_advisor_pass {
	unsigned long pages_to_scan;
	unsigned long scan_secs;
	unsigned long cpu_percent;
};

/**
 * struct ksm_advisor_state - knobs and memory of the advisor
 * @mode: advisor_mode
 * @min_pages: advisor_min_pages_to_scan
 * @max_pages: advisor_max_pages_to_scan
 * @target_secs: advisor_target_scan_time, not 0
 * @max_cpu: advisor_max_cpu, percent of one CPU
 * @last_secs: duration of the pass before, 0 if there was none
 * @trend: smoothed change of the duration between passes, percent
 */
struct ksm_advisor_state {
	enum ksm_advisor mode;
	unsigned long min_pages;
	unsigned long max_pages;
	unsigned long target_secs;
	unsigned int max_cpu;
	unsigned long last_secs;
	unsigned long trend;
};

unsigned long ksm_advisor_advise(struct ksm_advisor_state *state,
				 const struct ksm_advisor_pass *pass);
extern struct ksm_advisor_state ksm_advisor;

#endif /* _MM_KSM_ADVISOR_H */
