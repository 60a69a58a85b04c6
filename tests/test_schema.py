"""The schemas: valid, on disk as generated, and findings in words of people."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from devinops.cli.schema import dumped
from devinops.kinds import KINDS
from devinops.schema.files import entry_schema, schemas
from devinops.schema.findings import check, entry_validator, quoted, suggestion, validator

DIRECTORY = Path(__file__).parent.parent / "schemas"
MAX_DELETE = ("targets", "a", "max_delete")
NAMES = list(schemas())


def said(schema, value):
    return [(finding.path, finding.code, finding.message) for finding in check(schema, value)]


@pytest.mark.parametrize("name", NAMES)
def test_the_file_is_what_is_generated(name):
    path = DIRECTORY / f"{name}.schema.json"
    assert path.read_text(encoding="utf-8") == dumped(schemas()[name]), (
        "write it again: python -m devinops schema --directory schemas"
    )


def test_there_is_no_other_file():
    assert {path.name for path in DIRECTORY.iterdir()} == {f"{name}.schema.json" for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_each_is_a_schema_of_2020_12(name):
    Draft202012Validator.check_schema(schemas()[name])
    assert schemas()[name]["$id"] == f"urn:devinops:schema:{name}"


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_each_property_is_described_for_editors(kind):
    for front_matter in (False, True):
        for name, schema in entry_schema(kind, front_matter=front_matter)["properties"].items():
            assert schema["description"].endswith("."), name


def test_no_object_is_open_but_those_that_are_meant():
    """A typo must be found at every level. The fields in a backup are those of any kind."""
    is_open = []
    waiting = [(name, schemas()[name]) for name in NAMES]
    while waiting:
        path, schema = waiting.pop()
        waiting += [(f"{path}.{key}", value) for key, value in schema.get("properties", {}).items()]
        waiting += [(f"{path}.{key}", value) for key, value in schema.get("$defs", {}).items()]
        waiting += [(path, value) for value in schema.get("anyOf", ())]
        waiting += [
            (f"{path}.{key}", schema[key])
            for key in ("items", "additionalProperties")
            if schema.get(key)
        ]
        if "object" in schema.get("type", ()) and "additionalProperties" not in schema:
            is_open.append(path.rpartition(".")[2])
    assert set(is_open) == {"meta", "structured_output_schema", "fields"}


def test_config():
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


@pytest.mark.parametrize(
    ("value", "path", "code", "words"),
    [
        ({}, (), "missing-field", "version"),
        ({"version": 2}, ("version",), "invalid-value", "expected the number 1, got the number 2"),
        ({"version": 1, "ignor": []}, ("ignor",), "unknown-key", 'did you mean "ignore"?'),
        ({"version": 1, "targets": {"Prod": {}}}, ("targets", "Prod"), "invalid-value", "Lower-case"),
        ({"version": 1, "targets": {"a": {"max_delete": "200%"}}}, MAX_DELETE, "invalid-value", "20%"),
        ({"version": 1, "targets": {"a": {"max_delete": -1}}}, MAX_DELETE, "invalid-value", "number -1"),
        ({"version": 1, "targets": {"a": {"prune": "ownd"}}}, ("targets", "a", "prune"), "invalid-value", "owned"),
        ({"version": 1, "targets": {"a": {"scope": ["**"]}}}, ("targets", "a", "scope", 0), "invalid-value", "*"),
        ({"version": 1, "targets": {"a": {"prune": False}}}, ("targets", "a", "prune"), "invalid-value", "false"),
        ({"version": 1, "paths": "docs"}, ("paths",), "wrong-type", "begin each item with a dash"),
        ([], (), "wrong-type", "expected a mapping (key: value), got a list"),
    ],
)  # fmt: skip
def test_findings_of_config(value, path, code, words):
    ((found_path, found_code, message),) = said("config", value)
    assert (found_path, found_code) == (path, code)
    assert words in message


def test_each_finding_comes_once_and_all_come():
    findings = said(entry_validator("knowledge"), {"x": 1, "y": 2})
    assert [code for _, code, _ in findings].count("unknown-key") == 2
    assert (
        sum("trigger" in message for _, code, message in findings if code == "missing-field") == 1
    )


def test_a_pattern_means_the_whole_text():
    value = {"title": "a", "body": "b", "macro": "!a\n"}
    assert [path for path, _, _ in said(entry_validator("playbook"), value)] == [("macro",)]


def test_a_value_that_may_be_a_secret_is_not_repeated():
    for value_from in ("hunter2!", {"env": "hunter2!"}, {"value": "hunter2!"}):
        value = {"key": "A", "type": "totp", "value_from": value_from}
        findings = list(check(entry_validator("secret"), value, discreet=True))
        assert findings
        assert "hunter2" not in str([finding.message for finding in findings])


def test_a_discreet_message_repeats_nothing_whatever_the_keyword():
    """Also where the words are those of the library."""
    open_message = said(validator({"multipleOf": 2}), 4711)[0][2]
    (finding,) = check(validator({"multipleOf": 2}), 4711, discreet=True)
    assert ("4711" in open_message, finding.message) == (True, "this does not fit here")
    for value in (None, True, 4711, "hunter2", ["hunter2"], {"hunter2": 1}):
        (finding,) = check(validator({"enum": ["a"]}), value, discreet=True)
        assert not re.search("hunter2|4711", finding.message)


def test_a_key_instead_of_its_variable_is_not_repeated():
    (finding,) = said("config", {"version": 1, "targets": {"a": {"api_key_env": "cog-hunter2"}}})
    assert finding[:2] == (("targets", "a", "api_key_env"), "invalid-value")
    assert "hunter2" not in finding[2]


def test_words():
    assert quoted('a\n\x1b"') == '"a\\n\\u001b\\""'
    assert len(quoted("x" * 1000)) == 62
    assert suggestion("TRIGER", ["trigger", "name"]) == 'did you mean "trigger"?'
    assert suggestion("qqq", ["a", "b"]) == "expected one of a, b"
    assert suggestion("qqq", []) == "nothing can be said here"


def test_schemas_survive_json():
    assert json.loads(json.dumps(schemas())) == schemas()
