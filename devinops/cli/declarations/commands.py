"""Every command: its options, its help and the handler that carries it out."""

from __future__ import annotations

import importlib
from typing import Any

import click

from devinops.cli.declarations import completed_values
from devinops.cli.declarations.groups import Command, Group
from devinops.cli.declarations.options import (
    AFFECTED,
    API,
    EXPECT,
    FILTERS,
    HTTP,
    LOCK,
    SHARD,
    SKIP_OUTSIDE,
    SKIP_UNTRACKED,
    TARGET,
    TARGETS,
    WAVE,
    WEBHOOK_SECRETS,
    YES,
    FilePath,
    NonEmpty,
    OutputFile,
    allowing,
    approvals,
    common,
    option,
)
from devinops.model.exit_codes import ExitCode
from devinops.model.policy import HAZARDS


def _call(handler: str, arguments: dict[str, Any]) -> ExitCode:
    """Import `module:function` of the handlers, so that a command imports only its own."""
    module, _, name = handler.partition(":")
    function = getattr(importlib.import_module(f"devinops.cli.handlers.{module}"), name)
    return ExitCode(function(**arguments))


@click.command(cls=Command)
@option(
    "-C",
    "--root",
    type=FilePath(file_okay=False),
    help="Directory to set up. Default: the current directory.",
)
@option(
    "--ci",
    type=click.Choice(["github", "gitlab", "none"]),
    help="CI system to write files for. Default: gitlab if the host name of "
    "origin contains gitlab, else github.",
)
@option(
    "--copy-action",
    is_flag=True,
    help="Also write a copy of the action of devinops for GitHub, for a server or repository that "
    "cannot use the original.",
)
@option(
    "--editor",
    type=click.Choice(["vscode", "agents"]),
    multiple=True,
    help="Also write files that help to edit entries; repeatable. vscode: schemas in .schemas/, "
    "and settings with which VS Code completes and checks YAML. agents: a skill that teaches "
    "coding agents how to change these files.",
)
def init(**arguments: Any) -> ExitCode:
    """Set up a repository: devinops.yaml, a first note, CI and pre-commit.

    The note is written only if there are no entries yet. CI and pre-commit read their files at the
    top of the Git repository, so they are written there. init overwrites only files for CI,
    editors and agents that it wrote itself and that nobody has edited since: it updates them. For
    one for CI that was edited, it shows the difference. Other existing files stay as they are.

    \b
      devinops init
      devinops init --ci none                no files of a CI system
      devinops init --editor vscode          also schemas, and settings of VS Code
      devinops init --editor agents          also a skill for coding agents
      devinops validate
    """
    return _call("init:run", arguments)


@click.command(cls=Command)
@click.argument("paths", nargs=-1, type=FilePath())
@SKIP_UNTRACKED
@common(problems=True)
def validate(**arguments: Any) -> ExitCode:
    """Check the files, offline and without a key.

    All files are read, since entries depend on each other; PATHS limit which problems are shown.

    \b
      devinops validate
      devinops validate knowledge/Backend
    """
    return _call("validate:run", arguments)


@click.command(cls=Command)
@click.argument("paths", nargs=-1, type=FilePath())
@SKIP_OUTSIDE
@SKIP_UNTRACKED
@option(
    "--select",
    multiple=True,
    metavar="RULE",
    shell_complete=completed_values.rules,
    help="Run only these rules: an id, a name, the beginning of an id (DV1), entry-rules or "
    "repository-rules; repeatable.",
)
@option(
    "--ignore",
    multiple=True,
    metavar="RULE",
    shell_complete=completed_values.rules,
    help="Do not run these rules; repeatable.",
)
@option(
    "--fail-on",
    type=click.Choice(["error", "warning", "info"]),
    help="Lowest severity that makes the exit code 1.  [default: warning; with --since: error]",
)
@option(
    "--since",
    "changed_since",
    metavar="REF",
    help="Fail only for entries that differ from the merge base of HEAD and REF.",
)
@option("--fix", is_flag=True, help="Fix what can be fixed without changing the meaning.")
@option(
    "--baseline",
    "baseline_file",
    type=FilePath(),
    metavar="FILE",
    help="Hide the findings that this file lists.",
)
@option("--write-baseline", is_flag=True, help="Write all findings but secrets into the baseline.")
@option(
    "--explain",
    metavar="RULE",
    shell_complete=completed_values.rules,
    help="Show the page of a rule, or a line about all, and exit.",
)
@common(problems=True)
def lint(**arguments: Any) -> ExitCode:
    """Check what the entries teach Devin, offline and without a key.

    PATHS limit which findings are shown. Rules that compare entries still see all of them; with
    --select entry-rules only PATHS are read. What validate calls an error is an error here too.

    \b
      devinops lint
      devinops lint knowledge/Backend --fail-on error
      devinops lint --since origin/main
      devinops lint --explain trigger-without-when
    """
    return _call("lint:run", arguments)


