# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The cache of llm-compile: the same bytes with it and without it, whatever happens to its folder."""
import filecmp
import os
import resource
import shutil
import subprocess
import sys
import time

import pytest

from conftest import ONE_LEVEL, ROOT, run, tool


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "m.gguf"
    subprocess.run([sys.executable, ROOT / "test/support/make_gguf.py", "llama-f32", "-o", path], check=True)
    return path


@pytest.fixture(scope="module")
def plain(tiny):
    """What comes out without a cache."""
    plan = tiny.parent / "plain.plan"
    run("llm-compile", tiny, "-o", plan, "--no-cache", "--quiet", ONE_LEVEL)
    return plan


@pytest.fixture(scope="module")
def filled(tiny, plain):
    """A cache after one compile."""
    folder = tiny.parent / "filled"
    result = compiled(tiny, tiny.parent / "first.plan", folder)
    assert "layer_0" in result.stderr
    return folder


def compiled(model, plan, folder, *options, target=ONE_LEVEL, **more):
    return run("llm-compile", model, "-o", plan, "--quiet", "--timing", f"--cache-dir={folder}", target, *options, **more)


def same(one, other):
    return filecmp.cmp(one, other, shallow=False)


def entries(folder, kind=""):
    return sorted(path for path in folder.iterdir() if path.name.startswith(kind))


def test_a_second_compile_copies(tiny, plain, filled, tmp_path):
    again = compiled(tiny, tmp_path / "again.plan", filled)
    assert same(plain, tmp_path / "again.plan") and "pack" not in again.stderr and "layer_0" not in again.stderr
    assert not [path for path in entries(filled) if path.suffix == ".tmp"]


def test_another_option_shares_the_code(tiny, filled, tmp_path):
    result = compiled(tiny, tmp_path / "a.plan", filled, "--no-golden")
    run("llm-compile", tiny, "-o", tmp_path / "b.plan", "--no-golden", "--no-cache", "--quiet", ONE_LEVEL)
    assert same(tmp_path / "a.plan", tmp_path / "b.plan")
    assert "pack" in result.stderr and "link" in result.stderr and "emit" not in result.stderr


@pytest.mark.parametrize("option", ["--target=x86-64-v3,x86-64-v4", "--context=64", "--activations=f32", "--no-chat-template"])
def test_every_option_that_changes_the_plan_is_part_of_the_key(tiny, plain, filled, tmp_path, option):
    if option.startswith("--target"):
        compiled(tiny, tmp_path / "a.plan", filled, target=option)
    else:
        compiled(tiny, tmp_path / "a.plan", filled, option)
    assert not same(plain, tmp_path / "a.plan")


def test_another_name_is_another_plan(tiny, plain, filled, tmp_path):
    """The name of the checkpoint stands in the plan."""
    shutil.copy(tiny, tmp_path / "other.gguf")
    compiled(tmp_path / "other.gguf", tmp_path / "a.plan", filled)
    assert b"other.gguf" in (tmp_path / "a.plan").read_bytes()


def test_a_changed_model_with_its_old_size_and_time_is_compiled_again(tiny, plain, tmp_path):
    model, folder = tmp_path / "m.gguf", tmp_path / "cache"
    shutil.copy(tiny, model)
    before = os.stat(model)
    compiled(model, tmp_path / "a.plan", folder)
    data = bytearray(model.read_bytes())
    data[-4] ^= 1  # of a weight
    model.write_bytes(data)
    os.utime(model, ns=(before.st_atime_ns, before.st_mtime_ns))
    compiled(model, tmp_path / "b.plan", folder)
    assert same(plain, tmp_path / "a.plan") and not same(plain, tmp_path / "b.plan")


