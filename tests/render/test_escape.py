"""Text that is shown steers no terminal, and stays as it is where it does not try to."""

from __future__ import annotations

import time

import pytest

from devinops.cli.output import tell
from devinops.render.escape import body_line, line
from tests.testing.command_line import Ran
from tests.testing.hostile_text import HOSTILE, LONG, assert_harmless


@pytest.mark.parametrize(
    "text", [HOSTILE, HOSTILE + "\ud800", LONG, "\t" * 10_000_000, "::" * 100_000, "##" * 100_000]
)
def test_a_line_stays_one_harmless_line_of_bounded_length(text: str) -> None:
    started = time.thread_time()
    for shown in (line(text), body_line(text), body_line(text, white_space=True)):
        assert_harmless(Ran(0, shown, ""), recognisable=text.startswith("MARK"))
        assert "\n" not in shown
    assert time.thread_time() - started < 5  # of work: a busy machine does not count


def test_every_character_that_hides_is_shown(capfd: pytest.CaptureFixture[str]) -> None:
    everything = "".join(
        map(chr, [*range(0x3000), *range(0xD000, 0x10000), *range(0xE0000, 0xE0200)])
    )
    for start in range(0, len(everything), 500):
        tell(everything[start : start + 500])
    captured = capfd.readouterr()
    assert_harmless(Ran(0, captured.out, captured.err.replace("\\n", "")), recognisable=False)


def test_emoji_and_letters_of_the_world_stay_as_they_are() -> None:
    text = "⚠️ 🚀 Ünïcode 日本語 עברית العربية हिन्दी"
    assert line(text) == text


def test_what_looks_like_a_space_and_what_is_not_assigned_is_shown() -> None:
    assert line("a\u00a0b\u2003c\u2065d\U000e0002e") == "a\\xa0b\\u2003c\\u2065d\\U000e0002e"
    assert line("a\u3000b") == "a\u3000b"
