"""`devinops rollback`."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click

from devinops.api import open_writer
from devinops.applying.applier import Report, Result
from devinops.applying.backup import Backup, Backups, find, read_backup, summaries
from devinops.cli.approval import Reviewed
from devinops.cli.execute import ask, carry_out, check_refusals, finish, handover, show
from devinops.cli.options import (
    WEBHOOK_SECRETS,
    FilePath,
    NonEmpty,
    Options,
    accepts_hazards,
    common,
    is_interactive,
)
from devinops.cli.progress import Progress
from devinops.cli.session import (
    RunJournal,
    connection,
    failures_written,
    look_patiently,
    with_references,
)
from devinops.config import Settings, resolve
from devinops.inventory import Header, new_run, open_store, wait_for_runs
from devinops.model.changes import Action, Outcome
from devinops.model.client import Writer
from devinops.model.errors import ConfigError, ExitCode, UsageError
from devinops.model.inventory import Record
from devinops.model.objects import Snapshot
from devinops.model.policy import Approvals
from devinops.model.target import Target
from devinops.planning.plan import Plan
from devinops.planning.rollback import rollback_plan
from devinops.render import counted
from devinops.schema.backup import BackupItem, BackupsDocument
from devinops.schema.document import HEAD


@click.command()
@click.argument("backup", required=False, type=FilePath())
@click.option("--yes", is_flag=True, help="Do not ask; for CI.")
@click.option(
    "--expect",
    type=NonEmpty(),
    metavar="DIGEST",
    help="Roll back only by the plan with this digest.",
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
    """Bring back what a run overwrote or deleted: plan, show, ask, write.

    BACKUP is a file, the name of a run, or latest (of the target). Without it the backups are listed. What the
    run created stays; a secret's value cannot come back.

    \b
      devinops rollback
      devinops rollback latest
      devinops rollback 20260312T101500Z-1f2e3d --yes
    """
    if backup is None:
        _list(options)
        return ExitCode.OK
    if not (yes or expect is not None or is_interactive()):
        raise UsageError("rollback has no terminal to ask on: pass --yes, or --expect DIGEST")
    with failures_written(options):
        settings = resolve(options.project(), options.flags, os.environ)
        path = find(settings.root, str(backup), settings.target).absolute()
        saved = read_backup(path, settings.root)
        with open_writer(connection(settings), options.log) as writer:
            report = _roll_back(
                options,
                settings,
                writer,
                saved,
                Reviewed(expect),
                yes=yes,
                approvals=approvals,
                secrets=webhook_secrets,
            )
    return finish(options, report)


def _roll_back(
    options: Options,
    settings: Settings,
    writer: Writer,
    saved: Backup,
    reviewed: Reviewed,
    *,
    yes: bool,
    approvals: Approvals,
    secrets: Path | None,
) -> Report:
    here = Target(settings.target, settings.api_url, settings.api, writer.org_id)
    if apart := saved.target.differences(here):
        raise ConfigError(
            f"{saved.path} is of another place ({apart}): roll back there; nothing was written"
        )

    def read() -> Snapshot:
        with Progress(options, "reading") as progress:
            kinds = {one.live.key.kind for one in saved.objects}
            return writer.snapshot(with_references(kinds), progress.at)

    def plan_of(snapshot: Snapshot) -> Plan:
        target = replace(here, emulator=bool(writer.emulator))
        return rollback_plan(
            saved.objects,
            snapshot,
            target,
            policy=settings.policy,
            run=saved.run,
            approvals=approvals,
        )

    store = open_store(
        settings.inventory, settings.root, Header.of(here.api_url, here.org_id, here.name)
    )
    inventory = wait_for_runs(store, options.lock_timeout)

    def look() -> tuple[Plan, Snapshot]:
        snapshot = read()
        plan = plan_of(snapshot)
        return replace(plan, notes=(*_notes(saved), *plan.notes), inventory=inventory), snapshot

    plan, snapshot = look_patiently(options, inventory, look)
    approved = yes or reviewed.expect is not None
    show(options, plan, asking=not approved)
    reviewed.check(plan, options)
    check_refusals(plan)
    if not plan.changes:
        return Report(plan, ())
    if not approved:
        ask(plan)
        # The question may have been open for hours.
        shown, (plan, snapshot) = plan, look()
        Reviewed(shown.digest, shown).check(plan, options)
    run = new_run(datetime.now(UTC))
    with handover(plan, secrets) as handing:
        report = carry_out(
            options,
            plan,
            snapshot,
            writer,
            Backups(settings.root, here, run, keep=saved.path),
            lambda: plan_of(read()),
            values={},
            parallelism=settings.parallelism,
            journal=_Announced(store, run, inventory),
            on_revealed=handing.hand_over,
        )
    return replace(report, results=tuple(map(_told, report.results)))


class _Announced(RunJournal):
    """Keeps other runs away, and leaves what the inventory remembers as it is.

    So a rollback is an outside edit to the next plan until the commit is reverted as well, and by default kept.
    """

    def settle(self, put: Sequence[Record], drop: Sequence[tuple[str, str]]) -> None:
        pass


def _notes(saved: Backup) -> Iterator[str]:
    if saved.torn:
        yield (
            "the last line of the backup is incomplete and left out: the run ended while it was written, before "
            "the request for that object was sent"
        )


def _told(result: Result) -> Result:
    """Say of an object that was created again that it has a new id."""
    if result.change.action is Action.CREATE and result.outcome is Outcome.DONE:
        remark = f"created again, under the new id {result.id}"
        return replace(result, message=f"{result.message}; {remark}" if result.message else remark)
    return result


# --- the list ---------------------------------------------------------------------------------------------


def _list(options: Options) -> None:
    found = list(summaries(options.root))

    def chunks(format: str) -> Iterator[str]:
        from devinops.render import json
        from devinops.render.escape import line

        if format == "json":
            rows = tuple(_row(options.root, path, backup) for path, backup in found)
            yield from json.dump(BackupsDocument(**HEAD, backups=rows))
            return
        for path, backup in found:
            yield f"{line(_words(_shown(options.root, path), backup))}\n"
        if not found:
            yield "no backups: none is made before something is overwritten or deleted\n"

    options.write(chunks)


def _words(file: str, backup: Backup | str) -> str:
    if isinstance(backup, str):
        return f"unreadable: {backup}"
    return f"{backup.time}  {backup.target.name}  {counted(len(backup.objects), 'object')}  {file}"


def _row(root: Path, path: Path, backup: Backup | str) -> BackupItem:
    if isinstance(backup, str):
        return BackupItem(file=_shown(root, path), error=backup)
    return BackupItem(
        file=_shown(root, path),
        run=backup.run,
        time=backup.time,
        target=backup.target.name,
        objects=len(backup.objects),
    )


def _shown(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix()
