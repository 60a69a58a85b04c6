"""What a Markdown text of another tool says by its headings and lines with labels."""

from __future__ import annotations

import pytest

from devinops.ingest.forms._headings import headings, when


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# One\n\n### Two ##\n", [(1, "One", "# One"), (3, "Two", "### Two ##")]),
        ("a\n\nOne\n===\nb\n", [(1, "One", "One\n===")]),
        ("\n===\n# One\n===\n", [(1, "One", "# One")]),
        ("<!-- a\n# b\n# c\n-->\n# One\n", [(1, "One", "# One")]),
        ("<!-- a -->\n# One\n", [(1, "One", "# One")]),
        ("````\n# a\n```\n# b\n~~~~\n````\n# One\n", [(1, "One", "# One")]),
        ("~~~ x\n# a\n~~~ b\n# c\n~~~~\n# One\n", [(1, "One", "# One")]),
        ("```\n# a\n", []),
    ],
)
def test_code_and_comments_have_no_headings(
    text: str, expected: list[tuple[int, str, str]]
) -> None:
    found = [(part.level, part.title, text[part.start : part.end]) for part in headings(text)]
    assert found == expected


@pytest.mark.parametrize("below", ["```sh\nmake\n```\n", "<!-- why\n-->\n", "\nmore\n", "> more\n"])
def test_a_line_with_a_label_ends_above_code_comments_and_other_text(below: str) -> None:
    said = when(f"# One\nTrigger: When testing\nand again\n{below}")
    assert said is not None
    assert said.when == "When testing and again"
