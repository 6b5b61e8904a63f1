#!/usr/bin/env python3
# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes smollm2-greedy.json: what the reference continues 20 prompts with.

usage: make_greedy.py MODEL.gguf OUT.json   (minutes: one token at a time in numpy)

For each prompt: its ids, 64 greedy tokens, and for each token the gap between
the two largest logits, by which a test knows how near a tie was.
"""
import json
import sys

import numpy as np

from gguf_numpy import Model, Tokenizer

PROMPTS = [
    "The capital of France is",
    "Once upon a time, in a small village by the sea,",
    "def fibonacci(n):\n    \"\"\"Return the n-th Fibonacci number.\"\"\"\n",
    "The three states of matter are",
    "Water boils at a temperature of",
    "Dear Sir or Madam,\n\nI am writing to",
    "The quick brown fox",
    "In 1969, the first human",
    "import numpy as np\n\n# Compute the mean of each column\n",
    "Ingredients: flour, sugar, butter, eggs.\n\nInstructions:\n1.",
    "Die Hauptstadt von Deutschland ist",
    "Q: What is the largest planet in the solar system?\nA:",
    "<|im_start|>user\nWhy is the sky blue?<|im_end|>\n<|im_start|>assistant\n",
    "<|im_start|>user\nWrite a short poem about rain.<|im_end|>\n<|im_start|>assistant\n",
    "1, 1, 2, 3, 5, 8, 13,",
    "{\"name\": \"Alice\", \"age\": 30, \"city\":",
    "SELECT name, price FROM products WHERE",
    "She opened the door slowly and",
    "The theory of evolution by natural selection was",
    "El sol sale por el este y",
]
COUNT = 64


def continuation(model, ids):
    model.reset()
    last = model.forward(ids, last_only=True)[-1]
    tokens, gaps = [], []
    for step in range(COUNT):
        second, first = np.partition(last, -2)[-2:]
        tokens.append(int(last.argmax()))
        gaps.append(float(first - second))
        if step + 1 < COUNT:
            last = model.forward(tokens[-1:], last_only=True)[-1]
    return tokens, gaps


def main():
    model = Model(sys.argv[1])
    tokenizer = Tokenizer(model.meta)
    rows = []
    for prompt in PROMPTS:
        ids = tokenizer.encode(prompt)
        tokens, gaps = continuation(model, ids)
        rows.append({"prompt": prompt, "ids": ids, "tokens": tokens, "gaps": [round(gap, 6) for gap in gaps]})
        print(len(rows), repr(tokenizer.decode(tokens))[:90], f"least gap {min(gaps):.4f}", flush=True)
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        file.write("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n")


if __name__ == "__main__":
    main()
