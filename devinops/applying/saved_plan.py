"""Saved plans: the JSON plan document in a file, and back as a `Plan` to show or to hold an apply against.

A file is untrusted: whatever is damaged in it ends as one line and exit code 1, never as a traceback.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NoReturn

from devinops import atomic
from devinops.kinds import KINDS
from devinops.model.changes import Action, Blocked, Blocker, Change, Drift, FieldChange, Moved
from devinops.model.errors import NotWritten, UnusableFile
from devinops.model.inventory import Inventory
from devinops.model.keys import FolderPath, Key, decode_part
from devinops.model.objects import UNSET, Problem, Severity, Source
from devinops.model.policy import Approvals
from devinops.model.target import Target
from devinops.planning.plan import Plan, digest_of
from devinops.schema.findings import check, validator
from devinops.schema.plan import CHECKSUM, PLAN_SCHEMA, checksum

MAJOR: Final = "1"
"""The major number of the plan documents that can be read."""

LARGEST: Final = 256 * 1024 * 1024
"""Bytes of a file that are read; more is no plan."""


@dataclass(frozen=True)
class SavedPlan(Plan):
    """A plan as it was saved. Its changes can be shown and compared, never applied: live objects are not in it.

    `digest` is that of the changes in the document. `edited` says in words that the document was changed after it was
    saved; empty if it was not. `owned` is what the document says.
    """

    digest: str = ""
    edited: str = ""
    owned: int = 0
    document: Mapping[str, Any] = field(default_factory=dict, repr=False)


# --- writing ----------------------------------------------------------------------------------------------


def save(path: Path, chunks: Iterable[str]) -> None:
    """Write a document, all of it or nothing; a new file is its owner's alone. Raises NotWritten."""
    try:
        atomic.replace(path, chunks, mode=0o600)
    except OSError as error:
        raise NotWritten(f"--out cannot write {path}: {atomic.reason(error)}") from error


# --- reading ----------------------------------------------------------------------------------------------


def read_plan(path: Path) -> SavedPlan:
    """Read what `save` wrote. Raises UnusableFile in one line, with what to do next."""
    return plan_of(_document(path), path)


def _document(path: Path) -> Mapping[str, Any]:
    try:
        data = atomic.read(path, LARGEST + 1, follow=True)
    except OSError as error:
        raise UnusableFile(f"cannot read the plan {path}: {error.strerror or error}") from error
    if len(data) > LARGEST:
        raise _damaged(path, f"it has more than {LARGEST} bytes")
    try:
        document = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_without_repeats,
            parse_constant=_refuse,
            parse_float=_finite,
        )
    except (ValueError, RecursionError) as error:
        raise _damaged(path, f"it is not JSON, or was cut off ({_first_line(error)})") from None
    if not isinstance(document, Mapping):
        raise _damaged(path, "it is no JSON object")
    return document


def _refuse(number: str) -> NoReturn:
    raise ValueError(f"{number} is no number of JSON")


def _finite(number: str) -> float:
    return found if math.isfinite(found := float(number)) else _refuse(number)


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands there twice")
    return found


def plan_of(document: Mapping[str, Any], path: Path) -> SavedPlan:
    """Turn a plan document into values. Raises UnusableFile."""
    version = document.get("format_version")
    if isinstance(version, str) and version.partition(".")[0] != MAJOR:
        raise UnusableFile(
            f"{path} has format version {_printable(version[:20])}, and this devinops reads {MAJOR}.x: use the "
            "devinops that wrote it, or plan again"
        )
    if document.get("complete") is False:
        raise UnusableFile(
            f"{path} is of a run that came to no plan: fix what it reports, then plan again"
        )
    try:
        finding = next(iter(check(validator(_reading_schema()), document)), None)
    except RecursionError:
        raise _damaged(path, "it is nested too deeply") from None
    if finding is not None:
        where = ".".join(map(str, finding.path)) or "the document"
        raise _damaged(path, f"{where[:200]}: {finding.message[:200]}")
    try:
        return _plan(document)
    except ValueError as error:
        raise _damaged(path, _first_line(error)) from None


def _damaged(path: Path, what: str) -> UnusableFile:
    what = _printable(what)
    return UnusableFile(
        f"{path} is no plan that can be used: {what}; write it again with devinops plan --out"
    )


def _printable(text: str) -> str:
    """Return a message that quotes a damaged file, with what cannot be printed as escapes."""
    return "".join(sign if sign.isprintable() else json.dumps(sign)[1:-1] for sign in text)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:200]


