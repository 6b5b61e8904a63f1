# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Logits of llama.cpp (PyPI llama-cpp-python) for all positions of a list of token ids.

usage: llama_cpp_logits.py MODEL IDS.json OUT.npy [THREADS]
"""
import ctypes
import json
import sys

import llama_cpp
import numpy as np


def main():
    path, ids, out = sys.argv[1], json.load(open(sys.argv[2], encoding="utf-8")), sys.argv[3]
    threads = int(sys.argv[4]) if len(sys.argv) > 4 else 2
    llama_cpp.llama_backend_init()
    model = llama_cpp.llama_model_load_from_file(path.encode(), llama_cpp.llama_model_default_params())
    params = llama_cpp.llama_context_default_params()
    params.n_ctx = params.n_batch = params.n_ubatch = len(ids)
    params.n_threads = params.n_threads_batch = threads
    context = llama_cpp.llama_init_from_model(model, params)
    batch = llama_cpp.llama_batch_init(len(ids), 0, 1)
    batch.n_tokens = len(ids)
    for i, token in enumerate(ids):
        batch.token[i], batch.pos[i], batch.n_seq_id[i], batch.logits[i] = token, i, 1, 1
        batch.seq_id[i][0] = 0
    if llama_cpp.llama_decode(context, batch):
        sys.exit("llama_decode failed")
    vocabulary = llama_cpp.llama_vocab_n_tokens(llama_cpp.llama_model_get_vocab(model))
    rows = [np.ctypeslib.as_array(ctypes.cast(llama_cpp.llama_get_logits_ith(context, i), ctypes.POINTER(ctypes.c_float)),
                                  (vocabulary,)).copy() for i in range(len(ids))]
    np.save(out, np.stack(rows))


if __name__ == "__main__":
    main()
