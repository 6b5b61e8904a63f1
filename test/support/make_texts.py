#!/usr/bin/env python3
# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What a model answers to many small questions, as token ids: texts to train heads on (test/support/train_heads.py).

usage:  make_texts.py PLAN -o TEXTS [--llm-run build/bin/llm-run] [--count 300] [-n 200] [--temperature 0.4]

A line is {"ids": [...], "from": N}: the N ids of the chat that was rendered, then those of the answer. Questions are made of the
lists below, in a fixed order; none of them is in test/bench/workloads.
"""
import argparse
import json
import random
import subprocess
import tempfile

SUBJECTS = """the moon;volcanoes;honey bees;the French Revolution;photosynthesis;chess openings;sourdough;the Roman army;
electric cars;whales;the printing press;jazz;glaciers;the stock market;vaccines;bicycles;the Silk Road;owls;black holes;
tea;public libraries;the human heart;recycling;Shakespeare;earthquakes;soccer;painting with watercolours;cats;rice;
the Internet;bridges;coffee;the desert;mountaineering;sleep;the violin;lighthouses;dinosaurs;wind power;chocolate;
penguins;the Olympic Games;robots;the rainforest;snow;maps;clocks;spiders;castles;gardening;swimming;budgets;elections;
sailing;camels;the alphabet;magnets;pottery;trains;good manners""".replace("\n", "").split(";")
QUESTIONS = ["Explain {} to a child.", "What are five facts about {}?", "Write a short story about {}.", "Write a poem about {}.",
             "Why is {} important?", "Give me a list of questions for an interview about {}.", "What are common mistakes people make about {}?",
             "Write an email to a friend about {}.", "Compare {} today with a hundred years ago."]
TASKS = """reverses a string;checks whether a number is prime;counts the words of a text;finds the largest element of a list;sorts pairs by
their second element;removes duplicates from a list;merges two dictionaries;computes the average of numbers;reads a CSV file;
finds common elements of two lists;converts Celsius to Fahrenheit;generates Fibonacci numbers;checks for palindromes;flattens a nested list;
counts the vowels of a word;computes a factorial;finds the second smallest number;rotates a list;validates an email address;
groups words by their first letter""".replace("\n", " ").split(";")
CODE = ["Write a Python function that {}.", "Write a Python function that {}, with a test.", "Show me JavaScript code that {}."]


def questions(count):
    every = [q.format(s) for q in QUESTIONS for s in SUBJECTS] + [q.format(t.strip()) for q in CODE for t in TASKS]
    random.Random(5).shuffle(every)
    return every[:count]


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("plan")
    ap.add_argument("-o", "--out", required=True)
    ap.add_argument("--llm-run", default="build/bin/llm-run")
    ap.add_argument("--count", type=int, default=300)
    ap.add_argument("-n", type=int, default=200)
    ap.add_argument("--temperature", type=float, default=0.4)
    a = ap.parse_args()

    def call(*arguments):
        return subprocess.run([a.llm_run, a.plan, *map(str, arguments)], check=True, capture_output=True, text=True).stdout
    with open(a.out, "w", encoding="utf-8") as out, tempfile.NamedTemporaryFile("w+", suffix=".json") as file:
        for number, question in enumerate(questions(a.count)):
            def keep(value):
                file.seek(0)
                file.truncate()
                file.write(json.dumps(value) + "\n")
                file.flush()
            keep([{"role": "user", "content": question}])
            keep(call("--render", file.name))
            prompt = json.loads(call("--tokenize", file.name))
            answer = json.loads(call("--ids", ",".join(map(str, prompt)), "-n", a.n, "--temperature", a.temperature, "--seed", number, "--json"))
            out.write(json.dumps({"ids": prompt + answer["tokens"], "from": len(prompt)}) + "\n")


if __name__ == "__main__":
    main()
