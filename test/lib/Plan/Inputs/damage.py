# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""damage.py PLAN FOLDER: runs llm-dump on truncated and altered copies.

Every copy must be refused with exit code 1 and one line on stderr, or (a byte
between the parts of the file) be shown as before.
"""
import pathlib
import random
import subprocess
import sys

plan, folder = map(pathlib.Path, sys.argv[1:])
good = plan.read_bytes()
expected = subprocess.run(["llm-dump", "--program", plan], capture_output=True, check=True).stdout
choose = random.Random(3)
refused = 0


def check(name, data):
    global refused
    path = folder / "damaged.plan"
    path.write_bytes(data)
    run = subprocess.run(["llm-dump", "--program", path], capture_output=True)
    if run.returncode == 0 and run.stdout == expected:
        return
    lines = run.stderr.decode().splitlines()
    if run.returncode != 1 or len(lines) != 1 or "damaged.plan: " not in lines[0] or run.stdout:
        sys.exit(f"{name}: exit {run.returncode}, stderr {run.stderr!r}")
    refused += 1


header = 128
for size in [0, 1, 7, 8, header - 1, header, 4096, len(good) - 1] + choose.sample(range(len(good)), 12):
    check(f"truncated to {size}", good[:size])
check("longer", good + b"\0")
for place in [0, 8, 12, 16, 24, 120] + [4096, 8192] + choose.sample(range(header), 8) + choose.sample(range(8224, len(good)), 16):
    data = bytearray(good)
    data[place] ^= 1 << choose.randrange(8)
    check(f"bit at {place}", data)
print(f"refused {refused}")
