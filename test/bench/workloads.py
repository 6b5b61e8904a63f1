# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Prompt sets with drafts and without, by llm-bench --workload, which takes turns itself. The prompts are our own."""
import functools
import json
import pathlib
import subprocess
import sys

import engines.llama_programs
import engines.sinter
from model import Subject
from workshop import HERE, Missing

DRAFTERS = "--speculate=copy,lookup,ngram,trigram,recycle"
FILES = HERE / "workloads"
PERMUTE = HERE.parent / "support" / "permute_vocabulary.py"


@functools.cache
def measured(build, plan, name, repetitions):
    """What llm-bench says of test/bench/workloads/NAME.jsonl, both samplings."""
    result = subprocess.run([pathlib.Path(build) / "bin" / "llm-bench", plan, f"--workload={FILES / name}.jsonl", "-n", "128", "-r",
                             str(repetitions), "--json"], capture_output=True, text=True, check=False)
    if result.returncode:
        raise Missing(f"llm-bench: {result.stderr.strip()}")
    return json.loads(result.stdout)


def permuted(workshop, keep):
    """The Q4_1 file with its first `keep` tokens alone, in a random order."""
    return workshop.made(workshop.cache / "models" / f"{workshop.model.stem}.{keep}.gguf",
                         lambda out: workshop.command("permute_vocabulary.py", sys.executable, PERMUTE, workshop.model, "--keep", keep, "-o", out),
                         workshop.model, PERMUTE)


def draft_model(keep=None, drafted=None):
    """The Q4_1 file drafts for its bf16 twin, or the same with another vocabulary, or some of its tokens alone."""
    few = (f"--draft-vocabulary={drafted}",) if drafted else ()
    return lambda workshop: Subject("sinter", "bf16", (f"--speculate=draft:{permuted(workshop, keep) if keep else workshop.model}", *few))


def exits(probe):
    """Exits after the upper layers, which nothing passes."""
    return lambda _workshop: Subject("sinter", "q4_1", (f"--early-exit=token:{probe}",))


def of_the_text(_workshop):
    return Subject("sinter", "q4_1", (DRAFTERS,))


def speed_up(name, temperature, subject=of_the_text):
    """Time without drafts (or exits) over time with them, one a repetition, each over all prompts."""
    def measure(workshop, build, repetitions):
        plan = engines.sinter.prepare(workshop, subject(workshop), build)
        samplings = measured(build, plan, name, repetitions)["samplings"]
        return next(sampling["ratio"]["values"] for sampling in samplings if sampling["temperature"] == temperature)
    return measure


def over_llama(name, program, subject=of_the_text, draft=None):
    """Our tokens a second with drafts, greedily, over those of a program of llama.cpp on the same checkpoint and prompts, which
    runs once: one value."""
    def measure(workshop, build, repetitions):
        chosen = subject(workshop)
        ours = measured(build, engines.sinter.prepare(workshop, chosen, build), name, repetitions)
        options = ["-md", draft(workshop), "--spec-type", "draft-simple"] if draft else []
        theirs = engines.llama_programs.rate(workshop, program, FILES / f"{name}.jsonl", 128, ours["threads"],
                                             workshop.gguf(chosen.checkpoint), *options)
        return [next(sampling["tok_per_s"] for sampling in ours["samplings"] if sampling["temperature"] == 0) / theirs]
    return measure
