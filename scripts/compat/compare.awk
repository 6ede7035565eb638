# SPDX-License-Identifier: GPL-2.0
#
# compare.awk: what the programs said on base, and on ours. Prints the names of the
# programs that differ; with -v table=1 the table, and the differences.
#   awk -v table=1 -f compare.awk programs base ours [base-again ours-again base-ksm]
# A difference is a result of a test in any run on ours that no run on base has. It is
# KSM's doing, and not ours, where base with ksmd flat out differs in that program, too,
# and comes as little far in it: only without that the exit status is 1.
# They are listed by what was said: where ksmd comes in between, it is not the same
# test that meets it in each run.

BEGIN { FS = "\t" }

FNR == 1 {
	part = FILENAME
	sub(/.*\//, "", part)
	side = part ~ /^ours/ ? "ours" : part == "base-ksm" ? "before" : "base"
	have[side]
}
part == "programs" {
	split($0, word, " ")
	if ($0 !~ /^#/ && word[1] != "" && word[1] ~ pattern)
		order[++programs] = word[1]
	next
}
$2 == "#bail" { bail[side, $1] = $3 }
$2 ~ /^#/ {
	if (!((part, $1, $2) in value))
		value[part, $1, $2] = $3
	if ($2 == "#status")
		runs[side, $1]++
	next
}
{
	if (!(($1, $2) in title)) {
		test[$1, ++tests[$1]] = $2
		title[$1, $2] = $4
	}
	if ($3 != "skip" && $4 != "")
		title[$1, $2] = $4
	times[side, $1, $2, $3]++
	seen[side, $1, $2]++
	why[side, $1, $2, $3] = $5
	if (!((part, $1, "#status") in value))
		count[part, $1, $3]++
}

function unlike_base(side, program, key, what) {
	return times[side, program, key, what] > 0 && times["base", program, key, what] == 0
}

# note(...): put the odd results of this test with their like
function note(side, program, key, what,    g) {
	g = program SUBSEP what SUBSEP why[side, program, key, what]
	if (side == "ours" && !(g in example)) {
		groups[program] = groups[program] (groups[program] == "" ? "" : "\n") g
		example[g] = key (title[program, key] == "" ? "" : " " title[program, key])
	}
	odd[side, g] += times[side, program, key, what]
	differs[side, program] = 1
}

function because(side, program) { return bail[side, program] == "" ? "" : " (" bail[side, program] ")" }
function runs_of(n) { return n == 1 ? "1 run" : n + 0 " runs" }

function counts(part, program) {
	if (!((part, program, "#status") in value))
		return "not run"
	return count[part, program, "pass"] + 0 "/" count[part, program, "fail"] + 0 "/" count[part, program, "skip"] + 0
}

function describe(program,    list, n, i, g, words, text) {
	n = split(groups[program], list, "\n")
	for (i = 1; i <= n; i++) {
		g = list[i]
		split(g, words, SUBSEP)
		text = text sprintf("DIFFERS: %s: %s%s: %d times in %s%s\n    such as %s\n", program, words[2],
			words[3] == "" ? "" : " (" words[3] ")", odd["ours", g], runs_of(runs["ours", program]),
			"before" in have ? sprintf("; on base with ksmd flat out %d times in %s", odd["before", g], runs_of(runs["before", program])) : "",
			example[g])
	}
	return text
}

END {
	split("pass fail skip", results, " ")
	if (table)
		printf "%-21s %-12s %-12s %-9s %8s %8s  %s\n", "passed/failed/skipped", "base", "ours", "same", "passes", "copied", "seconds"
	for (p = 1; p <= programs; p++) {
		program = order[p]
		flickers = lost = lost_before = 0
		for (i = 1; i <= tests[program]; i++) {
			key = test[program, i]
			for (r = 1; r <= 3; r++)
				for (s in have)
					if (s != "base" && unlike_base(s, program, key, results[r]))
						note(s, program, key, results[r])
			if (seen["base", program, key] == runs["base", program]) {
				lost += seen["ours", program, key] < runs["ours", program]
				lost_before += seen["before", program, key] < runs["before", program]
			}
			for (r = 1; r <= 3; r++)
				flickers += times["base", program, key, results[r]] > 0 && times["base", program, key, results[r]] < runs["base", program]
		}
		text = describe(program)
		if (lost)
			text = text sprintf("DIFFERS: %s: %d tests not reached in each run%s%s\n", program, lost, because("ours", program),
				"before" in have ? sprintf("; on base with ksmd flat out %d%s", lost_before, because("before", program)) : "")
		if (runs["base", program] == 0 || runs["ours", program] == 0)
			text = text "DIFFERS: " program ": did not come to its end on " (runs["ours", program] == 0 ? "ours" : "base") "\n"
		if (lost_before)
			differs["before", program] = 1
		as_before = differs["before", program] && runs["ours", program] > 0 && (!lost || lost_before)
		differing += text != ""
		alone += text != "" && !as_before
		if (text != "" && !table)
			print program
		if (!table)
			continue
		all = all text
		printf "%-21s %-12s %-12s %-9s %8s %8s  %s, %s\n", program, counts("base", program), counts("ours", program),
			text != "" ? as_before ? "with KSM" : "NO" : flickers ? "flickers" : "yes",
			value["ours", program, "#passes"], value["ours", program, "#cow"],
			value["base", program, "#seconds"], value["ours", program, "#seconds"]
		total += count["base", program, "pass"] + count["base", program, "fail"] + count["base", program, "skip"]
	}
	if (table) {
		printf "\n%s%d programs, %d tests; %d programs differ, %d of them not on base with ksmd flat out\n", all, programs, total, differing, alone + 0
		exit alone > 0
	}
}
