"""Turns live objects that no entry declares into new files. Pure.

What is written needs no change afterwards: the plan of all entries together is made in memory for
each target, and an object is left out if the plan would do anything but adopt it as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from shlex import quote
from typing import Any, Final

from devinops.ingest.places import NewObject, Placed, Unread, place, without_waiting
from devinops.ingest.pull_result import Left, LeftToYou, Pulled
from devinops.ingest.pulling import Pulling
from devinops.ingest.scan_live import findings
from devinops.kinds import KINDS
from devinops.load.cross_checks import composed
from devinops.model.changes import Action
from devinops.model.credentials import masked_key
from devinops.model.keys import Key
from devinops.model.kind import ApiVersion, Attribute, Kind, Lifecycle, OnlyObject
from devinops.model.objects import Live
from devinops.model.values import UNSET
from devinops.planning.capabilities import api_problems
from devinops.planning.match import match
from devinops.planning.plan import PlanRequest, build_plan
from devinops.writers.new_files import NewEntry, accept

_NOTHING: tuple[Any, ...] = (UNSET, None, "", [], {})

IN_THE_WEB_APP: Final = "in the web app, and pull again"


def look_ahead(live: Live, pulling: Pulling) -> None:
    """Check whether a file can hold an object, so that `pull_unmanaged` knows it already."""
    is_new = live.object_id not in pulling.inventory.by_id and pulling.selects(live.key)
    if live.ours and is_new and (entry := new_entry(live, pulling.target.api)):
        pulling.places.checks.of(entry)


def pull_unmanaged(pullings: Sequence[Pulling], unread: Unread = lambda _: ()) -> Pulled:
    """Return the new files for the live objects of all targets that no entry declares.

    `unread` tells the targets that were selected as well, but could not be read.
    """
    if not pullings:
        return Pulled()
    places, left = pullings[0].places, list[LeftToYou]()
    new = [each for pulling in pullings for each in _new_objects(pulling, left)]
    unwanted: set[tuple[str, Key]] = set()
    while True:
        new = [each for each in new if (each.target, each.live.key) not in unwanted]
        waiting: list[LeftToYou] = []
        placed = place(without_waiting(new, places, unread, waiting), places)
        bad = list(chain.from_iterable(_not_simply_adopted(placed, each) for each in pullings))
        if not bad:
            break
        left += bad
        unwanted = {(item.target, item.key) for item in bad}
    return Pulled(
        tuple(sorted(placed.files, key=lambda file: file.path)),
        tuple(sorted((*left, *placed.left, *waiting))),
    )


# --- choosing -------------------------------------------------------------------------------------


def _new_objects(pulling: Pulling, left: list[LeftToYou]) -> Iterator[NewObject]:
    """Yield the objects of a target that get an entry, and leave what no file can hold."""
    target, chosen = pulling.target, dict[int, Live]()
    entries: list[NewEntry] = []
    for live in _unique(pulling, left):
        if reason := _refusal(live, pulling):
            left.append(reason)
        elif entry := new_entry(live, target.api):
            chosen[id(entry)] = live
            entries.append(entry)
    known = {composed(key): key for key in _declared(pulling)}
    accepted, left_out = accept(entries, known, pulling.places.checks)
    for item in accepted:
        yield NewObject(target.name, target.enterprise, chosen[id(item.entry)], item)
    for out in left_out:
        live, why = chosen[id(out.entry)], f"{out.reason}; the file is not written"
        left.append(LeftToYou(live.key, Left.UNWRITABLE, (live.id,), why, target.name))


def _unique(pulling: Pulling, left: list[LeftToYou]) -> Iterable[Live]:
    """Return the objects that no entry means, without those that share a key."""
    matches = match(pulling.concerned, pulling.snapshot, pulling.inventory)
    matched = {live.object_id for item in matches for live in item.lives}
    for key, lives in pulling.snapshot.by_key.items():
        if not (KINDS[key.kind].is_declared and pulling.selects(key)) or matched.issuperset(
            live.object_id for live in lives
        ):
            continue
        if len(lives) > 1:
            left.append(_namesakes(key, lives, pulling.target.name))
        elif not _is_known_folder(lives[0].kind, pulling):
            yield lives[0]


def _is_known_folder(kind: Kind, pulling: Pulling) -> bool:
    """Return whether objects of a kind only need to exist, and there is a file that lists them."""
    if kind.lifecycle is not Lifecycle.REQUIRED:
        return False
    own = pulling.places.own(pulling.target.name)
    places = ("", own.path) if own else ("",)
    return any(f"{kind.section}.yaml" in pulling.places.taken(place) for place in places)


def _namesakes(key: Key, lives: Sequence[Live], target: str) -> LeftToYou:
    ids = tuple(live.id for live in lives)
    remedy = f"{'rename or ' if lives[0].kind.renames else ''}delete all but one {IN_THE_WEB_APP}"
    reason = f"{len(lives)} live objects share this key: {remedy}"
    return LeftToYou(masked_key(key), Left.NAMESAKES, ids, reason, target)


def _refusal(live: Live, pulling: Pulling) -> LeftToYou | None:
    """Return why an object must not be written; None if it may."""
    if live.object_id in pulling.inventory.by_id and live.key not in pulling.named:
        if pulling.inventory.by_id[live.object_id].memory:
            return None
        reason = (
            "it is owned, but its entry was removed: apply decides about it; to write the entry "
            f"again, name it: devinops pull{pulling.flags} {quote(str(live.key))}"
        )
        return LeftToYou(live.key, Left.OWNED, (live.id,), reason, pulling.target.name)
    if suspicious := findings(live.resource):
        return suspect(live, suspicious, pulling.target.name)
    return None


def suspect(live: Live, suspicious: Sequence[str], target: str) -> LeftToYou:
    """Return that an object is not pulled because of what is in it."""
    reason = f"it contains {'; '.join(suspicious)}: check it, remove that {IN_THE_WEB_APP}"
    return LeftToYou(masked_key(live.key), Left.SUSPICIOUS, (live.id,), reason, target)


# --- values ---------------------------------------------------------------------------------------


def new_entry(live: Live, api: ApiVersion) -> NewEntry | None:
    """Return the entry that declares a live object as it is; None if there is nothing to declare.

    A value that is null, that most objects have, or that only people can choose is not written, so
    it is not managed.
    """
    kind = live.kind
    if isinstance(kind.identity, OnlyObject) and all(
        v in _NOTHING for _, v in live.resource.items()
    ):
        return None
    values = {
        name: value
        for name, value in live.resource.items()
        if _is_written(kind, kind.by_name[name], value, api)
    }
    return NewEntry(kind.noun, values)


def _is_written(kind: Kind, attribute: Attribute, value: Any, api: ApiVersion) -> bool:
    if attribute.required or attribute.name in kind.identity.fields:
        return True
    if value is None or not attribute.writes(api):
        return False
    if attribute.with_value:
        # An entry can do without it, because it is needed only to create the object's value.
        return value in attribute.schema.get("enum", [value])
    return value not in (attribute.default, attribute.usual)


# --- checking -------------------------------------------------------------------------------------


def _declared(pulling: Pulling) -> set[Key]:
    """Return the keys that a new entry must not have, not even in another Unicode form.

    An entry of another target may have the same key.
    """
    here = {key for entry in pulling.concerned for key in (entry.key, *entry.previously)}
    return here | (pulling.declared.keys - pulling.snapshot.by_key.keys())


def _not_simply_adopted(placed: Placed, pulling: Pulling) -> Iterator[LeftToYou]:
    """Yield each new entry of a target that the plan would not simply adopt, with the reason."""
    new = placed.entries.get(pulling.target.name, ())
    sources = {declaration.source: declaration.key for declaration in new}
    keys = set(sources.values())
    if not keys:
        return
    request = PlanRequest(pulling.target, pulling.policy, pulling.today, pulling.inventory)
    plan = build_plan([*pulling.concerned, *new], pulling.snapshot, request)
    bad = {
        change.key: f"the plan would {change.action} it: {change.reason}"
        for change in plan.changes
        if change.action is not Action.ADOPT or change.fields
    }
    for blocked in plan.blocked:
        bad |= dict.fromkeys((blocked.key, *blocked.needed_by), blocked.reason)
    problems = api_problems(new, pulling.target.api, pulling.target.scope)
    bad |= {sources[p.source]: p.message for p in problems if p.source in sources}
    for key in keys & bad.keys():
        yield LeftToYou(key, Left.BLOCKED, (), bad[key], pulling.target.name)