@click.command(cls=Command)
@click.argument("paths", nargs=-1, type=FilePath())
@SKIP_OUTSIDE
@option("--check", is_flag=True, help="Write nothing; exit 2 if files would change.")
@option("--diff", is_flag=True, help="Like --check, and show the changes as a unified diff.")
@common()
def fmt(**arguments: Any) -> ExitCode:
    """Write devinops.yaml and the files with entries in one canonical form.

    It unifies the order of keys, quotes, indentation, blank lines and the end of each file. What
    is sent to the API never changes, and comments stay. A file that cannot be formatted is left as
    it is, and reported.

    \b
      devinops fmt
      devinops fmt --check
      devinops fmt --diff knowledge/Backend
    """
    return _call("fmt:run", arguments)


@click.command(cls=Command)
@option("--out", type=OutputFile(), metavar="FILE", help="Save the plan for show and apply.")
@option("--detailed-exitcode", is_flag=True, help="Exit 2 if changes are pending.")
@option(
    "--lint-since",
    metavar="REF",
    help="Also show what lint finds in what changed since the merge base with REF.",
)
@option(
    "--insight",
    type=FilePath(),
    metavar="FILE",
    help="JSON of devinops insight: say beside a changed note how sessions used it.",
)
@AFFECTED
@WAVE
@common(TARGETS, SHARD, *API, *FILTERS, LOCK, problems=True)
@approvals
def plan(**arguments: Any) -> ExitCode:
    """Show what apply would change; never writes.

    \b
      devinops plan
      devinops plan --detailed-exitcode      exit 2: changes are pending
      devinops plan --out plan.json          then devinops apply plan.json
      devinops plan -t all                   all targets at once
      devinops plan -t all --affected origin/main
      devinops plan -t all --shard 1/8       the first of eight processes
    """
    return _call("plan:run", arguments)


@click.command(cls=Command)
@click.argument("plans", nargs=-1, required=True, metavar="PLAN...", type=FilePath())
@common(TARGET)
def show(**arguments: Any) -> ExitCode:
    """Show a saved plan, offline and without a key; with -t, only what happens in one target.

    Several files are the plans, or the JSON reports of apply or drift, of all shards of one run.
    They are shown as one, with the worst of their exit codes.

    \b
      devinops plan --out plan.json
      devinops show plan.json
      devinops show plan.json -t payments
      devinops show shard-*.json
    """
    return _call("show:run", arguments)


@click.command(cls=Command)
@click.argument("plan", required=False, type=FilePath())
@YES
@EXPECT
@AFFECTED
@WAVE
@option(
    "--gate",
    type=FilePath(),
    metavar="FILE",
    help="JSON report of targets waves at this commit, instead of planning the waves.",
)
@WEBHOOK_SECRETS
@common(TARGETS, SHARD, *API, *FILTERS, LOCK, problems=True)
@approvals
def apply(**arguments: Any) -> ExitCode:
    """Make the organization match the files: plan, show, ask, write, plan again.

    PLAN is a file saved by devinops plan --out. It is applied without asking if nothing changed.

    \b
      devinops apply                         asks before it writes
      devinops apply plan.json               what was reviewed, or nothing
      devinops apply --expect DIGEST         what was reviewed, or nothing
      devinops apply -t all                  all targets, after one question
      devinops apply --wave due              the next wave that may start
      devinops apply --yes                   for CI
    """
    return _call("apply:run", arguments)


