"""What came from the API or from a file is text in every place of a page."""

from __future__ import annotations

import shlex
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from devinops.model.keys import ROOT, FolderPath, Key
from devinops.planning.commands import forget_command, link_command
from devinops.render.escape import LONGEST, visible
from devinops.render.html.markup import Html, joined, plain, preformatted, prose, tag, text
from tests.testing.hostile_text import HOSTILE
from tests.testing.html import Parsed
from tests.testing.reports import MARKUP


@given(st.text())
@example(HOSTILE)
@example("".join(MARKUP))
def test_a_text_stays_a_text(value: str) -> None:
    parsed = Parsed(text(value))
    assert set(parsed.tags) <= {"i"}
    assert parsed.content == "".join(map(visible, value))


@given(st.text(), st.text())
@example(HOSTILE, "".join(MARKUP))
def test_an_attribute_stays_an_attribute(value: str, content: str) -> None:
    parsed = Parsed(tag("a", content, data_value=value))
    assert parsed.tags[0] == "a"
    assert set(parsed.tags[1:]) <= {"i"}
    assert parsed.attributes == {"data-value": "".join(map(visible, value))}
    assert Parsed(plain(value)).tags == []


@given(st.text())
@example("say --allow delete=3 or devinops pull -t prod --drift")
@example("devinops inventory link 'knowledge:a `b` c' n1")
@example("`<b>` and --on-conflict git<script>")
def test_a_sentence_keeps_its_text_and_its_commands_are_code(value: str) -> None:
    parsed = Parsed(prose(value))
    assert set(parsed.tags) <= {"i", "code"}
    assert parsed.content.replace("`", "") == "".join(map(visible, value)).replace("`", "")


@pytest.mark.parametrize(
    "key",
    [
        Key("knowledge", ROOT, "A"),
        Key("knowledge", FolderPath("B c"), "Twin's note"),
        Key("knowledge", ROOT, "100% `x` | <b> *y*"),
        Key("knowledge", ROOT, "run devinops pull --drift now"),
    ],
    ids=str,
)
@pytest.mark.parametrize("command", [link_command, forget_command])
@pytest.mark.parametrize("root", ["..", "it's `a` <b> é"])
def test_a_command_is_one_piece_of_code_with_its_key(
    command: Callable[..., str], key: Key, root: str
) -> None:
    written = command(key, flags=f" -C {shlex.quote(root)} -t st")
    assert prose(f"or run {written}, then") == f"or run {tag('code', written)}, then"


@given(st.text())
@example(HOSTILE)
def test_nothing_hidden_reaches_the_page(value: str) -> None:
    for char in text(value):
        assert unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Zl", "Zp")


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        (text("a<b"), "a&lt;b"),
        (text("a\u202eb"), r"a<i>\u202e</i>b"),
        (text(r"a\u202eb"), r"a\u202eb"),
        (text("日本語 ü"), "日本語 ü"),
        (text("::error::x ##[group]"), "&#58;:error&#58;:x &#35;#[group]"),
        (text("x" * (LONGEST + 5)), "x" * LONGEST + "… (5 more)"),
        (tag("p", "<", Html("<b></b>"), class_="x", hidden=True, id=None), '<p class="x" hidden>&lt;<b></b></p>'),
        (joined("&", Html("&amp;")), "&amp;&amp;"),
        (preformatted([Html(""), Html("a")]), "<pre>\n\na</pre>"),
        (prose("pass --allow delete=12"), "pass <code>--allow delete=12</code>"),
        (prose("pass --allow network"), "pass <code>--allow network</code>"),
        (prose("decide with --on-conflict git or live"), "decide with <code>--on-conflict git</code> or live"),
        (prose("mark `<b>` and `c`"), "mark <code>&lt;b&gt;</code> and <code>c</code>"),
        (prose("or run devinops inventory link -t st 'knowledge:A b --c' ID now"), "or run <code>devinops inventory link -t st &#x27;knowledge:A b --c&#x27; ID</code> now"),
        (prose("devinops inventory forget knowledge:A, then"), "<code>devinops inventory forget knowledge:A</code>, then"),
        (prose("see devinops pull --drift."), "see <code>devinops pull --drift</code>."),
    ],
)  # fmt: skip
def test_markup(markup: str, expected: str) -> None:
    assert markup == expected
