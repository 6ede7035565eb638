/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What ksmd does out of turn when memory runs short.
 */
#ifndef _MM_KSM_PRESSURE_H
#define _MM_KSM_PRESSURE_H

#include <linux/types.h>

/**
 * struct ksm_pressure_batch - a part of the work out of turn
 * @freed: ksm_stats.freed at its start
 */
struct ksm_pressure_batch {
	long freed;
};

struct task_struct;

void ksm_pressure_set_runner(struct task_struct *task);
void ksm_pressure_listen(void);
void ksm_pressure_cancel(void);
bool ksm_pressure_due(void);
void ksm_pressure_begin_batch(struct ksm_pressure_batch *batch);
bool ksm_pressure_end_batch(const struct ksm_pressure_batch *batch);
void ksm_pressure_init(void);

#endif /* _MM_KSM_PRESSURE_H */
