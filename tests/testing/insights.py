"""Sessions with analyses as the API shows them, and what is known about targets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from devinops.insight.findings import Insight, Observed
from devinops.insight.sessions import Skills, sessions_of
from devinops.kinds import KINDS
from devinops.model.inventory import Inventory, Record, time_of
from devinops.model.keys import Key
from devinops.model.objects import Declaration, Source
from tests.testing.many_targets import target
from tests.testing.objects import live

DAY = 24 * 60 * 60


def usage(note: str, reason: str = "It fits.") -> dict[str, str]:
    return {"note_id": note, "reason": reason, "message": "m"}


def analysis(
    good: Iterable[str] = (),
    bad: Mapping[str, str] | Iterable[str] = (),
    wishes: Iterable[str] = (),
    **parts: Any,
) -> dict[str, Any]:
    """Return an analysis: ids of notes, with the reasons of bad uses, and texts of wishes."""
    reasons = bad if isinstance(bad, Mapping) else dict.fromkeys(bad, "It is wrong.")
    return {
        "note_usage": {
            "good_usages": [usage(note) for note in good],
            "bad_usages": [usage(note, reason) for note, reason in reasons.items()],
        },
        "action_items": [{"action_item": text, "type": "knowledge"} for text in wishes],
        **parts,
    }


def skill_usage(path: str, repository: str = "acme/skills") -> dict[str, str]:
    return {
        "skill_name": path,
        "reason": "It fits.",
        "repo_origin": repository,
        "skill_rel_path": f"skills/{path}/SKILL.md",
    }


def item(id: str, day: float | None = 0, **members: Any) -> dict[str, Any]:
    """Return a session as the list shows it; the keywords of `analysis` make its analysis."""
    names = {"good", "bad", "wishes", "skill_usage", "classification"} & members.keys()
    parts = {name: members.pop(name) for name in names}
    shown = {"session_id": id, **({} if day is None else {"created_at": int(day * DAY)})}
    return {**shown, **({"analysis": analysis(**parts)} if parts else {}), **members}


def observed(
    items: Iterable[Mapping[str, Any]],
    notes: Iterable[Mapping[str, Any]] = (),
    *,
    name: str = "production",
    since: float = 0,
    applied: Mapping[str, float] | None = None,
    entries: Mapping[str, Mapping[str, Any]] | None = None,
    **facts: Any,
) -> Observed:
    """Return what is known about a target.

    `applied` maps ids of owned notes to the day of the last apply that changed them, `entries` the
    names of notes to their `meta`.
    """
    lives = [live("knowledge", **{"id": f"note-{n['name']}", **n}) for n in notes]
    days = applied or {}
    records = [
        Record(each.key, each.id, source="knowledge/a.md", at=time_of(int(days[each.id] * DAY)))
        for each in lives
        if each.id in days
    ]
    sessions, unreadable = sessions_of(items, since)
    return Observed(
        target(name),
        sessions,
        lives,
        dict(_entry(note, meta) for note, meta in (entries or {}).items()),
        facts.pop("inventory", Inventory.of("file", records)),
        unreadable=unreadable,
        **facts,
    )


def _entry(name: str, meta: Mapping[str, Any]) -> tuple[Key, Declaration]:
    key = Key.parse(f"knowledge:{name}")
    values: Any = {"name": name, "trigger": "t", "body": "b"}
    resource = KINDS["knowledge"].resource(**values)
    return key, Declaration(key, resource, Source(f"knowledge/{name}.md", 1), meta=meta)


def insight(*targets: Observed, since: float = 0, skills: Skills | None = None) -> Insight:
    return Insight(targets, since, skills or {})
