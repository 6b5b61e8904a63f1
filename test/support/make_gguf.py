#!/usr/bin/env python3
# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes small GGUF models with reproducible random weights, and requantizes real ones.

usage:  make_gguf.py --list
        make_gguf.py CONFIG -o OUT.gguf [--seed N] [--oracle OUT.npz] [--rows N]
        make_gguf.py --all FOLDER [--seed N] [--oracle]
        make_gguf.py --requantize MODEL.gguf --type Q5_K -o OUT.gguf

The oracle file holds prompt (int32), logits (rows x vocabulary, f32) and tokens (greedy), made by
test/oracles/gguf_numpy.py.  Needs numpy and gguf.
"""
import argparse
import pathlib
import sys

import numpy as np
from gguf import GGMLQuantizationType as Type
from gguf import GGUFReader, GGUFValueType, GGUFWriter
from gguf.quants import dequantize, quantize

import kquants

TYPES = ["F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q4_K", "Q5_K", "Q6_K"]
TEMPLATE = ("{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + "
            "'<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}")
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
DEFAULT = {
    "arch": "llama", "layers": 2, "width": 96, "ffn": 160, "heads": 3, "kv_heads": 1, "head_dim": None, "rot": None,
    "vocab": 1001, "context": 512, "type": "F32", "embedding": None, "output": None, "norm": "F32", "tied": True,
    "biases": False, "rope_freqs": None, "rope_linear": None, "base": 10000.0, "version": 3, "alignment": None,
    "pre": "smollm", "merges": True, "eos": 2, "mixed": None, "extra": {}, "drop": [], "rename": {}, "nan": None,
}


def configurations():
    """Name -> what differs from DEFAULT."""
    out = {
        "llama-f32": {"width": 64, "heads": 4, "kv_heads": 4, "ffn": 96},
        "llama-gqa-8-2": {"width": 128, "heads": 8, "kv_heads": 2, "ffn": 192, "vocab": 500, "layers": 3},
        "llama-mha": {"width": 64, "heads": 4, "kv_heads": 4, "type": "Q8_0", "ffn": 224, "vocab": 333},
        "llama-head-128": {"heads": 4, "kv_heads": 4, "head_dim": 128, "type": "Q4_1", "vocab": 400},
        "llama-head-48": {"width": 96, "heads": 2, "kv_heads": 1, "head_dim": 48, "type": "Q4_0"},
        "llama-head-80": {"width": 160, "heads": 2, "kv_heads": 2, "type": "Q8_0", "vocab": 300},
        "llama-untied": {"tied": False, "type": "Q4_1", "output": "Q8_0", "embedding": "Q4_0"},
        "llama-untied-mixed": {"tied": False, "type": "Q8_0", "output": "F16", "embedding": "BF16", "layers": 3,
                               "mixed": ["Q4_0", "Q4_1", "Q8_0", "Q5_0", "F16", "F32", "Q5_1"]},
        "llama-biases": {"biases": True, "type": "Q4_0", "embedding": "Q8_0"},
        "llama-rope-freqs": {"rope_freqs": "llama3", "type": "Q8_0", "base": 500000.0},
        "llama-rope-partial": {"rot": 16, "type": "F16"},
        "llama-rope-linear": {"rope_linear": 2.0},
        "llama-rope-halved": {"rope_freqs": 2.0},       # the same numbers as llama-rope-linear
        "llama-norm-f16": {"norm": "F16", "type": "F16"},
        "llama-norm-bf16": {"norm": "BF16", "type": "BF16"},
        "llama-odd": {"width": 100, "heads": 5, "kv_heads": 5, "head_dim": 20, "ffn": 75, "vocab": 263},
        "llama-v2": {"version": 2, "alignment": 64, "type": "Q4_1"},
        "llama-gpt2-pre": {"pre": "gpt-2", "type": "Q4_0", "vocab": 600},
        # What must be refused.
        "bad-architecture": {"arch": "mystery", "type": "Q4_1"},
        "bad-tensors": {"rename": {"blk.0.attn_q.weight": "blk.0.attn_qx.weight",
                                   "blk.1.ffn_up.weight": "blk.1.ffn_upx.weight"}},
        "bad-types": {"type": "Q2_K", "width": 256, "ffn": 256, "heads": 4, "embedding": "Q8_0", "output": "IQ4_NL",
                      "tied": False, "vocab": 300},
        "bad-metadata": {"extra": {"llama.expert_count": 8, "llama.attention.clamp_kqv": 5.0}},
        "bad-rope": {"extra": {"llama.rope.scaling.type": "yarn", "llama.rope.scaling.factor": 4.0}},
        "bad-missing": {"drop": ["llama.block_count", "llama.embedding_length"]},
        "bad-shape": {"extra": {"llama.feed_forward_length": 128}},
        "bad-heads": {"extra": {"llama.attention.head_count_kv": 2}},
        "bad-vocabulary": {"extra": {"llama.vocab_size": 1002}},
        "bad-merges": {"merges": False},
        "bad-nan": {"type": "Q4_1", "nan": "blk.1.ffn_down.weight"},
        "bad-nan-k": {"type": "Q6_K", "width": 256, "ffn": 256, "heads": 4, "nan": "blk.0.attn_v.weight"},
        "bad-nan-norm": {"nan": "output_norm.weight"},
    }
    for name in TYPES:
        small = {"type": name, "embedding": name}
        if name.endswith("_K"):
            small |= {"width": 256, "ffn": 512, "heads": 4, "kv_heads": 2}
        out["type-" + name.lower().replace("_", "-")] = small
    return {name: DEFAULT | changes for name, changes in out.items()}


CONFIGS = configurations()


# ---- tokenizer ---------------------------------------------------------------

def byte_letters():
    """The 256 letters that stand for bytes in byte-level BPE, in byte order."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [b for b in range(256) if b not in plain]
    table = {b: chr(b) for b in plain} | {b: chr(256 + i) for i, b in enumerate(rest)}
    return [table[b] for b in range(256)]


