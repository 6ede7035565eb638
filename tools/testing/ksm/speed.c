// SPDX-License-Identifier: GPL-2.0
/*
 * How long the index takes for a page, by how many pages are in it, beside one red-black
 * tree for all of them; for the page itself see speed_pages.c.
 *
 * The slots are laid out as in the kernel: 63 to a block, blocks side by side, in huge
 * pages like the kernel's own mapping of memory.  ksmd reads a page before it looks it up,
 * which leaves little of the index in the caches: so everything is measured in this way,
 * too, less what reading takes.  More slots are farther away: what it takes to get at one
 * of them, whose place is known, is measured beside the rest, and how many of them a
 * look-up meets is counted.
 */
#include <errno.h>
#include <getopt.h>
#include <sys/mman.h>

#include <linux/kernel.h>
#include <linux/string.h>

#include "../../../mm/ksm/index.h"
#include "speed.h"

static const unsigned long sizes[] = {
	256, 1UL << 10, 16UL << 10, 32UL << 10, 256UL << 10, 2UL << 20, 16UL << 20,
};

/* What others are compared with. */
#define FIRST_KEYS	(32UL << 10)
#define MAX_KEYS	sizes[ARRAY_SIZE(sizes) - 1]

/* More than the caches hold. */
#define READ_BYTES	(256UL << 20)

/* 2 GiB of pages to take fingerprints of. */
#define NR_PAGES	(512UL << 10)

#define BATCH		16384UL
#define ROUNDS		15
#define SLAB_BYTES	(32UL << 10)

/* One tree for all, as it would be without a forest. */
static struct rb_root tree = RB_ROOT;
static struct ksm_index forest;

static void *pages;
static struct ksm_tile *tiles;
static void *blocks;
static unsigned long nr_keys;

/**
 * map - get memory that is full of zeroes, or give up
 * @bytes: how much
 * @advice: to madvise(), about huge pages
 * @what: what it is for
 *
 * Return: the memory.
 */
void *map(size_t bytes, int advice, const char *what)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED) {
		fprintf(stderr, "ksm_speed: no %zu MiB for %s: %s; try fewer --keys or --pages\n",
			bytes >> 20, what, strerror(errno));
		exit(2);
	}
	if (madvise(memory, bytes, advice) && advice == MADV_HUGEPAGE)
		fprintf(stderr, "ksm_speed: no huge pages for %s (%s): expect higher figures\n",
			what, strerror(errno));
	return memory;
}

/* Distinct for distinct numbers, and uniform. */
static u64 key_of(u64 nr)
{
	nr *= 0x9e3779b97f4a7c15ULL;
	nr = (nr ^ nr >> 30) * 0xbf58476d1ce4e5b9ULL;
	nr = (nr ^ nr >> 27) * 0x94d049bb133111ebULL;
	return (nr ^ nr >> 31) & KSM_KEY_MASK;
}

static struct ksm_slot *slot_of(unsigned long nr)
{
	return ksm_slot(&tiles[nr / KSM_TILE_PAGES], nr % KSM_TILE_PAGES);
}

static void make_slots(unsigned long nr)
{
	unsigned long bytes = ksm_slot_block_bytes(KSM_BLOCK_63), i, j;
	unsigned long per_slab = SLAB_BYTES / bytes;

	tiles = map(nr / KSM_TILE_PAGES * sizeof(*tiles), MADV_HUGEPAGE, "tiles");
	blocks = map(DIV_ROUND_UP(nr / KSM_TILE_PAGES, per_slab) * SLAB_BYTES, MADV_HUGEPAGE,
		     "slots");
	for (i = 0; i < nr / KSM_TILE_PAGES; i++) {
		struct ksm_block *block = blocks + i / per_slab * SLAB_BYTES +
					  i % per_slab * bytes;

		block->word = (unsigned long)&tiles[i] | KSM_BLOCK_63;
		for (j = 1; j < KSM_TILE_PAGES; j++)
			block->slot[j - 1].word = j;
		tiles[i].block = block;
		tiles[i].shape = KSM_BLOCK_63;
	}
}

static struct ksm_slot *tree_find(u64 key)
{
	struct rb_node *node = tree.rb_node;
	struct ksm_slot *first = NULL;

	while (node) {
		struct ksm_slot *slot = rb_entry(node, struct ksm_slot, node);

		if (ksm_slot_key(slot) < key) {
			node = node->rb_right;
		} else {
			if (ksm_slot_key(slot) == key)
				first = slot;
			node = node->rb_left;
		}
	}
	return first;
}

