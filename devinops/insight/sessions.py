"""Sessions with their analyses, as far as insight uses them.

None of this is in the vendor's description of the API: the members are known from pages, generated
clients and notes of people who tried it. So every member may be missing or of another type, and
what cannot be read is left out.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from devinops.kinds import KINDS
from devinops.model.kind import Scope, Use

NOTES: Final = frozenset(n for n, kind in KINDS.items() if kind.meaning.use is Use.RULE)
"""The kinds whose objects an analysis calls notes. An action item about them has their noun."""

_IDS: Final = {
    kind.apis["v3"].id: noun
    for noun, kind in KINDS.items()
    if "v3" in kind.apis and Scope.ORGANIZATION in kind.apis["v3"].scopes
}
"""Member of a session with the id of an object of its organization → kind of the object.

Whose session it was is none of them: nothing is summed up by person.
"""

_FINDINGS: Final = ("action_items", "issues", "timeline", "suggested_prompt")
_TOO_LARGE: Final = 1e12
"""No time in seconds and no cost reaches this."""


class SkillId(NamedTuple):
    """Where a skill is: its repository, and its path there or else its name."""

    repository: str
    path: str

    @property
    def place(self) -> tuple[str, ...]:
        """Owner and name of the repository, whose URL may be known, and the skill's directory."""
        names = re.split("[/:]", self.repository.removesuffix(".git"))[-2:]
        return *names, self.path.removesuffix("/SKILL.md").rpartition("/")[2]


Used = str | SkillId
Skills = Mapping[tuple[str, ...], str]
"""The place of a skill → key of the entry that was exported as it."""


class Session(NamedTuple):
    """A session. `at` is when it began, in epoch seconds; None if the API does not say.

    `good` and `bad` are the notes, by their ids, and skills that it used well, and that misled it,
    with the reason. `wishes` say what Devin should know. `acus` is 0 if the session has no price
    yet. `groups` are what its cost is summed by: a kind with an id, an organization or a category.
    """

    id: str
    at: float | None = None
    analysed: bool = False
    good: Collection[Used] = frozenset()
    bad: Mapping[Used, str] = MappingProxyType({})
    wishes: tuple[str, ...] = ()
    acus: float = 0
    groups: tuple[tuple[str, str], ...] = ()


def sessions_of(items: Iterable[Mapping[str, Any]], since: float) -> tuple[list[Session], int]:
    """Return the sessions since a time, each once, and the number of those without a readable id.

    An API ignores filters that it does not know.
    """
    inside = [each for each in map(_session, items) if each.at is None or each.at >= since]
    found = {each.id: each for each in inside if each.id}
    return [*found.values()], sum(not each.id for each in inside)


def _session(item: Mapping[str, Any]) -> Session:
    analysis = _part(item, "analysis")
    good, bad = (dict(_usages(analysis, side)) for side in ("good_usages", "bad_usages"))
    wishes = (each for each in _list(analysis, "action_items") if _text(each, "type") in NOTES)
    return Session(
        _text(item, "session_id"),
        _number(item, "created_at") or _number(item, "updated_at") or None,
        _is_analysed(item, analysis),
        frozenset(good),
        bad,
        tuple(filter(None, (_text(each, "action_item") for each in wishes))),
        _number(item, "acus_consumed"),
        tuple(_groups(item, analysis)),
    )


def _is_analysed(item: Mapping[str, Any], analysis: Mapping[str, Any]) -> bool:
    """Return whether there is more than the classification, which every finished session gets."""
    is_complete = bool(analysis) and item.get("analysis_status") == "completed"
    has_usages = any(_part(analysis, name) for name in ("note_usage", "skill_usage"))
    return is_complete or has_usages or any(analysis.get(name) for name in _FINDINGS)


def _usages(analysis: Mapping[str, Any], side: str) -> Iterator[tuple[Used, str]]:
    """Yield what was used on one side, and the reason."""
    for each in _list(_part(analysis, "note_usage"), side):
        if id := _text(each, "note_id"):
            yield id, _text(each, "reason")
    for each in _list(_part(analysis, "skill_usage"), side):
        if path := _text(each, "skill_rel_path") or _text(each, "skill_name"):
            yield SkillId(_text(each, "repo_origin"), path), ""


def _groups(item: Mapping[str, Any], analysis: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield from ((noun, id) for name, noun in _IDS.items() if (id := _text(item, name)))
    if organization := _text(item, "org_id"):
        yield "organization", organization
    # The answers of insights have no category of the session itself.
    if category := _text(_part(analysis, "classification"), "category") or _text(item, "category"):
        yield "category", category


def _part(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = value.get(name)
    return part if isinstance(part, Mapping) else {}


def _list(value: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    part = value.get(name)
    return [each for each in part if isinstance(each, Mapping)] if isinstance(part, list) else []


def _text(value: Mapping[str, Any], name: str) -> str:
    part = value.get(name)
    return part.strip() if isinstance(part, str) else ""


def _number(value: Mapping[str, Any], name: str) -> float:
    """Return a positive number, and 0 for all else."""
    part = value.get(name)
    if isinstance(part, int | float) and not isinstance(part, bool) and 0 < part < _TOO_LARGE:
        return part
    return 0
