# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Which folder may include which: the arrows of docs/architecture.md.

    tools -> lib/Pipelines -> lib/{Import,Transforms,Conversion,Target}
          -> lib/{Analysis,Interpret} -> dialects
    lib/Target -> lib/Conversion (it runs the last lowerings); lib/Target -> runtime/schema;  runtime -> itself and sinter-c/runtime.h
    llm-run, llm-bench, llm-eval, docs/examples -> sinter-c and their own folder
"""
import re

INCLUDE = re.compile(r'^\s*#\s*include\s+["<]([^">]+)[">]', re.M)
SCHEMA = "runtime/schema/"
PUBLIC = "include/sinter-c/"

# The longest prefix of the including file decides; the values are what it may
# include of ours, besides its own folder.
ARROWS = {
    "runtime/": ["runtime/", PUBLIC],
    "include/sinter-c/": [PUBLIC],
    "include/sinter/": ["include/", "dialects/"],
    "dialects/": ["dialects/"],
    "lib/Analysis/": ["lib/Analysis/", "dialects/"],
    "lib/Interpret/": ["lib/Interpret/", "dialects/"],
    "lib/Import/": ["lib/Import/", "lib/Analysis/", "lib/Interpret/", "dialects/", "include/sinter/", SCHEMA],
    # The kinds of template nodes are a contract like the schema that carries them.
    "lib/Import/Text/": ["lib/Import/", "dialects/", SCHEMA, "runtime/text/TemplateNodes.h"],
    "lib/Transforms/": ["lib/Transforms/", "lib/Analysis/", "lib/Interpret/", "dialects/"],
    # Trained probes and stores of texts are read from a file; its reader stands on LLVM's Support alone.
    "lib/Transforms/Exit/": ["lib/Transforms/", "lib/Analysis/", "dialects/", "lib/Import/Safetensors/"],
    "lib/Transforms/Skip/": ["lib/Transforms/", "lib/Analysis/", "dialects/", "lib/Import/Safetensors/"],
    "lib/Conversion/": ["lib/Conversion/", "lib/Analysis/", "lib/Interpret/", "dialects/", SCHEMA],
    "lib/Target/": ["lib/Target/", "lib/Conversion/", "lib/Analysis/", "lib/Interpret/", "dialects/", SCHEMA],
    "lib/Pipelines/": ["lib/", "dialects/", "include/sinter/", SCHEMA, PUBLIC],
    "tools/": ["tools/", "lib/", "dialects/", "include/", SCHEMA],
    "tools/llm-run/": [PUBLIC, "tools/common/"],
    "tools/llm-bench/": [PUBLIC, "tools/common/"],
    "tools/llm-eval/": [PUBLIC, "tools/common/"],
    "tools/common/": [PUBLIC, "tools/common/"],
}
LLVM = ("llvm/", "mlir/", "clang/", "lld/", "llvm-c/", "mlir-c/")
NO_LLVM = ("runtime/", "include/sinter-c/", "tools/llm-run/", "tools/llm-bench/", "tools/llm-eval/",
           "tools/common/", "test/runtime/")
OURS = ("runtime/", "dialects/", "lib/", "tools/", "include/", "test/")


def resolve(header):
    """The path from the root of an include of ours, or None for others'."""
    if header.startswith(("sinter-c/", "sinter/")):
        return "include/" + header
    return header if header.startswith(OURS) else None


def violations(path, text):
    rule = max((prefix for prefix in ARROWS if path.startswith(prefix)), key=len, default=None)
    for header in INCLUDE.findall(text):
        if header.startswith(LLVM) and path.startswith(NO_LLVM):
            yield f"{path}: includes {header}, but must build without LLVM"
        target = resolve(header)
        if target is None or rule is None:
            continue
        if target.startswith("test/"):
            yield f"{path}: includes {header} from the tests"
        elif not target.startswith((path.rsplit("/", 1)[0] + "/", *ARROWS[rule])):
            yield f"{path}: includes {header}; {rule} may include {', '.join(ARROWS[rule])} only"
