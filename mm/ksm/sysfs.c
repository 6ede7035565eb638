// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/mm/ksm: knobs and counters.
 * See Documentation/ABI/testing/sysfs-kernel-mm-ksm.
 */
#include <linux/capability.h>
#include <linux/kobject.h>
#include <linux/kstrtox.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "internal.h"

#define KSM_ATTR_RO(_name) \
	static struct kobj_attribute _name##_attr = __ATTR_RO(_name)
#define KSM_ATTR_RW(_name) \
	static struct kobj_attribute _name##_attr = __ATTR_RW(_name)

/*
 * What a neighbour can learn from the counters may be root's only.  Whoever holds a file
 * that root has opened is no exception.
 */
static bool restrict_counters;

static bool may_read_counters(void)
{
	return !READ_ONCE(restrict_counters) ||
	       ns_capable_noaudit(&init_user_ns, CAP_SYS_ADMIN);
}

/* A counter: one word, read without a lock. */
#define __KSM_COUNTER(_name, _format, _value)				\
static ssize_t _name##_show(struct kobject *kobj,			\
			    struct kobj_attribute *attr, char *buf)	\
{									\
	if (!may_read_counters())					\
		return -EPERM;						\
	return sysfs_emit(buf, _format, _value);			\
}									\
KSM_ATTR_RO(_name)

#define KSM_COUNTER(_name, _value) \
	__KSM_COUNTER(_name, "%lu\n", (unsigned long)(_value))
#define KSM_SIGNED_COUNTER(_name, _value) \
	__KSM_COUNTER(_name, "%ld\n", (long)(_value))

/* A knob; if @_kicks, another value than before may give ksmd work. */
#define __KSM_KNOB(_name, _type, _parse, _member, _kicks)		\
static typeof(_type) * const _name##_knob = &(_member);		\
									\
