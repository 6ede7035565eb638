// SPDX-License-Identifier: GPL-2.0
/*
 * Where contents are compared to find equal ones, the time that ksmd takes tells how much of
 * a guess is right: a secret can be guessed word by word. Here a right guess differs from its
 * secret in the last word, a wrong one in the first.
 */
#include "attack/channels.hpp"
#include "support/passes.hpp"
#include "support/region.hpp"

namespace ksm
{

namespace
{

class ksmd_time final : public channel
{
public:
	std::vector<column> columns() const override { return {{"A12 ksmd", "ns"}}; }
	trials how_many() const override { return {64, 400}; }
	trials how_many_if_quick() const override { return {64, 64}; }
	bool is_of_all() const override { return true; }

	void guess_right(char *page, std::uint64_t secret) const override
	{
		change(page, secret, words_per_page - 1);
	}
	void guess_wrong(char *page, std::uint64_t secret, std::uint64_t) const override
	{
		change(page, secret, 0);
	}

	/* Everybody may read how much CPU time any process has used. */
	void before(const attacker &) override { before_ = ksmd_cpu_ns(); }
	void measure(const attacker &me) override
	{
		me.out.put(0, 0, double(ksmd_cpu_ns() - before_));
	}

private:
	static void change(char *page, std::uint64_t secret, std::size_t word)
	{
		fill_page(page, secret);
		reinterpret_cast<std::uint64_t *>(page)[word] = ~word_of(secret, word);
	}

	unsigned long long before_ = 0;
};

} /* namespace */

std::unique_ptr<channel> time_of_ksmd()
{
	return std::make_unique<ksmd_time>();
}

} /* namespace ksm */
