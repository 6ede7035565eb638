# SPDX-License-Identifier: GPL-2.0
#
# From nothing to a running kernel. Everything made is under build/; 'make help'
# lists the targets. The work is done by scripts/, each usable by hand.

# What 'make menuconfig' keeps: defaults of the variables that follow
-include .config

KSRC  ?=
JOBS  ?= $(shell nproc)
LLVM  ?=
CPUS  ?= $(or $(CONFIG_CPUS),2)
MEM   ?= $(filter-out 0,$(CONFIG_MEM))
ACCEL ?= $(CONFIG_ACCEL:"%"=%)
FLAVOUR ?= $(or $(CONFIG_FLAVOUR:"%"=%),prod)
WORKLOAD ?=
GUEST_PAGES ?=
NAMES ?=
SCENARIO ?=
PAGES ?=
COMPILERS ?=
CONFIG ?= $(CONFIG_DEB:"%"=%)
QUICK ?=
SIGNOFF ?=
export KSRC JOBS LLVM CPUS MEM ACCEL WORKLOAD GUEST_PAGES COMPILERS QUICK SIGNOFF

# One kernel after the other: each uses all processors anyway
.NOTPARALLEL:
.DEFAULT_GOAL := help

FLAVOURS := prod debug base um um-prod um-base
KERNELS  := build/prod/bzImage build/debug/bzImage build/base/bzImage \
	    build/um/linux build/um-prod/linux build/um-base/linux

.PHONY: help run shell test test-quick bench bench-quick attack attack-quick pressure thp-report coexist compat check configs
.PHONY: menuconfig deb deb-tools deb-check series series-check
.PHONY: selftests tree clean FORCE
FORCE:

$(KERNELS): build/%: FORCE
	@scripts/packages.sh kernel
	@scripts/build.sh $(firstword $(subst /, ,$*))

$(FLAVOURS:%=kernel-%): kernel-%: FORCE
	@scripts/packages.sh kernel
	@scripts/build.sh $*

menuconfig:
	@scripts/packages.sh kernel menuconfig
	@scripts/menuconfig.sh

tree:
	@scripts/packages.sh kernel
	@scripts/tree.sh

run: build/$(FLAVOUR)/bzImage
	@scripts/packages.sh boot demo
	@KERNEL=build/$(FLAVOUR)/bzImage scripts/demo.sh

shell: build/$(FLAVOUR)/bzImage
	@scripts/packages.sh boot
	@scripts/boot.sh -k $(FLAVOUR) -x -9 -c $(CPUS) -m $(or $(MEM),1024)

selftests:
	@scripts/packages.sh kernel selftests
	@scripts/selftests.sh

test:
	@scripts/packages.sh kernel boot selftests tools
	@scripts/test.sh

test-quick:
	@scripts/packages.sh kernel boot selftests tools
	@scripts/test.sh --quick

compat:
	@scripts/packages.sh kernel boot selftests demo
	@scripts/compat.sh

check:
	@scripts/packages.sh kernel check
	@scripts/check.sh

bench:
	@scripts/packages.sh kernel boot selftests demo bench
	@scripts/bench.sh $(if $(PAGES),-p $(PAGES)) $(SCENARIO)

bench-quick:
	@scripts/packages.sh kernel boot selftests bench
	@scripts/bench.sh -q

attack:
	@scripts/packages.sh kernel boot selftests bench
	@scripts/attack.sh

attack-quick:
	@scripts/packages.sh kernel boot selftests bench
	@scripts/attack.sh -q

pressure:
	@scripts/packages.sh kernel boot selftests
	@scripts/pressure.sh

thp-report:
	@scripts/packages.sh kernel boot demo
	@scripts/thp_report.sh

coexist:
	@scripts/packages.sh kernel boot selftests tools
	@KSM_COEXIST_SECONDS=$${KSM_COEXIST_SECONDS:-300} scripts/test.sh --on prod --on debug --only '^coexistence_test$$'

configs:
	@scripts/packages.sh kernel configs
	@scripts/configs.sh $(NAMES)

deb:
	@scripts/packages.sh kernel deb
	@scripts/deb.sh $(CONFIG)

deb-tools:
	@scripts/packages.sh deb-tools
	@scripts/deb_tools.sh

