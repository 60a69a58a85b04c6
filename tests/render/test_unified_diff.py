"""A change as a patch, for programs and for people."""

from __future__ import annotations

import pytest

from devinops.render.unified_diff import patch, shown

HUNK = "@@ -1 +1 @@"


@pytest.mark.parametrize(
    ("before", "after", "exact", "for_people"),
    [
        ("a\n", "b\n", ["-a", "+b"], ["-a", "+b"]),
        ("a\r\n", "b\r\n", ["-a\r", "+b\r"], ["-a", "+b"]),
        ("a\r\n", "b\n", ["-a\r", "+b"], ["-a\\r", "+b"]),
        ("a\u200b\n", "a\u2028b\n", ["-a\u200b", "+a\u2028b"], ["-a\\u200b", "+a\\u2028b"]),
        ("a", "a\n", ["-a", "\\ No newline at end of file", "+a"], ["-a", "\\ No newline at end of file", "+a"]),
    ],
)  # fmt: skip
def test_lines(before: str, after: str, exact: list[str], for_people: list[str]) -> None:
    head = ["--- a/x.md", "+++ b/x.md", HUNK]
    assert list(patch("x.md", before, after)) == [*head, *exact]
    assert list(shown("x.md", before, after)) == [*head, *for_people]


@pytest.mark.parametrize(
    ("path", "exact", "for_people"),
    [
        ("k/é.md", "k/é.md", "k/é.md"),
        ("k/a b.md", "k/a b.md\t", "k/a b.md"),
        ("k/\u202e.md", "k/\u202e.md", "k/\\u202e.md"),
        ('"\\\n.md', '"\\"\\\\\\012.md"', '"\\"\\\\\\012.md"'),
        ("\udcff.md", '"\\377.md"', '"\\377.md"'),
    ],
    ids=ascii,
)
def test_names(path: str, exact: str, for_people: str) -> None:
    for lines, name in ((patch, exact), (shown, for_people)):
        side = '"a/' if name.startswith('"') else "a/"
        first = next(iter(lines(path, "a\n", "b\n")))
        assert first == f"--- {side}{name.removeprefix(chr(34))}"
