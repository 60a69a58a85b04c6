"""The document of `devinops lint --list-rules` and `--explain`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Struct

from devinops.model.objects import Severity
from devinops.schema.base_document import Document, about


class RuleItem(Struct, frozen=True):
    """A lint rule."""

    id: Annotated[str, about("The code of its findings.")]
    name: str
    severity: Annotated[Severity, about("Default severity.")]
    scope: Annotated[str, about("What it must see: the entry, or the repository.")]
    summary: str
    manual: Annotated[str, about("Its page: why it matters, and examples.")]


class RulesDocument(Document, frozen=True, kw_only=True):
    """Output of `lint --list-rules` and `lint --explain`."""

    rules: tuple[RuleItem, ...]
