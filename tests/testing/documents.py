"""Documents that devinops wrote."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from jsonschema import Draft202012Validator

from devinops.schema.all_schemas import schemas
from tests.testing.places import GOLDEN

PLAN: dict[str, Any] = json.loads((GOLDEN / "plan.json").read_text(encoding="utf-8"))
"""What `plan --format json` prints for the goldens."""


def fits(name: str, text: str) -> dict[str, Any]:
    """Return a document that fits one of the published schemas."""
    document: dict[str, Any] = json.loads(text)
    Draft202012Validator(schemas()[name]).validate(document)
    return document


def outcomes(document: Mapping[str, Any]) -> dict[str, str]:
    """Return the outcome of the only change of each target in the document of an apply."""
    rows = [row for change in document["changes"] for row in change["targets"]]
    assert len(rows) == len({row["name"] for row in rows})
    return {row["name"]: row["outcome"] for row in sorted(rows, key=lambda row: row["name"])}
