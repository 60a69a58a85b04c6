"""Writes plans to files, and reads them to show them or to compare an apply with them.

The file holds the JSON document of a plan. It is untrusted: any damage is one line and exit code 1,
never a traceback.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from devinops import atomic
from devinops.applying.merged_shards import merged, not_applied
from devinops.model.errors import NotWritten, UnusableFile
from devinops.model.exit_codes import ExitCode, of_many
from devinops.model.shard import Shard
from devinops.model.target import TargetState
from devinops.planning.digest_list import DigestList
from devinops.planning.run import PARTS, Plans, RunTarget, Shared
from devinops.schema.base_document import (
    check_version,
    convert,
    load_object,
    quotable,
)
from devinops.schema.parts import ApprovalsItem, checksum
from devinops.schema.run import RunDocument, RunTargetItem, rows_of

_CHANGED: Final = "it was changed after it was saved: its checksum does not match its content"
_NAMES: Final = {"risks": "hazards", "others": "unmanaged"}
"""Parts of plans that have another name in a document."""
LARGEST: Final = 256 * 1024 * 1024
"""Maximum size of a plan in bytes."""


def save(path: Path, chunks: Iterable[str]) -> None:
    """Write a whole document or nothing; only its owner can read a new file. Raises NotWritten."""
    try:
        atomic.replace(path, chunks, mode=0o600)
    except OSError as error:
        raise NotWritten(f"--out cannot write {path}: {atomic.reason(error)}") from error


def read_reports(paths: Sequence[Path]) -> tuple[Plans, ExitCode]:
    """Return the plans or reports of all shards as one, with the worst of their exit codes.

    Raises UnusableFile if they do not belong together.
    """
    plans, codes = [], []
    for path in paths:
        document = _document(path)
        plan = run_of(document, path)
        codes.append(ExitCode(document["exit_code"]))
        if why := document.get("error"):
            plan = not_applied(plan, why, codes[-1])
        plans.append((str(path), plan))
    plan = merged(plans)
    return plan, of_many(codes, wrote=plan.wrote)


def read_plans(path: Path) -> Plans:
    """Return the plans or the report in a file that `save` wrote. Raises UnusableFile."""
    return run_of(_document(path), path)


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


def run_of(document: Mapping[str, Any], path: Path) -> Plans:
    """Return the plans or the report in a JSON document, whose digests are computed again.

    Raises UnusableFile if the document was changed after it was written.
    """
    check_version(document, path, ", or plan again")
    if document.get("complete") is False:
        raise UnusableFile(
            f"{path} is from a run that failed before it had a plan: fix the problems that it "
            "lists, then plan again"
        )
    try:
        saved = convert(document, RunDocument)
        plans = _plans(saved)
    except ValueError as error:
        raise _damaged(path, error) from None
    if why := _changed(saved, plans, document):
        raise UnusableFile(f"{path}: {why}; nothing was written: plan and review again")
    return plans


def read_digests(path: Path) -> DigestList:
    """Return the digests in a file that `comment --print-digest` wrote. Raises UnusableFile."""
    try:
        return DigestList.parse(atomic.read(path, LARGEST, follow=True).decode("utf-8-sig"))
    except OSError as error:
        raise UnusableFile(f"cannot read the digests {path}: {error.strerror or error}") from error
    except UnicodeDecodeError:
        raise UnusableFile(f"{path}: expected a list of digests in UTF-8") from None
    except ValueError as error:
        raise UnusableFile(
            f"{path} is not a usable list of digests: {quotable(error)}; write it again with "
            "devinops comment --print-digest"
        ) from None


def _damaged(path: Path, what: object) -> UnusableFile:
    return UnusableFile(
        f"{path} is not a usable plan: {quotable(what)}; write it again with devinops plan --out"
    )


def _changed(saved: RunDocument, plans: Plans, document: Mapping[str, Any]) -> str:
    """Return how a document was changed after it was written; empty if it was not."""
    computed = plans.computed_digests()
    pairs = [(t.digest, computed.get(t.name, ""), f" for {t.name}") for t in plans.targets]
    for stated, digest, where in (*pairs, (saved.digest or "", plans.digest, "")):
        if stated != digest:
            return (
                f"it was changed after it was saved: it states the digest {stated or '(none)'}"
                f"{where}, but its changes have {digest or '(none)'}"
            )
    return _CHANGED if saved.checksum != checksum(document) else ""


def _plans(saved: RunDocument) -> Plans:
    """Raises ValueError if a value is wrong in a way that the schema cannot describe."""
    ExitCode(saved.exit_code)  # fails for a number that is not one
    is_applied = isinstance(saved.left, tuple)
    items = {part: getattr(saved, _NAMES.get(part, part)) for part in PARTS}
    plans = Plans(
        targets=tuple(_target(each, is_applied=is_applied) for each in saved.targets),
        **{part: _shared(items[part], row) for part, row in PARTS.items()},
        only=saved.only or (),
        exclude=saved.exclude or (),
        approvals=(saved.approvals or ApprovalsItem()).to_model(),
        refusals=tuple(item.to_model() for item in saved.refusals),
        by_one=saved.by_one,
        is_drift=saved.is_drift is True,
        is_applied=is_applied,
        shard=Shard(saved.shard.number, saved.shard.total) if saved.shard else None,
        selected=saved.shard.selected if saved.shard else 0,
        also_changed=saved.also_changed or (),
    )
    names = [target.name for target in plans.targets]
    rows = {name for part in PARTS for shared in plans[part] for name in shared.targets}
    if unknown := rows - {*names}:
        raise ValueError(f"{min(unknown)!r} is not one of its targets")
    if len(names) != len({*names}) or (saved.by_one and len(names) != 1):
        raise ValueError("a target is missing, or is there twice")
    return plans


def _shared(items: Any, row: Callable[..., Any]) -> tuple[Shared[Any, Any], ...]:
    """Return the items of a part; none of one that a document need not have."""
    return tuple(
        Shared(item.to_model(), tuple(row(*each) for each in rows_of(item.targets)))
        for item in items or ()
    )


def _target(saved: RunTargetItem, *, is_applied: bool) -> RunTarget:
    if saved.target and saved.target.name != saved.name:
        raise ValueError(f"{saved.name} names another target, {saved.target.name!r}")
    is_known = saved.state is TargetState.PLANNED and not is_applied
    return RunTarget(code=None if is_known else ExitCode(saved.exit_code), **saved.facts())
