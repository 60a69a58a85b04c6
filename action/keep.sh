# shellcheck shell=bash
# Collects the backups for an artifact, also after an apply that failed or was cancelled. It does so only
# in a private repository, because the artifacts of a public one are public. upload-artifact reads a path
# as a pattern, and the name of the root could be one, so the backups are copied first.
set -euo pipefail
. "$GITHUB_ACTION_PATH/action/access.sh"
rm -rf "$RUNNER_TEMP/devinops-backups"
if ! [ -d "$ROOT/.devinops/backups" ]; then exit 0; fi
# The event of a schedule does not say whether the repository is private.
if [ "${PRIVATE:-$(github api "repos/$GITHUB_REPOSITORY" --jq .private)}" = true ]; then
  cp -R -- "$ROOT/.devinops/backups" "$RUNNER_TEMP/devinops-backups"
fi
