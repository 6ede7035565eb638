# SPDX-License-Identifier: GPL-2.0
# ksmtuned, its tests and its man pages; included by the Makefile of tools/mm/ksm.
sysconfdir ?= /etc
unitdir    ?= /usr/lib/systemd/system

tuned     := $(OUTPUT)ksmtuned/
tuned_src := $(src)ksmtuned/
# What it shares with ksmctl
tuned_shared := $(addprefix $(OUTPUT),knobs.o ksmd.o sample.o text.o output.o suggest.o refusal.o \
		rules.o utf8.o lib/sysfs.o lib/replace_file.o $(addprefix lib/proc/,pids.o process.o root.o vms.o))
tuned_objs   := $(patsubst $(src)%.cpp,$(OUTPUT)%.o,$(wildcard $(tuned_src)*.cpp))
tuned_tests  := $(patsubst $(src)%.cpp,$(OUTPUT)%.o,$(wildcard $(tuned_src)tests/*.cpp))
tuned_libs   := -lprometheus-cpp-core -lsystemd -lproc2

$(tuned)ksmtuned: $(tuned_objs) $(tuned_shared)
	$(CXX) $(CXXFLAGS) -o $@ $^ $(LDFLAGS) $(tuned_libs)

$(tuned)ksmtuned_test: $(filter-out $(tuned)main.o,$(tuned_objs)) $(tuned_shared) $(tuned_tests) \
		$(addprefix $(OUTPUT)tests/,fake_proc.o fake_sysfs.o program.o)
	$(CXX) $(CXXFLAGS) -o $@ $^ $(LDFLAGS) $(tuned_libs) -lgtest -lgtest_main -lutil -pthread

tests: $(tuned)ksmtuned $(tuned)ksmtuned_test

test: test-ksmtuned

test-ksmtuned: tests
	KSMTUNED=$(abspath $(tuned)ksmtuned) KSMTUNED_SOURCE=$(abspath $(tuned_src)) \
		$(tuned)ksmtuned_test

tuned_man  := $(if $(scdoc),$(tuned)ksmtuned.8 $(tuned)ksmtuned.conf.5)

$(tuned)%: $(tuned_src)man/%.scd
	@mkdir -p $(@D)
	$(scdoc) <$< >$@.new && mv $@.new $@

all: $(tuned_man)

install: install-ksmtuned

install-ksmtuned: $(tuned)ksmtuned $(tuned_man)
	install -D -m 755 $(tuned)ksmtuned $(DESTDIR)$(sbindir)/ksmtuned
	install -d $(DESTDIR)$(unitdir)
	sed 's|/usr/sbin/|$(sbindir)/|' $(src)ksm.service >$(DESTDIR)$(unitdir)/ksm.service
	sed 's|/usr/sbin/|$(sbindir)/|' $(tuned_src)ksmtuned.service >$(DESTDIR)$(unitdir)/ksmtuned.service
	install -D -m 644 $(tuned_src)ksmtuned.logrotate $(DESTDIR)$(sysconfdir)/logrotate.d/ksmtuned
	install -D -m 644 $(tuned_src)ksm.rules.yml $(DESTDIR)$(datadir)/ksmtuned/ksm.rules.yml
	@if [ -e $(DESTDIR)$(sysconfdir)/ksmtuned.conf ]; then \
		echo "$(DESTDIR)$(sysconfdir)/ksmtuned.conf is kept as it is"; \
	else \
		install -D -m 644 $(tuned_src)ksmtuned.conf $(DESTDIR)$(sysconfdir)/ksmtuned.conf; \
	fi
ifneq ($(scdoc),)
	install -D -m 644 $(tuned)ksmtuned.8 $(DESTDIR)$(mandir)/man8/ksmtuned.8
	install -D -m 644 $(tuned)ksmtuned.conf.5 $(DESTDIR)$(mandir)/man5/ksmtuned.conf.5
endif

clean: clean-ksmtuned

clean-ksmtuned:
	$(RM) $(tuned_objs) $(tuned_objs:.o=.d) $(tuned)ksmtuned $(tuned_man)
	$(RM) $(tuned_tests) $(tuned_tests:.o=.d) $(tuned)ksmtuned_test

.PHONY: test-ksmtuned install-ksmtuned clean-ksmtuned

-include $(tuned_objs:.o=.d) $(tuned_tests:.o=.d)
