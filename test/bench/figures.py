# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Numbers of one process: start, compile time, memory. Each function takes (workshop, build) and gives one value."""
import filecmp
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

import engines.sinter
from model import Subject
from workshop import Missing


def binary(build, name):
    return str(pathlib.Path(build) / "bin" / name)


def first_byte(workshop, build):
    """Milliseconds from the start of llm-run to the first byte of text: one-token prompt, file in the page cache."""
    plan = engines.sinter.prepare(workshop, Subject("sinter"), build)
    command = [binary(build, "llm-run"), str(plan), "-p", "The", "-n", "8", "--temperature", "0"]
    start = time.perf_counter()
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        os.read(process.stdout.fileno(), 1)
        elapsed = time.perf_counter() - start
        process.stdout.read()
    if process.returncode:
        raise Missing(f"llm-run failed with exit code {process.returncode}")
    return elapsed * 1e3


class Compile:
    """llm-compile on a checkpoint, in a folder of its own: nothing was compiled before."""

    def __init__(self, workshop, build, checkpoint="q4_1"):
        self.command = [binary(build, "llm-compile"), str(workshop.gguf(checkpoint)), "--quiet", "-o"]
        self.folder = tempfile.TemporaryDirectory(dir=workshop.cache)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.folder.cleanup()

    def plan(self, name):
        return pathlib.Path(self.folder.name) / f"{name}.plan"

    def run(self, name):
        """(seconds, peak MiB)"""
        environment = {**os.environ, "XDG_CACHE_HOME": self.folder.name}
        start = time.perf_counter()
        process = subprocess.Popen([*self.command, str(self.plan(name))], env=environment, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        elapsed = time.perf_counter() - start
        if process.returncode:
            raise Missing(f"llm-compile failed with exit code {process.returncode}")
        return elapsed, usage.ru_maxrss / 1024


def compile_default(workshop, build):
    with Compile(workshop, build) as compile:
        return compile.run("first")[0]


def compile_memory(workshop, build):
    with Compile(workshop, build) as compile:
        return compile.run("first")[1]


def compile_again(checkpoint):
    """Seconds of a second compile with the same options, which must give the same bytes."""
    def measure(workshop, build):
        with Compile(workshop, build, checkpoint) as compile:
            compile.run("first")
            seconds, _ = compile.run("second")
            if not filecmp.cmp(compile.plan("first"), compile.plan("second"), shallow=False):
                raise Missing("the second compile gave other bytes")
        return seconds
    return measure


def compile_over_copy(checkpoint):
    """Seconds of a compile beyond twice those of copying the checkpoint to the same disk."""
    def measure(workshop, build):
        with Compile(workshop, build, checkpoint) as compile:
            start = time.perf_counter()
            shutil.copyfile(workshop.gguf(checkpoint), compile.plan("copy"))
            copying = time.perf_counter() - start
            compile.plan("copy").unlink()
            return max(0, compile.run("first")[0] - 2 * copying)
    return measure
