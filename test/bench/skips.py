# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Texts and tokens that leave layers out, against all layers, in turns: the ratio of the decode rates of llm-run. What is lost
stands in the plan (llm-dump: kl, agreement)."""
import json
import pathlib
import statistics
import subprocess

import engines.sinter
from model import Subject
from workshop import Missing

PROMPT = "The lighthouse stood at the end of a long spit of sand, and"


def rate(build, plan, *options):
    result = subprocess.run([pathlib.Path(build) / "bin" / "llm-run", plan, "-p", PROMPT, "-n", "192", "--ignore-eos", "--temperature", "0",
                             "--json", "--threads", "1", *options], capture_output=True, text=True, check=False)
    if result.returncode:
        raise Missing(f"llm-run: {result.stderr.strip()}")
    return json.loads(result.stdout)["decode_tok_per_s"]


def over_all_layers(compile_option, *options, repetitions=5):
    """A plan of its own over a plan without."""
    def measure(workshop, build):
        some, every = (engines.sinter.prepare(workshop, Subject("sinter", "q4_1", given), build) for given in ((compile_option,), ()))
        rate(build, every), rate(build, some, *options)  # into memory
        return statistics.median(rate(build, some, *options) / rate(build, every) for _ in range(repetitions))
    return measure
