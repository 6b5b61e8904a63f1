# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""From samples to ratios to the printed table."""
import statistics

from model import Figure, Result


def best(candidates):
    """The list of rates with the greatest median: {name: [rate]} -> (name, [rate])."""
    return max(candidates.items(), key=lambda item: statistics.median(item[1]))


def ratios(ours, theirs):
    """One ratio a repetition; both lists are in the order of the repetitions, and neighbours in time."""
    return [mine / other for mine, other in zip(ours, theirs)]


def quartiles(values):
    """(lower, median, upper); the spread that the table shows is the inner half."""
    if len(values) == 1:
        return values[0], values[0], values[0]
    lower, middle, upper = statistics.quantiles(values, n=4, method="inclusive")
    return lower, middle, upper


def rates(bench, row, subjects, side):
    """{(subject, threads): [rate]} of the subjects that were measured in full."""
    wanted = [cell for cell in bench.cells(row) if cell[0] in subjects]
    threads = row.threads[side] if isinstance(row.threads, tuple) else row.threads
    return {(subject, count): [sample["rate"] for sample in bench.samples[subject, count, test]]
            for subject, count, test in wanted
            if (subject, count, test) in bench.samples and (subject, count, test) not in bench.missing and threads in (None, count)}


def result_of(bench, row):
    result = Result(row)
    mine, others = rates(bench, row, [row.ours], 0), rates(bench, row, row.peers, 1)
    reasons = {f"{cell[0]}: {bench.missing[cell]}" for cell in bench.cells(row) if cell in bench.missing}
    result.missing = "; ".join(sorted(reasons))
    if not mine or not others:
        return result
    (_, _), our_rates = best(mine)
    (peer, threads), their_rates = best(others)
    result.peer_name = f"{peer}, {threads} t"
    result.ours, result.peer = statistics.median(our_rates), statistics.median(their_rates)
    result.ratios = ratios(our_rates, their_rates)
    return result


def verdict(result):
    """pass, or by how much the floor is missed; aim when that is reached too."""
    row = result.row
    if not result.ratios:
        return "missing"
    value = statistics.median(result.ratios)
    if isinstance(row, Figure):
        return "aim" if value <= row.aim else "pass" if value <= row.floor else "FAIL"
    return "aim" if value >= row.aim else "pass" if value >= row.floor else "FAIL"


def number(value):
    return "-" if value is None else f"{value:.1f}" if abs(value) < 100 else f"{value:.0f}"


def line_of(result):
    row = result.row
    shown, spread = "-", "-"
    if result.ratios:
        lower, middle, upper = quartiles(result.ratios)
        digits = 1 if isinstance(row, Figure) else 2
        shown, spread = f"{middle:.{digits}f}", f"{lower:.{digits}f}..{upper:.{digits}f}"
        if isinstance(row, Figure):
            shown += " " + row.unit
    return [row.name, row.what, number(result.ours), number(result.peer), result.peer_name or "-", shown, spread,
            f"{row.floor:g}", f"{row.aim:g}", verdict(result)]


HEADER = ["row", "what", "ours", "peer", "which", "ratio", "spread", "floor", "aim", ""]
RIGHT = {2, 3, 5, 7, 8}


def table(results):
    """Markdown, so that docs/status.md can take it as it is."""
    lines = [HEADER, *map(line_of, results)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADER))]

    def show(line):
        cells = (text.rjust(width) if column in RIGHT else text.ljust(width)
                 for column, (text, width) in enumerate(zip(line, widths)))
        return "| " + " | ".join(cells) + " |"
    rule = "|" + "|".join("-" * (width + 1) + (":" if column in RIGHT else "-") for column, width in enumerate(widths)) + "|"
    missing = [f"missing in {result.row.name}: {result.missing}" for result in results if result.missing]
    return "\n".join([show(lines[0]), rule, *map(show, lines[1:]), *missing])
