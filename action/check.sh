# shellcheck shell=bash
# Validates all files, and runs lint on what a pull request or its place in a merge queue changes.
set -euo pipefail
. "$GITHUB_ACTION_PATH/action/access.sh"
since=$QUEUED_AFTER
if [ "$GITHUB_EVENT_NAME" = pull_request ]; then
  # By default, the merge of the pull request is checked out, whose first parent is the base.
  if [ "$(git rev-parse HEAD)" = "$GITHUB_SHA" ]; then
    git rev-parse --quiet --verify HEAD^1 > /dev/null || git fetch --quiet --no-tags --depth=2 origin "$GITHUB_SHA"
    since=HEAD^1
  else
    if [ "$(git rev-parse --is-shallow-repository)" = true ]; then git fetch --quiet --no-tags --unshallow origin; fi
    since=$BASE
  fi
fi
if [ -n "$since" ]; then since=$(git rev-parse --short "$since"); fi
echo "since=$since" >> "$GITHUB_OUTPUT"
devinops validate --root "$ROOT" --format github
if [ -n "$since" ] && [ "$LINT" = true ]; then
  devinops lint --root "$ROOT" --since "$since" --format github
fi
