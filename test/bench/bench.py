#!/usr/bin/env python3
# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The speed table: sinter and llama.cpp on the same file, in one run.

usage: bench.py --model M.gguf --plan M.plan --bin build/bin [-p 512] [-n 64] [-r 5] [--threads 1,2] [--json OUT]

Engines take turns, repetition by repetition, each in a process of its own, so
that a machine that slows down slows both.  Ratios are of medians, ours against
the best of llama.cpp's thread counts.  Also: compile time and memory, time to the first
byte, peak memory of llm-run, size of the runtime.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
# What is asked for: decode and prefill against llama.cpp.
ASKED = {"tg": 1.5, "pp": 2.0}


def measured(command, **options):
    """(output, seconds, peak bytes) of a process."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, **options)
    out = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"bench: {' '.join(map(str, command))} failed with exit code {process.returncode}")
    return out, time.perf_counter() - start, usage.ru_maxrss * 1024


def engines(arguments):
    tests = ["-p", str(arguments.p), "-n", str(arguments.n), "-r", "1"]
    yield "sinter", [str(arguments.bin / "llm-bench"), str(arguments.plan), *tests, "--json"]
    yield "llama.cpp", [sys.executable, str(HERE / "llama_cpp_bench.py"), str(arguments.model), *tests]


def sample(arguments):
    """{(engine, test, threads): [tokens a second]}"""
    rates = {}
    for repetition in range(arguments.r):
        for threads in arguments.threads:
            for name, command in engines(arguments):
                out, _, _ = measured([*command, "--threads", str(threads)])
                for row in json.loads(out):
                    rates.setdefault((name, row["test"], threads), []).append(row["median"])
        print(f"   repetition {repetition + 1} of {arguments.r}", file=sys.stderr, flush=True)
    return rates


def print_table(rates):
    print(f"\n{'engine':<12}{'test':<8}{'threads':>8}{'median':>10}{'min':>10}{'max':>10}")
    for (name, test, threads), values in sorted(rates.items(), key=lambda item: (item[0][1], item[0][2], item[0][0])):
        print(f"{name:<12}{test:<8}{threads:>8}{statistics.median(values):>10.1f}{min(values):>10.1f}{max(values):>10.1f}")


def ratios(rates):
    """Ours over the best of the peer's, for each test; ours also with its best thread count."""
    rows = {}
    for test in sorted({key[1] for key in rates}):
        best = {name: max(statistics.median(values) for key, values in rates.items() if key[:2] == (name, test))
                for name in ("sinter", "llama.cpp")}
        rows[test] = best["sinter"] / best["llama.cpp"]
    return rows


def first_byte(arguments):
    """Milliseconds from the start of llm-run to the first byte of text, one-token prompt, warm."""
    command = [str(arguments.bin / "llm-run"), str(arguments.plan), "-p", "The", "-n", "8", "--temperature", "0"]
    times = []
    for _ in range(7):
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        os.read(process.stdout.fileno(), 1)
        times.append((time.perf_counter() - start) * 1e3)
        process.stdout.read()
        process.wait()
    return statistics.median(times[1:])


def once(arguments):
    """Figures that need one process each."""
    with tempfile.TemporaryDirectory() as folder:
        command = [str(arguments.bin / "llm-compile"), str(arguments.model), "-o", os.path.join(folder, "x.plan")]
        _, seconds, peak = measured(command)
    _, _, resident = measured([str(arguments.bin / "llm-run"), str(arguments.plan), "-p", "The capital of France is", "-n", "64",
                               "--temperature", "0"])
    library = arguments.bin.parent / "lib" / "libsinter_runtime.so"
    with tempfile.NamedTemporaryFile() as stripped:
        subprocess.run(["strip", "-o", stripped.name, str(library)], check=True)
        size = os.path.getsize(stripped.name)
    return {"compile_s": seconds, "compile_peak_mib": peak / 2**20, "first_byte_ms": first_byte(arguments),
            "run_peak_mib": resident / 2**20, "plan_mib": os.path.getsize(arguments.plan) / 2**20,
            "runtime_kib": size / 2**10}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("--plan", type=pathlib.Path, required=True)
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    parser.add_argument("-p", type=int, default=512)
    parser.add_argument("-n", type=int, default=64)
    parser.add_argument("-r", type=int, default=5)
    parser.add_argument("--threads", type=lambda text: [int(x) for x in text.split(",")],
                        default=sorted({1, os.cpu_count()}))
    parser.add_argument("--json", type=pathlib.Path)
    arguments = parser.parse_args()
    rates = sample(arguments)
    print_table(rates)
    compared, figures = ratios(rates), once(arguments)
    print()
    for test, ratio in compared.items():
        print(f"{test}: {ratio:.2f} x llama.cpp (asked: {ASKED[test[:2]]} x)")
    print(f"compile {figures['compile_s']:.1f} s, peak {figures['compile_peak_mib']:.0f} MiB; plan {figures['plan_mib']:.1f} MiB; "
          f"runtime {figures['runtime_kib']:.0f} KiB stripped")
    print(f"first byte {figures['first_byte_ms']:.1f} ms; llm-run peak {figures['run_peak_mib']:.0f} MiB")
    if arguments.json:
        rows = [{"engine": key[0], "test": key[1], "threads": key[2], "tok_per_s": values} for key, values in rates.items()]
        arguments.json.write_text(json.dumps({"rates": rows, "ratios": compared, **figures}, indent=1) + "\n")


if __name__ == "__main__":
    main()
