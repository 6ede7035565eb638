// SPDX-License-Identifier: GPL-2.0
/*
 * Runs the suites one after the other and prints KTAP as the kernel does.
 */
#include <signal.h>
#include <stdarg.h>
#include <unistd.h>

#include <kunit/test.h>

/* The default of KUnit in the kernel. */
#define TIMEOUT_SECS	300

#define MAX_SUITES	32

struct kunit_allocation {
	struct kunit_allocation *next;
	void *memory;
};

struct tally {
	int pass, fail, skip;
};

static struct kunit_suite *suites[MAX_SUITES];
static int nr_suites;

void kunit_add_suite(struct kunit_suite *suite)
{
	assert(nr_suites < MAX_SUITES);
	suites[nr_suites++] = suite;
}

void *kunit_kzalloc(struct kunit *test, size_t size, gfp_t gfp)
{
	struct kunit_allocation *allocation = malloc(sizeof(*allocation));

	if (!allocation)
		return NULL;
	allocation->memory = calloc(1, size);
	allocation->next = test->allocations;
	test->allocations = allocation;
	return allocation->memory;
}

static void free_allocations(struct kunit *test)
{
	struct kunit_allocation *allocation;

	while ((allocation = test->allocations)) {
		test->allocations = allocation->next;
		free(allocation->memory);
		free(allocation);
	}
}

const void *kunit_next_param(const void *prev, const void *first, size_t size,
			     size_t all)
{
	const void *next = prev ? prev + size : first;

	return next == first + all ? NULL : next;
}

void kunit_skip(struct kunit *test, const char *fmt, ...)
{
	va_list args;

	test->status = KUNIT_SKIPPED;
	va_start(args, fmt);
	vsnprintf(test->comment, sizeof(test->comment), fmt, args);
	va_end(args);
	longjmp(test->abort, 1);
}

void kunit_fail(struct kunit *test, const struct kunit_check *check, long long left,
		long long right, const char *fmt, ...)
{
	int in = test->indent;
	va_list args;

	test->status = KUNIT_FAILURE;
	printf("%*s# %s: %s FAILED at %s:%d\n", in, "", test->name,
	       check->fatal ? "ASSERTION" : "EXPECTATION", check->file, check->line);
	printf("%*s    Expected %s %s %s, but\n", in, "", check->left, check->op,
	       check->right);
	printf("%*s        %s == %lld (0x%llx)\n", in, "", check->left, left, left);
	printf("%*s        %s == %lld (0x%llx)\n", in, "", check->right, right, right);
	if (fmt) {
		printf("%*s    ", in, "");
		va_start(args, fmt);
		vprintf(fmt, args);
		va_end(args);
		putchar('\n');
	}
	if (check->fatal)
		longjmp(test->abort, 1);
}

/* Run one part of a case; an assertion or a skip returns to here. */
static void try(struct kunit *test, void (*part)(struct kunit *test))
{
	if (part && !setjmp(test->abort))
		part(test);
}

static void try_init(struct kunit *test, int (*init)(struct kunit *test))
{
	if (!init || setjmp(test->abort) || !init(test))
		return;
	test->status = KUNIT_FAILURE;
	printf("%*s# %s: the suite's init failed\n", test->indent, "", test->name);
}

/* A failed assertion leaves its objects behind: that is no second failure. */
static void check_caches(struct kunit *test)
{
	const char *cache;
	long objects;

	if (test->status != KUNIT_SUCCESS)
		return;
	cache = slab_leaky(&objects);
	if (!cache)
		return;
	test->status = KUNIT_FAILURE;
	printf("%*s# %s: leaks %ld objects of the cache %s\n", test->indent, "",
	       test->name, objects, cache);
}

static void print_result(int indent, int nr, const char *name, struct kunit *test)
{
	printf("%*s%sok %d %s%s%s\n", indent, "",
	       test->status == KUNIT_FAILURE ? "not " : "", nr, name,
	       test->status == KUNIT_SKIPPED ? " # SKIP " : "", test->comment);
}

