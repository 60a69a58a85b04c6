"""What `devinops rollback` does."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from devinops.api import open_reader, open_writer
from devinops.applying.backup import DIRECTORY, LATEST, Backup, find, read_backup, summaries
from devinops.applying.report import ApplyReport
from devinops.cli.approved_plan import ApprovedPlan
from devinops.cli.execute_plan import RunJournal, ask, check_refusals, execute, finish, show
from devinops.cli.options import Options
from devinops.cli.output import is_interactive, why_nobody_answers
from devinops.cli.session import (
    NotApplied,
    Planned,
    Session,
    failures_written,
    open_session,
    retry_until_listed,
)
from devinops.config.reading import read_project
from devinops.config.settings import selected_targets, target_name
from devinops.load.file_names import CONFIG
from devinops.model.changes import Action, Outcome, Result
from devinops.model.client_protocols import Reader, Writer
from devinops.model.errors import UnusableFile, UsageError
from devinops.model.exit_codes import ExitCode
from devinops.model.inventory import Inventory, Record
from devinops.model.keys import ObjectId, listed
from devinops.model.policy import Approvals, OnDrift, Policy, Prune
from devinops.model.target import Target
from devinops.planning.plan import Plan
from devinops.planning.rollback import rollback_plan
from devinops.render import counted
from devinops.render.answers import PlanAnswer, SimpleAnswer
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
        rollback = _Rollback(saved, expect, yes, approvals, webhook_secrets)
        if dry_run or not (yes or expect is not None or is_interactive()):
            return _preview(options, rollback, dry_run=dry_run)
        with open_session(options, open_writer) as session:
            report = _roll_back(session, rollback)
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
class _Rollback:
    """The arguments of a rollback: the backup, and what is approved in advance."""

    backup: Backup
    digest: str | None
    yes: bool
    approvals: Approvals
    secrets: Path | None


def _preview(options: Options, arguments: _Rollback, *, dry_run: bool) -> ExitCode:
    """Show the plan without writing, and return its exit code.

    Without `dry_run`, raises NotApplied if a person must approve the plan.
    """
    with open_session(options, open_reader) as session:
        plan = _planned(session, arguments)[0].plan
    name = _name(options.root, arguments.backup)
    answer = PlanAnswer(plan, plan.exit_code(), command=f"rollback {name}")
    if dry_run or not (plan.changes or plan.refusals):
        options.answer(answer)
        return answer.exit_code
    show(options, plan, asking=False)
    check_refusals(plan, options.command_flags)
    how = (
        f"rollback cannot ask {why_nobody_answers()}, and nothing was written: review the plan, "
        f"then pass --expect {plan.digest}, or --yes"
    )
    raise NotApplied.because(plan, UsageError(how))


def _planned(
    session: Session[Reader], arguments: _Rollback
) -> tuple[Planned, Callable[[], Planned]]:
    """Return the plan of the rollback, and a function that plans again.

    Raises UnusableFile for a backup of another target.
    """
    saved = arguments.backup
    _check_target(saved, session.client.target)
    inventory = session.read_inventory()

    def replan() -> Planned:
        planned = _plan(session, saved, inventory, arguments.approvals)
        refusals = (*session.misplaced(planned.plan), *planned.plan.refusals)
        return planned._replace(plan=replace(planned.plan, refusals=refusals))

    return retry_until_listed(session.options, inventory, replan), replan


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


def _roll_back(session: Session[Writer], arguments: _Rollback) -> ApplyReport:
    options, path = session.options, arguments.backup.path
    planned, replan = _planned(session, arguments)
    plan, asking = planned.plan, not (arguments.yes or arguments.digest is not None)
    show(options, plan, asking=asking, approved=arguments.digest == plan.digest)
    if arguments.digest is not None:
        ApprovedPlan(arguments.digest).check(plan, options)
    check_refusals(plan, options.command_flags)
    if not plan.changes:
        return ApplyReport(plan, ())
    if asking:
        ask(plan)
        # The question may have been open for hours.
        planned = replan()
        ApprovedPlan(plan.digest, plan).check(planned.plan, options)
    report = execute(
        session, planned, replan, journal=_AnnouncedRun, keep=path, secrets=arguments.secrets
    )
    results = tuple(map(_with_new_id, report.results))
    return replace(report, results=results, backup_used=_name(options.root, arguments.backup))


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
    return Planned(replace(plan, notes=notes, inventory=inventory), snapshot)


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