@pytest.mark.parametrize("damage", ["flip", "cut", "empty"])
def test_damaged_entries_are_made_again(tiny, plain, filled, tmp_path, damage):
    folder = tmp_path / "cache"
    shutil.copytree(filled, folder)
    before = {path: path.read_bytes() for path in entries(folder)}
    for path, data in before.items():
        middle = len(data) // 2
        path.write_bytes({"flip": data[:middle] + bytes([data[middle] ^ 16]) + data[middle + 1:],
                          "cut": data[:-1], "empty": b""}[damage])
    compiled(tiny, tmp_path / "out.plan", folder)
    assert same(plain, tmp_path / "out.plan")
    # Those that this compile asks for are whole again.
    for path in entries(folder, "object") + entries(folder, "plan"):
        assert path.read_bytes() in (before[path], b"" if damage == "empty" else path.read_bytes())
    assert "pack" not in compiled(tiny, tmp_path / "again.plan", folder).stderr
    assert same(plain, tmp_path / "again.plan")


def warnings(result):
    return [line for line in result.stderr.splitlines() if "warning:" in line]


def test_an_unusable_folder_is_one_warning(tiny, plain, tmp_path):
    (tmp_path / "file").write_text("no folder")
    result = compiled(tiny, tmp_path / "out.plan", tmp_path / "file" / "cache")
    assert same(plain, tmp_path / "out.plan")
    assert len(warnings(result)) == 1 and "--no-cache" in warnings(result)[0]


def test_a_full_disk_under_the_cache_is_one_warning(tiny, plain, tmp_path):
    """An entry is a little longer than the plan, so that there is a limit which stops the entry alone."""
    size = os.path.getsize(plain)

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    folder = tmp_path / "cache"
    result = compiled(tiny, tmp_path / "out.plan", folder, preexec_fn=limit)
    assert same(plain, tmp_path / "out.plan") and len(warnings(result)) == 1
    assert not entries(folder, "plan") and entries(folder, "object")


def test_compiles_at_once_share_a_folder(tiny, plain, tmp_path):
    outputs = [tmp_path / f"{i}.plan" for i in range(4)]
    command = [tool("llm-compile"), tiny, "--quiet", ONE_LEVEL, f"--cache-dir={tmp_path / 'cache'}", "-o"]
    processes = [subprocess.Popen([*command, output], stderr=subprocess.PIPE) for output in outputs]
    for process, output in zip(processes, outputs):
        assert process.communicate(timeout=300)[1] == b"" and process.returncode == 0
        assert same(plain, output)
    assert {path.suffix for path in entries(tmp_path / "cache")} == {""}


def test_a_killed_compile_leaves_a_usable_folder(tiny, plain, tmp_path):
    folder = tmp_path / "cache"
    command = [tool("llm-compile"), tiny, "--quiet", ONE_LEVEL, f"--cache-dir={folder}", "-o", tmp_path / "out.plan"]
    process = subprocess.Popen(command)
    while process.poll() is None and not (folder.exists() and entries(folder, "object")):
        time.sleep(0.005)
    process.kill()
    process.wait()
    compiled(tiny, tmp_path / "out.plan", folder)
    assert same(plain, tmp_path / "out.plan")


def test_the_limit_drops_what_was_not_used_for_the_longest_time(tiny, tmp_path):
    folder = tmp_path / "cache"
    folder.mkdir()
    for age, name in enumerate(["plan-newer", "plan-older"]):
        (folder / name).write_bytes(bytes(1020 << 10))
        os.utime(folder / name, (1000 - age, 1000 - age))
    (folder / "object-x.abcd.tmp").write_bytes(b"left by a killed process")
    os.utime(folder / "object-x.abcd.tmp", (1000, 1000))
    compiled(tiny, tmp_path / "out.plan", folder, "--cache-limit=2")
    names = {path.name for path in entries(folder)}
    assert sum(path.stat().st_size for path in entries(folder)) <= 2 << 20
    assert "plan-older" not in names and "object-x.abcd.tmp" not in names and entries(folder, "object")


def test_no_cache_writes_none(tiny, tmp_path):
    environment = {"XDG_CACHE_HOME": str(tmp_path / "home")}
    run("llm-compile", tiny, "-o", tmp_path / "a.plan", "--no-cache", "--quiet", ONE_LEVEL, env=environment)
    assert not (tmp_path / "home").exists()
    run("llm-compile", tiny, "-o", tmp_path / "a.plan", "--quiet", ONE_LEVEL, env=environment)
    assert entries(tmp_path / "home" / "sinter", "plan")
