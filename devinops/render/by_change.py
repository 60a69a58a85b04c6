"""Says by change what a run does in many targets: a row for each key, with the targets. Pure."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from operator import attrgetter
from types import MappingProxyType
from typing import Final, NamedTuple, TypeAlias

from devinops.kinds import KINDS
from devinops.model.changes import DELETING, Action, Change, FieldChange, Outcome
from devinops.model.grouping import grouped
from devinops.model.keys import Key, listed
from devinops.planning.plan import plain_fields
from devinops.planning.run import ChangeAt, Shared
from devinops.render import counted
from devinops.render.changes import changed_lines, is_redundant, is_text, size_of
from devinops.render.commands import previous_key
from devinops.render.escape import is_hidden
from devinops.render.report import Details, Row
from devinops.render.signs import OUTCOMES, SIGNS
from devinops.render.where import FEW, Places, names

Item: TypeAlias = Shared[Change, ChangeAt]

NOUNS: Final = {
    Action.DELETE: "delete",
    Action.REPLACE: "replacement",
    Action.CREATE: "create",
    Action.UPDATE: "update",
    Action.RENAME: "rename",
    Action.ADOPT: "adoption",
    Action.RELEASE: "release",
    Action.FORGET: "forgotten record",
}
"""Action → what one of it is called, in the order in which they are told: deletes first."""
_ORDER: Final = {action: place for place, action in enumerate(NOUNS)}
FIRST_WORDS: Final = 30
"""How many characters of a new text are quoted."""

# What a text can make a reader or an agent do, besides being read.
_BYTE: Final = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
_IPV4: Final = rf"(?:{_BYTE}\.){{3}}{_BYTE}(?!\.?\w|-[a-z])"
_ZONES: Final = (
    "[a-z]{2}|com|net|org|edu|gov|mil|int|info|biz|name|pro|dev|app|cloud|xyz|site|online|shop|store"
    "|tech|top|club|page|link|live|host|space|zip|onion|corp|example|home|internal|lan|local|test"
)
"""How a name ends that is a host if a path follows it; other words with dots are names in code."""
_NO_HOST: Final = r"[\w-]+\.(?:cc|cs|db|ex|gz|hs|id|in|js|kt|md|ml|pl|pm|py|rb|rs|sh|so|tf|ts|vb)/"
"""Names of files and of code that look like hosts, as in `README.md/CHANGELOG.md`."""
_ADDRESS: Final = re.compile(
    r"(?:\b(?:[a-z][a-z0-9+.-]{0,20}://|www\.)(?=[^\s)>\]\"'`])"
    rf"|\b[\w.+-]{{1,64}}@(?=(?:[\w-]{{1,63}}\.)+[a-z]{{2}}|{_IPV4})"
    rf"|(?<![\w@/.$-])(?!{_NO_HOST})(?:[\w-]{{1,63}}\.)+(?:{_ZONES})(?::\d{{1,5}})?/(?!\d(?![\w/]))"
    r")[^\s)>\]\"'`]*"
    # Before a version stands another sign or word.
    r"|(?<![\w@/.~^-])(?<![=<>~!]=)(?<!(?:version|release|section|chapter)[ :=])(?<!version: )"
    rf"{_IPV4}",
    re.IGNORECASE,
)
_HOST: Final = re.compile(r"(?:.*?://)?(?:[^@/]*@)?([^/?#]*).*")
_COMMAND: Final = re.compile(r"`[^`\n]+ [^`\n]+`|^(?:\$ |[ \t]*```|    ).*", re.MULTILINE)
_SHORT: Final = 60
"""How many characters the names of the targets of one text of many may take."""
_INVISIBLE: Final = "invisible characters"


class ByChange(NamedTuple):
    """Rows in the order of their numbers; those that delete are apart.

    by_target: target → the numbers of the rows that it shares, and how many changes are its own.
    """

    deletes: tuple[Row, ...]
    others: tuple[Row, ...]
    by_target: Mapping[str, tuple[tuple[int, ...], int]]


def totals(numbers: Mapping[Action, int]) -> str:
    """Return how many objects change, deletes first, such as `38 deletes, 1 create`."""
    return ", ".join(counted(numbers[a], noun) for a, noun in NOUNS.items() if numbers.get(a))


def by_change(
    changes: Iterable[Item],
    places: Places,
    blocked: Mapping[Key, Collection[str]] = MappingProxyType({}),
    message: Callable[[ChangeAt], str] = attrgetter("message"),
) -> ByChange:
    """Return a row for each key, numbered, most targets first; see `Row` and `ByChange`.

    `blocked` maps the key of a blocked step to its targets. After an apply, the rows say what
    became of the changes; `message` returns what of that is equal in several targets.
    """
    groups = grouped(((item.item.key, item.item.action in DELETING), item) for item in changes)
    shared, own = _parted(groups.values())
    rows: list[Row] = []
    by_target: defaultdict[str, tuple[tuple[int, ...], int]] = defaultdict(lambda: ((), 0))
    for number, group in enumerate(shared, 1):
        row = _row(group, places, blocked.get(group[0].item.key, ()), str(number))
        rows.append(_with_outcomes(row, group, places, message))
        for name in rows[-1].targets:
            by_target[name] = (*by_target[name][0], number), 0
    number = len(rows) + 1
    for items in own:
        row = _own_row(items, places, number, message)
        rows.append(_with_outcomes(row, items, places, message))
        number += len(items)
        for item in items:
            numbers, others = by_target[item.at[0].target]
            by_target[item.at[0].target] = numbers, others + 1
    return ByChange(
        tuple(row for row in rows if row.action in DELETING),
        tuple(row for row in rows if row.action not in DELETING),
        dict(by_target),
    )


def _parted(groups: Iterable[list[Item]]) -> tuple[list[list[Item]], list[list[Item]]]:
    """Return the groups of items that have a row each, and the many that have one target each.

    The latter are together by action.
    """
    shared: list[list[Item]] = []
    own: defaultdict[Action, list[Item]] = defaultdict(list)
    for group in groups:
        group.sort(key=lambda item: (-len(item.at), _ORDER[item.item.action], item.at[0].target))
        first = group[0]
        if len(group) == len(first.at) == 1 and first.item.action not in DELETING:
            own[first.item.action].append(first)
        else:
            shared.append(group)
    for action in [action for action in own if len(own[action]) <= FEW]:
        shared += [[item] for item in own.pop(action)]
    shared.sort(key=_reach)
    return shared, [own[action] for action in NOUNS if action in own]


def _reach(group: Sequence[Item]) -> tuple[bool, int, int, Key]:
    action, key = group[0].item.action, group[0].item.key
    return action not in DELETING, -len(_targets(group)), _ORDER[action], key


def _targets(items: Iterable[Item]) -> tuple[str, ...]:
    return tuple(sorted({row.target for item in items for row in item.at}))


# --- rows -----------------------------------------------------------------------------------------


def change_row(change: Change, at: Sequence[ChangeAt] = ()) -> Row:
    """Return the row of a change, without words for where it is."""
    one_sided = change.action in (Action.CREATE, Action.DELETE)
    fields = tuple(field for field in change.fields if not is_redundant(change, field))
    was = previous_key(change) if change.action is Action.RENAME else change.key
    text = "" if change.reason == f"was {was}" else change.reason
    ids = tuple(row.id for row in at if row.id)
    if change.action is Action.DELETE and change.source is None and len(ids) == 1:
        # Only its id tells an object that was never declared from another one of its name.
        text += f" ({ids[0]})"
    return Row(
        key=change.key,
        was=was if was != change.key else None,
        text=text,
        sign=SIGNS[change.action],
        word=str(change.action),
        source=change.source,
        is_gone=change.action in (Action.DELETE, Action.FORGET),
        layers=tuple(map(str, change.overridden)),
        ids=ids,
        targets=tuple(dict.fromkeys(row.target for row in at)),
        action=str(change.action),
        details=Details(change.key.kind, fields, signed=not one_sided) if change.fields else None,
        stays=change.action in DELETING,
    )


def _row(group: Sequence[Item], places: Places, blocked: Collection[str], number: str) -> Row:
    """Return the row of a key; other texts and other actions are rows below it."""
    versions = _versions(group)
    first, targets = group[0].item, _targets(group)
    is_exact = first.action in DELETING or any(item.item.overwrites for item in group)
    where = places.exactly(targets) if is_exact else places.where(targets, blocked, first.source)
    at = [row for item in group for row in item.at]
    objects = Counter(row.target for row in at)
    twins = {row.id for row in at if objects[row.target] > 1}
    word = " or ".join(dict.fromkeys(str(item.item.action) for item in group))
    row = change_row(first, at)._replace(number=number, word=word, where=where, targets=targets)
    if len(versions) == 1:
        return row._replace(facts=_facts(versions[0], places))
    same = [version for version in versions if version[0].item.action is first.action]
    every = [item.item for item in group]
    actions = Counter(item.item.action for item in group for _ in item.at)
    alike = [item for version in same for item in version]
    facts = (
        totals(actions) if len(actions) > 1 else "",
        f"{len(same)} versions" if len(same) > 1 else "",
        _names(every),
        *_apart(alike, [field.name for field in first.fields]),
    )
    return row._replace(
        facts=" · ".join(filter(None, facts)),
        text=first.reason if len({change.reason for change in every}) == 1 else "",
        source=first.source if len({change.source for change in every}) == 1 else None,
        layers=row.layers if len({change.overridden for change in every}) == 1 else (),
        details=None,
        rows=tuple(_version_row(version, places, first, twins) for version in versions),
    )


def _version_row(
    version: Sequence[Item], places: Places, above: Change, twins: Collection[str | None]
) -> Row:
    """Return the row of one text of a key, or of another action on it than the one `above`.

    It names the ids of the `twins`: of several objects that have the key in one target.
    """
    first, targets = version[0].item, _targets(version)
    row = change_row(first, [row for item in version for row in item.at])
    is_exact = first.action in DELETING or first.overwrites
    where = places.exactly(targets) if is_exact else places.named(targets, _SHORT)
    word = row.word if first.action is not above.action else ""
    return row._replace(
        key=None,
        sign=row.sign if word else None,
        text=first.reason if first.reason != above.reason else "",
        word=word,
        where=where,
        targets=targets,
        facts=_facts(version, places, filter(twins.__contains__, row.ids)),
    )


def _own_row(
    items: Sequence[Item], places: Places, number: int, message: Callable[[ChangeAt], str]
) -> Row:
    """Return one row for changes in one target each: what stands out in them, and then each.

    Those with something that a reader would not expect come first, since a list can be cut.
    """
    usual = _usual(items)
    apart = {id(item): [*_unusual(item.item, usual)] for item in items}
    items = sorted(items, key=lambda item: not apart[id(item)])
    targets, action = _targets(items), items[0].item.action
    noun, every = NOUNS[action], places.exactly(targets)
    in_each = f"in each of the {len(targets)}" if every.startswith("all ") else f"in {every}"
    if len(targets) == len(items):
        text = f"one separate {noun} {in_each}"
    else:
        text = f"{len(items)} separate {noun}s in {places.many(len(targets))}"
    texts = len({_signature(item.item) for item in items})
    different = f", {texts} different texts: read each" if texts > 1 else ", all with one text"
    rows = []
    for at, item in enumerate(items, number):
        row = _row([item], places, (), str(at))
        unsaid = (what for what in apart[id(item)] if what not in row.facts)
        row = row._replace(facts=" · ".join(filter(None, (row.facts, *unsaid))))
        rows.append(_with_outcomes(row, [item], places, message))
    return Row(
        text=f"{text}{different}",
        sign=SIGNS[action],
        number=f"{number}–{number + len(items) - 1}",
        facts="; ".join(_standing_out(items)),
        targets=targets,
        action=str(action),
        rows=tuple(sorted(rows, key=lambda row: row.outcome in ("", Outcome.DONE))),
        is_folded=True,
    )


def _versions(group: Sequence[Item]) -> list[list[Item]]:
    """Return the items with equal changed lines together, those in the most targets first."""
    if len(group) == 1:
        return [list(group)]
    versions = grouped((_signature(item.item), item) for item in group)
    return sorted(versions.values(), key=lambda items: -len(_targets(items)))


def _signature(change: Change) -> object:
    kind = change.key.kind
    fields = ((field.name, *map(tuple, changed_lines(kind, field))) for field in change.fields)
    return change.action, change.overwrites, tuple(fields)


def _with_outcomes(
    row: Row, items: Sequence[Item], places: Places, message: Callable[[ChangeAt], str]
) -> Row:
    """Return the row of some items after an apply: what is done where, and why not elsewhere."""
    at = [each for item in items for each in item.at]
    groups = grouped(((each.outcome, message(each)), each) for each in at if each.outcome)
    if not groups:
        return row
    done = sum(each.outcome is Outcome.DONE for each in at)
    groups.pop((Outcome.DONE, ""), None)
    if not groups:
        return row._replace(facts="done", sign=OUTCOMES[Outcome.DONE], outcome=str(Outcome.DONE))
    worst = min((outcome for outcome, _ in groups), key=tuple(OUTCOMES).index)
    row = row._replace(sign=OUTCOMES[worst], outcome=str(worst), details=None, stays=True)
    if len(at) == 1:
        why = at[0].message
        return row._replace(facts=f"{worst}: {why}" if why else str(worst), rows=())
    below = tuple(
        Row(
            text=text if len(rows) > 1 else rows[0].message,
            sign=OUTCOMES[outcome],
            word=str(outcome),
            where=places.exactly({each.target for each in rows}),
            targets=tuple(dict.fromkeys(each.target for each in rows)),
            outcome=str(outcome),
            stays=True,
        )
        for (outcome, text), rows in groups.items()
    )
    told = [each for each in row.rows if each.outcome not in ("", Outcome.DONE)] if row.rows else []
    return row._replace(facts=f"done in {done} of {len(at)}", rows=tuple(told) or below)


# --- facts ----------------------------------------------------------------------------------------


def _names(changes: Iterable[Change]) -> str:
    """Return the names of the fields that some changes change, each once."""
    both_sided = (
        field.name
        for change in changes
        if change.action not in (Action.CREATE, Action.DELETE)
        for field in change.fields
    )
    return ", ".join(dict.fromkeys(both_sided))


def _facts(items: Sequence[Item], places: Places, ids: Iterable[str] = ()) -> str:
    """Return what a reader must know of a change before its details, such as `body, +2 lines`.

    Of several items with equal changed lines, the first one is told, after the `ids`.
    """
    change = items[0].item
    objects, targets = sum(len(item.at) for item in items), len(_targets(items))
    texts = len({str(plain_fields(item.item.fields)) for item in items})
    files = len({item.item.source and item.item.source.path for item in items})
    parts = [
        *ids,
        f"{objects} objects in {places.many(targets)}" if objects > targets else "",
        _content(change),
        f"{texts} texts, first one shown" if texts > 1 else "",
        f"{files} files, first one named" if texts == 1 < files else "",
        f"overwrites {', '.join(change.overwrites)}" if change.overwrites else "",
        _INVISIBLE if _has_invisible(change) else "",
    ]
    return " · ".join(filter(None, parts))


def _content(change: Change) -> str:
    if change.action is Action.CREATE:
        return _new_text(change)
    if change.action not in (Action.UPDATE, Action.RENAME, Action.ADOPT):
        return ""
    own_names = KINDS[change.key.kind].key_fields if change.action is Action.RENAME else ()
    fields = [field for field in change.fields if field.name not in own_names]
    if not fields:
        return "text unchanged" if change.action is Action.RENAME else "equal"
    length = sum(map(len, chain(*_sides(change.key.kind, fields))))
    parts = (
        ", ".join(field.name for field in fields),
        size_of(change.key.kind, fields),
        counted(length, "character"),
    )
    return ", ".join(filter(None, parts))


def _new_text(change: Change) -> str:
    """Return the size and the first words of the text of a new object, or of its longest field."""
    kind = change.key.kind
    texts = {
        field.name: field.after
        for field in change.fields
        if not is_redundant(change, field) and is_text(kind, field)
    }
    if not texts:
        return ""
    text = texts.get(KINDS[kind].document or "") or max(texts.values(), key=len)
    first, *_ = text.strip().split("\n")
    quoted = first if len(first) <= FIRST_WORDS else f"{first[:FIRST_WORDS].rstrip()}…"
    lines = counted(text.removesuffix("\n").count("\n") + 1, "line")
    return f'{lines} of text, {counted(len(text), "character")}: "{quoted}"'


def _standing_out(items: Sequence[Item]) -> Iterator[str]:
    """Yield what is unusual among changes in one target each, with the targets."""
    usual = _usual(items)
    if usual and items[0].item.action is not Action.CREATE:
        yield ", ".join(usual)
    sizes = [sum(map(len, _sides(item.item.key.kind, item.item.fields))) for item in items]
    if min(sizes) < max(sizes):
        change, (row, *_) = items[sizes.index(max(sizes))]
        yield f"largest {row.target}, {size_of(change.key.kind, change.fields)}"
    yield from _apart(items, usual)


def _usual(items: Sequence[Item]) -> list[str]:
    """Return the names of the fields that more than half of some changes change."""
    used = Counter(field.name for item in items for field in item.item.fields)
    return [name for name, number in used.items() if 2 * number > len(items)]


def _apart(items: Iterable[Item], usual: Collection[str]) -> Iterator[str]:
    """Yield what a reader would not expect of changes to the `usual` fields, with the targets."""
    found = grouped((what, item) for item in items for what in _unusual(item.item, usual))
    together = grouped((_targets(where), what) for what, where in sorted(found.items()))
    for where, whats in together.items():
        named = names(where) if len(where) <= FEW else f"{len(where)} of them"
        yield f"{', '.join(whats)} in {named}"


def _sides(kind: str, fields: Iterable[FieldChange]) -> tuple[list[str], list[str]]:
    """Return all lines that fields of a change gain, and all that they lose."""
    both = [changed_lines(kind, field) for field in fields]
    return [text for new, _ in both for text in new], [text for _, old in both for text in old]


def _unusual(change: Change, usual: Collection[str]) -> Iterator[str]:
    for field in change.fields:
        if field.name not in usual and not is_redundant(change, field):
            yield f"{field.name} too"
    new, old = ("\n".join(side) for side in _sides(change.key.kind, change.fields))
    if hosts := new_hosts(change):
        yield f"new address at {listed(hosts)}"
    if set(_COMMAND.findall(new)).difference(_COMMAND.findall(old)):
        yield "new command"
    if _has_invisible(change):
        yield _INVISIBLE


def new_hosts(change: Change) -> list[str]:
    """Return the hosts of the addresses that a change adds to texts."""
    known = KINDS[change.key.kind].by_name
    others = {name for name, attribute in known.items() if attribute.ref or attribute.is_set}
    texts = (field for field in change.fields if field.name not in others)
    new, old = (set(_ADDRESS.findall("\n".join(side))) for side in _sides(change.key.kind, texts))
    return sorted({_HOST.sub(r"\1", each)[:_SHORT].rstrip(".,:;!") for each in new - old})


def _has_invisible(change: Change) -> bool:
    """Return whether what a change adds has characters that nobody sees."""
    new, _ = _sides(change.key.kind, change.fields)
    return any(is_hidden(char) for text in new for char in text.replace("\t", ""))