def _reading_schema() -> Mapping[str, Any]:
    """Return the schema of a plan, open for what a later minor version may add, except for approvals.

    What an approval means has to be known to whoever acts on it.
    """
    written = PLAN_SCHEMA["oneOf"][0]
    known = {"approvals": written["properties"]["approvals"]}
    opened: dict[str, Any] = _opened(written)
    return opened | {"properties": opened["properties"] | known}


def _opened(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {
            k: _opened(v)
            for k, v in schema.items()
            if not (k == "additionalProperties" and v is False)
        }
    return [_opened(one) for one in schema] if isinstance(schema, list) else schema


# --- a document as values ---------------------------------------------------------------------------------


def _plan(document: Mapping[str, Any]) -> SavedPlan:
    """Raises ValueError for what a schema cannot say."""
    place, inventory = document["target"], document["inventory"]
    target = Target(
        place["name"],
        place["api_url"],
        place["api_version"],
        place["org_id"],
        emulator=place.get("emulator", False),
    )
    _ = target.host  # raises ValueError for what is no address
    changes = tuple(map(_change, document["changes"]))
    hashes = (one["live_hash"] for one in document["changes"])
    digest, stated = digest_of(target, zip(changes, hashes, strict=True)), document["digest"]
    edited = ""
    if digest != stated:
        edited = f"it was changed after it was saved: it states the digest {stated}, its changes have {digest}"
    elif document[CHECKSUM] != checksum(document):
        edited = "it was changed after it was saved: its checksum does not fit what it holds"
    return SavedPlan(
        target=target,
        changes=changes,
        blocked=tuple(map(_blocked, document["blocked"])),
        drift=tuple(map(_drift, document["drift"])),
        problems=tuple(map(_problem, document["problems"])),
        notes=tuple(document.get("notes", ())),
        refusals=tuple(document["refusals"]),
        unmanaged=document["unmanaged"],
        unchanged=document["unchanged"],
        inventory=Inventory(
            inventory["store"]
        ),  # what it owns is not in the document, only how many
        only=tuple(document.get("only", ())),
        approvals=Approvals(**document.get("approvals", {})),
        digest=digest,
        edited=edited,
        owned=inventory["owned"],
        document=document,
    )


def _change(one: Mapping[str, Any]) -> Change:
    return Change(
        Action(one["action"]),
        _key(one["key"]),
        one["reason"],
        one["id"],
        fields=_fields(one["fields"]),
        was_declared=_source(one["source"]),
    )


def _fields(fields: Mapping[str, Any]) -> tuple[FieldChange, ...]:
    return tuple(_field(name, sides) for name, sides in fields.items())


def _field(name: str, sides: Mapping[str, Any]) -> FieldChange:
    if not sides.keys() & {"before", "after"} or not name.isidentifier():
        raise ValueError(f"{name[:80]!r} is no field with a value before or after")
    return FieldChange(name, sides.get("before", UNSET), sides.get("after", UNSET))


def _blocked(one: Mapping[str, Any]) -> Blocked:
    return Blocked(
        Blocker(one["by"]),
        _key(one["key"]),
        one["reason"],
        _source(one["source"]),
        tuple(one["ids"]),
        tuple(map(_key, one["needed_by"])),
        _fields(one["fields"]),
    )


def _drift(one: Mapping[str, Any]) -> Drift:
    if one["at"] is not None:
        _check_time(one["at"])
    return Drift(
        Moved(one["moved"]),
        _key(one["key"]),
        one["id"],
        one["reason"],
        _fields(one["fields"]),
        _source(one["source"]),
        one["at"],
        one["by"],
    )


def _check_time(seconds: int) -> None:
    try:
        datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError) as error:
        raise ValueError("at: this is no time") from error


def _problem(one: Mapping[str, Any]) -> Problem:
    if not re.fullmatch("[a-z0-9-]+", one["code"]):
        raise ValueError(f"{one['code'][:80]!r} is no code of a problem")
    place = Source(one["path"], one["line"], one["column"])
    return Problem(place, one["code"], one["message"], Severity(one["severity"]))


def _source(one: Mapping[str, Any] | None) -> Source | None:
    return Source(one["file"], one["line"], one["column"]) if one else None


def _key(text: str) -> Key:
    """Read a key exactly as it was printed, also one that nobody could declare."""
    kind, _, place = text.partition(":")
    if kind not in KINDS:
        raise ValueError(f"{text[:80]!r} is of no kind that this devinops knows")
    folder, _, name = place.rpartition("/")
    return Key(kind, FolderPath(folder), decode_part(name))