def tokenizer_tables(vocab, rng):
    """Special tokens, letters, and merges of earlier tokens: common English pairs first, then random ones."""
    letters = byte_letters()
    tokens, merges = [*SPECIAL, *letters], []
    assert vocab >= len(tokens), "a vocabulary holds at least the bytes and the special tokens"
    known = set(tokens)
    common = "Ġt he in er an Ġa on re Ġs at en Ġo Ġw nd Ġc it is or es Ġth Ġthe ing Ġof ed".split()
    pool = [t for t in letters if t.isascii() and t.isalpha()] + ["Ġ"]

    def add(left, right):
        if left + right in known or len(tokens) >= vocab:
            return
        merges.append(f"{left} {right}")
        tokens.append(left + right)
        known.add(left + right)
        pool.append(left + right)

    for word in common:
        for cut in range(1, len(word)):
            if word[:cut] in known and word[cut:] in known:
                add(word[:cut], word[cut:])
                break
    while len(tokens) < vocab:
        left, right = rng.choice(len(pool), 2)
        if len(pool[left]) + len(pool[right]) <= 8 and not pool[right].startswith("Ġ"):
            add(pool[left], pool[right])
    return tokens, merges


# ---- weights -----------------------------------------------------------------

def block_bytes(rng, kind, rows, cols):
    """Random bytes with scales such that a row times a unit vector is about one."""
    if kind == Type.Q2_K:
        scale, size, where = 1 / (np.sqrt(cols) * 20), 84, [80, 82]
    elif kind == Type.IQ4_NL:
        return rng.integers(0, 256, (rows, cols // 32 * 18), dtype=np.uint8)
    else:
        scale, size, where = kquants.random_scale(kind, cols)
    data = rng.integers(0, 256, (rows, cols // 256, size), dtype=np.uint8)
    for at, factor in zip(where, [1.0, 7.5 if kind != Type.Q5_K else 15.5]):
        values = (scale * factor * rng.uniform(0.5, 1.5, data.shape[:2])).astype(np.float16)
        data[:, :, at:at + 2] = values[..., None].view(np.uint8)
    return data.reshape(rows, -1)


def encode(rng, kind, shape, scale=None, offset=0.0):
    """(data, type) of a random tensor of a type."""
    kind = Type[kind]
    if kind.name.endswith("_K") or kind == Type.IQ4_NL:
        return block_bytes(rng, kind, *shape), kind
    scale = 1 / np.sqrt(shape[-1]) if scale is None else scale
    values = (rng.standard_normal(shape) * scale + offset).astype(np.float32)
    if kind == Type.F32:
        return values, kind
    if kind == Type.F16:
        return values.astype(np.float16), kind
    return quantize(values, kind), kind


def poison(data, kind):
    """Puts a NaN where the type has a number."""
    raw = data.view(np.uint8).reshape(-1)
    if kind == Type.F32:
        raw[-4:] = np.frombuffer(np.float32("nan").tobytes(), np.uint8)
    else:
        at = len(raw) - 2 if kind == Type.Q6_K else 0
        raw[at:at + 2] = [0x00, 0x7e]
    return data


def tensors(c, rng):
    """Yields (name, data, type) in file order."""
    head_dim = c["head_dim"] or c["width"] // c["heads"]
    q, kv, width, ffn = c["heads"] * head_dim, c["kv_heads"] * head_dim, c["width"], c["ffn"]

    def matrix(name, rows, cols, kind):
        return name, *encode(rng, kind, (rows, cols))

    def norm(name):
        return name, *encode(rng, c["norm"], (width,), 0.1, 1.0)

    yield matrix("token_embd.weight", c["vocab"], width, c["embedding"] or c["type"])
    if c["rope_freqs"]:
        count = (c["rot"] or head_dim) // 2
        if c["rope_freqs"] == "llama3":     # low frequencies divided by 8, high ones kept, a ramp between
            factors = np.clip(np.linspace(-2, 10, count), 1, 8).astype(np.float32)
        else:
            factors = np.full(count, c["rope_freqs"], np.float32)
        yield "rope_freqs.weight", factors, Type.F32
    number = 0
    for layer in range(c["layers"]):
        base = f"blk.{layer}."
        yield norm(base + "attn_norm.weight")
        yield norm(base + "ffn_norm.weight")
        for name, rows, cols in [("attn_q", q, width), ("attn_k", kv, width), ("attn_v", kv, width),
                                 ("attn_output", width, q), ("ffn_gate", ffn, width), ("ffn_up", ffn, width),
                                 ("ffn_down", width, ffn)]:
            kind = c["mixed"][number % len(c["mixed"])] if c["mixed"] else c["type"]
            number += 1
            yield matrix(base + name + ".weight", rows, cols, kind)
            if c["biases"]:
                yield base + name + ".bias", *encode(rng, "F32", (rows,), 0.1)
    yield norm("output_norm.weight")
    if not c["tied"]:
        yield matrix("output.weight", c["vocab"], width, c["output"] or c["type"])


def metadata(c):
    head_dim = c["head_dim"] or c["width"] // c["heads"]
    a = c["arch"] + "."
    out = {a + "block_count": c["layers"], a + "context_length": c["context"], a + "embedding_length": c["width"],
           a + "feed_forward_length": c["ffn"], a + "attention.head_count": c["heads"],
           a + "attention.head_count_kv": c["kv_heads"], a + "attention.layer_norm_rms_epsilon": 1e-5,
           a + "rope.freq_base": c["base"], a + "rope.dimension_count": c["rot"] or head_dim,
           a + "vocab_size": c["vocab"]}
    if c["head_dim"]:
        out |= {a + "attention.key_length": head_dim, a + "attention.value_length": head_dim}
    if c["rope_linear"]:
        out |= {a + "rope.scaling.type": "linear", a + "rope.scaling.factor": c["rope_linear"]}
    out |= c["extra"]
    return {key: value for key, value in out.items() if key not in c["drop"]}


def add_value(writer, key, value):
    kinds = {bool: GGUFValueType.BOOL, int: GGUFValueType.UINT32, float: GGUFValueType.FLOAT32, str: GGUFValueType.STRING}
    writer.add_key_value(key, value, kinds[type(value)])


def write(config, path, seed=1):
    """Writes a configuration (a name, or a dictionary like DEFAULT) to a file."""
    c = CONFIGS[config] if isinstance(config, str) else DEFAULT | config
    rng = np.random.default_rng([seed, 7])
    writer = GGUFWriter(path, c["arch"])
    if c["alignment"]:
        writer.add_custom_alignment(c["alignment"])
    writer.add_name(f"tiny {c['arch']} {c['type']}")
    for key, value in metadata(c).items():
        add_value(writer, key, value)
    tokens, merges = tokenizer_tables(c["vocab"], rng)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(c["pre"])
    writer.add_token_list(tokens)
    writer.add_token_types([3] * len(SPECIAL) + [1] * (len(tokens) - len(SPECIAL)))
    if c["merges"] and merges:
        writer.add_token_merges(merges)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(c["eos"])
    writer.add_add_bos_token(False)
    writer.add_chat_template(TEMPLATE)
    for name, data, kind in tensors(c, rng):
        if name == c["nan"]:
            data = poison(data, kind)
        writer.add_tensor(c["rename"].get(name, name), data, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    if c["version"] != 3:                   # versions 2 and 3 differ in nothing but the number
        with open(path, "r+b") as file:
            file.seek(4)
            file.write(int(c["version"]).to_bytes(4, "little"))


# ---- requantize --------------------------------------------------------------

def requantize(source, kind, path):
    """The same model with all matrices in another type; rows that do not divide into blocks take Q8_0."""
    reader, kind = GGUFReader(source), Type[kind]
    writer = GGUFWriter(path, reader.fields["general.architecture"].contents())
    for key, field in reader.fields.items():
        if key.startswith("GGUF.") or key in ("general.architecture", "general.alignment"):
            continue
        sub = field.types[1] if len(field.types) > 1 else None
        writer.add_key_value(key, field.contents(), field.types[0], sub_type=sub)
    for t in reader.tensors:
        values = dequantize(t.data, t.tensor_type).astype(np.float32).reshape([int(d) for d in reversed(t.shape)])
        if values.ndim < 2:
            writer.add_tensor(t.name, values, raw_dtype=Type.F32)
            continue
        to = kind if not kind.name.endswith("_K") or values.shape[1] % 256 == 0 else Type.Q8_0
        if to == Type.F16:
            data = values.astype(np.float16)
        elif to == Type.F32:
            data = values
        else:
            data = kquants.quantize(values, to) if to.name.endswith("_K") else quantize(values, to)
        writer.add_tensor(t.name, data, raw_dtype=to)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


# ---- oracle ------------------------------------------------------------------

def prompt(vocab, rows, seed=1):
    return np.random.default_rng([seed, 11]).integers(0, vocab, rows).astype(np.int32)


def oracle(path, out, rows=24, seed=1, tokens=8):
    """Reference logits of a random prompt, and the greedy tokens after it."""
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "oracles"))
    import gguf_numpy
    model = gguf_numpy.Model(path)
    ids = prompt(model.t["token_embd.weight"].shape[0], rows, seed)
    logits, greedy = model.greedy(ids, tokens)
    np.savez_compressed(out, prompt=ids, logits=logits, tokens=np.int32(greedy))


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("config", nargs="?", choices=sorted(CONFIGS), metavar="CONFIG")
    ap.add_argument("-o", "--out")
    ap.add_argument("--list", action="store_true", help="print the names of all configurations")
    ap.add_argument("--all", metavar="FOLDER", help="write every configuration that can be imported")
    ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("--oracle", nargs="?", const="", metavar="OUT.npz", help="write reference logits too")
    ap.add_argument("--rows", type=int, default=24, help="tokens of the oracle's prompt")
    ap.add_argument("--requantize", metavar="MODEL")
    ap.add_argument("--type", choices=TYPES)
    a = ap.parse_args()
    if a.list:
        print("\n".join(CONFIGS))
        return
    if a.requantize:
        requantize(a.requantize, a.type, a.out)
        return
    jobs = [(a.config, a.out)]
    if a.all:
        folder = pathlib.Path(a.all)
        folder.mkdir(parents=True, exist_ok=True)
        jobs = [(name, str(folder / (name + ".gguf"))) for name in CONFIGS if not name.startswith("bad-")]
    for name, out in jobs:
        if not name or not out:
            ap.error("a CONFIG and -o OUT.gguf, or --all FOLDER")
        write(name, out, a.seed)
        if a.oracle is not None:
            oracle(out, a.oracle or out.removesuffix(".gguf") + ".npz", a.rows, a.seed)


if __name__ == "__main__":
    main()
