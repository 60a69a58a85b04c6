"""Relative links of imported texts, as addresses below that of their tree."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devinops.ingest.links import with_addresses
from devinops.lint.markdown import Markdown

BASE = "https://a.example/blob/c0ffee"
HERE = f"{BASE}/skills/triage"


def written(text: str, base: str = BASE, directory: str = "skills/triage") -> tuple[str, int]:
    return with_addresses(text, directory, base, {"skills/triage/LICENSE"}.__contains__)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("See [a](a.md).", f"See [a]({HERE}/a.md)."),
        ("[a](./b/a.md#one) and [b](../b.md?x=1#two)", f"[a]({HERE}/b/a.md#one) and [b]({BASE}/skills/b.md?x=1#two)"),
        ('[a](a.md "title") ![b](b.png)', f'[a]({HERE}/a.md "title") ![b]({HERE}/b.png)'),
        ("[![b](b.png)](a.md)", f"[![b]({HERE}/b.png)]({HERE}/a.md)"),
        ("[a](<my file (1).md>)", f"[a]({HERE}/my%20file%20%281%29.md)"),
        ("[a](my%20file.md) [b](b\\_c.md)", f"[a]({HERE}/my%20file.md) [b]({HERE}/b_c.md)"),
        ("[a](src/a.py:12)", f"[a]({HERE}/src/a.py)"),
        ("[a][b]\n\n[b]: b.md\n[c]: <c.md> 'c'\n", f"[a][b]\n\n[b]: {HERE}/b.md\n[c]: {HERE}/c.md 'c'\n"),
        ("[a](references/)", f"[a]({HERE}/references/)"),
        ("[a](/docs/a.md)", f"[a]({BASE}/docs/a.md)"),
        ("[a](LICENSE) [b](COPYING)", f"[a]({HERE}/LICENSE) [b](COPYING)"),
        ('<a class="x" href="a.md">', f'<a class="x" href="{HERE}/a.md">'),
        ("<img width=1\n  src='a.png'/>", f"<img width=1\n  src='{HERE}/a.png'/>"),
        ('<video src="a.mp4"></video>', f'<video src="{HERE}/a.mp4"></video>'),
        ("- [a](a.md)\n  > [b](b.md)\n", f"- [a]({HERE}/a.md)\n  > [b]({HERE}/b.md)\n"),
        ("| [a](a.md) | x |", f"| [a]({HERE}/a.md) | x |"),
    ],
)  # fmt: skip
def test_a_relative_link_becomes_an_address(text: str, expected: str) -> None:
    assert written(text) == (expected, 0)


@pytest.mark.parametrize(
    "text",
    [
        "`[a](a.md)` and ``[b](b.md)``",
        "```\n[a](a.md)\n<img src='a.png'>\n```\n",
        "Text.\n\n    [a](a.md)\n",
        "[a](https://b.example/a.md) [b](//b.example/a.md) [c](mailto:a@b.example)",
        "[a](#part) [b](?x=1) [c](@docs/c.md) [d](~/d.md)",
        "[a](path/to/file.md) [b](url) [c](<name>.md) [d]({id}.md)",
        "<a name='a.md'> src='a.png' [a]\\(a.md)",
        "<!-- [a](a.md) -->",
    ],
)
def test_anything_else_stays(text: str) -> None:
    assert written(text) == (text, 0)


def test_what_leads_out_of_the_tree_is_left() -> None:
    assert written("[a](../../../a.md) [b](../../..) [c](../../..c.md)") == (
        f"[a](../../../a.md) [b](../../..) [c]({BASE}/..c.md)",
        1,
    )


def test_without_an_address_all_links_are_left() -> None:
    text = "[a](a.md) ![b](b.png) <img src='c.png'> `[d](d.md)`\n\n[e]: e.md\n"
    assert written(text, base="") == (text, 4)


def test_a_file_at_the_top_has_no_directory() -> None:
    assert written("[a](b/a.md)", directory=".") == (f"[a]({BASE}/b/a.md)", 0)


pieces = st.sampled_from(
    ["[a](", "![a](", ")", "a.md", "../b.md", "<", ">", "my file.md", "\\", "`", "```\n", "\n", "\n\n", "    ",
     "[b]: ", "[b]", ' "t"', "<img src='", "'>", '<a href="', '">', "#x", "?y", "/", "(", "https://c.example/", "é", "%20",
     "<!--", "-->", "- ", "> ", "a"]
)  # fmt: skip


@given(st.lists(pieces, max_size=25).map("".join))
def test_only_targets_change_and_only_once(text: str) -> None:
    new, left = written(text)
    assert written(new) == (new, left)
    assert _without_targets(new) == _without_targets(text)


def _without_targets(text: str) -> list[str]:
    """Return what is between the targets of the links."""
    spans = sorted(Markdown(text).inline.targets)
    starts = [0, *(end for _, end in spans)]
    ends = [*(start for start, _ in spans), len(text)]
    return [text[start:end] for start, end in zip(starts, ends, strict=True)]
