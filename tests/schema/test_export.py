"""The documents of export."""

from __future__ import annotations

import pytest

from devinops.schema.base_document import HEAD, convert, plain
from devinops.schema.export import (
    ObjectsDocument,
    ObjectsReport,
    PluginFileItem,
    PluginReport,
    RemarkItem,
)

REMARK = RemarkItem("knowledge:A", "it is disabled")


def test_they_come_back_as_they_were_written() -> None:
    objects = ObjectsDocument(
        **HEAD,
        source="organization",
        target="a",
        org_id=None,
        items=({"kind": "knowledge"},),
        not_read={"playbook": "403"},
    )
    report = ObjectsReport(
        **HEAD, exit_code=0, file="a.json", objects=1, remarks=(REMARK,), not_read={}
    )
    plugin = PluginReport(
        **HEAD,
        exit_code=0,
        directory="plugin",
        check=False,
        files=(PluginFileItem("skills/a/SKILL.md", "new", "knowledge:A"),),
        remarks=(REMARK,),
        left_out=(),
        shipped=("knowledge:A",),
    )
    assert convert(plain(objects), ObjectsDocument) == objects
    assert convert(plain(report), ObjectsReport) == report
    assert convert(plain(plugin), PluginReport) == plugin


def test_an_unknown_source_is_refused_with_its_path() -> None:
    damaged = {**HEAD, "source": "elsewhere", "target": None, "org_id": None, "items": []}
    with pytest.raises(ValueError, match="source"):
        convert(damaged, ObjectsDocument)
