#!/usr/bin/env bash
# Fuzzes the parts that read what strangers write, guided by coverage:
#
#   tests/fuzz/run.sh [SECONDS [TARGET...]]     60 seconds for all targets together, or for those that are named
#
# What is found is left in target/fuzz/findings/; `run.sh 0 TARGET FILE` runs such a file again. What was tried and
# is worth keeping stays in target/fuzz/inputs/, so that a later run goes on from there.
# Needs cargo, and a C++ compiler for libFuzzer; the stable Rust compiler will do.
set -euo pipefail
[ "${1:-}" != 0 ] || set -- 0 "$2" "$(realpath "$3")"
cd "$(dirname "${BASH_SOURCE[0]}")"

targets=(json definition machine rows path template intrinsic jsonata_parse jsonata)
seconds=${1:-60}
[ $# -eq 0 ] || shift

work=${CARGO_TARGET_DIR:-$PWD/../../target}/fuzz
export CARGO_TARGET_DIR=$work/build
host=$(rustc -vV | sed -n 's/^host: //p')
# What `-C instrument` is to clang's -fsanitize=fuzzer. With overflow checks and debug assertions, and with a
# target named, so that build scripts stay as they are.
export RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares -Cdebug-assertions -Coverflow-checks"

fuzz() {
  local target=$1
  shift
  "$CARGO_TARGET_DIR/$host/release/$target" -rss_limit_mb=2048 -timeout=20 -dict="dictionaries/$target.dict" \
    -artifact_prefix="$work/findings/$target-" "$@"
}

# As small as the stacks of the threads that do the same in the server.
ulimit -s 2048
export RUST_BACKTRACE=${RUST_BACKTRACE:-0}
cargo build --quiet --locked --release --target "$host"
mkdir -p "$work/findings"

if [ "$seconds" = 0 ]; then
  target=$1
  shift
  fuzz "$target" "$@"
  exit
fi

[ $# -eq 0 ] || targets=("$@")
rm -rf "$work/seeds"
GRADUS_FUZZ_SEEDS=$work/seeds "$CARGO_TARGET_DIR/$host/release/${targets[0]}" >&2
each=$(((seconds + ${#targets[@]} - 1) / ${#targets[@]}))
found=0
for target in "${targets[@]}"; do
  mkdir -p "$work/inputs/$target"
  log=$work/$target.log
  if fuzz "$target" -max_total_time="$each" -max_len=4096 -print_final_stats=1 "$work/inputs/$target" "$work/seeds/$target" \
    >"$log" 2>&1; then
    coverage=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    printf '%-14s %5s s %12s runs %7s points covered: nothing found\n' "$target" "$each" "$runs" "$coverage"
  else
    found=1
    printf '%-14s found something:\n' "$target"
    grep -v '^#' "$log" | tail -n 30
  fi
done
exit "$found"
