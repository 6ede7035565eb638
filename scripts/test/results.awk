# SPDX-License-Identifier: GPL-2.0
#
# results.awk: from the table of programs and what the guest printed, one line per
# test: pass, fail or skip, its name, and why; separated by tabs. A program that
# was to be run and was not, or did not come to its end, is a failure.
#   awk -v kernel=prod -v pattern=. -f results.awk programs guest.log

function result(status, name, why) {
	gsub(/\t/, " ", name)
	gsub(/\t/, " ", why)
	lines[program] = lines[program] status "\t" kernel " " program (name == "" ? "" : ": " name) "\t" why "\n"
	failed += status == "fail"
}

function end_of_program(status,    how) {
	how = status == 124 || status == 137 ? "time-out" : "exit status " status
	if (plan >= 0 && seen < plan)
		result("fail", "", "ended after " seen " of " plan " tests: " how)
	else if (status != 0 && !failed && !(status == 4 && seen == skipped))
		result("fail", "", how (last == "" ? "" : ": " last))
	else if (seen == 0 && plan >= 0)
		result("fail", "", "ran no test")
	else if (plan < 0 && seen == 0)
		result(status == 0 ? "pass" : "skip", "", status == 0 ? "" : last)
}

# First the table: what should be run
FNR == NR {
	if ($0 !~ /^#/ && NF && ($3 == "all" || index("," $3 ",", "," kernel ",")) && $1 ~ pattern)
		wanted[++programs] = $1
	next
}

# A program that begins a second time was given another try: forget the first
/^#@ begin / {
	program = $3
	if (!(program in lines))
		order[++begun] = program
	lines[program] = last = complaint = ""
	plan = -1
	seen = skipped = failed = 0
	open = 1
	next
}
/^#@ end / {
	open = 0
	end_of_program($4)
	next
}
/^#@ verify / {
	if ($4 == "absent")
		result("skip", "ksm/verify after it", "there is no debugfs file ksm/verify")
	else
		result($4 == "ok" ? "pass" : "fail", "ksm/verify after it", $4 == "ok" ? "" : last)
	next
}
!open { last = $0; next }

/^1\.\.[0-9]+/ && plan < 0 {
	plan = substr($0, 4) + 0
	next
}
/^Bail out!/ {
	result("fail", "", $0)
	next
}
/^(not )?ok [0-9]+/ {
	bad = /^not /
	name = $0
	why = bad ? (complaint == "" ? last : complaint) : ""
	seen++
	sub(/^(not )?ok [0-9]+ *(- )?/, "", name)
	if (match(name, /# (SKIP|XFAIL)/)) {
		directive = substr(name, RSTART + 2, RLENGTH - 2)
		why = substr(name, RSTART + RLENGTH + 1)
		name = substr(name, 1, RSTART - 1)
		sub(/ +$/, "", name)
		if (name == "")
			name = why
		skipped++
		result("skip", name, directive == "SKIP" ? why : "expected to fail: " why)
	} else {
		result(bad ? "fail" : "pass", name, why)
	}
	last = complaint = ""
	next
}
{
	last = $0
	sub(/^# */, "", last)
	# GoogleTest says the place first, and what was expected on further lines
	if (complaint == "" && /^# [a-z_]+\.cpp:[0-9]+: /)
		complaint = last
}

END {
	if (open)
		result("fail", "", "the guest ended in the middle of it, after " seen " tests")
	for (i = 1; i <= begun; i++)
		printf "%s", lines[order[i]]
	for (i = 1; i <= programs; i++)
		if (!(wanted[i] in lines))
			print "fail\t" kernel " " wanted[i] "\tnot run: the guest ended before"
	if (!programs)
		print "fail\t" kernel "\tno program matches " pattern
}
