"""Git permissions: what an entry can say, how the API shows and takes them, and what they risk."""

from __future__ import annotations

from typing import Any

import pytest

from devinops.kinds import KINDS
from devinops.kinds.git_permission import GitPermission
from devinops.schema.files import entry_schema
from devinops.schema.findings import Checker, check

KIND = KINDS["git_permission"]
API = KIND.apis["v3"]
SHOP = {"connection": "acme", "match": "repo", "path": "acme/shop"}


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({}, []),
        ({"read_only": True}, []),
        ({"match": "depot"}, ["invalid-value"]),
        ({"path": "/acme"}, ["invalid-value"]),
        ({"path": "a b"}, ["invalid-value"]),
        ({"connection": ""}, ["invalid-value"]),
        ({"read_only": None}, ["wrong-type"]),
    ],
)
def test_an_entry_says_which_repositories(changes: dict[str, Any], codes: list[str]) -> None:
    entry = SHOP | changes
    assert [one.code for one in check(Checker(entry_schema(KIND)), entry)] == codes


@pytest.mark.parametrize(
    ("match", "path", "problem"),
    [
        ("repo", "acme/shop", ""),
        ("repo", "acme", "is not a repository"),
        ("repo", "acme/", "is not a repository"),
        ("repo", "acme/shop/", 'remove the "/"'),
        ("group", "acme", ""),
        ("group", "acme/", 'remove the "/"'),
        ("prefix", "github.com/acme/", ""),
    ],
)
def test_a_path_fits_what_it_is(match: str, path: str, problem: str) -> None:
    problems = [text for _, text in KIND.check(GitPermission(match=match, path=path))]
    assert [problem in text for text in problems] == ([True] if problem else [])


@pytest.mark.parametrize(
    ("match", "member", "path"),
    [
        ("repo", "repo_path", "acme/shop"),
        ("group", "group_prefix", "acme"),
        ("prefix", "prefix_path", "github.com/acme/"),
    ],
)
def test_the_path_is_in_the_member_of_its_form(match: str, member: str, path: str) -> None:
    others = dict.fromkeys(("repo_path", "group_prefix", "prefix_path"))
    shown = {"git_permission_id": "p", "git_connection_id": "g", **others, member: path}
    reduced = API.reduced(shown, "org-1")
    assert reduced == {
        "git_permission_id": "p",
        "git_connection_id": "g",
        "match": match,
        "path": path,
        "read_only": False,
    }
    body = {"git_connection_id": "g", "match": match, "path": path, "read_only": True}
    sent = {"git_connection_id": "g", member: path, "read_only": True}
    assert API.wrapped(body) == {"permissions": [sent]}


def test_a_group_loses_the_slash_that_the_api_may_show() -> None:
    assert API.reduced({"group_prefix": "acme/tools/"}, None) == {
        "match": "group",
        "path": "acme/tools",
        "read_only": False,
    }


def test_what_perforce_has_is_left_out() -> None:
    assert API.reduced({"git_permission_id": "p", "depot_path": "//depot"}, "org-1") is None


WRITE = GitPermission(**SHOP, read_only=False)
READ = GitPermission(**SHOP, read_only=True)
UNSET = GitPermission(**SHOP)


@pytest.mark.parametrize(
    ("before", "after", "note", "risk"),
    [
        (None, READ, "lets the organization read acme/shop", ""),
        (None, UNSET, "lets the organization read and write acme/shop", ""),
        (READ, WRITE, "", "lets the organization read and write acme/shop"),
        (WRITE, READ, "", ""),
        (WRITE, UNSET, "", ""),
        (READ, READ, "", ""),
        (READ, None, None, "no longer lets the organization read acme/shop"),
    ],
)
def test_only_what_widens_or_takes_away_wants_an_approval(
    before: GitPermission | None, after: GitPermission | None, note: str | None, risk: str
) -> None:
    named, access = KIND.hazards
    assert (named.approval, named.sees_deletes) == ("", False)
    assert (access.approval, access.sees_deletes) == ("access", True)
    assert note is None or named.risk(before, after) == note
    assert access.risk(before, after) == risk
