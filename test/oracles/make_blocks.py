#!/usr/bin/env python3
# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes blocks.bin: random rows of every encoding and what the gguf package decodes them to.

For each type in the order of TYPES: u32 columns, u32 bytes, the bytes, `columns` f32.  All bytes are random; scales are
forced to be finite.  usage: make_blocks.py OUT
"""
import sys

import numpy as np
from gguf import GGML_QUANT_SIZES
from gguf import GGMLQuantizationType as Type
from gguf.quants import dequantize

TYPES = ["F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q4_K", "Q5_K", "Q6_K"]
HALVES = {"F16": [0], "Q8_0": [0], "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q4_K": [0, 2],
          "Q5_K": [0, 2], "Q6_K": [208]}
COLUMNS = 1024


def main():
    rng = np.random.default_rng(20)
    with open(sys.argv[1], "wb") as out:
        for name in TYPES:
            elements, size = GGML_QUANT_SIZES[Type[name]]
            blocks = rng.integers(0, 256, (COLUMNS // elements, size), dtype=np.uint8)
            for at in HALVES.get(name, []):
                blocks[:, at + 1] = np.where(blocks[:, at + 1] & 0x7c == 0x7c, blocks[:, at + 1] & 0xbf, blocks[:, at + 1])
            if name in ("F32", "BF16"):
                top = blocks[:, size - 1]
                blocks[:, size - 1] = np.where(top & 0x7f == 0x7f, top & 0xbf, top)
            data = blocks.reshape(1, -1)
            typed = data.view(np.float32) if name == "F32" else data.view(np.float16) if name == "F16" else data
            values = dequantize(typed, Type[name]).astype("<f4").reshape(-1)
            assert len(values) == COLUMNS and np.isfinite(values).all(), name
            out.write(np.uint32([COLUMNS, data.size]).astype("<u4").tobytes() + data.tobytes() + values.tobytes())


if __name__ == "__main__":
    main()
