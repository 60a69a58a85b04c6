"""How long fmt takes, against reading the same files for validate."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from benchmarks.commands import ours, write
from benchmarks.comparison import Comparison
from benchmarks.measure import Contender
from benchmarks.repositories import put_aside
from benchmarks.results import Bound

COUNT = 10_000
CHANGED = "fmt, all files change"
UNCHANGED = "fmt --check, nothing changes"
VALIDATE = "validate"


@contextmanager
def prepare(directory: Path) -> Iterator[list[Contender]]:
    formatted = write("markdown", COUNT, directory / "formatted")
    unformatted = write("unformatted", COUNT, directory / "unformatted")
    root = directory / "repository"

    def copy() -> None:
        put_aside(root)
        shutil.copytree(unformatted, root)

    copy()
    yield [
        replace(ours(CHANGED, root, "fmt", before=copy), most_runs=3, warm=False),
        ours(UNCHANGED, formatted, "fmt", "--check"),
        ours(VALIDATE, formatted, "validate"),
    ]


BENCHMARKS = [
    Comparison(
        "fmt",
        "format 10,000 Markdown files",
        "",
        1.5,
        prepare,
        [
            Bound("cpu_s", 10, VALIDATE, of=CHANGED, what="CPU time, all change, against validate"),
            Bound("cpu_s", 2, VALIDATE, of=UNCHANGED, what="CPU time, none does, against validate"),
            Bound("peak_mb", 300, of=CHANGED, what="peak memory", unit=" MB"),
        ],
        shown=CHANGED,
    )
]
