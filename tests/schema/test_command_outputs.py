"""The documents of lint, targets and pull."""

from __future__ import annotations

from typing import Any

import pytest

from devinops.model.objects import Severity
from devinops.schema.base_document import HEAD, Document, convert, plain
from devinops.schema.command_outputs import (
    DeclaredTargetItem,
    NotPulledItem,
    NotReadItem,
    PullDocument,
    PulledFile,
    PulledTargetItem,
    RuleItem,
    RulesDocument,
    TargetsDocument,
)
from devinops.schema.parts import SourceItem

RULES = RulesDocument(
    **HEAD, rules=(RuleItem("DV103", "too-short", Severity.INFO, "entry", "Short.", "Short.\n"),)
)
PULLED = PullDocument(
    **HEAD,
    check=False,
    exit_code=0,
    set_up=("devinops.yaml",),
    files=(PulledFile("knowledge/a.md", "new", ("knowledge:a",), ()),),
    left=(NotPulledItem("knowledge:b", "knowledge", "namesakes", ("1", "2"), "rename one", None),),
    targets=(PulledTargetItem("pay", None, 0, None, (NotReadItem("secret", "403"),)),),
)
TARGETS = TargetsDocument(
    **HEAD,
    exit_code=0,
    targets=(
        DeclaredTargetItem(
            "pay", None, None, False, {"ring": "canary"}, (), None, "KEY", SourceItem("a", 1, 1)
        ),
    ),
)


@pytest.mark.parametrize(
    "document", [RULES, PULLED, TARGETS], ids=lambda document: type(document).__name__
)
def test_they_come_back_as_they_were_written(document: Document) -> None:
    assert convert(plain(document), type(document)) == document


@pytest.mark.parametrize(
    ("document", "path", "value"),
    [
        (RULES, "rules.0.severity", "fatal"),
        (PULLED, "files.0.change", "moved"),
        (PULLED, "targets.0.not_read.0.reason", None),
        (TARGETS, "targets.0.source.line", -1),
        (TARGETS, "targets.0.labels", []),
    ],
)
def test_a_wrong_value_is_refused_with_its_path(document: Document, path: str, value: Any) -> None:
    damaged: Any = plain(document)
    *above, name = path.split(".")
    part = damaged
    for step in above:
        part = part[int(step)] if step.isdigit() else part[step]
    part[name] = value
    with pytest.raises(ValueError, match=name):
        convert(damaged, type(document))
