"""The kinds, the emulator and a hand-written table of the API have to agree, field by field."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from devinops.api.unknown_members import READ_FOR_EVERY_KIND
from devinops.kinds import KINDS
from devinops.model.kind import Attribute, FieldNames, Paging, Scope
from devinops.model.values import UNSET

TABLE = yaml.load(
    (Path(__file__).parent / "api.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader
)
PAIRS = [
    (api, noun)
    for noun, kind in sorted(KINDS.items())
    for api, calls in sorted(kind.apis.items())
    if not calls.parts
]
SETTINGS = [noun for noun, kind in sorted(KINDS.items()) if kind.apis["v3"].parts]
BASES = {
    ("v3", Scope.ORGANIZATION): "/v3/organizations/{org_id}",
    ("v3", Scope.ENTERPRISE): "/v3/enterprise",
    ("v3", Scope.ABOUT_ORGANIZATION): "/v3/enterprise/organizations/{org_id}",
    ("v1", Scope.ORGANIZATION): "/v1",
}
TYPES = {
    "text": "string",
    "bool": "boolean",
    "object": "object",
    "int": "integer",
    "list": "array",
}

each = pytest.mark.parametrize(("api", "noun"), PAIRS)


def of(api: str, noun: str) -> dict[str, Any]:
    return TABLE["objects"][api][noun]


def fields(api: str, noun: str) -> Iterator[tuple[Attribute, FieldNames]]:
    for attribute in KINDS[noun].attributes:
        if api in attribute.names:
            yield attribute, attribute.names[api]


def raw(api: str, noun: str, row: str, names: set[str]) -> set[str]:
    """The members that a row of the table has in place of those that a kind makes of them."""
    derived, known = of(api, noun).get("derived", {}), of(api, noun)[row]
    in_place = {name: [name] if name in known else derived.get(name, [name]) for name in names}
    return {each for name in names for each in in_place[name]}


def read(api: str, noun: str) -> set[str]:
    """Every member of a response that the client looks at, by what the kind says."""
    return raw(api, noun, "read", _read(api, noun))


def _read(api: str, noun: str) -> set[str]:
    calls = KINDS[noun].apis[api]
    tree, counted = calls.tree, calls.counted
    return {
        calls.id,
        *(names.read for _, names in fields(api, noun) if names.read),
        *calls.also,
        *([tree.name] if tree else []),
        *([tree.parent] if tree and tree.parent else []),
        *([counted.member] if counted else []),
    }


# --- the kinds against the table --------------------------------------------------------------------------


def test_the_table_knows_every_kind_and_no_other():
    assert {(api, noun) for api, kinds in TABLE["objects"].items() for noun in kinds} == set(PAIRS)
    assert sorted(TABLE["settings"]) == SETTINGS


@each
def test_the_list_is_where_the_table_says(api, noun):
    calls, table = KINDS[noun].apis[api], of(api, noun)
    assert (calls.items, calls.paging is Paging.CURSOR, calls.id) == (
        table["in"],
        table["paged"],
        table["id"],
    )


def _uses(api: str) -> set[tuple[str, str, str]]:
    """What the kinds make of this API, as (call, verb, noun)."""
    found = set()
    for noun, kind in KINDS.items():
        calls = kind.apis.get(api)
        if calls is None:
            continue
        if calls.parts:
            found |= {(call, "setting", noun) for part in _parts(noun) for call in part["calls"]}
            continue
        for scope in {Scope.ENTERPRISE} if calls.is_shared else calls.scopes:
            path = f"{BASES[api, scope]}/{calls.path}"
            object = f"{path}/{{{'id' if calls.id.endswith('id') else calls.id}}}"
            found.add((f"GET {path}", "list", noun))
            if calls.creates:
                verb = calls.create_verbs.get(scope, "POST")
                is_update = verb != "POST"
                created = object if calls.has_subject else path
                found.add((f"{verb} {created}", "update" if is_update else "create", noun))
            if calls.reads_one:
                found.add((f"GET {object}", "read", noun))
            if calls.update:
                found.add((f"{calls.update.verb} {object}", "update", noun))
            if calls.deletes and calls.forgotten_in is not scope:
                found.add((f"DELETE {object}", "delete", noun))
    return found


def _parts(noun: str) -> list[dict[str, Any]]:
    """Return what a kind says of the parts of its only object, as the table says it."""
    found = []
    for part in KINDS[noun].apis["v3"].parts:
        path, write = (f"/v3/enterprise/{p}" for p in (part.path, part.write or part.path))
        clears = [] if part.empty is UNSET else [f"DELETE {write}"]
        found.append(
            {
                "field": part.field,
                "calls": [f"GET {path}", f"{part.verb} {write}", *clears],
                "reads": part.member,
                "sends": part.write_member or part.member,
                **({"in": part.items, "where": dict(part.where)} if part.items else {}),
            }
        )
    return found


def _offers(api: str) -> set[tuple[str, str, str]]:
    return {
        (call, verb, noun)
        for call, use in TABLE["endpoints"][api].items()
        for verb, nouns in use.items()
        if verb not in ("ignored", "identity", "authors", "insights")
        for noun in ([nouns] if isinstance(nouns, str) else nouns)
    }


@pytest.mark.parametrize("api", ["v3", "v3beta1", "v1"])
def test_every_endpoint_is_used_by_a_kind_or_ignored_with_a_reason(api):
    assert _uses(api) == _offers(api)
    for call, use in TABLE["endpoints"][api].items():
        assert len(use) == 1, call
        assert all(use.values()), call


@each
def test_every_field_of_an_answer_is_read_or_ignored_with_a_reason(api, noun):
    table = of(api, noun)
    mapped = read(api, noun) | (READ_FOR_EVERY_KIND & table["read"].keys())
    ignored = set(table["ignored"])
    assert mapped | ignored == set(table["read"])
    assert not mapped & ignored
    assert all(table["ignored"].values())


@each
def test_every_field_of_a_request_is_written(api, noun):
    calls = KINDS[noun].apis[api]
    created, once = _created(api, noun), _once(api, noun)
    updated = {names.update for _, names in fields(api, noun) if names.update}
    values = {calls.value} if calls.value else set()
    if calls.creates:
        unsent = of(api, noun).get("unsent", {})
        assert created | values | unsent.keys() == set(of(api, noun)["write"])
    if calls.update:
        assert updated == set(of(api, noun)["write"]) - once
    assert calls.creates or not created
    assert calls.creates or calls.update or not of(api, noun)["write"]


def _created(api: str, noun: str) -> set[str]:
    """The members of a create; the id of a subject is in the path."""
    names = {names.create for _, names in fields(api, noun) if names.create}
    return raw(api, noun, "write", names - _path_only(api, noun))


def _path_only(api: str, noun: str) -> set[str]:
    """The id of a subject, which a create has in its path only."""
    calls = KINDS[noun].apis[api]
    return {calls.id} if calls.has_subject else set()


def _once(api: str, noun: str) -> set[str]:
    """The members that only a create has."""
    names = {n.create for _, n in fields(api, noun) if n.create and not n.update}
    return raw(api, noun, "write", names - _path_only(api, noun)) | set(
        of(api, noun).get("unsent", {})
    )


def test_nothing_is_read_beside_the_fields_that_some_api_has():
    assert {name for api, noun in PAIRS for name in of(api, noun)["read"]} >= READ_FOR_EVERY_KIND


@each
def test_what_a_list_of_another_kind_must_hold_is_counted_by_a_field_of_that_kind(api, noun):
    counted = KINDS[noun].apis[api].counted
    assert counted is None or counted.by in of(api, counted.kind)["read"]


@each
def test_fields_are_read_with_the_types_that_the_table_states(api, noun):
    kind = KINDS[noun]
    for attribute, field in fields(api, noun):
        if field.read is None or attribute.ref or field.read in of(api, noun).get("derived", {}):
            continue
        stated = of(api, noun)["read"][field.read]
        names = {"string"} if "enum" in attribute.schema else attribute.schema["type"]
        allowed = {names} if isinstance(names, str) else set(names)
        assert TYPES[stated.rstrip("?")] in allowed
        # an object without a name is nobody's
        nameless = kind.apis[api].nameless and attribute.name in kind.identity.fields
        assert not stated.endswith("?") or "null" in allowed or nameless


@each
def test_a_field_that_may_be_cleared_is_sent_as_null_only_where_null_is_accepted(api, noun):
    for attribute, field in fields(api, noun):
        is_derived = field.read in of(api, noun).get("derived", {})
        if attribute.ref or is_derived or "type" not in attribute.schema:
            continue
        # on v1 the note of a secret cannot be null; it is written once, on create, and empty by default
        if (api, noun, attribute.name) == ("v1", "secret", "note"):
            continue
        for name in {field.create, field.update} - {None}:
            takes_null = of(api, noun)["write"][name].endswith("?")
            assert takes_null or "null" not in attribute.schema["type"]


@pytest.mark.parametrize("noun", SETTINGS)
def test_settings_are_read_and_set_as_the_table_says(noun):
    assert _parts(noun) == TABLE["settings"][noun]
    assert [part["field"] for part in _parts(noun)] == [a.name for a in KINDS[noun].attributes]
    assert all(a.reads("v3") == a.name for a in KINDS[noun].attributes)


# --- the emulator against the table -----------------------------------------------------------------------


OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@pytest.fixture(scope="module")
def url():
    emulator = pytest.importorskip("devinops.emulator")
    pytest.importorskip("uvicorn")
    with emulator.Emulator() as running:
        yield running.url


@pytest.fixture(scope="module")
def described(url):
    """The emulator's description of itself."""
    with OPENER.open(f"{url}/openapi.json") as answer:
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
    success = next(code for code in ("200", "201") if code in operation["responses"])
    content = operation["responses"][success]["content"]
    return _resolve(described, content["application/json"]["schema"])


