"""The text of an error response: one short line without a secret, whatever the server sends."""

from __future__ import annotations

import json

from hypothesis import example, given
from hypothesis import strategies as st

from devinops.api import redact
from devinops.api.error_messages import MAX_LENGTH, clean, error_text, rejected_fields
from devinops.api.retry import retry_after_s
from tests.testing.damage import fuzz, mutated, one_line, text_of, values

SECRETS = [
    "cog_canary_key_0123456789",
    'with "quotes" and\nlines that go on\n\ttabs',
    "schlüssel-geheim-😀-1",
    "a%2Fb c/d&e\\n",
    "*" * 12,
    "***masked***",
]
SHAPES = [
    {"detail": "HERE"},
    {"detail": [{"loc": ["body", "value"], "msg": "HERE", "input": "HERE", "ctx": {"e": "HERE"}}]},
    {"type": "about:blank", "title": "HERE", "status": 422, "errors": [{"pointer": "/HERE", "detail": "HERE"}]},
    {"error": {"message": "HERE", "error": {"message": "HERE"}}},
    {"unheard": {"of": ["HERE"]}},
    ["HERE"],
    "HERE",
]  # fmt: skip


def known(secrets: list[str]) -> None:
    """Let these be the secrets of the process, and no others."""
    redact._values.clear()
    redact.remember_values(secrets)


types = st.sampled_from(
    ["", "application/json", "text/html", "text/plain; charset=utf-16", "\x1b[2J", "x" * 500]
)


@fuzz(3)
@given(
    st.one_of(
        st.binary(max_size=500),
        values.map(lambda one: text_of(one).encode()),
        st.text().map(str.encode),
    ),
    types,
    st.lists(st.sampled_from(SECRETS) | st.text(max_size=12), max_size=3),
)
def test_any_answer_is_one_short_line(body: bytes, content_type: str, secrets: list[str]) -> None:
    known(secrets)
    shown = error_text(body, content_type)
    assert shown == "" or one_line(shown)
    assert len(shown) <= MAX_LENGTH


@fuzz(3)
@given(st.data(), st.sampled_from(SHAPES), st.sampled_from(SECRETS[:4]), st.booleans())
def test_no_secret_comes_back(data: st.DataObject, shape: object, secret: str, ascii: bool) -> None:
    known([secret])
    marked = data.draw(mutated(st.just(shape)) | st.just(shape))
    written = json.dumps(secret, ensure_ascii=ascii)[1:-1]
    body = text_of(marked).replace("HERE", f"before {written} after").encode("utf-8", "replace")
    shown = error_text(body, "application/json")
    assert clean(secret) not in shown
    assert clean(written) not in shown


@fuzz(3)
@given(st.data(), st.sampled_from(SHAPES))
def test_of_an_error_about_a_secret_only_names_are_shown(
    data: st.DataObject, shape: object
) -> None:
    body = text_of(data.draw(mutated(st.just(shape)))).replace("HERE", "value")
    assert set(rejected_fields(body.encode("utf-8", "replace"), ("key", "value"))) <= {
        "key",
        "value",
    }


@fuzz(3)
@given(st.text(), st.lists(st.text(max_size=20) | st.sampled_from(SECRETS), max_size=4))
@example("*" * 30, ["*" * 9])
def test_redaction_ends_and_leaves_no_secret(text: str, secrets: list[str]) -> None:
    known(secrets)
    shown = redact.redact(" ".join([text, *secrets, text]))
    assert not any(secret in shown for secret in secrets if secret.strip("* "))


@fuzz()
@given(st.text(), st.integers(1, 400))
def test_what_is_shown_is_never_longer_than_wished(text: str, longest: int) -> None:
    shown = clean(text, longest)
    assert len(shown) <= longest
    assert shown == "" or one_line(shown)


@fuzz()
@given(st.text() | st.from_regex(r"[A-Z][a-z]{2}, \d+ [A-Z][a-z]{2} \d+ \d+:\d+:\d+ [-+A-Z0-9]*"))
def test_any_wait_is_within_a_minute_or_none(header: str) -> None:
    found = retry_after_s(header, 1_800_000_000.0)
    assert found is None or 0 <= found <= 60


def test_a_large_answer_is_no_matter() -> None:
    """By its number of steps and not by a clock: quadratic, this would not end."""
    key, secret = SECRETS[0], "\n".join(f"line number {n} of a secret" for n in range(2000))
    known([key, secret])
    for piece in (
        key,
        key[:8],
        key[:7],
        "cog_",
        "line number 17 of",
        " ",
        "\\u0000",
        '{"error":',
        '{"loc":["a"]},',
    ):
        text = piece * (200_000 // len(piece))
        assert len(error_text(text.encode(), "application/json")) <= MAX_LENGTH
