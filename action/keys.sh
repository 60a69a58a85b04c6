# shellcheck shell=bash
# Sourced by the two steps that run devinops with keys: api-key is DEVIN_API_KEY, and each line
# NAME=VALUE of secrets is a variable. A value of several lines stands between the lines NAME<<END
# and END, as in GITHUB_ENV. KEYS says whether there is a value at all. A variable that is set
# already, such as PATH, API_KEY or one of the script, cannot have a second value.
KEYS=$API_KEY number=0 end=""
if [ -n "$API_KEY" ]; then export DEVIN_API_KEY=$API_KEY; fi
while IFS= read -r line; do
  number=$((number + 1)) start=$number part=""
  if [ -z "$line" ]; then continue; fi
  if [[ "$line" =~ ^([A-Za-z_][A-Za-z0-9_]*)"<<"(.+)$ ]]; then
    line=${BASH_REMATCH[1]}= end=${BASH_REMATCH[2]}
    while number=$((number + 1)) && IFS= read -r part && [ "$part" != "$end" ]; do
      if [ "$number" -gt $((start + 1)) ]; then line+=$'\n'; fi
      line+=$part
    done
    if [ "$part" != "$end" ]; then line=""; fi
  fi
  if ! [[ "$line" =~ ^[A-Za-z_][A-Za-z0-9_]*= ]]; then
    echo "::error title=devinops::Line $start of the input secrets is not NAME=VALUE; a value of several lines stands between NAME<<END and END."
    exit 64
  fi
  if [[ -v ${line%%=*} ]]; then
    echo "::error title=devinops::Line $start of the input secrets sets a variable that is set already: use another name."
    exit 64
  fi
  export "${line?}"
  KEYS+=${line#*=}
done <<< "$SECRETS"
unset API_KEY SECRETS line number start part end
