# shellcheck shell=bash
# Opens an issue about drift, updates it, or closes it.
set -euo pipefail
. "$GITHUB_ACTION_PATH/action/access.sh"
export TITLE="Changed outside devinops"
if [ "$ROOT" != . ]; then TITLE="$TITLE in $ROOT"; fi
number=$(github issue list --author app/github-actions --limit 1000 --json number,title \
  --jq '[.[] | select(.title == env.TITLE) | .number][0] // empty')
if [ "$HAS_CHANGES" != true ]; then
  if [ -n "$number" ]; then github issue close "$number" --comment "Nothing is changed outside devinops any more."; fi
elif [ -n "$number" ]; then
  github issue edit "$number" --body-file "$RUNNER_TEMP/devinops.md"
else
  github issue create --title "$TITLE" --body-file "$RUNNER_TEMP/devinops.md"
fi
