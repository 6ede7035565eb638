/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What ksmd does out of turn when memory runs short.
 */
#ifndef _MM_KSM_PRESSURE_H
#define _MM_KSM_PRESSURE_H

#include <linux/types.h>

/**
 * struct ksm_pressure_batch - a part of the work out of turn
 * @merges: ksm_stats.merges at its start
 * @credit: ksmd may take from the reserves
 * @flags: by memalloc_noreclaim_save(), if so
 */
struct ksm_pressure_batch {
	unsigned long merges;
	bool credit;
	unsigned int flags;
};

void ksm_pressure_listen(void);
void ksm_pressure_cancel(void);
bool ksm_pressure_due(void);
void ksm_pressure_begin_batch(struct ksm_pressure_batch *batch);
void ksm_pressure_end_batch(const struct ksm_pressure_batch *batch);
void ksm_pressure_init(void);

#endif /* _MM_KSM_PRESSURE_H */
