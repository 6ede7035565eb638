// SPDX-License-Identifier: GPL-2.0
/*
 * Runs the KUnit suites of the pure rooms of KSM in userspace.
 */
#include <kunit/test.h>

#include "../../../mm/ksm/fingerprint.h"
#include "../../../mm/ksm/index.h"
#include "../../../mm/ksm/node.h"

/* Read by AddressSanitizer: a failed assert() prints a stack, too. */
const char *__asan_default_options(void)
{
	return "handle_abort=1";
}

int main(int argc, char **argv)
{
	if (argc > 1) {
		fprintf(stderr,
			"Usage: %s\nRuns the KUnit suites of mm/ksm/tests/ and prints KTAP; takes no arguments.\n",
			argv[0]);
		return strcmp(argv[1], "--help") ? 2 : 0;
	}

	/* The same order as in ksm_init(). */
	ksm_fingerprint_init();
	if (ksm_domain_init() || ksm_stable_init() || ksm_block_init() ||
	    ksm_tile_init()) {
		fprintf(stderr, "%s: out of memory\n", argv[0]);
		return 2;
	}
	/* Not 1, with which a sanitizer ends it */
	return kunit_run_suites() ? 3 : 0;
}