@click.command(cls=Command)
@click.argument("file", required=False, type=FilePath(allow_dash=True))
@option(
    "--print-digest",
    is_flag=True,
    help="Print the digest that was reviewed in the request whose merge made this commit.",
)
@option(
    "--comment-author",
    metavar="LOGIN",
    help="Whose comments to trust. Default: github-actions[bot], or the user of the GitLab token.",
)
@option(
    "--request",
    type=click.IntRange(1),
    metavar="N",
    help="Number of the pull or merge request, if the CI job does not belong to one.",
)
@option(
    "--base",
    metavar="BRANCH",
    help="The branch that --print-digest accepts merges into. Default: the branch of the CI job.",
)
@common(TARGET, *HTTP)
def comment(**arguments: Any) -> ExitCode:
    """Post the Markdown report FILE (- for stdin) as a comment on the pull or merge request.

    There is one comment for each target in each root; a new report replaces its text. With
    --print-digest, instead find the request whose merge into the job's branch made this commit, and
    print the digest in its comment, for apply --expect; exit 5 if there is none. The token comes
    from GITHUB_TOKEN, or on GitLab from DEVINOPS_GITLAB_TOKEN.

    \b
      devinops plan --report markdown=plan.md
      devinops comment plan.md
      digest=$(devinops comment --print-digest)
      devinops apply --yes --expect "$digest"
    """
    return _call("comment:run", arguments)


@click.command(cls=Command)
@click.argument("backup", required=False, type=FilePath(), shell_complete=completed_values.backups)
@option("--dry-run", is_flag=True, help="Only show the plan; never writes.")
@YES
@EXPECT
@WEBHOOK_SECRETS
@common(TARGETS, *API, LOCK)
@allowing("targets=N", *HAZARDS)
def rollback(**arguments: Any) -> ExitCode:
    """Restore what a run overwrote or deleted: plan, show, ask, write.

    BACKUP is the name of a run, latest (of the targets), a file, or a directory with the files of a
    run. Without it, the backups are listed, with --target only those of the targets. A run over
    several targets has a backup of each, and --target says which of them to restore. What the run
    created stays, and the value of a secret cannot be restored.

    \b
      devinops rollback
      devinops rollback latest --dry-run
      devinops rollback latest
      devinops rollback 20260312T101500Z-1f2e3d --target all
    """
    return _call("rollback:run", arguments)


@click.command(cls=Command)
@option(
    "--since",
    metavar="TIME",
    default="90d",
    show_default=True,
    help="How far to look back, in days (90d) or hours (24h).",
)
@option(
    "--fail-on",
    type=click.Choice(["misleading"]),
    help="Exit 1 if a note misled two sessions since its text last changed.",
)
@common(TARGETS, *API)
def insight(**arguments: Any) -> ExitCode:
    """Show what Devin's sessions say about the notes: which help, which mislead, what is missing.

    It reads the lists of notes and of sessions with their analyses, and never writes. Text and JSON
    quote reasons and wishes, which may quote people; other formats have only numbers.

    \b
      devinops insight
      devinops insight --since 30d --fail-on misleading
      devinops insight -t all --format json > insight.json
    """
    return _call("insight:run", arguments)


@click.command(cls=Command)
@click.argument("keys", nargs=-1, metavar="[KEY]...", shell_complete=completed_values.keys)
@option("--unmanaged", is_flag=True, help="Write new files for what no entry declares.")
@option(
    "--drift",
    is_flag=True,
    help="Write what changed outside devinops into its file; may delete files.",
)
@option(
    "--check",
    is_flag=True,
    help="Write nothing; exit 2 if files would change, 4 if something is left to you.",
)
@common(TARGETS, *API, *FILTERS, LOCK)
def pull(**arguments: Any) -> ExitCode:
    """Write live objects into files. Nothing is written to the organization.

    Without an option, each live object that no entry declares gets a new file; a directory with
    neither devinops.yaml nor entries is set up first, as by devinops init. With --drift only what
    changed outside devinops is written, each value into the file and field that has it; the file of
    an object that was deleted is deleted, if Git has it. KEYs limit this to the named objects;
    without an option, these may have an entry or not. A kind in place of a KEY is as after --only:
    who has access is written only if its kind is named.

    From several targets, what is equal in all organizations is written once, in the root; the rest
    goes into the layer of each target, or into entries with targets.

    \b
      devinops pull
      devinops pull --target all
      devinops pull --drift
      devinops pull --drift --unmanaged --check
      devinops pull 'knowledge:Backend/Error envelope'
      devinops pull user_role
    """
    return _call("pull:run", arguments)


