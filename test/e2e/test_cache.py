# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The cache of llm-compile: the same bytes with it and without it, whatever happens to its folder."""
import filecmp
import os
import shutil
import subprocess
import sys
import time

import pytest

from conftest import ONE_LEVEL, ROOT, run, tool


@pytest.fixture(scope="module")
def tiny(new_folder):
    path = new_folder() / "m.gguf"
    subprocess.run([sys.executable, ROOT / "test/support/make_gguf.py", "llama-f32", "-o", path], check=True)
    return path


@pytest.fixture(scope="module")
def plain(tiny):
    """What comes out without a cache."""
    plan = tiny.parent / "plain.plan"
    run("llm-compile", tiny, "-o", plan, "--no-cache", "--quiet", ONE_LEVEL)
    return plan


@pytest.fixture(scope="module")
def after_one(tiny):
    folder = tiny.parent / "filled"
    result = compiled(tiny, tiny.parent / "first.plan", folder)
    assert "layer_0" in result.stderr
    return folder


@pytest.fixture
def filled(after_one, tmp_path):
    """A cache after one compile, the test's own."""
    return shutil.copytree(after_one, tmp_path / "filled")


def compiled(model, plan, folder, *options, target=ONE_LEVEL, **more):
    return run("llm-compile", model, "-o", plan, "--quiet", "--timing", f"--cache-dir={folder}", target, *options, **more)


def same(one, other):
    return filecmp.cmp(one, other, shallow=False)


def entries(folder, kind=""):
    return sorted(path for path in folder.iterdir() if path.name.startswith(kind))


def phases(result):
    """Names of the lines of --timing."""
    return {line.split("MiB")[1].strip() for line in result.stderr.splitlines() if "%)" in line}


def test_a_second_compile_copies(tiny, plain, filled, tmp_path):
    again = compiled(tiny, tmp_path / "again.plan", filled)
    assert same(plain, tmp_path / "again.plan") and not {"packed before", "pack", "layer_0"} & phases(again)
    assert not [path for path in entries(filled) if path.suffix == ".tmp"]


@pytest.mark.parametrize("option", ["--no-golden", "--context=64", "--kv=f32", "--target=x86-64-v3,x86-64-v4"])
def test_another_option_shares_weights_and_reference(tiny, filled, tmp_path, option):
    """Which are neither packed nor digested nor computed again; nor is code that the option does not change."""
    options = {"target": option} if "target" in option else {}
    result = compiled(tiny, tmp_path / "a.plan", filled, *([] if options else [option]), **options)
    assert "packed before" in phases(result) and "pack" not in phases(result)
    if option == "--no-golden":
        assert "link" in phases(result) and "emit" not in phases(result)
    run("llm-compile", tiny, "-o", tmp_path / "b.plan", "--quiet", "--no-cache", *([] if options else [ONE_LEVEL]), option)
    assert same(tmp_path / "a.plan", tmp_path / "b.plan")
    for kind in ("weights", "reference"):
        assert len(entries(filled, kind)) == 1
    assert len(entries(filled, "plan")) == 2


def test_bigrams_are_asked_for_once(tiny, tmp_path):
    """Other drafts of the same model, but not of one that computes otherwise."""
    folder = tmp_path / "cache"
    for number, options in enumerate((["--speculate=ngram"], ["--speculate=copy,ngram,trigram,recycle", "--spec-policy=static:3", "--verify-rule=reject"],
                                      ["--speculate=ngram", "--activations=f32"], ["--speculate=ngram", "--drop-layers=1"])):
        plan, alone = tmp_path / "some.plan", tmp_path / "alone.plan"
        compiled(tiny, plan, folder, *options)
        run("llm-compile", tiny, "-o", alone, "--no-cache", "--quiet", ONE_LEVEL, *options)
        assert same(plan, alone), options
        assert len(entries(folder, "bigrams")) == max(1, number)


def test_packed_weights_know_the_checkpoint_by_its_bytes(tiny, filled, tmp_path):
    shutil.copy(tiny, tmp_path / "other.gguf")
    assert "pack" not in phases(compiled(tmp_path / "other.gguf", tmp_path / "a.plan", filled))
    data = bytearray(tiny.read_bytes())
    data[-4] ^= 1  # of a weight
    (tmp_path / "other.gguf").write_bytes(data)
    assert "pack" in phases(compiled(tmp_path / "other.gguf", tmp_path / "b.plan", filled))
    assert not same(tmp_path / "a.plan", tmp_path / "b.plan")


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


@pytest.mark.parametrize("damage", ["flip", "tail", "cut", "empty"])
def test_damaged_entries_are_made_again(tiny, plain, filled, tmp_path, damage):
    folder = filled
    before = {path: path.read_bytes() for path in entries(folder)}
    for path, data in before.items():
        middle = len(data) // 2
        path.write_bytes({"flip": data[:middle] + bytes([data[middle] ^ 16]) + data[middle + 1:],
                          "tail": data[:-20] + bytes([data[-20] ^ 16]) + data[-19:],
                          "cut": data[:-1], "empty": b""}[damage])
    compiled(tiny, tmp_path / "out.plan", folder)
    assert same(plain, tmp_path / "out.plan")
    # Those that this compile asks for are whole again.
    for kind in ("object", "plan", "weights", "reference"):
        assert entries(folder, kind)
        for path in entries(folder, kind):
            assert path.read_bytes() == before[path]
    assert not {"packed before", "pack"} & phases(compiled(tiny, tmp_path / "again.plan", folder))
    assert same(plain, tmp_path / "again.plan")


def warnings(result):
    return [line for line in result.stderr.splitlines() if "warning:" in line]


def test_an_unusable_folder_is_one_warning(tiny, plain, tmp_path):
    (tmp_path / "file").write_text("no folder")
    result = compiled(tiny, tmp_path / "out.plan", tmp_path / "file" / "cache")
    assert same(plain, tmp_path / "out.plan")
    assert len(warnings(result)) == 1 and "--no-cache" in warnings(result)[0]


def test_a_full_disk_under_the_cache_is_one_warning(tiny, plain, tmp_path):
    """The folder is a file system that has room for some of the entries."""
    folder = tmp_path / "cache"
    folder.mkdir()
    command = [tool("llm-compile"), tiny, "--quiet", ONE_LEVEL, f"--cache-dir={folder}", "-o", tmp_path / "out.plan"]
    result = subprocess.run(["unshare", "--mount", "--map-root-user", "sh", "-c",
                             'mount -t tmpfs -o size=256k none "$0" || exit 77; exec "$@"', folder, *command],
                            capture_output=True, text=True, check=False)
    if result.returncode == 77 or "unshare" in result.stderr:
        pytest.skip("this machine does not allow file systems of one's own")
    assert result.returncode == 0 and same(plain, tmp_path / "out.plan")
    assert len(warnings(result)) == 1 and "No space left" in result.stderr


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
