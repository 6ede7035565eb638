// SPDX-License-Identifier: GPL-2.0
/*
 * GoogleTest can send its results to another machine, and so looks up names; in a
 * static program glibc warns that it needs shared libraries for that. These tests
 * never ask for it: a lookup that always fails takes the place of glibc's.
 */
#include <netdb.h>

extern "C" int getaddrinfo(const char *, const char *, const struct addrinfo *, struct addrinfo **)
{
	return EAI_FAIL;
}

extern "C" void freeaddrinfo(struct addrinfo *) {}
