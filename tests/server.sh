# For scripts, to be read with `.`: the server under test, and what it takes to talk to it.
#
#   gradus_start ARGUMENT...   starts `gradus serve` on a free port; sets GRADUS_ENDPOINT
#   gradus_stop                ends it with SIGTERM; fails if it does not end well
#   python_with MODULE...      sets PYTHON to an interpreter that can import them
#   free_port                  prints a port that was free a moment ago
#   $gradus_scratch            a folder that is gone when the script is, like the server
#
# The program is $GRADUS, else the debug build, made up to date first.

gradus_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
gradus_target=${CARGO_TARGET_DIR:-$gradus_root/target}
gradus_scratch=$(mktemp -d)
gradus_pid=

gradus_clean_up() {
  [ -z "$gradus_pid" ] || kill "$gradus_pid" 2>/dev/null || true
  rm -rf "$gradus_scratch"
}
trap gradus_clean_up EXIT

gradus_start() {
  local program=${GRADUS:-$gradus_target/debug/gradus} out=$gradus_scratch/stdout err=$gradus_scratch/stderr
  [ -n "${GRADUS:-}" ] || (cd "$gradus_root" && cargo build --quiet --package gradus)
  "$program" serve --listen 127.0.0.1:0 "$@" >"$out" 2>"$err" &
  gradus_pid=$!
  local deadline=$((SECONDS + 30))
  GRADUS_ENDPOINT=
  while [ -z "$GRADUS_ENDPOINT" ]; do
    if ! kill -0 "$gradus_pid" 2>/dev/null || [ "$SECONDS" -gt "$deadline" ]; then
      cat "$err" >&2
      return 1
    fi
    sleep 0.02
    GRADUS_ENDPOINT=$(sed -n 's/^gradus listens on //p' "$out")
  done
}

gradus_stop() {
  local pid=$gradus_pid
  gradus_pid=
  kill -TERM "$pid"
  wait "$pid"
}

python_with() {
  local module missing= venv=$gradus_target/test-venv
  PYTHON=python3
  for module in "$@"; do
    python3 -c "import $module" 2>/dev/null || missing=yes
  done
  [ -n "$missing" ] || return 0
  [ -x "$venv/bin/python" ] || python3 -m venv "$venv"
  PYTHON=$venv/bin/python
  for module in "$@"; do
    "$PYTHON" -c "import $module" 2>/dev/null || "$venv/bin/pip" install --quiet --disable-pip-version-check "$module"
  done
  PATH=$venv/bin:$PATH
}

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}