def _names(described: dict[str, Any], schema: dict[str, Any]) -> set[str]:
    return set(_resolve(described, schema)["properties"])


@pytest.mark.parametrize("api", ["v3", "v3beta1", "v1"])
def test_the_emulator_has_exactly_the_endpoints_of_the_table(described, api):
    emulated = {call for call in _operations(described) if f" /{api}/" in call}
    assert emulated == set(TABLE["endpoints"][api])


def test_the_emulator_names_each_operation_that_it_does_not_serve(url):
    for call, name in TABLE["unserved"].items():
        method, path = call.split()
        key = "apk_emulator" if path.startswith("/v1/") else "cog_enterprise"
        filled = re.sub(r"{[^}]*}", "acme%2Fshop", path.replace("{org_id}", "org-emulator"))
        request = urllib.request.Request(
            f"{url}{filled}", method=method, headers={"Authorization": f"Bearer {key}"}
        )
        with pytest.raises(urllib.error.HTTPError) as caught:
            OPENER.open(request)
        assert (caught.value.code, call) == (501, call)
        assert f" {name} " in json.load(caught.value)["detail"]


def _calls(verb: str):
    for api, uses in TABLE["endpoints"].items():
        for call, use in uses.items():
            for noun in [use.get(verb)] if isinstance(use.get(verb), str) else use.get(verb, []):
                yield api, call, noun


