# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The floor table, as data: every row that ./dev bench knows.

A row's name says what it measures; `./dev bench NAME...` takes names, their beginnings, or patterns (prefill-*).
"""
import os

import figures
from model import Figure, Row, Subject, Test

ALL_THREADS = sorted({1, os.cpu_count() or 1})


def ours(checkpoint="q4_1", *options, cpu=""):
    return Subject("sinter", checkpoint, options, cpu)


def llama(checkpoint="q4_1"):
    return Subject("llama.cpp", checkpoint)


DECODE, PREFILL, PREFILL_LONG = Test(generate=64), Test(prompt=512), Test(prompt=4096)


def each_thread_count(name, what, *arguments, **options):
    """A row for each thread count, both sides with as many."""
    for threads in ALL_THREADS:
        yield Row(f"{name}@{threads}", f"{what}, {threads} thread{'s' * (threads > 1)}", *arguments, threads=threads, **options)


def same_file():
    """Against llama.cpp on the same file."""
    for checkpoint, title, floor, aim in (("q4_1", "Q4_1", 3.0, 4.5), ("q4_0", "Q4_0", 2.3, 3.4), ("q8_0", "Q8_0", 1.8, 2.6),
                                          ("q4_k_m", "Q4_K_M", 2.5, 4.0)):
        yield Row(f"decode-{checkpoint}", f"decode {title}, llama.cpp", "decode", ours(checkpoint), (llama(checkpoint),), DECODE,
                  floor, aim)
    for checkpoint, title, floor, aim in (("q4_1", "Q4_1", 7.5, 10.0), ("q4_0", "Q4_0", 2.5, 3.3)):
        yield from each_thread_count(f"prefill-{checkpoint}", f"prefill 512 {title}, llama.cpp", "prefill", ours(checkpoint),
                                     (llama(checkpoint),), PREFILL, floor, aim)


def best_peers():
    """Against whoever is fastest."""
    everyone = (Subject("openvino-genai", "q4_1"), Subject("ctranslate2", "int8"), llama("q4_0"))
    yield from each_thread_count("prefill-any", "prefill 512 Q4_1, fastest at any precision", "prefill", ours(), everyone, PREFILL,
                                 1.05, 1.25)
    yield Row("decode-any-4bit", "decode Q4_1, fastest at 4 bits", "decode", ours(),
              (llama("q4_0"), llama("q4_k_m"), Subject("onnxruntime-genai", "int4"), Subject("openvino-genai", "q4_1")), DECODE, 2.5, 3.5)
    f32 = (llama("f32"), Subject("onnxruntime", "f32"))
    yield from each_thread_count("prefill-f32", "prefill 512 F32, fastest in f32", "f32", ours("f32"), f32, PREFILL, 1.2, 1.5)
    yield Row("decode-f32", "decode F32, fastest in f32", "f32", ours("f32"), f32, Test(generate=32), 1.15, 1.5)


def long_context():
    yield from each_thread_count("prefill-4096", "prefill 4096 Q4_1, llama.cpp", "long-prefill", ours(), (llama(),), PREFILL_LONG,
                                 4.0, 5.5, default=False)
    for depth, floor, aim in ((2048, 3.5, 5.0), (7900, 4.0, 6.0)):
        yield Row(f"decode-depth-{depth}", f"decode Q4_1 after {depth} positions, llama.cpp", f"depth-{depth}", ours(), (llama(),),
                  Test(generate=32, depth=depth), floor, aim, default=False)


def levels():
    """Other code objects of the same plan against the best one."""
    for short, level, decode, prefill in (("v3", "x86-64-v3", (0.7, 0.9), (0.2, 0.25)),
                                          ("v3-vnni", "x86-64-v3-vnni", (0.85, 0.95), (0.4, 0.5))):
        for checkpoint in ("q4_1", "q8_0"):
            title, one, best = checkpoint.upper(), ours(checkpoint, cpu=level), (ours(checkpoint),)
            yield Row(f"{short}-decode-{checkpoint}", f"decode {title}, {level}", "level-decode", one, best, DECODE, *decode, default=False)
            yield Row(f"{short}-prefill-{checkpoint}", f"prefill 512 {title}, {level}", "level-prefill", one, best, PREFILL, *prefill,
                      default=False)


def threads():
    if len(ALL_THREADS) > 1:
        many = ALL_THREADS[-1]
        yield Row("threads-prefill", f"prefill 512 Q4_1, {many} threads over 1", "prefill", ours(), (ours(),), PREFILL, 0.95 * many,
                  0.985 * many, threads=(many, 1))


def one_process():
    yield Figure("first-byte", "start of llm-run to its first byte", "first-byte", figures.first_byte, "ms", 25, 12)
    yield Figure("compile", "llm-compile", "compile", figures.compile_default, "s", 10, 4)
    yield Figure("compile-memory", "peak memory of llm-compile", "compile", figures.compile_memory, "MiB", 800, 400)


ROWS = [*same_file(), *best_peers(), *long_context(), *levels(), *threads(), *one_process()]
