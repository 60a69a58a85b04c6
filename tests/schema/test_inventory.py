"""The schema of a line of an inventory."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from devinops.schema.all_schemas import schemas

LINE = Draft202012Validator(schemas()["inventory"])
TARGET = {"devinops_inventory": 1, "api_host": "api.devin.ai", "org_id": None, "target": "production"}  # fmt: skip
RECORD = {"key": "knowledge:A", "id": "note-1"}
INTENT = {"intent": "RUN", "action": "create", "key": "knowledge:A"}


@pytest.mark.parametrize(
    "line",
    [
        TARGET,
        RECORD,
        RECORD | {"protect": True, "fields": {"body": "h", "name": ["sent", "read"], "macro": ["sent", None]}},
        INTENT,
        INTENT | {"unclear": True},
        {"devinops_inventory_end": True},
    ],
)  # fmt: skip
def test_every_line_of_an_inventory_is_accepted(line: dict[str, Any]) -> None:
    assert LINE.is_valid(line)


@pytest.mark.parametrize(
    "line",
    [
        {},
        TARGET | {"devinops_inventory": 0},
        TARGET | RECORD,
        RECORD | {"id": ""},
        RECORD | {"fields": {"body": ["h"]}},
        INTENT | {"action": "explode"},
        {"devinops_inventory_end": False},
    ],
)
def test_a_line_that_means_nothing_is_refused(line: dict[str, Any]) -> None:
    assert not LINE.is_valid(line)
