# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""ONNX Runtime GenAI in int4, by its own model builder. The builder needs torch (2.4 GB), so only --peers=all asks for it."""
import time

import worker
from workshop import Missing

NAME = "onnxruntime-genai"
# Torch without the parts that a conversion on the CPU never loads.
TORCH = ["--no-deps", "torch==2.15.0", "nvidia-cufile", "nvidia-cusparselt-cu13", "nvidia-nvshmem-cu13", "nvidia-nccl-cu13"]
BESIDE_TORCH = ["numpy", "filelock", "typing_extensions", "sympy", "networkx", "jinja2", "fsspec", "setuptools>=77", "transformers", "onnx"]


def prepare(workshop, subject):
    out = workshop.cache / "models" / f"{workshop.model.stem}-onnxruntime-genai-int4"
    if not out.exists() and not workshop.all_peers:
        raise Missing("its model builder needs torch, 2.4 GB: --peers=all")
    workshop.install(NAME, "onnxruntime_genai, onnx_ir", ["onnxruntime==1.31.1", "numpy"], ["--no-deps", "onnxruntime-genai", "onnx-ir"])
    folder = workshop.folder()

    def build(path):
        workshop.install("torch", "torch, transformers", TORCH, BESIDE_TORCH)
        workshop.peer("building the int4 graph", "onnxruntime_genai.models.builder", "-i", folder, "-o", path, "-p", "int4", "-e", "cpu")
    return workshop.made(out, build, folder)


class Engine:
    def __init__(self, path, threads, positions):
        import onnxruntime_genai
        self.genai = onnxruntime_genai
        config = onnxruntime_genai.Config(path)
        config.overlay('{"model": {"decoder": {"session_options": {"intra_op_num_threads": %d}}}}' % threads)
        self.model = onnxruntime_genai.Model(config)
        self.positions = positions

    def generator(self):
        params = self.genai.GeneratorParams(self.model)
        params.set_search_options(max_length=self.positions + 8, min_length=self.positions + 8, do_sample=False)
        return self.genai.Generator(self.model, params)

    def prefill(self, tokens):
        generator, ids = self.generator(), worker.token_ids(tokens)
        start = time.perf_counter()
        generator.append_tokens(ids)
        return time.perf_counter() - start

    def decode(self, tokens, depth):
        """Appending runs the forward of the prompt; each token after it is chosen, then run with the next call."""
        generator = self.generator()
        if depth:
            generator.append_tokens(worker.token_ids(depth))
        start = time.perf_counter()
        if not depth:
            generator.append_tokens(worker.token_ids(1))
        for _ in range(tokens if depth else tokens - 1):
            generator.generate_next_token()
        generator.get_logits()
        return time.perf_counter() - start


if __name__ == "__main__":
    worker.serve(Engine)