static ssize_t _name##_show(struct kobject *kobj,			\
			    struct kobj_attribute *attr, char *buf)	\
{									\
	return sysfs_emit(buf, "%lu\n",					\
			  (unsigned long)READ_ONCE(*_name##_knob));	\
}									\
static ssize_t _name##_store(struct kobject *kobj,			\
			     struct kobj_attribute *attr,		\
			     const char *buf, size_t count)		\
{									\
	typeof(*_name##_knob) value;					\
									\
	if (_parse(buf, &value))					\
		return -EINVAL;						\
	if (value != READ_ONCE(*_name##_knob)) {			\
		WRITE_ONCE(*_name##_knob, value);			\
		if (_kicks)						\
			ksm_kick();					\
	}								\
	ksm_pace_news();						\
	return count;							\
}									\
KSM_ATTR_RW(_name)

#define KSM_KNOB(_name, _type, _parse, _member) \
	__KSM_KNOB(_name, _type, _parse, _member, false)
#define KSM_WORK_KNOB(_name, _type, _parse, _member) \
	__KSM_KNOB(_name, _type, _parse, _member, true)

static int parse_uint(const char *buf, unsigned int *value)
{
	return kstrtouint(buf, 10, value);
}

static int parse_ulong(const char *buf, unsigned long *value)
{
	return kstrtoul(buf, 10, value);
}

/* Not all that kstrtobool() takes. */
static int parse_bit(const char *buf, bool *value)
{
	unsigned int bit;

	if (kstrtouint(buf, 10, &bit) || bit > 1)
		return -EINVAL;
	*value = bit;
	return 0;
}

static int parse_percent(const char *buf, unsigned int *value)
{
	return parse_uint(buf, value) ?: *value > 100 ? -EINVAL : 0;
}

static int parse_min_pages(const char *buf, unsigned long *value)
{
	return parse_ulong(buf, value) ?:
	       *value > READ_ONCE(ksm_advisor.max_pages) ? -EINVAL : 0;
}

static int parse_max_pages(const char *buf, unsigned long *value)
{
	return parse_ulong(buf, value) ?:
	       *value < READ_ONCE(ksm_advisor.min_pages) ? -EINVAL : 0;
}

static int parse_secs(const char *buf, unsigned long *value)
{
	return kstrtoul(buf, 10, value) ?: *value ? 0 : -EINVAL;
}

#ifdef CONFIG_TRANSPARENT_HUGEPAGE
static int parse_threshold(const char *buf, unsigned int *value)
{
	return parse_uint(buf, value) ?: *value > HPAGE_PMD_NR ? -EINVAL : 0;
}

KSM_WORK_KNOB(thp_split_threshold, unsigned int, parse_threshold,
	      ksm_knobs.thp_split_threshold);
#endif

KSM_COUNTER(pages_scanned, ksm_stats.scanned);
KSM_COUNTER(pages_skipped, ksm_stats.skipped);
KSM_COUNTER(pages_shared, ksm_stats.shared);
KSM_COUNTER(pages_sharing, ksm_stats.sharing);
KSM_COUNTER(pages_unshared, ksm_stats.unshared);
KSM_COUNTER(pages_uniform, ksm_stats.alone);
KSM_COUNTER(pages_volatile, ksm_volatile_pages());
KSM_COUNTER(pages_unslotted, ksm_stats.unslotted);
KSM_COUNTER(pressure_runs, ksm_stats.pressure_runs);
KSM_COUNTER(pressure_pages_freed, max(READ_ONCE(ksm_stats.pressure_freed), 0L));
KSM_COUNTER(full_scans, ksm_stats.full_scans);
KSM_COUNTER(stable_node_chains, ksm_stats.chains);
KSM_COUNTER(stable_node_dups, ksm_stats.dups);
KSM_COUNTER(full_scan_msecs, ksm_stats.full_scan_msecs);
KSM_COUNTER(metadata_bytes, ksm_stats_bytes());
KSM_COUNTER(chains_prune_miss_ratio, ksm_stats.prune_miss_ratio);
KSM_SIGNED_COUNTER(ksm_zero_pages, atomic_long_read(&ksm_zero_pages));
KSM_SIGNED_COUNTER(general_profit, ksm_stats_profit());

/* Root only: it takes time in proportion to what there is, and ksmd has to wait. */
#define KSM_COUNT(_name, _count)					\
static ssize_t _name##_show(struct kobject *kobj,			\
			    struct kobj_attribute *attr, char *buf)	\
{									\
	unsigned long count;						\
									\
	if (!may_read_counters())					\
		return -EPERM;						\
	mutex_lock(&ksm_mutex);						\
	count = _count();						\
	mutex_unlock(&ksm_mutex);					\
	return sysfs_emit(buf, "%lu\n", count);				\
}									\
static struct kobj_attribute _name##_attr = __ATTR_RO_MODE(_name, 0400)

KSM_COUNT(stable_tree_levels, ksm_index_stable_levels);
KSM_COUNT(unstable_tree_levels, ksm_index_unstable_levels);
KSM_COUNT(domain_pending, ksm_apart_pending);
KSM_COUNT(pages_offered, ksm_stats_offered);

KSM_WORK_KNOB(use_zero_pages, bool, kstrtobool, ksm_knobs.use_zero_pages);
KSM_KNOB(smart_scan, bool, kstrtobool, ksm_knobs.smart_scan);
KSM_KNOB(restrict_counters, bool, parse_bit, restrict_counters);
KSM_KNOB(stable_node_chains_prune_millisecs, unsigned int, parse_uint,
	 ksm_knobs.prune_millisecs);
KSM_KNOB(advisor_max_cpu, unsigned int, parse_percent, ksm_advisor.max_cpu);
KSM_KNOB(advisor_min_pages_to_scan, unsigned long, parse_min_pages,
	 ksm_advisor.min_pages);
KSM_KNOB(advisor_max_pages_to_scan, unsigned long, parse_max_pages,
	 ksm_advisor.max_pages);
KSM_KNOB(advisor_target_scan_time, unsigned long, parse_secs,
	 ksm_advisor.target_secs);

static ssize_t run_show(struct kobject *kobj, struct kobj_attribute *attr,
			char *buf)
{
	unsigned int run = READ_ONCE(ksm_knobs.run);

	if (ksm_lock_offlining())
		run |= KSM_RUN_OFFLINE;
	return sysfs_emit(buf, "%u\n", run);
}

static ssize_t run_store(struct kobject *kobj, struct kobj_attribute *attr,
			 const char *buf, size_t count)
{
	unsigned int run;

	if (kstrtouint(buf, 10, &run) || run > KSM_RUN_UNMERGE)
		return -EINVAL;
	return ksm_run_set(run) ?: count;
}
KSM_ATTR_RW(run);

static ssize_t sleep_millisecs_show(struct kobject *kobj,
				    struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(ksm_knobs.sleep_millisecs));
}

static ssize_t sleep_millisecs_store(struct kobject *kobj,
				     struct kobj_attribute *attr,
				     const char *buf, size_t count)
{
	unsigned int msecs;

	if (kstrtouint(buf, 10, &msecs))
		return -EINVAL;
	if (msecs != READ_ONCE(ksm_knobs.sleep_millisecs)) {
		WRITE_ONCE(ksm_knobs.sleep_millisecs, msecs);
		ksm_kick();
	}
	ksm_pace_news();
	return count;
}
KSM_ATTR_RW(sleep_millisecs);

static ssize_t pages_to_scan_show(struct kobject *kobj,
				  struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", ksm_pace_pages());
}

static ssize_t pages_to_scan_store(struct kobject *kobj,
				   struct kobj_attribute *attr,
				   const char *buf, size_t count)
{
	unsigned int pages;
	int err;

	if (kstrtouint(buf, 10, &pages))
		return -EINVAL;

	mutex_lock(&ksm_mutex);
	err = ksm_pace_set_pages(pages);
	mutex_unlock(&ksm_mutex);
	return err ?: count;
}
KSM_ATTR_RW(pages_to_scan);

#ifdef CONFIG_NUMA
static ssize_t merge_across_nodes_show(struct kobject *kobj,
				       struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(ksm_knobs.merge_across_nodes));
}

static ssize_t merge_across_nodes_store(struct kobject *kobj,
					struct kobj_attribute *attr,
					const char *buf, size_t count)
{
	unsigned long across;
	int err;

	err = kstrtoul(buf, 10, &across);
	if (err)
		return err;
	if (across > 1)
		return -EINVAL;
	if (across == READ_ONCE(ksm_knobs.merge_across_nodes))
		return count;

	err = ksm_run_lock_unmerged();
	if (err)
		return err;
	WRITE_ONCE(ksm_knobs.merge_across_nodes, across);
	ksm_run_unlock_unmerged();
	return count;
}
KSM_ATTR_RW(merge_across_nodes);
#endif

static ssize_t max_page_sharing_show(struct kobject *kobj,
				     struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(ksm_knobs.max_page_sharing));
}

