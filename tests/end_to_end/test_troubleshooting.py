"""The messages that the documentation explains are those that devinops prints."""

from __future__ import annotations

import re
from functools import cache

import pytest

from tests.testing.messages import messages
from tests.testing.places import ROOT

PAGE = ROOT / "docs" / "troubleshooting.md"


def quoted() -> list[str]:
    """Return the messages that the page quotes, one from each line of its blocks of text."""
    text = PAGE.read_text(encoding="utf-8")
    blocks = re.findall(r"^```text\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return [line for block in blocks for line in block.splitlines()]


@cache
def printed() -> tuple[str, ...]:
    return tuple(text for path, _, text in messages() if "/emulator/" not in path)


_APPROVAL = re.compile(r"--(adopt|on-conflict git or --on-conflict live)")


def is_printed(quote: str) -> bool:
    """Return whether a message has the parts of the quote between its `…`, in their order.

    The source has no literal text for an approval, because messages name it from data.
    """
    return any(map(_has_parts, (quote, _APPROVAL.sub("…", quote))))


def _has_parts(quote: str) -> bool:
    parts = [part.strip() for part in quote.split("…")]
    pattern = re.compile(".*".join(re.escape(part) for part in parts))
    longest = max(parts, key=len)  # which most texts lack, so few are searched
    return any(longest in text and pattern.search(text) for text in printed())


def is_vague(quote: str) -> bool:
    """Return whether so little of the quote is fixed that it could be a part of many messages."""
    return len(quote.replace("…", "").strip()) < 12


@pytest.mark.matrix
def test_every_quoted_message_is_one_that_devinops_prints() -> None:
    assert [quote for quote in quoted() if not is_printed(quote)] == []


def test_every_quoted_message_has_words_to_recognize_it_by() -> None:
    assert quoted()
    assert [quote for quote in quoted() if is_vague(quote)] == []


@pytest.mark.matrix
@pytest.mark.parametrize(
    "quote",
    [
        "this message is nowhere in the source",
        "no API key: set … to a key that starts with …",
        "choose one with --target … declares several targets",
    ],
)
def test_a_changed_message_is_noticed(quote: str) -> None:
    assert not is_printed(quote)
