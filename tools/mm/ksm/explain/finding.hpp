/* SPDX-License-Identifier: GPL-2.0 */
/* What is wrong with KSM on this machine, each by a rule of its own. */
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "explain/view.hpp"

namespace ksm
{

/* The most important first. */
enum class level {
	useless, /* nothing merges, or nothing can be judged */
	danger,	 /* programs may be hurt */
	waste,	 /* it costs more than it gives */
	hint,	 /* it could do better */
};

struct finding {
	std::string name;
	ksm::level level;
	std::string what;
	std::string cure;
};

using judgement = std::optional<finding>;

/* All that there is, the most important first. */
std::vector<finding> judge(const view &view);

/* state.cpp */
judgement counters_hidden(const view &view);
judgement stopped(const view &view);
judgement left_unshared(const view &view);
judgement nothing_offered(const view &view);
judgement domains_pending(const view &view);

/* cost.cpp */
judgement exposed(const view &view);
judgement thrashing(const view &view);
judgement unpaying(const view &view);
judgement too_busy(const view &view);

/* pace.cpp */
judgement too_slow(const view &view);
judgement odd_knobs(const view &view);

/* shape.cpp */
judgement hidden_by_huge_pages(const view &view);
judgement huge_pages_tossed(const view &view);
judgement too_many_copies(const view &view);
judgement stale_chains(const view &view);

/* conflicts.cpp */
judgement several_writers(const view &view);
judgement writer_beside_advisor(const view &view);
judgement knobs_changed(const view &view);

} /* namespace ksm */