@pytest.mark.parametrize(("api", "call", "noun"), [*_calls("list")])
def test_the_emulator_lists_the_fields_of_the_table(described, api, call, noun):
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


def _body(described: dict[str, Any], operation: dict[str, Any], api: str, noun: str) -> Any:
    """The schema of what a request says of one object, which a create may wrap in a list."""
    body = operation["requestBody"]["content"]["application/json"]["schema"]
    wrapped = _resolve(described, body)["properties"].get(of(api, noun).get("wrapped"))
    return wrapped["items"] if wrapped else body


JSON_TYPES = {**TYPES, "time": "integer", "date": "string", "person": "object"}


def _types(described: dict[str, Any], schema: dict[str, Any]) -> set[str]:
    """Return the JSON types that a schema allows."""
    schema = _resolve(described, schema)
    parts = schema.get("anyOf", schema.get("oneOf", []))
    types = {schema["type"]} if "type" in schema else set()
    return types.union(*(_types(described, part) for part in parts))


def _stated(fields: dict[str, str]) -> dict[str, set[str]]:
    return {
        name: {JSON_TYPES[stated.rstrip("?")], *(["null"] if stated.endswith("?") else [])}
        for name, stated in fields.items()
    }


@pytest.mark.parametrize(("api", "call", "noun"), [*_calls("list")])
def test_the_emulator_answers_with_the_types_of_the_table(described, api, call, noun):
    answer = _answer(described, _operations(described)[call])
    shape = _resolve(described, answer.get("anyOf", [answer])[-1])
    items = shape["properties"][of(api, noun)["in"]]["items"]
    properties = _resolve(described, items)["properties"]
    stated = _stated(of(api, noun)["read"])
    for name, schema in properties.items():
        types = _types(described, schema)
        # What may be null may also be only absent.
        assert types <= stated[name], name
        assert stated[name] - types <= {"null"}, name


