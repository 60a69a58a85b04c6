"""The contract that ships with the package, against the table that the tests wrote by hand, and the kinds."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from devinops.api.contract import contract
from devinops.kinds import KINDS
from devinops.model.kind import ApiVersion, Scope
from tests.testing.places import ROOT

TABLE = yaml.load(
    (ROOT / "tests" / "contract" / "api.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader
)
OBJECTS = {"object", "person"}
BASES = {
    Scope.ORGANIZATION: "/v3/organizations/{org_id}",
    Scope.ENTERPRISE: "/v3/enterprise",
    Scope.ABOUT_ORGANIZATION: "/v3/enterprise/organizations/{org_id}",
}


def lists() -> list[tuple[str, str, str]]:
    """Return API, path and kind of each list of the table, without those of people and access.

    Doctor reads what the contract lists, which leaves out the lists of people and their roles.
    """
    return [
        (api, call.removeprefix("GET "), noun)
        for api, uses in TABLE["endpoints"].items()
        for call, use in uses.items()
        if "list" in use
        for noun in (use["list"] if isinstance(use["list"], list) else [use["list"]])
        if not KINDS[noun].only_named
    ]


def fields(api: ApiVersion, path: str, noun: str) -> dict[str, Any]:
    """Return the contract's shape of the objects of a list."""
    found = contract(api)
    reading = next(each for each in found.readings if each.path == path)
    place = TABLE["objects"][api][noun]["in"]
    shape = reading.shape[place][0] if reading.paging == "whole" else reading.shape
    resolved: dict[str, Any] = found.shapes[shape]
    return resolved


def kind_of(shape: Any) -> str:
    """Return the table's word for a part of a shape."""
    if isinstance(shape, dict) or shape == "free":
        return "object"
    return "list" if isinstance(shape, list) else str(shape)


@pytest.mark.parametrize(("api", "path", "noun"), lists())
def test_the_fields_and_types_are_those_of_the_table(api: ApiVersion, path: str, noun: str) -> None:
    stated = {
        name + "?" * type.endswith("?"): "object"
        if type.rstrip("?") in OBJECTS
        else type.rstrip("?")
        for name, type in TABLE["objects"][api][noun]["read"].items()
    }
    ours = {name: kind_of(shape) for name, shape in fields(api, path, noun).items()}
    assert ours == stated


def test_everything_that_is_read_is_an_endpoint_of_the_table() -> None:
    apis: tuple[ApiVersion, ...] = ("v3", "v1")
    for api in apis:
        for reading in contract(api).readings:
            assert f"GET {reading.path}" in TABLE["endpoints"][api]
            if reading.reads_one:
                assert f"GET {reading.path}/{{id}}" in TABLE["endpoints"][api]


@pytest.mark.parametrize(("api", "path", "noun"), lists())
def test_a_list_is_read_as_the_kind_reads_it(api: ApiVersion, path: str, noun: str) -> None:
    calls = KINDS[noun].apis[api]
    reading = next(each for each in contract(api).readings if each.path == path)
    if calls.read_permission and path.startswith("/v3/organizations"):
        assert reading.permission == calls.read_permission
    if path.startswith("/v3/enterprise"):
        assert reading.permission == (calls.enterprise_permission or calls.read_permission)
    assert {"cursor": "first and after", "offset": "limit and offset", "whole": "one response"}[
        reading.paging
    ] == str(calls.paging)
    if noun != "folder" or api == "v3":
        assert (reading.id, reading.items) == (calls.id, calls.items)


def test_what_holds_settings_is_read_with_the_permission_of_its_kind() -> None:
    paths = {reading.path: reading for reading in contract("v3").readings}
    for kind in KINDS.values():
        for part in kind.apis["v3"].parts:
            reading = paths[f"/v3/enterprise/{part.path}"]
            assert reading.permission == (part.permission or kind.apis["v3"].read_permission)


def test_every_shape_is_used_and_every_word_is_known() -> None:
    words: set[str] = set()

    def collect(shape: Any) -> None:
        for part in (
            shape.values() if isinstance(shape, dict) else shape if isinstance(shape, list) else ()
        ):
            collect(part)
        if isinstance(shape, str):
            words.add(shape)

    both = [contract("v3"), contract("v1")]
    for found in both:
        for reading in found.readings:
            collect(reading.shape)
    shapes = both[0].shapes
    for shape in shapes.values():
        collect(shape)
    types = {"text", "bool", "int", "time", "date", "free", "any"}
    assert words - types == shapes.keys() - {"self"}
    assert all(re.fullmatch(r"\w+\??", name) for shape in shapes.values() for name in shape)


def test_it_is_read_once_and_not_for_each_object_of_a_list() -> None:
    assert contract("v3") is contract("v3")
