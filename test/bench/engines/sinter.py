# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""sinter: llm-bench of a build, on plans that the same build compiled."""
import hashlib
import json
import os
import pathlib
import subprocess

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

    def __init__(self, build, plan, threads, cpu):
        self.command = [str(pathlib.Path(build) / "bin" / "llm-bench"), str(plan), "--threads", str(threads), "-r", "3", "--json"]
        self.environment = {**os.environ, **({"SINTER_CPU": cpu} if cpu else {})}

    def sample(self, test):
        arguments = ["-p", str(test.prompt), "-n", str(test.generate), "-d", str(test.depth)]
        result = subprocess.run([*self.command, *arguments], env=self.environment, capture_output=True, text=True, check=False)
        if result.returncode:
            raise Missing(f"llm-bench: {result.stderr.strip()}")
        row, = json.loads(result.stdout)
        return {"rate": row["median"], **row}

    def close(self):
        pass
