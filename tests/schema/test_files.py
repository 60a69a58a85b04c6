"""The schemas: valid, described, closed, and on disk as generated."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from devinops.cli.handlers.schema import dumped
from devinops.kinds import KINDS
from devinops.schema.all_schemas import schemas
from devinops.schema.files import entry_schema
from devinops.schema.findings import check
from tests.testing.places import ROOT

DIRECTORY = ROOT / "schemas"
SCHEMAS = schemas()
NAMES = list(SCHEMAS)


def said(schema: Any, value: Any) -> list[Any]:
    return [(finding.path, finding.code, finding.message) for finding in check(schema, value)]


@pytest.mark.parametrize("name", NAMES)
def test_the_file_is_what_is_generated(name: Any) -> None:
    path = DIRECTORY / f"{name}.schema.json"
    assert path.read_text(encoding="utf-8") == dumped(SCHEMAS[name]), (
        "write it again: python -m devinops schema --directory schemas"
    )


def test_there_is_no_other_file() -> None:
    assert {path.name for path in DIRECTORY.iterdir()} == {f"{name}.schema.json" for name in NAMES}


@pytest.mark.sampled(4)
@pytest.mark.parametrize("name", NAMES)
def test_each_is_a_schema_of_2020_12(name: Any) -> None:
    Draft202012Validator.check_schema(SCHEMAS[name])
    assert SCHEMAS[name]["$id"] == f"urn:devinops:schema:{name}"


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_each_property_is_described_for_editors(kind: Any) -> None:
    for front_matter in (False, True):
        for name, schema in entry_schema(kind, front_matter=front_matter)["properties"].items():
            assert schema["description"].endswith("."), name


@pytest.mark.parametrize(
    "kind", [kind for kind in KINDS.values() if kind.renames], ids=lambda kind: kind.name
)
def test_a_missing_part_of_an_old_place_is_described_as_the_same(kind: Any) -> None:
    old = entry_schema(kind, front_matter=True)["properties"]["previously"]["items"]["properties"]
    assert old
    for name, schema in old.items():
        assert schema["description"] == f"The old {name}. Missing: the same as now."


def test_no_object_is_open_but_those_that_are_meant() -> None:
    """A typo must be found at every level."""
    is_open = []
    waiting = [(name, SCHEMAS[name]) for name in NAMES if name != "plan"]
    while waiting:
        path, schema = waiting.pop()
        waiting += [(f"{path}.{key}", value) for key, value in schema.get("properties", {}).items()]
        waiting += [
            (f"{path}.{key}", schema[key])
            for key in ("items", "additionalProperties")
            if isinstance(schema.get(key), dict)
        ]
        if "object" in schema.get("type", ()) and schema.get("additionalProperties", True) is True:
            is_open.append(".".join(path.split(".")[-2:]))
    assert {name.rpartition(".")[2] for name in is_open} == {
        "meta",
        "structured_output_schema",
        "preflight",
        "items",
    }
    assert {name for name in is_open if name.endswith(".items")} == {"actions.items"}


def test_config() -> None:
    target = {
        "org_id": "org-1",
        "api_url": "https://api.devin.ai",
        "api_version": "v3",
        "api_key_env": "DEVIN_API_KEY_PRODUCTION",
        "max_delete": "20%",
        "v3_macro": "hold",
        "inventory": {"store": "none"},
        "prune": "off",
    }
    value = {
        "version": 1,
        "required_version": ">=0.1",
        "paths": ["docs"],
        "ignore": ["x"],
        "targets": {"a": target, "b": None},
    }
    assert said("config", value) == []
    assert said("config", {"version": 1, "targets": {"a": {"max_delete": 3}}}) == []


def test_schemas_survive_json() -> None:
    assert json.loads(json.dumps(schemas())) == schemas()
