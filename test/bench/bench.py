#!/usr/bin/env python3
# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""sinter next to its peers, in one table: which of what we promise holds on this machine.

./dev bench [ROW...] builds, fetches the model, and runs this. A ROW is a row's name, the beginning of names, or a
pattern; without any, the quick set runs. Engines take turns repetition by repetition; a ratio is the median of the
repetitions' ratios, each side at the best of its thread counts unless the row names one. Exit code 1: a floor is missed.
"""
import argparse
import fnmatch
import itertools
import json
import pathlib
import sys

import history
import table
from model import Figure, Result
from rows import ALL_THREADS, ROWS
from sampling import Bench
from workshop import Missing, Workshop, say


def chosen(patterns, everything):
    """Rows by name, beginning or pattern; the default set without any."""
    if not patterns:
        return [row for row in ROWS if row.default or everything]
    rows = [row for row in ROWS if any(row.name.startswith(word) or fnmatch.fnmatch(row.name, word) for word in patterns)]
    for word in patterns:
        if not any(row.name.startswith(word) or fnmatch.fnmatch(row.name, word) for row in ROWS):
            sys.exit(f"bench: no row is named {word}; --list shows them")
    return rows


def figure(bench, row, repetitions):
    """One more than asked for: the first warms the page cache."""
    result = Result(row)
    try:
        result.ratios = [row.measure(bench.workshop, bench.builds[""]) for _ in range(repetitions + 1)][1:]
    except Missing as reason:
        result.missing = str(reason)
    return result


def measure(bench, rows, repetitions):
    results = {}
    for _, group in itertools.groupby(sorted(rows, key=lambda row: row.group), key=lambda row: row.group):
        group = list(group)
        bench.measure(group, repetitions)
        for row in group:
            results[row.name] = figure(bench, row, repetitions) if isinstance(row, Figure) else table.result_of(bench, row)
    return [results[row.name] for row in rows]


def parse():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__.split("\n\n")[1],
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", metavar="ROW")
    parser.add_argument("--all", action="store_true", help="every row, the long ones too")
    parser.add_argument("--list", action="store_true", help="name the rows and stop")
    parser.add_argument("--prepare", action="store_true", help="measure nothing: install, convert and compile what the rows need")
    parser.add_argument("--last", action="store_true", help="measure nothing: the newest result of each row for this commit")
    parser.add_argument("--peers", choices=["light", "all"], default="light",
                        help="all: also those whose conversion needs torch (2.4 GB); once converted they always run")
    parser.add_argument("-r", "--repetitions", type=int, default=5, help="of every measurement (default: 5)")
    parser.add_argument("--threads", type=lambda text: [int(word) for word in text.split(",")], default=ALL_THREADS,
                        help="counts that engines may choose from (default: 1 and all)")
    parser.add_argument("--json", type=pathlib.Path, help="write this run's record there too")
    parser.add_argument("--model", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--build", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--cache", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.repetitions < 1:
        parser.error("-r wants at least 1")
    return arguments


def show_rows():
    for row in ROWS:
        print(f"{row.name:<32}{'' if row.default else '(--all) '}{row.what}")


def main():
    arguments = parse()
    if arguments.list:
        return show_rows()
    rows = chosen(arguments.rows, arguments.all or arguments.last)
    kept = arguments.cache / "bench.jsonl"
    bench = Bench(Workshop(arguments.cache / "bench", arguments.model, arguments.peers == "all"), {"": arguments.build.resolve()}, arguments.threads)
    if arguments.prepare:
        return bench.prepare(rows)
    if arguments.last:
        results, _ = history.latest(history.read(kept), rows, history.commit())
    else:
        results = measure(bench, rows, arguments.repetitions)
        entry = history.record(results, {})
        history.append(kept, entry)
        say(f"recorded in {kept}")
        if arguments.json:
            arguments.json.write_text(json.dumps(entry, indent=1) + "\n", encoding="utf-8")
    print(table.table(results))
    return 1 if any(table.verdict(result) == "FAIL" for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
