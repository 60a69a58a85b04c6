"""Saved plans: the JSON plan document in a file, and back as a `SavedPlan` to show or to hold an apply against.

A file is untrusted: whatever is damaged in it ends as one line and exit code 1, never as a traceback.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from devinops import atomic
from devinops.model.errors import NotWritten, UnusableFile
from devinops.model.inventory import Inventory
from devinops.planning.plan import digest_of
from devinops.planning.saved import SavedPlan
from devinops.schema.document import MAJOR, convert, is_readable, load_object, quotable
from devinops.schema.plan import ApprovalsItem, PlanDocument, checksum

LARGEST: Final = 256 * 1024 * 1024
"""Bytes of a file that are read; a larger file is not a plan."""


def save(path: Path, chunks: Iterable[str]) -> None:
    """Write a document, all of it or nothing; a new file is its owner's alone. Raises NotWritten."""
    try:
        atomic.replace(path, chunks, mode=0o600)
    except OSError as error:
        raise NotWritten(f"--out cannot write {path}: {atomic.reason(error)}") from error


def read_plan(path: Path) -> SavedPlan:
    """Read what `save` wrote. Raises UnusableFile in one line, with what to do next."""
    try:
        data = atomic.read(path, LARGEST + 1, follow=True)
    except OSError as error:
        raise UnusableFile(f"cannot read the plan {path}: {error.strerror or error}") from error
    if len(data) > LARGEST:
        raise _damaged(path, f"it has more than {LARGEST} bytes")
    try:
        document = load_object(data)
    except ValueError as error:
        raise _damaged(path, error) from None
    return plan_of(document, path)


def plan_of(document: Mapping[str, Any], path: Path) -> SavedPlan:
    """Turn a plan document into values. Raises UnusableFile."""
    version = document.get("format_version")
    if isinstance(version, str) and not is_readable(version):
        raise UnusableFile(
            f"{path} has format version {quotable(version[:20])}, and this devinops reads {MAJOR}.x: use the "
            "devinops that wrote it, or plan again"
        )
    if document.get("complete") is False:
        raise UnusableFile(
            f"{path} is of a run that came to no plan: fix what it reports, then plan again"
        )
    try:
        return _saved(convert(document, PlanDocument), document)
    except ValueError as error:
        raise _damaged(path, error) from None


def _damaged(path: Path, what: object) -> UnusableFile:
    return UnusableFile(
        f"{path} is not a usable plan: {quotable(what)}; write it again with devinops plan --out"
    )


def _saved(plan: PlanDocument, document: Mapping[str, Any]) -> SavedPlan:
    """Raises ValueError for what a schema cannot say."""
    target = plan.target.to_model()
    changes = tuple(item.to_model() for item in plan.changes)
    hashes = (item.live_hash for item in plan.changes)
    digest = digest_of(target, zip(changes, hashes, strict=True))
    return SavedPlan(
        target=target,
        inventory=Inventory(plan.inventory.store),
        owned=plan.inventory.owned,
        digest=digest,
        edited=_edited(plan, digest, document),
        changes=changes,
        blocked=tuple(item.to_model() for item in plan.blocked),
        drift=tuple(item.to_model() for item in plan.drift),
        problems=tuple(item.to_model() for item in plan.problems),
        notes=plan.notes,
        refusals=plan.refusals,
        unmanaged=plan.unmanaged,
        unchanged=plan.unchanged,
        only=plan.only or (),
        approvals=(plan.approvals or ApprovalsItem()).to_model(),
        document=document,
    )


def _edited(plan: PlanDocument, digest: str, document: Mapping[str, Any]) -> str:
    if digest != plan.digest:
        return (
            f"it was changed after it was saved: it states the digest {plan.digest}, "
            f"its changes have {digest}"
        )
    if plan.checksum != checksum(document):
        return "it was changed after it was saved: its checksum does not fit what it holds"
    return ""
