"""Documents that devinops wrote."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from devinops.schema.all_schemas import schemas
from tests.testing.places import GOLDEN

PLAN: dict[str, Any] = json.loads((GOLDEN / "plan.json").read_text(encoding="utf-8"))
"""What `plan --format json` prints for the goldens."""


@cache
def validator(name: str) -> Draft202012Validator:
    """Return what checks values against one of the published schemas. To make it takes longer than many a test."""
    return Draft202012Validator(schemas()[name])


def fits(name: str, text: str) -> dict[str, Any]:
    """Return a document that fits one of the published schemas."""
    document: dict[str, Any] = json.loads(text)
    validator(name).validate(document)
    return document


def outcomes(document: Mapping[str, Any]) -> dict[str, str]:
    """Return the outcome of the only change of each target in the document of an apply."""
    rows = [row for change in document["changes"] for row in change["targets"]]
    assert len(rows) == len({row["name"] for row in rows})
    return {row["name"]: row["outcome"] for row in sorted(rows, key=lambda row: row["name"])}


def of_one(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document of a run over one target, with each change and drift by its object.

    `summary` counts the changes by action and the blocked steps; after an apply, `results` are the
    outcomes of the changes; `left` is None if it is not known what is left.
    """
    if not document.get("complete") or "by_one" not in document:
        return dict(document)
    (target,) = document["targets"]
    absent = {"unchanged": 0, "unmanaged": {}, "unsaved": [], "backup": None}
    flat = {**absent, **target, **document, "unmanaged": target.get("unmanaged", {})}
    flat["inventory"] = {"store": target["store"], "owned": target.get("owned", 0)}
    flat["notes"] = [note["text"] for note in document["notes"]]
    for part in ("missing", "problems", "refused", "hazards"):
        flat[part] = [
            {name: value for name, value in item.items() if name != "targets"}
            for item in document[part]
        ]
    for part in ("changes", "blocked", "drift", "left", "waiting"):
        items = [
            {
                name: value
                for name, value in {**item, **row}.items()
                if name not in ("targets", "name")
            }
            for item in document.get(part) or ()
            for row in item["targets"]
        ]
        flat[part] = sorted(items, key=lambda item: (item["key"], item.get("id") or ""))
    flat["summary"] = Counter(change["action"] for change in flat["changes"])
    flat["summary"]["blocked"] = len(flat["blocked"])
    flat["refusals"] = flat["refused"]
    if "left" in document:
        flat["results"] = [
            {
                **change,
                "id": change.get("new_id") or change["id"],
                "message": change.get("message", ""),
                "unclear": change.get("unclear", False),
            }
            for change in flat["changes"]
        ]
        if flat.get("unverified"):
            flat["left"] = None
    return flat


def read_one(text: str) -> dict[str, Any]:
    """Return the document of a run over one target that devinops printed; see `of_one`."""
    return of_one(json.loads(text))