@pytest.mark.parametrize(("api", "call", "noun"), [*_calls("create"), *_calls("update")])
def test_the_emulator_takes_the_types_of_the_table(described, api, call, noun):
    operation = _operations(described)[call]
    properties = _resolve(described, _body(described, operation, api, noun))["properties"]
    stated = _stated(of(api, noun)["write"])
    patched = KINDS[noun].apis[api].update
    # A patch and a create differ in where null is allowed, and the table has one row for both.
    unjudged = {"null"} if patched and patched.verb == "PATCH" else set()
    for name, schema in properties.items():
        assert _types(described, schema) - unjudged == stated[name] - unjudged, name


@pytest.mark.parametrize("part", [p for noun in SETTINGS for p in TABLE["settings"][noun]])
def test_the_emulator_has_the_settings_of_the_table(described, part):
    reads, sets, *_ = (_operations(described)[call] for call in part["calls"])
    answer = _answer(described, reads)
    if "in" in part:
        answer = _resolve(described, answer["properties"][part["in"]]["items"])
        assert set(part["where"]) <= set(answer["properties"])
    assert part["reads"] in answer["properties"]
    body = sets["requestBody"]["content"]["application/json"]["schema"]
    names = _names(described, body)
    # A PATCH of a larger object sends one of its members.
    assert (
        part["sends"] in names if part["calls"][1].startswith("PATCH") else names == {part["sends"]}
    )


@pytest.mark.parametrize(("api", "call", "noun"), [*_calls("create"), *_calls("update")])
def test_the_emulator_takes_the_fields_of_the_table(described, api, call, noun):
    operation = _operations(described)[call]
    body = _body(described, operation, api, noun)
    once = _once(api, noun) if call.startswith("PATCH") else set()
    assert _names(described, body) == set(of(api, noun)["write"]) - once


@pytest.mark.parametrize(
    ("api", "call", "noun"), [*_calls("create"), *_calls("read"), *_calls("update")]
)
def test_the_emulator_answers_whole_objects_or_what_v1_answers_instead(described, api, call, noun):
    answer = _answer(described, _operations(described)[call])
    names = _names(described, answer.get("items", answer))
    short = {"POST /v1/secrets": {"id"}, "PUT /v1/playbooks/{id}": {"status"}}
    assert names == short.get(call, set(of(api, noun)["read"]))
