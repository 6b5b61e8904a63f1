#!/usr/bin/env python3
# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Trains the head of --verify-rule=judge:FILE: which ids that a model would not have said it can live with.

usage:  train_judge.py MODEL.gguf TEXTS -o FILE [--within 1] [--hold 0.2] [--rows 8000] [--penalty 30]

TEXTS: lines of {"ids": [...], "from": N}, as test/support/make_texts.py --temperature 1.2 writes them with a plan of the
model: some of the ids are others than the likeliest one. An example is the hidden row of such an id, which
test/oracles/gguf_numpy.py computes; it is a good one where its log probability is at most --within nats below that of
the likeliest id. Logistic regression on the row, with a penalty on large weights. The last texts are held back; printed
is what the judge keeps of them, and what that loses: nats below the likeliest id, on average.
"""
import argparse
import json
import pathlib
import sys

import numpy as np

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent), str(pathlib.Path(__file__).resolve().parents[1] / "oracles")]
from gguf_numpy import Model                                            # noqa: E402
from train_exits import judge, sure, train                              # noqa: E402
from train_heads import hidden_rows                                     # noqa: E402


def lost(model, rows, ids):
    """How far the log probability of each id but the first lies below that of the likeliest one."""
    nats = []
    for at in range(0, len(ids) - 1, 256):
        follow = np.array(ids[at + 1:at + 257])
        logits = rows[at:at + len(follow)] @ model.head.T
        nats.append(logits.max(1) - logits[np.arange(len(follow)), follow])
    return np.concatenate(nats)


def examples(model, text):
    """Rows of ids that are not the likeliest ones, and what each loses."""
    rows = hidden_rows(model, text["ids"])
    nats = lost(model, rows, text["ids"])
    at = np.arange(max(1, text["from"]), len(text["ids"]))
    at = at[nats[at - 1] > 0]
    return rows[at], nats[at - 1]


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("model")
    ap.add_argument("texts")
    ap.add_argument("-o", "--out", required=True)
    ap.add_argument("--within", type=float, default=1, metavar="NATS")
    ap.add_argument("--hold", type=float, default=0.2, help="share of the texts that is held back")
    ap.add_argument("--rows", type=int, default=8000, help="examples, at most; texts behind them are left out")
    ap.add_argument("--penalty", type=float, default=30)
    a = ap.parse_args()
    model, found = Model(a.model), []
    for line in open(a.texts, encoding="utf-8"):
        found.append(examples(model, json.loads(line)))
        if sum(len(nats) for _, nats in found) >= a.rows:
            break
    learned = max(1, int(len(found) * (1 - a.hold)))
    (x, nats), (held, cost) = (tuple(np.concatenate(part) for part in zip(*some)) for some in (found[:learned], found[learned:] or found))
    scale = float(np.sqrt((x * x).mean()))
    weights = train(x / scale, nats <= a.within, a.penalty)
    score, good = sure(held / scale, weights), cost <= a.within
    kept = score > 0.5
    print(f"examples {len(nats)} and {len(cost)} held back, good {good.mean():.3f}; a good one above another {judge(score, good)[0]:.3f}")
    print(f"kept {kept.mean():.3f}, of them good {good[kept].mean() if kept.any() else 1:.3f}; lost {cost[kept].mean() if kept.any() else 0:.3f} nats, of all {cost.mean():.3f}")
    weights[:-1] /= scale
    pathlib.Path(a.out).write_text("\n".join(f"{number:.7g}" for number in weights) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
