# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Numbers of one process: start, compile time, memory. Each function takes (workshop, build) and gives one value."""
import os
import pathlib
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


def compiled(workshop, build, *options):
    """(seconds, peak MiB) of llm-compile on the model."""
    with tempfile.TemporaryDirectory() as folder:
        command = [binary(build, "llm-compile"), str(workshop.model), "-o", os.path.join(folder, "x.plan"), "--quiet", *options]
        environment = {**os.environ, "XDG_CACHE_HOME": folder}  # nothing was compiled before
        start = time.perf_counter()
        process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        elapsed = time.perf_counter() - start
    if process.returncode:
        raise Missing(f"llm-compile failed with exit code {process.returncode}")
    return elapsed, usage.ru_maxrss / 1024


def compile_default(workshop, build):
    return compiled(workshop, build)[0]


def compile_memory(workshop, build):
    return compiled(workshop, build)[1]
