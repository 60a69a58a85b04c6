"""The order of fields has all of them, and the text is last."""

from __future__ import annotations

import pytest

from devinops.kinds import KINDS
from devinops.schema.files import entry_schema
from devinops.writers import field_order


def test_an_entry_begins_with_its_name_and_ends_with_its_text() -> None:
    assert field_order.of_entry(KINDS["knowledge"]) == (
        "<<", "name", "folder", "trigger", "pinned_repo", "is_enabled", "macro",
        "targets", "where", "enterprise", "overrides", "extends", "final",
        "meta", "lint", "ensure", "protect", "previously", "body", "body_file",
    )  # fmt: skip


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.noun)
def test_every_field_has_its_place(kind: object) -> None:
    (kind,) = [known for known in KINDS.values() if known is kind]
    order = field_order.of_entry(kind)
    assert sorted(order) == sorted(["<<", *entry_schema(kind)["properties"]])


def test_the_settings_have_the_order_of_their_documentation() -> None:
    assert field_order.of_settings() == (
        "<<", "version", "required_version", "paths", "ignore", "lint", "max_targets", "rate", "shards",
        "defaults", "targets", "ignore_organizations", "layers", "waves",
    )  # fmt: skip
    assert field_order.of_target()[:3] == ("<<", "org_id", "title")
