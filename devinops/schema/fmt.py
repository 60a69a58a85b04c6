"""The document of `devinops fmt`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Struct

from devinops.schema.base_document import Count, Document, ExitStatus, about
from devinops.schema.plan import ProblemItem


class FormattedFile(Struct, frozen=True):
    """A file that was formatted, or with --check or --diff would be."""

    path: Annotated[str, about("Relative to the root, with /.")]
    diff: Annotated[str, about("Unified diff; empty without --diff.")]


class FormatDocument(Document, frozen=True, kw_only=True):
    """Output of `fmt`."""

    exit_code: ExitStatus
    check: Annotated[bool, about("Nothing was written.")]
    files: tuple[FormattedFile, ...]
    unchanged: Annotated[Count, about("Number of files that have the canonical form already.")]
    problems: Annotated[
        tuple[ProblemItem, ...], about("Why files were left as they are, or could not be read.")
    ]
