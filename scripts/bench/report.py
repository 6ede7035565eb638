#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What came of the benchmark: tables, data for the plots, and the record.

report.py report DIR VERSION     DIR/{base,prod,um-base,um-prod}.lines,
                                 guests-{small,huge}.{base,prod}.log, native.log
                                 -> report.json, report.md, *.dat; VERSION is the base's
report.py document DIR           DIR/report.json -> the tables of figures.rst, on stdout
report.py compare LINES RECORD   non-zero status if a figure got worse by over 2 %
report.py record LINES RECORD    put the figures on record
"""

import datetime
import json
import os
import re
import statistics
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

BY_THE_WALL_CLOCK = {"contention", "guest-faults", "hot-writers", "launch-beside-ksmd"}

GUEST_PAGES = {"small": "4 KiB", "huge": "2 MiB"}

# What scripts/demo says of the guests, with a # for each figure, by scenario.
GUESTS = (
    ("three KVM guests", "all up after # s", ["until_up_s"]),
    ("three KVM guests", "90 % of them after # s, with # s of ksmd's CPU time",
     ["until_90_percent_s", "until_90_percent_cpu_s"]),
    ("three KVM guests", "  settled: after # s, with # s of ksmd's CPU time, in # passes",
     ["until_settled_s", "until_settled_cpu_s", "passes"]),
    ("three KVM guests", "merged: # page frames hold", ["page_frames"]),
    ("idle-guests", "at rest: ksmd took # ms of CPU time in 20 s, for # passes",
     ["ksmd_cpu_ms_in_20_s", "passes_in_20_s"]),
)

PLOTS = {"cost": "Instructions per page, by scenario",
         "growth": "Instructions per settled page and pass, by the number of pages",
         "merged": "Pages merged for the instructions spent, everything set as at boot"}


def pairs(data):
    """[(scenario, pages), base's row, our row], in the order that they were measured."""
    sides = ({(row["scenario"], row["pages"]): row for row in data[side]}
             for side in ("base", "ours"))
    base, ours = sides
    missing = set(base) ^ set(ours)
    if missing:
        sys.exit(f"report.py: measured on one kernel only: {sorted(missing)}")
    return [(key, base[key], ours[key]) for key in ours]


def is_counted(name):
    return name not in BY_THE_WALL_CLOCK


def tables(data):
    """(caption, heading, rows of cells) for each table."""
    rows = pairs(data)
    counted = [[name, f"{pages:,}", f"{base['ns_per_page']:,.1f}", f"{ours['ns_per_page']:,.1f}",
                f"{base['ns_per_page'] / ours['ns_per_page']:,.2f}", counters(base),
                counters(ours)]
               for (name, pages), base, ours in rows if is_counted(name)]
    if counted:
        yield ("Instructions per page; at the end: pages shared/sharing/unshared/volatile/zero",
               ["scenario", "pages", "base", "ours", "base/ours", "base, at the end",
                "ours, at the end"], counted)

    others = [[name, f"{pages:,}", figure, *compared(base.get(figure), ours.get(figure))]
              for (name, pages), base, ours in rows
              for figure in ours if figure not in COMMON]
    others += guests_cells(data["guests"])
    others += [["native", "", figure, "", str(ns), ""]
               for figure, ns in data["fingerprint"].items()]
    if others:
        yield ("Other figures", ["scenario", "pages", "figure", "base", "ours", "base/ours"],
               others)
    if data["native"]["base"]:
        yield ("Native nanoseconds per page, the median of some runs (least to most)",
               ["scenario", "pages", "base", "ours", "base/ours"], list(native_cells(data)))


def cell(value):
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"


def compared(base, ours):
    """The cells of two values, either of which may be None, and of their ratio."""
    yield cell(base)
    yield cell(ours)
    yield f"{base / ours:,.2f}" if base is not None and ours else ""


def guests_cells(guests):
    for pages, sides in guests.items():
        base, ours = (sides.get(side, {}) for side in ("base", "ours"))
        for name in {**base, **ours}:
            before, now = base.get(name, {}), ours.get(name, {})
            for figure in {**before, **now}:
                yield [name, GUEST_PAGES[pages], figure,
                       *compared(before.get(figure), now.get(figure))]


def native_cells(data):
    base, ours = (data["native"][side] for side in ("base", "ours"))
    for key in (key for key in ours if key in base):
        name, pages = key.split("/")
        medians = [statistics.median(side[key]) for side in (base, ours)]
        yield [name, f"{int(pages):,}",
               *(f"{median:,.1f} ({min(side[key]):,.1f} to {max(side[key]):,.1f})"
                 for median, side in zip(medians, (base, ours))),
               f"{medians[0] / medians[1]:,.2f}"]


def markdown(data):
    for caption, heading, rows in tables(data):
        yield f"{caption}:\n"
        yield f"| {' | '.join(heading)} |"
        yield f"|{'---|' * len(heading)}"
        yield from (f"| {' | '.join(row)} |" for row in rows)
        yield ""


def page(data):
    """The figures as the tables of a page of the kernel's documentation."""
    yield ".. SPDX-License-Identifier: GPL-2.0\n"
    yield f"""\
Measured by ``make bench`` on {data['date']}; the base is the unmodified Linux
{data['version']}.  Instructions are counted by QEMU (``-icount``), with one CPU, and are
ksmd's per page and pass, or all until the work is done, or those of the program where
the scenario is a write, an unmerging or an exit.  ``ksm_bench --list`` says what each
scenario is.  The scenarios {', '.join(sorted(BY_THE_WALL_CLOCK))}
and the KVM guests take two CPUs and the wall clock, under TCG: only base and ours of
one run compare.  For guests, "pages" is the size of the pages behind their memory.
Native times are from User Mode Linux on one CPU, by the wall clock;
those of fingerprints are the least of nine rounds.
"""
    for caption, heading, rows in tables(data):
        yield f".. csv-table:: {caption}"
        yield "   :header: " + ", ".join(f'"{cell}"' for cell in heading) + "\n"
        yield from ("   " + ", ".join(f'"{cell}"' for cell in row) for row in rows)
        yield ""
    for plot, what in PLOTS.items():
        yield f".. kernel-figure:: ksm_{plot}.svg\n   :alt: {what}\n\n   {what}\n"


def guests(path):
    """{scenario: figures} of what the demo says of its three guests."""
    with open(path, encoding="utf-8", errors="replace") as log:
        said = log.read()
    scenarios = {}
    for name, line, figures in GUESTS:
        found = re.search(re.escape(line).replace(r"\#", "([0-9.]+)"), said)
        if not found:
            print(f"report.py: {path} does not say '{line.strip()}'", file=sys.stderr)
            continue
        values = (float(text) if "." in text else int(text) for text in found.groups())
        scenarios.setdefault(name, {}).update(zip(figures, values))
    return scenarios


def guests_of(directory):
    """{pages: {side: {scenario: figures}}}, as far as they were measured."""
    measured = {}
    for pages in GUEST_PAGES:
        for side, kernel in (("base", "base"), ("ours", "prod")):
            path = f"{directory}/guests-{pages}.{kernel}.log"
            if os.path.exists(path):
                measured.setdefault(pages, {})[side] = guests(path)
    return measured


def native(path):
    """{"scenario/pages": ns per page in each run}."""
    runs = {}
    if os.path.exists(path):
        with open(path, encoding="ascii") as lines:
            for row in map(json.loads, lines):
                runs.setdefault(f"{row['scenario']}/{row['pages']}", []).append(row["ns_per_page"])
    return runs


def fingerprint(path):
    if not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8", errors="replace") as log:
        found = re.search(r"read (\d+) ns, fingerprint (\d+) ns", log.read())
    return dict(zip(("read_ns_per_page", "fingerprint_ns_per_page"), map(int, found.groups())))


def report(directory, version):
    data = {"date": datetime.date.today().isoformat(), "version": version,
            "clock": "instructions",
            "base": list(read(f"{directory}/base.lines").values()),
            "ours": list(read(f"{directory}/prod.lines").values()),
            "guests": guests_of(directory),
            "native": {side: native(f"{directory}/{kernel}.lines")
                       for side, kernel in (("base", "um-base"), ("ours", "um-prod"))},
            "fingerprint": fingerprint(f"{directory}/native.log")}
    text = "\n".join(markdown(data))

    with open(f"{directory}/report.json", "w", encoding="ascii") as out:
        json.dump(data, out, indent=1)
    with open(f"{directory}/report.md", "w", encoding="ascii") as out:
        out.write(text + "\n")
    print(text)
    plot_data(directory, [row for row in pairs(data) if is_counted(row[0][0])])


def document(directory):
    with open(f"{directory}/report.json", encoding="ascii") as text:
        print("\n".join(page(json.load(text))).rstrip())


def plot_data(directory, rows):
    pages = rows[0][0][1] if rows else 0
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
    if len(sys.argv) == 4 and sys.argv[1] == "report":
        report(*sys.argv[2:])
    elif len(sys.argv) == 3 and sys.argv[1] == "document":
        document(sys.argv[2])
    elif len(sys.argv) == 4 and sys.argv[1] == "compare":
        compare(*sys.argv[2:])
    elif len(sys.argv) == 4 and sys.argv[1] == "record":
        put_on_record(*sys.argv[2:])
    else:
        sys.exit(__doc__)
