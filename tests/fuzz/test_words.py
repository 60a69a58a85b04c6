"""The words of an error answer: one line, short, without a secret, whatever they are."""

from __future__ import annotations

import json

from hypothesis import example, given
from hypothesis import strategies as st

from devinops.api.retry import retry_after_s
from devinops.api.words import LONGEST, clean, mask, server_words
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
    said = server_words(body, content_type, secrets)
    assert said == "" or one_line(said)
    assert len(said) <= LONGEST


@fuzz(3)
@given(
    st.data(),
    st.sampled_from(SHAPES),
    st.sampled_from(SECRETS[:4]),
    st.integers(9, 100),
    st.sampled_from(["json", "text", "ascii"]),
)
def test_no_secret_comes_back(
    data: st.DataObject, shape: object, secret: str, cut: int, way: str
) -> None:
    """Nor its first nine signs: an echo may be cut off anywhere."""
    marked = data.draw(mutated(st.just(shape)) | st.just(shape))
    spelled = json.dumps(secret[:cut], ensure_ascii=way == "ascii")[1:-1]
    body = text_of(marked).replace("HERE", f"before {spelled} after").encode("utf-8", "replace")
    said = server_words(body, "application/json", [secret])
    assert secret[:9] not in said
    assert json.dumps(secret[:9])[1:-1] not in said


@fuzz(3)
@given(st.text(), st.lists(st.text(max_size=20) | st.sampled_from(SECRETS), max_size=4))
@example("*" * 30, ["*" * 9])
@example("ab***yyyyyyyyyy", ["***yyyyyy"])
def test_masking_ends_and_leaves_nothing_of_it(text: str, secrets: list[str]) -> None:
    text = "".join(part for secret in [*secrets, ""] for part in (text, secret))
    shown = mask(text, secrets)
    for secret in secrets:
        if len(secret) > 8 and "*" not in secret:
            assert secret[:8] not in shown


@fuzz()
@given(
    st.lists(st.text(st.sampled_from("ab \n"), min_size=12, max_size=30), max_size=6),
    st.text(st.sampled_from("ab \n*"), max_size=200),
)
def test_masking_secrets_of_many_alike_lines_is_masking_each(lines: list[str], text: str) -> None:
    """The place of a text among sorted spellings says as much as trying each of them."""
    secret = "\n".join(lines)
    spellings = [line.strip() for line in secret.splitlines() if len(line.strip()) > 8]
    shown = mask(text, [secret])
    assert not any(spelling[:8] in shown for spelling in spellings)


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
        assert len(server_words(text.encode(), "application/json", [key, secret])) <= LONGEST
