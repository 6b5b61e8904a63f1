# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""sinter: llm-bench of a build, on plans that the same build compiled."""
import contextlib
import hashlib
import json
import os
import pathlib
import subprocess
import sys

from workshop import Missing, say

NAME = "sinter"


def prepare(workshop, subject, build):
    """The plan of a checkpoint by this build."""
    checkpoint, compiler = workshop.gguf(subject.checkpoint), pathlib.Path(build) / "bin" / "llm-compile"
    here = hashlib.sha256(str(pathlib.Path(build).resolve()).encode()).hexdigest()[:8]
    name = "-".join([checkpoint.stem, *subject.options]).replace("=", "-").replace("/", "-")

    def compile_plan(out):
        say(f"compiling {subject}")
        workshop.command(f"llm-compile {checkpoint.name}", compiler, checkpoint, "-o", out, "--quiet", *subject.options)
    return workshop.made(workshop.cache / "plans" / here / f"{name}.plan", compile_plan, checkpoint, compiler)


class Engine:
    """One process of llm-bench a measurement: it starts in milliseconds and warms up by itself. The median of three,
    which together take less time than one of a peer's."""

    def __init__(self, build, plan, threads, subject):
        self.command = [str(pathlib.Path(build) / "bin" / "llm-bench"), str(plan), "--threads", str(threads), "-r", "3", "--json"]
        self.environment = {**os.environ, **({"SINTER_CPU": subject.cpu} if subject.cpu else {})}
        self.where = subject.where

    def sample(self, test):
        with neighbour() if self.where == "neighbour" else contextlib.nullcontext():
            # Forwards come with what they are compared with, before them.
            *_, row = json.loads(self.run("-p", str(test.prompt), "-n", str(test.generate), "-d", str(test.depth),
                                          *(["--rows", str(test.rows)] if test.rows else []),
                                          *(["--batch", str(test.sessions)] if test.sessions > 1 else [])))
        return {"rate": row["median"], **row}

    def run(self, *arguments):
        place = {"one-core": [0]}.get(self.where, os.sched_getaffinity(0))
        result = subprocess.run([*self.command, *arguments], env=self.environment, capture_output=True, text=True, check=False,
                                preexec_fn=(lambda: settle(place)) if self.where else None)
        if result.returncode:
            raise Missing(f"llm-bench: {result.stderr.strip()}")
        return result.stdout

    def close(self):
        pass


def settle(cores):
    """On these cores, in the common class: in the real-time class nobody would share a core."""
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    os.sched_setaffinity(0, cores)


@contextlib.contextmanager
def neighbour():
    """A process that takes what it gets of the last core."""
    with subprocess.Popen([sys.executable, "-c", "while True: pass"], preexec_fn=lambda: settle([max(os.sched_getaffinity(0))])) as process:
        try:
            yield
        finally:
            process.kill()
