# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes safetensors files, and heads with random weights in them."""
import json
import struct

import numpy as np

TYPES = {np.dtype(np.float32): "F32", np.dtype(np.float16): "F16", np.dtype(np.int32): "I32"}


class Bfloat16:
    """An f32 array that is stored as bf16, to nearest even."""

    def __init__(self, values):
        bits = np.ascontiguousarray(values, np.float32).view(np.uint32).astype(np.uint64)
        self.bits = ((bits + 0x7fff + ((bits >> 16) & 1)) >> 16).astype(np.uint16)
        self.shape = self.bits.shape

    def tobytes(self):
        return self.bits.tobytes()


def write(path, tensors, metadata):
    """`tensors`: name -> array; F32, F16, I32, or BF16 where it is a Bfloat16."""
    head, data = {"__metadata__": metadata}, b""
    for name, values in tensors.items():
        kind = "BF16" if isinstance(values, Bfloat16) else TYPES[values.dtype]
        raw = values.tobytes()
        head[name] = {"dtype": kind, "shape": list(values.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(head).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def random_heads(width, kind="medusa", count=3, vocabulary=None, store=np.float32, seed=1):
    """Tensors of heads that say anything."""
    rng = np.random.default_rng([seed, 23])
    tensors = {}
    for i in range(count):
        columns = (i + 2) * width if kind == "hydra" else width

        def matrix(rows, scale):
            values = rng.standard_normal((rows, columns) if columns else rows, np.float32) * np.float32(scale)
            return Bfloat16(values) if store is Bfloat16 else values.astype(store)
        tensors[f"heads.{i}.weight"] = matrix(width, columns ** -0.5)
        if kind == "hydra":
            tensors[f"heads.{i}.skip.weight"] = matrix(width, columns ** -0.5)
        columns = 0
        tensors[f"heads.{i}.bias"] = matrix(width, 0.1)
    if vocabulary is not None:
        tensors["vocabulary"] = np.asarray(vocabulary, np.int32)
    return tensors


def sure_heads(width, kind="medusa", count=3):
    """Heads that say what the model said before: right in the loops that random weights fall into."""
    tensors = random_heads(width, kind, count)
    for name in tensors:
        tensors[name][:] = 0
        if name.endswith("bias"):
            tensors[name][:] = -40        # silu: 0
        if name.endswith("skip.weight"):
            tensors[name][:, :width] = np.eye(width)
    return tensors
