"""What all documents share: only JSON is read, and what is quoted of it is one short line."""

from __future__ import annotations

import pytest

from devinops.schema.base_document import load_object, quotable


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "this is not JSON"),
        (b"\xff", "this is not JSON"),
        ('{"a": NaN}', "NaN is not a JSON number"),
        ('{"a": -Infinity}', "-Infinity is not a JSON number"),
        ('{"a": 1e999}', "1e999 is not a JSON number"),
        ('{"a": {"b": 1, "b": 1}}', "a name appears twice"),
        (r'{"a": "\ud800"}', "surrogates not allowed"),
        (r'{"\udfff": 1}', "surrogates not allowed"),
        ('{"a":' * 100_000, "this is not JSON"),
        ("[]", "this is not a JSON object"),
    ],
)
def test_only_json_is_read(text: str | bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        load_object(text)


def test_a_number_is_read_as_it_is_written() -> None:
    assert load_object('{"a": 1.5, "b": 2}') == {"a": 1.5, "b": 2}


def test_what_is_quoted_is_one_short_line() -> None:
    assert quotable("a\x1b\u202eb") == "a\\u001b\\u202eb"
    assert quotable("a\nb") == "a"
    assert len(quotable("x" * 10_000)) == 200
