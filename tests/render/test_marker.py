"""The marker of a Markdown report is found again, and nothing else is taken for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devinops.render.marker import Marker, read, write

DIGEST = "0123456789abcdef" * 2
MARKER = Marker("production", "org-1", DIGEST)
LINE = (
    '<!-- devinops: {"target": "production", "organization": "org-1", '
    f'"digest": "{DIGEST}", "commit": null}} -->'
)


def test_a_marker_is_one_html_comment() -> None:
    assert write(MARKER) == LINE


@given(st.none() | st.text(min_size=1), st.none() | st.text(), st.none() | st.text())
def test_every_marker_is_read_again_and_ends_only_at_its_end(
    target: str | None, organization: str | None, commit: str | None
) -> None:
    marker = Marker(target, organization, DIGEST, commit)
    line = write(marker)
    assert line.isascii()
    assert line.isprintable()
    assert line.count("-->") == line.count("--") // 2 == 1
    assert not set("@#<>&") & set(line[4:-3])
    assert read(f"{line}\n\ntext") == marker


@pytest.mark.parametrize(
    "text",
    [f"{LINE}\n# text", f"{LINE}\r\n# text", f"\ufeff{LINE}", f'{LINE[:-5]}, "more": 1}} -->'],
    ids=["LF", "CRLF", "byte order mark", "a member of a later version"],
)
def test_a_marker_survives_what_hosts_do_to_text(text: str) -> None:
    assert read(text) == MARKER


@pytest.mark.parametrize(
    "text",
    [
        "",
        "text",
        f"text\n{LINE}",
        f"> {LINE}",
        f"{LINE} text",
        "<!-- devinops: {} -->",
        "<!-- devinops: [] -->",
        '<!-- devinops: {"target": 1} -->',
        '<!-- devinops: {"target": ""} -->',
        '<!-- devinops: {"target": "a", "digest": "no digest"} -->',
        '<!-- devinops: {"target": "a", "organization": []} -->',
        '<!-- devinops: {"target": "a"',
        '<!-- devinops: {"target": "a", "target: } -->',
        pytest.param(f'<!-- devinops: {{"target": {"[" * 100_000}}} -->', id="deeply nested"),
    ],
)
def test_nothing_else_is_a_marker(text: str) -> None:
    assert read(text) is None


def test_comments_about_one_target_are_told_from_others() -> None:
    assert MARKER.is_about(Marker("production", "org-1"))
    assert MARKER.is_about(Marker("production"))
    assert not MARKER.is_about(Marker("staging", "org-1"))
    assert not MARKER.is_about(Marker("production", "org-2"))
    assert MARKER.is_about(Marker(None))
    assert Marker(None).is_about(Marker("staging"))


def test_a_report_replaces_one_about_the_same_or_about_less() -> None:
    for other in (MARKER, Marker("production"), Marker(None), Marker("production", "org-1", None)):
        assert MARKER.replaces(other)
    for other in (Marker("staging", "org-1"), Marker("production", "org-2")):
        assert not MARKER.replaces(other)
    assert not Marker(None).replaces(MARKER)
    assert not Marker("production").replaces(MARKER)
