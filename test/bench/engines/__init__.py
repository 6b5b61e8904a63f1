# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""One module an engine. Each has

  NAME                        as tables show it
  prepare(workshop, subject)  the path of what the engine loads; installs and converts when needed, or raises Missing
  Engine(path, threads, positions)
      .prefill(n)             seconds of a prompt of n tokens
      .decode(n, depth)       seconds of n tokens one by one after `depth` positions

sinter is a program of its own; the peers run as `python -m engines.NAME`, one process for each thread count (worker.py).
"""
import importlib

MODULES = {"sinter": "sinter", "llama.cpp": "llama_cpp", "openvino-genai": "openvino_genai", "onnxruntime": "onnxruntime_f32",
           "onnxruntime-genai": "onnxruntime_genai", "ctranslate2": "ctranslate2_int8"}


def module(name):
    return importlib.import_module("engines." + MODULES[name])
