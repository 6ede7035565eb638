// SPDX-License-Identifier: GPL-2.0
#include "attack/series.hpp"

#include <algorithm>
#include <chrono>
#include <stdexcept>

#include "attack/contents.hpp"
#include "support/child.hpp"
#include "support/pagemap.hpp"
#include "support/passes.hpp"
#include "support/region.hpp"

namespace ksm
{

namespace
{

using clock = std::chrono::steady_clock;

std::vector<bool> half_of(std::size_t count, std::mt19937_64 &random)
{
	std::vector<bool> halves(count);

	std::fill_n(halves.begin(), count / 2, true);
	std::shuffle(halves.begin(), halves.end(), random);
	return halves;
}

std::vector<std::uint64_t> frames_of(pid_t pid, const shared_array<std::uintptr_t> &pages)
{
	std::vector<std::uint64_t> numbers;

	for (const mapped_page &page : pagemap_of_each({pages.begin(), pages.end()}, pid))
		numbers.push_back(page.pfn());
	return numbers;
}

void note(const shared_array<std::uintptr_t> &where, std::size_t index, const char *page)
{
	where[index] = reinterpret_cast<std::uintptr_t>(page);
}

/* Passes until no page is left where its process was before it came to its domain. */
void pass_until_apart(stepper &ksmd)
{
	constexpr unsigned most = 32;

	for (unsigned pass = 0; has_knob("domain_pending") && knob("domain_pending"); pass++) {
		if (pass == most)
			throw std::runtime_error("domain_pending stays at " +
						 knob_text("domain_pending"));
		ksmd.pass();
	}
}

} /* namespace */

series::series(channel &what, const place &where, holder who, const attack_options &options)
	: channel_(what), place_(where), who_(who), options_(options),
	  size_(options.quick ? what.how_many_if_quick() : what.how_many()),
	  all_right_(half_of(size_.count, random_)), out_(size_.guesses, what.columns().size()),
	  guesses_(size_.guesses), spare_(what.spare_pages()), secrets_(size_.guesses)
{
	for (const column &one : what.columns())
		found_.columns.push_back({one, {}, {}});
}

findings series::run()
{
	while (found_.trials < size_.count)
		trial();
	found_.merged = right_guesses_ ? double(shared_) / double(right_guesses_) : 0;
	return found_;
}

void series::draw()
{
	if (channel_.is_of_all())
		right_.assign(size_.guesses, all_right_[found_.trials]);
	else
		right_ = half_of(size_.guesses, random_);
}

void series::hold_secrets(parent_link &parent) const
{
	parent.reach("started");
	auto mine = make_holdings(who_, {.count = size_.guesses});

	place_.enter(side::victim);
	for (std::size_t i = 0; i < mine->count(); i++) {
		fill_page(mine->page(i), content_of(author::victim, found_.trials, i));
		note(secrets_, i, mine->page(i));
	}
	mine->use();
	if (place_.victim_offers())
		mine->offer();
	parent.reach("offered");
}

void series::attack(parent_link &parent)
{
	parent.reach("started");
	auto mine = make_holdings(who_, {.lies = channel_.lies(),
					 .count = size_.guesses,
					 .spare = channel_.spare_pages(),
					 .trial = found_.trials});
	const attacker me = {*mine, place_.group(side::attacker), out_};

	place_.enter(side::attacker);
	for (std::size_t i = 0; i < mine->count(); i++) {
		const std::uint64_t secret = content_of(author::victim, found_.trials, i);

		if (right_[i])
			channel_.guess_right(mine->page(i), secret);
		else
			channel_.guess_wrong(mine->page(i), secret,
					     content_of(author::attacker, found_.trials, i));
		note(guesses_, i, mine->page(i));
	}
	for (std::size_t i = 0; i < mine->spare().size(); i++)
		note(spare_, i, mine->spare()[i]);
	mine->use();
	mine->offer();
	channel_.before(me);
	parent.reach("offered");
	channel_.measure(me);
	parent.reach("measured");
}

void series::keep(const frames &merged)
{
	for (std::size_t i = 0; i < size_.guesses; i++) {
		right_guesses_ += right_[i];
		shared_ += right_[i] && merged.guesses[i] && merged.guesses[i] == merged.secrets[i];
	}
	for (std::size_t column = 0; column < found_.columns.size(); column++) {
		column_samples &its = found_.columns[column];

		for (std::size_t i = 0; i < (channel_.is_of_all() ? 1 : size_.guesses); i++)
			(right_[i] ? its.matched : its.control).push_back(out_.get(i, column));
	}
}

/* The victim comes first, so that ksmd visits the attacker after it. */
void series::trial()
{
	stop_ksmd();
	unmerge_all();
	draw();

	const auto start = clock::now();
	child victim([this](parent_link &parent) { hold_secrets(parent); });

	place_.group(side::victim).take_in(victim);
	victim.await("offered");
	child attacker([this](parent_link &parent) { attack(parent); });

	place_.group(side::attacker).take_in(attacker);
	attacker.await("offered");
	auto look = [&] {
		return frames{
			frames_of(attacker.pid(), guesses_), {}, frames_of(victim.pid(), secrets_)};
	};
	const frames offered = look();
	stepper ksmd;

	for (unsigned pass = 0; pass < options_.passes; pass++)
		ksmd.pass();
	pass_until_apart(ksmd);
	frames merged = look();

	attacker.go_on("offered");
	attacker.await("measured");
	if (channel_.is_judged_by_root()) {
		merged.spare = frames_of(attacker.pid(), spare_);
		channel_.judge(offered, merged, out_);
	}
	found_.seconds += std::chrono::duration<double>(clock::now() - start).count();
	found_.trials++;
	keep(merged);
}

} /* namespace ksm */
