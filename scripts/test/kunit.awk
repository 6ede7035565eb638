# SPDX-License-Identifier: GPL-2.0
#
# kunit.awk: from the KTAP that a kernel printed, one line per KUnit case: pass,
# fail or skip, its name, and why; separated by tabs. Cases stand four blanks to
# the right, their parameters eight; only the cases are counted.

function result(status, name, why) {
	gsub(/\t/, " ", name)
	print status "\tkunit " name "\t" why
	count++
}

function end_of_suite() {
	if (suite != "" && seen < plan)
		result("fail", suite, "ended after " seen " of " plan " cases")
	suite = ""
}

{
	sub(/\r$/, "")
	# printk may put a time before the line
	sub(/^\[ *[0-9]+\.[0-9]+\] ?/, "")
}
/^    # Subtest: / {
	end_of_suite()
	suite = $3
	seen = plan = 0
	suites++
	next
}
/^    1\.\.[0-9]+/ && suite != "" {
	plan = substr($0, 8) + 0
	next
}
/^    (not )?ok [0-9]+/ && suite != "" {
	bad = /^    not /
	name = $0
	why = bad ? last : ""
	seen++
	sub(/^    (not )?ok [0-9]+ *(- )?/, "", name)
	if (match(name, / *# SKIP/)) {
		why = substr(name, RSTART + RLENGTH + 1)
		result("skip", suite "." substr(name, 1, RSTART - 1), why)
	} else {
		result(bad ? "fail" : "pass", suite "." name, why)
	}
	last = ""
	next
}
/^(not )?ok [0-9]+ / {
	end_of_suite()
	next
}
/^ +# / {
	# The first complaint says most; the lines after it are totals and the like
	if (last == "" && !/(pass|fail|skip):[0-9]/) {
		last = $0
		sub(/^ +# */, "", last)
	}
}

END {
	end_of_suite()
	if (!suites || !count)
		print "fail\tkunit\tno KUnit suite mm_ksm_* was run"
}
