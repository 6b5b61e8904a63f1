# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The repository itself: carried data, documents, commands of the README."""
import hashlib
import os
import re
import subprocess

import pytest

from conftest import BUILD, ROOT, tool


def test_carried_data_has_the_digests_it_names():
    table = (ROOT / "test/oracles/README.md").read_text()
    rows = re.findall(r"^\| `([^`]+)` \|.*\| `([0-9a-f]{64})` \|$", table, re.M)
    assert len(rows) >= 2
    for name, digest in rows:
        assert hashlib.sha256((ROOT / "test/oracles" / name).read_bytes()).hexdigest() == digest, name


def documents():
    return sorted([ROOT / "README.md", ROOT / "SECURITY.md", *(ROOT / "docs").glob("*.md")])


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.name)
def test_links_and_named_files_exist(path):
    text = path.read_text()
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert (path.parent / target).exists(), f"{path.name}: link to {target}"
    # `lib/Import/Gguf.cpp` and `test/e2e/` are places in the tree.
    for target in re.findall(r"`((?:dialects|lib|runtime|tools|test|docs|include)/[\w./-]+)`", text):
        assert (ROOT / target).exists(), f"{path.name}: `{target}` does not exist"


def shell_commands():
    """Commands of the README's `sh` blocks, but for ./dev itself, which is what runs this test."""
    text = (ROOT / "README.md").read_text()
    lines = "\n".join(re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S)).splitlines()
    return [line for line in lines if line.strip() and not line.startswith(("#", "./dev", "git clone", "cd "))]


def test_readme_commands_run(model, tmp_path):
    commands = shell_commands()
    assert any("llm-compile" in command for command in commands)
    os.symlink(model, tmp_path / "model.gguf")
    environment = {**os.environ, "PATH": f"{BUILD / 'bin'}:{os.environ['PATH']}"}
    for command in commands:
        result = subprocess.run(["bash", "-c", command], cwd=tmp_path, env=environment, capture_output=True, text=True,
                                timeout=300, stdin=subprocess.DEVNULL)
        assert result.returncode == 0, f"{command}\n{result.stdout}\n{result.stderr}"


def test_every_public_tool_is_in_the_readme():
    text = (ROOT / "README.md").read_text()
    for path in (BUILD / "bin").glob("llm-*"):
        if os.access(path, os.X_OK) and path.is_file():
            assert path.name in text, path.name


def test_dev_lists_its_commands():
    out = subprocess.run([ROOT / "dev", "--help"], capture_output=True, text=True, check=True).stdout
    for command in ("demo", "build", "test", "bench", "conformance", "fuzz", "format", "lint", "docs"):
        assert re.search(rf"^  {command}\b", out, re.M), command
    wrong = subprocess.run([ROOT / "dev", "no-such-command"], capture_output=True, text=True, check=False)
    assert wrong.returncode == 2 and "no-such-command" in wrong.stderr


def test_generated_reference_is_up_to_date(tmp_path):
    script = ROOT / "tools/dev/reference.sh"
    subprocess.run(["bash", str(script), "/usr/lib/llvm-22/bin/mlir-tblgen", str(tmp_path)], cwd=ROOT, check=True,
                   capture_output=True)
    written = {path.name: path.read_text() for path in tmp_path.glob("*.md")}
    kept = {path.name: path.read_text() for path in (ROOT / "docs/reference").glob("*.md")}
    assert written == kept, "run ./dev docs"


def test_lint_tests():
    result = subprocess.run([os.sys.executable, "-m", "pytest", "-q", str(ROOT / "tools/lint/test_lint.py")],
                            capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


def test_summary_counts_what_did_not_run(tmp_path):
    """The last line of ./dev test must not be able to hide a stage."""
    (tmp_path / "lit.xml").write_text('<testsuites><testsuite><testcase classname="a" name="b"/>'
                                      '<testcase name="c"><failure/></testcase>'
                                      '<testcase name="d"><skipped/></testcase></testsuite></testsuites>')
    script = ROOT / "tools/dev/summary.py"
    result = subprocess.run([os.sys.executable, script, tmp_path, "lit", "unit"], capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert result.stdout.splitlines()[-1] == "1 passed, 2 failed"
    (tmp_path / "lit.xml").write_text('<testsuite><testcase name="b" status="run"/></testsuite>')
    result = subprocess.run([os.sys.executable, script, tmp_path, "lit"], capture_output=True, text=True, check=False)
    assert result.returncode == 0 and result.stdout.splitlines()[-1] == "1 passed, 0 failed"


def test_tools_print_a_version():
    out = subprocess.run([tool("llm-run"), "--version"], capture_output=True, text=True, check=True).stdout
    assert re.search(r"\d+\.\d+\.\d+", out)


def test_readme_program_compiles_and_runs(fast, tmp_path):
    source = re.search(r"^```cpp\n(.*?)^```", (ROOT / "README.md").read_text(), re.M | re.S)[1]
    (tmp_path / "app.cpp").write_text(source)
    library = BUILD / "lib"
    subprocess.run(["g++", "-std=c++20", "-Wall", "-Werror", f"-I{ROOT / 'include'}", str(tmp_path / "app.cpp"), "-o",
                    str(tmp_path / "app"), f"-L{library}", f"-Wl,-rpath,{library}", "-lsinter_runtime"], check=True)
    result = subprocess.run([tmp_path / "app", fast], capture_output=True, text=True, check=True, timeout=120)
    assert len(result.stdout) > 10, result
