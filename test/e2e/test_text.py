# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tokenizer and chat template of a plan against the libraries that models are made with."""
import json
import random

import jinja2
import jinja2.sandbox
import pytest
import tokenizers

from conftest import ROOT, run

SCRIPTS = [
    "Hello, world! It's 9 o'clock; we'll see.", "Les élèves français ont reçu leurs prix à Noël.",
    "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich.", "Съешь же ещё этих мягких французских булок",
    "Η γρήγορη καφέ αλεπού", "敏捷的棕色狐狸跳过懒狗。", "素早い茶色の狐がのろまな犬を飛び越える", "빠른 갈색 여우",
    "الثعلب البني السريع", "השועל החום המהיר", "สุนัขจิ้งจอกสีน้ำตาล", "तेज़ भूरी लोमड़ी", "ფრთხილი მელა",
    "👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽 🇩🇪 e\u0301 n\u0303 Å ﬁ ½ Ⅷ ٣٤ ௧௨ 12345", "x = [i**2 for i in range(10)]\n\tif x:\n        return\r\n",
    "    indented   text \n\n\n  \t \u00a0\u2003\u3000 end", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "\x00\x01\x7f\u0085\u200b\ufeff",
    "don't DON'T 'S 'Ll \u2019s", "1,234.56e-7 0x1F 100%", "<|im_start|>user\nhi<|im_end|>", "<|im_start", "<|endoftext|>",
]


def strings(count):
    """Whole samples, and pieces of them glued together: boundaries are where tokenizers differ."""
    draw = random.Random(5)
    pool = [*SCRIPTS, "", " ", "  ", "\n", "\r\n", *(chr(c) for c in range(0x20, 0x180))]
    for text in pool:
        yield text
    for _ in range(count - len(pool)):
        parts = []
        for _ in range(draw.randrange(1, 6)):
            text = draw.choice(SCRIPTS)
            at = draw.randrange(len(text))
            parts.append(text[at:at + draw.randrange(1, 24)])
            if draw.random() < 0.3:
                parts.append(draw.choice([" ", "  ", "\n", "\n\n", "\t", "7", "'s", "\u00a0"]))
            if draw.random() < 0.1:
                parts.append(chr(draw.choice([draw.randrange(0x20, 0xd800), draw.randrange(0xe000, 0x10ffff)])))
        yield "".join(parts)


@pytest.fixture(scope="module")
def hugging_face(reference):
    """The same tables in the `tokenizers` library, as tokenizer.json of this model family has them."""
    meta = reference.meta
    tokens, types = meta["tokenizer.ggml.tokens"], meta["tokenizer.ggml.token_type"]
    merges = [tuple(merge.split(" ")) for merge in meta["tokenizer.ggml.merges"]]
    result = tokenizers.Tokenizer(tokenizers.models.BPE(vocab={t: i for i, t in enumerate(tokens)}, merges=merges))
    result.pre_tokenizer = tokenizers.pre_tokenizers.Sequence([
        tokenizers.pre_tokenizers.Digits(individual_digits=True),
        tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)])
    result.decoder = tokenizers.decoders.ByteLevel()
    result.add_special_tokens([tokenizers.AddedToken(t, special=True, normalized=False)
                               for t, kind in zip(tokens, types) if kind == 3])
    return result


def tokenize(plan, texts, tmp_path):
    (tmp_path / "texts.jsonl").write_text("".join(json.dumps(text) + "\n" for text in texts))
    out = run("llm-run", plan, "--tokenize", tmp_path / "texts.jsonl").stdout
    return [json.loads(line) for line in out.splitlines()]


def test_tokenizer_equals_hugging_face(fast, hugging_face, tmp_path):
    texts = list(strings(12000))
    got = tokenize(fast, texts, tmp_path)
    assert len(got) == len(texts)
    wrong = [(text, ids, hugging_face.encode(text, add_special_tokens=False).ids) for text, ids in zip(texts, got)
             if ids != hugging_face.encode(text, add_special_tokens=False).ids]
    assert not wrong, f"{len(wrong)} of {len(texts)} differ: {wrong[:3]}"


def test_detokenize_equals_hugging_face(fast, hugging_face, tmp_path):
    """And gives the text back: but for bytes that this vocabulary has no token for, which are lost on both sides."""
    texts = [text for text in strings(4000) if "<|" not in text]
    ids = tokenize(fast, texts, tmp_path)
    expected = [hugging_face.decode(row, skip_special_tokens=False) for row in ids]
    kept = [(row, text) for row, text in zip(ids, expected) if "\ufffd" not in text]
    (tmp_path / "ids.jsonl").write_text("".join(json.dumps(row) + "\n" for row, _ in kept))
    out = run("llm-run", fast, "--detokenize", tmp_path / "ids.jsonl").stdout
    got = [json.loads(line) for line in out.split("\n") if line]
    assert got == [text for _, text in kept]
    assert len(set(got) & set(texts)) > 2000


CONVERSATIONS = [
    [{"role": "user", "content": "Hi"}],
    [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "  Why?\n"}],
    [{"role": "user", "content": "1"}, {"role": "assistant", "content": "2"}, {"role": "user", "content": "3"}],
    [{"role": "user", "content": "quotes \" ' \\ <|im_end|> {{ x }} {% y %} émoji 👍"}],
    [{"role": "user", "content": ""}],
]


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


@pytest.mark.parametrize("number", range(len(CONVERSATIONS)))
def test_template_equals_jinja(fast, reference, tmp_path, number):
    """As the transformers library renders it: sandboxed, trim_blocks, lstrip_blocks."""
    environment = jinja2.sandbox.ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    environment.globals["raise_exception"] = raise_exception
    meta = reference.meta
    tokens = meta["tokenizer.ggml.tokens"]
    special = {name: tokens[meta[f"tokenizer.ggml.{name}_id"]] for name in ("bos_token", "eos_token")
               if f"tokenizer.ggml.{name}_id" in meta}
    template = environment.from_string(meta["tokenizer.chat_template"])
    expected = template.render(messages=CONVERSATIONS[number], add_generation_prompt=True, **special)
    (tmp_path / "messages.json").write_text(json.dumps(CONVERSATIONS[number]))
    assert run("llm-run", fast, "--render", tmp_path / "messages.json").stdout == expected


def test_streamed_text_is_whole_characters(fast):
    """Bytes as they come: each read of the pipe decodes by itself."""
    import subprocess
    from conftest import tool
    process = subprocess.Popen([tool("llm-run"), str(fast), "-p", "Smileys: 😀 😃 😄 😁 🎉 日本語", "-n", "64", "--temperature",
                                "1.5", "--seed", "3"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    pieces = iter(lambda: process.stdout.read1(4096), b"")
    for piece in pieces:
        piece.decode("utf-8")
    assert process.wait(60) == 0