static void add(struct tally *tally, enum kunit_status status)
{
	tally->pass += status == KUNIT_SUCCESS;
	tally->fail += status == KUNIT_FAILURE;
	tally->skip += status == KUNIT_SKIPPED;
}

static enum kunit_status verdict(const struct tally *tally)
{
	if (tally->fail)
		return KUNIT_FAILURE;
	return tally->skip && !tally->pass ? KUNIT_SKIPPED : KUNIT_SUCCESS;
}

/* The running case. */
static struct kunit *running;

void *kunit_stub(void *fn)
{
	return running && running->stubbed == fn ? running->stub : NULL;
}

void kunit_set_stub(struct kunit *test, void *fn, void *stub)
{
	assert(!test->stub || test->stubbed == fn);
	test->stubbed = fn;
	test->stub = stub;
}

static void on_alarm(int signal)
{
	static const char what[] = "\nkunit: time limit exceeded by ";

	if (write(STDERR_FILENO, what, sizeof(what) - 1) < 0 ||
	    write(STDERR_FILENO, running->name, strlen(running->name)) < 0 ||
	    write(STDERR_FILENO, "\n", 1) < 0)
		_exit(2);
	_exit(1);
}

static struct kunit run_once(struct kunit_suite *suite, struct kunit_case *c,
			     const void *param, int indent)
{
	struct kunit test = { .name = c->name, .indent = indent, .param_value = param };

	running = &test;
	slab_mark();
	alarm(TIMEOUT_SECS);
	try_init(&test, suite->init);
	if (test.status == KUNIT_SUCCESS)
		try(&test, c->run_case);
	try(&test, suite->exit);
	alarm(0);
	running = NULL;
	check_caches(&test);
	free_allocations(&test);
	return test;
}

/* No plan line, as in the kernel: kunit.py cannot parse one at the end. */
static struct kunit run_params(struct kunit_suite *suite, struct kunit_case *c)
{
	struct kunit all = { .name = c->name };
	char desc[KUNIT_PARAM_DESC_SIZE] = "";
	struct tally tally = {};
	const void *param;
	int nr = 0;

	printf("        KTAP version 1\n        # Subtest: %s\n", c->name);
	for (param = c->generate_params(NULL, desc); param;
	     param = c->generate_params(param, desc)) {
		struct kunit test = run_once(suite, c, param, 8);

		print_result(8, ++nr, desc, &test);
		add(&tally, test.status);
	}
	all.status = verdict(&tally);
	return all;
}

static enum kunit_status run_suite(struct kunit_suite *suite)
{
	struct tally tally = {};
	struct kunit_case *c;
	int nr = 0;

	for (c = suite->test_cases; c->run_case; c++)
		nr++;
	printf("    KTAP version 1\n    # Subtest: %s\n    1..%d\n", suite->name, nr);
	for (c = suite->test_cases, nr = 0; c->run_case; c++) {
		struct kunit test = c->generate_params ? run_params(suite, c) :
				    run_once(suite, c, NULL, 4);

		print_result(4, ++nr, c->name, &test);
		add(&tally, test.status);
	}
	printf("# %s: pass:%d fail:%d skip:%d total:%d\n", suite->name, tally.pass,
	       tally.fail, tally.skip, nr);
	return verdict(&tally);
}

int kunit_run_suites(void)
{
	int i, failed = 0;

	/* A crash must not lose lines. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGALRM, on_alarm);
	assert(nr_suites);
	printf("KTAP version 1\n1..%d\n", nr_suites);
	for (i = 0; i < nr_suites; i++) {
		struct kunit suite = { .status = run_suite(suites[i]) };

		print_result(0, i + 1, suites[i]->name, &suite);
		failed += suite.status == KUNIT_FAILURE;
	}
	return failed;
}
