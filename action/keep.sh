# shellcheck shell=bash
# Collects the backups, to be kept as an artifact: also those of an apply that failed or was cancelled, and
# only if the repository is private, since an artifact of a public one is public. They are copied to a
# directory whose name is no pattern.
set -euo pipefail
. "$GITHUB_ACTION_PATH/action/access.sh"
rm -rf "$RUNNER_TEMP/devinops-backups"
if ! [ -d "$ROOT/.devinops/backups" ]; then exit 0; fi
# The event of a schedule does not tell.
if [ "${PRIVATE:-$(github api "repos/$GITHUB_REPOSITORY" --jq .private)}" = true ]; then
  cp -R -- "$ROOT/.devinops/backups" "$RUNNER_TEMP/devinops-backups"
fi
