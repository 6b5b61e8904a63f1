# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The install tree: the examples build from it, by find_package and by pkg-config, and run."""
import json
import os
import pathlib
import shutil
import subprocess

import pytest

from conftest import BUILD, ROOT, run

PROMPT = "The capital of France is"


def shell(*command, **options):
    result = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=300, **options)
    assert result.returncode == 0, f"{command}: {result.stdout[-2000:]}{result.stderr[-2000:]}"
    return result.stdout


@pytest.fixture(scope="module")
def installed(new_folder):
    """The runtime that was built alone, installed, and moved: nothing may name the place it came from."""
    first = new_folder()
    shell("cmake", "--install", BUILD / "runtime-only", "--prefix", first / "made")
    (first / "made").rename(first / "moved")
    return first / "moved"


def build(source, installed, folder, kind):
    name = {"c": "complete", "cpp": "ask"}[source.name]
    if kind == "pkg-config":
        shutil.copytree(source, folder)
        pc = next(installed.rglob("sinter-runtime.pc"))
        shell("make", "-C", folder, env={**os.environ, "PKG_CONFIG_PATH": str(pc.parent)})
    else:
        shell("cmake", "-S", source, "-B", folder, f"-DCMAKE_PREFIX_PATH={installed}", "-DCMAKE_BUILD_TYPE=Release",
              f"-DSTATIC_SINTER={'ON' if kind == 'static' else 'OFF'}")
        shell("cmake", "--build", folder)
    return folder / name


KINDS = ["find_package", "static", "pkg-config"]


@pytest.mark.parametrize("kind", KINDS)
def test_c_example(installed, fast, tmp_path, kind):
    app = build(ROOT / "docs/examples/c", installed, tmp_path / "build", kind)
    linked = "libsinter_runtime.so" in shell("ldd", app)
    assert linked == (kind != "static")
    text = shell(app, fast, PROMPT, 12)
    assert text == run("llm-run", fast, "-p", PROMPT, "-n", 12, "--temperature", 0).stdout + "\n"
    missing = subprocess.run([app, tmp_path / "none.plan", "x"], capture_output=True, text=True)
    assert missing.returncode == 1 and "none.plan" in missing.stderr


@pytest.mark.parametrize("kind", KINDS)
def test_cpp_example(installed, fast, tmp_path, kind):
    app = build(ROOT / "docs/examples/cpp", installed, tmp_path / "build", kind)
    result = subprocess.run([app, fast, "Name a colour.", "And \"another\"\n one."], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    turns = run("llm-run", fast, "--chat", "-n", 48, "--temperature", 0, "--json",
                input="Name a colour.\nAnd \"another\"\\\n one.\n").stdout
    assert result.stdout == "".join(json.loads(line)["text"] + "\n" for line in turns.splitlines())
    # The second turn goes on from the state of the first.
    assert int(result.stderr.splitlines()[1].split()[3]) > 0


def test_the_tree_holds_what_an_app_needs_and_no_more(installed):
    files = {str(path.relative_to(installed)) for path in installed.rglob("*") if path.is_file()}
    names = {pathlib.Path(name).name for name in files}
    assert {"runtime.h", "runtime.hpp", "sinter-runtime.pc", "sinterConfig.cmake", "libsinter_runtime.a", "llm-run",
            "llm-bench", "llm-eval"} <= names
    assert not [name for name in files if "LLVM" in name or "mlir" in name.lower() or "gtest" in name]
    for path in installed.rglob("*.cmake"):
        assert str(ROOT) not in path.read_text(), path


def test_installed_tools_find_the_library(installed, fast):
    out = shell(installed / "bin" / "llm-run", fast, "-p", PROMPT, "-n", 4, "--temperature", 0)
    assert out == run("llm-run", fast, "-p", PROMPT, "-n", 4, "--temperature", 0).stdout
    assert str(installed) in shell("ldd", installed / "bin" / "llm-run")


def test_the_header_compiles_as_c_and_without_exceptions(installed, tmp_path):
    include = next(installed.rglob("sinter-c")).parent
    (tmp_path / "a.c").write_text('#include <sinter-c/runtime.h>\n')
    shell("gcc", "-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", f"-I{include}", "-c", tmp_path / "a.c", "-o",
          tmp_path / "a.o")
    (tmp_path / "b.cpp").write_text('#include <sinter-c/runtime.hpp>\n'
                                    'int main() { auto plan = sinter::Plan::open("x"); return plan ? 0 : 1; }\n')
    for compiler in ("g++", "clang++-22"):
        shell(compiler, "-std=c++20", "-fno-exceptions", "-fno-rtti", "-Wall", "-Wextra", "-Werror", f"-I{include}", "-c",
              tmp_path / "b.cpp", "-o", tmp_path / "b.o")
