"""Rules see the code, links and headings of a text where GitHub's parser sees them."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import cmarkgfm  # type: ignore[import-untyped]
import pytest
from cmarkgfm.cmark import Options  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from devinops.lint.blocks import Leaf, MarkdownBlock, blocks_exactly
from devinops.lint.inline import Inline
from devinops.lint.markdown import Markdown


@pytest.mark.parametrize(
    ("text", "prose"),
    [
        ("a `b` c", "a     c"),
        ("a ``b ` c`` d", "a           d"),
        ("a ` b", "a ` b"),
        ("a `b\n\nc` d", "a `b\n\nc` d"),
        ("- a `b\n- c` d", "- a `b\n- c` d"),
        (r"a \`b` c", r"a \`b` c"),
        ("a\n```\nb\n```\nc", "a\n   \n \n   \nc"),
        ("a\n~~~ sh\nb\n```\nc\n~~~\nd", "a\n      \n \n   \n \n   \nd"),
        ("- ```\n  b\n  ```\nc", "-    \n   \n     \nc"),
        ("````\n```\n````\na", "    \n   \n    \na"),
        ("a\n\n    b\n\n    c\n\nd", "a\n\n     \n\n     \n\nd"),
        ("a\n    b", "a\n    b"),
        ("- a\n\n    b", "- a\n\n    b"),
        ("a <!-- b\n--> c", "a       \n    c"),
        ("<!-- a\n\nb --> c", "      \n\n      c"),
        ("<!-- a --> b", "           b"),
        ("<!--\n```\n-->\na", "    \n   \n   \na"),
        ("a `<!--` b", "a        b"),
        ("a <!-- b", "a <!-- b"),
    ],
)
def test_code_and_comments_are_no_prose(text: str, prose: str) -> None:
    assert Markdown(text).prose == prose


@pytest.mark.parametrize(
    ("text", "closed"),
    [
        ("```\na\n```", [True]),
        ("```\na", [False]),
        ("```a```\n", []),
        ("```\na\n~~~", [False]),
        ("````\n```\n", [False]),
        ("```sh\na\n```\n\n```sh\nb", [True, False]),
        ("   ```\na\n   ```", [True]),
        ("> ```\n> a\n\nb", [True]),
        ("- ```\n  a\n\nb", [False]),
        ("- ```\n  a", [False]),
        ("    ```\n    a", []),
        ("a\n    ```", []),
        # wrongly indented
        ("1. a\n   ```\n   b\n```\n\nc", [True]),
        ("```\na\n    ```\n\nb", [True]),
    ],
)
def test_fences_open_and_close(text: str, closed: list[bool]) -> None:
    fences = [block for block in Markdown(text).blocks if block.leaf is Leaf.FENCE]
    assert [fence.is_closed for fence in fences] == closed


@pytest.mark.parametrize(
    ("text", "targets"),
    [
        ("[a](b.md) ![c](d.png 'e')", ["b.md", "d.png"]),
        ("[![a](b.png)](c.md)", ["b.png", "c.md"]),
        ("[a](b(1).md)", ["b(1).md"]),
        ("[a](<b c.md>)", ["<b c.md>"]),
        ("[a [b](c.md)](d.md)", ["c.md"]),
        ("[a](b c) [d]( e.md )", ["e.md"]),
        ("`[a](b)`\n\n    [c](d)\n\n```\n[e](f)\n```", []),
        (r"\[a](b)", []),
        ("[a]: b.md\n[c]:\n<d e.md> 'f'", ["b.md", "<d e.md>"]),
        ("[^1]: Node.js\n\n[2]: is not one", []),
        ("a\n[b]: c.md", []),
    ],
)
def test_targets_of_links(text: str, targets: list[str]) -> None:
    assert [text[t.start : t.end] for t in Markdown(text).inline.targets] == targets


def test_a_place_has_a_block_and_a_heading_above_it() -> None:
    markdown = Markdown("a\n\n# B\n\nc\n\nD\n===\n\ne\n\n- f")
    at = markdown.text.index
    assert [markdown.block_at(at(letter)) for letter in "aBceDf"] == [0, 1, 2, 4, 3, 5]
    assert [markdown.heading_above(at(letter)) for letter in "acef"] == [
        "",
        "# B",
        "D\n===",
        "D\n===",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "[" * 50_000 + "](",
        "[a](b" * 10_000,
        "![`" * 10_000 + "[a](b)" * 10_000,
        "".join("`" * (number % 200) + "a" for number in range(2_000)),
        "x <!-- " * 10_000,
        "- " * 20_000 + "\n" * 20_000,
        ">" * 20_000 + "\n" * 20_000,
    ],
    ids=lambda text: text[:5],
)
def test_long_texts_take_little_time(text: str) -> None:
    """With a time that grew with the square of the size, each would take many minutes."""
    assert len(Markdown(text).prose) == len(text)


# the same as GitHub's parser

PARTS = st.sampled_from(
    [
        "\n```\n", "\n```sh\n", "\n- ```\n", "\n  ~~~\n", "\n````\n", "`a` ", "``b`c`` ", "[a](b.md)", "![c](d.png)", "[", "]", "(",
        ")", "[e](<f g.md> 'h')", "[![a](b.png)](c.md)", "[x](y(1).md)", "i", "jk lm", "\n", "\n\n", "    ", "  ", " ",
        "\t", "> ", "- ", "1. ", "2) ", "+ ", "# ", "\n## x\n", "\n===\n", "\n---\n", "***", "\n<!-- [q](z) -->\n", "\\", '"', "'",
    ]
)  # fmt: skip


class Page(HTMLParser):
    """The code, the headings and the addresses of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.code: list[str] = []
        self.targets: list[str] = []
        self.feed(cmarkgfm.markdown_to_html(text, options=Options.CMARK_OPT_UNSAFE))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.targets += [value or "" for name, value in attrs if name in ("href", "src")]
        if tag == "code":
            self.code.append("")
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self.tags.append(f"/{tag}")

    def handle_data(self, data: str) -> None:
        if "code" in self.tags[-1:]:
            self.code[-1] += data


def essence(code: str) -> str:
    """Return code without white space, and without what begins or ends a line with code."""
    return re.sub(r"[\s>`~]", "", code)


@given(st.lists(PARTS, min_size=1, max_size=14).map("".join))
def test_blocks_and_links_are_those_of_githubs_parser(text: str) -> None:
    page, inline = Page(text), Inline()
    found = blocks_exactly(text)
    for block in found:
        if block.leaf in (Leaf.TEXT, Leaf.HEADING):
            inline.read(text, block.start, block.end)
    code = [_code(block, text) for block in found if block.leaf in (Leaf.FENCE, Leaf.INDENTED)]
    code += [text[span.start : span.end] for span in inline.code]
    assert sorted(map(essence, code)) == sorted(map(essence, page.code))
    targets = [text[span.start : span.end].strip("<>") for span in inline.targets]
    assert sorted(targets) == sorted(target.replace("%20", " ") for target in page.targets)
    headings = sum(block.leaf is Leaf.HEADING for block in found)
    assert headings == sum(bool(re.fullmatch("h[1-6]", tag)) for tag in page.tags)


def _code(block: MarkdownBlock, text: str) -> str:
    written = text[block.start : block.end]
    return written.partition("\n")[2] if block.leaf is Leaf.FENCE else written
