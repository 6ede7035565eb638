# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Sourced by the scripts that run tests in the guest.

# set_up_memory PAGES: swap, and so many huge pages for hugetlb
set_up_memory() {
	# Swapping out needs somewhere to go; compressed memory will do
	if echo 512M >/sys/block/zram0/disksize && mkswap /dev/zram0 >/dev/null; then
		swapon /dev/zram0 || echo "no swap: swapon failed"
	else
		echo "no swap: there is no zram0"
	fi
	echo "$1" >/proc/sys/vm/nr_hugepages || echo "no hugetlb pages"
}
