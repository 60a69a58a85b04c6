# shellcheck shell=bash
# Runs plan, apply, drift or rollback. Only here and in prepare.sh are the keys.
set -euo pipefail
. "$GITHUB_ACTION_PATH/action/access.sh"
word="" words="" code=0 report="markdown=$GITHUB_STEP_SUMMARY" uses=$RUNNER_TEMP/devinops-insight.json
. "$GITHUB_ACTION_PATH/action/keys.sh"
say() { echo "::$1 title=devinops::$2"; }

if [ -z "$KEYS" ] && [ "$COMMAND" = plan ] && [ -n "$WITHOUT_SECRETS" ]; then
  say notice "A pull request from a fork or from Dependabot gets no key: devinops validated the files, and planned nothing."
  exit 0
elif [ -z "$KEYS" ]; then
  say error "There is no key, so devinops did nothing: set the input api-key or secrets."
  exit 1
fi

# The approvals, as the comment names them; the names of their options may be left out.
set --
words=$(xargs -n 1 printf '%s\n' <<< "$APPROVALS" | sed -E 's/^--(allow|on-conflict|on-drift)=//')
while IFS= read -r word; do
  case "${word#--}" in
    "" | allow | on-conflict | on-drift) ;;
    adopt) set -- "$@" --adopt ;;
    git | live | git=* | live=*) set -- "$@" "--on-conflict=$word" ;;
    overwrite | keep) set -- "$@" "--on-drift=$word" ;;
    *) set -- "$@" "--allow=$word" ;;
  esac
done <<< "$words"

if [ "$COMMAND" = apply ]; then rm -rf -- "$ROOT/.devinops/backups"; fi  # a branch can bring along forged ones
case "$COMMAND" in
  plan)
    if [ -n "$BACKUP" ]; then
      set -- rollback "$BACKUP" --dry-run "$@"
    elif [ "$TARGET" = all ] && [ -n "$SINCE" ]; then
      # Only the targets that the request affects are planned.
      set -- plan --affected "$SINCE" "$@"
    elif [ "$GITHUB_EVENT_NAME" = merge_group ] && [ -n "$SINCE" ] &&
      [ -z "$(devinops targets --root "$ROOT" --affected "$SINCE" --names)" ]; then
      # No paths filter what a merge queue runs.
      say notice "This pull request changes no entry and no setting, so nothing was planned."
      exit 0
    else
      set -- plan "$@"
    fi
    if [ "$1" = plan ] && [ "$LINT" = true ] && [ -n "$SINCE" ]; then set -- "$@" --lint-since "$SINCE"; fi
    set -- "$@" --report "markdown=$RUNNER_TEMP/devinops.md" --report "html=$RUNNER_TEMP/devinops-plan.html"
    # How often sessions used a changed note. No plan needs it, and what it prints quotes people.
    if [ "$1" = plan ] && [ "$INSIGHT" = true ] && [ "$TARGET" != all ] &&
      devinops insight --root "$ROOT" ${TARGET:+--target "$TARGET"} --format json > "$uses" 2> /dev/null; then
      set -- "$@" --insight "$uses"
    fi ;;
  apply)
    if [ -n "$SHARD" ]; then report="json=$RUNNER_TEMP/devinops-report.json"; fi
    if [ -n "$BACKUP" ]; then
      set -- rollback "$BACKUP" "$@"
    elif [ -n "$WAVE" ]; then
      TARGET=""
      set -- apply --wave "$WAVE" --gate "$RUNNER_TEMP/devinops-gate/gate.json" "$@"
    else
      # The job fails if the push affects a target whose plan nobody reviewed.
      set -- apply ${BEFORE:+--affected "$BEFORE"} "$@"
    fi
    set -- "$@" ${SHARD:+--shard "$SHARD"} --yes --expect "$DIGEST" ;;
  drift) set -- drift --report "markdown=$RUNNER_TEMP/devinops.md" ;;
  *)
    say error "The input command is not plan, apply, drift, prepare, report or validate."
    exit 64 ;;
esac
devinops "$@" --root "$ROOT" ${TARGET:+--target "$TARGET"} \
  --report "$report" --report "outputs=$GITHUB_OUTPUT" || code=$?
# Drift is what the issue is about.
if [ "$COMMAND" = drift ] && [ "$COMMENT" = true ] && [ "$code" = 2 ]; then exit 0; fi
exit "$code"
