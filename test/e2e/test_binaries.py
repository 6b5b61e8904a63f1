# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the built files hold and link, by inspection."""
import os
import re
import subprocess

import pytest

from conftest import BUILD, ROOT, figure, tool

LIBRARY = BUILD / "lib" / "libsinter_runtime.so"
ALONE = BUILD / "runtime-only" / "lib" / "libsinter_runtime.so"
# Packed multiplies, fused multiply-adds and dot products of x86: arithmetic on
# tensors, which belongs to generated code.
PACKED = re.compile(r"v?(mul|dp)p[sdh]|vf(n?m(add|sub)|maddsub|msubadd)\d*p[sdh]|v?pmul\w+|v?pmadd\w+|"
                    r"vpdp\w+|vdpbf16ps|vdpph?ps|tdp\w+|vpmadd52\w+|v?dpp[sd]")
# Functions of the library that may hold some, and why. Each entry must be in use.
ALLOWED = {
    r"XXH3|XXH_|[dD]igest|[hH]ash": "the digest of weights is a packed multiply over the file's bytes",
    r"[sS]ha256": "schedule of SHA-256",
}


def disassembly(path):
    """(function, instruction line) of the text of a library."""
    out = subprocess.run(["objdump", "-d", "--no-show-raw-insn", "-C", str(path)], capture_output=True, text=True, check=True).stdout
    function = None
    for line in out.splitlines():
        label = re.match(r"[0-9a-f]+ <(.*)>:$", line)
        if label:
            function = label[1]
        elif ":\t" in line:
            yield function, line.split(":\t", 1)[1].strip()


def tensor_arithmetic(path):
    found = {}
    for function, instruction in disassembly(path):
        if PACKED.fullmatch(instruction.split(" ")[0]):
            found.setdefault(function, []).append(instruction)
    return found


@pytest.mark.parametrize("path", [LIBRARY, ALONE], ids=["whole-build", "runtime-alone"])
def test_the_runtime_holds_no_tensor_arithmetic(path):
    found = tensor_arithmetic(path)
    foreign = {function: lines[:3] for function, lines in found.items()
               if not any(re.search(pattern, function) for pattern in ALLOWED)}
    assert not foreign


def test_the_search_for_arithmetic_can_find_some(tmp_path):
    source = tmp_path / "dot.c"
    source.write_text("float dot(const float *a, const float *b, int n) { float s = 0;"
                      " for (int i = 0; i < n; ++i) s += a[i] * b[i]; return s; }\n")
    subprocess.run(["gcc", "-O3", "-ffast-math", "-march=x86-64-v3", "-shared", "-fPIC", str(source), "-o",
                    str(tmp_path / "dot.so")], check=True)
    assert "dot" in tensor_arithmetic(tmp_path / "dot.so")


def needed(path):
    """Shared libraries of a file and of all that it loads."""
    out = subprocess.run(["ldd", str(path)], capture_output=True, text=True, check=True).stdout
    return [line.split()[0] for line in out.splitlines()]


@pytest.mark.parametrize("path", [LIBRARY, ALONE, BUILD / "bin" / "llm-run", BUILD / "bin" / "llm-bench",
                                  BUILD / "bin" / "llm-eval"], ids=lambda path: f"{path.parent.parent.name}/{path.name}")
def test_links_neither_llvm_nor_protobuf(path):
    libraries = needed(path)
    assert any(name.startswith("libc.so") for name in libraries)
    assert not [name for name in libraries if re.search(r"LLVM|MLIR|clang|protobuf", name)], libraries


def test_the_compiler_links_llvm_once():
    libraries = needed(tool("llm-compile"))
    assert len([name for name in libraries if "libLLVM" in name]) == 1
    assert len([name for name in libraries if "libMLIR" in name]) == 1


def test_exported_symbols_are_the_checked_in_list():
    out = subprocess.run(["nm", "-D", "--defined-only", str(LIBRARY)], capture_output=True, text=True, check=True).stdout
    exported = sorted(line.split()[2].split("@")[0] for line in out.splitlines() if " T " in line or " D " in line)
    header = "".join(path.read_text() for path in sorted((ROOT / "include/sinter-c").glob("*.h")))
    declared = sorted(set(re.findall(r"SINTER_API[^;]*?\b(sinter_\w+)\(", header)))
    assert exported == declared
    listed = sorted(set(re.findall(r"\b(sinter_\w+);", (ROOT / "runtime/capi/exports.map").read_text())))
    assert exported == listed


@pytest.mark.parametrize("path", [LIBRARY, ALONE], ids=["whole-build", "runtime-alone"])
def test_the_stripped_runtime_is_under_2_mib(path, tmp_path):
    subprocess.run(["strip", "-o", str(tmp_path / "stripped.so"), str(path)], check=True)
    size = os.path.getsize(tmp_path / "stripped.so")
    figure(f"libsinter_runtime.so of the {'runtime alone' if path == ALONE else 'whole build'}, stripped", f"{size / 1024:.0f} KiB")
    assert size < 2 << 20


@pytest.mark.parametrize("path", [LIBRARY, ALONE], ids=["whole-build", "runtime-alone"])
def test_the_stack_is_not_executable(path):
    out = subprocess.run(["readelf", "-lW", str(path)], capture_output=True, text=True, check=True).stdout
    flags = re.search(r"GNU_STACK(?:\s+0x\S+){5}\s+(\w+)", out)
    assert flags and "E" not in flags[1]
