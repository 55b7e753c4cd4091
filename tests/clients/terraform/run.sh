#!/usr/bin/env bash
# Terraform with its AWS provider as it is: plan, apply, no change, another apply, destroy, all of it signed.
# Needs terraform and the provider, from a folder of plugins ($TF_PLUGINS) or from its registry; without
# them nothing is done, and `tests/wire/calls/terraform.json` is what stands for it.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../../server.sh"

plugins=${TF_PLUGINS:-/opt/tf-plugins}
work=$gradus_scratch/terraform
mkdir "$work"
cp "$here/main.tf" "$work"
cd "$work"
# Settings of whoever runs this are not part of it.
: >"$work/terraformrc"
export TF_CLI_CONFIG_FILE=$work/terraformrc CHECKPOINT_DISABLE=1 TF_IN_AUTOMATION=1
if [ -d "$plugins" ]; then from=(-plugin-dir="$plugins"); else from=(); fi
if ! command -v terraform >/dev/null || ! terraform init -input=false "${from[@]}" >init 2>&1; then
  echo 'terraform: skipped, because terraform or its AWS provider is not to be had here'
  exit 0
fi

cat >keys.json <<'KEYS'
{ "keys": [ {
  "accessKeyId": "AKIDTERRAFORM", "secretAccessKey": "any", "account": "123456789012",
  "principal": "arn:aws:iam::123456789012:user/terraform"
} ] }
KEYS
chmod 600 keys.json
gradus_start --memory --keys "$work/keys.json"
export AWS_ENDPOINT_URL=$GRADUS_ENDPOINT AWS_EC2_METADATA_DISABLED=true
export AWS_ACCESS_KEY_ID=AKIDTERRAFORM AWS_SECRET_ACCESS_KEY=any
unset AWS_PROFILE AWS_SESSION_TOKEN

step() {
  if ! terraform "$@" -no-color -input=false >out 2>&1; then
    echo "terraform $*:" >&2
    cat out >&2
    return 1
  fi
}

for answer in one two; do
  step plan -var "answer=$answer"
  step apply -auto-approve -var "answer=$answer"
  # Exits with 2 if anything is left to be changed.
  step plan -detailed-exitcode -var "answer=$answer"
  [ "$(terraform output -raw account)" = 123456789012 ]
  [ "$(terraform output -raw found)" = true ]
done
step destroy -auto-approve
gradus_stop
echo 'terraform: plan, apply, change, destroy'
