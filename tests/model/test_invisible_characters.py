from __future__ import annotations

import sys
import unicodedata

import pytest

from devinops.model.invisible_characters import bare, hidden

TAGS = "\U000e0068\U000e0069"
WALES = "\U0001f3f4\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f"


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("a\u202eb", ["\u202e"]),
        ("a\u200bb\ufeff", ["\u200b", "\ufeff"]),
        (f"a{TAGS}b", [TAGS]),
        (f"{WALES}{TAGS}", [WALES[1:] + TAGS]),
        ("a\u200db", ["\u200d"]),
        ("pass\u200cword", ["\u200c"]),
        ("\u200da", ["\u200d"]),
        ("plain \u200ftext", ["\u200f"]),
        ("\U0001f600\ufe01\ufe02\ufe03", ["\ufe01\ufe02\ufe03"]),
        ("a\U000e0101", ["\U000e0101"]),
        ("\u8fbb\U000e01f0", ["\U000e01f0"]),
        ("\u3164", ["\u3164"]),
        ("pass\u00adword", ["\u00ad"]),
        *((f"a{char}b", [char]) for char in "\ufff0\u2065\U0001bca0\U0001bca3\U000e0fff"),
    ],
    ids=ascii,
)
def test_hidden_characters_are_found(text: str, runs: list[str]) -> None:
    assert [match[0] for match in hidden(text)] == runs


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        "\U0001f469\u200d\U0001f4bb \u2764\ufe0f\u200d\U0001f525",
        WALES,
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "\u0915\u094d\u200d\u0937",
        "\u0e2a\u0e27\u200b\u0e31\u0e2a",
        "\u05d0 API\u200e.",
        "\u8fbb\U000e0100",
        "a\u00a0b",
        "\u2813\u2811\u2800\u283a",
        "\u1820\u180b\u1821",
        "\u65e5\u672c\u3000\u8a9e",
    ],
    ids=ascii,
)
def test_characters_that_the_text_needs_are_not_hidden(text: str) -> None:
    assert list(hidden(text)) == []


@pytest.mark.parametrize(
    ("text", "visible", "word", "written"),
    [
        ("plain word", "plain word", "word", "word"),
        ("\u00fc word", "\u00fc word", "word", "word"),
        ("\u200ba w\u00ado\u200d\ufe0frd\u200b.", "a word.", "word", "w\u00ado\u200d\ufe0frd"),
        *(
            (f"a w{char}ord.", "a word.", "word", f"w{char}ord")
            for char in "\u180b\u180d\u180f\u2800\U0001d173\U0001d17a"
        ),
        ("\u2764\ufe0f word\u200b", "\u2764 word", "word", "word"),
    ],
    ids=ascii,
)
def test_a_word_without_what_is_invisible_is_found_where_it_was(
    text: str, visible: str, word: str, written: str
) -> None:
    found = bare(text)
    assert found.text == visible
    start = found.text.index(word)
    first, last = found.span(start, start + len(word))
    assert text[first:last] == written


def test_no_format_character_is_left() -> None:
    characters = map(chr, range(sys.maxunicode + 1))
    assert bare("".join(c for c in characters if unicodedata.category(c) == "Cf")).text == ""


@pytest.mark.parametrize(
    ("first", "last"),
    [
        *((0x00AD, 0x00AD), (0x034F, 0x034F), (0x061C, 0x061C), (0x115F, 0x1160), (0x17B4, 0x17B5)),
        *((0x180B, 0x180F), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164)),
        *((0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8)),
        *((0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF)),
    ],
)
def test_no_character_is_left_that_unicode_calls_default_ignorable(first: int, last: int) -> None:
    assert bare("".join(map(chr, range(first, last + 1)))).text == ""
