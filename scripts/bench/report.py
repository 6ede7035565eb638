#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What came of the benchmark: tables, data for the plots, and the record.

report.py report DIR             DIR/{base,prod}.lines -> report.json, report.md, *.dat
report.py compare LINES RECORD   non-zero status if a figure got worse by over 2 %
report.py record LINES RECORD    put the figures on record
"""

import datetime
import json
import sys

TOLERANCE = 1.02


def read(path):
    with open(path, encoding="ascii") as lines:
        return {(r["scenario"], r["pages"]): r for r in map(json.loads, lines)}


def counters(row):
    names = ("pages_shared", "pages_sharing", "pages_unshared", "pages_volatile",
             "ksm_zero_pages")
    return "/".join(str(row[name]) for name in names)


def markdown(rows, pages):
    yield f"Instructions per page, {pages} pages; shared/sharing/unshared/volatile/zero"
    yield ""
    yield "| scenario | base | ours | base/ours | passes | base, at the end | ours, at the end |"
    yield "|---|---:|---:|---:|---:|---|---|"
    for (name, at), base, ours in rows:
        if at != pages:
            continue
        ratio = base["ns_per_page"] / ours["ns_per_page"]
        yield (f"| {name} | {base['ns_per_page']:,.0f} | {ours['ns_per_page']:,.0f} "
               f"| {ratio:,.2f} | {base['passes']}, {ours['passes']} "
               f"| {counters(base)} | {counters(ours)} |")


def report(directory):
    base, ours = read(f"{directory}/base.lines"), read(f"{directory}/prod.lines")
    missing = set(base) ^ set(ours)
    if missing:
        sys.exit(f"report.py: measured on one kernel only: {sorted(missing)}")
    rows = [(key, base[key], ours[key]) for key in ours]
    pages = rows[0][0][1]

    with open(f"{directory}/report.json", "w", encoding="ascii") as out:
        json.dump({"date": datetime.date.today().isoformat(), "clock": "instructions",
                   "base": list(base.values()), "ours": list(ours.values())}, out, indent=1)
    text = "\n".join(markdown(rows, pages))
    with open(f"{directory}/report.md", "w", encoding="ascii") as out:
        out.write(text + "\n")
    print(text)
    with open(f"{directory}/cost.dat", "w", encoding="ascii") as out:
        for (name, at), b, o in rows:
            if at == pages:
                out.write(f"{name} {b['ns_per_page']} {o['ns_per_page']}\n")
    with open(f"{directory}/growth.dat", "w", encoding="ascii") as out:
        for (name, at), b, o in sorted(rows, key=lambda row: row[0][1]):
            if name == "settled-unique":
                out.write(f"{at} {b['ns_per_page']} {o['ns_per_page']}\n")
    # Two blocks of lines, as gnuplot tells its data sets apart
    with open(f"{directory}/merged.dat", "w", encoding="ascii") as out:
        for side in base, ours:
            for ns, merged in side.get(("mix-until-merged", pages), {}).get("series", []):
                out.write(f"{ns} {merged}\n")
            out.write("\n\n")


def compare(lines, record):
    with open(record, encoding="ascii") as text:
        recorded = json.load(text)
    worse = 0
    for (name, pages), row in read(lines).items():
        before, now = recorded.get(f"{name}/{pages}"), row["ns_per_page"]
        if before is None:
            print(f"{name}: {now:.1f}, not on record")
            continue
        bad = now > before * TOLERANCE
        worse += bad
        print(f"{name}: {now:.1f}, on record {before:.1f}{'  WORSE' if bad else ''}")
    if worse:
        sys.exit(f"report.py: {worse} figures are worse than the recorded ones by over 2 %")


def put_on_record(lines, record):
    figures = {f"{name}/{pages}": row["ns_per_page"]
               for (name, pages), row in read(lines).items()}
    with open(record, "w", encoding="ascii") as out:
        json.dump(figures, out, indent=1)
        out.write("\n")


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "report":
        report(sys.argv[2])
    elif len(sys.argv) == 4 and sys.argv[1] == "compare":
        compare(*sys.argv[2:])
    elif len(sys.argv) == 4 and sys.argv[1] == "record":
        put_on_record(*sys.argv[2:])
    else:
        sys.exit(__doc__)
