// SPDX-License-Identifier: GPL-2.0
#include "ksmtuned/shell_value.hpp"

#include "format.hpp"
#include "ksmtuned/arithmetic.hpp"
#include "ksmtuned/characters.hpp"
#include "ksmtuned/refused.hpp"

namespace ksm::tuned
{

std::string_view input::peek_name() const
{
	std::size_t length = 0;

	if (!starts_name(after(0)))
		return {};
	while (in_name(after(length)))
		length++;
	return text.substr(pos, length);
}

void input::skip(std::size_t count)
{
	for (; count; count--)
		line += text[pos++] == '\n';
}

namespace
{

constexpr const char *just_write_it = "write the value itself";
constexpr unsigned deepest = 16;	   /* expansions in expansions */
constexpr std::size_t longest = 64 * 1024; /* of a value, which may be made of others */

class value_reader
{
public:
	value_reader(input &in, const std::string &name, const variables &known)
		: in_(in), name_(name), known_(known)
	{
	}

	std::string read()
	{
		std::string value;

		while (!in_.ended() && !is_blank(in_.next()) && in_.next() != '\n' &&
		       in_.next() != ';')
			piece(value);
		return value;
	}

private:
	[[noreturn]] void refuse(const std::string &cause, const std::string &cure) const
	{
		throw refused(in_.file, in_.line, name_, cause, cure);
	}

	[[noreturn]] void refuse_unended(unsigned line, char what) const
	{
		throw refused(in_.file, line, name_,
			      fmt::format("the {} that begins here has no end", what),
			      "add it, or write \\ before the first one");
	}

	void add(std::string &value, const std::string &more) const
	{
		if (value.size() + more.size() > longest)
			refuse("the value is too long", just_write_it);
		value += more;
	}

	void piece(std::string &value)
	{
		switch (in_.next()) {
		case '\'':
			single_quoted(value);
			break;
		case '"':
			double_quoted(value);
			break;
		case '\\':
			escaped(value);
			break;
		case '$':
			expansion(value, false);
			break;
		default:
			refuse_special(in_.next());
			value.push_back(in_.next());
			in_.skip(1);
		}
	}

	/* Without quotes these mean something to a shell, or to one of its commands. */
	void refuse_special(char c) const
	{
		static constexpr std::string_view special = "`()<>|&~{}";

		if (special.find(c) == special.npos)
			return;
		refuse(c == '`' ? "'`' starts a command, and none is run"
				: fmt::format("'{}' has a meaning of its own in a shell", c),
		       c == '`' ? just_write_it : "put the value in single quotes");
	}

	void single_quoted(std::string &value)
	{
		const unsigned line = in_.line;

		in_.skip(1);
		while (!in_.at('\'')) {
			if (in_.ended())
				refuse_unended(line, '\'');
			value.push_back(in_.next());
			in_.skip(1);
		}
		in_.skip(1);
	}

	void double_quoted(std::string &value)
	{
		const unsigned line = in_.line;

		in_.skip(1);
		while (!in_.at('"')) {
			if (in_.ended())
				refuse_unended(line, '"');
			if (in_.at('$'))
				expansion(value, true);
			else if (in_.at('`'))
				refuse_special('`');
			else if (in_.at('\\') && escapes_in_quotes(in_.after(1)))
				escaped(value);
			else {
				value.push_back(in_.next());
				in_.skip(1);
			}
		}
		in_.skip(1);
	}

	static bool escapes_in_quotes(char c)
	{
		return c == '$' || c == '`' || c == '"' || c == '\\' || c == '\n';
	}

	void escaped(std::string &value)
	{
		in_.skip(1);
		if (in_.ended())
			refuse("there is nothing after '\\'", "remove it");
		if (!in_.at('\n'))
			value.push_back(in_.next());
		in_.skip(1);
	}

	void expansion(std::string &value, bool quoted)
	{
		if (++depth_ > deepest)
			refuse("it is nested too deep", just_write_it);
		in_.skip(1);
		if (in_.rest().starts_with("(("))
			add(value, arithmetic(2, ')'));
		else if (in_.at('['))
			add(value, arithmetic(1, ']'));
		else if (in_.at('('))
			refuse("'$(' starts a command, and none is run", just_write_it);
		else if (in_.at('{'))
			braced(value);
		else if (!in_.peek_name().empty())
			add(value, value_of(take_name()));
		else
			lone_dollar(value, quoted);
		depth_--;
	}

