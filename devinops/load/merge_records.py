"""The live values that pull merged into the files: one file of JSON Lines for each target.

The file is committed together with the entries, so that the decision about a conflict comes with
the merge of the request. Its lines are sorted and independent of each other, which Git merges well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

from devinops.load.discover import read_inside, with_lf
from devinops.load.problems import problem
from devinops.model.inventory import MergedEdit
from devinops.model.objects import Problem, Source

DIRECTORY: Final = "devinops-merged"
_SUFFIX: Final = ".jsonl"
_REMEDY: Final = (
    "if these are conflict markers of Git, delete them and keep the lines of both sides; otherwise "
    "delete this line, and run devinops pull --drift again"
)


def merged_file(target: str) -> str:
    """Return the path of the file of a target, from the root."""
    return f"{DIRECTORY}/{target}{_SUFFIX}"


def read_merged(
    root: Path, keep: Callable[[str, str], None], report: Callable[[list[Problem]], None]
) -> Iterator[MergedEdit]:
    """Yield what pull merged for all targets; `report` gets the problems of the files.

    `keep` gets the path and the text of each file as it is.
    """
    try:
        names = sorted(path.name for path in (root / DIRECTORY).iterdir())
    except FileNotFoundError:
        return
    except OSError as error:
        report([problem(Source(DIRECTORY), "unreadable", f"cannot read this: {error.strerror}")])
        return
    for path in (f"{DIRECTORY}/{name}" for name in names if name.endswith(_SUFFIX)):
        text, problems = read_inside(root / path, root, path)
        report(problems)
        if text is not None:
            keep(path, text)
            yield from _lines(path, with_lf(text), report)


def _lines(path: str, text: str, report: Callable[[list[Problem]], None]) -> Iterator[MergedEdit]:
    from devinops.schema.base_document import convert, load_object, quotable
    from devinops.schema.inventory import MergedLine

    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        source = Source(path, number)
        try:
            yield convert(load_object(line), MergedLine).to_model(source)
        except ValueError as error:
            report([problem(source, "merged-record", f"{quotable(error)}: {_REMEDY}")])


def dump_merged(edits: Iterable[MergedEdit]) -> str:
    """Return the text of the file with these edits, sorted."""
    from devinops.schema.base_document import json_line
    from devinops.schema.inventory import MergedLine

    return "".join(json_line(MergedLine.of(edit)) for edit in sorted(edits))
