# SPDX-License-Identifier: GPL-2.0
# Fuzzers of what reads files and words, by clang's libFuzzer; included by the Makefile.
#
#   make fuzz [FUZZ_SECONDS=60]   all of them, each for its part of that time
FUZZ_CXX     ?= clang++
FUZZ_SECONDS ?= 60

fuzz       := $(OUTPUT)fuzz/
fuzz_flags := -g -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined
fuzzers    := configuration parsers files words

# Each has a main file, what it is about, and words and an example for a beginning
configuration_parts := ksmtuned/fuzz/configuration suggest lib/sysfs $(addprefix ksmtuned/, \
		       arithmetic assignments duration settings shell_value)
configuration_dict  := $(src)ksmtuned/fuzz/configuration.dict
configuration_seed  := $(src)ksmtuned/ksmtuned.conf

parsers_parts := fuzz/parsers knobs utf8 lib/sysfs $(addprefix lib/proc/,amounts cgroups mappings pids process)
parsers_dict  := $(src)fuzz/parsers.dict
parsers_seed  := $(src)fuzz/parsers.txt $(src)fuzz/count.txt \
		 $(src)fuzz/stat.txt

files_parts := fuzz/files fuzz/tree cgroup_room chosen knobs ksmd pace_text preflight ps_rows sample text utf8 \
	       lib/sysfs $(addprefix lib/proc/,amounts cgroups domains mappings pids process root victims vms \
	       writers) $(addprefix watch/,bars frame panel savers)
files_dict  := $(parsers_dict)
files_seed  := $(parsers_seed)

# A search for leaks would need the real /proc
files_environment := ASAN_OPTIONS=detect_leaks=0

words_parts := fuzz/words fuzz/tree changes complaints knobs options ps_options refusal rules \
	       selection_options suggest text utf8 estimate/options lib/replace_file lib/sysfs \
	       $(addprefix persist/,files options unit) watch/options
words_dict  := $(src)fuzz/words.dict
words_seed  := $(src)fuzz/words.txt

fuzz_objs_of = $($(1)_parts:%=$(fuzz)%.o)
fuzz_objs   := $(foreach fuzzer,$(fuzzers),$(call fuzz_objs_of,$(fuzzer)))

$(fuzz)%.o: $(src)%.cpp
	@mkdir -p $(@D)
	$(FUZZ_CXX) $(CXXFLAGS) $(fuzz_flags) -fsanitize=fuzzer-no-link -c -o $@ $<

.SECONDEXPANSION:
$(fuzzers:%=$(fuzz)run-%): $(fuzz)run-%: $$(call fuzz_objs_of,$$*)
	$(FUZZ_CXX) $(fuzz_flags) -fsanitize=fuzzer -o $@ $^ -lproc2

# What it has found stays in $(OUTPUT)fuzz/corpus for the next time
$(fuzzers:%=fuzz-%): fuzz-%: $(fuzz)run-%
	@mkdir -p $(fuzz)corpus/$* $(fuzz)found
	cp $($*_seed) $(fuzz)corpus/$*/
	$($*_environment) $< -max_total_time=$$(($(FUZZ_SECONDS) / $(words $(fuzzers)) + 1)) -timeout=10 -max_len=4096 \
		-artifact_prefix=$(fuzz)found/$*- -dict=$($*_dict) $(fuzz)corpus/$*

fuzz: $(fuzzers:%=fuzz-%)

clean: clean-fuzz

clean-fuzz:
	$(RM) $(fuzz_objs) $(fuzz_objs:.o=.d) $(fuzzers:%=$(fuzz)run-%)

.PHONY: fuzz clean-fuzz $(fuzzers:%=fuzz-%)

-include $(fuzz_objs:.o=.d)