	void lone_dollar(std::string &value, bool quoted) const
	{
		static constexpr std::string_view special = "?$!#@*-";
		const char next = in_.after(0);

		if (is_digit(next) || (next && special.find(next) != special.npos))
			refuse(fmt::format("'${}' has no value here", next), just_write_it);
		if (!quoted && (next == '\'' || next == '"'))
			refuse(fmt::format("'${}' is not taken", next),
			       "use quotes without '$' before them");
		value.push_back('$');
	}

	std::string take_name()
	{
		const std::string name(in_.peek_name());

		in_.skip(name.size());
		return name;
	}

	const std::string *find(const std::string &name) const
	{
		const auto found = known_.find(name);

		return found == known_.end() ? nullptr : &found->second.value;
	}

	std::string value_of(const std::string &name) const
	{
		const std::string *value = find(name);

		if (!value)
			refuse(fmt::format("{} has no value", name),
			       fmt::format("set {} above this line", name));
		return *value;
	}

	/* ${NAME}, ${NAME-word} and ${NAME:-word}. */
	void braced(std::string &value)
	{
		in_.skip(1);
		const std::string name = take_name();

		if (!name.empty() && in_.take('}')) {
			add(value, value_of(name));
			return;
		}
		const bool or_empty = !name.empty() && in_.take(':');
		if (name.empty() || !in_.take('-'))
			refuse(fmt::format("'${{{}{}{}' is not taken", name, or_empty ? ":" : "",
					   in_.ended() ? ' ' : in_.next()),
			       "there are ${NAME}, ${NAME-VALUE} and ${NAME:-VALUE}");

		const std::string other = word_in_braces();
		const std::string *now = find(name);
		add(value, now && !(or_empty && now->empty()) ? *now : other);
	}

	std::string word_in_braces()
	{
		static constexpr std::string_view special = "`'\"\\~{\n";
		std::string word;

		while (!in_.take('}')) {
			if (in_.ended())
				refuse("'${' without '}'", "add it");
			if (in_.at('$')) {
				expansion(word, true);
				continue;
			}
			if (special.find(in_.next()) != special.npos)
				refuse("quotes and the like are not taken within ${}",
				       just_write_it);
			word.push_back(in_.next());
			in_.skip(1);
		}
		return word;
	}

	/* @width: how many brackets there are at each end. */
	std::string arithmetic(std::size_t width, char end)
	{
		const unsigned line = in_.line;
		const char begin = end == ')' ? '(' : '[';
		unsigned open = 0;
		std::string text;

		in_.skip(width);
		while (open || !in_.at(end)) {
			if (in_.ended())
				refuse_unended(line, begin);
			if (in_.at('$')) {
				expansion(text, true);
				continue;
			}
			if (in_.at_continuation()) {
				in_.skip(2);
				continue;
			}
			if (in_.at(begin))
				open++;
			if (in_.at(end))
				open--;
			text.push_back(in_.next());
			in_.skip(1);
		}
		for (; width; width--)
			if (!in_.take(end))
				refuse("'$(' starts a command, and none is run", just_write_it);
		return result_of(text);
	}

	std::string result_of(const std::string &text) const
	{
		const lookup values = [this](const std::string &name) {
			const std::string *value = find(name);

			return value ? std::optional(*value) : std::nullopt;
		};

		try {
			return std::to_string(evaluate(text, values));
		} catch (const bad_expression &bad) {
			refuse(fmt::format("'{}': {}", text, bad.what()),
			       "see ksmtuned.conf(5) for what an expression may be");
		}
	}

	input &in_;
	const std::string &name_;
	const variables &known_;
	unsigned depth_ = 0;
};

} /* namespace */

std::string read_value(input &in, const std::string &name, const variables &known)
{
	return value_reader(in, name, known).read();
}

} /* namespace ksm::tuned */
