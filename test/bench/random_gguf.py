#!/usr/bin/env python3
# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes checkpoints of the shape of known models with random weights: for speed, not for sense.

usage: random_gguf.py llama-3.2-1b|llama-2-7b|smollm2-135m --type Q4_0|...|Q4_K_M -o OUT.gguf [--seed N] [--layers N] [--context N]

Blocks are drawn as they are stored, a few MiB at a time, so that the memory needed does not depend on the model; equal
arguments give equal bytes.  Q4_K_M mixes types as llama.cpp's quantizer does; every other type fills all matrices.
llama.cpp loads the files too.  Needs numpy and gguf.
"""
import argparse
import os
import pathlib
import sys
import zlib

import numpy as np
from gguf import GGML_QUANT_SIZES, GGUFWriter
from gguf import GGMLQuantizationType as Type

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from make_gguf import SPECIAL, TEMPLATE, byte_letters  # noqa: E402

SHAPES = {
    "smollm2-135m": {"layers": 30, "width": 576, "ffn": 1536, "heads": 9, "kv_heads": 3, "vocab": 49152, "tied": True,
                     "context": 8192, "base": 100000.0, "pre": "smollm"},
    "llama-3.2-1b": {"layers": 16, "width": 2048, "ffn": 8192, "heads": 32, "kv_heads": 8, "vocab": 128256, "tied": True,
                     "context": 131072, "base": 500000.0, "pre": "llama-bpe"},
    "llama-2-7b": {"layers": 32, "width": 4096, "ffn": 11008, "heads": 32, "kv_heads": 32, "vocab": 32000, "tied": False,
                   "context": 4096, "base": 10000.0, "pre": "llama-bpe"},
}
TYPES = ["F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q4_K", "Q5_K", "Q6_K", "Q4_K_M"]
NARROW = {Type.Q4_K: Type.Q5_0, Type.Q5_K: Type.Q5_1, Type.Q6_K: Type.Q8_0}  # for rows of no whole super blocks
CHUNK = 4 << 20  # bytes drawn at a time

# ---- blocks ------------------------------------------------------------------

# Where the half-precision factors of a block stand, and what is multiplied by them: the root mean square of the integers,
# and their mean, which a minimum takes off.  What is not named is uniform.
BLOCKS = {
    Type.Q8_0: {"scale": 0, "rms": 74.0},
    Type.Q4_0: {"scale": 0, "rms": 4.64},
    Type.Q4_1: {"scale": 0, "rms": 4.61, "min": 2, "mean": -7.5},
    Type.Q5_0: {"scale": 0, "rms": 9.25},
    Type.Q5_1: {"scale": 0, "rms": 9.23, "min": 2, "mean": -15.5},
    Type.Q4_K: {"scale": 0, "rms": 258.0, "min": 2, "mean": 7.5},
    Type.Q5_K: {"scale": 0, "rms": 527.0, "min": 2, "mean": 15.5},
    Type.Q6_K: {"scale": 208, "rms": 1366.0},
}


def put_half(blocks, offset, value):
    blocks[:, offset:offset + 2] = np.frombuffer(np.float16(value).tobytes(), np.uint8)


def draw_blocks(rng, kind, count, deviation):
    """`count` blocks as bytes; the values that they stand for have about that standard deviation."""
    elements, size = GGML_QUANT_SIZES[kind]
    if kind in (Type.F32, Type.F16, Type.BF16):
        values = rng.standard_normal(count * elements, dtype=np.float32) * np.float32(deviation)
        if kind == Type.BF16:
            return (values.view(np.uint32) >> 16).astype(np.uint16)
        return values.astype(np.float16) if kind == Type.F16 else values
    blocks = np.frombuffer(rng.bytes(count * size), np.uint8).reshape(count, size).copy()
    block = BLOCKS[kind]
    scale = deviation / block["rms"]
    put_half(blocks, block["scale"], scale)
    if "min" in block:
        put_half(blocks, block["min"], scale * block["mean"])
    return blocks


class RandomTensor:
    """What GGUFWriter asks of an array when it writes one: its size, and that it writes itself."""

    def __init__(self, name, kind, shape, seed):
        if shape[-1] % GGML_QUANT_SIZES[kind][0]:
            kind = NARROW[kind]
        elements, size = GGML_QUANT_SIZES[kind]
        self.name, self.kind, self.shape = name, kind, shape
        self.blocks = int(np.prod(shape)) // elements
        self.nbytes, self.size = self.blocks * size, size
        self.seed = [seed, zlib.crc32(name.encode())]

    def tofile(self, file):
        # SFC64 is the fastest that numpy has.
        rng = np.random.Generator(np.random.SFC64(self.seed))
        norm = len(self.shape) == 1
        deviation = 0.1 if norm else self.shape[-1] ** -0.5
        for first in range(0, self.blocks, CHUNK // self.size):
            drawn = draw_blocks(rng, self.kind, min(CHUNK // self.size, self.blocks - first), deviation)
            file.write(memoryview(drawn + np.float32(1) if norm else drawn).cast("B"))


# ---- model -------------------------------------------------------------------

def kind_of(name, mix, layer, layers):
    """The type of a matrix.  Q4_K_M: more bits for values, down projections of some layers, and the head."""
    if mix != "Q4_K_M":
        return Type[mix]
    more = layer is not None and (layer < layers // 8 or layer >= 7 * layers // 8 or (layer - layers // 8) % 3 == 2)
    if name == "head" or more and name in ("attn_v", "ffn_down"):
        return Type.Q6_K
    return Type.Q4_K


def tensors(shape, mix, seed):
    width, ffn, vocab, layers = shape["width"], shape["ffn"], shape["vocab"], shape["layers"]
    kv = width // shape["heads"] * shape["kv_heads"]

    def matrix(name, rows, cols, part, layer=None):
        return RandomTensor(name, kind_of(part, mix, layer, layers), (rows, cols), seed)

    yield matrix("token_embd.weight", vocab, width, "head" if shape["tied"] else "embedding")
    for layer in range(layers):
        prefix = f"blk.{layer}."
        yield RandomTensor(prefix + "attn_norm.weight", Type.F32, (width,), seed)
        yield RandomTensor(prefix + "ffn_norm.weight", Type.F32, (width,), seed)
        for part, rows, cols in (("attn_q", width, width), ("attn_k", kv, width), ("attn_v", kv, width),
                                 ("attn_output", width, width), ("ffn_gate", ffn, width), ("ffn_up", ffn, width),
                                 ("ffn_down", width, ffn)):
            yield matrix(f"{prefix}{part}.weight", rows, cols, part, layer)
    yield RandomTensor("output_norm.weight", Type.F32, (width,), seed)
    if not shape["tied"]:
        yield matrix("output.weight", vocab, width, "head")


def tokenizer_tables(vocab):
    """Tokens and merges: special tokens, bytes, pairs of letters, pairs of such pairs."""
    letters = "etaoinshrdlcumwfgypbvkjxqz"
    pairs = [a + b for a in letters for b in letters]
    words = [(a, b) for a in letters for b in letters] + [(a, b) for a in pairs for b in pairs]
    tokens = [*SPECIAL, *byte_letters()]
    merges = words[:vocab - len(tokens)]
    return tokens + [a + b for a, b in merges], [f"{a} {b}" for a, b in merges]


def add_metadata(writer, name, shape):
    head = shape["width"] // shape["heads"]
    writer.add_name(f"{name}, random")
    writer.add_vocab_size(shape["vocab"])
    writer.add_context_length(shape["context"])
    writer.add_embedding_length(shape["width"])
    writer.add_block_count(shape["layers"])
    writer.add_feed_forward_length(shape["ffn"])
    writer.add_head_count(shape["heads"])
    writer.add_head_count_kv(shape["kv_heads"])
    writer.add_rope_dimension_count(head)
    writer.add_rope_freq_base(shape["base"])
    writer.add_layer_norm_rms_eps(1e-5)
    tokens, merges = tokenizer_tables(shape["vocab"])
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(shape["pre"])
    writer.add_token_list(tokens)
    writer.add_token_types([3] * len(SPECIAL) + [1] * (len(tokens) - len(SPECIAL)))
    writer.add_token_merges(merges)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_add_bos_token(False)
    writer.add_chat_template(TEMPLATE)


def write(name, mix, path, seed=0, layers=None, context=None):
    shape = SHAPES[name] | ({"layers": layers} if layers else {}) | ({"context": context} if context else {})
    made = list(tensors(shape, mix, seed))
    partial = pathlib.Path(f"{path}.{os.getpid()}.tmp")  # what has its name is a whole file
    try:
        writer = GGUFWriter(partial, "llama")
        add_metadata(writer, name, shape)
        for tensor in made:
            writer.add_tensor_info(tensor.name, tensor.shape, np.dtype(np.float32), tensor.nbytes, raw_dtype=tensor.kind)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        for tensor in made:
            writer.write_tensor_data(tensor)
        writer.close()
        partial.rename(path)
    finally:
        partial.unlink(missing_ok=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shape", choices=SHAPES)
    parser.add_argument("--type", choices=TYPES, default="Q4_0")
    parser.add_argument("-o", dest="output", type=pathlib.Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--layers", type=int, help="fewer or more than the model has")
    parser.add_argument("--context", type=int, help="positions, if not the model's")
    arguments = parser.parse_args()
    write(arguments.shape, arguments.type, arguments.output, arguments.seed, arguments.layers, arguments.context)


if __name__ == "__main__":
    main()
