/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A case may have one function replaced by another.
 */
#ifndef _KSM_TEST_KUNIT_STATIC_STUB_H
#define _KSM_TEST_KUNIT_STATIC_STUB_H

#ifdef CONFIG_KUNIT

#include <kunit/test.h>

#define KUNIT_STATIC_STUB_REDIRECT(fn, ...)				\
do {									\
	typeof(fn) *__stub_of_##fn = kunit_stub(fn);			\
									\
	if (__stub_of_##fn)						\
		return __stub_of_##fn(__VA_ARGS__);			\
} while (0)

#define kunit_activate_static_stub(test, fn, replacement)		\
do {									\
	typeof(fn) *__stub = (replacement);				\
									\
	kunit_set_stub(test, fn, __stub);				\
} while (0)

#define kunit_deactivate_static_stub(test, fn)				\
	kunit_set_stub(test, fn, NULL)

#else

#define KUNIT_STATIC_STUB_REDIRECT(...)		do {} while (0)

#endif /* CONFIG_KUNIT */

#endif /* _KSM_TEST_KUNIT_STATIC_STUB_H */
