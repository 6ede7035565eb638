# SPDX-License-Identifier: GPL-2.0
# ksmtuned, its tests and its man pages; included by the Makefile of tools/mm/ksm.
sysconfdir ?= /etc
unitdir    ?= /usr/lib/systemd/system
mandir     ?= /usr/share/man

tuned     := $(OUTPUT)ksmtuned/
tuned_src := $(src)ksmtuned/
# What it shares with ksmctl
tuned_shared := $(addprefix $(OUTPUT),knobs.o ksmd.o sample.o text.o output.o suggest.o refusal.o \
		rules.o lib/sysfs.o)
tuned_objs   := $(patsubst $(src)%.cpp,$(OUTPUT)%.o,$(wildcard $(tuned_src)*.cpp))
tuned_libs   := -lprometheus-cpp-core -lsystemd

$(tuned)ksmtuned: $(tuned_objs) $(tuned_shared)
	$(CXX) $(CXXFLAGS) -o $@ $^ $(LDFLAGS) $(tuned_libs)

clean: clean-ksmtuned

clean-ksmtuned:
	$(RM) $(tuned_objs) $(tuned_objs:.o=.d) $(tuned)ksmtuned

.PHONY: clean-ksmtuned

-include $(tuned_objs:.o=.d)
