// SPDX-License-Identifier: GPL-2.0
#include "ksmtuned/settings.hpp"

#include <algorithm>
#include <climits>
#include <system_error>

#include "error.hpp"
#include "format.hpp"
#include "ksmtuned/arithmetic.hpp"
#include "ksmtuned/duration.hpp"
#include "ksmtuned/pattern.hpp"
#include "ksmtuned/refused.hpp"
#include "lib/sysfs.hpp"
#include "suggest.hpp"

namespace ksm::tuned
{
namespace
{

constexpr std::int64_t most = UINT_MAX; /* what the kernel's own knobs hold */
constexpr std::int64_t most_percent = 10'000;

class reader
{
public:
	reader(const variables &variables, const std::string &file)
		: variables_(variables), file_(file)
	{
	}

	/* The text, if it is set and not empty: a shell's ${NAME:-...}. */
	const variable *find(const char *name)
	{
		known_.push_back(name);

		const auto found = variables_.find(name);
		if (found == variables_.end() || found->second.value.empty())
			return nullptr;
		return &found->second;
	}

	std::optional<std::int64_t> number(const char *name, std::int64_t least, std::int64_t limit)
	{
		const variable *set = find(name);

		if (!set)
			return std::nullopt;
		const std::int64_t value = evaluated(name, *set);
		if (value < least || value > limit)
			throw refused(file_, set->line, name,
				      fmt::format("{} is out of range", value),
				      fmt::format("it takes {} to {}", least, limit));
		return value;
	}

	void into(std::int64_t &to, const char *name, std::int64_t least, std::int64_t limit)
	{
		to = number(name, least, limit).value_or(to);
	}

	template <typename T>
	void into(T &to, const char *name, const std::vector<std::pair<std::string, T>> &words)
	{
		const variable *set = find(name);
		std::vector<std::string> taken;

		if (!set)
			return;
		for (const auto &[word, meaning] : words) {
			if (set->value == word) {
				to = meaning;
				return;
			}
			taken.push_back(word);
		}
		throw refused(file_, set->line, name, fmt::format("there is no '{}'", set->value),
			      fmt::format("it takes {}", fmt::join(taken, " or ")));
	}

	void into(std::chrono::milliseconds &to, const char *name)
	{
		const variable *set = find(name);

		if (!set)
			return;
		const auto parsed = duration_in(set->value);
		if (!parsed)
			throw refused(
				file_, set->line, name,
				fmt::format("'{}' is no time to wait", set->value),
				"it takes seconds, or a number with s, m, h or d: from 0.1 to "
				"365d");
		to = *parsed;
	}

	/* Which may be set to nothing only if @may_be_empty. */
	void path_into(std::string &to, const char *name, bool may_be_empty)
	{
		const variable *set = find(name);

		if (!set && !may_be_empty && variables_.contains(name))
			throw refused(file_, variables_.find(name)->second.line, name,
				      "it is empty", fmt::format("leave it out for {}", to));
		if (!set)
			return;
		if (set->value.front() != '/')
			throw refused(file_, set->line, name,
				      fmt::format("'{}' is no full path", set->value),
				      "let it begin with /");
		to = set->value;
	}

	void pattern_into(std::string &to, const char *name)
	{
		const variable *set = find(name);

		if (!set)
			return;
		try {
			const pattern check(set->value);
		} catch (const std::runtime_error &bad) {
			throw refused(file_, set->line, name,
				      fmt::format("'{}': {}", set->value, bad.what()),
				      "it takes an extended regular expression, see regex(7)");
		}
		to = set->value;
	}

	/* Of names that begin as ours do, and that we do not know. */
	std::vector<std::string> warnings() const
	{
		std::vector<std::string> said;

		for (const auto &[name, set] : variables_)
			if (set.line && name.starts_with("KSM_") &&
			    std::ranges::find(known_, name) == known_.end())
				said.push_back(fmt::format("{} line {}: nothing uses {}{}", file_,
							   set.line, name,
							   did_you_mean(name, known_)));
		return said;
	}

private:
	std::int64_t evaluated(const char *name, const variable &set) const
	{
		const lookup values = [this](const std::string &other) {
			const auto found = variables_.find(other);

			return found == variables_.end() ? std::nullopt
							 : std::optional(found->second.value);
		};

		/* The script took the first word for all, in some places. */
		if (set.value.find_first_of(" \t\n") != set.value.npos)
			throw refused(file_, set.line, name,
				      fmt::format("'{}' has blanks in it", set.value),
				      fmt::format("write {}=$(({}))", name, set.value));
		try {
			return evaluate(set.value, values);
		} catch (const bad_expression &bad) {
			throw refused(file_, set.line, name,
				      fmt::format("'{}': {}", set.value, bad.what()),
				      "it takes a whole number, or an expression of such");
		}
	}

