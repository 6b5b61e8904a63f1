#!/usr/bin/env python3
# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""sinter next to its peers, in one table: which of what we promise holds on this machine.

./dev bench [ROW...] builds, fetches the model, and runs this. A ROW is a row's name, the beginning of names, or a
pattern; without any, the quick set runs. Engines take turns repetition by repetition; a ratio is the median of the
repetitions' ratios (spread: the inner half of them), each side at the best of its thread counts unless the row names
one. --against compares this build with another one instead, row by row. Exit code 1: a floor is missed, a row fell.
"""
import argparse
import fnmatch
import itertools
import json
import pathlib
import statistics
import sys

import against
import history
import table
from model import Figure, FigureRegression, Kernel, Repeated, Result
from rows import ALL_THREADS, MODELS, ROWS, model_of
from sampling import Bench
from workshop import Missing, Workshop, say


def matches(row, word):
    return row.name.startswith(word) or fnmatch.fnmatch(row.name, word)


def chosen(patterns, models, everything):
    """Rows by name, beginning or pattern; without any, those of the models, and of these the quick ones."""
    for word in patterns:
        if not any(matches(row, word) for row in ROWS):
            sys.exit(f"bench: no row is named {word}; --list shows them")
    if patterns:
        return [row for row in ROWS if any(matches(row, word) for word in patterns)]
    return [row for row in ROWS if model_of(row) in models and (row.default or everything or model_of(row) != MODELS[0])]


def figure(bench, row, repetitions):
    """One value more than asked for: the first warms the page cache. A kernel's is a median already."""
    result, values = Result(row), {}
    try:
        if isinstance(row, Repeated):
            result.values = row.measure(bench.workshop, bench.builds[""], max(3, repetitions))
            return result
        if isinstance(row, Kernel):
            result.values = [row.measure(bench.workshop, bench.builds[""])]
            return result
        for _ in range(repetitions + 1):
            for build in bench.builds:
                values.setdefault(build, []).append(row.measure(bench.workshop, bench.builds[build]))
    except Missing as reason:
        result.missing = str(reason)
        return result
    new = values[""][1:]
    if isinstance(row, FigureRegression):
        old = values[against.OLD][1:]
        result.ours, result.peer, result.peer_name = statistics.median(new), statistics.median(old), against.OLD
        new = [b / a for a, b in zip(new, old)]
    result.values = new
    return result


def measure(bench, rows, repetitions, keep):
    """Group by group; `keep` gets each group's results as soon as they are there, since the whole may take long."""
    results = {}
    for _, group in itertools.groupby(sorted(rows, key=lambda row: row.group), key=lambda row: row.group):
        group = list(group)
        bench.measure(group, repetitions)
        for row in group:
            single = isinstance(row, (Figure, FigureRegression, Kernel))
            results[row] = figure(bench, row, repetitions) if single else table.result_of(bench, row)
        keep([results[row] for row in group])
    return [results[row] for row in rows]


def parse():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__.split("\n\n")[1],
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", metavar="ROW")
    parser.add_argument("--all", action="store_true", help="every row, the long ones too")
    parser.add_argument("--models", type=lambda text: text.split(","), default=MODELS[:1], metavar="MODEL,...",
                        help=f"without ROWs: those of these models ({', '.join(MODELS)}; default: {MODELS[0]}); the large ones "
                             "have random weights")
    parser.add_argument("--against", metavar="COMMIT|BUILD", help="another build of sinter: a commit, or a build folder")
    parser.add_argument("--list", action="store_true", help="name the rows and stop")
    parser.add_argument("--prepare", action="store_true", help="measure nothing: install, convert and compile what the rows need")
    parser.add_argument("--last", action="store_true", help="measure nothing: the newest result of each row")
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
    if set(arguments.models) - set(MODELS):
        parser.error(f"--models knows {', '.join(MODELS)}")
    if arguments.repetitions < 1:
        parser.error("-r wants at least 1")
    return arguments


def show_rows():
    for row in ROWS:
        print(f"{row.name:<31}{'        ' if row.default else '(--all) '}{row.what}")


def main():
    arguments = parse()
    if arguments.list:
        return show_rows()
    rows = chosen(arguments.rows, MODELS if arguments.last else arguments.models, arguments.all or arguments.last)
    kept, notes = arguments.cache / "bench.jsonl", []
    if arguments.last:
        results, probes, commits = history.latest(history.read(kept), rows)
        notes = [f"measured at {commit}: {', '.join(names)}" for commit, names in commits.items()]
    else:
        workshop = Workshop(arguments.cache / "bench", arguments.model, arguments.peers == "all")
        bench = Bench(workshop, {"": arguments.build.resolve()}, arguments.threads)
        if arguments.against:
            bench.builds[against.OLD] = against.old_build(workshop, arguments.against)
            rows = against.rows_for(rows, arguments.threads)
        if arguments.prepare:
            return bench.prepare(rows)

        def record(results):
            return history.record(results, table.probes_of(bench), arguments.against or "")

        results = measure(bench, rows, arguments.repetitions, lambda group: history.append(kept, record(group)))
        probes = table.probes_of(bench)
        say(f"recorded in {kept}")
        if arguments.json:
            arguments.json.write_text(json.dumps(record(results), indent=1) + "\n", encoding="utf-8")
    print(table.table(results))
    print("\n".join([*table.probe_lines(probes), *notes]))
    return 1 if any(result.verdict in ("FAIL", "FALLEN") for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
