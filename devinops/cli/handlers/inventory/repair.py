"""What `devinops inventory repair` does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

import click

from devinops.cli import root_files
from devinops.cli.handlers.inventory.answers import answer
from devinops.cli.options import Options, is_interactive
from devinops.cli.session import Session, open_inventory_session
from devinops.inventory.repair import Finding, find
from devinops.model.client_protocols import Reader
from devinops.model.exit_codes import ExitCode
from devinops.model.inventory import Inventory
from devinops.model.keys import Key
from devinops.model.objects import Declaration, Ensure
from devinops.planning.commands import forget_command, link_command
from devinops.render import counted
from devinops.schema.base_document import HEAD
from devinops.schema.inventory import CandidateItem, MissingItem, RepairDocument


def run(options: Options, yes: bool) -> ExitCode:
    """Carry out the command, as its help says; return the exit code."""
    with open_inventory_session(options) as session:
        _, loaded = root_files.read(options.root)
        declared = {key for entry in loaded.declarations for key in _keys(entry, session)}
        inventory = session.store.read()
        kinds = {record.key.kind for record in inventory.owned}
        findings = find(inventory, session.snapshot(kinds), declared) if kinds else ()
    target, missing = session.settings.target.name, tuple(map(_missing, findings))
    links = [finding for finding in findings if finding.link]
    waits = len(links) < len(findings) or (links and not (yes or is_interactive()))
    document = RepairDocument(**HEAD, target=target, missing=missing)
    answer(
        session,
        _proposals(findings, options.place),
        document,
        ExitCode.DECIDE if waits else ExitCode.OK,
    )
    if links and not _approved(options, len(links), yes=yes):
        return ExitCode.DECIDE
    if links:
        _relink(session, inventory, links)
    return ExitCode.DECIDE if len(links) < len(findings) else ExitCode.OK


def _keys(entry: Declaration, session: Session[Reader]) -> tuple[Key, ...]:
    """Return the keys under which an entry may own an object of the target."""
    is_present = entry.ensure is Ensure.PRESENT and entry.concerns(session.settings.target.name)
    return (entry.key, *entry.previously) if is_present else ()


def _relink(session: Session[Reader], inventory: Inventory, links: Sequence[Finding]) -> None:
    gone = [link.record.object_id for link in links]
    changed = inventory.changed([link.linked for link in links], gone)
    session.store.write(changed, inventory, f"{len(links)} linked again")
    session.options.say(f"linked {counted(len(links), 'record')}")


def _approved(options: Options, count: int, *, yes: bool) -> bool:
    if yes or (is_interactive() and click.confirm(f"Link {counted(count, 'record')}?", err=True)):
        return True
    options.say("nothing was linked; pass --yes to link without being asked")
    return False


def _proposals(findings: Iterable[Finding], place: str) -> Iterator[str]:
    linked = undecided = 0
    for finding in findings:
        record = finding.record
        linked, undecided = linked + bool(finding.link), undecided + (not finding.link)
        yield f"{record.key}: {record.id} is gone"
        for candidate in finding.candidates:
            mark = "->" if finding.link else " ?"
            live, evidence = candidate.live, ", ".join(candidate.evidence)
            created = f", created {_date(live.created_at)}" if live.created_at else ""
            yield f"  {mark} {live.id}, {live.key}: {evidence}{created}"
        if not finding.link:
            choice = f"{link_command(record.key, place=place)}, or " if finding.candidates else ""
            yield f"  decide: {choice}{forget_command(record.key, place)}"
            yield "    after forget, an entry with this key is planned as a new one"
    yield f"{linked} to link again, {undecided} to decide"


def _date(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d}"


def _missing(finding: Finding) -> MissingItem:
    candidates = (
        CandidateItem(
            candidate.live.id,
            str(candidate.live.key),
            candidate.evidence,
            candidate.live.created_at,
        )
        for candidate in finding.candidates
    )
    link = finding.link.live.id if finding.link else None
    return MissingItem(str(finding.record.key), finding.record.id, link, tuple(candidates))
