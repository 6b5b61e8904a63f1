# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Every pre-tokenizer against the Hugging Face `tokenizers` library, id for id, on arbitrary bytes.

Drives text-tool (test/runtime/text), which builds a plan's tables from the model's own vocabulary with the name of
another pre-tokenizer.  The patterns here stand as the tokenizer.json of the named models has them.
"""
import json
import subprocess

import pytest
import tokenizers
from tokenizers import Regex, pre_tokenizers

from conftest import tool
from text_cases import byte_strings

SPLITS = {
    "qwen2": [r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"],
    "qwen35": [r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+"
               r"|\s+(?!\S)|\s+"],
    "llama-bpe": [r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
                  r"|\s+(?!\S)|\s+"],
    "seed-coder": ["(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1}| ?[^\\s\\p{L}\\p{N}\r\n]+|\\s*[\r\n]+"
                   "|\\s+(?!\\S)|\\s+"],
    "tekken": [r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
               r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
               r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"],
    "gpt-4o": [r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
               r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
               r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"],
    "deepseek-v3": [r"\p{N}{1,3}", "[一-龥぀-ゟ゠-ヿ]+",
                    "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+"
                    "| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+"],
    "deepseek-coder": ["[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", "[一-龥ࠀ-一가-퟿]+", r"\p{N}"],
    "bloom": [r" ?[^(\s|.,!?…。，、।۔،)]+"],
    "viking": [r" ?[^(\s|.,!?…。，、।۔،)]+", r"\p{N}"],
}
# Built of the library's own parts rather than of a pattern.
PARTS = {
    "gpt-2": lambda: pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
    "smollm": lambda: pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True),
                                               pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)]),
    # The shipped file says Punctuation ("contiguous"); the pattern is what GGUF's name stands for.
    "falcon": lambda: pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(r"[\p{P}$+<=>^~|`]+"), "isolated"),
                                               pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
                                               pre_tokenizers.Split(Regex("[0-9][0-9][0-9]"), "isolated")]),
}


def pre_tokenizer(name):
    if name in PARTS:
        return PARTS[name]()
    splits = [pre_tokenizers.Split(Regex(pattern), "isolated") for pattern in SPLITS[name]]
    return pre_tokenizers.Sequence([*splits, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


@pytest.fixture(scope="module")
def source(model):
    """The vocabulary of the model, in the form text-tool reads."""
    import gguf
    meta = {k: f.contents() for k, f in gguf.GGUFReader(model).fields.items() if k.startswith("tokenizer.ggml.")}
    key = "tokenizer.ggml."
    return {"model": "gpt2", "tokens": meta[key + "tokens"], "types": meta[key + "token_type"], "merges": meta[key + "merges"],
            "add_bos": False}


def hugging_face(source, name, normalizer=None):
    merges = [tuple(merge.split(" ")) for merge in source["merges"]]
    model = tokenizers.models.BPE(vocab={t: i for i, t in enumerate(source["tokens"])}, merges=merges,
                                  ignore_merges=name in ("llama-bpe", "tekken"))
    result = tokenizers.Tokenizer(model)
    result.pre_tokenizer = pre_tokenizer(name)
    if normalizer:
        result.normalizer = normalizer
    result.add_special_tokens([tokenizers.AddedToken(t, special=True, normalized=False)
                               for t, kind in zip(source["tokens"], source["types"]) if kind in (3, 4)])
    return result


def text_tool(mode, source, lines, tmp_path):
    (tmp_path / "source.json").write_text(json.dumps(source))
    done = subprocess.run([tool("text-tool"), mode, str(tmp_path / "source.json")], input="".join(line + "\n" for line in lines),
                          capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\n")[:-1]


def encode(source, texts, tmp_path):
    return [json.loads(line) for line in text_tool("tokenize", source, [text.hex() for text in texts], tmp_path)]


def compare(source, reference, texts, tmp_path):
    """Ids of both; where they differ the shortest cases are shown."""
    got = encode(source, texts, tmp_path)
    expected = [e.ids for e in reference.encode_batch([t.decode(errors="replace") for t in texts], add_special_tokens=False)]
    assert len(got) == len(texts)
    wrong = sorted(((text, a, b) for text, a, b in zip(texts, got, expected) if a != b), key=lambda row: len(row[0]))
    assert not wrong, f"{len(wrong)} of {len(texts)} differ, (text, got, expected): {wrong[:3]}"
    return got


@pytest.mark.parametrize("name", sorted([*SPLITS, *PARTS]))
def test_ids_equal_hugging_face(source, name, tmp_path):
    count = 12000 if name in ("smollm", "qwen2") else 3000
    compare({**source, "pre": name}, hugging_face(source, name), byte_strings(count), tmp_path)


@pytest.mark.parametrize("name", ["smollm", "qwen2", "deepseek-v3"])
def test_every_character(source, name, tmp_path):
    """Each code point between letters, digits and spaces: its category decides where words end."""
    points = [p for p in range(0x110000) if not 0xd800 <= p < 0xe000]
    # Of the large blocks of one kind and of the empty planes a sample is enough.
    points = [p for p in points if not (0x3400 <= p < 0xd7a3 or 0x20000 <= p < 0x2a000 or p > 0x32400) or p % 41 == 0]
    compare({**source, "pre": name}, hugging_face(source, name), [f"a{chr(p)}b {chr(p)} 1{chr(p)}".encode() for p in points], tmp_path)


def test_composition(source, tmp_path):
    """A model that wants NFC: utf8proc here, another library there."""
    texts = byte_strings(4000, seed=6) + [f"e{chr(p)}{chr(q)}".encode() for p in range(0x300, 0x346) for q in range(0x300, 0x346, 3)]
    compare({**source, "pre": "qwen2", "normalizer": "nfc"}, hugging_face(source, "qwen2", tokenizers.normalizers.NFC()), texts,
            tmp_path)


def test_decode_gives_the_bytes_back(source, tmp_path):
    missing = {0xc0, 0xc1, *range(0xf5, 0x100)}  # bytes that no UTF-8 text has
    byte_tokens = hugging_face(source, "smollm")
    texts = [t.decode(errors="replace").encode() for t in byte_strings(6000, seed=7)]
    ids = encode({**source, "pre": "smollm"}, texts, tmp_path)
    back = text_tool("detokenize", {**source, "pre": "smollm"}, [json.dumps(row) for row in ids], tmp_path)
    # A byte that the vocabulary has no token for is lost, in every implementation.
    lost = {b for b in range(256) if b not in missing and not byte_tokens.token_to_id(spell(b))}
    texts_whole = [(t, r) for t, r in zip(texts, back) if not lost & set(t)]
    assert len(texts_whole) > len(texts) // 2
    wrong = [(t, bytes.fromhex(r)) for t, r in texts_whole if bytes.fromhex(r) != t]
    assert not wrong, wrong[:3]


def spell(byte):
    """The character of the byte-level alphabet that stands for `byte`."""
    prints = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [b for b in range(256) if b not in prints]
    return chr(byte) if byte in prints else chr(256 + rest.index(byte))


def test_long_words_take_linear_time(source, tmp_path):
    """A megabyte of each: quadratic merging or matching would run past the time limit of text_tool."""
    size = 1 << 20
    texts = [b"a" * size, b" " * size + b"x", b"\n" * size, b"A" * size, b"<" * size, b"ab" * (size // 2), b" \t" * (size // 2),
             "中".encode() * (size // 3)]
    for name in ("smollm", "gpt-4o", "deepseek-v3"):
        rows = encode({**source, "pre": name}, texts, tmp_path)
        assert all(rows), name
