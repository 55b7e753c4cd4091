#!/usr/bin/env bash
# Drives a server of its own with boto3 and with the aws command line.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../server.sh"

python_with boto3 awscli
gradus_start --memory
"$PYTHON" "$here/boto3_test.py" "$GRADUS_ENDPOINT"
"$PYTHON" "$here/cli_test.py" "$GRADUS_ENDPOINT"
gradus_stop
