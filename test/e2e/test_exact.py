# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Exact mode (f32 activations, f32 cache) against the independent reference."""
import json
import re

import numpy as np

import gguf_numpy
from conftest import ROOT, figure, levels_here, logits, run

GREEDY = json.loads((ROOT / "test/oracles/smollm2-greedy.json").read_text())
# A token may differ from the reference only where its own two best logits are this near.
TIE = 1e-3


def test_logits_agree_over_300_positions(exact, reference_rows, text_ids, tmp_path):
    got = logits(exact, text_ids[:300], tmp_path / "logits.npy")
    assert got.dtype == np.float32 and got.shape == reference_rows.shape
    figures = gguf_numpy.compare(reference_rows, got)
    figure("exact mode, 300 positions", f"max {figures['max_abs_logit']:.2e}, mean KL {figures['mean_kl']:.1e}")
    assert figures["max_abs_logit"] <= 3e-4
    assert abs(figures["mean_kl"]) <= 1e-8


def test_llm_eval_reports_the_same_difference(exact, reference_rows, text_ids, tmp_path):
    ids = text_ids[:260]
    expected = reference_rows[:260]
    np.savez(tmp_path / "reference.npz", prompt=np.int32(ids), logits=expected,
             tokens=np.int32([expected[-1].argmax()]))
    line = run("llm-eval", exact, "--reference", tmp_path / "reference.npz").stdout.strip()
    figure("exact mode, llm-eval --reference", line)
    match = re.fullmatch(r"max_abs (\S+) mean_kl (\S+) top1 (\S+) greedy (\d+)/(\d+)", line)
    assert match, line
    mine = gguf_numpy.compare(expected, logits(exact, ids, tmp_path / "logits.npy"))
    assert abs(float(match[1]) - mine["max_abs_logit"]) <= 1e-5
    assert float(match[1]) <= 3e-4 and abs(float(match[2])) <= 1e-8
    assert match[4] == match[5] == "1"


def test_greedy_text_of_20_prompts(exact, tokenizer):
    """64 tokens of each prompt; one process per prompt, on both CPU levels in turn."""
    levels = levels_here()
    differing = []
    for number, case in enumerate(GREEDY):
        env = {"SINTER_CPU": levels[number % len(levels)]}
        out = run("llm-run", exact, "--ids", ",".join(map(str, case["ids"])), "-n", len(case["tokens"]),
                  "--temperature", 0, "--json", env=env)
        got = json.loads(out.stdout)["tokens"]
        stop = next((i for i, t in enumerate(case["tokens"]) if t in stop_ids(tokenizer)), len(case["tokens"]))
        expected = case["tokens"][:stop]
        first = next((i for i, (a, b) in enumerate(zip(got, expected)) if a != b), None)
        if first is None:
            assert len(got) == len(expected), case["prompt"]
        else:
            assert case["gaps"][first] < TIE, (case["prompt"], first, got, expected)
            differing.append((case["prompt"], first, case["gaps"][first]))
    figure("exact mode, 20 prompts x 64 greedy tokens", f"{len(GREEDY) - len(differing)} identical, "
           f"{len(differing)} part at a near tie {differing or ''}".strip())


def stop_ids(tokenizer):
    return {tokenizer.ids[name] for name in ("<|im_end|>", "<|endoftext|>") if name in tokenizer.ids}
