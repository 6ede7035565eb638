#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What came of the attacks: tables, data for the plots, and whether all is as it should be.

report.py DIR CLOCK...   DIR/{base,prod}.CLOCK.lines -> report.json, report.md, *.dat;
                         status 1 if a channel is open that should not be, or the other
                         way round where the harness is to prove itself
"""

import datetime
import json
import sys

# Closed in a domain with uniform faults.
UNIFORM = {"A1 write", "A3 faults", "A9 frame kept", "munmap", "MADV_DONTNEED", "move_pages",
           "pagemap exclusive", "smaps Pss", "smaps Private", "smaps KSM"}

# Open on base, or the harness is wrong; in guests, as far as they have them.
OPEN_ON_BASE = {"A1 write", "A3 faults", "A9 frame kept"}

# What must come of a channel in a mode: all closed, some, or nothing is demanded.
CLOSED_IN = {"unoffered": None, "cgroups": None, "users": None, "prctl": None,
             "uniform": UNIFORM, "uniform-global": UNIFORM, "global": set()}

# Where right guesses are merged: a channel says nothing as long as they are not.
MERGING = {"global", "uniform", "uniform-global"}

# So many of them, at least: with two CPUs base leaves some huge pages unsplit in some runs.
MOST = 0.9

# Its guesses are never equal to a secret.
NEVER_MERGED = {"A12 ksmd"}

# With uniform faults huge pages are left alone, so that they tell nothing.
LEFT_ALONE = {"A6 neighbours", "A6 AnonHugePages"}

CLOCKS = {"instructions": "by instructions", "wall": "by the wall clock"}


def read(path):
    with open(path, encoding="ascii") as lines:
        return [json.loads(line) for line in lines]


def column(row):
    """The name of the column that a row belongs in."""
    if row["kernel"] != "base":
        return row["mode"]
    return "base" if row["mode"] == "global" else f"base, {row['mode']}"


def is_closed(row):
    """Nothing tells the samples apart, neither their size nor their distribution."""
    return row["low"] <= 0.5 <= row["high"] and row["ks_p"] >= 1 - row["level"]


def is_to_be_closed(row):
    closed = CLOSED_IN[row["mode"]]
    return closed is None or row["channel"] in closed


def is_to_be_open(row):
    return column(row) == "base" and row["channel"] in OPEN_ON_BASE


def is_to_be_merged(row):
    if row["mode"].startswith("uniform") and row["channel"] in LEFT_ALONE:
        return False
    return row["mode"] in MERGING and row["channel"] not in NEVER_MERGED


def strange_merging(row):
    """What is wrong about the right guesses that share a frame with their secret, or nothing."""
    if is_to_be_merged(row):
        if row["merged"] < MOST:
            return (f"{100 * row['merged']:.1f} % of the right guesses are merged, so that the "
                    "channel was not tried: does it take more passes (-p)?")
    elif row["merged"]:
        return f"{100 * row['merged']:.1f} % of the right guesses are merged, none should be"
    return None


def complaint(row):
    """What is wrong about a row, or nothing."""
    if "skip" in row:
        return None
    if what := strange_merging(row):
        return what
    if is_to_be_open(row) and f"{row['auc']:.3f}" != "1.000":
        return f"AUC {row['auc']:.3f}, not 1.000: the harness is wrong"
    if is_to_be_closed(row) and not is_closed(row):
        what = (f"open: AUC {row['auc']:.4f} ({row['low']:.4f} to {row['high']:.4f}), "
                f"KS {row['ks']:.4f} (p {row['ks_p']:.2g})")
        return what + (": the harness is wrong" if row["mode"] == "unoffered" else "")
    return None


def complaints(rows):
    """A line for each, and the channels about which it says the same."""
    channels = {}
    for row in rows:
        if what := complaint(row):
            where = f"{column(row)}, {row['holders']}, {CLOCKS[row['clock']]}"
            channels.setdefault((where, what), []).append(row["channel"])
    return [f"{where}: {', '.join(names)}: {what}" for (where, what), names in channels.items()]


def area(row):
    if "skip" in row:
        return "SKIP"
    around = max(row["high"] - row["auc"], row["auc"] - row["low"])
    return f"{row['auc']:.3f} +-{around:.3f}" + (" !" if complaint(row) else "")


def bits(row):
    return "SKIP" if "skip" in row else f"{row['bits_per_hour']:.2g}"


def count(row):
    return "" if "skip" in row else f"{row['matched'] + row['control']:,}"


def merged(row):
    return "" if "skip" in row else f"{100 * row['merged']:.0f} %"


FIGURES = (("Area under the ROC curve", area), ("Bits per hour, ksmd flat out", bits))
DETAILS = (("Samples", count), ("Right guesses that are merged when the attacker looks", merged))


def unique(items):
    return list(dict.fromkeys(items))


def pad(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        yield "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |"


def table(rows, figure):
    """Channels down, modes across."""
    cells = {(row["channel"], column(row)): figure(row) for row in rows}
    columns = unique(column(row) for row in rows)
    lines = [["channel", *columns], ["---"] * (len(columns) + 1)]
    for channel in unique(row["channel"] for row in rows):
        lines.append([channel, *(cells.get((channel, name), "") for name in columns)])
    yield from pad(lines)


def is_of_mode(row):
    """A mode was skipped as a whole."""
    return "skip" in row and row["channel"] == "all"


def markdown(rows, figures):
    for clock in unique(row["clock"] for row in rows):
        for holders in unique(row["holders"] for row in rows):
            some = [row for row in rows if (row["clock"], row["holders"]) == (clock, holders)]
            tried = [row for row in some if not is_of_mode(row)]
            for caption, figure in figures if tried else ():
                yield f"{caption}, between {holders}, {CLOCKS[clock]}:\n"
                yield from table(tried, figure)
                yield ""
    level = next((row["level"] for row in rows if "level" in row), None)
    if level:
        yield f"All intervals are those of {100 * level:g} %; ! marks what should not be."
    for row in rows:
        if "skip" in row and row["clock"] == rows[0]["clock"]:
            yield f"SKIP {column(row)}, {row['holders']}, {row['channel']}: {row['skip']}"


def plot(directory, rows):
    for holders in unique(row["holders"] for row in rows):
        for clock in unique(row["clock"] for row in rows):
            some = [row for row in rows if "skip" not in row and
                    (row["clock"], row["holders"]) == (clock, holders)]
            if not some:
                continue
            places = {name: i for i, name in enumerate(unique(row["channel"] for row in some))}
            blocks = ["\n".join([f'"{name}"', *(
                f'{places[row["channel"]]} {row["auc"]} {row["low"]} {row["high"]} '
                f'"{row["channel"]}"' for row in some if column(row) == name)])
                for name in unique(map(column, some))]
            with open(f"{directory}/{holders}.{clock}.dat", "w", encoding="ascii") as out:
                out.write("\n\n\n".join(blocks) + "\n")


def report(directory, clocks):
    rows = [{"kernel": kernel, "clock": clock, **row} for clock in clocks
            for kernel in ("base", "prod") for row in read(f"{directory}/{kernel}.{clock}.lines")]
    with open(f"{directory}/report.json", "w", encoding="ascii") as out:
        json.dump({"date": datetime.date.today().isoformat(), "rows": rows}, out, indent=1)
        out.write("\n")
    with open(f"{directory}/report.md", "w", encoding="ascii") as out:
        out.write("\n".join(markdown(rows, FIGURES + DETAILS)) + "\n")
    print("\n".join(markdown(rows, FIGURES)))
    plot(directory, rows)
    if found := complaints(rows):
        sys.exit("report.py: not as it should be:\n    " + "\n    ".join(found))


if __name__ == "__main__":
    if len(sys.argv) < 3 or not set(sys.argv[2:]) <= set(CLOCKS):
        sys.exit(__doc__)
    report(sys.argv[1], sys.argv[2:])