@click.command("import", cls=Command)
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...", type=FilePath(exists=True))
@option("--split", is_flag=True, help="Make one note from each section of a long text.")
@option(
    "--repository",
    "repo",
    metavar="OWNER/NAME",
    help="Repository of the rules: those that always apply are pinned to it.",
)
@option("--folder", help="Folder to put the notes in, such as Backend/APIs.")
@option(
    "--link-base",
    metavar="URL",
    help="Write relative links as addresses below URL, which is that of the Git checkout at a "
    "commit; without Git, of SOURCE.",
)
@option("--dry-run", is_flag=True, help="Show what would be written, but write nothing.")
@option("--force", is_flag=True, help="Overwrite entries with the same key.")
@common(TARGET)
def import_(**arguments: Any) -> ExitCode:
    """Turn the files of other tools into entries, and report what each became; calls no API.

    SOURCE is a file or a directory: .mdc, AGENTS.md, CLAUDE.md, .cursorrules, .windsurfrules,
    .rules, Copilot instructions, .devin/rules, SKILL.md, a plugin, .devin.md, prompts, commands,
    workflows, other Markdown, JSON from the API, or a Terraform state. A file may have 20 MB.

    \b
      devinops import --dry-run .cursor/rules
      devinops import --repository acme/api --split AGENTS.md
      terraform state pull > /tmp/tf.json && devinops import -t corp /tmp/tf.json
    """
    return _call("import_:run", arguments)


@click.group(cls=Group)
def inventory() -> None:
    """Inspect and repair the record of which live objects this repository owns.

    No command here writes to the organization.
    """


@inventory.command("list", short_help="Show what is owned.")
@common(TARGET, *API)
def inventory_list(**arguments: Any) -> ExitCode:
    """Show what is owned: key, id and the file of its entry.

    \b
      devinops inventory list
      devinops inventory list --format json
    """
    return _call("inventory:list_owned", arguments)


@inventory.command("show", short_help="Show one record.")
@click.argument("key", type=NonEmpty(), shell_complete=completed_values.owned_keys)
@common(TARGET, *API)
def inventory_show(**arguments: Any) -> ExitCode:
    """Show one record, and whether its live object is still as it was applied.

    \b
      devinops inventory show 'knowledge:Backend/Error envelope'
    """
    return _call("inventory:show", arguments)


@inventory.command("link", short_help="Link a key to a live object.")
@click.argument("key", type=NonEmpty(), shell_complete=completed_values.keys)
@click.argument("id", type=NonEmpty())
@common(TARGET, *API)
def inventory_link(**arguments: Any) -> ExitCode:
    """Link KEY to the live object ID, so that this repository owns it.

    Use it if several objects have the same name, or if the object was created again. What was last
    applied to the object is not known, so the next plan only compares the file with the
    organization.

    \b
      devinops inventory link 'knowledge:Backend/Error envelope' note-0123abcd
    """
    return _call("inventory:link", arguments)


@inventory.command("forget", short_help="Stop owning a key.")
@click.argument("key", type=NonEmpty(), required=False, shell_complete=completed_values.owned_keys)
@option("--all", "everything", is_flag=True, help="Stop owning all objects of the target.")
@YES
@common(TARGET, *API)
def inventory_forget(**arguments: Any) -> ExitCode:
    """Stop owning KEY. The object stays as it is and is never pruned.

    If the files still have an entry for it, the next apply adopts the object again. --all
    removes the inventory of the target. Use it if another organization replaced the one that it is
    about, or if it is damaged and has no earlier version.

    \b
      devinops inventory forget 'knowledge:Backend/Error envelope'
      devinops inventory forget --all
    """
    return _call("inventory:forget", arguments)


@inventory.command("migrate", short_help="Move it between a file and a branch.")
@common(TARGET, *API)
def inventory_migrate(**arguments: Any) -> ExitCode:
    """Move the inventory to the place that devinops.yaml names, and show it.

    First change inventory: {store: file} to {store: branch}, or back. From a branch, only
    the one named devinops is moved. Commit a file that appears or disappears in .devinops/, if your
    team commits it.

    \b
      devinops inventory migrate
      devinops inventory migrate --target production
    """
    return _call("inventory:migrate", arguments)


@inventory.command("unlock", short_help="Release the lock of a dead run.")
@click.argument("run", type=NonEmpty(), shell_complete=completed_values.open_runs)
@common(TARGET, *API)
def inventory_unlock(**arguments: Any) -> ExitCode:
    """Release the lock of RUN, if you are sure that it has died, in all its targets.

    The next plan finds what RUN wrote but could not record: it adopts an object that matches its
    entry, and looks for what RUN may have created before it creates it again.

    \b
      devinops inventory unlock 20260131T120000Z-1a2b3c
    """
    return _call("inventory:unlock", arguments)


