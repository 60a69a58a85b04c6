# shellcheck shell=bash
# Sourced by the two steps that run devinops with keys: api-key is DEVIN_API_KEY, and each line
# NAME=VALUE of secrets is a variable. KEYS says whether there is a value at all.
KEYS=$API_KEY number=0
if [ -n "$API_KEY" ]; then export DEVIN_API_KEY=$API_KEY; fi
while IFS= read -r line; do
  number=$((number + 1))
  if [ -z "$line" ]; then continue; fi
  if ! [[ "$line" =~ ^[A-Za-z_][A-Za-z0-9_]*= ]]; then
    echo "::error title=devinops::Line $number of the input secrets is not NAME=VALUE; a value has one line."
    exit 64
  fi
  export "${line?}"
  KEYS+=${line#*=}
done <<< "$SECRETS"
unset API_KEY SECRETS line number
