# shellcheck shell=bash
# Sourced: sets `affected` to the targets that a push affects, one a line, and says so if there are none.
# After the first push, and after a forced one, BEFORE is empty, and all targets count as affected.
git cat-file -e "$BEFORE^{commit}" 2> /dev/null || BEFORE=""
affected=$(devinops targets --root "$ROOT" --target all ${BEFORE:+--affected "$BEFORE"} --names)
if [ -z "$affected" ]; then
  echo "::notice title=devinops::This push affects none of the targets, so there is nothing to apply."
  exit 0
fi
