# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A peer as a process of its own that is asked for one measurement at a time.

`serve` is the process: it reads a test as a line of JSON and answers with a line of JSON. `Worker` is the side that
asks. Between two questions the process is stopped, so that its threads cannot spin beside another engine's.
"""
import dataclasses
import json
import os
import signal
import subprocess
import sys

from model import Test
from workshop import HERE, Missing


def token_ids(count):
    """Ids that every engine can run; which they are does not change the time."""
    return [100 + i * 37 % 40000 for i in range(count)]


def run(engine, test):
    return engine.prefill(test.prompt) if test.prompt else engine.decode(test.generate, test.depth)


def serve(engine_class):
    """usage: python -m engines.NAME PATH THREADS POSITIONS"""
    # Libraries print to stdout: the answers go to a copy of it, the rest to stderr.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    engine, warm = engine_class(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])), set()
    print("ready", file=answers, flush=True)
    for line in sys.stdin:
        test = Test(**json.loads(line))
        # A good part of the test the first time, later a few tokens: enough to wake threads and fill the caches.
        if test.prompt:
            run(engine, Test(prompt=min(test.prompt, 16 if test in warm else 512)))
        else:
            run(engine, dataclasses.replace(test, generate=2) if test in warm else test)
        warm.add(test)
        print(json.dumps({"rate": test.tokens / run(engine, test)}), file=answers, flush=True)


class Worker:
    def __init__(self, workshop, name, path, threads, positions):
        self.name = name
        self.log = open(workshop.cache / f"{name}.log", "w", encoding="utf-8")
        import engines
        self.process = subprocess.Popen(
            [str(workshop.python), "-m", engines.module(name).__name__, str(path), str(threads), str(positions)], cwd=HERE,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True, start_new_session=True)
        try:
            self.answer("start")
        except Missing:
            self.close()
            raise

    def sample(self, test):
        os.kill(self.process.pid, signal.SIGCONT)
        try:
            self.process.stdin.write(json.dumps(dataclasses.asdict(test)) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # the missing answer says it
        return json.loads(self.answer(test))

    def answer(self, question):
        line = self.process.stdout.readline()
        if not line:
            raise Missing(f"{self.name} stopped with exit code {self.process.wait()} at {question}, see {self.log.name}")
        os.kill(self.process.pid, signal.SIGSTOP)
        return line

    def close(self):
        self.process.kill()
        self.process.communicate()
        self.log.close()
