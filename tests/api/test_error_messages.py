"""What a person sees of a server's error, and what of it is redacted."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devinops.api import redact
from devinops.api.error_messages import clean, error_text, rejected_fields


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"detail": "Note not found"}, "Note not found"),
        (
            {"detail": [{"loc": ["body", "trigger"], "msg": "Field required"}]},
            "body.trigger: Field required",
        ),
        (
            {
                "detail": [
                    {"loc": ["body", 0, "a"], "msg": "x", "input": "hush", "ctx": {"e": "hush"}},
                    {"msg": "y"},
                ]
            },
            "body.0.a: x; y",
        ),
        ({"type": "about:blank", "title": "Unprocessable", "status": 422}, "Unprocessable"),
        (
            {
                "title": "T",
                "detail": "Invalid",
                "errors": [{"pointer": "/body/name", "detail": "too long"}],
            },
            "Invalid: /body/name: too long",
        ),
        (
            {"title": "T", "errors": [{"field": "name", "message": "too long", "input": "hush"}]},
            "name: too long",
        ),
        ({"error": {"message": "Bad key", "type": "auth"}}, "Bad key"),
        ({"error": "nope"}, "nope"),
        ({"message": "nope"}, "nope"),
        ("just text", "just text"),
        ({"odd": 1, "input": "hush"}, '{"odd": 1}'),
        ({"detail": None}, '{"detail": null}'),
        ({"detail": [1, "two", None]}, "two"),
    ],
)
def test_all_known_shapes_of_an_error_are_read(body, text):
    assert error_text(json.dumps(body).encode(), "application/json") == text


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", ""),
        (b"upstream timed out\n", "upstream timed out"),
        (b'{"detail": "cut', '{"detail": "cut'),
        (b"\xff\x00bad", r"�\x00bad"),
        (b"<html>secret", "an HTML page instead of JSON (a proxy or a login page?)"),
    ],
)
def test_other_bodies_are_shown_as_they_are_or_named(body, text):
    assert error_text(body, "text/plain") == text


def test_a_text_stays_on_one_line_and_shows_what_would_be_invisible():
    assert (
        clean("a\r\nb\t\x1b[31mred\x07 \u202eevil\u200b") == r"a b \x1b[31mred\x07 \u202eevil\u200b"
    )
    assert clean("Ünïcödé — 漢字") == "Ünïcödé — 漢字"


def test_a_long_text_is_shortened():
    assert clean("x" * 5000) == "x" * 299 + "…"
    assert clean("y" * 300) == "y" * 300


@given(st.text())
def test_any_text_becomes_printable_and_short(text):
    shown = clean(text)
    assert len(shown) <= 300
    assert "\n" not in shown
    assert "\x1b" not in shown


# --- the fields that an error names -----------------------------------------------------------------------

SENT = ("key", "value", "type", "note")


@pytest.mark.parametrize(
    ("error", "fields"),
    [
        ({"detail": [{"loc": ["body", "value"], "msg": "hush", "input": "hush"}]}, ["value"]),
        ({"detail": [{"loc": ["body", "note"]}, {"loc": ["body", "key"]}]}, ["key", "note"]),
        ({"errors": [{"pointer": "/body/type", "detail": "hush"}, {"field": "note"}]}, ["type", "note"]),
        ({"detail": [{"loc": ["body", "hush"], "msg": "hush"}]}, []),
        ({"detail": "hush"}, []),
        ({"detail": {"loc": "value"}, "errors": ["value", None, {}]}, []),
        (["value"], []),
    ],
)  # fmt: skip
def test_only_fields_of_the_request_are_taken_from_an_error(error, fields):
    assert rejected_fields(json.dumps(error).encode(), SENT) == fields


@pytest.mark.parametrize("body", [b"", b"value", b"\xff", b"[" * 100_000])
def test_an_error_that_is_not_json_names_no_field(body):
    assert rejected_fields(body, SENT) == []


# --- redaction --------------------------------------------------------------------------------------------

KEY = "cog_0123456789"
VALUE = 'first-part "quoted" ünï\nsecond-long-line'


@pytest.mark.parametrize(
    "write",
    [
        str,
        lambda text: json.dumps(text)[1:-1],
        lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    ],
)
@pytest.mark.parametrize(
    "secret", [VALUE, "correct horse battery", "schlüssel-geheim-1", "a\\b\\\\c", "1"]
)
def test_a_secret_is_redacted_as_it_is_and_as_json(write, secret):
    redact.remember_values([secret])
    written = write(secret)
    assert redact.redact(f"before {written} after {written}") == "before *** after ***"


def test_a_secret_that_begins_with_another_is_redacted_whole():
    redact.remember_values([KEY, f"{KEY}:tail", f'{{"k":"{KEY}","pw":"tail"}}'])
    assert redact.redact(f"a {KEY}:tail b {KEY} c") == "a *** b *** c"
    assert redact.redact(f'a {{"k":"{KEY}","pw":"tail"}} b') == "a *** b"


def test_an_empty_value_redacts_nothing_and_a_mask_is_not_redacted_again():
    redact.remember_values([""])
    assert redact.redact("text") == "text"
    redact.remember_values(["*"])
    assert redact.redact("a**b") == "a******b"


def test_an_error_text_is_redacted_before_it_is_shortened():
    redact.remember_key(KEY)
    body = json.dumps({"detail": f"{'x' * 290} {KEY}"}).encode()
    assert error_text(body, "application/json") == f"{'x' * 290} ***"


def raised():
    try:
        try:
            raise ValueError(f"first {VALUE[:12]}")
        except ValueError as error:
            raise RuntimeError(f"then {KEY}") from error
    except RuntimeError as error:
        return error


def test_a_bug_report_has_the_whole_traceback_without_the_key(monkeypatch):
    redact.remember_key(KEY)
    monkeypatch.setenv("SOME_TOKEN", "first-part")
    monkeypatch.setenv("SHORT_TOKEN", "then")
    report = redact.bug_report(raised())
    assert "ValueError: first ***" in report
    assert "RuntimeError: then ***" in report
    assert "in raised" in report


def test_a_bug_report_of_a_run_with_secret_values_leaves_the_texts_out():
    redact.remember_values([VALUE])
    report = redact.bug_report(raised())
    assert "ValueError (its text is left out" in report
    assert "RuntimeError (its text is left out" in report
    assert report.count("in raised") == 2
    assert "first" not in report.replace('f"first', "")
