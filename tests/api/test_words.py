"""What a server says, as a person may see it."""

from __future__ import annotations

import html
import json
import urllib.parse
from base64 import b64encode, urlsafe_b64encode
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devinops.api.words import clean, mask, server_words


@pytest.mark.parametrize(
    ("body", "words"),
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
def test_all_known_shapes_of_an_error_are_read(body: dict[str, Any] | str, words: str) -> None:
    assert server_words(json.dumps(body).encode(), "application/json") == words


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", ""),
        (b"upstream timed out\n", "upstream timed out"),
        (b'{"detail": "cut', '{"detail": "cut'),
        (b"\xff\x00bad", r"�\x00bad"),
        (b"<html>secret", "an HTML page instead of JSON (a proxy or a login page?)"),
    ],
)
def test_other_bodies_are_shown_as_they_are_or_named(body: bytes, words: str) -> None:
    assert server_words(body, "text/plain") == words


def test_words_stay_on_one_line_and_show_what_would_be_invisible() -> None:
    assert (
        clean("a\r\nb\t\x1b[31mred\x07 \u202eevil\u200b") == r"a b \x1b[31mred\x07 \u202eevil\u200b"
    )
    assert clean("Ünïcödé — 漢字") == "Ünïcödé — 漢字"


def test_words_are_shortened() -> None:
    assert clean("x" * 5000) == "x" * 299 + "…"
    assert clean("y" * 300) == "y" * 300


@given(st.text())
def test_words_are_always_printable_and_short(text: Any) -> None:
    shown = clean(text)
    assert len(shown) <= 300
    assert "\n" not in shown
    assert "\x1b" not in shown


SPELLINGS = [
    lambda text: text,
    json.dumps,
    lambda text: json.dumps(text, ensure_ascii=False),
    repr,
    lambda text: f"value starts {text[:10]} and was cut",
]


@pytest.mark.parametrize("spell", SPELLINGS)
@pytest.mark.parametrize(
    "secret",
    ["correct horse battery", 'with "quotes" and\nlines', "schlüssel-geheim-1", "a%2Fb c/d&e"],
)
def test_a_secret_is_masked_in_every_spelling(spell: Any, secret: str) -> None:
    shown = mask(f"before {spell(secret)} after", [secret])
    assert secret[:9] not in shown
    assert "***" in shown
    assert shown.startswith("before ")
    assert shown.endswith(" after")


KEY = "cog_0123456789"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (f'{{"k":"{KEY}","pw":"tail"}}', "***"),
        (f'{{"k":"{KEY}","pw":"ta', "***"),
        (f"before {KEY} after", "before *** after"),
        (f"{KEY}{KEY}", "******"),
        (f"https://{KEY}:tail@host", "https://***:tail@host"),
    ],
)
@pytest.mark.parametrize("order", [1, -1])
def test_a_secret_within_a_secret_hides_nothing_of_the_other(
    text: str, masked: str, order: Any
) -> None:
    secrets = [KEY, f'{{"k":"{KEY}","pw":"tail"}}']
    assert mask(text, secrets[::order]) == masked


@pytest.mark.parametrize(
    "spell",
    [
        urllib.parse.quote_plus,
        urllib.parse.quote,
        html.escape,
        lambda value: json.dumps({"said": json.dumps({"value": value})}),
    ],
)
def test_a_secret_is_masked_as_gateways_spell_it(spell: Any) -> None:
    assert "tail" not in mask(spell('p@ss w/rd "\\q" tail&<x>'), ['p@ss w/rd "\\q" tail&<x>'])


CODED = "hunter2>>p@ssword??ü"


@pytest.mark.parametrize("encode", [b64encode, urlsafe_b64encode])
@pytest.mark.parametrize("padded", [True, False])
@pytest.mark.parametrize("before", ["", "u", "us", "user:"])
@pytest.mark.parametrize("after", ["", ":", ":1", ":12"])
def test_a_secret_is_masked_in_base64_wherever_it_stands(
    encode: Any, padded: bool, before: str, after: str
) -> None:
    code = encode(f"{before}{CODED}{after}".encode()).decode()
    shown = mask(f"Basic {code if padded else code.rstrip('=')} .", [CODED])
    head, _, tail = shown.partition("***")
    # what stands around it, and at either side the character that it shares with that
    assert len(head) <= len("Basic ") + -(-8 * len(before) // 6)
    assert len(tail) <= len(" .") + -(-8 * len(after) // 6) + 1 + code.count("=")
    assert (head.startswith("Basic "), tail.endswith(" .")) == (True, True)


@pytest.mark.parametrize(
    "spell",
    [
        lambda value: value.encode().hex(),
        lambda value: value.encode().hex().upper(),
        lambda value: quote(quote(value)),
        lambda value: quote(quote(value, safe=""), safe=""),
        lambda value: (
            quote(value)
            .replace("%3E%3E", "%3e%3e")
            .replace("%C3%BC", "%c3%bc")
            .replace("%3F", "%3f")
        ),
    ],
)
def test_a_secret_is_masked_in_codes(spell: Any) -> None:
    assert mask(f"a {spell(CODED)} b", [CODED]) == "a *** b"


def test_a_code_of_a_short_secret_is_no_reason_to_mask() -> None:
    assert mask("71 cQ== cm9v 726f6f74", ["q", "root"]) == "71 cQ== cm9v 726f6f74"


def test_short_and_empty_secrets_are_masked_without_end() -> None:
    assert mask("a1b1", ["1"]) == "a***b***"
    assert mask("text", [""]) == "text"
    assert mask("*" * 30, ["*" * 9]).count("*") < 30


VALUE = 'first-part "quoted" ünï\nsecond-long-line'


@pytest.mark.parametrize(
    "spell", [str, repr, json.dumps, lambda v: json.dumps(v, ensure_ascii=False), quote]
)
@pytest.mark.parametrize("cut", [None, 20, 12])
def test_whatever_the_spelling_no_rest_stays_behind_the_mask(spell: Any, cut: int | None) -> None:
    """Spellings begin alike; masking what they have in common must not hide the whole from the mask."""
    shown = mask(f"a {spell(VALUE)[:cut]} b", [VALUE])
    for part in ("first", "part", "quoted", "second", "line", "n\\u00ef", "nï"):
        assert part not in shown, shown
    assert shown.startswith("a ")
    assert shown.endswith("b")
