"""Two entries for one object, and two directories for one folder."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from unicodedata import normalize

from devinops.load.discover import File
from devinops.load.entries import directory_folder
from devinops.load.problems import problem
from devinops.model.keys import FolderPath, Key
from devinops.model.objects import Declaration, Problem, Source


def duplicates(declarations: Iterable[Declaration]) -> Iterator[Problem]:
    """Yield a problem for each entry that shares a key, now or before, with another for the same target.

    Also for each whose key looks like that of another: two Unicode forms of one name are two objects to the API,
    but a reader cannot tell them apart, and one of them is a slip.
    """
    claims: defaultdict[Key, list[Declaration]] = defaultdict(list)
    forms: defaultdict[Key, list[Declaration]] = defaultdict(list)
    for declaration in declarations:
        forms[_one_form(declaration.key)].append(declaration)
        for key in (declaration.key, *declaration.previously):
            claims[key].append(declaration)
    for key, claimants in claims.items():
        if len(claimants) > 1:
            yield from _clashes(key, sorted(claimants, key=lambda one: one.source))
    for alike in forms.values():
        if len(alike) > 1:
            yield from _confusions(sorted(alike, key=lambda one: one.source))


def _one_form(key: Key) -> Key:
    return Key(key.kind, FolderPath(normalize("NFC", key.folder)), normalize("NFC", key.name))


def _clashes(key: Key, claimants: list[Declaration]) -> Iterator[Problem]:
    """Yield one problem for each claimant that clashes, naming the first other one."""
    for one in claimants:
        twin = next(
            (other for other in claimants if other is not one and not _apart(one, other)), None
        )
        if twin:
            yield problem(one.source, "duplicate-declaration", _message(key, one, twin))


def _message(key: Key, one: Declaration, other: Declaration) -> str:
    here = "" if key == one.key else "the old name "
    there = "" if key == other.key else " as an old name"
    return f"{here}{key} is also declared{there} in {_where(other)}: keep one of them, or give each its own `targets`"


def _where(declaration: Declaration) -> str:
    return f"{declaration.source.path}:{declaration.source.line}"


def _confusions(alike: list[Declaration]) -> Iterator[Problem]:
    """Yield one problem for each entry whose key is another form of the key of another one, naming the first."""
    for one in alike:
        twin = next(
            (other for other in alike if other.key != one.key and not _apart(one, other)), None
        )
        if twin:
            message = (
                f"{one.key} is also declared in {_where(twin)}, in another Unicode form ({one.key.place!a} and "
                f"{twin.key.place!a}): keep one of them, or give each its own `targets`"
            )
            yield problem(one.source, "duplicate-declaration", message)


def _apart(one: Declaration, other: Declaration) -> bool:
    """Tell whether no target is concerned by both."""
    return (
        one.targets is not None
        and other.targets is not None
        and not {*one.targets} & {*other.targets}
    )


def same_folders(files: Iterable[File]) -> Iterator[Problem]:
    """Yield a problem for each directory of Markdown files that is the same folder as another one beside it.

    Such as two Unicode forms of one name, or `100%` and `100%25`. One of them is a slip, and their notes would end
    up together.
    """
    found: dict[tuple[str, FolderPath], str] = {}
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
            first = found.setdefault((parent, folder), path)
            if first != path:
                message = f"{path!a} and {first!a} are both the folder {folder}: move the files of one into the other"
                yield problem(Source(path), "same-folder", message)
