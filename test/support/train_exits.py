#!/usr/bin/env python3
# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Trains linear probes of exits (--early-exit=token:linear@20,FILE), on texts of one's own.

usage:  train_exits.py MODEL.gguf TEXTS -o PROBES.safetensors --after 15,18,21,24,27 [--hold 0.2] [--rows 8000]

TEXTS: lines of {"ids": [...], "from": N}, as test/support/make_texts.py writes them: token ids of texts, of which the
first N are not learned. Hidden rows come from the forward in plain numpy of test/oracles/gguf_numpy.py. A probe learns
whether the likeliest token behind its layers is the one behind all of them: logistic regression on the row, divided by
its root mean square, with a penalty on large weights. The last texts are held back; printed is how often the row that
a probe says more of is the right one (0.5: by chance), and what would be right if the surest third left there.
Needs numpy and gguf.
"""
import argparse
import json
import pathlib
import sys

import numpy as np

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent), str(pathlib.Path(__file__).resolve().parents[1] / "oracles")]
import safetensors                                                      # noqa: E402
from gguf_numpy import Model                                            # noqa: E402


class Watched(Model):
    """Keeps the rows that come into some layers, and those behind all of them."""

    def __init__(self, path, after):
        super().__init__(path)
        self.places = {id(self.t[f"blk.{layer}.attn_norm.weight"]): layer for layer in after}
        self.places[id(self.t["output_norm.weight"])] = self.layers
        self.seen = {}

    def rms(self, x, w):
        if id(w) in self.places:
            self.seen[self.places[id(w)]] = x
        return super().rms(x, w)

    def rows(self, ids):
        """Hidden rows of a text, by the number of layers before them."""
        head, self.head = self.head, np.zeros((1, self.width), np.float32)
        self.reset()
        self.forward(ids)
        self.head = head
        return self.seen

    def says(self, x):
        """The likeliest token of each row."""
        scale = self.t["output_norm.weight"]
        return np.concatenate([(Model.rms(self, part, scale) @ self.head.T).argmax(1) for part in np.array_split(x, max(1, len(x) // 256))])


def collect(model, texts, most):
    """Rows and whether they are right, for each place; and the first row that is held back."""
    rows, right = {layer: [] for layer in model.places.values()}, {}
    ends = []
    for text in texts:
        for layer, x in model.rows(text["ids"]).items():
            rows[layer].append(x[max(0, text["from"] - 1):])
        ends.append(sum(map(len, rows[model.layers])))
        print(f"\r{ends[-1]} rows", end="", file=sys.stderr, flush=True)
        if ends[-1] >= most:
            break
    print(file=sys.stderr)
    rows = {layer: np.concatenate(x) for layer, x in rows.items()}
    last = model.says(rows.pop(model.layers))
    for layer, x in rows.items():
        right[layer] = model.says(x) == last
        rows[layer] = x / np.sqrt((x * x).mean(1, keepdims=True))
    return rows, right, ends


def sure(x, weights):
    return 1 / (1 + np.exp(-np.clip(x @ weights[:-1] + weights[-1], -60, 60)))


def train(x, right, penalty, steps=12):
    """Newton's method; the bias is free."""
    x = np.concatenate([x, np.ones((len(x), 1))], 1).astype(np.float64)
    weights = np.zeros(x.shape[1])
    ridge = np.full(x.shape[1], penalty)
    ridge[-1] = 1e-6
    for _ in range(steps):
        p = sure(x[:, :-1], weights)
        slope = x.T @ (p - right) + ridge * weights
        bend = (x * (p * (1 - p))[:, None]).T @ x + np.diag(ridge)
        weights -= np.linalg.solve(bend, slope)
    return weights


def judge(score, right):
    """(How often a right row gets more than a wrong one, the right ones among the surest third, among all)"""
    order = np.argsort(np.argsort(score, kind="stable"), kind="stable")
    good, bad = right.sum(), (~right).sum()
    above = (order[right].sum() - good * (good - 1) / 2) / max(1, good * bad)
    third = np.argsort(-score, kind="stable")[:max(1, len(score) // 3)]
    return float(above), float(right[third].mean()), float(right.mean())


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("model")
    ap.add_argument("texts")
    ap.add_argument("-o", "--out", required=True)
    ap.add_argument("--after", required=True, help="layers before each probe, with commas")
    ap.add_argument("--hold", type=float, default=0.2, help="share of the rows that is held back, whole texts")
    ap.add_argument("--rows", type=int, default=8000, help="at most; texts behind them are left out")
    ap.add_argument("--penalty", type=float, default=30)
    a = ap.parse_args()
    after = [int(layer) for layer in a.after.split(",")]
    model = Watched(a.model, after)
    texts = [json.loads(line) for line in open(a.texts, encoding="utf-8")]
    rows, right, ends = collect(model, texts, a.rows)
    held = max(end for end in [0, *ends] if end <= ends[-1] * (1 - a.hold))
    tensors = {}
    for layer in after:
        x, y = rows[layer], right[layer]
        weights = train(x[:held], y[:held], a.penalty)
        above, third, every = judge(sure(x[held:], weights), y[held:])
        print(f"after {layer}: right of all {every:.3f}, of the surest third {third:.3f}; a right row above a wrong one {above:.3f}", flush=True)
        tensors[f"exits.{layer}.weight"] = weights[:-1].astype(np.float32)
        tensors[f"exits.{layer}.bias"] = weights[-1:].astype(np.float32)
    safetensors.write(a.out, tensors, {"probes": "linear", "model": pathlib.Path(a.model).name})


if __name__ == "__main__":
    main()
