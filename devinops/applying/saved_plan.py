"""Writes plans to files, and reads them as `SavedPlan` to show them or compare an apply with them.

The file holds the JSON document of a plan. It is untrusted: any damage is one line and exit code 1,
never a traceback.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from devinops import atomic
from devinops.applying.merged_shards import merged, not_applied
from devinops.model.changes import Change, Outcome, Result
from devinops.model.errors import NotWritten, UnusableFile
from devinops.model.exit_codes import ExitCode, of_many
from devinops.model.inventory import Inventory
from devinops.model.objects import Source
from devinops.model.shard import Shard
from devinops.model.target import TargetState
from devinops.planning.classes import (
    ChangeClass,
    FleetPlan,
    Reading,
    Shared,
    TargetPlan,
    change_reading,
)
from devinops.planning.digest_list import DigestList
from devinops.planning.plan import SavedPlan, digest_of
from devinops.schema.base_document import (
    MAJOR,
    convert,
    is_readable,
    load_object,
    quotable,
    read_key,
)
from devinops.schema.fleet import FleetDocument, FleetTargetItem, SharedItem
from devinops.schema.plan import ApprovalsItem, ChangeItem, PlanDocument, ResultItem, checksum

_CHANGED: Final = "it was changed after it was saved: its checksum does not match its content"
LARGEST: Final = 256 * 1024 * 1024
"""Maximum size of a plan in bytes."""


def save(path: Path, chunks: Iterable[str]) -> None:
    """Write a whole document or nothing; only its owner can read a new file. Raises NotWritten."""
    try:
        atomic.replace(path, chunks, mode=0o600)
    except OSError as error:
        raise NotWritten(f"--out cannot write {path}: {atomic.reason(error)}") from error


def read_plan(path: Path) -> SavedPlan:
    """Return the plan of one target in a file that `save` wrote. Raises UnusableFile."""
    return plan_of(_document(path), path)


def read_reports(paths: Sequence[Path]) -> tuple[FleetPlan, ExitCode]:
    """Return the plans or reports of all shards as one, with the worst of their exit codes.

    Raises UnusableFile if they do not belong together.
    """
    plans, codes = [], []
    for path in paths:
        document = _document(path)
        _check_format(document, path)
        if "classes" not in document:
            raise UnusableFile(f"{path} is not the report of a shard: it is that of one target")
        plan = fleet_of(document, path)
        codes.append(ExitCode(document["exit_code"]))
        if why := document.get("error"):
            plan = not_applied(plan, why, codes[-1])
        plans.append((str(path), plan))
    plan = merged(plans)
    return plan, of_many(codes, wrote=plan.wrote)


def read_plans(path: Path) -> SavedPlan | FleetPlan:
    """Return the plan of one target or of many in a file that `save` wrote. Raises UnusableFile.

    The digests in a plan of many, its filters and its approvals are what an apply of it needs.
    """
    document = _document(path)
    return fleet_of(document, path) if "classes" in document else plan_of(document, path)


def _document(path: Path) -> dict[str, Any]:
    try:
        data = atomic.read(path, LARGEST + 1, follow=True)
    except OSError as error:
        raise UnusableFile(f"cannot read the plan {path}: {error.strerror or error}") from error
    if len(data) > LARGEST:
        raise _damaged(path, f"it is larger than {LARGEST} bytes")
    try:
        return load_object(data)
    except ValueError as error:
        raise _damaged(path, error) from None


def plan_of(document: Mapping[str, Any], path: Path) -> SavedPlan:
    """Return the plan in a JSON document. Raises UnusableFile."""
    _check_format(document, path)
    try:
        return _saved(convert(document, PlanDocument), document)
    except ValueError as error:
        raise _damaged(path, error) from None


def fleet_of(document: Mapping[str, Any], path: Path) -> FleetPlan:
    """Return the plans of many targets in a JSON document. Raises UnusableFile."""
    _check_format(document, path)
    try:
        saved = convert(document, FleetDocument)
        plan = _fleet(saved)
    except ValueError as error:
        raise _damaged(path, error) from None
    if saved.checksum != checksum(document):
        raise UnusableFile(f"{path}: {_CHANGED}; nothing was written: plan and review again")
    return plan


def _check_format(document: Mapping[str, Any], path: Path) -> None:
    version = document.get("format_version")
    if isinstance(version, str) and not is_readable(version):
        raise UnusableFile(
            f"{path} has format version {quotable(version[:20])}, but this devinops reads "
            f"{MAJOR}.x: use the devinops that wrote it, or plan again"
        )
    if document.get("complete") is False:
        raise UnusableFile(
            f"{path} is from a run that failed before it had a plan: fix the problems in it, then "
            "plan again"
        )


def read_digests(path: Path) -> DigestList:
    """Return the digests in a file that `comment --print-digest` wrote. Raises UnusableFile."""
    try:
        text = atomic.read(path, LARGEST, follow=True).decode("utf-8-sig")
    except OSError as error:
        raise UnusableFile(f"cannot read the digests {path}: {error.strerror or error}") from error
    except UnicodeDecodeError:
        raise UnusableFile(f"{path}: expected a list of digests in UTF-8") from None
    try:
        return DigestList.parse(text)
    except ValueError as error:
        raise UnusableFile(
            f"{path} is not a usable list of digests: {quotable(error)}; write it again with "
            "devinops comment --print-digest"
        ) from None


def _damaged(path: Path, what: object) -> UnusableFile:
    return UnusableFile(
        f"{path} is not a usable plan: {quotable(what)}; write it again with devinops plan --out"
    )


def _saved(plan: PlanDocument, document: Mapping[str, Any]) -> SavedPlan:
    """Raises ValueError if a value is wrong in a way that the schema cannot describe."""
    target = plan.target.to_model()
    changes = tuple(item.to_model() for item in plan.changes)
    hashes = (item.live_hash for item in plan.changes)
    digest = digest_of(target, zip(changes, hashes, strict=True), plan.inventory.moves_from)
    return SavedPlan(
        target=target,
        inventory=Inventory(plan.inventory.store, moves_from=plan.inventory.moves_from),
        owned=plan.inventory.owned,
        digest=digest,
        edited=_edited(plan, digest, document),
        changes=changes,
        blocked=tuple(item.to_model() for item in plan.blocked),
        missing=tuple(item.to_model() for item in plan.missing),
        drift=tuple(item.to_model() for item in plan.drift),
        problems=tuple(item.to_model() for item in plan.problems),
        notes=plan.notes,
        refusals=tuple(item.to_model() for item in plan.refusals),
        unmanaged=plan.unmanaged,
        unchanged=plan.unchanged,
        only=plan.only or (),
        approvals=(plan.approvals or ApprovalsItem()).to_model(),
        held=plan.held or "",
        risks=tuple(item.to_model() for item in plan.hazards),
        document=document,
    )


def _edited(plan: PlanDocument, digest: str, document: Mapping[str, Any]) -> str:
    """Return how a plan was changed after it was saved, empty if it was not."""
    if digest != plan.digest:
        return (
            f"it was changed after it was saved: it states the digest {plan.digest}, "
            f"but its changes have {digest}"
        )
    if plan.checksum != checksum(document):
        return _CHANGED
    return ""


def _fleet(saved: FleetDocument) -> FleetPlan:
    """Raises ValueError if a value is wrong in a way that the schema cannot describe."""
    changes: dict[tuple[Reading, Source | None], Change] = {}

    def kept(item: ChangeItem) -> Change:
        change = item.to_model()
        return changes.setdefault((change_reading(change), change.source), change)

    ExitCode(saved.exit_code)  # fails for a number that is not one
    return FleetPlan(
        targets=tuple(map(_target, saved.targets)),
        classes=tuple(
            ChangeClass(
                tuple(map(kept, group.changes)),
                tuple(item.to_model() for item in group.hazards),
                group.targets,
            )
            for group in saved.classes
        ),
        blocked=_shared(saved.blocked),
        missing=_shared(saved.missing),
        drift=_shared(saved.drift),
        refused=_shared(saved.refused),
        problems=_shared(saved.problems),
        notes=tuple(Shared(note.item, note.targets) for note in saved.notes),
        only=saved.only or (),
        approvals=(saved.approvals or ApprovalsItem()).to_model(),
        refusals=tuple(item.to_model() for item in saved.refusals),
        shard=Shard(saved.shard.number, saved.shard.total) if saved.shard else None,
        selected=saved.shard.selected if saved.shard else 0,
        is_drift=saved.is_drift is True,
        is_applied=isinstance(saved.left, tuple),
        not_done=tuple(
            Shared(_result(shared.item, changes.values()), shared.targets)
            for shared in saved.not_done or ()
        ),
        left=_shared(saved.left or ()),
        waiting=_shared(saved.waiting or ()),
    )


def _result(item: ResultItem, changes: Iterable[Change]) -> Result:
    """Return the result of a change: of that, only what people read in a result."""
    key = read_key(item.key)
    alike = (each.source for each in changes if (each.action, each.key) == (item.action, key))
    change = Change(item.action, key, "", item.id, declared_at=next(alike, None))
    return Result(change, item.outcome, item.message, item.id, item.unclear)


def _shared(items: Iterable[SharedItem[Any]]) -> tuple[Shared[Any], ...]:
    return tuple(Shared(shared.item.to_model(), shared.targets) for shared in items)


def _target(saved: FleetTargetItem) -> TargetPlan:
    outcomes = saved.outcomes or None
    is_known = saved.state is TargetState.PLANNED and outcomes is None
    return TargetPlan(
        saved.name,
        saved.state,
        saved.message,
        None if is_known else ExitCode(saved.exit_code),
        saved.target.to_model() if saved.target else None,
        saved.store,
        saved.digest or "",
        *(saved.changes, saved.deletes, saved.blocked, saved.drift, saved.refusals),
        outcomes=outcomes,
        wrote=bool(outcomes and outcomes.get(Outcome.DONE)),
        unverified=saved.unverified or "",
        backup=saved.backup or None,
        moves_from=saved.moves_from,
    )
