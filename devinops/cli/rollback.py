"""`devinops rollback`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import click

from devinops.api import open_writer
from devinops.applying.backup import Backup, find, read_backup, summaries
from devinops.applying.report import Report, Result
from devinops.cli.approval import ApprovedPlan
from devinops.cli.execute import RunJournal, ask, check_refusals, execute, finish, show
from devinops.cli.options import (
    WEBHOOK_SECRETS,
    FilePath,
    NonEmpty,
    Options,
    accepts_hazards,
    common,
    is_interactive,
)
from devinops.cli.session import (
    Planned,
    Session,
    failures_written,
    open_session,
    retry_until_listed,
)
from devinops.model.changes import Action, Outcome
from devinops.model.client import Writer
from devinops.model.errors import ExitCode, UnusableFile, UsageError
from devinops.model.inventory import Inventory, Record
from devinops.model.keys import ObjectId
from devinops.model.policy import Approvals
from devinops.planning.rollback import rollback_plan
from devinops.render import counted
from devinops.render.answers import SimpleAnswer
from devinops.schema.backup import BackupItem, BackupsDocument
from devinops.schema.document import HEAD


@click.command()
@click.argument("backup", required=False, type=FilePath())
@click.option("--yes", is_flag=True, help="Do not ask; for CI.")
@click.option(
    "--expect",
    type=NonEmpty(),
    metavar="DIGEST",
    help="Apply only the plan with this digest; exit 5 if the plan is another one.",
)
@WEBHOOK_SECRETS
@common(api=True, lock=True)
@accepts_hazards
def command(
    options: Options,
    backup: Path | None,
    yes: bool,
    expect: str | None,
    webhook_secrets: Path | None,
    approvals: Approvals,
) -> ExitCode:
    """Restore what a run overwrote or deleted: plan, show, ask, write.

    BACKUP is a file, the name of a run, or latest (of the target). Without it, the backups are
    listed. What the run created stays, and the value of a secret cannot be restored.

    \b
      devinops rollback
      devinops rollback latest
      devinops rollback 20260312T101500Z-1f2e3d --yes
    """
    if backup is None:
        options.answer(_list(options.root))
        return ExitCode.OK
    if not (yes or expect is not None or is_interactive()):
        raise UsageError("rollback cannot ask without a terminal: pass --yes, or --expect DIGEST")
    with failures_written(options), open_session(options, open_writer) as session:
        rollback = _Rollback(str(backup), expect, yes, approvals, webhook_secrets)
        report = _roll_back(session, rollback)
    return finish(options, report)


@dataclass(frozen=True)
class _Rollback:
    """The arguments of a rollback: `backup` as typed, and what is approved in advance."""

    backup: str
    digest: str | None
    yes: bool
    approvals: Approvals
    secrets: Path | None


def _roll_back(session: Session[Writer], arguments: _Rollback) -> Report:
    options, root = session.options, session.settings.root
    path = find(root, arguments.backup, session.settings.target.name).absolute()
    saved = read_backup(path, root)
    if differences := saved.target.differences(session.client.target):
        raise UnusableFile(
            f"{path} is a backup of another target ({differences}): roll back there; "
            "nothing was written"
        )
    inventory = session.read_inventory()

    def replan() -> Planned:
        return _plan(session, saved, inventory, arguments.approvals)

    planned = retry_until_listed(options, inventory, replan)
    plan, asking = planned.plan, not (arguments.yes or arguments.digest is not None)
    show(options, plan, asking=asking, approved=arguments.digest == plan.digest)
    if arguments.digest is not None:
        ApprovedPlan(arguments.digest).check(plan, options)
    check_refusals(plan)
    if not plan.changes:
        return Report(plan, ())
    if asking:
        ask(plan)
        # The question may have been open for hours.
        planned = replan()
        ApprovedPlan(plan.digest, plan).check(planned.plan, options)
    report = execute(
        session, planned, replan, journal=_AnnouncedRun, keep=path, secrets=arguments.secrets
    )
    return replace(report, results=tuple(map(_with_new_id, report.results)))


def _plan(
    session: Session[Writer], saved: Backup, inventory: Inventory, approvals: Approvals
) -> Planned:
    snapshot = session.snapshot({object.live.key.kind for object in saved.objects})
    target, policy = session.client.target, session.settings.policy
    plan = rollback_plan(
        saved.objects, snapshot, target, policy=policy, run=saved.run, approvals=approvals
    )
    notes = (*_notes(saved), *plan.notes)
    return Planned(replace(plan, notes=notes, inventory=inventory), snapshot)


class _AnnouncedRun(RunJournal):
    """Makes other runs wait, but does not change the records of the inventory.

    So the next plan shows the rollback as changes made outside devinops, which by default it keeps,
    until the commit is reverted as well.
    """

    def settle(self, upserts: Sequence[Record], removals: Sequence[ObjectId]) -> None:
        pass


def _notes(saved: Backup) -> Iterator[str]:
    if saved.torn:
        yield (
            "the last line of the backup is incomplete and is ignored: the run ended while writing "
            "it, before it sent the request for that object"
        )


def _with_new_id(result: Result) -> Result:
    """Return a result whose message names the new id of an object that was created again."""
    if result.change.action is Action.CREATE and result.outcome is Outcome.DONE:
        remark = f"created again, with the new id {result.id}"
        return replace(result, message=f"{result.message}; {remark}" if result.message else remark)
    return result


# --- the list ---------------------------------------------------------------------------------


def _list(root: Path) -> SimpleAnswer:
    backups = list(summaries(root))
    lines = [_line(_relative(root, path), backup) for path, backup in backups]
    if not backups:
        lines = ["no backups: a backup is made when a run overwrites or deletes something"]
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


def _relative(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix()
