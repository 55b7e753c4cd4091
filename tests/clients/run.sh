#!/usr/bin/env bash
# Drives a server of its own with the clients that people use: boto3, the aws command line, the AWS SDKs for
# JavaScript, version 2 and 3, and the crate aws-sdk-sfn. `run.sh boto3 rust` runs those two alone.
#
# They are installed below the target folder, once. All run at the same time, because each waits nearly a minute
# for a poll in vain.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../server.sh"

boto3() {
  PYTHONDONTWRITEBYTECODE=1 "$PYTHON" "$here/boto3_test.py"
}

cli() {
  PYTHONDONTWRITEBYTECODE=1 "$PYTHON" "$here/cli_test.py"
}

javascript() {
  (cd "$gradus_target/test-node/javascript" && node --test "$1.test.mjs")
}

rust() {
  CARGO_TARGET_DIR=$gradus_target/test-rust cargo test --quiet --locked --manifest-path "$here/rust/Cargo.toml"
}

install_javascript() {
  local folder=$gradus_target/test-node/javascript
  mkdir -p "$folder"
  cp "$here/story.json" "$folder/.."
  if ! cmp --silent "$here/javascript/package-lock.json" "$folder/package-lock.json"; then
    cp "$here/javascript/package.json" "$here/javascript/package-lock.json" "$folder"
    # A lock that differs from what is installed has this done again.
    (cd "$folder" && npm ci --silent --no-audit --no-fund) || { rm -f "$folder/package-lock.json"; return 1; }
  fi
  cp "$here"/javascript/*.mjs "$folder"
}

install_rust() {
  CARGO_TARGET_DIR=$gradus_target/test-rust cargo test --quiet --locked --no-run --manifest-path "$here/rust/Cargo.toml"
}

clients=("$@")
[ $# -gt 0 ] || clients=(boto3 cli v2 v3 rust)
case " ${clients[*]} " in *' boto3 '* | *' cli '*) python_with boto3 awscli ;; esac
case " ${clients[*]} " in *' v2 '* | *' v3 '*) install_javascript ;; esac
case " ${clients[*]} " in *' rust '*) install_rust ;; esac

# Every request is signed with this key, and the server checks it.
keys=$gradus_scratch/keys.json
cat >"$keys" <<'KEYS'
{"keys": [{"accessKeyId": "test", "secretAccessKey": "test", "account": "000000000000",
           "principal": "arn:aws:iam::000000000000:user/test"}]}
KEYS
chmod 600 "$keys"
gradus_start --memory --keys "$keys" --max-express 1
narrow=$gradus_pid
trap 'kill "$narrow" 2>/dev/null || true; gradus_clean_up' EXIT
export GRADUS_NARROW=$GRADUS_ENDPOINT
gradus_start --memory --keys "$keys"
export GRADUS_ENDPOINT
running=()
for client in "${clients[@]}"; do
  case $client in
    v2 | v3) javascript "$client" >"$gradus_scratch/$client" 2>&1 & ;;
    *) "$client" >"$gradus_scratch/$client" 2>&1 & ;;
  esac
  running+=($!)
done
failed=
for index in "${!clients[@]}"; do
  wait "${running[index]}" || failed="$failed ${clients[index]}"
  echo "-- ${clients[index]}"
  cat "$gradus_scratch/${clients[index]}"
done
gradus_stop
gradus_pid=$narrow gradus_stop
[ -z "$failed" ] || { echo "failed:$failed" >&2; exit 1; }
