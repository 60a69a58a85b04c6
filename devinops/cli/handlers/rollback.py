"""What `devinops rollback` does."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from devinops.api import open_reader
from devinops.applying.backup import DIRECTORY, LATEST, Backup, find, read_backup, summaries
from devinops.applying.report import ApplyReport
from devinops.cli.apply import ApplyRequest, RunJournal, apply_to, finish
from devinops.cli.approved_plan import ApprovedPlan
from devinops.cli.options import Options
from devinops.cli.output import is_interactive, why_nobody_answers
from devinops.cli.plan_entries import retry_until_listed
from devinops.cli.run import open_run
from devinops.cli.session import Planned, Session, failures_written
from devinops.config.reading import read_project
from devinops.config.settings import selected_targets, target_name
from devinops.load.file_names import CONFIG
from devinops.model.changes import Action, Outcome, Result
from devinops.model.client_protocols import Reader
from devinops.model.errors import UnusableFile, UsageError
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
    approvals: Approvals,
) -> ExitCode:
    """Carry out the command, as its help says; return the exit code."""
    if backup is None:
        options.answer(_list(options.root, _names(options)))
        return ExitCode.OK
    with failures_written(options):
        saved = _read(options, str(backup))
        options = _of_its_target(options, saved)
        if dry_run and (yes or expect is not None):
            raise UsageError("--dry-run never writes: leave out --yes and --expect")
        planner, command = _Planner(saved), f"rollback {_name(options.root, saved)}"
        if dry_run:
            with open_run(options, None, open_reader, entries=False) as rollback:
                plan = rollback.plan(approvals, planner)
            answer = rollback.answer(plan, plan.exit_code(), command=command)
            options.answer(answer)
            return answer.exit_code
        nobody = f"rollback cannot ask {why_nobody_answers()}, and nothing was written"
        request = ApplyRequest(
            approvals,
            yes,
            approved=None if expect is None else ApprovedPlan(expect),
            secrets=webhook_secrets,
            planner=planner,
            journal=_AnnouncedRun,
            reported=partial(_reported, _name(options.root, saved)),
            keep=(saved.path,),
            cannot_ask="" if is_interactive() else nobody,
        )
        report = apply_to(options, None, request, entries=False)
    return finish(options, report)


def _read(options: Options, name: str) -> Backup:
    """Return a backup by its path, its run or `latest`. Needs no key.

    Raises NotFound and UnusableFile; for `latest` also InputError and UsageError.
    """
    if name == LATEST:
        project = read_project(options.root)
        target, source = target_name(project, options.flags)
        flags = options.about(target, source).command_flags
        path = find(options.root, name, target, project.targets, flags)
    else:
        path = find(options.root, name, "", flags=options.command_flags)
    return read_backup(path.absolute(), options.root)


def _of_its_target(options: Options, saved: Backup) -> Options:
    """Return the options with the target of the backup, if it is one of several that there are."""
    targets = read_project(options.root).targets
    if saved.target.name not in targets or len(targets) == 1:
        return options
    return options.about(saved.target.name, f"the backup {saved.path}")


@dataclass(frozen=True)
class _Planner:
    """Plans a target from a backup. Raises UnusableFile for a backup of another target."""

    saved: Backup

    def __call__(
        self,
        session: Session[Reader],
        approvals: Approvals,
        /,
        *,
        retry: bool = True,
        go_on: bool = False,
    ) -> Planned:
        _check_target(self.saved, session.client.target)
        inventory = session.read_inventory(go_on=go_on)
        compare = partial(_plan, session, self.saved, inventory, approvals)
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


def _reported(name: str, report: ApplyReport) -> ApplyReport:
    """Return the report of a rollback with what it restored, from the backup with this name."""
    return replace(report, results=tuple(map(_with_new_id, report.results)), backup_used=name)


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
    """Return the backups of these targets, of all if there are no names.

    Those that cannot be read do not tell whose they are.
    """
    backups = [
        (path, backup)
        for path, backup in summaries(root)
        if not names or isinstance(backup, str) or backup.target.name in names
    ]
    lines = [_line(_relative(root, path), backup) for path, backup in backups]
    if not backups:
        of = f" of {listed(names)}" if names else ""
        lines = [f"no backups{of}: a backup is made when a run overwrites or deletes something"]
    rows = tuple(_row(root, path, backup) for path, backup in backups)
    return SimpleAnswer(lines, lambda: BackupsDocument(**HEAD, backups=rows))


def _line(file: str, backup: Backup | str) -> str:
    if isinstance(backup, str):
        return f"unreadable: {backup}"
    return f"{backup.time}  {backup.target.name}  {counted(len(backup.objects), 'object')}  {file}"


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


def _name(root: Path, backup: Backup) -> str:
    """Return a backup as an argument of this command, in quotes if needed: its run if possible."""
    is_run = backup.path.parent == (root / DIRECTORY).absolute()
    return shlex.quote(backup.path.stem if is_run else str(backup.path))


def _relative(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
