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
import numpy as np
import safetensors

TINY = make_gguf.CONFIGS["llama-gqa-8-2"] | {"context": 200, "layers": 5}
# What options name in braces. `texts` are not there: see MEASURED.
FILES = {"model": "model.gguf", "draft": "draft.gguf", "shuffled": "shuffled.gguf", "heads": "heads.safetensors", "judge": "judge.txt", "disco": "disco.txt",
         "probes": "probes.safetensors", "texts": "texts"}
# Of these groups a plan may have several features, of any other one. What the option names is joined with commas.
DRAFTERS, EXITS = "drafters", "exits"
JOINED = {DRAFTERS: "--speculate=", EXITS: "--early-exit=token:"}
EARLY_EXIT = {EXITS, "early exit"}  # one option
# group, name, options.
FEATURES = [
    (DRAFTERS, "copy", ["--speculate=copy"]),
    (DRAFTERS, "lookup", ["--speculate=lookup"]),
    (DRAFTERS, "ngram", ["--speculate=ngram"]),
    (DRAFTERS, "trigram", ["--speculate=trigram"]),
    (DRAFTERS, "recycle", ["--speculate=recycle"]),
    (DRAFTERS, "draft", ["--speculate=draft:{draft}"]),
    (DRAFTERS, "draft, other vocabulary", ["--speculate=draft:{shuffled}"]),
    (DRAFTERS, "draft of few tokens", ["--speculate=draft:{draft}", "--draft-vocabulary=128"]),
    (DRAFTERS, "self", ["--speculate=self"]),
    (DRAFTERS, "heads", ["--speculate=heads:{heads}"]),
    (DRAFTERS, "drafters that are chosen", ["--speculate=auto", "--calibration={texts}"]),
    ("trees", "trees", ["--speculate=copy", "--tree=4"]),
    ("trees", "trees of a model", ["--speculate=draft:{draft}", "--tree=4"]),
    ("rules", "rule reject", ["--speculate=copy", "--verify-rule=reject"]),
    ("rules", "rule typical", ["--speculate=copy", "--verify-rule=typical"]),
    ("rules", "rule judge", ["--speculate=copy", "--verify-rule=judge:{judge}"]),
    ("choices", "bandit", ["--speculate=copy,lookup", "--draft-choice=bandit"]),
    ("policies", "static", ["--speculate=copy", "--spec-policy=static:4"]),
    ("policies", "ema", ["--speculate=copy", "--spec-policy=ema"]),
    ("policies", "entropy", ["--speculate=draft:{draft}", "--spec-policy=entropy"]),
    ("policies", "models in turns", ["--speculate=draft:{draft}", "--spec-policy=switch:8"]),
    ("policies", "disco", ["--speculate=draft:{draft}", "--spec-policy=disco:{disco}"]),
    (EXITS, "exits of tokens", ["--early-exit=token:chance@1=0.5"]),
    (EXITS, "exits that are verified", ["--early-exit=token:chance@1=0.5,verify=exact"]),
    (EXITS, "exits, thresholds that fall", ["--early-exit=token:chance@1=0.5,decay=4"]),
    (EXITS, "exits, hopeless texts end", ["--early-exit=token:max_prob@2=0.5,stop=0.001"]),
    (EXITS, "exits, trained probes", ["--early-exit=token:linear@3=0.5,{probes}"]),
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
MEASURED = {"--measure-cost", "--speculate=auto", "--early-exit=auto", "--early-exit=sequence:retrieve"}
LEGEND = """# Which features go together

Every pair of features, as the compiler answers for a tiny model: `✓` a plan, a number: refused, for the reason below; `·` one of a kind at a time, or
the same. On the diagonal the feature alone. Drafters and exits of tokens are joined with commas; a drafter that a rule or a policy brings along gives way to one of
the other feature: a plan has one model that drafts, and where drafters are chosen those of the text are not named. The judge of the page likes nothing, which is
plain decoding.

Made by `test/support/feature_matrix.py`; `test/e2e/test_feature_matrix.py` checks that it is up to date, and `./dev conformance` that the text of every legal pair
with a drafter, or with exits that are verified, is that of plain decoding, greedy and sampled; of pairs with rule reject, which keeps the law and not the draws, only
the greedy one is compared, of pairs with rule typical or models in turns, which are lossy, or with exits that are chosen, none. In all plans sessions can be forked,
truncated, saved and restored, and, but for those of models in turns, step together in a pool.
"""


def write_models(folder):
    """Names that options can have in braces."""
    import permute_vocabulary
    models, width = {name: str(folder / file) for name, file in FILES.items()}, TINY["width"]
    make_gguf.write(TINY, models["model"])
    make_gguf.write(TINY | {"layers": 1}, models["draft"])
    permute_vocabulary.permute(models["draft"], models["shuffled"])
    safetensors.write(models["heads"], safetensors.sure_heads(width), {"heads": "medusa"})
    safetensors.write(models["probes"], {"exits.3.weight": np.ones(width, np.float32), "exits.3.bias": np.zeros(1, np.float32)}, {"probes": "linear"})
    pathlib.Path(models["judge"]).write_text("0 " * width + "-inf\n", encoding="utf-8")  # likes nothing: the text is that of plain decoding
    pathlib.Path(models["disco"]).write_text("-1 -0.5 4 -1 -0.1\n", encoding="utf-8")
    return models


def named(option):
    return option.removeprefix(JOINED[DRAFTERS]).split(",") if option.startswith(JOINED[DRAFTERS]) else []


def gives_way(drafter, asked):
    """Whether one that a rule or a policy brings along is not wanted: a plan has one model that drafts, and where drafters are chosen nobody names any of the text."""
    model = ("draft:", "self", "heads:")
    return any(other.startswith(model) for other in asked) if drafter.startswith(model) else "auto" in asked


def options_of(*features):
    """The options of features together; drafters and exits are asked in their order."""
    asked = [drafter for group, _, given in features if group == DRAFTERS for option in given for drafter in named(option)]
    options, joined = {}, {prefix: {} for prefix in JOINED.values()}  # keys, as each is given once
    for group, _, given in features:
        for option in given:
            prefix = next((prefix for prefix in joined if option.startswith(prefix)), None)
            if not prefix:
                options[option] = None
                continue
            for name in option.removeprefix(prefix).split(","):
                if group == DRAFTERS or prefix != JOINED[DRAFTERS] or not gives_way(name, asked):
                    joined[prefix][name] = None
    return [*options] + [prefix + ",".join(names) for prefix, names in joined.items() if names]


def exclusive(one, other):
    if one == other or one[0] == other[0] in JOINED:
        return False
    return one[0] == other[0] or {one[0], other[0]} <= EARLY_EXIT


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
        message = message.replace(path, FILES[name])
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
    lines += [f"- {name}: `{' '.join(options).format(**FILES)}`" for _, name, options in FEATURES]
    lines += ["", "Refused:", ""]
    lines += [f"{i}. `{reason}`" for i, reason in enumerate(reasons, 1)]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        sys.stdout.write(page(ask(sys.argv[1], pathlib.Path(temporary))))
