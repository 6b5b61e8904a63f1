# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Speed of llama.cpp (PyPI llama-cpp-python), as `llm-bench --json` reports ours.

usage: llama_cpp_bench.py MODEL -p 512 -n 64 -r 1 --threads T [--no-flash-attention]

Calls llama_decode directly: no sampling, no Python between prompt and result, one warm-up.  Its log goes to stderr.
"""
import argparse
import json
import statistics
import time

import llama_cpp


def open_context(path, threads, positions, flash):
    llama_cpp.llama_backend_init()
    model = llama_cpp.llama_model_load_from_file(path.encode(), llama_cpp.llama_model_default_params())
    if not model:
        raise SystemExit(f"llama.cpp cannot load {path}")
    params = llama_cpp.llama_context_default_params()
    params.n_ctx = positions
    params.n_batch = params.n_ubatch = 512
    params.n_threads = params.n_threads_batch = threads
    if not flash and hasattr(params, "flash_attn_type"):
        params.flash_attn_type = 0
    return llama_cpp.llama_init_from_model(model, params)


def decode(context, ids):
    array = (llama_cpp.llama_token * len(ids))(*ids)
    if llama_cpp.llama_decode(context, llama_cpp.llama_batch_get_one(array, len(ids))):
        raise SystemExit("llama_decode failed")
    llama_cpp.llama_synchronize(context)


def seconds(context, prompt, generate):
    llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(context), True)
    ids = [100 + i * 37 % 40000 for i in range(max(prompt, generate))]
    if not prompt:
        decode(context, ids[:1])
    start = time.perf_counter()
    if prompt:
        decode(context, ids[:prompt])
    else:
        for token in ids[:generate]:
            decode(context, [token])
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("-p", type=int, default=512)
    parser.add_argument("-n", type=int, default=64)
    parser.add_argument("-r", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--no-flash-attention", action="store_true")
    arguments = parser.parse_args()
    context = open_context(arguments.model, arguments.threads, arguments.p + arguments.n + 64,
                           not arguments.no_flash_attention)
    rows = []
    for name, prompt, generate in ((f"pp{arguments.p}", arguments.p, 0), (f"tg{arguments.n}", 0, arguments.n)):
        seconds(context, prompt, generate)
        rates = [(prompt or generate) / seconds(context, prompt, generate) for _ in range(arguments.r)]
        rows.append({"test": name, "threads": arguments.threads, "tok_per_s": statistics.mean(rates), "min": min(rates),
                     "median": statistics.median(rates), "max": max(rates)})
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
