/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KSM_TEST_LINUX_JUMP_LABEL_H
#define _KSM_TEST_LINUX_JUMP_LABEL_H

struct static_key_false {
	bool enabled;
};

#define DECLARE_STATIC_KEY_FALSE(name)	extern struct static_key_false name
#define DEFINE_STATIC_KEY_FALSE(name)	struct static_key_false name
#define static_branch_unlikely(key)	unlikely((key)->enabled)

#endif /* _KSM_TEST_LINUX_JUMP_LABEL_H */
