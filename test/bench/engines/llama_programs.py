# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""llama.cpp's own programs that draft, on the prompts of a workload: llama-lookup (n-grams of the context) and
llama-speculative-simple (a draft model). Built from the sources inside llama-cpp-python's source distribution; both are greedy
here and have their defaults but for the threads.

As a module in the peers' environment it writes a workload's prompts as text: engines.llama_programs MODEL WORKLOAD TOKENS OUT
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile

from workshop import Missing, say

PACKAGE = "llama-cpp-python==0.3.36"
CMAKE = ["-DCMAKE_BUILD_TYPE=Release", "-DGGML_NATIVE=ON", "-DLLAMA_BUILD_TESTS=OFF", "-DLLAMA_BUILD_TOOLS=OFF", "-DLLAMA_BUILD_SERVER=OFF",
         "-DLLAMA_CURL=OFF", "-DLLAMA_OPENSSL=OFF",
         "-DCMAKE_BUILD_RPATH_USE_ORIGIN=ON"]  # built under a name that it does not keep
TARGETS = ["llama-lookup", "llama-speculative-simple"]
DECODED = re.compile(r"decoded +(\d+) tokens in +([\d.]+) seconds")


def folder(workshop):
    """The programs, built once."""
    def build(out):
        workshop.install_llama()
        say("building llama.cpp's programs")
        with tempfile.TemporaryDirectory(dir=workshop.cache) as sources:
            workshop.command("pip download", workshop.python, "-m", "pip", "download", "--disable-pip-version-check", "--no-deps", "--no-binary",
                             ":all:", "-d", sources, PACKAGE)
            workshop.command("tar", "tar", "-xf", *pathlib.Path(sources).glob("*.tar.gz"), "-C", sources)
            source, = pathlib.Path(sources).glob("*/vendor/llama.cpp")
            workshop.command("cmake", "cmake", "-G", "Ninja", "-S", source, "-B", out, *CMAKE)
            workshop.command("ninja", "ninja", "-C", out, *TARGETS)
    return workshop.made(workshop.cache / "llama.cpp", build) / "bin"


def texts(workshop, workload, tokens):
    """The prompts as the model's template writes them; answers that a conversation goes on from are llama.cpp's own."""
    path = workshop.made(workshop.cache / "workloads" / f"{workload.stem}-{tokens}.json",
                         lambda out: workshop.peer(f"writing the prompts of {workload.name}", "engines.llama_programs", workshop.model, workload,
                                                   tokens, out), workload)
    return json.loads(path.read_text(encoding="utf-8"))


def rate(workshop, program, workload, tokens, threads, model, *options):
    """Tokens a second over all prompts of a workload, the prompts themselves not counted."""
    binary, count, seconds = folder(workshop) / program, 0, 0.0
    for text in texts(workshop, workload, tokens):
        command = [binary, "-m", model, "-p", text, "-n", tokens, "-t", threads, "-tb", threads, "-c", 4096, "--temp", 0, *options]
        result = subprocess.run(list(map(str, command)), capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
        found = DECODED.search(result.stdout + result.stderr)
        if result.returncode or not found:
            raise Missing(f"{program} failed with exit code {result.returncode}: {result.stderr[-200:].strip()}")
        count, seconds = count + int(found[1]), seconds + float(found[2])
    return count / seconds


def write_texts(model, workload, tokens, out):
    import llama_cpp
    from llama_cpp.llama_chat_format import Jinja2ChatFormatter
    llama = llama_cpp.Llama(model, n_ctx=4096, verbose=False)
    eos, bos = (llama._model.token_get_text(token) for token in (llama.token_eos(), llama.token_bos()))
    template = Jinja2ChatFormatter(llama.metadata["tokenizer.chat_template"], eos_token=eos, bos_token=bos)

    def prompt_of(line):
        if "messages" not in line:
            return line["text"]
        messages = []
        for message in line["messages"]:
            if message["role"] == "assistant" and "content" not in message:
                text = template(messages=messages).prompt
                message["content"] = llama.create_completion(text, max_tokens=int(tokens), temperature=0)["choices"][0]["text"]
            messages.append(message)
        return template(messages=messages).prompt

    with open(workload, encoding="utf-8") as lines, open(out, "w", encoding="utf-8") as file:
        json.dump([prompt_of(json.loads(line)) for line in lines if line.strip()], file)


if __name__ == "__main__":
    write_texts(*sys.argv[1:])
