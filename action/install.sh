# shellcheck shell=bash
# Installs devinops: that of the commit of this action, or from SOURCE, after dependencies with hashes.
set -euo pipefail
. "$GITHUB_ACTION_PATH/action/access.sh"
pip install --quiet --require-hashes --requirement "$GITHUB_ACTION_PATH/action/requirements.txt"
pip install --quiet --no-deps --no-build-isolation "${SOURCE:-$GITHUB_ACTION_PATH}"
# The end of the names of artifacts, which only this root has.
suffix=$(printf %s "$ROOT" | tr -cs '[:alnum:]._-' - | sed 's/^[.-]*//; s/-*$//')
echo "suffix=${suffix:+-$suffix}" >> "$GITHUB_OUTPUT"
