#!/usr/bin/env python3
# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Which features of llm-compile go together: asks the compiler about every pair, on tiny models.

usage:  feature_matrix.py LLM-COMPILE > docs/feature-matrix.md

A new feature is a line in FEATURES. test/e2e/test_feature_matrix.py checks that the page is what this prints.
"""
import concurrent.futures
import itertools
import os
import pathlib
import subprocess
import sys
import tempfile

import make_gguf

TINY = make_gguf.CONFIGS["llama-gqa-8-2"] | {"context": 200, "layers": 4}
DRAFTERS = "drafters"  # of which a plan may have several; of any other group it has one
# group, name, options; what --speculate names is joined with commas.
FEATURES = [
    (DRAFTERS, "copy", ["--speculate=copy"]),
    (DRAFTERS, "lookup", ["--speculate=lookup"]),
    (DRAFTERS, "ngram", ["--speculate=ngram"]),
    (DRAFTERS, "trigram", ["--speculate=trigram"]),
    (DRAFTERS, "recycle", ["--speculate=recycle"]),
    (DRAFTERS, "draft", ["--speculate=draft:{draft}"]),
    (DRAFTERS, "draft, other vocabulary", ["--speculate=draft:{shuffled}"]),
    (DRAFTERS, "self", ["--speculate=self"]),
    ("trees", "trees", ["--speculate=copy", "--tree=4"]),
    ("trees", "trees of a model", ["--speculate=draft:{draft}", "--tree=4"]),
    ("rules", "rule reject", ["--speculate=copy", "--verify-rule=reject"]),
    ("rules", "rule typical", ["--speculate=copy", "--verify-rule=typical"]),
    ("rules", "rule switch", ["--speculate=draft:{draft}", "--verify-rule=switch:1"]),
    ("choices", "bandit", ["--speculate=copy,lookup", "--draft-choice=bandit"]),
    ("policies", "static", ["--speculate=copy", "--spec-policy=static:4"]),
    ("policies", "ema", ["--speculate=copy", "--spec-policy=ema"]),
    ("policies", "entropy", ["--speculate=draft:{draft}", "--spec-policy=entropy"]),
    ("early exit", "exits of tokens", ["--early-exit=token:chance@2=0.5"]),
    ("early exit", "exits that are verified", ["--early-exit=token:chance@2=0.5,verify=exact"]),
    ("early exit", "exits that are chosen", ["--early-exit=auto", "--calibration={texts}"]),
    ("early exit", "feed-forward blocks", ["--early-exit=ffn:1,2=0.5"]),
    ("early exit", "depths", ["--early-exit=sequence", "--depths=50"]),
    ("early exit", "depths that are looked up", ["--early-exit=sequence:retrieve", "--depths=50", "--calibration={texts}"]),
    ("numbers", "activations f32", ["--activations=f32"]),
    ("numbers", "activations bf16", ["--activations=bf16"]),
    ("attention", "attention bf16", ["--attention=bf16"]),
    ("keys and values", "kv f32", ["--kv=f32"]),
    ("keys and values", "kv f16", ["--kv=f16"]),
    ("keys and values", "kv bf16", ["--kv=bf16"]),
    ("keys and values", "kv int8", ["--kv=int8"]),
    ("keys and values", "kv int8 and f16", ["--kv=k:int8,v:f16"]),
    ("window", "window", ["--kv-window=50"]),
    ("window", "window, sinks", ["--kv-window=40", "--kv-sinks=4"]),
    ("layers", "fewer layers", ["--drop-layers=1"]),
    ("rows", "one row", ["--max-rows=1"]),
    ("costs", "measured costs", ["--speculate=copy", "--measure-cost"]),
]
# What is measured, on a plan that runs; of all else a plan without machine code tells enough. Where all is well that can be said before, the texts
# to measure on are asked for, and are missing.
MEASURED = {"--measure-cost", "--early-exit=auto", "--early-exit=sequence:retrieve"}
LEGEND = """# Which features go together