static ssize_t max_page_sharing_store(struct kobject *kobj,
				      struct kobj_attribute *attr,
				      const char *buf, size_t count)
{
	int max, err;

	err = kstrtoint(buf, 10, &max);
	if (err)
		return err;
	/* A KSM page with one mapping would share nothing. */
	if (max < 2)
		return -EINVAL;
	if (max == READ_ONCE(ksm_knobs.max_page_sharing))
		return count;

	err = ksm_run_lock_unmerged();
	if (err)
		return err;
	WRITE_ONCE(ksm_knobs.max_page_sharing, max);
	ksm_run_unlock_unmerged();
	return count;
}
KSM_ATTR_RW(max_page_sharing);

static ssize_t fingerprint_show(struct kobject *kobj, struct kobj_attribute *attr,
				char *buf)
{
	enum ksm_hash hash = READ_ONCE(ksm_fingerprint_hash);

	if (READ_ONCE(ksm_fingerprint_auto))
		return sysfs_emit(buf, "[auto] crc32c xxhash\n");
	return sysfs_emit(buf, hash == KSM_HASH_CRC32C ? "auto [crc32c] xxhash\n" :
							 "auto crc32c [xxhash]\n");
}

static ssize_t fingerprint_store(struct kobject *kobj, struct kobj_attribute *attr,
				 const char *buf, size_t count)
{
	bool is_auto = sysfs_streq(buf, "auto");
	enum ksm_hash hash;
	int err;

	/* To be timed once more, it could be another one. */
	if (is_auto && READ_ONCE(ksm_fingerprint_auto))
		return count;
	if (is_auto)
		hash = ksm_fingerprint_best();
	else if (sysfs_streq(buf, "crc32c"))
		hash = KSM_HASH_CRC32C;
	else if (sysfs_streq(buf, "xxhash"))
		hash = KSM_HASH_XXHASH;
	else
		return -EINVAL;
	if (!ksm_fingerprint_usable(hash))
		return -EOPNOTSUPP;
	if (hash == READ_ONCE(ksm_fingerprint_hash) &&
	    is_auto == READ_ONCE(ksm_fingerprint_auto))
		return count;

	err = ksm_run_lock_unmerged();
	if (err)
		return err;
	ksm_fingerprint_select(hash);
	WRITE_ONCE(ksm_fingerprint_auto, is_auto);
	ksm_run_unlock_unmerged();
	return count;
}
KSM_ATTR_RW(fingerprint);

static ssize_t advisor_mode_show(struct kobject *kobj,
				 struct kobj_attribute *attr, char *buf)
{
	switch (READ_ONCE(ksm_advisor.mode)) {
	case KSM_ADVISOR_SCAN_TIME:
		return sysfs_emit(buf, "none [scan-time] cpu-budget\n");
	case KSM_ADVISOR_CPU_BUDGET:
		return sysfs_emit(buf, "none scan-time [cpu-budget]\n");
	default:
		return sysfs_emit(buf, "[none] scan-time cpu-budget\n");
	}
}

static ssize_t advisor_mode_store(struct kobject *kobj,
				  struct kobj_attribute *attr,
				  const char *buf, size_t count)
{
	enum ksm_advisor mode;
	bool changed;

	if (sysfs_streq(buf, "none"))
		mode = KSM_ADVISOR_NONE;
	else if (sysfs_streq(buf, "scan-time"))
		mode = KSM_ADVISOR_SCAN_TIME;
	else if (sysfs_streq(buf, "cpu-budget"))
		mode = KSM_ADVISOR_CPU_BUDGET;
	else
		return -EINVAL;

	mutex_lock(&ksm_mutex);
	changed = mode != ksm_advisor.mode;
	if (changed)
		ksm_pace_set_advisor(mode);
	mutex_unlock(&ksm_mutex);
	/* pages_to_scan may have been 0. */
	if (changed)
		ksm_kick();
	return count;
}
KSM_ATTR_RW(advisor_mode);

