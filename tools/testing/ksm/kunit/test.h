/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The part of KUnit that the suites of mm/ksm/tests/ use.
 */
#ifndef _KSM_TEST_KUNIT_TEST_H
#define _KSM_TEST_KUNIT_TEST_H

#include <setjmp.h>

#include <linux/mm.h>
#include <linux/slab.h>

#define KUNIT_PARAM_DESC_SIZE	128

enum kunit_status {
	KUNIT_SUCCESS,
	KUNIT_FAILURE,
	KUNIT_SKIPPED,
};

struct kunit_allocation;

/**
 * struct kunit - one run of a case
 * @priv: for the suite's init()
 * @param_value: parameter of a parameterized case
 * @name: name of the case
 * @indent: columns by which its output is indented
 * @status: result so far
 * @comment: reason for a skip
 * @allocations: memory to free when the case ends
 * @stubbed: function that is replaced
 * @stub: what replaces it, or NULL
 * @abort: where an assertion or a skip returns to
 */
struct kunit {
	void *priv;
	const void *param_value;
	const char *name;
	int indent;
	enum kunit_status status;
	char comment[KUNIT_PARAM_DESC_SIZE];
	struct kunit_allocation *allocations;
	void *stubbed;
	void *stub;
	jmp_buf abort;
};

struct kunit_case {
	void (*run_case)(struct kunit *test);
	const char *name;
	const void *(*generate_params)(const void *prev, char *desc);
};

struct kunit_suite {
	const char *name;
	int (*init)(struct kunit *test);
	void (*exit)(struct kunit *test);
	struct kunit_case *test_cases;
};

#define KUNIT_CASE(test_name)	{ .run_case = test_name, .name = #test_name }

