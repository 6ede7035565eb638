# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Sourced by what runs in the booted system: what is so, and where it is not, what is.

KSM=/sys/kernel/mm/ksm

knob_is() { [[ $(tee /dev/stderr <"$KSM/$1") == "$2" ]]; }

no_unit_failed() { [[ -z $(systemctl --failed --plain --no-legend | tee /dev/stderr) ]]; }

has_booted() { systemctl is-active multi-user.target; }
