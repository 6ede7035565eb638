// SPDX-License-Identifier: GPL-2.0
#include "ksmtuned/arithmetic.hpp"

#include <charconv>

#include "format.hpp"
#include "ksmtuned/characters.hpp"

namespace ksm::tuned
{
namespace
{

constexpr unsigned deepest = 64;      /* brackets in brackets, names that name others */
constexpr unsigned most_names = 1000; /* names that name others may be many in all */

/* What has been spent on an expression, and on those that its names stand for. */
struct effort {
	unsigned depth = 0;
	unsigned names = 0;
};

/* Counts the brackets, signs and names that are open. */
class level
{
public:
	explicit level(effort &spent) : spent_(spent)
	{
		if (spent_.depth >= deepest)
			throw bad_expression("it is nested too deep");
		spent_.depth++;
	}
	~level() { spent_.depth--; }

private:
	effort &spent_;
};

[[noreturn]] void too_large()
{
	throw bad_expression("the result is beyond what 64 bits hold");
}

std::int64_t apply(char operation, std::int64_t left, std::int64_t right)
{
	std::int64_t result = 0;
	bool over = false;

	if ((operation == '/' || operation == '%') && !right)
		throw bad_expression("division by 0");
	switch (operation) {
	case '+':
		over = __builtin_add_overflow(left, right, &result);
		break;
	case '-':
		over = __builtin_sub_overflow(left, right, &result);
		break;
	case '*':
		over = __builtin_mul_overflow(left, right, &result);
		break;
	case '/':
		/* The one quotient that may not fit is the same as this difference. */
		if (right == -1)
			return apply('-', 0, left);
		return left / right;
	default:
		return right == -1 ? 0 : left % right;
	}
	if (over)
		too_large();
	return result;
}

class expression
{
public:
	expression(std::string_view text, const lookup &variable, effort &spent)
		: text_(text), variable_(variable), spent_(spent)
	{
	}

	std::int64_t value()
	{
		const std::int64_t result = sum();

		blanks();
		if (!text_.empty())
			unexpected();
		return result;
	}

private:
	void blanks()
	{
		while (!text_.empty() && (is_blank(text_.front()) || text_.front() == '\n'))
			text_.remove_prefix(1);
	}

	[[noreturn]] void unexpected() const
	{
		if (text_.empty())
			throw bad_expression("a number is missing at its end");
		throw bad_expression(fmt::format("'{}' makes no sense there", text_.substr(0, 8)));
	}

	/* The character if it is one of these, else none. */
	char take(std::string_view any)
	{
		blanks();
		if (text_.empty() || any.find(text_.front()) == any.npos)
			return '\0';
		for (const std::string_view word : {"++", "--"})
			if (text_.starts_with(word))
				throw bad_expression(fmt::format("'{}' changes variables", word));
		const char taken = text_.front();
		text_.remove_prefix(1);
		return taken;
	}

	std::int64_t sum()
	{
		std::int64_t left = product();

		while (const char operation = take("+-"))
			left = apply(operation, left, product());
		return left;
	}

	std::int64_t product()
	{
		std::int64_t left = sign();

		while (const char operation = take("*/%"))
			left = apply(operation, left, sign());
		return left;
	}

	std::int64_t sign()
	{
		const level level(spent_);

		if (const char sign = take("+-"))
			return apply(sign, 0, this->sign());
		return operand();
	}

	std::int64_t operand()
	{
		if (take("(")) {
			const std::int64_t inside = sum();

			if (!take(")"))
				throw bad_expression("')' is missing");
			return inside;
		}
		if (!text_.empty() && is_digit(text_.front()))
			return number();
		if (!text_.empty() && starts_name(text_.front()))
			return named();
		unexpected();
	}

	/* All that could be meant for a number or a name. */
	std::string_view word()
	{
		std::size_t length = 0;

		while (length < text_.size() &&
		       (in_name(text_[length]) || text_[length] == '#' || text_[length] == '.'))
			length++;
		const std::string_view taken = text_.substr(0, length);
		text_.remove_prefix(length);
		return taken;
	}

	std::int64_t number()
	{
		const std::string_view word = this->word();
		const bool hex = word.starts_with("0x") || word.starts_with("0X");
		const std::string_view digits = hex ? word.substr(2) : word;
		std::int64_t result = 0;

		if (!hex && word.size() > 1 && word.front() == '0')
			throw bad_expression(fmt::format(
				"'{}' begins with 0, which makes it octal in some places", word));
		const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(),
						       result, hex ? 16 : 10);
		if (ec == std::errc::result_out_of_range)
			too_large();
		if (ec != std::errc() || end != digits.data() + digits.size())
			throw bad_expression(fmt::format("'{}' is no whole number", word));
		return result;
	}

	std::int64_t named()
	{
		const std::string name(word());
		const auto value = variable_(name);
		const level level(spent_);

		if (!value)
			throw bad_expression(fmt::format("{} has no value", name));
		if (spent_.names++ >= most_names)
			throw bad_expression("its names stand for too many others");
		return expression(*value, variable_, spent_).value();
	}

	std::string_view text_; /* what is left of it */
	const lookup &variable_;
	effort &spent_;
};

} /* namespace */

std::int64_t evaluate(std::string_view text, const lookup &variable)
{
	effort spent;

	return expression(text, variable, spent).value();
}

} /* namespace ksm::tuned */
