# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""llm-eval on a double of the runtime."""
import io
import math
import pathlib
import struct
import unittest
import zipfile

from tool_test import BOS, VOCABULARY, ToolTest, logit, row


def npy(type_code, shape, values):
    header = f"{{'descr': '{type_code}', 'fortran_order': False, 'shape': {shape}, }}"
    header += " " * (-(len(header) + 11) % 64) + "\n"
    form = {"<f4": "f", "<i4": "i", "<i8": "q"}[type_code]
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + struct.pack(f"<{len(values)}{form}", *values)


class Eval(ToolTest):
    def perplexity(self, *arguments, text=None, **env):
        file = self.path("text", text if text is not None else self.text)
        out = self.out("llm-eval", self.plan, "--perplexity", file, *arguments, **env)
        words = out.split()
        self.assertEqual((words[0], words[2], words[4]), ("perplexity", "+/-", "tokens"))
        return float(words[1]), float(words[3]), int(words[5])

    text = "the quick brown fox\njumps over the lazy dog\n" * 5  # 44 bytes a time

    def expected(self, pairs):
        nll = [math.log(sum(math.exp(x) for x in row(a))) - logit(a, b) for a, b in pairs]
        mean = sum(nll) / len(nll)
        variance = sum(x * x for x in nll) / len(nll) - mean * mean
        return math.exp(mean), math.sqrt(variance / (len(nll) - 1)) * math.exp(mean), len(nll)

    def check(self, got, expected):
        self.assertEqual(got[2], expected[2])
        for a, b in zip(got[:2], expected[:2]):
            self.assertAlmostEqual(a, b, delta=1e-4 * max(1, b))

    def pairs(self, ids, context, first):
        windows = [ids[at:at + context] for at in range(0, len(ids), context)]
        return [(w[i], w[i + 1]) for w in windows for i in range(first, len(w) - 1)]

    def test_second_half_takes_whole_windows(self):
        ids = list(self.text.encode())
        self.check(self.perplexity("--context", 32), self.expected(self.pairs(ids[:192], 32, 16)))

    def test_all_takes_what_is_left_too(self):
        ids = list(self.text.encode())
        self.check(self.perplexity("--context", 32, "--score=all"), self.expected(self.pairs(ids, 32, 0)))

    def test_counts_are_those_of_the_protocols(self):
        text = "x y" * 2000
        self.assertEqual(self.perplexity("--tokens", 4096, "--score=all", text=text)[2], 4088)
        self.assertEqual(self.perplexity("--tokens", 4096, text=text)[2], 2040)
        self.assertEqual(self.perplexity("--tokens", 4096, "--lines", text=text)[2], 2040)

    def test_bos(self):
        ids = list(self.text.encode())[:64]
        windows = [[BOS] + ids[at + 1:at + 32] for at in (0, 32)]
        pairs = [(w[i], w[i + 1]) for w in windows for i in range(16, 31)]
        self.check(self.perplexity("--context", 32, "--tokens", 64, FAKE_BOS="1"), self.expected(pairs))
        windows = [[BOS] + ids[at:at + 32] for at in (0, 32)]
        pairs = [(w[i], w[i + 1]) for w in windows for i in range(32)]
        self.check(self.perplexity("--context", 32, "--tokens", 64, "--score=all", FAKE_BOS="1"), self.expected(pairs))

    def reference(self, prompt, values, tokens, compression=zipfile.ZIP_DEFLATED):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", compression) as archive:
            archive.writestr("prompt.npy", npy("<i4", (len(prompt),), prompt))
            archive.writestr("logits.npy", npy("<f4", (len(prompt), len(values) // len(prompt)), values))
            archive.writestr("tokens.npy", npy("<i8", (len(tokens),), tokens))
        return self.path("ref.npz", buffer.getvalue())

    def test_reference(self):
        for compression in (zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED):
            file = self.reference([65, 70], row(65) + row(70), [71, 72, 73], compression)
            self.assertEqual(self.out("llm-eval", self.plan, "--reference", file),
                             "max_abs 0 mean_kl 0 top1 1.000000 greedy 3/3\n")

    def test_reference_that_differs(self):
        values = row(65) + row(70)
        values[VOCABULARY + 5] += 100
        file = self.reference([65, 70], values, [71, 9, 73])
        words = self.out("llm-eval", self.plan, "--reference", file).split()
        self.assertEqual((words[1], words[5], words[7]), ("100", "0.500000", "1/3"))
        self.assertGreater(float(words[3]), 1)

    def test_reference_that_does_not_fit(self):
        file = self.reference([65], [0.0] * 7, [1])
        self.assertIn("does not fit", self.error("llm-eval", self.plan, "--reference", file))
        file = self.reference([65, 66], row(65) + row(66), [1])
        data = pathlib.Path(file).read_bytes()
        for length in range(0, len(data), 97):
            self.error("llm-eval", self.plan, "--reference", self.path("cut.npz", data[:length]))
        with zipfile.ZipFile(self.path("none.npz"), "w") as archive:
            archive.writestr("prompt.npy", npy("<i4", (1,), [1]))
        self.assertIn("'tokens'", self.error("llm-eval", self.plan, "--reference", self.path("none.npz")))

    def test_against_itself(self):
        expected = "max_abs 0 mean_kl 0 top1 1.000000 greedy 64/64\n"
        other = self.path("other.plan", "FAKE")
        self.assertEqual(self.out("llm-eval", self.plan, "--against", other), expected)
        text = self.path("text", self.text)
        self.assertEqual(self.out("llm-eval", self.plan, "--against", other, "--text", text, "--context", 40), expected)

    def test_errors(self):
        self.error("llm-eval", self.plan, code=2)
        self.error("llm-eval", self.plan, "--perplexity", "x", "--against", "y", code=2)
        self.error("llm-eval", self.plan, "--perplexity", "x", "--score=half", code=2)
        text = self.path("text", "short")
        self.assertIn("5 tokens", self.error("llm-eval", self.plan, "--perplexity", text))
        self.assertIn("not finite", self.error("llm-eval", self.plan, "--perplexity", text, "--score=all", FAKE_NAN="1"))
        self.error("llm-eval", self.plan, "--perplexity", self.path("none"))
        self.assertIn("4096", self.error("llm-eval", self.plan, "--perplexity", self.path("long", "a" * 9000), "-c", 5000))


if __name__ == "__main__":
    unittest.main()
