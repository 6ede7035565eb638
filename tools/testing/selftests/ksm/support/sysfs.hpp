/* SPDX-License-Identifier: GPL-2.0 */
#pragma once

#include <map>
#include <string>

#include "lib/sysfs.hpp"

namespace ksm
{

/* The files of /sys/kernel/mm/ksm. */
std::string knob_path(const std::string &name);
bool has_knob(const std::string &name);
std::string knob_text(const std::string &name);
long knob(const std::string &name);
int try_knob(const std::string &name, const std::string &value);
void set_knob(const std::string &name, const std::string &value);
void set_knob(const std::string &name, long value);

/* Empty if KSM can be tested here, else the reason why not. */
std::string why_not_here();

/* Puts every knob back, after unmerging all, whatever the test did. */
class saved_knobs
{
public:
	saved_knobs();
	~saved_knobs();
	saved_knobs(const saved_knobs &) = delete;
	saved_knobs &operator=(const saved_knobs &) = delete;

	std::string value(const std::string &name) const;

private:
	std::map<std::string, std::string> values_;
};

/* A knob that has another value while this lives. */
class other_knob
{
public:
	other_knob(const std::string &name, const std::string &value);
	~other_knob();
	other_knob(const other_knob &) = delete;
	other_knob &operator=(const other_knob &) = delete;

private:
	std::string name_, before_;
};

/* A small file that has another value while this lives, if it is there at all. */
class other_value
{
public:
	other_value(const std::string &path, const std::string &value);
	~other_value();
	other_value(const other_value &) = delete;
	other_value &operator=(const other_value &) = delete;

private:
	std::string path_, before_;
};

struct counters {
	long shared;
	long sharing;
	long unshared;
	long unstable; /* pages_volatile */
	long zero;
	long chains;
	long dups;
	long full_scans;

	static counters read();
	long tracked() const { return shared + sharing + unshared + unstable; }
};

} /* namespace ksm */
