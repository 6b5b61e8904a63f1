# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Single kernels against the machine's limits, by the build's contract-bench and attention-bench, which take turns with
their probes themselves. Each function makes a measure(workshop, build) for a row."""
import functools
import json
import pathlib
import subprocess

from workshop import Missing


@functools.cache
def output(build, name, *arguments):
    path = pathlib.Path(build) / "bin" / name
    if not path.is_file():
        raise Missing(f"{name} is not in this build")
    result = subprocess.run([path, *arguments], capture_output=True, text=True, check=False)
    if result.returncode:
        raise Missing(f"{name}: {result.stderr.strip()}")
    return result.stdout


def contraction(encoding, figure):
    """A figure of contract-bench for the best level: "prefill" over the peak of dots, "decode" over a read; time of 4 or 8
    rows over that of one ("x4", "x8"); over the kernel written by hand at one row and many ("hand_decode", "hand_prefill")."""
    def measure(_, build):
        text = output(build, "contract-bench", f"--type={encoding.upper()}", "--level=x86-64-v4-vnni", "-r", "9", "--json")
        found = [row[figure] for row in json.loads(text) if figure in row]
        if not found:
            raise Missing(f"contract-bench printed no {figure} of {encoding.upper()}")
        return found[0]
    return measure


def attention(kind, count, cache="f16"):
    """One thread. "decode" of a row after `count` positions, over a read of the same bytes; "prefill" of so many rows, over the
    peak of f32 multiply-adds."""
    def measure(_, build):
        row, = json.loads(output(build, "attention-bench", f"--{kind}={count}", f"--type={cache}", "--json"))
        return row["of_stream" if kind == "decode" else "of_peak"]
    return measure