deb-check: deb deb-tools
	@scripts/packages.sh deb-check
	@scripts/deb_check.sh

series:
	@scripts/packages.sh kernel series
	@scripts/series.sh mails

series-check:
	@scripts/packages.sh kernel boot series
	@scripts/series.sh check $(NAMES)

clean:
	rm -rf build

help:
	@echo 'Targets (each may be called alone; a second call with nothing changed does nothing):'
	@echo '  run                 build prod, boot it, and watch real programs merge'
	@echo '                      (WORKLOAD=processes or WORKLOAD=guests: one part only;'
	@echo '                      GUEST_PAGES=small: 4 KiB pages behind the guests, not 2 MiB)'
	@echo '  shell               a shell in the guest, with the programs of this machine'
	@echo '  test                KUnit, tools, selftests on prod, with shadow pages, and on debug'
	@echo '  test-quick          KUnit, tools, and the selftests on prod'
	@echo '  compat              upstream'"'"'s other mm selftests, with KSM off and with ksmd flat out'
	@echo '  bench               what KSM costs, here and on the unmodified kernel: table and plots'
	@echo '                      (SCENARIO="x y", PAGES=n: these only, so many pages)'
	@echo '  bench-quick         ours only, against the figures on record; fails if one is worse'
	@echo '  attack              what can be learned through KSM, here in each mode and on the unmodified'
	@echo '                      kernel: table and plots; fails if a channel is open that should not be'
	@echo '  attack-quick        the same with fewer samples'
	@echo '  pressure            how much memory is written before somebody is killed, on both kernels'
	@echo '  thp-report          what each thp_split_threshold saves, and what it leaves in huge pages'
	@echo '  coexist             swap, balloon, khugepaged, DAMON... at once beside ksmd, on prod and on debug,'
	@echo '                      for five minutes each (KSM_COEXIST_SECONDS=n: for so long)'
	@echo '  check               checkpatch, W=1, sparse, rooms, kernel-doc, shellcheck, clang-format, fuzzing'
	@echo '  configs             compile mm/ without NUMA, without SWAP, for arm64..., by gcc and by clang'
	@echo '                      (NAMES="no-numa arm64", COMPILERS=gcc: these only; QUICK=1: only our files)'
	@echo '  deb                 Debian packages of the kernel, image and headers, in build/deb'
	@echo '                      (CONFIG=local|cloud|debian|file: this machine'"'"'s configuration, trimmed;'
	@echo '                      those of Debian for clouds and for any machine; your own)'
	@echo '  deb-tools           the Debian package of ksmctl and ksmtuned, in build/deb-tools'
	@echo '  deb-check           install all of these into a Debian in QEMU, boot the kernel, use the'
	@echo '                      tools, and purge them'
	@echo '  series              the patch series to mail, with cover letters, in build/series (SIGNOFF=1)'
	@echo '  series-check        apply it mail by mail: checkpatch, compile, boot where behaviour changes'
	@echo '                      (NAMES="10-fixes": these series only)'
	@echo '  build/prod/bzImage  the kernel, configured as a distribution would where mm cares'
	@echo '  build/debug/bzImage the same with KASAN, lockdep, DEBUG_VM, fault injection'
	@echo '  build/base/bzImage  the unmodified kernel with the configuration of prod'
	@echo '  build/um/linux      User Mode Linux with KUnit'
	@echo '  build/um-prod/linux, build/um-base/linux  the two without: native times of ours and base'
	@echo '  selftests           build the selftests, ours and upstream'"'"'s own, in build/selftests'
	@echo '  tree                bring build/tree up to date: base + our files + patches'
	@echo '  menuconfig          choose what debug checks, which kernel run and shell boot, the size'
	@echo '                      of the guest and its accelerator; kept in .config'
	@echo '  clean               remove build/'
	@echo 'Variables:'
	@echo '  KSRC=directory      a v6.12.y tree to use instead of the Debian package linux-source-6.12'
	@echo '  JOBS=n              parallel jobs (all processors)'
	@echo '  LLVM=1              build with clang and lld'
	@echo '  CPUS=n MEM=MiB      size of the guest (run, shell, test)'
	@echo '  FLAVOUR=prod|debug|base  the kernel of run and shell (prod)'
	@echo '  ACCEL=tcg|kvm       how QEMU runs the guest (kvm where it works, else tcg)'
