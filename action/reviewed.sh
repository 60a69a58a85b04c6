# shellcheck shell=bash
# Finds the digest that was reviewed in the pull request whose merge made the commit.
set -euo pipefail
if [ "$TARGET" = all ] && [ -z "$WAVE" ]; then
  . "$GITHUB_ACTION_PATH/action/affected.sh"
  echo "before=$BEFORE" >> "$GITHUB_OUTPUT"
fi
digests="$RUNNER_TEMP/devinops-digests"
devinops comment --print-digest --root "$ROOT" ${TARGET:+--target "$TARGET"} ${BASE:+--base "$BASE"} > "$digests"
# For many targets, it is a list with the digest of each.
digest=$digests
if [ "$(wc -l < "$digests")" -eq 1 ]; then digest=$(cat "$digests"); fi
echo "digest=$digest" >> "$GITHUB_OUTPUT"
