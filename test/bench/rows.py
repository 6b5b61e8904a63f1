# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The floor table, as data: every row that ./dev bench knows.

A row's name says what it measures; `./dev bench NAME...` takes names, their beginnings, or patterns (prefill-*).
"""
import os

import figures
import kernels
import skips
import workloads
from model import Cost, Figure, Fraction, Kernel, Overhead, Repeated, Row, Subject, Test

# Of the cores that this process may use: `taskset -c 0,1 ./dev bench` is the table of a machine with two.
ALL_THREADS = sorted({1, len(os.sched_getaffinity(0))})


def ours(checkpoint="q4_1", *options, cpu="", where=""):
    return Subject("sinter", checkpoint, options, cpu, where)


def llama(checkpoint="q4_1"):
    return Subject("llama.cpp", checkpoint)


DECODE, PREFILL, PREFILL_LONG = Test(generate=64), Test(prompt=512), Test(prompt=4096)


def each_thread_count(name, what, group, floor, aim, *arguments, **options):
    """A row for each thread count, both sides with as many."""
    for threads in ALL_THREADS:
        yield Row(f"{name}@{threads}", f"{what}, {threads} thread{'s' * (threads > 1)}", group, floor, aim, *arguments,
                  threads=threads, **options)


def same_file():
    """Against llama.cpp on the same file."""
    for checkpoint, title, floor, aim in (("q4_1", "Q4_1", 3.0, 4.5), ("q4_0", "Q4_0", 2.3, 3.4), ("q8_0", "Q8_0", 1.8, 2.6),
                                          ("q4_k_m", "Q4_K_M", 2.5, 4.0)):
        yield Row(f"decode-{checkpoint}", f"decode {title}, llama.cpp", "decode", floor, aim, ours(checkpoint),
                  (llama(checkpoint),), DECODE)
    for checkpoint, title, floor, aim in (("q4_1", "Q4_1", 7.5, 10.0), ("q4_0", "Q4_0", 2.5, 3.3)):
        yield from each_thread_count(f"prefill-{checkpoint}", f"prefill 512 {title}, llama.cpp", "prefill", floor, aim,
                                     ours(checkpoint), (llama(checkpoint),), PREFILL)


def best_peers():
    """Against whoever is fastest."""
    everyone = (Subject("openvino-genai", "q4_1"), Subject("ctranslate2", "int8"), llama("q4_0"))
    yield from each_thread_count("prefill-any", "prefill 512 Q4_1, fastest at any precision", "prefill", 1.05, 1.25, ours(),
                                 everyone, PREFILL)
    yield Row("decode-any-4bit", "decode Q4_1, fastest at 4 bits", "decode", 2.5, 3.5, ours(),
              (llama("q4_0"), llama("q4_k_m"), Subject("onnxruntime-genai", "int4"), Subject("openvino-genai", "q4_1")), DECODE)
    f32, decode = (llama("f32"), Subject("onnxruntime", "f32")), Test(generate=32)
    yield from each_thread_count("prefill-f32", "prefill 512 F32, fastest in f32", "f32", 1.2, 1.5, ours("f32"), f32, PREFILL)
    yield Row("decode-f32", "decode F32, fastest in f32", "f32", 1.15, 1.5, ours("f32"), f32, decode)
    yield of_stream("decode-f32-of-stream", "f32", 0.85, 1.0, ours("f32"), decode, ALL_THREADS[0])


def of_stream(name, group, floor, aim, subject, test, threads):
    return Fraction(f"{name}@{threads}", f"{test} {subject.checkpoint.upper()} over a read of its bytes, {threads} t", group, floor,
                    aim, subject, test, threads, "of_stream")


def probes():
    """Against what the machine can do, measured beside."""
    for checkpoint in ("q4_1", "q4_0", "q8_0"):
        for threads, floor, aim in zip(ALL_THREADS, (0.85, 0.75), (1.0, 0.85)):
            yield of_stream(f"decode-{checkpoint}-of-stream", "decode", floor, aim, ours(checkpoint), DECODE, threads)


def forwards():
    """Several rows in one forward against one: of one session, as drafts are verified, and of as many sessions."""
    for rows, floor, aim in ((4, 1.35, 1.15), (8, 2.2, 1.7)):
        for threads in ALL_THREADS:
            yield Overhead(f"forward-rows-{rows}@{threads}", f"forward of {rows} rows after 128, all logits, time over 1 row, {threads} t",
                           "forward", floor, aim, ours(), Test(rows=rows, depth=128), threads, "over_one_row")
            yield Overhead(f"forward-sessions-{rows}@{threads}",
                           f"step of {rows} sessions after 128, all logits, time over 1 session, {threads} t",
                           "forward", floor, aim, ours(), Test(generate=16, depth=128, sessions=rows), threads, "over_one_row")


def long_context():
    yield from each_thread_count("prefill-4096", "prefill 4096 Q4_1, llama.cpp", "long-prefill", 4.0, 5.5, ours(), (llama(),),
                                 PREFILL_LONG, default=False)
    yield from each_thread_count("prefill-4096-bf16", "prefill 4096 Q4_1, bf16 attention, llama.cpp", "long-prefill", 5.5, 7.5,
                                 ours("q4_1", "--attention=bf16"), (llama(),), PREFILL_LONG, default=False)
    for depth, floor, aim in ((2048, 3.5, 5.0), (7900, 4.0, 6.0)):
        yield Row(f"decode-depth-{depth}", f"decode Q4_1 after {depth}, llama.cpp", f"depth-{depth}", floor, aim, ours(), (llama(),),
                  Test(generate=32, depth=depth), default=False)


def levels():
    """Other code objects of the same plan against the best one."""
    for short, level, decode, prefill in (("v3", "x86-64-v3", (0.7, 0.9), (0.2, 0.25)),
                                          ("v3-vnni", "x86-64-v3-vnni", (0.85, 0.95), (0.4, 0.5))):
        for checkpoint in ("q4_1", "q8_0"):
            title, one, best = checkpoint.upper(), ours(checkpoint, cpu=level), (ours(checkpoint),)
            yield Row(f"{short}-decode-{checkpoint}", f"decode {title}, {level}", "level-decode", *decode, one, best, DECODE, default=False)
            yield Row(f"{short}-prefill-{checkpoint}", f"prefill 512 {title}, {level}", "level-prefill", *prefill, one, best, PREFILL,
                      default=False)


def threads():
    if len(ALL_THREADS) > 1:
        many = ALL_THREADS[-1]
        yield Row("threads-decode", f"decode Q4_1, {many} threads over 1, over the stream's", "decode", 1.0, 1.15, ours(), (ours(),),
                  DECODE, (many, 1), over_stream=True)
        yield Row("threads-prefill", f"prefill 512 Q4_1, {many} threads over 1", "prefill", 0.95 * many, 0.985 * many, ours(),
                  (ours(),), PREFILL, (many, 1))
        for where, what in (("one-core", "on one core"), ("neighbour", "with a busy neighbour on one core")):
            yield Row(f"{where}-decode", f"decode Q4_1, {many} threads {what}, over 1 thread", "crowded", 0.8, 1.0, ours(where=where),
                      (ours(),), DECODE, (many, 1))


def one_process():
    yield Figure("first-byte", "start of llm-run to its first byte", "first-byte", 25, 12, figures.first_byte, "ms")
    yield Figure("compile", "llm-compile", "compile", 10, 4, figures.compile_default, "s")
    yield Figure("compile-again", "llm-compile a second time, same bytes", "compile", 1, 0.5, figures.compile_again("q4_1"), "s")
    yield Figure("compile-memory", "peak memory of llm-compile", "compile", 800, 400, figures.compile_memory, "MiB")


def single_kernels():
    for encoding, floor, aim in (("q4_0", 0.70, 0.79), ("q4_1", 0.58, 0.68)):
        yield Kernel(f"kernel-contract-{encoding}", f"contraction {encoding.upper()}, 512 rows, over the int8 peak", "kernels", floor, aim,
                     kernels.contraction(encoding, "prefill"))
    for encoding in ("q4_0", "q4_1", "q8_0"):
        for figure, rows in (("decode", "1 row"), ("prefill", "512 rows")):
            yield Kernel(f"kernel-hand-{figure}-{encoding}", f"contraction {encoding.upper()}, {rows}, over the one written by hand",
                         "kernels", 0.95, 1.0, kernels.contraction(encoding, f"hand_{figure}"))
        for rows, floor, aim in ((4, 1.2, 1.05), (8, 1.9, 1.5)):
            yield Cost(f"kernel-rows-{rows}-{encoding}", f"contraction {encoding.upper()}, cold weights, time of {rows} rows over 1",
                       "kernels", floor, aim, kernels.contraction(encoding, f"x{rows}"))
    for cache in ("f16", "i8"):
        for context in (8192, 32768, 131072):
            yield Kernel(f"kernel-attention-decode-{cache}-{context}", f"attention after {context}, {cache}, over a read of its bytes",
                         "kernels", 0.70, 0.80, kernels.attention("decode", context, cache))
    for rows, floor, aim in ((512, 0.68, 0.77), (4096, 0.75, 0.83)):
        yield Kernel(f"kernel-attention-prefill-{rows}", f"attention of a prompt of {rows}, over the f32 peak", "kernels", floor, aim,
                     kernels.attention("prefill", rows))


def speculation():
    """Drafts against none, same plan: what each kind of prompt gains, greedily; sampled it must not lose."""
    for name, what, floor, aim in (("copy", "a text copied, or corrected", 1.8, 3.0), ("second-turn", "second turns that repeat the first", 2.5, 5.0),
                                   ("summaries", "summaries that quote", 1.35, 2.5), ("code", "code", 1.2, 1.5), ("chat", "open chat", 1.0, 1.15)):
        yield Repeated(f"spec-{name}", f"{what}: drafts over none", "workloads", floor, aim, workloads.speed_up(name, 0))
        yield Repeated(f"spec-{name}-0.8", f"{what}, temperature 0.8", "workloads", 0.98, 1.0, workloads.speed_up(name, 0.8))
    for name, what, subject, floor, aim in (("draft", "Q4_1 drafts for its bf16 twin, open chat", workloads.draft_model(), 1.6, 1.9),
                                            ("draft-half", "the same, half of its tokens drafted", workloads.draft_model(drafted=24576), 1.6, 1.9),
                                            ("draft-mapped", "the same with 32,000 tokens in another order", workloads.draft_model(32000), 1.2, 1.5)):
        for temperature in (0, 0.8):
            yield Repeated(f"spec-{name}-{temperature}", f"{what}, temperature {temperature}", "workloads", floor, aim,
                           workloads.speed_up("chat", temperature, subject))


def llama_drafts():
    """Against llama.cpp's programs that draft, on the same prompts."""
    for name in ("copy", "second-turn", "summaries", "code", "chat"):
        yield Repeated(f"spec-{name}-llama", f"the prompts of spec-{name}, drafts on, llama-lookup", "llama-drafts", 1.0, 2.0,
                       workloads.over_llama(name, "llama-lookup"))
    yield Repeated("spec-draft-llama", "Q4_1 drafts for its bf16 twin, open chat, llama-speculative-simple", "llama-drafts", 1.0, 2.0,
                   workloads.over_llama("chat", "llama-speculative-simple", workloads.draft_model(), lambda workshop: workshop.model))


