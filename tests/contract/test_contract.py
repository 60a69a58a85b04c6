"""The kinds, the emulator and a hand-written table of the API have to agree, field by field."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from devinops.api import codec
from devinops.kinds import KINDS
from devinops.model.kind import ApiVersion, Updates

TABLE = yaml.safe_load((Path(__file__).parent / "api.yaml").read_text(encoding="utf-8"))
APIS: tuple[ApiVersion, ...] = ("v3", "v1")
PAIRS = [(api, noun) for api in APIS for noun in sorted(KINDS)]
BASES: dict[ApiVersion, str] = {"v3": "/v3/organizations/{org_id}", "v1": "/v1"}
TYPES = {"text": "string", "bool": "boolean", "object": "object", "int": "integer"}

each = pytest.mark.parametrize(("api", "noun"), PAIRS)


def of(api: ApiVersion, noun: str) -> dict[str, Any]:
    found: dict[str, Any] = TABLE["objects"][api][noun]
    return found


def wires(api: ApiVersion, noun: str) -> Iterator[Any]:
    for attribute in KINDS[noun].attributes:
        if api in attribute.wires:
            yield attribute, attribute.wires[api]


def own_reads(api: ApiVersion, noun: str) -> set[str]:
    return {wire.read for _, wire in wires(api, noun) if wire.read}


def own_writes(api: ApiVersion, noun: str) -> set[str]:
    return {wire.write for _, wire in wires(api, noun) if wire.write}


# --- the kinds against the table --------------------------------------------------------------------------


def test_the_table_knows_every_kind_and_no_other() -> None:
    assert {api: sorted(kinds) for api, kinds in TABLE["objects"].items()} == {
        "v3": sorted(KINDS),
        "v1": sorted(KINDS),
    }


@each
def test_the_list_is_where_the_table_says(api: ApiVersion, noun: str) -> None:
    endpoint, table = KINDS[noun].endpoints[api], of(api, noun)
    assert (endpoint.items, endpoint.paged, endpoint.id) == (
        table["in"],
        table["paged"],
        table["id"],
    )


def _uses(api: ApiVersion) -> set[tuple[str, str, str]]:
    """What the kinds make of this API, as (call, verb, noun)."""
    found = set()
    for noun, kind in KINDS.items():
        end = kind.endpoints[api]
        path = f"{BASES[api]}/{end.path}"
        found.add((f"GET {path}", "list", noun))
        if end.creates:
            found.add((f"POST {path}", "create", noun))
        if end.reads_one:
            found.add((f"GET {path}/{{id}}", "read", noun))
        if end.updates is not Updates.NONE:
            found.add((f"PUT {path}/{{id}}", "update", noun))
        if end.deletes:
            found.add((f"DELETE {path}/{{id}}", "delete", noun))
    return found


def _offers(api: ApiVersion) -> set[tuple[str, str, str]]:
    return {
        (call, verb, noun)
        for call, use in TABLE["endpoints"][api].items()
        for verb, nouns in use.items()
        if verb not in ("ignored", "identity")
        for noun in ([nouns] if isinstance(nouns, str) else nouns)
    }


@pytest.mark.parametrize("api", ["v3", "v1"])
def test_every_endpoint_is_used_by_a_kind_or_ignored_with_a_reason(api: ApiVersion) -> None:
    assert _uses(api) == _offers(api)
    for call, use in TABLE["endpoints"][api].items():
        assert len(use) == 1, call
        assert all(use.values()), call


@each
def test_every_field_of_an_answer_is_read_or_ignored_with_a_reason(
    api: ApiVersion, noun: str
) -> None:
    table = of(api, noun)
    about = codec.ABOUT[""] | codec.ABOUT.get(noun, frozenset())
    read = own_reads(api, noun) | {table["id"]} | (about & table["read"].keys())
    ignored = set(table["ignored"])
    assert read | ignored == set(table["read"])
    assert not read & ignored
    assert all(table["ignored"].values())


@each
def test_every_field_of_a_request_is_written(api: ApiVersion, noun: str) -> None:
    values = {codec.VALUE} if noun == "secret" else set()
    assert own_writes(api, noun) | values == set(of(api, noun)["write"])


def test_nothing_is_read_beside_the_fields_that_some_api_has() -> None:
    for noun, names in codec.ABOUT.items():
        kinds = [noun] if noun else sorted(KINDS)
        known = {name for api in BASES for kind in kinds for name in of(api, kind)["read"]}
        assert names <= known


@each
def test_fields_are_read_with_the_types_that_the_table_states(api: ApiVersion, noun: str) -> None:
    if noun == "folder":
        return  # read by name and parent, not as fields
    for attribute, wire in wires(api, noun):
        if wire.read is None or attribute.ref:
            continue
        stated = of(api, noun)["read"][wire.read]
        names = {"string"} if "enum" in attribute.schema else attribute.schema["type"]
        allowed = {names} if isinstance(names, str) else set(names)
        assert TYPES[stated.rstrip("?")] in allowed
        # a secret without a key is the one name that may be null: such an object is nobody's
        nameless = noun == "secret" and attribute.name == "key"
        assert not stated.endswith("?") or "null" in allowed or nameless


@each
def test_a_field_that_may_be_cleared_is_sent_as_null_only_where_null_is_taken(
    api: ApiVersion, noun: str
) -> None:
    for attribute, wire in wires(api, noun):
        if wire.write is None or attribute.ref or "type" not in attribute.schema:
            continue
        # on v1 the note of a secret cannot be null; it is written once, on create, and empty by default
        if (api, noun, attribute.name) == ("v1", "secret", "note"):
            continue
        takes_null = of(api, noun)["write"][wire.write].endswith("?")
        assert takes_null or "null" not in attribute.schema["type"]


# --- the emulator against the table -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def described() -> Any:
    """The emulator's description of itself."""
    emulator = pytest.importorskip("devinops.emulator")
    pytest.importorskip("uvicorn")
    with (
        emulator.Emulator() as running,
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
            f"{running.url}/openapi.json"
        ) as answer,
    ):
        return json.load(answer)


