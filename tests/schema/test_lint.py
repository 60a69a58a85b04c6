"""The document of the lint rules."""

from __future__ import annotations

import pytest

from devinops.model.objects import Severity
from devinops.schema.base_document import HEAD, convert, plain
from devinops.schema.lint import RuleItem, RulesDocument

DOCUMENT = RulesDocument(
    **HEAD, rules=(RuleItem("DV101", "too-short", Severity.INFO, "entry", "Short.", "Short.\n"),)
)


def test_it_comes_back_as_it_was_written() -> None:
    assert convert(plain(DOCUMENT), RulesDocument) == DOCUMENT


def test_an_unknown_severity_is_refused() -> None:
    damaged = plain(DOCUMENT)
    damaged["rules"][0]["severity"] = "fatal"
    with pytest.raises(ValueError, match="severity"):
        convert(damaged, RulesDocument)
