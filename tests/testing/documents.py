"""Documents that devinops wrote."""

from __future__ import annotations

import json
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
