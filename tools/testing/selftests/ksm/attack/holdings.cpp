// SPDX-License-Identifier: GPL-2.0
#include "attack/holdings.hpp"

#include <cerrno>
#include <cstring>
#include <random>
#include <system_error>

#include <sys/mman.h>

#include "attack/contents.hpp"
#include "attack/ticks.hpp"
#include "support/vm.hpp"

namespace ksm
{

namespace
{

/* Any value would do: it is the store that makes a merged page the writer's own. */
constexpr std::uint32_t stored = 1;

constexpr std::size_t pages_per_huge = huge_size / page_size;

/* Memory that a virtual machine uses, and its process does not. */
class guest_holdings final : public holdings
{
public:
	explicit guest_holdings(const shape &its) : holdings(its)
	{
		guest_.add_slot(vm::memory_slot, vm::memory_address, memory());
	}

	void use() override
	{
		std::vector<vm::byte_at> bytes;

		/* The guest writes what is there, so that it maps each page as one of its own. */
		for (std::size_t i = 0; i < count(); i++)
			bytes.push_back({address_of(page(i)), std::uint8_t(*page(i))});
		guest_.write_each(bytes);
	}
	std::uint64_t time_store(std::size_t index) override
	{
		return guest_.time_store(address_of(page(index)), stored);
	}
	std::uint64_t time_load(std::size_t index) override
	{
		return guest_.time_load(address_of(page(index)));
	}
	void touch_spare() override
	{
		if (!spare().empty())
			guest_.write(address_of(spare().front()), std::uint32_t(spare().size()),
				     page_size, stored);
	}

private:
	std::uint32_t address_of(const char *at) const
	{
		return vm::memory_address + std::uint32_t(at - memory().data());
	}

	vm guest_;
};

} /* namespace */

holdings::holdings(const shape &its)
{
	switch (its.lies) {
	case layout::pages:
		lay_side_by_side(its);
		break;
	case layout::vmas:
		lay_apart(its);
		break;
	case layout::huge_pages:
		lay_into_huge_pages(its);
		break;
	}
}

void holdings::lay_side_by_side(const shape &its)
{
	regions_.push_back(std::make_unique<region>(its.count + its.spare));
	for (std::size_t i = 0; i < its.count; i++)
		pages_.push_back(memory().page(i));
	for (std::size_t i = 0; i < its.spare; i++)
		spare_.push_back(memory().page(its.count + i));
}

/* Every other page may not be accessed, which keeps its neighbours from being one VMA. */
void holdings::lay_apart(const shape &its)
{
	regions_.push_back(std::make_unique<region>(2 * its.count));
	for (std::size_t i = 0; i < its.count; i++) {
		pages_.push_back(memory().page(2 * i));
		if (mprotect(memory().page(2 * i + 1), page_size, PROT_NONE))
			throw std::system_error(errno, std::generic_category(), "mprotect");
	}
}

void holdings::lay_into_huge_pages(const shape &its)
{
	std::mt19937 random(its.trial);

	for (std::size_t i = 0; i < its.count; i++) {
		regions_.push_back(
			std::make_unique<region>(pages_per_huge, region::pages_are::huge));
		regions_.back()->fill_unique(
			content_of(author::filler, its.trial, i * pages_per_huge));
		pages_.push_back(regions_.back()->page(random() % pages_per_huge));
	}
}

void holdings::offer() const
{
	for (const auto &each : regions_)
		each->mergeable();
}

std::uint64_t holdings::time_store(std::size_t index)
{
	auto *word = reinterpret_cast<volatile std::uint32_t *>(page(index));

	return ticks_of([=] { *word = stored; });
}

std::uint64_t holdings::time_load(std::size_t index)
{
	auto *word = reinterpret_cast<volatile std::uint32_t *>(page(index));

	return ticks_of([=] { (void)*word; });
}

void holdings::touch_spare()
{
	for (char *each : spare_)
		*reinterpret_cast<volatile std::uint32_t *>(each) = stored;
}

std::unique_ptr<holdings> make_holdings(holder who, const shape &its)
{
	if (who == holder::guest)
		return std::make_unique<guest_holdings>(its);
	return std::make_unique<holdings>(its);
}

} /* namespace ksm */
