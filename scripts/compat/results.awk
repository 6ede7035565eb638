# SPDX-License-Identifier: GPL-2.0
#
# results.awk: from what the guest printed, one line per test: program, key, pass
# or fail or skip, name, and why; separated by tabs. What is known of a run as a
# whole follows its tests: #bail (why it stopped early), #seconds, #passes (of ksmd,
# meanwhile), #cow (KSM pages that were copied on a write), and last #status. A
# program that ran more than once has its lines more than once.

function clean(text) {
	gsub(/\033\[[0-9]*m/, "", text)
	# Of a line that was written over and over, the last
	sub(/.*\r/, "", text)
	gsub(/[\t\r ]+/, " ", text)
	sub(/^[# ]+/, "", text)
	sub(/ $/, "", text)
	return text
}

function result(key, what, name, why) {
	print program "\t" key "\t" what "\t" clean(name) "\t" (what == "pass" ? "" : clean(why))
	seen++
	failed += what == "fail"
}

# khugepaged and uffd-unit-tests say what they begin, and later how it went
function end_of_test(what, why) {
	if (test != "")
		result(test, what, "", why)
	test = verdict = complaint = ""
}

/^#@ begin / {
	program = $3
	test = verdict = complaint = context = bail = last = ""
	seen = failed = 0
	next
}
/^#@ end / {
	status = $4
	seconds = $5
	# With a status that no failure explains, it ended in the middle of this one
	if (test != "" && (verdict == "" || (verdict != "fail" && !failed && status != 0)))
		end_of_test("fail", last)
	else
		end_of_test(verdict, complaint)
	if (!seen)
		result("(exit status)", status == 0 ? "pass" : status == 4 ? "skip" : "fail", "", last)
	if (bail == "" && (status == 124 || status == 137))
		bail = "time-out"
	next
}
/^#@ ksmd / {
	if (bail != "")
		print program "\t#bail\t" bail
	print program "\t#seconds\t" seconds
	print program "\t#passes\t" $4
	print program "\t#cow\t" $5
	print program "\t#status\t" status
	program = ""
	next
}
program == "" { next }

/^Bail out!/ {
	bail = $0
	sub(/# Totals.*/, "", bail)
	bail = clean(bail)
	next
}

# KTAP: the number is the key, since names repeat, and change where a test is skipped
/^(not )?ok [0-9]+/ {
	what = /^not / ? "fail" : /# (SKIP|XFAIL)/ ? "skip" : "pass"
	name = why = $0
	sub(/^(not )?ok /, "", name)
	number = name + 0
	sub(/^[0-9]+ */, "", name)
	if (what == "skip")
		sub(/.*# (SKIP|XFAIL) */, "", why)
	else
		why = name
	result(number, what, name (context == "" ? "" : " (" context ")"), why)
	next
}
/^# \[(RUN|INFO)\]/ {
	context = $0
	sub(/^# \[[A-Z]+\] */, "", context)
}

# khugepaged: green, red and yellow words, several to a test
/^Run test: / {
	end_of_test(verdict == "" ? "fail" : verdict, complaint)
	test = substr($0, 11)
	next
}
# Said at each end, good or bad.  It breaks off in the middle of a line, without a colour.
/^Restore THP and khugepaged settings/ {
	end_of_test(last ~ /\033\[/ ? verdict : "fail", last)
	next
}
/\033\[31m/ {
	if (verdict != "fail")
		complaint = $0
	verdict = "fail"
}
/\033\[33m/ {
	if (verdict == "" || verdict == "pass") {
		verdict = "skip"
		complaint = $0
	}
}
/\033\[32m/ { if (verdict == "") verdict = "pass" }

# uffd-unit-tests
/^Testing .*\.\.\. / {
	end_of_test("fail", last)
	test = $0
	sub(/^Testing /, "", test)
	sub(/\.\.\. .*/, "", test)
}
test != "" && /(^|\.\.\. )done$/ { end_of_test("pass") }
test != "" && /(^|\.\.\. )skipped \[/ { end_of_test("skip", substr($0, index($0, "["))) }
test != "" && /(^|\.\.\. )failed \[/ { end_of_test("fail", substr($0, index($0, "["))) }
/./ { last = $0 }