#define KUNIT_CASE_PARAM(test_name, gen_params)				\
	{ .run_case = test_name, .name = #test_name, .generate_params = gen_params }

const void *kunit_next_param(const void *prev, const void *first, size_t size,
			     size_t all);

#define KUNIT_ARRAY_PARAM(name, array, get_desc)			\
	static const void *name##_gen_params(const void *prev, char *desc)	\
	{								\
		const void *param;					\
									\
		param = kunit_next_param(prev, array, sizeof((array)[0]),	\
					 sizeof(array));		\
		if (param)						\
			get_desc(param, desc);				\
		return param;						\
	}

/* Suites run in the order in which they are linked. */
void kunit_add_suite(struct kunit_suite *suite);

#define kunit_test_suite(suite)						\
	static void __attribute__((constructor)) add_suite(void)	\
	{								\
		kunit_add_suite(&(suite));				\
	}

void *kunit_kzalloc(struct kunit *test, size_t size, gfp_t gfp);

#define kunit_kmalloc(test, size, gfp)	kunit_kzalloc(test, size, gfp)
#define kunit_kcalloc(test, nr, size, gfp)	\
	kunit_kzalloc(test, array_size(nr, size), gfp)

/* See kunit/static_stub.h. */
void *kunit_stub(void *fn);
void kunit_set_stub(struct kunit *test, void *fn, void *stub);

__noreturn __printf(2, 3) void kunit_skip(struct kunit *test, const char *fmt, ...);

/* One comparison in a case; if a fatal one fails, the case ends there. */
struct kunit_check {
	const char *file;
	int line;
	bool fatal;
	const char *left;
	const char *op;
	const char *right;
};

__printf(5, 6)
void kunit_fail(struct kunit *test, const struct kunit_check *check, long long left,
		long long right, const char *fmt, ...);

#define KUNIT_CHECK(test, is_fatal, type_l, type_r, l, operator, r, ...)	\
do {									\
	static const struct kunit_check __check = {			\
		.file = __FILE__,					\
		.line = __LINE__,					\
		.fatal = is_fatal,					\
		.left = #l,						\
		.op = #operator,					\
		.right = #r,						\
	};								\
	const type_l __left = (l);					\
	const type_r __right = (r);					\
									\
	if (!(__left operator __right))					\
		kunit_fail(test, &__check, (long long)__left,		\
			   (long long)__right, __VA_ARGS__);		\
} while (0)

#define KUNIT_NUMBERS(test, fatal, l, op, r, ...)	\
	KUNIT_CHECK(test, fatal, typeof(l), typeof(r), l, op, r, __VA_ARGS__)
#define KUNIT_POINTERS(test, fatal, l, op, r, ...)	\
	KUNIT_CHECK(test, fatal, void *, void *, l, op, r, __VA_ARGS__)
#define KUNIT_BOOL(test, fatal, l, r, ...)		\
	KUNIT_CHECK(test, fatal, bool, bool, l, ==, r, __VA_ARGS__)

#define KUNIT_FAIL(test, ...)		KUNIT_BOOL(test, false, false, true, __VA_ARGS__)

#define KUNIT_EXPECT_TRUE(test, l)	KUNIT_BOOL(test, false, l, true, NULL)
#define KUNIT_EXPECT_FALSE(test, l)	KUNIT_BOOL(test, false, l, false, NULL)
#define KUNIT_EXPECT_NULL(test, l)	KUNIT_POINTERS(test, false, l, ==, NULL, NULL)
#define KUNIT_EXPECT_PTR_EQ(test, l, r)	KUNIT_POINTERS(test, false, l, ==, r, NULL)
#define KUNIT_EXPECT_EQ(test, l, r)	KUNIT_NUMBERS(test, false, l, ==, r, NULL)
#define KUNIT_EXPECT_NE(test, l, r)	KUNIT_NUMBERS(test, false, l, !=, r, NULL)
#define KUNIT_EXPECT_LE(test, l, r)	KUNIT_NUMBERS(test, false, l, <=, r, NULL)
#define KUNIT_EXPECT_LT(test, l, r)	KUNIT_NUMBERS(test, false, l, <, r, NULL)
#define KUNIT_EXPECT_GE(test, l, r)	KUNIT_NUMBERS(test, false, l, >=, r, NULL)
#define KUNIT_EXPECT_GT(test, l, r)	KUNIT_NUMBERS(test, false, l, >, r, NULL)

#define KUNIT_EXPECT_EQ_MSG(test, l, r, ...)	KUNIT_NUMBERS(test, false, l, ==, r, __VA_ARGS__)
#define KUNIT_EXPECT_NE_MSG(test, l, r, ...)	KUNIT_NUMBERS(test, false, l, !=, r, __VA_ARGS__)
#define KUNIT_EXPECT_LE_MSG(test, l, r, ...)	KUNIT_NUMBERS(test, false, l, <=, r, __VA_ARGS__)
#define KUNIT_EXPECT_GE_MSG(test, l, r, ...)	KUNIT_NUMBERS(test, false, l, >=, r, __VA_ARGS__)

#define KUNIT_ASSERT_TRUE(test, l)	KUNIT_BOOL(test, true, l, true, NULL)
#define KUNIT_ASSERT_NOT_NULL(test, l)	KUNIT_POINTERS(test, true, l, !=, NULL, NULL)
#define KUNIT_ASSERT_PTR_EQ(test, l, r)	KUNIT_POINTERS(test, true, l, ==, r, NULL)
#define KUNIT_ASSERT_EQ(test, l, r)	KUNIT_NUMBERS(test, true, l, ==, r, NULL)
#define KUNIT_ASSERT_LT(test, l, r)	KUNIT_NUMBERS(test, true, l, <, r, NULL)

#define KUNIT_ASSERT_TRUE_MSG(test, l, ...)	KUNIT_BOOL(test, true, l, true, __VA_ARGS__)
#define KUNIT_ASSERT_FALSE_MSG(test, l, ...)	KUNIT_BOOL(test, true, l, false, __VA_ARGS__)
#define KUNIT_ASSERT_PTR_EQ_MSG(test, l, r, ...)	\
	KUNIT_POINTERS(test, true, l, ==, r, __VA_ARGS__)
#define KUNIT_ASSERT_EQ_MSG(test, l, r, ...)	KUNIT_NUMBERS(test, true, l, ==, r, __VA_ARGS__)
#define KUNIT_ASSERT_NE_MSG(test, l, r, ...)	KUNIT_NUMBERS(test, true, l, !=, r, __VA_ARGS__)
#define KUNIT_ASSERT_LT_MSG(test, l, r, ...)	KUNIT_NUMBERS(test, true, l, <, r, __VA_ARGS__)
#define KUNIT_ASSERT_LE_MSG(test, l, r, ...)	KUNIT_NUMBERS(test, true, l, <=, r, __VA_ARGS__)
#define KUNIT_ASSERT_GE_MSG(test, l, r, ...)	KUNIT_NUMBERS(test, true, l, >=, r, __VA_ARGS__)

/* Returns the number of suites that failed. */
int kunit_run_suites(void);

#endif /* _KSM_TEST_KUNIT_TEST_H */
