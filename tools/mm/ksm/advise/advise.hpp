/* SPDX-License-Identifier: GPL-2.0 */
/* Gives an advice for many pieces of memory. */
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include <sys/uio.h>

#include "advise/pieces.hpp"

namespace ksm
{

/* As process_madvise(2): how many bytes are done, or an errno, as a negative number. */
using advise_call = std::function<long(std::span<const iovec>)>;

struct advised {
	std::int64_t bytes = 0; /* for which the advice was taken */
	std::int64_t left = 0;	/* for which it was not, because of an error */
	int err = 0;		/* EINTR: we were told to stop */
};

/*
 * @go_on: asked before each call, with the bytes that are done. What is unmapped meanwhile
 * is passed over.
 */
advised advise(std::vector<piece> pieces, const advise_call &call,
	       const std::function<bool(std::int64_t done)> &go_on);

} /* namespace ksm */