static ssize_t uniform_faults_show(struct kobject *kobj, struct kobj_attribute *attr,
				   char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(ksm_knobs.uniform_faults));
}

static ssize_t uniform_faults_store(struct kobject *kobj, struct kobj_attribute *attr,
				    const char *buf, size_t count)
{
	bool uniform;

	if (parse_bit(buf, &uniform))
		return -EINVAL;
	if (uniform != READ_ONCE(ksm_knobs.uniform_faults))
		ksm_cgroup_set_uniform(uniform);
	return count;
}
KSM_ATTR_RW(uniform_faults);

static ssize_t pressure_boost_show(struct kobject *kobj, struct kobj_attribute *attr,
				   char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(ksm_knobs.pressure_boost));
}

static ssize_t pressure_boost_store(struct kobject *kobj, struct kobj_attribute *attr,
				    const char *buf, size_t count)
{
	bool boost;

	if (parse_bit(buf, &boost))
		return -EINVAL;
	mutex_lock(&ksm_mutex);
	WRITE_ONCE(ksm_knobs.pressure_boost, boost);
	ksm_pressure_listen();
	mutex_unlock(&ksm_mutex);
	return count;
}
KSM_ATTR_RW(pressure_boost);

#ifdef CONFIG_MEMCG
static ssize_t domain_mode_show(struct kobject *kobj, struct kobj_attribute *attr,
				char *buf)
{
	return sysfs_emit(buf, READ_ONCE(ksm_knobs.domain_users) ?
			       "cgroup [cgroup+user]\n" : "[cgroup] cgroup+user\n");
}

static ssize_t domain_mode_store(struct kobject *kobj, struct kobj_attribute *attr,
				 const char *buf, size_t count)
{
	bool users = sysfs_streq(buf, "cgroup+user");

	if (!users && !sysfs_streq(buf, "cgroup"))
		return -EINVAL;
	if (users != READ_ONCE(ksm_knobs.domain_users))
		ksm_cgroup_set_users(users);
	return count;
}
KSM_ATTR_RW(domain_mode);
#endif

static struct attribute *ksm_attrs[] = {
	&sleep_millisecs_attr.attr,
	&pages_to_scan_attr.attr,
	&run_attr.attr,
	&pages_scanned_attr.attr,
	&pages_shared_attr.attr,
	&pages_sharing_attr.attr,
	&pages_unshared_attr.attr,
	&pages_uniform_attr.attr,
	&pages_volatile_attr.attr,
	&pages_unslotted_attr.attr,
	&pages_skipped_attr.attr,
	&ksm_zero_pages_attr.attr,
	&full_scans_attr.attr,
	&full_scan_msecs_attr.attr,
#ifdef CONFIG_NUMA
	&merge_across_nodes_attr.attr,
#endif
	&max_page_sharing_attr.attr,
	&stable_node_chains_attr.attr,
	&stable_node_dups_attr.attr,
	&stable_node_chains_prune_millisecs_attr.attr,
	&chains_prune_miss_ratio_attr.attr,
	&stable_tree_levels_attr.attr,
	&unstable_tree_levels_attr.attr,
	&use_zero_pages_attr.attr,
#ifdef CONFIG_TRANSPARENT_HUGEPAGE
	&thp_split_threshold_attr.attr,
#endif
	&general_profit_attr.attr,
	&metadata_bytes_attr.attr,
	&fingerprint_attr.attr,
	&smart_scan_attr.attr,
	&advisor_mode_attr.attr,
	&advisor_max_cpu_attr.attr,
	&advisor_min_pages_to_scan_attr.attr,
	&advisor_max_pages_to_scan_attr.attr,
	&advisor_target_scan_time_attr.attr,
#ifdef CONFIG_MEMCG
	&domain_mode_attr.attr,
#endif
	&domain_pending_attr.attr,
	&pages_offered_attr.attr,
	&restrict_counters_attr.attr,
	&uniform_faults_attr.attr,
	&pressure_boost_attr.attr,
	&pressure_runs_attr.attr,
	&pressure_pages_freed_attr.attr,
	NULL,
};

static const struct attribute_group ksm_attr_group = {
	.attrs = ksm_attrs,
	.name = "ksm",
};

/**
 * ksm_sysfs_init - create the files
 *
 * Return: 0 or a negative error code.
 */
int __init ksm_sysfs_init(void)
{
	return sysfs_create_group(mm_kobj, &ksm_attr_group);
}
