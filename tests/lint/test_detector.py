"""The detector finds every secret of the labeled set, and nothing else, and never sends anything."""

from __future__ import annotations

import socket

import betterleaks
import pytest

from devinops.lint import detector
from devinops.lint.detector import is_complete, leaks
from devinops.model.credentials import SECRETS
from tests.testing.leaks import NOT_SECRETS, secrets

WITH_SECRET = secrets()


@pytest.mark.parametrize("title", WITH_SECRET)
def test_a_secret_is_found_where_it_is(title: str) -> None:
    text, secret = WITH_SECRET[title]
    found = [text[leak.start : leak.end] for leak in leaks(text)]
    start = secret[:20]
    assert any(start in part or part in secret for part in found), found


@pytest.mark.parametrize("title", NOT_SECRETS)
def test_what_only_looks_like_a_secret_is_not_found(title: str) -> None:
    assert list(leaks(NOT_SECRETS[title])) == []


def test_the_set_is_large_enough() -> None:
    assert len(WITH_SECRET) + len(NOT_SECRETS) >= 60


def test_the_library_is_installed_for_the_tests() -> None:
    assert is_complete()


def test_spans_are_in_order_and_do_not_overlap() -> None:
    text = "\n".join(text for text, _ in WITH_SECRET.values())
    found = list(leaks(text))
    ends = [0, *(leak.end for leak in found)]
    assert all(end <= leak.start for end, leak in zip(ends, found, strict=False))


def test_without_the_library_the_known_forms_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detector, "is_complete", lambda: False)
    found = {leak.title for text, _ in WITH_SECRET.values() for leak in leaks(text)}
    assert found == {*SECRETS, "a password or key"}


def test_a_secret_is_only_where_the_library_found_it() -> None:
    text = "中文 é 👩\ncategory: cat 中 postgres://reader:cat@category.acme.io/x and category cat\n"
    (leak,) = leaks(text)
    assert text[: leak.start].endswith("postgres://reader:")
    assert text[leak.start : leak.end] == "cat"


def test_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a connection")

    monkeypatch.setattr(socket, "socket", refuse)
    assert list(leaks(WITH_SECRET["Stripe key"][0]))


@pytest.mark.parametrize("marks", ["__", "**", "()", "“”", "„“", "‘’", "«»"])
def test_marks_around_a_secret_are_not_part_of_it(marks: str) -> None:
    value, (before, after) = "kQ9vLm2xRt7w", marks
    for text in (f"password: {before}{value}{after} here", f"SHOP_DB_PASS={before}{value}{after}"):
        (leak,) = leaks(text)
        assert text[leak.start : leak.end] == value


def test_a_mark_on_one_side_only_is_part_of_the_secret() -> None:
    text = "password: _kQ9vLm2xRt7w here"
    (leak,) = leaks(text)
    assert text[leak.start : leak.end] == "_kQ9vLm2xRt7w"


def test_the_library_gets_no_long_line_with_many_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """For each match it looks at the whole line, which would take minutes."""
    given: list[str] = []

    def scan(text: str) -> list[object]:
        given.append(text)
        return []

    monkeypatch.setattr(betterleaks, "scan_string", scan)
    for text in ("| password " * 1_000, "password: password, " * 1_000):
        assert list(leaks(text)) == []
        assert max(map(len, given.pop().split("\n"))) < 100


def test_a_secret_in_a_long_line_is_found_where_it_is() -> None:
    value = "kQ9vmonkeyLm2xRt7w"
    text = f"{'some words and ' * 200}password: {value}, and a token"
    (leak,) = leaks(text)
    assert text[leak.start : leak.end] == value
