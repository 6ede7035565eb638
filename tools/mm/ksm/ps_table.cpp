// SPDX-License-Identifier: GPL-2.0
#include "ps_table.hpp"

#include <algorithm>
#include <string>

#include <unistd.h>

#include "fitting.hpp"
#include "format.hpp"
#include "text.hpp"
#include "utf8.hpp"

namespace ksm
{
namespace
{

enum class align { left, right };

/* A text is to the left, and takes more room than its width if there is some left. */
struct column {
	const char *title;
	std::size_t width;
	int rank; /* the highest are left out first */
	align to;
	std::string (*text)(const ps_row &row);
};

std::string pid(const ps_row &row)
{
	return row.pids.size() == 1 ? row.pids.front() : "";
}

std::string process_count(const ps_row &row)
{
	return fmt::format("{}", row.pids.size());
}

std::string name(const ps_row &row)
{
	return row.name.empty() ? "-" : printable(row.name);
}

std::string domain(const ps_row &row)
{
	return row.domain.empty() ? "-" : printable(row.domain);
}

std::string merged(const ps_row &row)
{
	return short_count(row.merged, 8);
}

template <ps_row::amount ps_row::*member> std::string bytes(const ps_row &row)
{
	return bytes_text(row.*member);
}

std::vector<column> columns(ps_by by)
{
	const bool units = by == ps_by::unit;
	const char *what = units ? "unit" : by == ps_by::vm ? "vm" : "process";

	return {
		{units ? "number" : "pid", 7, 0, align::right, units ? process_count : pid},
		{what, 12, 0, align::left, name},
		{"offered", 10, 1, align::right, bytes<&ps_row::offered>},
		{"merged", 8, 2, align::right, merged},
		{"saved", 10, 0, align::right, bytes<&ps_row::saved>},
		{"cost", 10, 3, align::right, bytes<&ps_row::cost>},
		{"domain", 12, 4, align::left, domain},
	};
}

bool continues_character(char c)
{
	return (c & 0xc0) == 0x80;
}

/* Of what is too long, a cgroup keeps its end, and a name its beginning. */
std::string cut(std::string text, std::size_t width, bool keep_end)
{
	for (std::size_t left = characters(text); left > width; left--) {
		if (keep_end) {
			text.erase(0, 1);
			while (continues_character(text.front()))
				text.erase(0, 1);
		} else {
			while (continues_character(text.back()))
				text.pop_back();
			text.pop_back();
		}
	}
	return text;
}

class table
{
public:
	table(ps_by by, const std::vector<ps_row> &rows) : columns_(columns(by))
	{
		const std::size_t width = line_width(STDOUT_FILENO);
		std::size_t left = width + 1;

		shown_ = fitting<column>(columns_, width);
		for (const column *c : shown_)
			left -= c->width + 1;
		for (const column *c : shown_) {
			std::size_t wanted = c->width;

			for (const ps_row &row : rows)
				if (c->to == align::left)
					wanted = std::max(wanted, characters(c->text(row)));
			const std::size_t more = std::min(wanted - c->width, left);
			widths_.push_back(c->width + more);
			left -= more;
		}
	}

	void print_heading() const
	{
		line([](const column &c) { return std::string(c.title); });
	}

	void print(const ps_row &row) const
	{
		line([&row](const column &c) { return c.text(row); });
	}

private:
	template <typename F> void line(F &&text_of) const
	{
		std::string line;

		for (std::size_t i = 0; i < shown_.size(); i++) {
			const column &c = *shown_[i];
			const std::string text = text_of(c);

			line += i ? " " : "";
			if (c.to == align::right)
				line += fmt::format("{:>{}}", text, widths_[i]);
			else
				line += fmt::format("{:<{}}",
						    cut(text, widths_[i], c.text == domain),
						    widths_[i]);
		}
		fmt::print("{}\n", line.substr(0, line.find_last_not_of(' ') + 1));
	}

	std::vector<column> columns_;
	std::vector<const column *> shown_;
	std::vector<std::size_t> widths_;
};

} /* namespace */

void print_rows(const std::vector<ps_row> &rows, ps_by by)
{
	const table table(by, rows);
	ps_row sum = sum_of(rows);

	table.print_heading();
	for (const ps_row &row : rows)
		table.print(row);
	sum.domain = " ";
	if (by != ps_by::unit)
		sum.pids.clear();
	table.print(sum);
}

} /* namespace ksm */
