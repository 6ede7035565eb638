// SPDX-License-Identifier: GPL-2.0
/*
 * How long the fingerprint of a page takes that is in no cache, beside a loop that only
 * adds up its words, and how long where the start of the next page is prefetched meanwhile.
 *
 * Pages lie in memory as they were allocated: one behind the other at best, and in any
 * order once memory has been in use for a while.  The kernel reads them through a mapping
 * of huge pages.  With small ones each page takes a TLB miss, too.
 */
#include <stdlib.h>
#include <sys/mman.h>

#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "../../../mm/ksm/fingerprint.h"
#include "speed.h"

/* Pages that are read in one go: more than the caches hold. */
#define BATCH	16384UL
#define ROUNDS	15

static unsigned long nr_pages;
static void *memory;
static u32 *order;

struct way {
	const char *name;
	u64 (*read)(const void *page, const void *next);
};

static u64 sum_of(const void *page, const void *next)
{
	return add_up(page);
}

static u64 fingerprint_of(const void *page, const void *next)
{
	return ksm_fingerprint_page((struct page *)page);
}

static u64 prefetched(const void *page, const void *next)
{
	ksm_fingerprint_prefetch((struct page *)next);
	return ksm_fingerprint_page((struct page *)page);
}

static const struct way ways[] = {
	{ "sum", sum_of },
	{ "fingerprint", fingerprint_of },
	{ "prefetched", prefetched },
};

static void make_order(bool scattered)
{
	unsigned long i, j;

	for (i = 0; i < nr_pages; i++)
		order[i] = i;
	if (!scattered)
		return;
	for (i = nr_pages - 1; i; i--) {
		j = random() % (i + 1);
		swap(order[i], order[j]);
	}
}

static double ns_per_page(const struct way *way, unsigned long first, unsigned long nr)
{
	const void *page = memory + order[first % nr_pages] * PAGE_SIZE, *next;
	u64 start = now(), sum = 0;
	unsigned long i;

	for (i = 1; i <= BATCH; i++, page = next) {
		next = memory + order[(first + i % nr) % nr_pages] * PAGE_SIZE;
		sum += way->read(page, next);
	}
	use(sum);
	return (double)(now() - start) / BATCH;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* One line: of pages @nr at a time, each way in turn. */
static void time_ways(const char *mapping, const char *what, unsigned long nr)
{
	static double times[ARRAY_SIZE(ways)][ROUNDS];
	unsigned long first = 0;
	int way, round;

	for (round = 0; round < ROUNDS; round++) {
		for (way = 0; way < ARRAY_SIZE(ways); way++, first += BATCH)
			times[way][round] = ns_per_page(&ways[way], first, nr);
	}
	printf("%8s  %-9s", mapping, what);
	for (way = 0; way < ARRAY_SIZE(ways); way++) {
		qsort(times[way], ROUNDS, sizeof(times[way][0]), compare);
		printf("  %5.0f %5.0f", times[way][0], times[way][ROUNDS / 2]);
	}
	putchar('\n');
}

static void time_mapping(const char *mapping, int advice)
{
	size_t bytes = nr_pages * PAGE_SIZE, i;

	memory = map(bytes, advice, "pages");
	for (i = 0; i < bytes / sizeof(u64); i++)
		((u64 *)memory)[i] = (i + 1) * 0x9e3779b97f4a7c15ULL;
	make_order(false);
	time_ways(mapping, "in cache", 2);
	time_ways(mapping, "in order", BATCH);
	make_order(true);
	time_ways(mapping, "scattered", BATCH);
	munmap(memory, bytes);
}

/**
 * time_pages - print how long it takes to read pages, each for the first time in a while
 * @nr: so many pages are read in turn
 */
void time_pages(unsigned long nr)
{
	int way;

	nr_pages = nr;
	order = calloc(nr, sizeof(*order));
	if (!order) {
		fprintf(stderr, "ksm_speed: no memory for the order of %lu pages\n", nr);
		exit(2);
	}
	ksm_fingerprint_init();
	printf("%lu MiB of pages: ns for each, least and median of %d rounds\n",
	       nr * PAGE_SIZE >> 20, ROUNDS);
	printf("%8s  %-9s", "mapping", "pages");
	for (way = 0; way < ARRAY_SIZE(ways); way++)
		printf("  %11s", ways[way].name);
	putchar('\n');
	time_mapping("huge", MADV_HUGEPAGE);
	time_mapping("small", MADV_NOHUGEPAGE);
	putchar('\n');
	free(order);
}
