"""What `devinops rollback` does."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from devinops.api import open_reader
from devinops.applying.backup import (
    DIRECTORY,
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
from devinops.cli.runs.approved_plan import ApprovedPlan
from devinops.cli.runs.plan_entries import retry_until_listed
from devinops.cli.runs.run import open_run
from devinops.cli.session import Planned, Session, failures_written, several
from devinops.config.reading import read_project
from devinops.config.settings import selected_targets
from devinops.load.file_names import CONFIG
from devinops.model.changes import Action, Outcome, Result
from devinops.model.client_protocols import Reader
from devinops.model.errors import NotFound, UnusableFile, UsageError
from devinops.model.exit_codes import ExitCode
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
    allow_targets: int | None,
    approvals: Approvals,
) -> ExitCode:
    """Carry out the command, as its help says; return the exit code."""
    if backup is None:
        options.answer(_list(options.root, _names(options)))
        return ExitCode.OK
    with failures_written(options):
        names, backups, options = _chosen(options, str(backup))
        approvals = replace(approvals, allow_targets=allow_targets)
        if dry_run and (yes or expect is not None):
            raise UsageError("--dry-run never writes: leave out --yes and --expect")
        planner, name = _Planner(backups), _name(options.root, *backups.values())
        if dry_run:
            with open_run(options, names, open_reader, entries=False) as rollback:
                plan = rollback.plan(approvals, planner)
            answer = rollback.answer(plan, plan.exit_code(), command=f"rollback {name}")
            options.answer(answer)
            return answer.exit_code
        why = f"rollback cannot ask {why_nobody_answers()}, and nothing was written"
        request = ApplyRequest(
            approvals,
            yes,
            approved=None if expect is None else ApprovedPlan(expect),
            secrets=webhook_secrets,
            # What a wave has written must not wait for a wave.
            out_of_wave=True,
            planner=planner,
            journal=_AnnouncedRun,
            reported=_reported,
            keep=[saved.path for saved in backups.values()],
            cannot_ask="" if is_interactive() else why,
            backup=name,
        )
        report = apply_to(options, names, request, entries=False)
    return finish(options, report)


class _Chosen(NamedTuple):
    """The targets to roll back, None for an only one, and the backup of each by its name."""

    names: tuple[str, ...] | None
    backups: dict[str, Backup]
    options: Options


def _chosen(options: Options, name: str) -> _Chosen:
    """Return what to roll back: `name` is the path of a backup, a run, or `latest`. Needs no key.

    Raises NotFound, UnusableFile, InputError and UsageError.
    """
    root, flags = options.root, options.command_flags
    paths = [] if name == LATEST else find(root, name, flags)
    project, names = read_project(root), several(options)
    if len(paths) == 1 and not names:
        # The backup says which target it is about.
        saved = _read(paths[0], root)
        target = saved.target.name
        if target in project.targets and len(project.targets) > 1:
            options = options.about(target, f"the backup {saved.path}")
        return _Chosen(None, {target: saved}, options)
    selected = selected_targets(project, options.flags)
    paths = paths or find_latest(root, selected, project.targets, flags)
    before = {n: {n, *project.targets.get(n, {}).get("previously", ())} for n in selected}
    found = [(n, path) for n in selected for path in paths if target_of(path) in before[n]]
    if not found:
        others = listed(map(target_of, paths))
        raise NotFound(f"the run {name} has no backup of {listed(selected)}, only of {others}")
    backups = {name: _read(path, root) for name, path in found}
    return _Chosen(tuple(backups) if names else None, backups, options)


def _read(path: Path, root: Path) -> Backup:
    return read_backup(path.absolute(), root)


@dataclass(frozen=True)
class _Planner:
    """Plans a target from its backup. Raises UnusableFile for a backup of another target."""

    backups: dict[str, Backup]

    def __call__(
        self,
        session: Session[Reader],
        approvals: Approvals,
        /,
        *,
        retry: bool = True,
        go_on: bool = False,
    ) -> Planned:
        # The target of an only backup may have another name now.
        name, (only, *_) = session.settings.target.name, self.backups.values()
        saved = self.backups.get(name, only)
        _check_target(saved, session.client.target)
        inventory = session.read_inventory(go_on=go_on)
        compare = partial(_plan, session, saved, inventory, approvals)
        return retry_until_listed(session.options, inventory, compare) if retry else compare()


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


def _reported(report: ApplyReport) -> ApplyReport:
    """Return the report of a rollback with the new ids of what it created again."""
    return replace(report, results=tuple(map(_with_new_id, report.results)))


def _plan(
    session: Session[Reader], saved: Backup, inventory: Inventory, approvals: Approvals
) -> Planned:
    snapshot = session.snapshot({object.live.key.kind for object in saved.objects})
    target, policy = session.client.target, session.settings.policy
    plan = rollback_plan(
        saved.objects, snapshot, target, policy=policy, run=saved.run, approvals=approvals
    )
    notes = (*_notes(saved), *_notes_about_files(plan, inventory, policy), *plan.notes)
    # A rollback without changes writes nothing, so it does not announce a rename of the inventory.
    inventory = replace(inventory, moves_from="")
    refusals = (*session.misplaced(plan), *plan.refusals)
    return Planned(replace(plan, notes=notes, refusals=refusals, inventory=inventory), snapshot)


class _AnnouncedRun(RunJournal):
    """Makes other runs wait, but does not change the records of the inventory.

    So the next plan shows the rollback as changes made outside devinops, which by default it keeps,
    until the commit is reverted as well.
    """

    def settle(self, upserts: Sequence[Record], removals: Sequence[ObjectId]) -> None:
        pass


def _notes_about_files(plan: Plan, inventory: Inventory, policy: Policy) -> Iterator[str]:
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


def _notes(saved: Backup) -> Iterator[str]:
    if saved.torn:
        yield (
            "the last line of the backup is incomplete and is ignored: the run ended while writing "
            "it, before it sent the request for that object"
        )


def _with_new_id(result: Result) -> Result:
    """Return a result whose message names the new id of an object that was created again."""
    if result.change.action is Action.CREATE and result.outcome is Outcome.DONE:
        remark = f"created again with a new id: {result.id}"
        return replace(result, message=f"{result.message}; {remark}" if result.message else remark)
    return result


# --- the list ---------------------------------------------------------------------------------


def _names(options: Options) -> frozenset[str]:
    """Return the names, now and before, of the targets that --target selects; empty without it."""
    if not options.flags.selectors:
        return frozenset()
    project = read_project(options.root)
    names = selected_targets(project, options.flags)
    olds = (project.targets.get(name, {}).get("previously", ()) for name in names)
    return frozenset(names).union(*olds)


def _list(root: Path, names: Collection[str]) -> SimpleAnswer:
    """Return the backups of these targets by run, of all if there are no names.

    Those that cannot be read do not tell whose they are.
    """
    backups = [
        (path, backup)
        for path, backup in summaries(root)
        if not names or isinstance(backup, str) or backup.target.name in names
    ]
    runs: dict[object, list[Backup | str]] = {}
    for path, backup in backups:
        runs.setdefault(path if isinstance(backup, str) else run_of(path), []).append(backup)
    lines = [_line(root, run) for run in runs.values()]
    if not backups:
        of = f" of {listed(names)}" if names else ""
        lines = [f"no backups{of}: a backup is made when a run overwrites or deletes something"]
    rows = tuple(_row(root, path, backup) for path, backup in backups)
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
    if isinstance(backup, str):
        return BackupItem(file=_relative(root, path), error=backup)
    return BackupItem(
        file=_relative(root, path),
        run=backup.run,
        time=backup.time,
        target=backup.target.name,
        objects=len(backup.objects),
    )


def _name(root: Path, backup: Backup, *others: Backup) -> str:
    """Return backups as an argument of this command, in quotes if needed: their run if possible."""
    is_run = backup.path.parent == (root / DIRECTORY).absolute()
    path = backup.path.parent if others else backup.path
    return shlex.quote(backup.run if is_run else str(path))


def _relative(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
