/* SPDX-License-Identifier: GPL-2.0 */
/* A directory that looks like /sys/kernel/mm/ksm. */
#pragma once

#include <string>

#include <gtest/gtest.h>
#include <sys/stat.h>

namespace ksm
{

class fake_sysfs : public ::testing::Test
{
protected:
	fake_sysfs();
	~fake_sysfs() override;

	std::string path(const std::string &name = "") const;
	std::string text(const std::string &name) const;

	/* With mode 0644 for knobs and 0444 for counters. */
	void knob(const std::string &name, const std::string &text) { put(name, text, 0644); }
	void counter(const std::string &name, const std::string &text) { put(name, text, 0444); }
	void put(const std::string &name, const std::string &text, mode_t mode);

	void remove(const std::string &name);
	void clear();

	/* As it was before our replacement of KSM. */
	void make_old();

private:
	std::string dir_;
};

} /* namespace ksm */
