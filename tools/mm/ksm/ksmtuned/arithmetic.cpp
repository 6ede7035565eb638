// SPDX-License-Identifier: GPL-2.0
#include "ksmtuned/arithmetic.hpp"

#include <array>
#include <charconv>
#include <limits>

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

struct operation {
	std::string_view text;
	int rank; /* the higher, the tighter it binds */
};

/* Longer ones first where one is the beginning of another. */
constexpr std::array<operation, 19> operations = {{
	{"**", 11}, {"<<", 8}, {">>", 8}, {"<=", 7}, {">=", 7}, {"==", 6}, {"!=", 6},
	{"&&", 2},  {"||", 1}, {"*", 10}, {"/", 10}, {"%", 10}, {"+", 9},  {"-", 9},
	{"<", 7},   {">", 7},  {"&", 5},  {"^", 4},  {"|", 3},
}};

/* bash takes these for a change of a variable wherever they stand. */
constexpr std::array<std::string_view, 13> changing = {
	"<<=", ">>=", "++", "--", "*=", "/=", "%=", "+=", "-=", "&=", "^=", "|=", "=",
};

[[noreturn]] void too_large()
{
	throw bad_expression("the result is beyond what 64 bits hold");
}

std::int64_t power(std::int64_t base, std::int64_t exponent)
{
	std::int64_t result = 1;

	if (exponent < 0)
		throw bad_expression("the exponent is less than 0");
	if (base == 0 || base == 1)
		return exponent ? base : 1;
	if (base == -1)
		return exponent % 2 ? -1 : 1;
	for (; exponent; exponent--)
		if (__builtin_mul_overflow(result, base, &result))
			too_large();
	return result;
}

std::int64_t shifted(std::string_view op, std::int64_t left, std::int64_t right)
{
	if (right < 0 || right > 63)
		throw bad_expression(fmt::format("cannot shift by {} bits", right));
	if (op == ">>")
		return left >> right;
	const auto result = std::int64_t(std::uint64_t(left) << right);
	if (result >> right != left)
		too_large();
	return result;
}

std::int64_t divided(std::string_view op, std::int64_t left, std::int64_t right)
{
	if (!right)
		throw bad_expression("division by 0");
	if (right == -1) { /* the one quotient that may not fit */
		std::int64_t result = 0;

		if (op == "/" && __builtin_sub_overflow(0, left, &result))
			too_large();
		return result;
	}
	return op == "/" ? left / right : left % right;
}

std::int64_t apply(std::string_view op, std::int64_t left, std::int64_t right)
{
	std::int64_t result = 0;
	bool over = false;

	if (op == "**")
		return power(left, right);
	if (op == "<<" || op == ">>")
		return shifted(op, left, right);
	if (op == "/" || op == "%")
		return divided(op, left, right);
	if (op == "*")
		over = __builtin_mul_overflow(left, right, &result);
	else if (op == "+")
		over = __builtin_add_overflow(left, right, &result);
	else if (op == "-")
		over = __builtin_sub_overflow(left, right, &result);
	else if (op == "<=")
		result = left <= right;
	else if (op == ">=")
		result = left >= right;
	else if (op == "==")
		result = left == right;
	else if (op == "!=")
		result = left != right;
	else if (op == "<")
		result = left < right;
	else if (op == ">")
		result = left > right;
	else if (op == "&")
		result = left & right;
	else if (op == "^")
		result = left ^ right;
	else if (op == "|")
		result = left | right;
	else if (op == "&&")
		result = left && right;
	else
		result = left || right;
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
		const std::int64_t result = choice();

		blanks();
		if (at_ < text_.size())
			unexpected();
		return result;
	}

