# shellcheck shell=bash
# Fetches what other jobs kept as artifacts: the gate of a wave, the reports of shards, or a backup.
set -euo pipefail
. "$GITHUB_ACTION_PATH/action/access.sh"
if [ "$COMMAND" = report ]; then
  github run download "$GITHUB_RUN_ID" --pattern "devinops-report$SUFFIX-*" --dir "$RUNNER_TEMP/devinops-reports"
elif [ -n "$WAVE" ]; then
  github run download "$GITHUB_RUN_ID" --name "devinops-gate$SUFFIX" --dir "$RUNNER_TEMP/devinops-gate"
fi
if [ -z "$ROLLBACK" ]; then exit 0; fi

# Backups that jobs of the default branch kept, the newest first. A fork can have a branch of that
# name, and so can a pull request of the branch to another one, and a tag on another commit.
export BRANCH NAME="devinops-backups$SUFFIX"
github api --paginate "repos/$GITHUB_REPOSITORY/actions/artifacts?per_page=100" --jq '.artifacts[]
  | select(.name | startswith(env.NAME) and (ltrimstr(env.NAME) | test("^-[0-9]+-[0-9]+-[A-Za-z_]")))
  | select((.expired | not) and .workflow_run.head_branch == env.BRANCH
    and .workflow_run.head_repository_id == .workflow_run.repository_id)
  | "\(.workflow_run.id) \(.workflow_run.head_sha) \(.name)"' > "$RUNNER_TEMP/devinops-artifacts"
# The first commit of this list, which is newer than the job's if the branch moved on since.
head=$(github api "repos/$GITHUB_REPOSITORY/commits?per_page=1" --jq '.[0].sha')
while read -r run commit name; do
  event=$(github api "repos/$GITHUB_REPOSITORY/actions/runs/$run" --jq .event)
  history=$(github api "repos/$GITHUB_REPOSITORY/compare/$commit...$head" --jq .status)
  [[ "$event $history" =~ ^(push|workflow_dispatch|schedule)\ (ahead|identical)$ ]] || continue
  directory="$RUNNER_TEMP/$run-$name"
  github run download "$run" --name "$name" --dir "$directory"
  for file in "$directory"/*.jsonl; do
    # Of several targets, there is a file for each in the run.
    if [ -n "$TARGET" ]; then
      if [[ "$(basename "$file")" != "$ROLLBACK".* ]]; then rm -f "$file"; fi
    elif [ "$ROLLBACK" = latest ] || [ "$(basename "$file")" = "$ROLLBACK.jsonl" ]; then
      echo "backup=$file" >> "$GITHUB_OUTPUT"
      exit 0
    fi
  done
  if [ -n "$TARGET" ] && compgen -G "$directory/*.jsonl" > /dev/null; then
    echo "backup=$directory" >> "$GITHUB_OUTPUT"
    exit 0
  fi
done < "$RUNNER_TEMP/devinops-artifacts"
echo "::error title=devinops::No run on $BRANCH has this backup, or the commit of that run is gone. Only a private repository keeps backups, for as long as it keeps artifacts."
exit 1
