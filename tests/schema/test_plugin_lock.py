"""The schema of a line of the lock file of a plugin."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from devinops.schema.all_schemas import schemas

LINE = Draft202012Validator(schemas()["plugin-lock"])
ENTRY = {"slug": "error-envelope", "key": "knowledge:Error envelope"}


@pytest.mark.parametrize(
    "line", [{"devinops_lock": 1}, ENTRY, ENTRY | {"ids": {"production": "note-1"}}]
)
def test_every_line_of_a_lock_file_is_accepted(line: dict[str, Any]) -> None:
    assert LINE.is_valid(line)


@pytest.mark.parametrize(
    "line",
    [
        {},
        {"devinops_lock": 0},
        ENTRY | {"slug": "../x"},
        ENTRY | {"slug": "a" * 65},
        ENTRY | {"ids": {"production": ""}},
        ENTRY | {"path": "x"},
    ],
)
def test_a_line_that_means_nothing_is_refused(line: dict[str, Any]) -> None:
    assert not LINE.is_valid(line)
