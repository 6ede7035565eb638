// SPDX-License-Identifier: GPL-2.0
/*
 * A forest: red-black trees of a few entries each, in the order of their keys.
 *
 * The top bits of a key choose its tree.  Keys are uniform, so the trees are of one
 * size, and that size stays as it is: there is a further root for every few entries
 * more (linear hashing, but by the top bits).  A further root takes the upper half of
 * the keys of one other, and they take turns in the order of their keys:
 *
 *   prefixes    00         01         10         11
 *               |    |     |    |     |          |
 *   bits        000  001   010  011 ^ 10         11
 *   root        0    4     2    5   | 1          3
 *                                  cut
 *
 * Of two halves the lower one keeps the number of the root, the upper one gets the next
 * number.  So the number of a root follows from its prefix: put a one before it, and cut
 * off the last one and what is behind that.
 *
 * A tree may be large: because there was no memory for further roots, or because many
 * entries tie.  So only a bounded number of entries is moved at a time, and @cut may be
 * in the middle of a tree: then entries from there on are still in the lower half's.
 */
#include <linux/bitops.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/rbtree_augmented.h>
#include <linux/sched.h>

#include "forest.h"

/* Entries for each root: a larger tree is deeper, a smaller one wastes its root. */
#define LOAD		16

/* So many entries do with one root: a table for fewer would be more than they are. */
#define FEW		512UL

/* Entries to move to another root at a time, those that tie aside. */
#define MOVES		64

/* Trees of so many entries are not changed but built anew, which takes less. */
#define BUILT		64

/*
 * Roots are dropped once there are so many times too many: trees are small by then, and
 * soon joined.  As many steps at a time leave one root before the last entry goes.
 */
#define SHRINK_RATIO	8
#define SHRINK_STEPS	10

/*
 * Roots may be made for so many times the entries, once those are more than a few: who
 * splits early has little to move.
 */
#define AHEAD		16
#define TOO_FEW		(FEW / 2)

/* Where there is no memory for a table, try again when there are so many more entries. */
#define RETRY		64

/* All keys are below. */
#define NO_KEY		U64_MAX

static __always_inline struct rb_root *root_of(struct ksm_forest *forest, u64 key)
{
	/* The prefix behind a one, so that the prefix of all zeroes ends as well. */
	u64 prefix = 2ULL << forest->bits | key >> (63 - forest->bits);

	/* No branch: on which side of the cut a key is, nobody can predict. */
	prefix >>= key >= forest->cut;
	return ksm_roots_at(&forest->roots, prefix >> 1 >> __ffs64(prefix));
}

/* First entry of a tree that is not below a key. */
static struct rb_node *lower_bound(struct rb_root *root, u64 key)
{
	struct rb_node *node = root->rb_node, *bound = NULL;

	while (node) {
		if (ksm_forest_key(node) < key) {
			node = node->rb_right;
		} else {
			bound = node;
			node = node->rb_left;
		}
	}
	return bound;
}

/**
 * struct split - how two roots share the keys of a prefix
 * @low: root of the lower half, and of what is not moved yet
 * @high: root of the upper half
 * @middle: first key of the upper half
 * @end: first key of the next prefix
 */
struct split {
	struct rb_root *low;
	struct rb_root *high;
	u64 middle;
	u64 end;
};

/* The prefix whose upper half the last root takes. */
static u64 last_prefix(const struct ksm_forest *forest)
{
	return forest->last - BIT(forest->bits);
}

/* First key of that upper half. */
static u64 last_middle(const struct ksm_forest *forest)
{
	return (2 * last_prefix(forest) + 1) << (63 - forest->bits);
}

/* What made the last root. */
static struct split last_split(struct ksm_forest *forest)
{
	struct split split = {
		.high = ksm_roots_at(&forest->roots, forest->last),
		.middle = last_middle(forest),
		.end = NO_KEY,
	};

	if (forest->last + 1 != BIT(forest->bits + 1))
		split.end = (last_prefix(forest) + 1) << (64 - forest->bits);
	split.low = root_of(forest, split.middle - 1);
	return split;
}

/* Are there no more entries, from one on, than may be moved? */
static __always_inline bool is_few(struct rb_node *node,
				   struct rb_node *(*next)(const struct rb_node *node))
{
	unsigned int nr;