@inventory.command("repair", short_help="Link records whose object is gone.")
@YES
@common(TARGET, *API)
def inventory_repair(**arguments: Any) -> ExitCode:
    """Find records whose object is gone, and link them to similar live objects.

    \b
      devinops inventory repair              shows the evidence and asks
      devinops inventory repair --yes
    """
    return _call("inventory:repair", arguments)


@click.command(cls=Command)
@common(TARGETS, SHARD, *API, LOCK)
def drift(**arguments: Any) -> ExitCode:
    """Show what was changed outside devinops since the last apply; exit 2 if anything was.

    The organization is compared only with the inventory, which suits a nightly job: changes in Git
    that are not applied yet are not shown. The text before an edit comes from the files, or from
    Git at the commit of the last apply. Unmanaged objects are counted, but do not cause exit 2.

    \b
      devinops drift
      devinops drift --format json
    """
    return _call("drift:run", arguments)


@click.command(cls=Command)
@click.argument("directory", metavar="DIR", type=FilePath(file_okay=False))
@option(
    "--as",
    "as_",
    type=click.Choice(["skills", "rules"]),
    help="What notes become in a plugin.  [default: skills]",
)
@option(
    "--repository",
    metavar="OWNER/NAME",
    help="Only the notes that are pinned to this repository, always on if they are short.",
)
@option("--check", is_flag=True, help="Write nothing; exit 2 if the plugin would change.")
@option("--force", is_flag=True, help="Also overwrite files changed by hand, and remove many.")
@common(TARGET)
def export(**arguments: Any) -> ExitCode:
    """Write the entries as a plugin of skills and rules, in the directory DIR.

    It needs no key, and writes nothing to the organization. It overwrites only files that an
    earlier export wrote and nobody has changed since, and removes those whose entry is gone.

    \b
      devinops export plugin
      devinops export plugin --check
      devinops export ../api --repository acme/api
    """
    return _call("export:run", arguments)


@click.command(cls=Command)
@click.argument("key", type=NonEmpty(), shell_complete=completed_values.keys)
@common(TARGET)
def explain(**arguments: Any) -> ExitCode:
    """Show which file gave each value of an entry, offline and without a key.

    If several layers have the entry, each of its values is shown: the one that the target gets is
    first, and the others are replaced.

    \b
      devinops explain 'knowledge:Backend/Error envelope'
      devinops explain 'knowledge:Backend/Error envelope' -t production
    """
    return _call("explain:run", arguments)


@click.command(cls=Command)
@option(
    "--write",
    is_flag=True,
    help="Also try what only writes can show, on objects of its own, then delete them.",
)
@option(
    "--clean",
    is_flag=True,
    help="Instead, delete what a --write left that was killed more than an hour ago.",
)
@option(
    "--enterprise",
    is_flag=True,
    help="With --write or --clean: at the enterprise, which all organizations see.",
)
@YES
@common(TARGET, *HTTP)  # one request after the other, so without --parallelism
def doctor(**arguments: Any) -> ExitCode:
    """Ask the API whether devinops is right about it, and look at this machine.

    Without an option, it only reads. A key is enough: DEVIN_API_KEY, and DEVIN_ORG_ID if the key
    does not tell its organization. In a repository, it uses the settings of the target. At most 60
    requests are sent, all GET.

    With --write, it first says what it will create, and asks. It changes and deletes only what it
    created, and never writes to an organization that a target holds.

    A line is ok, a note, or a problem; with a problem the exit code is 1. The output and reports
    hold no texts, names, addresses, ids or keys, so that you can attach them to a report.

    \b
      devinops doctor
      devinops doctor --report markdown=doctor.md --report json=doctor.json
      devinops doctor --write
    """
    return _call("doctor:run", arguments)


@click.command(cls=Command)
@common(TARGETS, *API)
def whoami(**arguments: Any) -> ExitCode:
    """Show the effective settings, the source of each, and who the API key belongs to.

    If a key of the enterprise can read when the key expires, it says so, and warns 14 days before.

    \b
      devinops whoami
      devinops whoami --target production
    """
    return _call("whoami:run", arguments)


