#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What came of the benchmark: tables, data for the plots, and the record.

report.py report DIR             DIR/{base,prod}.lines and DIR/guests.{base,prod}.log
                                 -> report.json, report.md, *.dat
report.py compare LINES RECORD   non-zero status if a figure got worse by over 2 %
report.py record LINES RECORD    put the figures on record
"""

import datetime
import json
import os
import re
import sys

TOLERANCE = 1.02


def read(path):
    with open(path, encoding="ascii") as lines:
        return {(r["scenario"], r["pages"]): r for r in map(json.loads, lines)}


def counters(row):
    names = ("pages_shared", "pages_sharing", "pages_unshared", "pages_volatile",
             "ksm_zero_pages")
    return "/".join(str(row[name]) for name in names)


# What every scenario tells; other names are figures of its own.
COMMON = {"scenario", "pages", "passes", "smart_scan", "clock", "ns_per_page", "total_ns",
          "least_pass_ns", "most_pass_ns", "pages_shared", "pages_sharing", "pages_unshared",
          "pages_volatile", "ksm_zero_pages", "full_scans", "series"}


def by_instructions(rows):
    yield "Instructions per page; at the end: shared/sharing/unshared/volatile/zero pages"
    yield ""
    yield "| scenario | pages | base | ours | base/ours | passes | base, at the end | ours, at the end |"
    yield "|---|---:|---:|---:|---:|---:|---|---|"
    for (name, pages), base, ours in rows:
        ratio = base["ns_per_page"] / ours["ns_per_page"]
        yield (f"| {name} | {pages:,} | {base['ns_per_page']:,.1f} | {ours['ns_per_page']:,.1f} "
               f"| {ratio:,.2f} | {base['passes']}, {ours['passes']} "
               f"| {counters(base)} | {counters(ours)} |")


def other_figures(rows):
    yield "| scenario | pages | figure | base | ours |"
    yield "|---|---:|---|---:|---:|"
    for (name, pages), base, ours in rows:
        for figure in sorted((set(base) | set(ours)) - COMMON, key=list(ours).index):
            values = (f"{side[figure]:,.2f}" if figure in side else "" for side in (base, ours))
            yield f"| {name} | {pages:,} | {figure} | {' | '.join(values)} |"


def guests(path):
    """The live table of three guests, until nothing more merged."""
    row = re.compile(r" *[0-9.]+( +[0-9.-]+){8}$")
    table, frames = [], None
    with open(path, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if row.match(line.rstrip()):
                table.append([0.0 if cell == "-" else float(cell) for cell in line.split()])
            elif line.startswith("== the guests write"):
                break
        for line in lines:
            if "page frames hold" in line:
                frames = int(re.search(r"merged: (\d+)", line).group(1))
    merged = [cells[2] + cells[5] for cells in table]
    seconds = [cells[0] for cells in table]
    spent, cpu = 0.0, []
    for before, cells in zip([0.0] + seconds, table):
        spent += cells[8] / 100 * (cells[0] - before)
        cpu.append(spent)
    most = next(i for i, pages in enumerate(merged) if pages >= 0.9 * max(merged))
    return {"until_90_percent_s": seconds[most], "until_90_percent_cpu_s": cpu[most],
            "until_settled_s": seconds[-1], "until_settled_cpu_s": cpu[-1],
            "passes": table[-1][7], "page_frames": frames}


def native(path):
    if not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8", errors="replace") as log:
        found = re.search(r"read (\d+) ns, fingerprint (\d+) ns", log.read())
    return dict(zip(("read_ns_per_page", "fingerprint_ns_per_page"), map(int, found.groups())))


def report(directory):
    base, ours = read(f"{directory}/base.lines"), read(f"{directory}/prod.lines")
    missing = set(base) ^ set(ours)
    if missing:
        sys.exit(f"report.py: measured on one kernel only: {sorted(missing)}")
    rows = [(key, base[key], ours[key]) for key in ours]
    counted = [row for row in rows if row[0][0] != "contention"]
    pages = rows[0][0][1]
    both = [f"{directory}/guests.{kernel}.log" for kernel in ("base", "prod")]
    vms = [guests(path) for path in both if os.path.exists(path)]

    text = "\n".join([*by_instructions(counted), "", *other_figures(rows)])
    if vms:
        text += "".join(f"\n| three KVM guests | | {figure} | {vms[0][figure]:,.1f} "
                        f"| {vms[1][figure]:,.1f} |" for figure in vms[0])
    speed = native(f"{directory}/native.log")
    text += "".join(f"\n| native, least of nine rounds | | {name} | | {ns} |"
                    for name, ns in speed.items())
    with open(f"{directory}/report.json", "w", encoding="ascii") as out:
        json.dump({"date": datetime.date.today().isoformat(), "clock": "instructions",
                   "base": list(base.values()), "ours": list(ours.values()),
                   "guests": dict(zip(("base", "ours"), vms)), "native": speed}, out, indent=1)
    with open(f"{directory}/report.md", "w", encoding="ascii") as out:
        out.write(text + "\n")
    print(text)
    plot_data(directory, counted, pages)


def plot_data(directory, rows, pages):
    with open(f"{directory}/cost.dat", "w", encoding="ascii") as out:
        for (name, at), b, o in rows:
            if at == pages:
                out.write(f"{name} {b['ns_per_page']} {o['ns_per_page']}\n")
    with open(f"{directory}/growth.dat", "w", encoding="ascii") as out:
        for (name, at), b, o in sorted(rows, key=lambda row: row[0][1]):
            if name == "settled-unique":
                out.write(f"{at} {b['ns_per_page']} {o['ns_per_page']}\n")
    series = {name: (b["series"], o["series"]) for (name, _), b, o in rows if "series" in o}
    chosen = series.get("budget") or series.get("mix-until-merged") or ()
    # Two blocks of lines, as gnuplot tells its data sets apart
    with open(f"{directory}/merged.dat", "w", encoding="ascii") as out:
        for side in chosen:
            for ns, merged in side:
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
