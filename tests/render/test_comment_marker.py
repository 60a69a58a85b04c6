"""The marker of a Markdown report is found again, and nothing else is taken for one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devinops.model.selectors import ALL
from devinops.planning.digest_list import DigestList
from devinops.render.comment_marker import (
    Marker,
    read,
    read_digests,
    write,
    write_digests,
)

DIGEST = "0123456789abcdef" * 2
MARKER = Marker("production", "org-1", DIGEST, root="teams/a")
LINE = (
    '<!-- devinops: {"target": "production", "organization": "org-1", '
    f'"digest": "{DIGEST}", "commit": null, "root": "teams/a"}} -->'
)


def test_a_marker_is_one_html_comment() -> None:
    assert write(MARKER) == LINE


@given(*[st.none() | st.text(min_size=1)] * 3)
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
        '<!-- devinops: {"target": "a", "root": ""} -->',
        '<!-- devinops: {"target": "a", "commit": ""} -->',
        '<!-- devinops: {"target": "a"',
        '<!-- devinops: {"target": "a", "target: } -->',
        pytest.param(f'<!-- devinops: {{"target": {"[" * 100_000}}} -->', id="deeply nested"),
    ],
)
def test_nothing_else_is_a_marker(text: str) -> None:
    assert read(text) is None


def test_a_marker_without_a_root_is_about_the_top() -> None:
    assert read('<!-- devinops: {"target": "a"} -->') == Marker("a", root=".")


def test_comments_about_one_target_are_distinguished_from_others() -> None:
    top = Marker("production", "org-1")
    assert top.is_about(Marker("production", "org-1", DIGEST, "4f2c"))
    assert top.is_about(Marker("production"))
    assert not top.is_about(Marker("staging", "org-1"))
    assert not top.is_about(Marker("production", "org-2"))
    assert not top.is_about(MARKER)
    assert not top.is_about(Marker(None))
    assert not Marker(None).is_about(top)
    assert Marker(None).is_about(Marker(None))
    assert not Marker(None).is_about(Marker(None, root="teams/a"))


def test_a_report_replaces_one_about_the_same_or_about_less() -> None:
    for other in (MARKER, Marker("production", root="teams/a"), replace(MARKER, digest=None)):
        assert MARKER.replaces(other)
    changes: list[dict[str, Any]] = [
        {"target": "staging"},
        {"target": None},
        {"organization": "org-2"},
        {"root": "."},
    ]
    for change in changes:
        assert not MARKER.replaces(replace(MARKER, **change))
    assert not Marker("production").replaces(Marker("production", "org-1"))


def test_a_failure_without_a_target_is_over_with_the_plan_of_another_commit() -> None:
    plan = replace(MARKER, commit="2")
    failure = Marker(None, commit="1", root="teams/a")
    assert plan.is_after_failure(failure)
    for other in (replace(failure, commit="2"), replace(failure, root="."), MARKER):
        assert not plan.is_after_failure(other)
    assert not replace(failure, commit="2").is_after_failure(failure)


# --- digests of many targets ----------------------------------------------------------------------

LIST = DigestList({"pay": DIGEST, "risk": DIGEST[::-1]})
OF_MANY = write(Marker(ALL, digest=LIST.digest))
DIGESTS = write_digests(LIST)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_digests_in_the_second_line_are_read_again(end: str) -> None:
    assert DIGESTS.count("--") == 2
    assert read_digests(end.join((OF_MANY, DIGESTS, "## Plan"))) == LIST


@pytest.mark.parametrize(
    "text",
    [OF_MANY, f"{OF_MANY}\n## Plan\n{DIGESTS}", f"{write(Marker(ALL))}\n{DIGESTS}", DIGESTS, ""],
)
def test_without_them_or_without_a_digest_of_all_there_is_no_list(text: str) -> None:
    assert read_digests(text) is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (f"{OF_MANY}\n{DIGESTS.replace(': 1 ', ': 2 ')}", "it is not a packed list"),
        (f"{write(Marker(ALL, digest=DIGEST))}\n{DIGESTS}", "it was changed: its digest is"),
    ],
)
def test_damaged_or_other_digests_are_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_digests(text)
