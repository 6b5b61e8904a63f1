#!/usr/bin/env python3
# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Trains the classifier of --spec-policy=disco:FILE for a model that drafts, on texts of the model it drafts for.

usage:  train_disco.py DRAFT.gguf TEXTS -o FILE [--id-cost 0.35] [--row-cost 0.05] [--most 15] [--hold 0.3] [--rows 20000]

TEXTS: lines of {"ids": [...], "from": N}, as test/support/make_texts.py --temperature 0 writes them with a plan of the
model that is drafted for. The draft reads them (test/oracles/gguf_numpy.py): its row before each id gives the entropy
and the two largest probabilities, and it agrees where its likeliest id is the one in the text. From every place a draft
goes on until it is wrong; each of its ids is an example, with its depth. Logistic regression; then the chance below
which a draft ends is the one with the most tokens a unit of cost on the texts learned. A forward costs 1, a further row
of it --row-cost, an id of the draft --id-cost: `costs` of llm-dump has both. Printed is what that gives on the texts
held back, beside drafts of 1, 2, ... ids each and drafts that end at the first wrong id by themselves.
"""
import argparse
import json
import pathlib
import sys

import numpy as np

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent), str(pathlib.Path(__file__).resolve().parents[1] / "oracles")]
from gguf_numpy import Model                                            # noqa: E402
from train_exits import sure, train                                     # noqa: E402


def figures(logits):
    """Entropy and the two largest probabilities of each row."""
    p = np.exp(logits - logits.max(1, keepdims=True), dtype=np.float64)
    p /= p.sum(1, keepdims=True)
    two = np.partition(p, -2, axis=1)[:, -2:]
    return np.stack([-(p * np.log(np.maximum(p, 1e-300))).sum(1), two[:, 1], two[:, 0]], 1)


def read(model, text):
    """Figures of the rows of an answer but the last, and whether each says the id that follows."""
    model.reset()
    first = max(0, text["from"] - 1)
    parts, right = [], []
    for at in range(0, len(text["ids"]), 256):
        ids = text["ids"][at:at + 256]
        logits = model.forward(ids)[max(0, first - at):]
        follow = text["ids"][max(at, first) + 1:at + 257]
        parts.append(figures(logits[:len(follow)]))
        right.append(logits[:len(follow)].argmax(1) == follow)
    return np.concatenate(parts), np.concatenate(right)


def examples(given, right, most):
    """(figures, depth) of every id of every draft up to its first wrong one, and whether it is right."""
    x, y = [], []
    for start in range(len(right)):
        for depth in range(1, min(most, len(right) - start) + 1):
            x.append([*given[start + depth - 1], depth])
            y.append(right[start + depth - 1])
            if not y[-1]:
                break
    return x, y


def counted(texts, costs, goes_on):
    """Tokens a unit of cost of whole texts; `goes_on(place, depth)` says whether a draft does behind that id."""
    tokens = spent = 0
    for number, (given, right) in enumerate(texts):
        place = 0
        while place < len(right):
            drafted = accepted = 0
            while place + drafted < len(right):
                drafted += 1
                accepted += accepted == drafted - 1 and right[place + drafted - 1]
                if not goes_on(number, place + drafted - 1, drafted):
                    break
            place += accepted + 1
            tokens += accepted + 1
            spent += 1 + drafted * sum(costs)
    return tokens / spent


def policy(texts, weights, chance, most):
    scores = [given @ weights[:3] + weights[4] for given, _ in texts]
    bound = np.log(chance / (1 - chance))
    return lambda number, place, depth: depth < most and scores[number][place] + weights[3] * depth >= bound


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("draft")
    ap.add_argument("texts")
    ap.add_argument("-o", "--out", required=True)
    ap.add_argument("--id-cost", type=float, default=0.35)
    ap.add_argument("--row-cost", type=float, default=0.05)
    ap.add_argument("--most", type=int, default=15, help="ids of a draft")
    ap.add_argument("--hold", type=float, default=0.3, help="share of the texts that is held back")
    ap.add_argument("--rows", type=int, default=20000, help="at most; texts behind them are left out")
    a = ap.parse_args()
    model, costs, texts = Model(a.draft), (a.row_cost, a.id_cost), []
    for line in open(a.texts, encoding="utf-8"):
        texts.append(read(model, json.loads(line)))
        if sum(len(right) for _, right in texts) >= a.rows:
            break
    learned = max(1, int(len(texts) * (1 - a.hold)))
    held, texts = texts[learned:] or texts, texts[:learned]
    x, y = [], []
    for given, right in texts:
        for kept, more in zip((x, y), examples(given, right, a.most)):
            kept += more
    x, y = np.array(x), np.array(y)
    weights = train(x, y, penalty=1)
    chances = np.linspace(0.05, 0.95, 19)
    gains = [counted(texts, costs, policy(texts, weights, chance, a.most)) for chance in chances]
    chance = float(chances[int(np.argmax(gains))])
    static = [counted(held, costs, lambda _, place, depth, k=k: depth < k) for k in range(1, min(8, a.most) + 1)]
    ends = counted(held, costs, lambda number, place, depth: depth < a.most and held[number][1][place])
    mine = counted(held, costs, policy(held, weights, chance, a.most))
    print(f"examples {len(y)}, right {y.mean():.3f}, told apart {np.mean((sure(x, weights) > 0.5) == y):.3f}; a draft ends below a chance of {chance:.2f}")
    print("held back, tokens a unit of cost: static", " ".join(f"{k + 1}:{gain:.3f}" for k, gain in enumerate(static)), f" disco {mine:.3f}, knowing all {ends:.3f}")
    numbers = [weights[4] - np.log(chance / (1 - chance)), *weights[:4]]
    pathlib.Path(a.out).write_text(" ".join(f"{number:.7g}" for number in numbers) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
