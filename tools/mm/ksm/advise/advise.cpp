// SPDX-License-Identifier: GPL-2.0
#include "advise/advise.hpp"

#include <cerrno>

namespace ksm
{
namespace
{

constexpr std::size_t most_pieces_at_once = 1024; /* UIO_MAXIOV */

std::vector<iovec> batch_of(std::span<const piece> pieces)
{
	std::vector<iovec> batch;
	std::uint64_t bytes = 0;

	for (const piece &piece : pieces) {
		bytes += piece.bytes();
		if (bytes > most_bytes_at_once || batch.size() == most_pieces_at_once)
			break;
		batch.push_back({reinterpret_cast<void *>(piece.from), piece.bytes()});
	}
	return batch;
}

/* Takes what is done off the front; returns the number of the first piece that is left. */
std::size_t pass_over(std::vector<piece> &pieces, std::size_t at, std::uint64_t bytes)
{
	while (at < pieces.size() && bytes >= pieces[at].bytes())
		bytes -= pieces[at++].bytes();
	if (bytes)
		pieces[at].from += bytes;
	return at;
}

} /* namespace */

advised advise(std::vector<piece> pieces, const advise_call &call,
	       const std::function<bool(std::int64_t done)> &go_on)
{
	std::size_t at = 0;
	advised advised;

	while (at < pieces.size()) {
		if (!go_on(advised.bytes)) {
			advised.err = EINTR;
			break;
		}
		const long done = call(batch_of(std::span(pieces).subspan(at)));

		if (done == -ENOMEM) { /* a hole: all around it is done */
			at++;
		} else if (done <= 0) {
			advised.err = done ? int(-done) : EIO;
			break;
		} else {
			at = pass_over(pieces, at, std::uint64_t(done));
			advised.bytes += done;
		}
	}
	for (; at < pieces.size(); at++)
		advised.left += std::int64_t(pieces[at].bytes());
	return advised;
}

} /* namespace ksm */