	for (nr = 0; node && nr <= MOVES; nr++)
		node = next(node);
	return nr <= MOVES;
}

/* Put an entry before another, or at the end. */
static void put_before(struct rb_root *root, struct rb_node *node, struct rb_node *before)
{
	struct rb_node **link = &root->rb_node, *parent = NULL;

	if (before && !before->rb_left) {
		parent = before;
		link = &before->rb_left;
	} else if (*link) {
		parent = before ? rb_prev(before) : rb_last(root);
		link = &parent->rb_right;
	}
	rb_link_node(node, parent, link);
	rb_insert_color(node, root);
}

static bool is_tie(const struct rb_node *node, const struct rb_node *other)
{
	return node && other && ksm_forest_key(node) == ksm_forest_key(other);
}

/* Move entries from one on to the end of another tree.  Returns the first that is left. */
static struct rb_node *move_up(struct rb_root *from, struct rb_root *to,
			       struct rb_node *node)
{
	struct rb_node *moved = NULL, *next;
	unsigned int nr;

	for (nr = 0; node && (nr < MOVES || is_tie(node, moved)); nr++) {
		next = rb_next(node);
		rb_erase(node, from);
		put_before(to, node, NULL);
		moved = node;
		node = next;
	}
	return node;
}

/*
 * Move entries from one on downwards to another tree, to before one that is there, or to
 * its end.  Returns the last that was moved, if any is left.
 */
static struct rb_node *move_down(struct rb_root *from, struct rb_root *to,
				 struct rb_node *node, struct rb_node *before)
{
	struct rb_node *moved = NULL, *next;
	unsigned int nr;

	for (nr = 0; node && (nr < MOVES || is_tie(node, moved)); nr++) {
		next = rb_prev(node);
		rb_erase(node, from);
		put_before(to, node, before);
		before = node;
		moved = node;
		node = next;
	}
	return node ? moved : NULL;
}

/* Entries to have roots for. */
static unsigned long size_of(const struct ksm_forest *forest)
{
	if (forest->nr < TOO_FEW)
		return forest->nr;
	return clamp(forest->expected, forest->nr, AHEAD * forest->nr);
}

static unsigned long most_entries(const struct ksm_forest *forest)
{
	return max(FEW, LOAD * (forest->last + 1));
}

/* A forest that is between the two is left as it is, so that it does not go to and fro. */
static void set_limits(struct ksm_forest *forest)
{
	forest->grow_at = most_entries(forest);
	forest->shrink_at = forest->last ? max(TOO_FEW, forest->grow_at / SHRINK_RATIO) : 0;
	forest->retry_at = 0;
}

/* Entries of a tree in order, no more than there is room for.  Returns how many. */
static unsigned int gather(struct rb_root *root, struct rb_node **nodes, unsigned int room)
{
	struct rb_node *node;
	unsigned int nr = 0;

	for (node = rb_first(root); node && nr < room; node = rb_next(node))
		nodes[nr++] = node;
	return nr;
}

/*
 * A balanced tree of entries that are in order, @black levels of which are full: an
 * entry below those is red.
 */
static struct rb_node *build_part(struct rb_node **nodes, unsigned int nr,
				  struct rb_node *parent, unsigned int black)
{
	unsigned int half = nr / 2;
	struct rb_node *node = nodes[half];

	rb_set_parent_color(node, parent, black ? RB_BLACK : RB_RED);
	node->rb_left = half ? build_part(nodes, half, node, black - 1) : NULL;
	nr -= half + 1;
	node->rb_right = nr ? build_part(nodes + half + 1, nr, node, black - 1) : NULL;
	return node;
}

static void build(struct rb_root *root, struct rb_node **nodes, unsigned int nr)
{
	root->rb_node = nr ? build_part(nodes, nr, NULL, ilog2(nr + 1)) : NULL;
}

/* Split a small tree.  Returns false if it is not small. */
static bool split_small(struct split *split)
{
	struct rb_node *nodes[BUILT + 1];
	unsigned int nr = gather(split->low, nodes, BUILT + 1), low = 0;

	if (nr > BUILT)
		return false;
	while (low < nr && ksm_forest_key(nodes[low]) < split->middle)
		low++;
	build(split->low, nodes, low);
	build(split->high, nodes + low, nr - low);
	return true;
}

