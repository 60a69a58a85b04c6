"""The tree of folders and notes, as the steps that draw it: folders can be nested at any depth."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from devinops.emulator.pages.views import objects
from devinops.emulator.records import Folder, Note
from devinops.emulator.store import Store

_ALL_OPEN = 60


@dataclass(frozen=True)
class Step:
    """A folder begins or ends, or a note; `count` is the number of notes in the folder."""

    what: Literal["begin", "end", "note"]
    record: Any = None
    count: int = 0


@dataclass(frozen=True)
class NoteTree:
    """What is below a folder or the root. `note_count` is the number of notes that are shown."""

    steps: list[Step]
    note_count: int
    folder_count: int

    @property
    def is_small(self) -> bool:
        return self.note_count <= _ALL_OPEN


def note_tree(
    store: Store, org: str | None, below: str | None = None, search: str = ""
) -> NoteTree:
    """Return the tree below a folder; a search leaves notes with this text, and their folders."""
    notes = [note for note in objects(store, "knowledge", org) if _contains(note, search)]
    folders = objects(store, "folder", org)
    counts = _counts(store, notes)
    if search:
        folders = [folder for folder in folders if counts[folder.id]]
    steps = list(_steps(notes, folders, counts, below))
    kinds = Counter(step.what for step in steps)
    return NoteTree(steps, kinds["note"], kinds["begin"])


def _contains(note: Note, search: str) -> bool:
    text = "\n".join((note.id, note.name, note.trigger, note.body))
    return search.casefold() in text.casefold()


def _counts(store: Store, notes: Iterable[Note]) -> Counter[str]:
    """Return the number of notes in each folder and below it."""
    direct = Counter(note.folder_id for note in notes)
    counts: Counter[str] = Counter()
    for folder_id, number in direct.items():
        for above in store.folder_line(folder_id):
            counts[above] += number
    return counts


def _steps(
    notes: Iterable[Note], folders: Iterable[Folder], counts: Counter[str], below: str | None
) -> Iterator[Step]:
    inside: dict[str | None, list[Step]] = defaultdict(list)
    for folder in folders:
        inside[folder.parent_id].append(Step("begin", folder, counts[folder.id]))
    for note in notes:
        inside[note.folder_id].append(Step("note", note))
    todo = inside[below][::-1]
    while todo:
        step = todo.pop()
        yield step
        if step.what == "begin":
            todo += [Step("end"), *reversed(inside[step.record.id])]


def folder_choices(store: Store, org: str | None, outside: str = "") -> list[tuple[str, str]]:
    """Return the ids and paths of folders to choose from; namesakes have their id in the text.

    With `outside`, without this folder and those in it: a folder cannot be inside itself.
    """
    paths = {
        folder.id: store.folder_path(folder.id)
        for folder in objects(store, "folder", org)
        if not outside or outside not in store.folder_line(folder.id)
    }
    namesakes = Counter(paths.values())
    texts = {
        folder_id: path if namesakes[path] == 1 else f"{path} ({folder_id})"
        for folder_id, path in paths.items()
    }
    return [("", "(no folder)"), *sorted(texts.items(), key=lambda item: item[1].casefold())]
