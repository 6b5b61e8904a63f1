#!/usr/bin/env bash
# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# reference.sh MLIR_TBLGEN OUT: one page per dialect and per folder of passes,
# generated from the .td files, so that the reference cannot disagree with the
# code.  Pages of what no longer exists go.
set -euo pipefail
tblgen=$1
out=$2
include=(-I /usr/lib/llvm-22/include -I . -I include)
mkdir -p "$out"
rm -f "$out"/*.md

# A dialect's ops are in NameOps.td; one of attributes only has NameAttrs.td.
for folder in dialects/*/; do
  name=$(basename "$folder")
  td=$folder${name}Ops.td
  [ -f "$td" ] || td=$folder${name}Attrs.td
  [ -f "$td" ] || continue
  lower=$(printf '%s' "$name" | tr '[:upper:]' '[:lower:]')
  "$tblgen" -gen-dialect-doc -dialect="$lower" "${include[@]}" "$td" -o "$out/$lower.md"
done

# lib/Conversion/LlmToTile/Passes.td becomes passes-conversion-llmtotile.md.
find lib -name '*Passes.td' | LC_ALL=C sort | while read -r td; do
  name=$(dirname "${td#lib/}" | tr '/[:upper:]' '-[:lower:]')
  "$tblgen" -gen-pass-doc "${include[@]}" "$td" >>"$out/passes-$name.md"
done

{
  echo '# Reference'
  echo
  echo 'Generated from the `.td` files by `./dev docs`; a test fails when it is out of date.'
  echo
  (cd "$out" && for page in *.md; do echo "- [${page%.md}]($page)"; done)
} >"$out.index"
mv "$out.index" "$out/README.md"
