# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Texts on which tokenizers differ, made from a seed."""
import random

SAMPLES = [
    b"Hello, world! It's 9 o'clock; we'll see. THEY'VE DON'T 'S 'Ll 'st",
    "Les élèves français ont reçu leurs prix à Noël.".encode(),
    "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich.".encode(),
    "Съешь же ещё этих мягких французских булок, да выпей чаю".encode(),
    "Η γρήγορη καφέ αλεπού πηδάει".encode(), "敏捷的棕色狐狸跳过懒狗。12３４五".encode(),
    "素早い茶色の狐がのろまな犬を飛び越える、ｶﾀｶﾅ".encode(), "빠른 갈색 여우가 게으른 개를".encode(),
    "الثعلب البني السريع يقفز ٣٤٥".encode(), "השועל החום המהיר קופץ".encode(),
    "สุนัขจิ้งจอกสีน้ำตาลกระโดด".encode(), "तेज़ भूरी लोमड़ी ௧௨ ১২".encode(), "ፈጣን ቡናማ ቀበሮ ფრთხილი მელა".encode(),
    "👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽 🇩🇪 ☎️ ©".encode(), "e\u0301 n\u0303 a\u0323\u0302 Å Å ﬁ ½ Ⅷ ² ① \u1100\u1161\u11a8".encode(),
    b"x = [i**2 for i in range(10)]\n\tif x:\n        return\r\n    # 'quoted' \"text\" </tag> a_b != c++;\n",
    "    indented   text \n\n\n  \t \u00a0\u2003\u3000\u180e\u2028\u0085\u200b end".encode(),
    b"a" * 50, b"A" * 50, b"z" * 333, b" " * 50, b"\n" * 50, b"=" * 50, b"7" * 50, "ж".encode() * 50, "中".encode() * 50,
    b"\x00\x01\x02\x1b\x7f\x00\x00", "\u0085\u200b\u200d\ufeff\ufffd\ufffe\U0010ffff".encode(),
    b"1,234.56e-7 0x1F 100% 3\xc2\xb2 1999/12/31 +49 (0)30", "don\u2019t \u2018so\u2019 'ſ 'ſt K'M".encode(),
    b"camelCaseWord SCREAMING_Snake HTTPServer iPhone's MacOS'S Aa AA aA \xc7\x85\xca\xb0",
    b"<|im_start|>user\nhi<|im_end|>\n", b"<|im_start", b"<|endoftext|><|endoftext|>", b"<<|im_end|>|>", b"<|im_end|>'s",
    b"<repo_name>a/b<file_sep>", b"\xff", b"\xc3", b"\xe2\x82", b"\xf0\x9f\x98", b"\xed\xa0\x80", b"\xc0\xaf", b"\xf4\x90\x80\x80",
    b"\xf0\x9f\x98\x80\xf0\x9f", b"caf\xe9 na\xefve", b"\x80\x80\x80", b"\xe2\x28\xa1", b"\xf0\x28\x8c\xbc", b"\xfe\xfe\xff\xff",
]
GLUE = [b" ", b"  ", b"\n", b"\n\n", b"\r\n", b"\t", b"7", b"42", b"'s", b"'RE", b"\xc2\xa0", b"\xe2\x80\x8d", b".", b"...", b"\x00",
        b"<|im_end|>", b"\xff", b"\xe2\x82", b"\xcc\x81"]


def character(draw):
    point = draw.choice([draw.randrange(0x20), draw.randrange(0x20, 0x250), draw.randrange(0x250, 0x3000),
                         draw.randrange(0x3000, 0xd800), draw.randrange(0xe000, 0x11000), draw.randrange(0x10000, 0x20000),
                         draw.randrange(0x110000)])
    return chr(point).encode("utf-8", "surrogatepass")  # a surrogate is invalid UTF-8: also wanted


def byte_strings(count, seed=5):
    """`count` byte strings: the samples, all short glue, then pieces of both glued together, any byte among them."""
    draw = random.Random(seed)
    texts = [b"", *SAMPLES, *GLUE, *(a + b for a in GLUE for b in GLUE)]
    texts += [bytes([byte]) for byte in range(256)]
    while len(texts) < count:
        parts = []
        for _ in range(draw.randrange(1, 6)):
            sample = draw.choice(SAMPLES)
            at = draw.randrange(len(sample))
            parts.append(sample[at:at + draw.randrange(1, 40)])  # may cut a character: invalid on purpose
            if draw.random() < 0.5:
                parts.append(draw.choice(GLUE))
            if draw.random() < 0.3:
                parts += [character(draw) for _ in range(draw.randrange(1, 4))]
            if draw.random() < 0.05:
                parts.append(draw.randbytes(draw.randrange(1, 9)))
        texts.append(b"".join(parts))
    return texts[:count]
