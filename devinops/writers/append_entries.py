"""Adds entries to a YAML file that exists already, and leaves everything else as it is. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from devinops.load import read_entries
from devinops.load.cross_checks import duplicates
from devinops.load.discover import with_lf
from devinops.model.objects import Declaration
from devinops.writers import yaml_text
from devinops.writers.edit_fields import EditableFile, NotEditable, Splice
from devinops.writers.rewrite_file import in_raw


def appended(
    path: str, raw: str, section: str, entries: Sequence[Mapping[str, Any]]
) -> tuple[str, list[Declaration]]:
    """Return the text of a file with more entries in a section, and what these declare.

    `raw` is the text with its own line ends, which stay. Raises NotEditable.
    """
    text = with_lf(raw)
    new = in_raw(raw, [_insertion(EditableFile(text, markdown=False), section, entries)])
    before, _ = read_entries(path, text)
    after, problems = read_entries(path, with_lf(new))
    added = _added(before, after)
    is_clean = not problems and not any(duplicates(after))
    if not is_clean or added is None or len(added) != len(entries):
        raise NotEditable("another value would change too")
    return new, added


def _added(before: Sequence[Declaration], after: Iterable[Declaration]) -> list[Declaration] | None:
    """Return the new entries of a file; None if an old one is missing or has changed."""
    old, added = deque(before), []
    for entry in after:
        if old and _is_same(entry, old[0]):
            old.popleft()
        else:
            added.append(entry)
    return None if old else added


def _is_same(entry: Declaration, other: Declaration) -> bool:
    here = entry.key, entry.targets, entry.resource
    return here == (other.key, other.targets, other.resource)


def _insertion(file: EditableFile, section: str, entries: Sequence[Mapping[str, Any]]) -> Splice:
    """Return the insertion after the last entry of the section, or of the section itself."""
    if last := file.end_of(section):
        end, column = last
        rows = yaml_text.sequence(entries, column)
        return Splice(end, end, "".join(f"\n{row}" for row in rows))
    end = len(file.text.rstrip())
    rows = yaml_text.mapping({section: entries})
    return Splice(end, len(file.text), "".join(f"\n{row}" for row in rows) + "\n")