Every pair of features, as the compiler answers for a tiny model: `✓` a plan, a number: refused, for the reason below; `·` one of a kind at a time, or
the same. On the diagonal the feature alone. Made by `test/support/feature_matrix.py`; `test/e2e/test_feature_matrix.py` checks that it is up to date, and
`./dev conformance` that the text of every legal pair with a drafter is that of plain decoding, greedy and sampled; of pairs with rule reject, which keeps the
law and not the draws, only the greedy one is compared, of pairs with rule typical or switch, which are lossy, none. In all plans sessions can be forked, truncated, saved and
restored, and step together in a pool.
"""


def write_models(folder):
    """Names that options can have in braces."""
    import permute_vocabulary
    models = {name: str(folder / f"{name}.gguf") for name in ("model", "draft", "shuffled")}
    make_gguf.write(TINY, models["model"])
    make_gguf.write(TINY | {"layers": 1}, models["draft"])
    permute_vocabulary.permute(models["draft"], models["shuffled"])
    return models | {"texts": str(folder / "texts")}  # which are not there


def options_of(*features):
    """The options of features together; drafters are asked in their order."""
    options, drafters = [], []
    for given in dict.fromkeys(tuple(given) for _, _, given in features):  # each once
        for option in given:
            if option.startswith("--speculate="):
                drafters += option.removeprefix("--speculate=").split(",")
            else:
                options.append(option)
    return options + ([f"--speculate={','.join(dict.fromkeys(drafters))}"] if drafters else [])


def exclusive(one, other):
    return one != other and one[0] == other[0] != DRAFTERS


def pairs():
    """A feature with itself stands for the feature alone."""
    return [pair for pair in itertools.combinations_with_replacement(FEATURES, 2) if not exclusive(*pair)]


def compile_pair(compiler, models, pair, *more):
    command = [compiler, models["model"], *(option.format(**models) for option in options_of(*pair)), *more]
    return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)


def refusal(result, models):
    """Why there is no plan; None: there is one."""
    if result.returncode == 0:
        return None
    if f"{models['texts']}: No such file" in result.stderr:
        return None
    message = next((line for line in result.stderr.splitlines() if "error:" in line), result.stderr.strip() or f"exit code {result.returncode}")
    for name, path in models.items():
        message = message.replace(path, f"{name}.gguf").replace(os.path.basename(path), f"{name}.gguf")
    return message.partition("error: ")[2] or message


def ask(compiler, folder):
    """Pair of names -> why it is refused, or None. As far as the plan, machine code left out, unless something is measured."""
    models = write_models(folder)

    def one(pair):
        if any(option in MEASURED for _, _, options in pair for option in options):
            return refusal(compile_pair(compiler, models, pair, "-o", str(folder / f"{FEATURES.index(pair[0])}-{FEATURES.index(pair[1])}.plan"), "--no-golden",
                                        "--quiet", "--target=x86-64-v3"), models)
        return refusal(compile_pair(compiler, models, pair, "-o", os.devnull, "--compile-to=plan"), models)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        answers = list(pool.map(one, pairs()))
    return {(one[1], other[1]): answer for (one, other), answer in zip(pairs(), answers)}


def page(answers):
    reasons = list(dict.fromkeys(answer for answer in answers.values() if answer))

    def cell(one, other):
        if (one[1], other[1]) not in answers:
            return "·"
        answer = answers[one[1], other[1]]
        return str(reasons.index(answer) + 1) if answer else "✓"
    names = [name for _, name, _ in FEATURES]
    lines = [LEGEND, "| | " + " | ".join(names) + " |", "| --- |" + " :-: |" * len(names)]
    for i, one in enumerate(FEATURES):
        cells = [cell(FEATURES[min(i, j)], FEATURES[max(i, j)]) for j in range(len(FEATURES))]
        lines.append(f"| {one[1]} | " + " | ".join(cells) + " |")
    lines += ["", "What is asked for:", ""]
    lines += [f"- {name}: `{' '.join(options)}`".replace("{texts}", "texts").replace("{", "").replace("}", ".gguf") for _, name, options in FEATURES]
    lines += ["", "Refused:", ""]
    lines += [f"{i}. `{reason}`" for i, reason in enumerate(reasons, 1)]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        sys.stdout.write(page(ask(sys.argv[1], pathlib.Path(temporary))))
