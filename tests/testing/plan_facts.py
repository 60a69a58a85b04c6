"""A plan as text, one fact a line, so that a golden shows everything that a change of the core changes."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator
from enum import Enum
from typing import Any

from devinops.model.changes import Action, Change, FieldChange
from devinops.model.inventory import Base, Inventory, Record
from devinops.model.keys import Key, ObjectId
from devinops.model.kind import Resource
from devinops.model.objects import Declaration, Live, Source
from devinops.model.values import UNSET
from devinops.planning.plan import Plan


def plan_facts(plan: Plan) -> str:
    """Return a plan as lines, a fact each; what is as by default is left out. Where it is for is the caller's."""
    return "\n".join(_lines(plan)) + "\n"


def _lines(plan: Plan) -> Iterator[str]:
    for field in dataclasses.fields(plan):
        value = getattr(plan, field.name)
        if field.name in ("target", "named") or isinstance(value, Inventory):
            continue
        if not isinstance(value, tuple):
            if value != "":
                yield f"{field.name}: {_told(value)}"
            continue
        for one in value:
            yield f"{field.name}: {_told(one)}"
            if isinstance(one, Change):
                yield f"  written: {_told(one.written() if one.declaration else None)}"
            for part in getattr(one, "fields", ()) if not isinstance(one, Record) else ():
                yield f"  {_told(part)}"
    yield f"owned: {plan.owned}"
    counts = Counter(change.action for change in plan.changes)
    summary = [f"{counts[action]} {action}" for action in Action if counts[action]]
    summary += [f"{len(plan.blocked)} blocked"] if plan.blocked else []
    yield f"summary: {', '.join(summary)}"
    yield f"exit codes: {int(plan.exit_code())}, {int(plan.exit_code(detailed=True))} detailed"


def _told(value: Any) -> str:
    match value:
        case Key() | Source():
            return str(value)
        case Declaration():
            return f"{value.key} at {value.source}"
        case Live():
            return f"{value.key} {value.id}"
        case FieldChange():
            return f"{value.name}: {_told(value.before)} → {_told(value.after)}"
        case Resource():
            return " ".join(f"{name}={_told(part)}" for name, part in value.items())
        case Base():
            read = "" if value.read == value.sent else f"/{value.read and value.read[:6]}"
            return f"{value.sent[:6]}{read}"
        case Enum():
            return "UNSET" if value is UNSET else str(value)
        case ObjectId():
            return f"[{value.kind!r}, {value.id!r}]"
        case tuple() if isinstance(defaults := getattr(value, "_field_defaults", None), dict):
            facts = value._asdict().items()  # type: ignore[attr-defined]  # a named tuple
            told = (f"{n}={_told(fact)}" for n, fact in facts if fact != defaults.get(n, UNSET))
            return " ".join(told) or "-"
        case tuple() | list():
            return f"[{', '.join(map(_told, value))}]"
        case dict():
            return f"{{{', '.join(f'{name}: {_told(part)}' for name, part in value.items())}}}"
    if dataclasses.is_dataclass(value):
        parts = {
            f.name: getattr(value, f.name)
            for f in dataclasses.fields(value)
            if not _default(f, value)
        }
        if not isinstance(value, Record):
            parts.pop("fields", None)
        return " ".join(f"{name}={_told(part)}" for name, part in parts.items()) or "-"
    return repr(value)


def _default(field: dataclasses.Field[Any], value: Any) -> bool:
    given = getattr(value, field.name)
    made = (
        field.default_factory()
        if field.default_factory is not dataclasses.MISSING
        else field.default
    )
    return bool(given == made)
