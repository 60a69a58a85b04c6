# shellcheck shell=bash
# Finds out what the jobs that apply have to do: which wave may start, and how many jobs share it.
set -euo pipefail
. "$GITHUB_ACTION_PATH/action/access.sh"
if [ -n "$DIGEST" ]; then
  # A person chose the targets and reviewed their plan, and one job applies it.
  echo 'shards=[""]' >> "$GITHUB_OUTPUT"
  exit 0
fi
if [ -n "$WAVE" ]; then
  # With the keys for planning, since a wave's environment has only those of its own targets.
  outputs="$RUNNER_TEMP/devinops-rollout" wave="" total=0
  . "$GITHUB_ACTION_PATH/action/keys.sh"
  mkdir -p "$RUNNER_TEMP/devinops-gate"
  rm -f "$outputs"
  devinops targets waves --root "$ROOT" --report "json=$RUNNER_TEMP/devinops-gate/gate.json" \
    --report "markdown=$GITHUB_STEP_SUMMARY" --report "outputs=$outputs"
  wave=$(sed -n 's/^due=//p' "$outputs") number=$(sed -n 's/^to_do=//p' "$outputs")
  if [ -z "$wave" ]; then
    if ! grep -qx stopped=true "$outputs"; then exit 0; fi
    echo "::error title=devinops::Nothing was written: $(sed -n 's/^summary=//p' "$outputs")."
    exit 4
  fi
  echo "wave=$wave" >> "$GITHUB_OUTPUT"
else
  . "$GITHUB_ACTION_PATH/action/affected.sh"
  number=$(wc -l <<< "$affected")
fi
# No more jobs than targets; one needs no shard. GitHub starts at most 256 jobs of a matrix.
total=$((number < SHARDS ? number : SHARDS)) parts='""'
if [ "$total" -gt 1 ]; then parts=$(seq -s , -f "\"%g/$total\"" "$total"); fi
echo "shards=[$parts]" >> "$GITHUB_OUTPUT"
