/* SPDX-License-Identifier: GPL-2.0 */
#pragma once

#include <cstddef>
#include <memory>

#include "support/child.hpp"
#include "support/filler.hpp"
#include "support/fixture.hpp"
#include "support/region.hpp"

namespace ksm
{

/* Tests for which the machine has little memory left, while ksmd sleeps. */
class pressure : public ksm_test
{
protected:
	/* In pages: what is left of the machine. */
	static constexpr std::size_t left = (128 << 20) / page_size;

	void prepare() override;
	void TearDown() override;
	static void TearDownTestSuite();
	/* The machine has all its memory again; the next test takes it away again. */
	static void give_memory_back();

	/* Offers and writes so many pages of a few contents, or of as many, and looks at them. */
	static child::body writer(std::size_t pages, std::size_t contents);
	/* Writes until it is killed. */
	static child::body unique_writer();

	void expect_killed(child &each) const;
	/* Nobody is killed, where ksmd is as fast as it is to be. */
	static void expect_alive(child &each);
	void expect_nobody_killed(long least_freed) const;

	long runs_before() const { return runs_; }

private:
	static inline std::unique_ptr<full_machine_filler> filler_; /* it takes long */
	long killed_ = 0, runs_ = 0, freed_ = 0;
};

} /* namespace ksm */
