# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Where the benchmark keeps what takes long to make: the peers' packages, converted checkpoints, plans.

Everything lies under one cache folder, is made once, and is made anew when what it came from is newer.
"""
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ORACLES = HERE.parent / "oracles"
# "1b-q4_0" is a checkpoint of that shape with random weights (random_gguf.py).
SHAPES = {"1b": "llama-3.2-1b", "7b": "llama-2-7b"}
# llama_model_quantize's names of file types.
QUANTIZED = {"q4_0": "MOSTLY_Q4_0", "q8_0": "MOSTLY_Q8_0", "q4_k_m": "MOSTLY_Q4_K_M", "f32": "ALL_F32", "bf16": "MOSTLY_BF16"}


class Missing(Exception):
    """A peer or a checkpoint that cannot be had here; the message says why. The table names it and goes on."""


def say(message):
    print(f"   {message}", file=sys.stderr, flush=True)


class Workshop:
    def __init__(self, cache, model, all_peers=False):
        self.cache, self.model = pathlib.Path(cache).resolve(), pathlib.Path(model).resolve()
        self.venv = self.cache / "peers"
        self.log = self.cache / "peers.log"
        self.all_peers = all_peers  # the ones that cost gigabytes too
        self.failed = {}
        self.cache.mkdir(parents=True, exist_ok=True)

    @property
    def python(self):
        return self.venv / "bin" / "python"

    def command(self, what, *command):
        """Runs a step that takes long; its output goes to the log."""
        with open(self.log, "a", encoding="utf-8") as log:
            log.write(f"\n$ {' '.join(map(str, command))}\n")
            log.flush()
            result = subprocess.run([str(word) for word in command], cwd=HERE, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                    check=False)
        if result.returncode:
            raise Missing(f"{what} failed with exit code {result.returncode}, see {self.log}")

    def install(self, name, imports, *requirements):
        """Packages of a peer, into the peers' own environment; each element of `requirements` is a pip command line."""
        if name in self.failed:
            raise Missing(self.failed[name])
        try:
            if not self.python.exists():
                self.command("python3 -m venv", "python3", "-m", "venv", self.venv)
            if self.can_import(imports):
                return
            say(f"installing {name}")
            for requirement in requirements:
                self.command(f"pip install {requirement[-1]}", self.python, "-m", "pip", "install", "--disable-pip-version-check",
                             *requirement)
            if not self.can_import(imports):
                raise Missing(f"{imports} is installed but cannot be imported")
        except Missing as reason:
            self.failed[name] = str(reason)
            raise

    def can_import(self, imports):
        return subprocess.run([str(self.python), "-c", f"import {imports}"], capture_output=True, check=False).returncode == 0

    def peer(self, what, module, *arguments):
        """Runs a module of test/bench in the peers' environment."""
        say(what)
        self.command(what, self.python, "-m", module, *arguments)

    def made(self, path, make, *sources):
        """`path`, made by make(unfinished path) unless it is there and newer than all it comes from."""
        path = pathlib.Path(path)
        if path.exists() and all(path.stat().st_mtime >= pathlib.Path(source).stat().st_mtime for source in sources):
            return path
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f".{os.getpid()}-{path.name}")
        try:
            make(unfinished)
            remove(path)
            os.replace(unfinished, path)
            os.utime(path)
        finally:
            remove(unfinished)
        return path

    def gguf(self, name):
        """The model in another encoding, every value rounded from what the model's own blocks decode to; or a large model."""
        if name == "q4_1":
            return self.model
        shape, _, kind = name.partition("-")
        if shape in SHAPES:
            return self.made(self.cache / "models" / f"{name}.gguf", lambda out: self.random(SHAPES[shape], kind, out))
        if name not in QUANTIZED:
            raise Missing(f"no recipe for a checkpoint named {name}")
        self.install_llama()
        return self.made(self.cache / "models" / f"{self.model.stem}.{name}.gguf",
                         lambda out: self.peer(f"making {name}", "engines.llama_cpp", "quantize", self.model, out, QUANTIZED[name]),
                         self.model)

    def random(self, shape, kind, out):
        say(f"writing a checkpoint of {shape}'s shape with random weights")
        self.command("random_gguf.py", sys.executable, HERE / "random_gguf.py", shape, "--type", kind.upper(), "-o", out)

    def install_llama(self):
        import engines.llama_cpp
        engines.llama_cpp.install(self)

    def folder(self):
        """The model as a Hugging Face folder in f32."""
        return self.made(self.cache / "models" / f"{self.model.stem}-hf",
                         lambda out: self.command("gguf_to_hf.py", sys.executable, ORACLES / "gguf_to_hf.py", self.model, out), self.model)


def remove(path):
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
