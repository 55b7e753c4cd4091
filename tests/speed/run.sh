#!/usr/bin/env bash
# Builds with optimisation and prints the table. Arguments go to gradus-speed, for example
# --seconds 10, or --folder FOLDER for the data on another disk than that of the build.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
cargo build --quiet --release --package gradus --package gradus-tests
exec "${CARGO_TARGET_DIR:-target}/release/gradus-speed" "$@"