	const variables &variables_;
	const std::string &file_;
	std::vector<std::string> known_;
};

} /* namespace */

configuration configure(const variables &variables, const std::string &file)
{
	reader from(variables, file);
	configuration result;
	settings &s = result.settings;

	from.into(s.interval, "KSM_MONITOR_INTERVAL");
	from.into(s.sleep_msec, "KSM_SLEEP_MSEC", 0, most);
	from.into(s.npages_boost, "KSM_NPAGES_BOOST", -most, most);
	from.into(s.npages_decay, "KSM_NPAGES_DECAY", -most, most);
	from.into(s.npages_min, "KSM_NPAGES_MIN", 0, most);
	from.into(s.npages_max, "KSM_NPAGES_MAX", 0, most);
	from.into(s.thres_coef, "KSM_THRES_COEF", 0, most_percent);
	from.into(s.thres_const, "KSM_THRES_CONST", 0, INT64_MAX / 1024);
	from.into<metric>(s.ps_metric, "KSM_PS_METRIC",
			  {{"rsz", metric::rsz}, {"rss", metric::rsz}, {"pss", metric::pss}});
	from.pattern_into(s.vm_pattern, "KSM_VM_PATTERN");
	from.into<tuning>(s.mode, "KSM_MODE",
			  {{"classic", tuning::classic}, {"kernel", tuning::kernel}});
	s.advisor_max_cpu = from.number("KSM_ADVISOR_MAX_CPU", 1, 100);
	s.advisor_target_scan_time = from.number("KSM_ADVISOR_TARGET_SCAN_TIME", 1, most);
	from.path_into(s.metrics_file, "KSM_METRICS_FILE", true);
	from.path_into(s.pid_file, "PIDFILE", false);
	from.path_into(s.log_file, "LOGFILE", true);
	s.debug = from.find("DEBUG") != nullptr; /* as ever: "0" is a word, too */

	result.warnings = from.warnings();
	if (!s.metrics_file.empty() && !s.metrics_file.ends_with(".prom"))
		result.warnings.push_back(
			fmt::format("KSM_METRICS_FILE ({}) does not end in .prom, "
				    "so node_exporter passes it over",
				    s.metrics_file));
	if (s.npages_min > s.npages_max)
		result.warnings.push_back(fmt::format("KSM_NPAGES_MIN ({}) is more than "
						      "KSM_NPAGES_MAX ({}), so the pace jumps",
						      s.npages_min, s.npages_max));
	return result;
}

configuration read_configuration(const std::string &file)
{
	std::string text;
	bool found = true;

	try {
		text = read_text(file);
	} catch (const std::system_error &failure) {
		found = failure.code() != std::errc::no_such_file_or_directory;
		if (found)
			throw error(
				fmt::format("cannot read {}: {}", file, failure.code().message()),
				"make it a file that root can read, or remove it for the defaults");
	}
	configuration result =
		configure(read_assignments(text, file, environment_variables()), file);
	result.found = found;
	return result;
}

std::string text_of(const settings &s)
{
	std::string text;
	const auto line = [&text](const char *name, const auto &value) {
		text += fmt::format("{}={}\n", name, value);
	};
	const auto quoted_line = [&line](const char *name, const std::string &value) {
		std::string quoted = "'";

		for (const char c : value)
			quoted += c == '\'' ? "'\\''" : std::string(1, c);
		line(name, quoted + "'");
	};
	const auto optional_line = [&line](const char *name, std::optional<std::int64_t> value) {
		line(name, value ? std::to_string(*value) : "");
	};

	line("KSM_MONITOR_INTERVAL", duration_text(s.interval));
	line("KSM_SLEEP_MSEC", s.sleep_msec);
	line("KSM_NPAGES_BOOST", s.npages_boost);
	line("KSM_NPAGES_DECAY", s.npages_decay);
	line("KSM_NPAGES_MIN", s.npages_min);
	line("KSM_NPAGES_MAX", s.npages_max);
	line("KSM_THRES_COEF", s.thres_coef);
	line("KSM_THRES_CONST", s.thres_const);
	line("KSM_PS_METRIC", s.ps_metric == metric::pss ? "pss" : "rsz");
	quoted_line("KSM_VM_PATTERN", s.vm_pattern);
	line("KSM_MODE", s.mode == tuning::kernel ? "kernel" : "classic");
	optional_line("KSM_ADVISOR_MAX_CPU", s.advisor_max_cpu);
	optional_line("KSM_ADVISOR_TARGET_SCAN_TIME", s.advisor_target_scan_time);
	quoted_line("KSM_METRICS_FILE", s.metrics_file);
	quoted_line("PIDFILE", s.pid_file);
	quoted_line("LOGFILE", s.log_file);
	line("DEBUG", s.debug ? "1" : "");
	return text;
}

} /* namespace ksm::tuned */
