"""The documents of lint, whoami, fmt, comment, pull, import and export."""

from __future__ import annotations

from typing import Any

import pytest

from devinops.model.objects import Severity
from devinops.schema.base_document import HEAD, Document, convert, plain
from devinops.schema.command_outputs import (
    CommentDocument,
    ComparedItem,
    DuplicateItem,
    FormatDocument,
    FormattedFile,
    ImportDocument,
    ImportedItem,
    NotImportedItem,
    NotPulledItem,
    NotReadItem,
    ObjectsDocument,
    ObjectsReport,
    OriginItem,
    PluginFileItem,
    PluginReport,
    PullDocument,
    PulledFile,
    PulledTargetItem,
    RemarkItem,
    ReviewedDocument,
    RuleItem,
    RulesDocument,
    SettingItem,
    StatusReport,
    WhoamiDocument,
    WhoamiTargetItem,
)

RULES = RulesDocument(
    **HEAD, rules=(RuleItem("DV101", "too-short", Severity.INFO, "entry", "Short.", "Short.\n"),)
)
WHOAMI = WhoamiDocument(
    **HEAD,
    root="/repository",
    exit_code=0,
    targets=(
        WhoamiTargetItem(
            "pay", None, None, {"timeout": SettingItem(60.0, "default")}, "CI", None, None, None
        ),
    ),
)
FORMATTED = FormatDocument(
    **HEAD,
    exit_code=0,
    check=False,
    files=(FormattedFile("knowledge/a.md", ""),),
    unchanged=2,
    problems=(),
)
POSTED = CommentDocument(
    **HEAD,
    outcome="created",
    root=".",
    target="production",
    org_id=None,
    digest="0a" * 16,
    commit=None,
    request=7,
    url="https://github.test/acme/api/pull/7#issuecomment-1",
    exit_code=0,
)
REVIEWED = ReviewedDocument(
    **HEAD,
    root=".",
    target="production",
    org_id="org-1",
    digest="0a" * 16,
    commit="c" * 40,
    request=7,
    url="https://github.test/acme/api/pull/7#issuecomment-1",
    exit_code=0,
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
ORIGIN = OriginItem("a.mdc", 3, "Cursor rule")
IMPORTED = ImportDocument(
    **HEAD,
    exit_code=4,
    dry_run=True,
    imported=(
        ImportedItem("knowledge:a", "knowledge/a.md", ORIGIN, False, "", "note-1", "x.y", ("r",)),
    ),
    duplicates=(DuplicateItem(ORIGIN, "the same as", "knowledge:a", "b.mdc"),),
    not_imported=(NotImportedItem(ORIGIN, "knowledge:b", "no text"),),
    remarks={"p": ("2 other Markdown files not read",)},
    commands=("terraform state rm x.y",),
)
REMARK = RemarkItem("knowledge:A", "it is disabled")
OBJECTS = ObjectsDocument(
    **HEAD,
    source="organization",
    target="a",
    org_id=None,
    items=({"kind": "knowledge"},),
    not_read={"playbook": "403"},
)
EXPORTED = ObjectsReport(
    **HEAD, exit_code=0, file="a.json", objects=1, remarks=(REMARK,), not_read={}
)
PLUGIN = PluginReport(
    **HEAD,
    exit_code=0,
    directory="plugin",
    check=False,
    files=(PluginFileItem("skills/a/SKILL.md", "new", "knowledge:A"),),
    remarks=(REMARK,),
    left_out=(),
    shipped=("knowledge:A",),
    not_portable=(REMARK,),
)
STATUS = StatusReport(
    **HEAD,
    exit_code=2,
    directories=("plugin",),
    skills=(
        ComparedItem("different", ("description", "text"), "knowledge:A", "skills/a/SKILL.md"),
        ComparedItem("missing", (), "knowledge:B"),
        ComparedItem("without an entry", (), None, "skills/c/SKILL.md"),
    ),
)
DOCUMENTS = (
    *(RULES, WHOAMI, FORMATTED, POSTED, REVIEWED, PULLED, IMPORTED),
    *(OBJECTS, EXPORTED, PLUGIN, STATUS),
)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: type(document).__name__)
def test_they_come_back_as_they_were_written(document: Document) -> None:
    assert convert(plain(document), type(document)) == document


@pytest.mark.parametrize(
    ("document", "path", "value"),
    [
        (RULES, "rules.0.severity", "fatal"),
        (WHOAMI, "targets.0.settings.timeout.source", None),
        (FORMATTED, "unchanged", -1),
        (POSTED, "outcome", "deleted"),
        (POSTED, "request", 0),
        (POSTED, "url", 1),
        (PULLED, "files.0.change", "moved"),
        (IMPORTED, "duplicates.0.source.line", 0),
        (OBJECTS, "source", "elsewhere"),
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
