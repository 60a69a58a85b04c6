"""Git connections: their names."""

from __future__ import annotations

from devinops.kinds import KINDS

API = KINDS["git_connection"].apis["v3"]


def test_a_connection_without_a_name_is_named_by_its_id() -> None:
    shown = {"git_connection_id": "git-1", "host": "github.com"}
    assert API.reduced({**shown, "name": "acme"}, "org-1") == {**shown, "name": "acme"}
    assert API.reduced({**shown, "name": None}, None) == {**shown, "name": "git-1"}
