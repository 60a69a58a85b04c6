"""Find what is wrong only among all entries: duplicates, and titles that are written like ids."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from unicodedata import normalize

from devinops.load.discover import File
from devinops.load.entries import directory_folder
from devinops.load.problems import problem
from devinops.model.grouping import grouped
from devinops.model.keys import FolderPath, Key, ObjectId
from devinops.model.kind import mentions_of_field
from devinops.model.objects import Declaration, Problem, Source
from devinops.model.suggest import beginning_with


def duplicates(declarations: Iterable[Declaration]) -> Iterator[Problem]:
    """Yield a problem for each entry that shares a key with another entry for the same target.

    Entries of several layers may share theirs: one of them changes the other. Keys under
    `previously` count. A key that differs from another only in its Unicode form is a problem too:
    the API takes them for two objects, but a reader cannot tell them apart.
    """
    entries = list(declarations)
    claims = grouped((key, each) for each in entries for key in (each.key, *each.previously))
    forms = grouped((composed(each.key), each) for each in entries)
    for key, claimants in claims.items():
        if len(claimants) > 1:
            yield from _shared_key_problems(key, sorted(claimants, key=lambda item: item.source))
    for alike in forms.values():
        if len(alike) > 1 and len({declaration.key for declaration in alike}) > 1:
            yield from _similar_key_problems(sorted(alike, key=lambda item: item.source))


def composed(key: Key) -> Key:
    """Return a key in one Unicode form, NFC."""
    return Key(key.kind, FolderPath(normalize("NFC", key.folder)), normalize("NFC", key.name))


def _shared_key_problems(key: Key, claimants: list[Declaration]) -> Iterator[Problem]:
    """Yield a problem for each claimant of a key, which names the first other claimant."""
    for claimant, candidates in _sharing(claimants):
        others = (other for other in candidates if other is not claimant)
        twin = next((other for other in others if not _is_change_of(claimant, other)), None)
        if twin:
            here = "" if key == claimant.key else "the old name "
            there = "" if key == twin.key else " as an old name"
            message = f"{here}{key} is also declared{there} in {_position(twin)}: {_REMEDY}"
            yield problem(claimant.source, "duplicate-declaration", message)


_REMEDY = "keep one of them, or give each its own `targets`"


def _position(declaration: Declaration) -> str:
    return f"{declaration.source.path}:{declaration.source.line}"


def _similar_key_problems(alike: list[Declaration]) -> Iterator[Problem]:
    """Yield a problem for each entry whose key is another Unicode form of another entry's key."""
    for declaration in alike:
        others = (other for other in alike if other.key != declaration.key)
        twin = next((other for other in others if share_target(declaration, other)), None)
        if twin:
            forms = f"{declaration.key.path!a} and {twin.key.path!a}"
            message = (
                f"{declaration.key} is also declared in {_position(twin)}, in another Unicode form "
                f"({forms}): {_REMEDY}"
            )
            yield problem(declaration.source, "duplicate-declaration", message)


def share_target(first: Declaration, second: Declaration) -> bool:
    """Return whether a target exists that both entries are for; `targets` None is every target."""
    if first.names is None or second.names is None:
        return True
    return not {*first.names}.isdisjoint(second.names)


def _is_change_of(first: Declaration, second: Declaration) -> bool:
    """Return whether one of two entries changes the other, which is of an earlier layer."""
    return first.key == second.key and first.rank != second.rank


def _sharing(entries: Sequence[Declaration]) -> Iterator[tuple[Declaration, list[Declaration]]]:
    """Yield each entry with those, itself among them, that are for one of its targets.

    Hundreds of organizations may each have an entry with one key, so not every pair is compared.
    """
    by_name: defaultdict[str | None, list[int]] = defaultdict(list)
    for number, entry in enumerate(entries):
        for name in (None,) if entry.names is None else entry.names:
            by_name[name].append(number)
    for entry in entries:
        names = by_name if entry.names is None else (None, *entry.names)
        numbers = {number for name in names for number in by_name.get(name, ())}
        yield entry, [entries[number] for number in sorted(numbers)]


def same_folders(files: Iterable[File]) -> Iterator[Problem]:
    """Yield a problem for each directory that stands for the same folder as a sibling.

    Examples: two Unicode forms of one name; `100%` and `100%25`. Their notes would end up in one
    folder, which is hardly intended.
    """
    directories: dict[tuple[str, FolderPath], str] = {}
    seen: set[str] = set()
    for file in files:
        if not (file.markdown and file.kind.parent):
            continue
        above = file.path.split("/")[:-1]
        for depth in range(len(above) - len(file.directories), len(above)):
            parent, name = "/".join(above[:depth]), above[depth]
            path = f"{parent}/{name}"
            if path in seen:
                continue
            seen.add(path)
            folder = directory_folder([name])
            first = directories.setdefault((parent, folder), path)
            if first != path:
                message = (
                    f"{path!a} and {first!a} are both the folder {folder}: "
                    "move the files of one into the other"
                )
                yield problem(Source(path), "same-folder", message)


def titles_as_ids(declarations: Iterable[Declaration]) -> Iterator[Problem]:
    """Yield a problem for each mention without quotation marks that begins a declared title."""
    declared = list(declarations)
    titles = grouped((declaration.key.kind, declaration.key.name) for declaration in declared)
    for declaration in declared:
        for attribute, mentioned in mentions_of_field(declaration.resource):
            if not isinstance(mentioned, ObjectId):
                continue
            if title := beginning_with(mentioned.id, titles.get(mentioned.kind, ())):
                assert attribute.mention, "only a field with mentions is yielded"
                message = attribute.mention.without_quotes(mentioned.id, title)
                yield problem(declaration.source_of(attribute.name), "unquoted-title", message)
