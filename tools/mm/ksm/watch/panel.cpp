// SPDX-License-Identifier: GPL-2.0
#include "watch/panel.hpp"

#include <algorithm>

#include "format.hpp"
#include "text.hpp"
#include "utf8.hpp"
#include "watch/bars.hpp"

namespace ksm
{
namespace
{

constexpr std::size_t label = 9; /* of a line, and of the chart */
constexpr std::size_t least_chart = 3, most_chart = 8;

class page
{
public:
	page(const frame &frame, std::size_t columns, std::size_t rows)
		: frame_(frame), columns_(columns), rows_(rows)
	{
	}

	std::vector<panel_line> lines()
	{
		add_figures();
		if (lines_.size() < rows_ && frame_.figures.saved_bytes)
			add_history();
		if (lines_.size() < rows_)
			add_savers();
		for (panel_line &line : lines_)
			line.text = cut(line.text);
		lines_.resize(std::min(lines_.size(), rows_));
		return std::move(lines_);
	}

private:
	/* It is ASCII, but for names, which may be cut between two characters only. */
	std::string cut(std::string text) const
	{
		while (characters(text) > columns_) {
			while ((text.back() & 0xc0) == 0x80)
				text.pop_back();
			text.pop_back();
		}
		return text;
	}

	void add(const char *name, const std::string &text, bool bold = false)
	{
		lines_.push_back({fmt::format("{:<{}}{}", name, label, text), bold});
	}

	/* The text, and a bar in what is left of the line. */
	std::string with_bar(const std::string &text, double part) const
	{
		constexpr std::size_t least = 10;
		const std::size_t used = label + text.size() + 2;

		if (used + least > columns_)
			return text;
		return text + "  " + bar(part, columns_ - used);
	}

	void add_title()
	{
		static constexpr const char *end = "q quits";
		const std::string state = state_text();
		const std::size_t used = label + state.size() + std::string_view(end).size();

		add("ksmd",
		    state + (used < columns_ ? std::string(columns_ - used, ' ') + end
					     : std::string()),
		    true);
	}

	std::string state_text() const
	{
		if (!frame_.figures.run)
			return "-";
		switch (*frame_.figures.run) {
		case 0:
			return "stopped, what is merged stays merged";
		case 1:
			return "running";
		case 2:
			return "stopped, everything is unshared";
		default:
			return "waiting for memory to go offline";
		}
	}

	void add_saved()
	{
		const auto saved = frame_.figures.saved_bytes;

		if (!saved || !frame_.memory || !*frame_.memory) {
			add("saved", bytes_text(saved));
			return;
		}
		const double part = double(*saved) / double(*frame_.memory);
		add("saved", with_bar(fmt::format("{}, {:.1f} % of all memory", bytes_text(saved),
						  100 * part),
				      part));
	}

	void add_pages()
	{
		const sample &now = frame_.figures;
		const std::vector<share> shares = {{'=', now.shared.value_or(0)},
						   {'#', now.sharing.value_or(0)},
						   {'0', now.zero_pages.value_or(0)},
						   {'.', now.unshared.value_or(0)},
						   {'~', now.volatile_pages.value_or(0)}};
		const auto short_text = [](sample::count count) { return short_count(count, 6); };

		if (columns_ > label)
			add("pages", stacked_bar(shares, columns_ - label));
		add("", fmt::format("= {} shared, # {} sharing, 0 {} zero", short_text(now.shared),
				    short_text(now.sharing), short_text(now.zero_pages)));
		add("", fmt::format(". {} unshared, ~ {} volatile", short_text(now.unshared),
				    short_text(now.volatile_pages)));
	}

	void add_trees()
	{
		const auto short_text = [](sample::count count) { return short_count(count, 4); };
		const std::string text =
			fmt::format("{} stable, {} dups in {} chains, {} unstable",
				    short_text(frame_.figures.shared), short_text(frame_.dups),
				    short_text(frame_.chains), short_text(frame_.figures.unshared));
		const std::string stale =
			frame_.stale ? fmt::format(", {} % stale", *frame_.stale) : "";

		add("trees", label + text.size() + stale.size() <= columns_ ? text + stale : text);
	}

	void add_figures()
	{
		const auto &cpu = frame_.cpu;

		add_title();
		add("pace", frame_.pace);
		add_saved();
		add("cost", fmt::format("{}, profit {}", bytes_text(frame_.cost),
					bytes_text(frame_.profit)));
		add("cpu",
		    cpu ? with_bar(fmt::format("{:.1f} % of one CPU", *cpu), *cpu / 100) : "-");
		add("passes", passes_text(frame_.figures.full_scans, frame_.pass));
		add_pages();
		add_trees();
		/* Older kernels have no domains. */
		if (frame_.pending)
			add("pending", fmt::format("{} pages of domains that were left",
						   count_text(frame_.pending)));
	}

	void add_history()
	{
		const std::size_t left = rows_ - lines_.size();
		const std::size_t height =
			std::clamp(left / 2, std::min(left, least_chart), most_chart);
		const std::size_t width = columns_ > label ? columns_ - label : 0;
		const std::vector<std::string> chart = column_chart(frame_.history, width, height);
		const std::size_t shown = std::min(frame_.history.size(), width);
		const auto most =
			shown ? *std::max_element(frame_.history.end() - std::ptrdiff_t(shown),
						  frame_.history.end())
			      : 0;
		for (std::size_t row = 0; row < height; row++)
			add(row == 0		? short_bytes(most).c_str()
			    : row + 1 == height ? "0"
						: "",
			    chart[row]);
	}

	static std::string short_bytes(std::int64_t bytes)
	{
		const std::string text = bytes_text(bytes);

		/* "1023.9 GiB" is too long. */
		return text.size() < label
			       ? text
			       : text.substr(0, text.find('.')) + text.substr(text.find(' '));
	}

	void add_savers()
	{
		const std::size_t left = rows_ - lines_.size();
		std::size_t shown = 0;

		lines_.push_back(
			{fmt::format("{:>7} {:>10} {:>8}  {}", "pid", "saved", "merged", "process"),
			 true});
		for (const saver &saver : frame_.savers.all) {
			if (++shown >= left)
				break;
			lines_.push_back({fmt::format(
				"{:>7} {:>10} {:>8}  {}", saver.pid, bytes_text(saver.saved),
				short_count(saver.merged, 8), printable(saver.name))});
		}
		if (shown + 1 < left && frame_.savers.hidden)
			lines_.push_back({fmt::format("{} processes are hidden: run ksmctl as root",
						      frame_.savers.hidden)});
	}

	const frame &frame_;
	std::size_t columns_;
	std::size_t rows_;
	std::vector<panel_line> lines_;
};

} /* namespace */

std::vector<panel_line> panel(const frame &frame, std::size_t columns, std::size_t rows)
{
	return page(frame, columns, rows).lines();
}

} /* namespace ksm */