def _operations(described: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found = {}
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            place = "/".join(
                "{id}" if part.endswith("_id}") and part != "{org_id}" else part
                for part in path.split("/")
            )
            found[f"{method.upper()} {place}"] = operation
    return found


def _resolve(described: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        schema = described["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    return schema


def _answer(described: dict[str, Any], operation: dict[str, Any]) -> dict[str, Any]:
    return _resolve(
        described, operation["responses"]["200"]["content"]["application/json"]["schema"]
    )


def _names(described: dict[str, Any], schema: dict[str, Any]) -> set[str]:
    return set(_resolve(described, schema)["properties"])


@pytest.mark.parametrize("api", ["v3", "v1"])
def test_the_emulator_has_exactly_the_endpoints_of_the_table(
    described: Any, api: ApiVersion
) -> None:
    emulated = {call for call in _operations(described) if f" /{api}/" in call}
    assert emulated == set(TABLE["endpoints"][api])


def _calls(verb: str) -> Iterator[Any]:
    for api, uses in TABLE["endpoints"].items():
        for call, use in uses.items():
            for noun in [use.get(verb)] if isinstance(use.get(verb), str) else use.get(verb, []):
                yield api, call, noun


@pytest.mark.parametrize(("api", "call", "noun"), [*_calls("list")])
def test_the_emulator_lists_the_fields_of_the_table(
    described: Any, api: ApiVersion, call: Any, noun: str
) -> None:
    table = of(api, noun)
    answer = _answer(described, _operations(described)[call])
    shapes = [_resolve(described, shape) for shape in answer.get("anyOf", [answer])]
    assert [shape["type"] for shape in shapes] == ["array", "object"][not table.get("bare") :]
    for shape in shapes:
        items = shape["properties"][table["in"]] if shape["type"] == "object" else shape
        assert _names(described, items["items"]) == set(table["read"])
    envelopes = [
        set(names) for name, names in TABLE["answers"].items() if name not in ("query", "ignored")
    ]
    assert set(shapes[-1]["properties"]) in envelopes
    if table["paged"]:
        query = {parameter["name"] for parameter in _operations(described)[call]["parameters"]} - {
            "org_id"
        }
        assert set(TABLE["answers"]["query"]) <= query
        assert query - set(TABLE["answers"]["query"]) <= set(TABLE["answers"]["ignored"])


@pytest.mark.parametrize(("api", "call", "noun"), [*_calls("create"), *_calls("update")])
def test_the_emulator_takes_the_fields_of_the_table(
    described: Any, api: ApiVersion, call: Any, noun: str
) -> None:
    operation = _operations(described)[call]
    body = operation["requestBody"]["content"]["application/json"]["schema"]
    assert _names(described, body) == set(of(api, noun)["write"])


@pytest.mark.parametrize(
    ("api", "call", "noun"), [*_calls("create"), *_calls("read"), *_calls("update")]
)
def test_the_emulator_answers_whole_objects_or_what_v1_answers_instead(
    described: Any, api: ApiVersion, call: Any, noun: str
) -> None:
    names = _names(described, _answer(described, _operations(described)[call]))
    short = {"POST /v1/secrets": {"id"}, "PUT /v1/playbooks/{id}": {"status"}}
    assert names == short.get(call, set(of(api, noun)["read"]))
