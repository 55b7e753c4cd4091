#!/bin/sh
# Compares gradus's JSONata with the reference, npm jsonata@2.0.6: tests/jsonata/compare.sh [SEED [COUNT [SHOW]]]
# Needs node and npm; the reference is kept in a folder for temporary files, never in the repository.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
folder=${JSONATA_REFERENCE:-${TMPDIR:-/tmp}/gradus-jsonata-reference}
if [ ! -d "$folder/node_modules/jsonata" ]; then
    mkdir -p "$folder"
    (cd "$folder" && npm init -y >/dev/null && npm install --silent jsonata@2.0.6)
fi
cd "$here/../.."
target=${CARGO_TARGET_DIR:-$PWD/target}
cargo build --quiet -p gradus-core --example jsonata_lines
cd "$folder"
exec node "$here/compare.mjs" "$target/debug/examples/jsonata_lines" "${1:-1}" "${2:-20000}" "${3:-20}"
