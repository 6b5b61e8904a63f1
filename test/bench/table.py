# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""From samples to ratios to the printed table."""
import statistics

from model import Figure, Fraction, Result, quartiles


def best(candidates):
    """The greatest median: {(subject, threads): [sample]} -> ((subject, threads), [sample])."""
    return max(candidates.items(), key=lambda item: statistics.median(rates(item[1])))


def rates(samples):
    return [sample["rate"] for sample in samples]


def measured(bench, row, subjects, threads):
    """{(subject, threads): [sample]} of those that were measured in full."""
    return {cell[:2]: bench.samples[cell] for cell in bench.cells(row)
            if cell[0] in subjects and threads in (None, cell[1]) and cell in bench.samples and cell not in bench.missing}


def result_of(bench, row):
    """A row's result from the samples of its cells."""
    reasons = {f"{cell[0]}: {bench.missing[cell]}" for cell in bench.cells(row) if cell in bench.missing}
    result = Result(row, missing="; ".join(sorted(reasons)))
    if isinstance(row, Fraction):
        samples = measured(bench, row, [row.ours], row.threads).get((row.ours, row.threads))
        if samples:
            result.ours, result.values = statistics.median(rates(samples)), [sample[row.field] for sample in samples]
        return result
    pair = row.threads if isinstance(row.threads, tuple) else (row.threads, row.threads)
    mine, others = measured(bench, row, [row.ours], pair[0]), measured(bench, row, row.peers, pair[1])
    if not mine or not others:
        return result
    (_, ours), ((peer, threads), theirs) = best(mine), best(others)
    result.peer_name = f"{peer}, {threads} t"
    result.ours, result.peer = statistics.median(rates(ours)), statistics.median(rates(theirs))
    # Repetition by repetition: the two stand next to each other in time.
    result.values = [a / b for a, b in zip(rates(ours), rates(theirs))]
    if row.over_stream:
        result.values = [value * b["stream_gb_s"] / a["stream_gb_s"] for value, a, b in zip(result.values, ours, theirs)]
    return result


def number(value):
    return "-" if value is None else f"{value:.1f}" if abs(value) < 100 else f"{value:.0f}"


def line_of(result):
    row = result.row
    shown, spread = "-", "-"
    if result.values:
        lower, middle, upper = map(row.show, quartiles(result.values))
        shown, spread = middle, f"{lower}..{upper}"
        if isinstance(row, Figure):
            shown += " " + row.unit
    return [row.name, row.what, number(result.ours), number(result.peer), result.peer_name or "-", shown, spread,
            f"{row.floor:g}", f"{row.aim:g}", result.verdict]


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


PROBES = {"stream_gb_s": "stream {:.1f} GB/s", "dot_gop_s": "dot {:.0f} Gop/s", "fma_gflop_s": "fma {:.0f} Gflop/s",
          "barrier_ns": "barrier {:.0f} ns"}


def probes_of(bench):
    """Medians of the probes that llm-bench ran beside the best code object, for each thread count."""
    found = {}
    for (subject, threads, _), samples in bench.samples.items():
        if subject.engine == "sinter" and not (subject.cpu or subject.where or subject.build):
            found.setdefault(threads, []).extend(samples)
    return {str(threads): {"code_object": samples[0]["cpu"], **{
        name: statistics.median(values) for name in PROBES if (values := [sample[name] for sample in samples if name in sample])}}
        for threads, samples in sorted(found.items())}


def probe_lines(probes):
    lines = []
    for threads, kept in probes.items():
        numbers = ", ".join(text.format(kept[name]) for name, text in PROBES.items() if name in kept)
        lines.append(f"probes, {threads} thread{'s' * (threads != '1')}: {numbers}; code object {kept['code_object']}")
    return lines
