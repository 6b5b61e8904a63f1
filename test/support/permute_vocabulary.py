#!/usr/bin/env python3
# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The same GGUF model with another vocabulary: its first tokens alone, in a random order.

usage:  permute_vocabulary.py MODEL.gguf -o OUT.gguf [--keep 32000] [--seed N] [--rename ID=TEXT]

Byte-level BPE lists tokens in the order of their merges, so that what is left still spells every text. Rows of the
embedding and of the output matrix go with their tokens, bit for bit. --rename gives a token another text.
"""
import argparse

import numpy as np
from gguf import GGUFReader, GGUFWriter

LISTS = ("tokenizer.ggml.tokens", "tokenizer.ggml.token_type", "tokenizer.ggml.scores")
MATRICES = ("token_embd.weight", "output.weight")


def permute(source, path, keep=None, seed=1, rename=None):
    reader = GGUFReader(source)
    writer = GGUFWriter(path, reader.fields["general.architecture"].contents())
    tokens = reader.fields["tokenizer.ggml.tokens"].contents()
    keep = min(keep or len(tokens), len(tokens))
    order = np.random.default_rng([seed, 17]).permutation(keep)     # new id -> old id
    place = {int(old): new for new, old in enumerate(order)}
    names = {id: (rename or {}).get(id, text) for id, text in enumerate(tokens)}
    known = {names[int(old)] for old in order}
    for key, field in reader.fields.items():
        if key.startswith("GGUF.") or key in ("general.architecture", "general.alignment"):
            continue
        value = field.contents()
        if key == "tokenizer.ggml.tokens":
            value = [names[int(old)] for old in order]
        elif key in LISTS:
            value = [value[old] for old in order]
        elif key == "tokenizer.ggml.merges":
            value = [merge for merge in value if {*merge.split(" "), merge.replace(" ", "", 1)} <= known]
        elif key.startswith("tokenizer.ggml.") and key.endswith("_token_id"):
            value = place[value]
        elif key.endswith(".vocab_size"):
            value = keep
        sub = field.types[1] if len(field.types) > 1 else None
        writer.add_key_value(key, value, field.types[0], sub_type=sub)
    for tensor in reader.tensors:
        data = tensor.data[order] if tensor.name in MATRICES else tensor.data
        writer.add_tensor(tensor.name, data, raw_dtype=tensor.tensor_type)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("model")
    ap.add_argument("-o", "--out", required=True)
    ap.add_argument("--keep", type=int, metavar="TOKENS", help="cut the vocabulary to this many tokens")
    ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("--rename", metavar="ID=TEXT")
    a = ap.parse_args()
    rename = dict([(int(a.rename.split("=", 1)[0]), a.rename.split("=", 1)[1])]) if a.rename else None
    permute(a.model, a.out, a.keep, a.seed, rename)


if __name__ == "__main__":
    main()
