#!/usr/bin/env python3
# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Freezes a tiny plan of the present format: make_frozen.py BUILD NAME

Writes NAME.plan and NAME.json beside this script.  Run once when a format version
is released, never again for that version: the point is that later runtimes load the bytes of that day.
Needs numpy and gguf.
"""
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
import make_gguf  # noqa: E402

CONFIG = {"layers": 2, "width": 64, "heads": 2, "kv_heads": 1, "ffn": 96, "vocab": 300, "context": 128,
          "type": "Q4_1", "embedding": "Q8_0", "biases": True, "mixed": ["Q4_0", "Q4_1", "Q8_0", "Q5_1", "F16"]}
IDS = [5, 9, 2, 7, 100, 299, 0, 41]


def main():
    build, name = pathlib.Path(sys.argv[1]), sys.argv[2]
    plan = HERE / f"{name}.plan"
    with tempfile.TemporaryDirectory() as folder:
        gguf, out = os.path.join(folder, "frozen.gguf"), os.path.join(folder, "logits.npy")
        make_gguf.write(CONFIG, gguf)
        subprocess.run([build / "bin/llm-compile", gguf, "-o", plan], check=True, cwd=folder)
        ids = ",".join(map(str, IDS))
        subprocess.run([build / "bin/llm-run", plan, "--ids", ids, "--logits", out], check=True)
        digest = hashlib.sha256(np.load(out).tobytes()).hexdigest()
        text = subprocess.run([build / "bin/llm-run", plan, "--ids", ids, "-n", "16", "--temperature", "0.8", "--seed", "1",
                               "--ignore-eos", "--json"], check=True, capture_output=True, text=True).stdout
    facts = {"ids": IDS, "logits_sha256": digest, "sampled": json.loads(text)["tokens"],
             "plan_sha256": hashlib.sha256(plan.read_bytes()).hexdigest()}
    (HERE / f"{name}.json").write_text(json.dumps(facts, indent=1) + "\n")
    size = plan.stat().st_size
    print(f"{plan.name}: {size} bytes")
    return 0 if size < 1 << 20 else 1


if __name__ == "__main__":
    sys.exit(main())
