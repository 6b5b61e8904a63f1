# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Single kernels against the machine's limits, by the build's contract-bench and attention-bench, which take turns with
their probes themselves. Each function makes a measure(workshop, build) for a row."""
import functools
import json
import pathlib
import re
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


def find(pattern, text, name):
    match = re.search(pattern, text, re.M)
    if not match:
        raise Missing(f"{name} printed no line like {pattern}")
    return float(match[1])


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


def attention_decode(context):
    """One thread, f16, over a read of the same bytes."""
    def measure(_, build):
        return find(rf"^decode at\s+{context}: .*?([0-9.]+) of", output(build, "attention-bench"), "attention-bench")
    return measure


def attention_prefill(rows):
    """Over the peak of f32 multiply-adds."""
    def measure(_, build):
        return find(rf"^prefill of\s+{rows}: .*?([0-9.]+) of", output(build, "attention-bench"), "attention-bench")
    return measure
