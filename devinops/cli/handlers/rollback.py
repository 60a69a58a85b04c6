"""What `devinops rollback` does."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from devinops.api import open_reader
from devinops.applying.backup import (
    LATEST,
    Backup,
    find,
    find_latest,
    read_backup,
    run_of,
    summaries,
    target_of,
)
from devinops.applying.report import ApplyReport
from devinops.cli.declarations.options import Options
from devinops.cli.output import is_interactive, why_nobody_answers
from devinops.cli.runs.apply import ApplyRequest, RunJournal, apply_to, finish
from devinops.cli.runs.approved_plan import read_approved
from devinops.cli.runs.plan_entries import retry_until_listed
from devinops.cli.runs.run import Planning, open_run
from devinops.cli.session import Planned, Session, failures_written, targets_of_run
from devinops.config.project import Project
from devinops.config.reading import read_project
from devinops.config.settings import selected_targets
from devinops.load.file_names import CONFIG
from devinops.model.changes import Action, Outcome, Result
from devinops.model.client_protocols import Reader
from devinops.model.errors import NotFound, UnusableFile, UsageError
from devinops.model.exit_codes import ExitCode
from devinops.model.grouping import grouped
from devinops.model.inventory import Inventory, Record
from devinops.model.keys import ObjectId, listed
from devinops.model.policy import Approvals, OnDrift, Policy, Prune
from devinops.model.target import Target
from devinops.planning.plan import Plan
from devinops.planning.rollback import rollback_plan
from devinops.render import counted
from devinops.render.answers import SimpleAnswer
from devinops.schema.backup import BackupItem, BackupsDocument
from devinops.schema.base_document import HEAD


def run(
    options: Options,
    backup: Path | None,
    dry_run: bool,
    yes: bool,
    expect: str | None,
    webhook_secrets: Path | None,
    approvals: Approvals,
) -> ExitCode:
    """Carry out the command, as its help says; return the exit code."""
    if backup is None:
        return options.answer(_list(options))
    with failures_written(options):
        names, paths, options = _chosen(options, str(backup))
        if dry_run and (yes or expect is not None):
            raise UsageError("--dry-run never writes: leave out --yes and --expect")
        run = run_of(next(iter(paths.values()))) if str(backup) == LATEST else str(backup)
        planner, name = partial(_plan, options.root, paths), shlex.quote(run)
        if dry_run:
            with open_run(options, names, open_reader, entries=False) as rollback:
                plan = Planning(rollback, approvals, planner).plans()
            answer = rollback.answer(plan, plan.exit_code(), command=f"rollback {name}")
            return options.answer(answer)
        why = f"rollback cannot ask {why_nobody_answers()}, and nothing was written"
        request = ApplyRequest(
            approvals,
            yes,
            approved=read_approved(None, expect, None),
            secrets=webhook_secrets,
            planner=planner,
            journal=_AnnouncedRun,
            reported=_with_new_ids,
            keep=paths.values(),
            cannot_ask="" if is_interactive() else why,
            backup=name,
        )
        report = apply_to(options, names, request, entries=False)
    return finish(options, report)


def _chosen(options: Options, name: str) -> tuple[tuple[str, ...] | None, dict[str, Path], Options]:
    """Return the targets to roll back, None for an only one, with the path of the backup of each.

    `name` is the path of a backup, a run, or `latest`. The options that are returned name the
    target that an only backup is about. Needs no key. Raises NotFound, UnusableFile, InputError
    and UsageError.
    """
    root, flags = options.root, options.command_flags
    paths = [] if name == LATEST else [path.absolute() for path in find(root, name, flags)]
    project, names = read_project(root), targets_of_run(options)
    if len(paths) == 1 and names is None:
        # The backup says which target it is about.
        target = read_backup(paths[0], root).target.name
        if target in project.targets and len(project.targets) > 1:
            options = options.about(target, f"the backup {paths[0]}")
        return None, {target: paths[0]}, options
    if paths and len(project.targets) > 1 and not options.flags.selectors:
        raise UsageError(
            f"the run {name} has backups of several targets ({listed(map(target_of, paths))}): "
            "choose with --target, such as --target all"
        )
    selected = selected_targets(project, options.flags)
    paths = paths or find_latest(root, selected, project.targets, flags)
    found = {n: path for n in selected for path in paths if target_of(path) in _names(project, n)}
    if not found:
        others = listed(map(target_of, paths))
        raise NotFound(f"the run {name} has no backup of {listed(selected)}, only of {others}")
    return tuple(found) if names else None, found, options


def _names(project: Project, name: str) -> set[str]:
    """Return the names of a target, now and before."""
    return {name, *project.targets.get(name, {}).get("previously", ())}


def _plan(
    root: Path,
    paths: Mapping[str, Path],
    session: Session[Reader],
    approvals: Approvals,
    /,
    *,
    retry: bool = True,
    go_on: bool = False,
) -> Planned:
    """Plan a target from its backup. Raises UnusableFile for one that is damaged, or of another."""
    # The target of an only backup may have another name now.
    path = paths.get(session.settings.target.name) or next(iter(paths.values()))
    saved, target, policy = read_backup(path, root), session.client.target, session.settings.policy
    _check_target(saved, target)
    inventory = session.read_inventory(go_on=go_on)

    def compare() -> Planned:
        snapshot = session.snapshot({object.live.key.kind for object in saved.objects})
        plan = rollback_plan(
            saved.objects,
            snapshot,
            target,
            policy=policy,
            run=saved.run,
            approvals=approvals,
            inventory=inventory,
        )
        return Planned(plan, snapshot)

    planned = retry_until_listed(session.options, inventory, compare) if retry else compare()
    plan = planned.plan
    notes = (*_notes(saved, plan, inventory, policy), *plan.notes)
    refusals = (*session.misplaced(plan), *plan.refusals)
    # A rollback without changes writes nothing, so it does not announce a rename of the inventory.
    inventory = replace(inventory, moves_from="")
    plan = replace(plan, notes=notes, refusals=refusals, inventory=inventory)
    return planned._replace(plan=plan)


def _check_target(saved: Backup, here: Target) -> None:
    """Raise UnusableFile for a backup of another organization, whose target may be renamed."""
    others = replace(saved.target, name=here.name).differences(here)
    if not others and (saved.target.org_id or saved.target.name == here.name):
        return
    way = "roll back there"
    if not others:
        way = (
            f"roll back there, or, if the target was renamed, name it {saved.target.name} in "
            f"{CONFIG} until the rollback is done"
        )
    raise UnusableFile(
        f"{saved.path} is a backup of another target ({saved.target.differences(here)}): {way}; "
        "nothing was written"
    )


def _with_new_ids(report: ApplyReport) -> ApplyReport:
    """Return a report whose messages name the new ids of what was created again."""

    def named(result: Result) -> Result:
        if result.change.action is not Action.CREATE or result.outcome is not Outcome.DONE:
            return result
        remark = f"created again with a new id: {result.id}"
        return replace(result, message="; ".join(filter(None, (result.message, remark))))

    return replace(report, results=tuple(map(named, report.results)))


class _AnnouncedRun(RunJournal):
    """Makes other runs wait, but does not change the records of the inventory.

    So the next plan shows the rollback as changes made outside devinops, which by default it keeps,
    until the commit is reverted as well.
    """

    def settle(self, upserts: Sequence[Record], removals: Sequence[ObjectId]) -> None:
        pass


def _notes(saved: Backup, plan: Plan, inventory: Inventory, policy: Policy) -> Iterator[str]:
    """Yield what the backup lacks, and what becomes of its objects until the files follow."""
    if saved.torn:
        yield (
            "the last line of the backup is incomplete and is ignored: the run ended while writing "
            "it, before it sent the request for that object"
        )
    for reason in saved.dropped:
        yield f"not restored: {reason}"
    if not plan.changes:
        return
    keeps = policy.on_drift is not OnDrift.OVERWRITE and policy.prune is not Prune.SCOPE
    then = "the next apply can overwrite or delete what this restores"
    if inventory.store != "none" and keeps:
        creates = any(change.action is Action.CREATE for change in plan.changes)
        then = (
            "devinops keeps what this restores, and shows it as changed outside devinops"
            f"{', or as unmanaged if it is created again' if creates else ''}"
        )
    yield f"revert the commit as well: until the files follow, {then}"


# --- the list ---------------------------------------------------------------------------------


def _list(options: Options) -> SimpleAnswer:
    """Return the backups by run, all or those of the targets that --target selects.

    Those that cannot be read do not tell whose they are.
    """
    root, names = options.root, set[str]()
    if options.flags.selectors:
        project = read_project(root)
        names.update(*(_names(project, n) for n in selected_targets(project, options.flags)))
    found = [
        (path, backup)
        for path, backup in summaries(root)
        if not names or isinstance(backup, str) or backup.target.name in names
    ]
    runs = grouped((path if isinstance(b, str) else run_of(path), b) for path, b in found)
    lines = [_line(root, run) for run in runs.values()]
    if not found:
        of = f" of {listed(names)}" if names else ""
        lines = [f"no backups{of}: a backup is made when a run overwrites or deletes something"]
    rows = tuple(_row(root, path, backup) for path, backup in found)
    return SimpleAnswer(lines, lambda: BackupsDocument(**HEAD, backups=rows))


def _line(root: Path, run: Sequence[Backup | str]) -> str:
    """Return what a run saved and the argument that restores it, or why it is unreadable."""
    saved = [backup for backup in run if not isinstance(backup, str)]
    if not saved:
        return f"unreadable: {run[0]}"
    first, objects = saved[0], counted(sum(len(each.objects) for each in saved), "object")
    if len(saved) == 1:
        return f"{first.time}  {first.target.name}  {objects}  {_relative(root, first.path)}"
    targets = listed(sorted(each.target.name for each in saved))
    return f"{first.time}  {len(saved)} targets ({targets})  {objects}  {first.run}"


def _row(root: Path, path: Path, backup: Backup | str) -> BackupItem:
    file = _relative(root, path)
    if isinstance(backup, str):
        return BackupItem(file=file, error=backup)
    return BackupItem(
        file=file,
        run=backup.run,
        time=backup.time,
        target=backup.target.name,
        objects=len(backup.objects),
    )


def _relative(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
