"""Forms: the inputs of every kind, and that what nobody touched stays as it is."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devinops.emulator.fields import fields_of
from devinops.emulator.pages import forms, words
from devinops.emulator.records import SECTIONS, InvalidObject

KINDS = [SECTIONS[section] for section in words.TITLES]
TEXT = st.text(st.characters(codec=None, exclude_categories=[])) | st.sampled_from(
    ["a\r\nb", "\ra", "\n\nb", "\x00", "\ud800", ""]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


def field(kind, name):
    return next(field for field in forms.form_fields(kind) if field.name == name)


@pytest.mark.parametrize("kind", KINDS)
def test_a_form_has_each_field_of_a_kind_once(kind):
    names = [field.name for field in forms.form_fields(kind)]
    left_out = words.LEFT_OUT.get(kind, frozenset())
    assert sorted([*names, *left_out]) == sorted(fields_of(kind))
    assert not set(names) & left_out


def test_what_pages_say_about_fields_is_about_fields_that_exist():
    for kind, name in [*words.HELP, *words.STARTERS]:
        assert name in fields_of(kind)
    for kind, names in words.FIRST.items():
        assert set(names) <= fields_of(kind).keys()
    everything = {name for kind in KINDS for name in fields_of(kind)}
    assert words.LABELS.keys() | words.LINES.keys() <= everything


@pytest.mark.parametrize(
    ("kind", "name", "widget"),
    [
        ("knowledge", "name", "line"),
        ("knowledge", "body", "text"),
        ("knowledge", "folder_id", "folder"),
        ("knowledge", "is_enabled", "check"),
        ("secret", "type", "choice"),
        ("organization", "tags", "lines"),
        ("organization", "max_cycle_acu_limit", "number"),
        ("playbook", "structured_output_schema", "json"),
    ],
)
def test_the_type_of_a_field_decides_how_it_is_entered(kind, name, widget):
    assert field(kind, name).widget == widget


@given(TEXT, TEXT, TEXT)
def test_texts_that_nobody_touched_are_not_set(name, body, macro):
    before = forms.inputs(
        forms.form_fields("knowledge"), {"name": name, "body": body, "macro": macro}
    )
    # A browser sends CRLF.
    sent = {item.field.name: item.text.replace("\n", "\r\n") for item in before}
    assert forms.read(forms.typed(before, sent), before) == ({}, {})


@given(JSON)
def test_json_that_nobody_touched_is_not_set_and_json_that_was_typed_is_read(value):
    schema = field("playbook", "structured_output_schema")
    before = forms.inputs([schema], {schema.name: value})
    assert forms.read(forms.typed(before, {}), before) == ({}, {})
    assert forms.parsed(json.dumps(value)) == value


@given(st.text())
def test_what_is_typed_is_what_is_set(text):
    body = field("knowledge", "body")
    expected = forms.as_sent(body, text)
    (item,) = forms.typed(forms.inputs([body], {}), {"body": text})
    values, errors = forms.read([item])
    assert (values, errors) == ({"body": expected}, {})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Not JSON: Expecting value, line 1, column 1"),
        ('{"a": 1,\n "b" 2}', "line 2, column 6"),
        ("Infinity", "Not JSON that can be stored"),
        ("9" * 5000, "a number is too large"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_a_problem_in_json_says_where_it_is(text, message):
    with pytest.raises(InvalidObject, match=message):
        forms.parsed(text)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("max_cycle_acu_limit", "", None),
        ("max_cycle_acu_limit", " 7 ", 7),
        ("default_tag", "", None),
        ("tags", "\n", []),
        ("security_profiles", '{"a": "b"}', {"a": "b"}),
    ],
)
def test_an_empty_input_is_null_or_empty(name, text, value):
    shown = field("organization", name)
    before = [forms.Input(shown, "before")]
    assert forms.read([forms.Input(shown, text)], before) == ({name: value}, {})
