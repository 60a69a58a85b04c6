"""Knowledge notes: the form in which some servers return a pinned repository."""

from __future__ import annotations

import pytest

from devinops.kinds import KINDS

PIN = next(one for one in KINDS["knowledge"].attributes if one.name == "pinned_repo")


@pytest.mark.parametrize(
    ("pin", "answered"),
    [
        ("github.com/acme/api", "acme/api"),
        ("gitlab.com/group/sub/api", "group/sub/api"),
        ("acme/api", None),
        ("acme.dev/api", None),
        ("all", None),
        (None, None),
    ],
)
def test_a_server_may_return_a_pin_without_its_host(pin: str | None, answered: str | None) -> None:
    assert PIN.rewrites(pin) == answered
