"""What `devinops explain` does."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from devinops.cli.declarations.options import Options
from devinops.cli.session import failures_written
from devinops.config.reading import read_repository
from devinops.config.settings import target_name
from devinops.kinds import parse_key
from devinops.load import Loaded
from devinops.model.errors import NotFound, stop_on_errors
from devinops.model.exit_codes import ExitCode
from devinops.model.keys import Key, listed
from devinops.model.objects import Declaration, Ensure, Source
from devinops.model.suggest import did_you_mean
from devinops.model.values import UNSET
from devinops.render.answers import SimpleAnswer
from devinops.render.changes import value_text
from devinops.schema.findings import shortened

_LONGEST = 80
"""How many characters of a value are shown."""


def run(options: Options, key: str) -> ExitCode:
    """Carry out the command, as its help says; return the exit code."""
    parsed = parse_key(key)
    with failures_written(options):
        project, loaded = read_repository(options.root)
        stop_on_errors(loaded.problems)
        target, _ = target_name(project, options.flags)
        entry = _entry(loaded, parsed, target)
        document = partial(_document, entry, target)
        return options.answer(SimpleAnswer(list(_lines(entry, target)), document))


def _entry(loaded: Loaded, key: Key, target: str) -> Declaration:
    """Return the entry that a target has under a key. Raises NotFound."""
    entries = {entry.key: entry for entry in loaded.declarations if entry.concerns(target)}
    if key in entries:
        return entries[key]
    if others := {n for e in loaded.written if e.key == key for n in e.names or ()}:
        raise NotFound(f"the target {target} does not get {key}: it is for {listed(others)}")
    hint = did_you_mean(key, map(str, entries))
    raise NotFound(f"there is no entry {key} for the target {target}{hint}")


def _fields(entry: Declaration) -> Iterator[tuple[str, list[Declaration]]]:
    """Yield each field outside the key, and the entries that have it, the last layer first."""
    for name in (a.name for a in entry.kind.attributes if a.name not in entry.kind.key_fields):
        parts = [p for p in reversed(entry.parts) if getattr(p.resource, name) is not UNSET]
        if parts:
            yield name, parts


def _lines(entry: Declaration, target: str) -> Iterator[str]:
    """Yield the lines for people."""
    source = entry.source
    yield f"{entry.key} for {target}"
    steps = ", ".join(map(str, entry.overridden))
    yield f"  {source.path}:{source.line}{f' {steps}' if steps else ''}"
    if entry.ensure is not Ensure.PRESENT:
        yield f"  ensure: {entry.ensure}"
    for name, parts in _fields(entry):
        yield f"{name}:"
        for part in parts:
            replaced = "" if part is entry.giver(name) else "replaced: "
            place = part.source_of(name)
            yield f"  {place.path}:{place.line}  {replaced}{_brief(getattr(part.resource, name))}"


def _brief(value: Any) -> str:
    """Return the beginning of a value, on one line."""
    first, *more = value_text(value).split("\n")
    return f"{shortened(first, _LONGEST)}{f' … ({len(more) + 1} lines)' if more else ''}"


def _document(entry: Declaration, target: str) -> dict[str, Any]:
    """Return the same for programs."""
    return {
        "target": target,
        "key": str(entry.key),
        "ensure": entry.ensure,
        "source": _place(entry.source),
        "overridden": [
            {"how": step.how, "source": _place(step.source), "fields": step.fields}
            for step in entry.overridden
        ],
        "fields": {
            name: [
                {
                    "source": _place(part.source_of(name)),
                    "value": getattr(part.resource, name),
                    "replaced": part is not entry.giver(name),
                }
                for part in parts
            ]
            for name, parts in _fields(entry)
        },
    }


def _place(source: Source) -> dict[str, Any]:
    return {"file": source.path, "line": source.line, "column": source.column}
