#!/usr/bin/env bash
# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# reference.sh MLIR_TBLGEN OUT: one page per dialect and per pass file, generated
# from the .td files, so that the reference cannot disagree with the code.
set -euo pipefail
tblgen=$1
out=$2
mkdir -p "$out"
include=(-I /usr/lib/llvm-22/include -I . -I include)

# Dialects: the file that holds a dialect's ops names it in `let name = "..."`.
for td in dialects/*/*Ops.td dialects/Encoding/*Attrs.td dialects/Encoding/Encoding.td; do
  [ -f "$td" ] || continue
  folder=$(basename "$(dirname "$td")")
  page=$out/$(printf '%s' "$folder" | tr '[:upper:]' '[:lower:]').md
  "$tblgen" -gen-dialect-doc -dialect="$(basename "${page%.md}")" "${include[@]}" "$td" -o "$page"
done

# Passes: lib/Transforms/Passes.td becomes passes-transforms.md.
find lib -name 'Passes.td' -o -name '*Passes.td' -path 'lib/*' | sort -u | while read -r td; do
  name=$(dirname "${td#lib/}" | tr '/[:upper:]' '-[:lower:]')
  "$tblgen" -gen-pass-doc "${include[@]}" "$td" -o "$out/passes-$name.md"
done
ls "$out"
