"""Writes plans to files, and reads them as `SavedPlan` to show them or compare an apply with them.

The file holds the JSON document of a plan. It is untrusted: any damage is one line and exit code 1,
never a traceback.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from devinops import atomic
from devinops.model.errors import NotWritten, UnusableFile
from devinops.model.inventory import Inventory
from devinops.planning.digest_list import DigestList
from devinops.planning.plan import SavedPlan, digest_of
from devinops.schema.base_document import MAJOR, convert, is_readable, load_object, quotable
from devinops.schema.plan import ApprovalsItem, PlanDocument, checksum

LARGEST: Final = 256 * 1024 * 1024
"""Maximum size of a plan in bytes."""


def save(path: Path, chunks: Iterable[str]) -> None:
    """Write a whole document or nothing; only its owner can read a new file. Raises NotWritten."""
    try:
        atomic.replace(path, chunks, mode=0o600)
    except OSError as error:
        raise NotWritten(f"--out cannot write {path}: {atomic.reason(error)}") from error


def read_plan(path: Path) -> SavedPlan:
    """Return the plan in a file that `save` wrote. Raises UnusableFile."""
    try:
        data = atomic.read(path, LARGEST + 1, follow=True)
    except OSError as error:
        raise UnusableFile(f"cannot read the plan {path}: {error.strerror or error}") from error
    if len(data) > LARGEST:
        raise _damaged(path, f"it is larger than {LARGEST} bytes")
    try:
        document = load_object(data)
    except ValueError as error:
        raise _damaged(path, error) from None
    return plan_of(document, path)


def plan_of(document: Mapping[str, Any], path: Path) -> SavedPlan:
    """Return the plan in a JSON document. Raises UnusableFile."""
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
    try:
        return _saved(convert(document, PlanDocument), document)
    except ValueError as error:
        raise _damaged(path, error) from None


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
    digest = digest_of(target, zip(changes, hashes, strict=True))
    return SavedPlan(
        target=target,
        inventory=Inventory(plan.inventory.store),
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
        return "it was changed after it was saved: its checksum does not match its content"
    return ""
