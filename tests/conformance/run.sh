#!/usr/bin/env bash
# Replays recorded conversations with AWS Step Functions on a server of its own, and compares the
# outcome with not-yet.txt: a case outside the list must pass, a case in it must not.
#
# The recordings are not part of this repository: their folder is $GRADUS_CONFORMANCE, or
# ../shared/conformance beside the checkout. UPDATE=1 rewrites the list. Arguments go to the
# runner, for example --filter 'base.*' (then the list is compared for those cases only).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../server.sh"

cases=${GRADUS_CONFORMANCE:-$gradus_root/../shared/conformance}
if [ ! -d "$cases/cases" ]; then
  echo "skipped: there are no recordings in $cases"
  exit 0
fi

python_with boto3
# The runner serves the functions of the cases; the server calls them there, with any credentials.
lambda_port=${LAMBDA_PORT:-$(free_port)}
export AWS_ENDPOINT_URL_LAMBDA=http://127.0.0.1:$lambda_port
gradus_start --memory
results=$gradus_scratch/results.json again=$gradus_scratch/again.json output=$gradus_scratch/output
# Several cases wait for something that a server which refuses their machine never does, hence
# the short patience; the longest wait of a case that passes is a few seconds.
replay() {
  local to=$1
  shift
  "$PYTHON" "$cases/run.py" --endpoint "$GRADUS_ENDPOINT" --lambda-port "$lambda_port" --jobs 8 \
    --wait-timeout 20 --json "$to" "$@" "$cases/cases"
}
compare() {
  "$PYTHON" "$here/compare.py" "$results" "$here/not-yet.txt" "$@"
}
status=0
replay "$results" "$@" >"$output" || status=$?
if [ ! -s "$results" ]; then
  cat "$output"
  exit "$status"
fi
for attempt in 1 2 3 4 5; do
  compare chance | while read -r pattern; do
    echo "again, for it may have been chance: $pattern"
    replay "$again" --filter "$pattern" >/dev/null || true
    compare "$again"
  done
done
status=0
compare || status=$?
gradus_stop
exit "$status"