/* Put two small trees together.  Returns false if they are not. */
static bool join_small(struct split *split)
{
	struct rb_node *nodes[BUILT + 1];
	unsigned int nr = gather(split->low, nodes, BUILT + 1);

	nr += gather(split->high, nodes + nr, BUILT + 1 - nr);
	if (nr > BUILT)
		return false;
	build(split->low, nodes, nr);
	*split->high = RB_ROOT;
	return true;
}

/* Move entries to the last root, or to a further one if that has all that are its own. */
static noinline void grow(struct ksm_forest *forest)
{
	struct split split;
	struct rb_node *node;

	if (size_of(forest) <= most_entries(forest))
		goto out;
	if (!forest->last || forest->cut == last_split(forest).end) {
		if (!ksm_roots_add(&forest->roots, forest->last + 1)) {
			forest->grow_at = ULONG_MAX;
			forest->retry_at = forest->nr + RETRY;
			return;
		}
		forest->last++;
		forest->bits = ilog2(forest->last);
		forest->cut = last_middle(forest);
	}
	split = last_split(forest);
	if (forest->cut == split.middle && split_small(&split)) {
		forest->cut = split.end;
		goto out;
	}
	node = lower_bound(split.low, forest->cut);
	if (forest->cut == split.middle && !is_few(node, rb_next) &&
	    is_few(rb_prev(node), rb_prev)) {
		/* Many that tie, say: move the others. */
		move_down(split.low, split.high, rb_prev(node), NULL);
		swap(*split.low, *split.high);
		node = NULL;
	} else {
		node = move_up(split.low, split.high, node);
	}
	forest->cut = node ? ksm_forest_key(node) : split.end;
out:
	set_limits(forest);
}

/* Move entries from the last root back to where they were, and drop it if it has no more. */
static void shrink(struct ksm_forest *forest)
{
	struct split split = last_split(forest);
	struct rb_node *node = rb_last(split.high);

	if (forest->cut == split.end && join_small(&split)) {
		node = NULL;
	} else if (forest->cut == split.end && !is_few(node, rb_prev) &&
		   is_few(rb_first(split.low), rb_next)) {
		move_down(split.low, split.high, rb_last(split.low), rb_first(split.high));
		swap(*split.low, *split.high);
		node = NULL;
	} else {
		node = move_down(split.high, split.low, node,
				 lower_bound(split.low, forest->cut));
	}
	if (node) {
		forest->cut = ksm_forest_key(node);
		return;
	}
	ksm_roots_drop(&forest->roots, forest->last);
	forest->last--;
	forest->bits = forest->last ? ilog2(forest->last) : 0;
	forest->cut = forest->last ? last_split(forest).end : 0;
	set_limits(forest);
}

/* Not inlined, so that those who need not shrink do not pay for it. */
static noinline void shrink_some(struct ksm_forest *forest)
{
	unsigned int steps = SHRINK_STEPS;

	while (size_of(forest) < forest->shrink_at && steps--)
		shrink(forest);
}

/**
 * ksm_forest_find - find the entries of a key
 * @forest: forest
 * @key: key
 *
 * Return: the first with @key, or NULL; go on with ksm_forest_find_next().
 */
struct rb_node *ksm_forest_find(struct ksm_forest *forest, u64 key)
{
	struct rb_node *node;

	if (ksm_forest_empty(forest))
		return NULL;
	node = lower_bound(root_of(forest, key), key);
	return node && ksm_forest_key(node) == key ? node : NULL;
}

/**
 * ksm_forest_find_next - find the next entry of the same key
 * @node: entry in a forest
 *
 * Return: an entry, or NULL.
 */
struct rb_node *ksm_forest_find_next(struct rb_node *node)
{
	struct rb_node *next = rb_next(node);

	return is_tie(next, node) ? next : NULL;
}

/* Add an entry, unless @only and there is one of its key: one descent for both. */
static __always_inline bool insert(struct ksm_forest *forest, struct rb_node *node, bool only)
{
	u64 key = ksm_forest_key(node);
	struct rb_root *root = root_of(forest, key);
	struct rb_node **link = &root->rb_node, *parent = NULL;

	while (*link) {
		u64 other;

		parent = *link;
		other = ksm_forest_key(parent);
		if (key < other)
			link = &parent->rb_left;
		else if (key > other || !only)
			link = &parent->rb_right;
		else
			return false;
	}
	rb_link_node(node, parent, link);
	rb_insert_color(node, root);
	forest->nr++;
	if (size_of(forest) > forest->grow_at || forest->nr == forest->retry_at)
		grow(forest);
	return true;
}

