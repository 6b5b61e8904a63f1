# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# The stages of `./dev test`.  Each leaves JUnit reports in build/results; a
# stage that leaves none counts as a failure (tools/dev/summary.py).

RUNTIME_BUILD=$BUILD/runtime-only
FUZZ_BUILD=$BUILD/fuzz
THREADS_BUILD=$BUILD/threads

stage_lint() { logged lint python3 tools/lint/lint.py all --junit "$BUILD/results/lint.xml"; }

stage_lit() {
  logged lit "$LLVM/lit" -j "$JOBS" -v --time-tests --xunit-xml-output "$BUILD/results/lit.xml" "$BUILD/test"
}

# GoogleTests of the whole tree, built by clang with the compiler beside them.
stage_unit() {
  logged unit ctest --test-dir "$BUILD" -j "$JOBS" --output-on-failure --timeout 300 \
    --output-junit "$BUILD/results/unit.xml"
}

# The runtime alone: g++, and a configure step that cannot see LLVM.
stage_runtime() {
  build_runtime_alone &&
    logged runtime ctest --test-dir "$RUNTIME_BUILD" -j "$JOBS" --output-on-failure --timeout 300 \
      --output-junit "$BUILD/results/runtime.xml"
}

build_runtime_alone() {
  configure "$RUNTIME_BUILD" runtime -DCMAKE_C_COMPILER=gcc -DCMAKE_CXX_COMPILER=g++ \
    -DCMAKE_BUILD_TYPE=Release -DSINTER_BUILD_TESTS=ON -DCMAKE_IGNORE_PREFIX_PATH=/usr/lib/llvm-22 &&
    build_tree "$RUNTIME_BUILD" all
}

# What of the runtime has threads, under ThreadSanitizer.
stage_threads() {
  configure "$THREADS_BUILD" runtime -DCMAKE_C_COMPILER=clang-22 -DCMAKE_CXX_COMPILER=clang++-22 \
    -DCMAKE_BUILD_TYPE=RelWithDebInfo -DSINTER_SANITIZE_THREAD=ON -DSINTER_BUILD_TESTS=ON &&
    build_tree "$THREADS_BUILD" sinter-runtime-tests &&
    logged threads ctest --test-dir "$THREADS_BUILD" -R '^(WorkerPool|Concurrency|Generate|Pool|Profile|Memory)[.]' \
      -j "$JOBS" --output-on-failure --timeout 300 --output-junit "$BUILD/results/threads.xml"
}

stage_e2e() {
  build_runtime_alone && logged e2e env SINTER_BUILD_DIR="$BUILD" SINTER_MODEL="$(model_path)" \
    "$VENV/bin/python" -m pytest -n "$JOBS" --dist worksteal -q -rs -m "not long" --durations=15 \
    --junitxml "$BUILD/results/e2e.xml" test/e2e
}

stage_fuzz() { build_fuzz && run_fuzzers "${SINTER_FUZZ_SECONDS:-4}"; }

# test/fuzz is a project of its own: other sanitizers, no compiler.
build_fuzz() {
  configure "$FUZZ_BUILD" test/fuzz -DCMAKE_C_COMPILER=clang-22 -DCMAKE_CXX_COMPILER=clang++-22 \
    -DCMAKE_BUILD_TYPE=RelWithDebInfo &&
    build_tree "$FUZZ_BUILD" all
}

# run_fuzzers SECONDS [NAME]: starts from the corpus in the tree, keeps what it finds in the build.
run_fuzzers() {
  local seconds=$1 only=${2:-} binary name failed=0 start log
  mkdir -p "$FUZZ_BUILD/found"
  for binary in "$FUZZ_BUILD"/bin/*Fuzz; do
    [ -x "$binary" ] || die "no fuzz target was built in $FUZZ_BUILD/bin"
    name=$(basename "$binary")
    [ -z "$only" ] || [ "$only" = "$name" ] || continue
    local corpus=$FUZZ_BUILD/corpus/$name arguments=()
    mkdir -p "$corpus" "test/fuzz/corpus/$name"
    [ -f "test/fuzz/$name.dict" ] && arguments+=("-dict=test/fuzz/$name.dict")
    start=$SECONDS log=$LOGS/fuzz-$name.log
    if logged "fuzz-$name" "$binary" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
      -print_final_stats=1 -artifact_prefix="$FUZZ_BUILD/found/$name-" "${arguments[@]}" \
      "$corpus" "test/fuzz/corpus/$name"; then
      junit_case fuzz "$name" $((SECONDS - start)) "" "$log"
    else
      junit_case fuzz "$name" $((SECONDS - start)) "failed, see $log" "$log"
      failed=1
    fi
  done
  return "$failed"
}

# junit_case SUITE NAME SECONDS FAILURE LOG
junit_case() {
  local count=0 failure=
  [ -n "$4" ] && count=1 failure="<failure message=\"$4\"/>"
  printf '<testsuite name="%s" tests="1" failures="%d"><testcase classname="%s" name="%s" time="%d">%s</testcase></testsuite>\n' \
    "$1" "$count" "$1" "$2" "$3" "$failure" >"$BUILD/results/$1-$2.xml"
}

run_tidy() {
  logged tidy run-clang-tidy-22 -quiet -p "$BUILD" -j "$JOBS" \
    '^'"$ROOT"'/(dialects|lib|runtime|tools)/.*\.cpp$'
}
