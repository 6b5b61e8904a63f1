#!/usr/bin/env python3
# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Trains heads that draft for a model (--speculate=heads:FILE), on texts of its own.

usage:  train_heads.py MODEL.gguf TEXTS -o HEADS.safetensors [--kind hydra|medusa] [--heads 3]
                       [--vocabulary 8192] [--steps 600] [--hold 0.1] [--rows CACHE.npz]

TEXTS: lines of {"ids": [...], "from": N}, as test/support/make_texts.py writes them: token ids of texts, of which the
first N are not learned. Hidden rows come from the forward in plain numpy of
test/oracles/gguf_numpy.py; --rows keeps them for the next time. A head i learns which id stands i + 2 places
behind a row: cross entropy over the ids that come most often in the texts, which become the heads' vocabulary,
through the output matrix of the model, which stays as it is. Adam; the last texts are held back, and how often the
heads are right there is printed: a head counts where those before it were right, as in a draft.
Minutes on two cores for 50,000 tokens. Needs numpy and gguf.
"""
import argparse
import json
import pathlib
import sys

import numpy as np

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent), str(pathlib.Path(__file__).resolve().parents[1] / "oracles")]
import safetensors                                                      # noqa: E402
from gguf_numpy import Model                                            # noqa: E402


def hidden_rows(model, ids):
    """What the head of the model multiplies, a row for each id."""
    model.reset()
    rows, head = [], model.head
    # With the identity as its head, the logits of the oracle are those rows.
    model.head = np.eye(model.width, dtype=np.float32)
    for first in range(0, len(ids), 256):
        rows.append(model.forward(ids[first:first + 256]))
    model.head = head
    return np.concatenate(rows).astype(np.float32)


def collect(model, texts):
    """Rows and ids of all texts; for each row the end of its text, 0 where it is not learned."""
    rows, ids, ends = [], [], []
    for text in texts:
        rows.append(hidden_rows(model, text["ids"]))
        given = max(0, text["from"] - 1)        # the row before an answer says its first id
        end = len(ids) + len(text["ids"])
        ends += [0] * given + [end] * (end - len(ids) - given)
        ids += text["ids"]
        print(f"\r{len(ids)} rows", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return np.concatenate(rows), np.array(ids, np.int64), np.array(ends)


class Adam:
    def __init__(self, weights, rate):
        self.weights, self.rate, self.step = weights, rate, 0
        self.moments = [(np.zeros_like(w), np.zeros_like(w)) for w in weights]

    def update(self, gradients, scale):
        self.step += 1
        for w, g, (m, v) in zip(self.weights, gradients, self.moments):
            m += 0.1 * (g - m)
            v += 0.02 * (g * g - v)
            w -= scale * self.rate * (m / (1 - 0.9 ** self.step)) / (np.sqrt(v / (1 - 0.98 ** self.step)) + 1e-8)


class Head:
    """logits = U (base + silu(W x + b)); base is h (medusa) or S x (hydra)."""

    def __init__(self, number, kind, width, rate, sizes):
        """`sizes`: of hidden rows and of embeddings. Weights are learned as if both were 1, at the same speed then."""
        self.number, self.kind = number, kind
        self.scale = np.repeat(1 / np.array([sizes[0], *[sizes[1]] * (number + 1)], np.float32), width)
        if kind == "medusa":
            self.scale = np.ones(width, np.float32)
        columns = len(self.scale)
        self.w = (np.random.default_rng(number).standard_normal((width, columns)) * 0.1 * columns ** -0.5).astype(np.float32)
        self.b = np.zeros(width, np.float32)
        weights = [self.w, self.b]
        if kind == "hydra":
            self.s = np.zeros((width, columns), np.float32)
            self.s[:, :width] = np.eye(width) * sizes[0]
            weights.append(self.s)
        self.adam = Adam(weights, rate)

    def inputs(self, rows, table, ids, at):
        """x of the rows `at`: the ids that follow them are known, up to the one this head drafts."""
        if self.kind == "medusa":
            return rows[at]
        return np.concatenate([rows[at], *(table[ids[at + 1 + j]] for j in range(self.number + 1))], axis=1) * self.scale

    def forward(self, x):
        inner = x @ self.w.T + self.b
        gate = 1 / (1 + np.exp(-inner))
        base = x if self.kind == "medusa" else x @ self.s.T
        return base + inner * gate, inner, gate

    def train(self, x, labels, output, scale):
        z, inner, gate = self.forward(x)
        logits = z @ output.T
        logits -= logits.max(1, keepdims=True)
        np.exp(logits, out=logits)
        logits /= logits.sum(1, keepdims=True)
        index = np.arange(len(labels))
        loss = -np.log(logits[index, labels] + 1e-9).mean()
        logits[index, labels] -= 1
        dz = (logits @ output) / len(labels)
        di = dz * gate * (1 + inner * (1 - gate))
        gradients = [di.T @ x, di.sum(0)]
        if self.kind == "hydra":
            gradients.append(dz.T @ x)
        self.adam.update(gradients, scale)
        return loss

    def tensors(self):
        name = f"heads.{self.number}"
        out = {f"{name}.weight": (self.w * self.scale).astype(np.float16), f"{name}.bias": self.b}
        if self.kind == "hydra":
            out[f"{name}.skip.weight"] = (self.s * self.scale).astype(np.float16)
        return out


def acceptance(heads, data, output, vocabulary, first, last):
    """Share of the rows where head i is right, of those where all heads before it were."""
    rows, ids, ends, table = data
    at = np.arange(first, last)
    at = at[at + len(heads) + 1 < ends[at]]
    result, right = [], np.ones(len(at), bool)
    for head in heads:
        said = np.concatenate([vocabulary[(head.forward(head.inputs(rows, table, ids, part))[0] @ output.T).argmax(1)]
                               for part in np.array_split(at, max(1, len(at) // 512))])
        here = said == ids[at + head.number + 2]
        result.append(float((right & here).sum() / max(1, right.sum())))
        right &= here
    return result


def train(a):
    model = Model(a.model)
    if a.rows and pathlib.Path(a.rows).exists():
        kept = np.load(a.rows)
        rows, ids, ends = kept["rows"].astype(np.float32), kept["ids"], kept["ends"]
    else:
        texts = [json.loads(line) for line in open(a.texts, encoding="utf-8")]
        rows, ids, ends = collect(model, texts)
        if a.rows:
            np.savez(a.rows, rows=rows.astype(np.float16), ids=ids, ends=ends)
    counts = np.bincount(ids, minlength=len(model.head))
    vocabulary = np.sort(np.argsort(-counts, kind="stable")[:a.vocabulary])
    output = np.ascontiguousarray(model.head[vocabulary])
    place = np.full(len(model.head), -1, np.int64)
    place[vocabulary] = np.arange(len(vocabulary))
    table = model.t["token_embd.weight"]
    held = int(ends[:int(len(ids) * (1 - a.hold))].max())       # a text is held back whole
    rng = np.random.default_rng(a.seed)
    sizes = [float(np.sqrt((part * part).mean())) for part in (rows[::7], table[ids[::7]])]
    heads = [Head(i, a.kind, model.width, a.rate, sizes) for i in range(a.heads)]
    data = (rows, ids, ends, table)
    print("untrained, on held texts:", " ".join(f"{x:.3f}" for x in acceptance(heads, data, output, vocabulary, held, len(ids))), flush=True)
    for head in heads:
        at = np.arange(held)
        at = at[at + head.number + 2 < ends[at]]
        at = at[place[ids[at + head.number + 2]] >= 0]
        mean = 0
        for step in range(a.steps):
            part = rng.choice(at, a.batch)
            scale = min(1, (step + 1) / 20) * (1 - step / a.steps)
            loss = head.train(head.inputs(rows, table, ids, part), place[ids[part + head.number + 2]], output, scale)
            mean += loss
            if (step + 1) % 100 == 0:
                print(f"head {head.number} step {step + 1}: loss {mean / 100:.3f}", flush=True)
                mean = 0
    print("trained, on held texts:", " ".join(f"{x:.3f}" for x in acceptance(heads, data, output, vocabulary, held, len(ids))), flush=True)
    tensors = {name: value for head in heads for name, value in head.tensors().items()}
    if len(vocabulary) < len(model.head):
        tensors["vocabulary"] = vocabulary.astype(np.int32)
    safetensors.write(a.out, tensors, {"heads": a.kind, "model": pathlib.Path(a.model).name})


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("model")
    ap.add_argument("texts")
    ap.add_argument("-o", "--out", required=True)
    ap.add_argument("--kind", choices=["hydra", "medusa"], default="hydra")
    ap.add_argument("--heads", type=int, default=3)
    ap.add_argument("--vocabulary", type=int, default=8192, metavar="TOKENS")
    ap.add_argument("--steps", type=int, default=600, help="of 256 rows, for each head")
    ap.add_argument("--batch", type=int, default=256)
    ap.add_argument("--rate", type=float, default=1e-3)
    ap.add_argument("--hold", type=float, default=0.1, help="share of the texts that is held back")
    ap.add_argument("--rows", help="file that keeps hidden rows")
    ap.add_argument("--seed", type=int, default=1)
    train(ap.parse_args())


if __name__ == "__main__":
    main()