/**
 * ksm_forest_insert - add an entry, behind those of its key
 * @forest: forest
 * @node: entry with its key
 *
 * Context: does not sleep.
 */
void ksm_forest_insert(struct ksm_forest *forest, struct rb_node *node)
{
	insert(forest, node, false);
}

/**
 * ksm_forest_insert_only - add an entry if no other has its key
 * @forest: forest
 * @node: entry with its key
 *
 * Context: does not sleep.
 * Return: true if it was added.
 */
bool ksm_forest_insert_only(struct ksm_forest *forest, struct rb_node *node)
{
	return insert(forest, node, true);
}

/**
 * ksm_forest_erase - remove an entry
 * @forest: forest
 * @node: entry, with the key that it was added with
 *
 * Context: does not sleep.
 */
void ksm_forest_erase(struct ksm_forest *forest, struct rb_node *node)
{
	rb_erase(node, root_of(forest, ksm_forest_key(node)));
	if (--forest->nr < forest->shrink_at)
		shrink_some(forest);
}

/**
 * ksm_forest_replace - put an entry in the place of another
 * @forest: forest
 * @from: entry
 * @to: entry of the same key
 */
void ksm_forest_replace(struct ksm_forest *forest, struct rb_node *from,
			struct rb_node *to)
{
	rb_replace_node(from, to, root_of(forest, ksm_forest_key(from)));
}

/* First key behind those that share a root with this one, on the same side of the cut. */
static u64 end_of(struct ksm_forest *forest, u64 key)
{
	bool below = key < forest->cut;
	unsigned int bits = forest->bits + below;
	u64 end = NO_KEY;

	if (bits && ~key >> (64 - bits))
		end = ((key >> (64 - bits)) + 1) << (64 - bits);
	return below ? min(end, forest->cut) : end;
}

/**
 * ksm_forest_first - begin a walk of the entries in the order of their keys
 * @forest: forest
 * @key: where; 0 for all of them
 *
 * Entries may be added and removed meanwhile.
 *
 * Return: first entry that is not below @key, or NULL.
 */
struct rb_node *ksm_forest_first(struct ksm_forest *forest, u64 key)
{
	for (; key != NO_KEY; key = end_of(forest, key)) {
		struct rb_node *node = lower_bound(root_of(forest, key), key);

		if (node && ksm_forest_key(node) < end_of(forest, key))
			return node;
	}
	return NULL;
}

/**
 * ksm_forest_next - go on with a walk of all entries
 * @forest: forest
 * @node: entry in it
 *
 * Return: the next one, or NULL.
 */
struct rb_node *ksm_forest_next(struct ksm_forest *forest, struct rb_node *node)
{
	u64 end = end_of(forest, ksm_forest_key(node));
	struct rb_node *next = rb_next(node);

	return next && ksm_forest_key(next) < end ? next : ksm_forest_first(forest, end);
}

/* Entries on the longest way from the root of a tree to a leaf. */
static unsigned int tree_levels(const struct rb_root *root)
{
	const struct rb_node *node = root->rb_node, *parent;
	unsigned int level = 1, deepest = 0;

	while (node) {
		deepest = max(deepest, level);
		if (node->rb_left || node->rb_right) {
			node = node->rb_left ?: node->rb_right;
			level++;
			continue;
		}
		/* Up, until there is a right half that was not visited yet. */
		while ((parent = rb_parent(node)) &&
		       (parent->rb_right == node || !parent->rb_right)) {
			node = parent;
			level--;
		}
		node = parent ? parent->rb_right : NULL;
		cond_resched();
	}
	return deepest;
}

/**
 * ksm_forest_levels - tell how deep the deepest tree is
 * @forest: forest
 *
 * Context: May sleep; takes time in proportion to all entries.
 * Return: entries on the longest way from a root to a leaf.
 */
unsigned int ksm_forest_levels(struct ksm_forest *forest)
{
	unsigned int levels = 0;
	unsigned long nr;

	for (nr = 0; nr <= forest->last; nr++)
		levels = max(levels, tree_levels(ksm_roots_at(&forest->roots, nr)));
	return levels;
}
