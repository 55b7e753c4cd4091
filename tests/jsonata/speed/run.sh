#!/bin/sh
# Prints the speed table of JSONata: tests/jsonata/speed/run.sh. Needs node and npm, and crates beyond those of gradus.
# ONLY=sort, MODE=text, PEERS='gradus core', ROUNDS=3 narrow it down.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
export JSONATA_REFERENCE=${JSONATA_REFERENCE:-${TMPDIR:-/tmp}/gradus-jsonata-reference}
if [ ! -d "$JSONATA_REFERENCE/node_modules/jsonata" ]; then
    mkdir -p "$JSONATA_REFERENCE"
    (cd "$JSONATA_REFERENCE" && npm init -y >/dev/null && npm install --silent jsonata@2.0.6)
fi
cd "$here"
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$here/../../../target}
exec cargo run --quiet --release