@click.group(cls=Group, invoke_without_command=True)
@option("--names", is_flag=True, help="Print only the names, one on each line, for scripts.")
@option(
    "--affected",
    metavar="REF",
    help="List only targets whose entries or settings differ from the merge base of HEAD and REF.",
)
@common(TARGETS)
def targets(**arguments: Any) -> ExitCode:
    """List the targets of devinops.yaml, with their organizations, labels and keys; calls no API.

    \b
      devinops targets
      devinops targets -t ring=canary --names
      devinops targets --affected origin/main --format json
    """
    if click.get_current_context().invoked_subcommand:
        return ExitCode.OK
    return _call("targets:run", arguments)


@targets.command("waves", short_help="Show where the rollout is.")
@common(TARGET, *API)
def targets_waves(**arguments: Any) -> ExitCode:
    """Show which wave is done, which one soaks until when, what failed and what is held.

    This plans all targets of all waves.

    \b
      devinops targets waves
      devinops targets waves --report html=rollout.html
    """
    return _call("targets:waves", arguments)


@targets.command("discover", short_help="Add targets for new organizations of the enterprise.")
@option("--check", is_flag=True, help="Write nothing; exit 2 if there is a difference.")
@common(TARGET, *API)
def targets_discover(**arguments: Any) -> ExitCode:
    """Compare the targets with the organizations of the enterprise, and write the difference.

    A new organization becomes a target in the file that has the targets, and a new name its title.
    An organization that is gone is only reported, and `ignore_organizations` in devinops.yaml names
    those that get no target. This needs a key of the enterprise with the permission
    ManageOrganizations, in the variable of --target, or else of the defaults.

    \b
      devinops targets discover
      devinops targets discover --check
    """
    return _call("discover_targets:discover", arguments)


@click.command(cls=Command)
@click.argument("name", required=False, type=NonEmpty(), shell_complete=completed_values.schemas)
@option(
    "--directory",
    type=FilePath(file_okay=False),
    help="Write each schema to NAME.schema.json in this directory instead; create it if needed.",
)
def schema(**arguments: Any) -> ExitCode:
    """Print the JSON Schemas (2020-12) of the files and of the JSON output; NAME chooses one.

    \b
      devinops schema                        all of them, in one object
      devinops schema declarations           the YAML files
      devinops schema --directory schemas    as files, for an editor
    """
    return _call("schema:run", arguments)


@click.command(cls=Command)
@option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8484,
    show_default=True,
    help="Port to listen on; 0 means any free port.",
)
@option("--seed", type=FilePath(), help="Objects that exist at the start (YAML or JSON).")
@option("--state", type=FilePath(), help="Keep all objects in this file across restarts.")
@option(
    "--quirk",
    "quirks",
    multiple=True,
    metavar="NAME=VALUE",
    shell_complete=completed_values.quirks,
    help="How the API behaves if its documentation does not say; overrides the seed; repeatable.",
)
@option("--faults", type=FilePath(), help="Faults to inject, and when (YAML or JSON).")
@option(
    "--as",
    "report",
    type=FilePath(),
    metavar="REPORT",
    help="Answer as the service that devinops doctor examined: its report in JSON.",
)
def emulator(**arguments: Any) -> ExitCode:
    """Serve a local stand-in for the Devin API, v3 and v1, until Ctrl-C.

    Open its address in a browser to see and edit what it serves, as in the web app.

    Without the extra emulator, this prints the command that adds it.

    Keys: cog_emulator (organization org-emulator), cog_enterprise, apk_emulator (v1).

    \b
      devinops emulator &
      export DEVIN_API_URL=http://127.0.0.1:8484 DEVIN_API_KEY=cog_emulator
      devinops plan
    """
    return _call("emulator:run", arguments)


@click.command(cls=Command)
def demo(**arguments: Any) -> ExitCode:
    """Walk through a review, a rename, an edit in the web app and a rollback, on the emulator.

    Needs no key, and uses only a temporary directory and the loopback address of this machine.
    Without the extra emulator, this prints the command that adds it.
    """
    return _call("demo:run", arguments)


@click.command(cls=Command)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(**arguments: Any) -> ExitCode:
    """Print the completion script for a shell.

    It completes commands and options, and the targets, keys, runs and formats that they take.

    \b
      source <(devinops completion bash)     in ~/.bashrc
      source <(devinops completion zsh)      in ~/.zshrc
      devinops completion fish > ~/.config/fish/completions/devinops.fish
    """
    return _call("completion:run", arguments)
