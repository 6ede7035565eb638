// SPDX-License-Identifier: GPL-2.0
#include "ksmtuned/writer.hpp"

#include "changes.hpp"
#include "format.hpp"
#include "refusal.hpp"

namespace ksm::tuned
{

bool writer::write(const std::string &name, const std::string &value)
{
	const int err = knobs_.write(name, value);

	if (!err) {
		journal_.settle(name);
		return true;
	}
	const error refused = refusal({name, value}, err, knobs_);
	journal_.say_once(name, fmt::format("{}; {}", refused.what(), refused.cure()));
	return false;
}

bool writer::keep(const std::string &name, const std::string &value)
{
	const auto now = knobs_.content(name);

	return (now && now->value == value) || write(name, value);
}

} /* namespace ksm::tuned */
