"""Turns live objects that no entry declares into new files. Pure.

What is written needs no change afterwards: the plan of all entries together is made in memory, and
an object is left out if the plan would do anything but adopt it as it is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from shlex import quote
from typing import Any, Final

from devinops.ingest.pull_result import Left, LeftToYou, Pulled
from devinops.ingest.scan_live import findings
from devinops.model.changes import Action
from devinops.model.credentials import masked_key
from devinops.model.inventory import Inventory, MergedEdit
from devinops.model.keys import Key
from devinops.model.kind import ApiVersion, Attribute, Kind, Lifecycle, OnlyObject
from devinops.model.objects import Declaration, Live, Snapshot, Source
from devinops.model.policy import Policy
from devinops.model.target import Target
from devinops.model.values import UNSET
from devinops.planning.capabilities import api_problems
from devinops.planning.match import match
from devinops.planning.plan import PlanRequest, build_plan
from devinops.writers import FileChange
from devinops.writers.new_files import Checks, NewEntry, NewFile, new_files

_NOTHING: tuple[Any, ...] = (UNSET, None, "", [], {})

IN_THE_WEB_APP: Final = "in the web app, and pull again"


@dataclass(frozen=True)
class Pulling:
    """What a pull knows: the entries, the organization and the files.

    `declarations` are those of all targets. `selects` tells whether the user asked for a key, and
    `named` holds the keys that were given one by one. `targets` are the names of all targets in
    devinops.yaml: if there are several, a new entry is limited to its target. `flags` holds the
    options of printed commands. `merged` are the live values that earlier pulls merged. `text_of`
    returns the text of a file by its path, and `checks` remembers what `look_ahead` checked.
    """

    declarations: Sequence[Declaration]
    snapshot: Snapshot
    inventory: Inventory
    target: Target
    policy: Policy
    today: date
    taken: Collection[str] = ()
    ignored: Callable[[str], bool] = lambda _: False
    selects: Callable[[Key], bool] = lambda _: True
    named: Collection[Key] = ()
    targets: Collection[str] = ()
    flags: str = ""
    merged: Sequence[MergedEdit] = ()
    text_of: Callable[[str], str | None] = lambda _: None
    checks: Checks = field(default_factory=Checks)

    @property
    def concerned(self) -> list[Declaration]:
        """The declarations of this target."""
        return [entry for entry in self.declarations if entry.concerns(self.target.name)]

    @property
    def written(self) -> dict[Source, Declaration]:
        """The entries as they are written, by where they are."""
        return {part.source: part for entry in self.declarations for part in entry.parts}

    def others(self, declaration: Declaration) -> list[str]:
        """Return the names of the other targets that an entry is for."""
        names = (name for name in self.targets if name != self.target.name)
        return [name for name in names if declaration.concerns(name)]


def look_ahead(live: Live, pulling: Pulling) -> None:
    """Check whether a file can hold an object, so that `pull_unmanaged` knows it already."""
    is_new = live.object_id not in pulling.inventory.by_id and pulling.selects(live.key)
    if live.ours and is_new and (entry := new_entry(live, pulling)):
        pulling.checks.of(entry)


def pull_unmanaged(pulling: Pulling) -> Pulled:
    """Return the new files for the live objects that no entry declares."""
    left: list[LeftToYou] = []
    chosen: dict[int, Live] = {}
    entries: list[NewEntry] = []
    for live in _unique(pulling, left):
        if reason := _refusal(live, pulling):
            left.append(reason)
        elif entry := new_entry(live, pulling):
            chosen[id(entry)] = live
            entries.append(entry)
    files = _files(entries, chosen, pulling, left)
    while bad := _not_simply_adopted(files, pulling):
        left += (LeftToYou(live_key, Left.BLOCKED, (), why) for live_key, why in bad.items())
        entries = [entry for entry in entries if chosen[id(entry)].key not in bad]
        files = _files(entries, chosen, pulling, [])
    changes = (
        FileChange(
            file.path,
            file.text,
            tuple(declaration.key for declaration in file.declarations),
            is_new=not file.extended,
        )
        for file in files
    )
    return Pulled(tuple(changes), tuple(sorted(left)))


# --- choosing -------------------------------------------------------------------------------------


def _unique(pulling: Pulling, left: list[LeftToYou]) -> Iterable[Live]:
    """Return the objects that no entry means, without those that share a key."""
    matches = match(pulling.concerned, pulling.snapshot, pulling.inventory)
    matched = {live.object_id for item in matches for live in item.lives}
    groups: defaultdict[Key, list[Live]] = defaultdict(list)
    for live in pulling.snapshot.objects:
        if live.ours and pulling.selects(live.key):
            groups[live.key].append(live)
    for key, lives in groups.items():
        free = [live for live in lives if live.object_id not in matched]
        if free and len(lives) > 1:
            left.append(_namesakes(key, lives))
        elif free and not _is_known_folder(lives[0].kind, pulling):
            yield lives[0]


def _is_known_folder(kind: Kind, pulling: Pulling) -> bool:
    """Return whether objects of a kind only need to exist, and there is a file that lists them."""
    return kind.lifecycle is Lifecycle.REQUIRED and f"{kind.section}.yaml" in pulling.taken


def _namesakes(key: Key, lives: Sequence[Live]) -> LeftToYou:
    ids = tuple(live.id for live in lives)
    remedy = f"{'rename or ' if lives[0].kind.renames else ''}delete all but one {IN_THE_WEB_APP}"
    reason = f"{len(lives)} live objects share this key: {remedy}"
    return LeftToYou(masked_key(key), Left.NAMESAKES, ids, reason)


def _refusal(live: Live, pulling: Pulling) -> LeftToYou | None:
    """Return why an object must not be written; None if it may."""
    if live.object_id in pulling.inventory.by_id and live.key not in pulling.named:
        if pulling.inventory.by_id[live.object_id].memory:
            return None
        reason = (
            "it is owned, but its entry was removed: apply decides about it; to write the entry "
            f"again, name it: devinops pull{pulling.flags} {quote(str(live.key))}"
        )
        return LeftToYou(live.key, Left.OWNED, (live.id,), reason)
    if suspicious := findings(live.resource):
        return suspect(live, suspicious)
    return None


def suspect(live: Live, suspicious: Sequence[str]) -> LeftToYou:
    """Return that an object is not pulled because of what is in it."""
    reason = f"it contains {'; '.join(suspicious)}: check it, remove that {IN_THE_WEB_APP}"
    return LeftToYou(masked_key(live.key), Left.SUSPICIOUS, (live.id,), reason)


# --- values ---------------------------------------------------------------------------------------


def new_entry(live: Live, pulling: Pulling) -> NewEntry | None:
    """Return the entry that declares a live object as it is; None if there is nothing to declare.

    A value that is null, that most objects have, or that only people can choose is not written, so
    it is not managed.
    """
    kind, api = live.kind, pulling.target.api
    if isinstance(kind.identity, OnlyObject) and all(
        v in _NOTHING for _, v in live.resource.items()
    ):
        return None
    values = {
        name: value
        for name, value in live.resource.items()
        if _is_written(kind, kind.by_name[name], value, api)
    }
    if len(pulling.targets) > 1:
        values["targets"] = [pulling.target.name]
    elif pulling.target.enterprise:
        values["enterprise"] = True
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


# --- files ----------------------------------------------------------------------------------------


def _files(
    entries: Iterable[NewEntry],
    chosen: Mapping[int, Live],
    pulling: Pulling,
    left: list[LeftToYou],
) -> list[NewFile]:
    files, left_out = new_files(
        entries,
        taken=pulling.taken,
        declared=_declared(pulling),
        ignored=pulling.ignored,
        text_of=pulling.text_of,
        checks=pulling.checks,
    )
    for item in left_out:
        live = chosen[id(item.entry)]
        reason = f"{item.reason}; the file is not written"
        left.append(LeftToYou(live.key, Left.UNWRITABLE, (live.id,), reason))
    return files


def _declared(pulling: Pulling) -> set[Key]:
    """Return the keys that a new entry must not have, not even in another Unicode form.

    An entry of another target may have the same key.
    """
    here = {key for entry in pulling.concerned for key in (entry.key, *entry.previously)}
    everywhere = {entry.key for entry in pulling.declarations}
    return here | (everywhere - pulling.snapshot.by_key.keys())


def _not_simply_adopted(files: Iterable[NewFile], pulling: Pulling) -> dict[Key, str]:
    """Return key → reason for each new entry that the plan would not simply adopt."""
    new = [declaration for file in files for declaration in file.declarations]
    keys = {declaration.key for declaration in new}
    request = PlanRequest(pulling.target, pulling.policy, pulling.today, pulling.inventory)
    plan = build_plan([*pulling.declarations, *new], pulling.snapshot, request)
    bad = {
        change.key: f"the plan would {change.action} it: {change.reason}"
        for change in plan.changes
        if change.key in keys and (change.action is not Action.ADOPT or change.fields)
    }
    for blocked in plan.blocked:
        waiting = {blocked.key, *blocked.needed_by} & keys
        bad |= dict.fromkeys(waiting, blocked.reason)
    sources = {declaration.source: declaration.key for declaration in new}
    problems = api_problems(new, pulling.target.api, pulling.target.scope)
    return bad | {sources[p.source]: p.message for p in problems if p.source in sources}
