"""What a schema finds, in plain words, each finding once and no secret repeated."""

from __future__ import annotations

import re
from typing import Any

import pytest

from devinops.schema.findings import (
    Checker,
    check,
    entry_checker,
    quoted,
    suggestion,
)


def said(schema: Any, value: Any) -> list[Any]:
    return [(finding.path, finding.code, finding.message) for finding in check(schema, value)]


MAX_DELETE = ("targets", "a", "max_delete")
INVENTORY = ("targets", "a", "inventory")


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
        ({"version": 1, "rate": "20"}, ("rate",), "invalid-value", 'such as "20/s" or "600/min"'),
        ({"version": 1, "rate": "0/s"}, ("rate",), "invalid-value", "600/min"),
        ({"version": 1, "rate": 20}, ("rate",), "wrong-type", "such as 20/s"),
        ({"version": 1, "paths": "docs"}, ("paths",), "wrong-type", "begin each item with a dash"),
        ({"version": 1, "targets": {"a": {"inventory": "file"}}}, INVENTORY, "wrong-type", "; write {store: file}"),
        ({"version": 1, "targets": {"a": {"inventory": "s3"}}}, INVENTORY, "wrong-type", 'got "s3"'),
        ([], (), "wrong-type", "expected a mapping (key: value), got a list"),
    ],
)  # fmt: skip
def test_findings_of_config(
    value: dict[str, Any] | list[Any], path: Any, code: str, words: str
) -> None:
    ((found_path, found_code, message),) = said("config", value)
    assert (found_path, found_code) == (path, code)
    assert words in message


def test_each_finding_comes_once_and_all_come() -> None:
    findings = said(entry_checker("knowledge"), {"x": 1, "y": 2})
    assert [code for _, code, _ in findings].count("unknown-key") == 2
    assert (
        sum("trigger" in message for _, code, message in findings if code == "missing-field") == 1
    )


def test_a_pattern_means_the_whole_text() -> None:
    value = {"title": "a", "body": "b", "macro": "!a\n"}
    assert [path for path, _, _ in said(entry_checker("playbook"), value)] == [("macro",)]


def test_a_value_that_may_be_a_secret_is_not_repeated() -> None:
    for value_from in ("hunter2!", {"env": "hunter2!"}, {"value": "hunter2!"}):
        value = {"key": "A", "type": "totp", "value_from": value_from}
        findings = list(check(entry_checker("secret"), value, hides_values=True))
        assert findings
        assert "hunter2" not in str([finding.message for finding in findings])


def test_a_discreet_message_repeats_nothing_whatever_the_keyword() -> None:
    """Also where the words are those of the library."""
    open_message = said(Checker({"multipleOf": 2}), 4711)[0][2]
    (finding,) = check(Checker({"multipleOf": 2}), 4711, hides_values=True)
    assert ("4711" in open_message, finding.message) == (True, "this value is not valid")
    for value in (None, True, 4711, "hunter2", ["hunter2"], {"hunter2": 1}):
        (finding,) = check(Checker({"enum": ["a"]}), value, hides_values=True)
        assert not re.search("hunter2|4711", finding.message)


def test_a_key_instead_of_its_variable_is_not_repeated() -> None:
    (finding,) = said("config", {"version": 1, "targets": {"a": {"api_key_env": "cog-hunter2"}}})
    assert finding[:2] == (("targets", "a", "api_key_env"), "invalid-value")
    assert "hunter2" not in finding[2]


def test_words() -> None:
    assert quoted('a\n\x1b"') == '"a\\n\\u001b\\""'
    assert len(quoted("x" * 1000)) == 62
    assert suggestion("TRIGER", ["trigger", "name"]) == 'did you mean "trigger"?'
    assert suggestion("qqq", ["a", "b"]) == "expected one of a, b"
    assert suggestion("qqq", []) == "no keys are allowed here"


def test_a_list_that_is_null_needs_no_dashes() -> None:
    schema = {"properties": {"a": {"type": "array"}}}
    (finding,) = check(Checker(schema), {"a": None})
    assert finding.message == "expected a list, got nothing (null)"


def test_a_finding_is_reported_once_and_only_about_what_is_wrong() -> None:
    schema = {
        "properties": {"a": {}, "b": {}, "c": {}},
        "allOf": [{"required": ["x", "y"]}, {"required": ["y"]}],
        "dependentRequired": {"a": ["b", "c"], "z": ["b"]},
    }
    found = [finding.message for finding in check(Checker(schema), {"a": 1, "b": 1, "x": 1})]
    assert sorted(found) == ["a also needs the field c: add it", "the field y is missing: add it"]
