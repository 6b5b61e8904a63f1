# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writers of the 256-element block types, which the gguf package only reads: plain rounding, no search."""
import numpy as np
from gguf import GGMLQuantizationType as Type


def random_scale(kind, cols):
    """(f16 scale, block bytes, offsets of the f16 fields) such that random codes give rows of norm about one."""
    root = np.sqrt(cols)
    return {Type.Q4_K: (1 / (root * 220), 144, [0, 2]),
            Type.Q5_K: (1 / (root * 440), 176, [0, 2]),
            Type.Q6_K: (1 / (root * 1370), 210, [208])}[kind]


def halves(values):
    return np.ascontiguousarray(values.astype(np.float16)[..., None]).view(np.uint8)


def divide(a, b):
    return np.divide(a, b, out=np.zeros_like(a), where=b != 0)


def pack_scales(scales, minima):
    """Eight 6-bit scales and minima in 12 bytes."""
    s, m = scales.astype(np.uint8), minima.astype(np.uint8)
    out = np.zeros(s.shape[:-1] + (12,), np.uint8)
    out[..., 0:4] = s[..., :4] | (s[..., 4:] >> 4) << 6
    out[..., 4:8] = m[..., :4] | (m[..., 4:] >> 4) << 6
    out[..., 8:12] = (s[..., 4:] & 15) | (m[..., 4:] & 15) << 4
    return out


def with_minima(x, bits):
    """Q4_K and Q5_K: x is (blocks, 8, 32)."""
    top = 2 ** bits - 1
    low = np.maximum(-x.min(-1), 0)
    scale = (np.maximum(x.max(-1), 0) + low) / top
    d = (scale.max(-1) / 63).astype(np.float16).astype(np.float32)
    dmin = (low.max(-1) / 63).astype(np.float16).astype(np.float32)
    s = np.clip(np.rint(divide(scale, d[:, None] + 0 * scale)), 0, 63)
    m = np.clip(np.rint(divide(low, dmin[:, None] + 0 * low)), 0, 63)
    a, c = (d[:, None] * s)[..., None], (dmin[:, None] * m)[..., None]
    q = np.clip(np.rint(divide(x + c, a + 0 * x)), 0, top).astype(np.uint8)
    pairs = q.reshape(-1, 4, 2, 32)
    nibbles = (pairs[:, :, 0] & 15) | (pairs[:, :, 1] & 15) << 4
    parts = [halves(d), halves(dmin), pack_scales(s, m)]
    if bits == 5:
        parts.append(((q >> 4) << np.arange(8, dtype=np.uint8)[None, :, None]).sum(1).astype(np.uint8))
    return np.concatenate([*parts, nibbles.reshape(len(q), 128)], -1)


def symmetric(x):
    """Q6_K: x is (blocks, 16, 16)."""
    scale = np.abs(x).max(-1) / 31
    d = (scale.max(-1) / 127).astype(np.float16).astype(np.float32)
    s = np.clip(np.rint(divide(scale, d[:, None] + 0 * scale)), -128, 127)
    q = np.clip(np.rint(divide(x, (d[:, None] * s)[..., None] + 0 * x)), -32, 31).astype(np.int8) + 32
    q = q.astype(np.uint8).reshape(-1, 2, 4, 32)                # halves of 128, then r, then l
    low = np.concatenate([(q[:, :, 0] & 15) | (q[:, :, 2] & 15) << 4, (q[:, :, 1] & 15) | (q[:, :, 3] & 15) << 4], -1)
    high = (q[:, :, 0] >> 4) | (q[:, :, 1] >> 4) << 2 | (q[:, :, 2] >> 4) << 4 | (q[:, :, 3] >> 4) << 6
    return np.concatenate([low.reshape(len(q), 128), high.reshape(len(q), 64),
                           s.astype(np.int8).view(np.uint8), halves(d)], -1)


def quantize(values, kind):
    """A matrix whose rows are multiples of 256, as bytes."""
    rows = values.shape[0]
    if kind == Type.Q6_K:
        data = symmetric(values.reshape(-1, 16, 16))
    else:
        data = with_minima(values.reshape(-1, 8, 32), 4 if kind == Type.Q4_K else 5)
    return data.reshape(rows, -1)
