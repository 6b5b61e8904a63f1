# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""llama.cpp by PyPI's llama-cpp-python: llama_decode is called directly, without sampling."""
import sys
import time

import worker

NAME = "llama.cpp"


def install(workshop):
    workshop.install(NAME, "llama_cpp", ["llama-cpp-python==0.3.36"])


def prepare(workshop, subject):
    install(workshop)
    return workshop.gguf(subject.checkpoint)


class Engine:
    def __init__(self, path, threads, positions):
        import llama_cpp
        self.lib = llama_cpp
        llama_cpp.llama_backend_init()
        model = llama_cpp.llama_model_load_from_file(path.encode(), llama_cpp.llama_model_default_params())
        if not model:
            sys.exit(f"llama.cpp cannot load {path}")
        params = llama_cpp.llama_context_default_params()
        params.n_ctx = positions + 64
        params.n_batch = params.n_ubatch = 512
        params.n_threads = params.n_threads_batch = threads
        params.flash_attn_type = 1  # always: it is the faster one
        self.context = llama_cpp.llama_init_from_model(model, params)
        self.memory = llama_cpp.llama_get_memory(self.context)
        self.length = 0

    def run(self, ids):
        for at in range(0, len(ids), 512):
            part = ids[at:at + 512]
            array = (self.lib.llama_token * len(part))(*part)
            if self.lib.llama_decode(self.context, self.lib.llama_batch_get_one(array, len(part))):
                sys.exit("llama_decode failed")
        self.lib.llama_synchronize(self.context)
        self.length += len(ids)

    def truncate(self, length):
        self.lib.llama_memory_seq_rm(self.memory, -1, length, -1)
        self.length = length

    def prefill(self, tokens):
        self.truncate(0)
        ids = worker.token_ids(tokens)
        start = time.perf_counter()
        self.run(ids)
        return time.perf_counter() - start

    def decode(self, tokens, depth):
        ids = worker.token_ids(depth + tokens)
        self.truncate(min(self.length, depth))
        self.run(ids[self.length:depth])
        start = time.perf_counter()
        for token in ids[depth:]:
            self.run([token])
        return time.perf_counter() - start


def quantize(source, out, kind):
    import llama_cpp
    llama_cpp.llama_backend_init()
    params = llama_cpp.llama_model_quantize_default_params()
    params.ftype = getattr(llama_cpp, "LLAMA_FTYPE_" + kind)
    params.allow_requantize = True
    if llama_cpp.llama_model_quantize(source.encode(), out.encode(), params):
        sys.exit(f"llama_model_quantize failed on {source}")


if __name__ == "__main__":
    if sys.argv[1] == "quantize":
        quantize(*sys.argv[2:])
    else:
        worker.serve(Engine)
