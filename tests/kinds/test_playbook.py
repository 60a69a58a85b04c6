"""Playbooks: what a JSON Schema of an entry cannot say."""

from __future__ import annotations

from pathlib import Path

from devinops.kinds import KINDS
from devinops.kinds.playbook import SCHEMA_BYTES, Playbook


def test_a_schema_of_a_result_has_a_largest_size(tmp_path: Path) -> None:
    kind = KINDS["playbook"]
    small = Playbook(title="P", body="b", structured_output_schema={"a": "x"})
    large = Playbook(title="P", body="b", structured_output_schema={"a": "x" * SCHEMA_BYTES})
    assert list(kind.check(small)) == []
    assert [name for name, _ in kind.check(large)] == ["structured_output_schema"]