static bool tree_insert(struct ksm_slot *slot, u64 key)
{
	struct rb_node **link = &tree.rb_node;
	struct rb_node *parent = NULL;

	while (*link) {
		u64 other;

		parent = *link;
		other = ksm_slot_key(rb_entry(parent, struct ksm_slot, node));
		if (key < other)
			link = &parent->rb_left;
		else if (key > other)
			link = &parent->rb_right;
		else
			return false;
	}
	ksm_slot_set_key(slot, key, 0);
	rb_link_node(&slot->node, parent, link);
	rb_insert_color(&slot->node, &tree);
	return true;
}

static void tree_erase(struct ksm_slot *slot)
{
	rb_erase(&slot->node, &tree);
}

static struct ksm_slot *forest_find(u64 key)
{
	return ksm_unstable_first(&forest, key);
}

static bool forest_insert(struct ksm_slot *slot, u64 key)
{
	return ksm_unstable_insert_only(&forest, slot, key);
}

static void forest_erase(struct ksm_slot *slot)
{
	ksm_unstable_erase(&forest, slot);
}

struct kind {
	const char *name;
	struct ksm_slot *(*find)(u64 key);
	bool (*insert)(struct ksm_slot *slot, u64 key);
	void (*erase)(struct ksm_slot *slot);
};

static const struct kind kinds[] = {
	{ "tree", tree_find, tree_insert, tree_erase },
	{ "forest", forest_find, forest_insert, forest_erase },
};

/* As ksmd reads a page for its fingerprint: every word of it. */
static u64 read_page(unsigned long nr)
{
	return add_up(pages + nr * PAGE_SIZE % READ_BYTES);
}

/*
 * Of what is read: always 0.  What is done with it waits for the page, as a look-up waits
 * for the fingerprint.
 */
static u64 after(u64 sum)
{
	return sum & 1;
}

/* Least times, ns for one. */
struct times {
	double slot;
	double find;
	double insert;
};

static unsigned long next_page;

static double read_time(unsigned long batch)
{
	u64 start = now(), sum = 0;
	unsigned long i;

	for (i = 0; i < batch; i++)
		sum += read_page(next_page++);
	use(sum);
	return (double)(now() - start) / batch;
}

static void fail(const struct kind *kind, const char *what)
{
	fprintf(stderr, "ksm_speed: %s: %s\n", kind->name, what);
	exit(1);
}

static unsigned long scatter(unsigned long at)
{
	return (at + 0x9e3779b1UL) & (nr_keys / 2 - 1);
}

static double slot_time(unsigned long batch, bool cold)
{
	unsigned long i, at = random();
	u64 start = now(), sum = 0;

	for (i = 0; i < batch; i++) {
		at = scatter(at);
		if (cold)
			sum += read_page(next_page++);
		sum += slot_of(nr_keys / 2 + (at ^ after(sum)))->word & ~1ULL;
	}
	use(sum);
	return (double)(now() - start) / batch;
}

/* Those of the upper half stay in all the while, and are looked up. */
static double find_time(const struct kind *kind, unsigned long batch, bool cold)
{
	unsigned long i, at = random();
	u64 start = now(), sum = 0;

	for (i = 0; i < batch; i++) {
		at = scatter(at);
		if (cold)
			sum += read_page(next_page++);
		if (!kind->find(key_of(nr_keys / 2 + (at ^ after(sum)))))
			fail(kind, "an entry is not found");
	}
	use(sum);
	return (double)(now() - start) / batch;
}

/* Entries that a look-up meets, on average. */
static double depth(void)
{
	unsigned long i, met = 0;

	for (i = 0; i < nr_keys; i++) {
		struct rb_node *node = &slot_of(i)->node;

		for (; node; node = rb_parent(node))
			met++;
	}
	return (double)met / nr_keys;
}

/* Those of the lower half give way to others. */
static double insert_time(const struct kind *kind, unsigned long batch, bool cold)
{
	static u64 fresh = 1ULL << 40;
	unsigned long first = random(), at, i;
	u64 start, sum = 0;

	for (i = 0, at = first; i < batch; i++) {
		at = scatter(at);
		kind->erase(slot_of(at));
	}
	start = now();
	for (i = 0, at = first; i < batch; i++) {
		at = scatter(at);
		if (cold)
			sum += read_page(next_page++);
		if (!kind->insert(slot_of(at), key_of(fresh++ + after(sum))))
			fail(kind, "a new key is said to be there");
	}
	use(sum);
	return (double)(now() - start) / batch;
}