def fewer_layers():
    """Lossy: what the text loses stands in the plan."""
    yield Kernel("depth-75", "decode Q4_1 with 75 % of the layers, over all", "skips", 1.15, 1.2,
                 skips.over_all_layers("--early-exit=sequence", "--depth", "75"))
    yield Kernel("ffn-75", "decode Q4_1 with 75 % of the feed-forward blocks, over all", "skips", 1.10, 1.13,
                 skips.over_all_layers("--early-exit=ffn", repetitions=15))
    for name, probe in (("similarity", "similarity"), ("trimmed-head", "max_prob:256")):
        yield Repeated(f"exits-{name}", f"five exits that nothing passes ({probe}), open chat, over none", "workloads", 0.97, 0.99,
                       workloads.speed_up("chat", 0, workloads.exits(probe)))


def large_models():
    """Random weights of known shapes: what bounds them is memory."""
    test, prompt = Test(generate=16), Test(prompt=128)
    for model in MODELS[1:]:
        for kind in ("q4_0", "q4_1"):
            checkpoint = f"{model}-{kind}"
            yield Row(f"{model}-decode-{kind}", f"decode {checkpoint.upper()}, llama.cpp", model, 1.05, 1.05, ours(checkpoint),
                      (llama(checkpoint),), test, default=False)
            yield from each_thread_count(f"{model}-prefill-{kind}", f"prefill 128 {checkpoint.upper()}, llama.cpp", model, 1.0, 1.0,
                                         ours(checkpoint), (llama(checkpoint),), prompt, default=False)
            for count in ALL_THREADS:
                yield of_stream(f"{model}-decode-{kind}-of-stream", model, 0.85, 0.95, ours(checkpoint), test, count)
        yield Figure(f"{model}-compile", f"llm-compile {model.upper()}-Q4_0, beyond twice its copying", model, 20, 10,
                     figures.compile_over_copy(f"{model}-q4_0"), "s")


MODELS = ["135m", "1b", "7b"]
ROWS = [*same_file(), *best_peers(), *probes(), *forwards(), *long_context(), *levels(), *threads(), *one_process(), *single_kernels(), *speculation(), *llama_drafts(), *fewer_layers(), *large_models()]


def model_of(row):
    return next((model for model in MODELS[1:] if row.name.startswith(model + "-")), MODELS[0])
