/* SPDX-License-Identifier: GPL-2.0 */
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "support/region.hpp"

namespace ksm
{

/* Whether a side uses its memory itself, or a virtual machine of its own does. */
enum class holder { process, guest };

/* How pages lie: side by side, each in a VMA of its own, or each in a huge page of its own. */
enum class layout { pages, vmas, huge_pages };

struct shape {
	layout lies = layout::pages;
	std::size_t count;
	std::size_t spare = 0; /* pages that are left alone until touch_spare() */
	unsigned trial = 0;    /* what fills the rest of huge pages is not that of other trials */
};

/* The memory of one side, in its process, and how that side gets at it. */
class holdings
{
public:
	explicit holdings(const shape &its);
	virtual ~holdings() = default;
	holdings(const holdings &) = delete;
	holdings &operator=(const holdings &) = delete;

	std::size_t count() const { return pages_.size(); }
	char *page(std::size_t index) const { return pages_[index]; }
	const std::vector<char *> &spare() const { return spare_; }

	/* Once the pages have their contents: a guest maps them, as it writes to them. */
	virtual void use() {}
	void offer() const;
	virtual std::uint64_t time_store(std::size_t index);
	virtual std::uint64_t time_load(std::size_t index);
	/* Takes the spare pages from the kernel. */
	virtual void touch_spare();

protected:
	const region &memory() const { return *regions_.front(); }

private:
	void lay_side_by_side(const shape &its);
	void lay_apart(const shape &its);
	void lay_into_huge_pages(const shape &its);

	std::vector<std::unique_ptr<region>> regions_;
	std::vector<char *> pages_;
	std::vector<char *> spare_;
};

/* Root only, if it is for a guest, as it opens /dev/kvm. */
std::unique_ptr<holdings> make_holdings(holder who, const shape &its);

} /* namespace ksm */