private:
	/* Counts the brackets and signs that are open. */
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

	void blanks()
	{
		while (at_ < text_.size() && (is_blank(text_[at_]) || text_[at_] == '\n'))
			at_++;
	}

	bool at(std::string_view word)
	{
		blanks();
		return text_.substr(at_).starts_with(word);
	}

	bool take(char c)
	{
		if (!at(std::string_view(&c, 1)))
			return false;
		at_++;
		return true;
	}

	[[noreturn]] void unexpected()
	{
		blanks();
		if (at_ == text_.size())
			throw bad_expression("a number is missing at its end");
		throw bad_expression(
			fmt::format("'{}' makes no sense there", text_.substr(at_, 8)));
	}

	const operation *next_operation()
	{
		for (const std::string_view word : changing)
			if (at(word) && !at("=="))
				would_change(word);
		for (const operation &op : operations)
			if (at(op.text))
				return &op;
		return nullptr;
	}

	[[noreturn]] static void would_change(std::string_view word)
	{
		throw bad_expression(fmt::format("'{}' changes variables", word));
	}

	std::int64_t choice()
	{
		const level level(spent_);
		const std::int64_t condition = binary(1);

		if (!take('?'))
			return condition;
		const std::int64_t yes = in_part(condition, [this] { return choice(); });
		if (!take(':'))
			throw bad_expression("'?' without ':'");
		const std::int64_t no = in_part(!condition, [this] { return choice(); });
		return condition ? yes : no;
	}

	/* Nothing is wrong with what is not evaluated, as long as it can be read. */
	template <typename F> std::int64_t in_part(bool live, F &&f)
	{
		const bool before = live_;

		live_ = live_ && live;
		const std::int64_t result = f();
		live_ = before;
		return result;
	}

	std::int64_t binary(int least)
	{
		std::int64_t left = sign();

		for (const operation *op; (op = next_operation()) && op->rank >= least;) {
			at_ += op->text.size();
			const bool needed = op->text == "&&"   ? left != 0
					    : op->text == "||" ? left == 0
							       : true;
			/* Only "**" groups from the right. */
			const int above = op->rank + (op->text != "**");
			const std::int64_t right =
				in_part(needed, [this, above] { return binary(above); });
			left = live_ ? apply(op->text, left, right) : 0;
		}
		return left;
	}

	std::int64_t sign()
	{
		const level level(spent_);

		for (const std::string_view word : {"++", "--"})
			if (at(word))
				would_change(word);
		if (take('-')) {
			const std::int64_t operand = sign();
			return live_ ? apply("-", 0, operand) : 0;
		}
		if (take('+'))
			return sign();
		if (take('~'))
			return ~sign();
		if (!at("!=") && take('!'))
			return !sign();
		return operand();
	}

	std::int64_t operand()
	{
		blanks();
		if (take('(')) {
			const std::int64_t inside = choice();

			if (!take(')'))
				throw bad_expression("')' is missing");
			return inside;
		}
		if (at_ < text_.size() && is_digit(text_[at_]))
			return number();
		if (at_ < text_.size() && starts_name(text_[at_]))
			return named();
		unexpected();
	}

	std::string_view word()
	{
		const std::size_t from = at_;

		while (at_ < text_.size() &&
		       (in_name(text_[at_]) || text_[at_] == '#' || text_[at_] == '.'))
			at_++;
		return text_.substr(from, at_ - from);
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
		const std::size_t from = at_;

		while (at_ < text_.size() && in_name(text_[at_]))
			at_++;
		const std::string name(text_.substr(from, at_ - from));
		if (!live_)
			return 0;
		const auto value = variable_(name);
		if (!value)
			throw bad_expression(fmt::format("{} has no value", name));
		if (spent_.names++ >= most_names)
			throw bad_expression("its names stand for too many others");
		const level level(spent_);
		return expression(*value, variable_, spent_).value();
	}

	std::string_view text_;
	const lookup &variable_;
	effort &spent_;
	std::size_t at_ = 0;
	bool live_ = true;
};

} /* namespace */

std::int64_t evaluate(std::string_view text, const lookup &variable)
{
	effort spent;

	return expression(text, variable, spent).value();
}

} /* namespace ksm::tuned */
