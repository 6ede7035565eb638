/* SPDX-License-Identifier: GPL-2.0 */
/* The daemon goes to the background once it is known that it can run. */
#pragma once

namespace ksm::tuned
{

/*
 * Returns in the child, in a session of its own. The parent ends: with 0 when the child calls
 * ready(), and with 1 if it ends before that; what is wrong, the child has said.
 */
class background
{
public:
	background();
	background(const background &) = delete;
	background &operator=(const background &) = delete;

	void ready();

private:
	int told_ = -1; /* closed by our end alone, when all has been said */
};

} /* namespace ksm::tuned */