static struct times measure(const struct kind *kind, bool cold)
{
	unsigned long batch = min(BATCH, nr_keys / 4);
	struct times least = { 1e9, 1e9, 1e9 };
	double reading = 1e9;
	int round;

	for (round = 0; round < ROUNDS; round++) {
		if (cold)
			reading = min(reading, read_time(batch));
		least.slot = min(least.slot, slot_time(batch, cold));
		least.find = min(least.find, find_time(kind, batch, cold));
		least.insert = min(least.insert, insert_time(kind, batch, cold));
	}
	if (cold) {
		least.slot -= reading;
		least.find -= reading;
		least.insert -= reading;
	}
	return least;
}

static void print_times(bool cold, struct times times, double *first)
{
	double sum = times.find + times.insert;

	if (nr_keys == FIRST_KEYS)
		*first = sum;
	printf("  %8lu  %-6s %5.1f %5.0f %8.0f %9.0f %6.0f", nr_keys, cold ? "read" : "bare",
	       depth(), times.slot, times.find, times.insert, sum);
	if (*first)
		printf("  %5.2f", sum / *first);
	putchar('\n');
}

static void run(const struct kind *kind, unsigned long most)
{
	double first[2] = {};
	unsigned long i;
	int size, cold;

	printf("%s\n      keys  pages  depth  slot  look-up insertion   both  ", kind->name);
	printf("to %lu Ki\n", FIRST_KEYS >> 10);
	for (size = 0; size < ARRAY_SIZE(sizes) && sizes[size] <= most; size++) {
		nr_keys = sizes[size];
		for (i = 0; i < nr_keys; i++) {
			if (!(i & (BATCH * 64 - 1)) && i) {
				fprintf(stderr, "\r%s: %lu Ki of %lu Ki keys ", kind->name,
					i >> 10, nr_keys >> 10);
				fflush(stderr);
			}
			if (!kind->insert(slot_of(i), key_of(i)))
				fail(kind, "a new key is said to be there");
		}
		fprintf(stderr, "\r%s: measuring with %lu Ki keys  \r", kind->name,
			nr_keys >> 10);
		for (cold = 0; cold < 2; cold++)
			print_times(cold, measure(kind, cold), &first[cold]);
		for (i = 0; i < nr_keys; i++)
			kind->erase(slot_of(i));
	}
}

static unsigned long number_of(const char *option, const char *text, unsigned long least)
{
	char *end;
	unsigned long number = strtoul(text, &end, 0);

	if (*end || (number && number < least)) {
		fprintf(stderr, "ksm_speed: --%s=%s is neither 0 nor a number from %lu on\n",
			option, text, least);
		exit(2);
	}
	return number;
}

static void time_index(unsigned long most)
{
	unsigned int i;

	pages = map(READ_BYTES, MADV_HUGEPAGE, "pages to read");
	memset(pages, 1, READ_BYTES);
	make_slots(most);
	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		run(&kinds[i], most);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "keys", required_argument, NULL, 'k' },
		{ "pages", required_argument, NULL, 'p' },
		{ "help", no_argument, NULL, 'h' },
		{}
	};
	unsigned long keys = MAX_KEYS, nr = NR_PAGES;
	int option;

	while ((option = getopt_long(argc, argv, "k:p:h", options, NULL)) != -1) {
		if (option == 'k') {
			keys = number_of("keys", optarg, sizes[0]);
		} else if (option == 'p') {
			nr = number_of("pages", optarg, 1);
		} else {
			fprintf(option == 'h' ? stdout : stderr,
				"Usage: %s [--keys=MOST] [--pages=NUMBER]\nTimes fingerprints of pages, %lu by default, which needs 2 GiB of memory, and\nlook-ups and insertions, for a forest and for one tree, with 16 Mi keys at the most\nby default, which needs 1 GiB. 0 leaves either out. Of the index, the times are the\nleast of %d rounds, in ns.\n",
				argv[0], NR_PAGES, ROUNDS);
			return option == 'h' ? 0 : 2;
		}
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (nr)
		time_pages(nr);
	if (keys)
		time_index(min(keys, MAX_KEYS));
	return 0;
}
