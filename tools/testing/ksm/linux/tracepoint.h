/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KSM_TEST_LINUX_TRACEPOINT_H
#define _KSM_TEST_LINUX_TRACEPOINT_H

#define TP_PROTO(...)	__VA_ARGS__

/* Arguments are checked, and nothing is recorded. */
#define TRACE_EVENT(name, proto, ...)			\
	static inline void trace_##name(proto)		\
	{						\
	}

/* No pure room has an event of a class. */
#define DECLARE_EVENT_CLASS(...)
#define DEFINE_EVENT(...)

#endif /* _KSM_TEST_LINUX_TRACEPOINT_H */
