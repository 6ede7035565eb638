/* SPDX-License-Identifier: GPL-2.0 */
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "attack/channel.hpp"

namespace ksm
{

/* All channels, in the order in which they are tried. */
struct channel_entry {
	const char *name; /* on the command line */
	const char *what;
	std::unique_ptr<channel> (*make)();
};

const std::vector<channel_entry> &channels();

/* access.cpp: the time that one access takes. */
std::unique_ptr<channel> time_of_store();
std::unique_ptr<channel> time_of_load();
std::unique_ptr<channel> time_of_prefetch();

/* counters.cpp: what the kernel counts for everybody to read. */
std::unique_ptr<channel> own_faults();
std::unique_ptr<channel> copies_in_vmstat();
std::unique_ptr<channel> counters_of_all();

/* huge.cpp */
std::unique_ptr<channel> huge_page_split();

/* frames.cpp: the frames that pages are in, by root's account. */
std::unique_ptr<channel> frame_kept();
std::unique_ptr<channel> frame_reused();

/* scanner.cpp */
std::unique_ptr<channel> time_of_ksmd();

/* unmapping.cpp: the time that it takes to give a page back. */
std::unique_ptr<channel> time_of_munmap();
std::unique_ptr<channel> time_of_dontneed();

/* mapping.cpp: what a process is told about its own pages. */
std::unique_ptr<channel> refusal_of_move_pages();
std::unique_ptr<channel> exclusive_in_pagemap();
std::unique_ptr<channel> sizes_in_smaps();

} /* namespace ksm */
