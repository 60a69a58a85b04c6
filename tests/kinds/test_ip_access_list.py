"""The IP access list: what an entry can say, what it locks out and what it opens."""

from __future__ import annotations

from typing import Any

import pytest

from devinops.kinds import KINDS
from devinops.kinds.ip_access_list import IpAccessList
from devinops.schema.files import entry_schema
from devinops.schema.findings import Checker, check

KIND = KINDS["ip_access_list"]


@pytest.mark.parametrize(
    ("entry", "codes"),
    [
        ({"ip_ranges": ["203.0.113.0/24"]}, []),
        ({"ip_ranges": []}, []),
        ({}, ["missing-field"]),
        ({"ip_ranges": None}, ["wrong-type"]),
        ({"ip_ranges": [""]}, ["invalid-value"]),
        ({"ip_ranges": ["10.0.0.0/8", "10.0.0.0/8"]}, ["invalid-value"]),
        ({"ip_ranges": [], "ensure": "absent"}, ["unknown-key"]),
    ],
)
def test_an_entry_is_a_set_of_texts(entry: dict[str, Any], codes: list[str]) -> None:
    assert [one.code for one in check(Checker(entry_schema(KIND)), entry)] == codes


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("203.0.113.0/24", ""),
        ("203.0.113.7", ""),
        ("2001:DB8::/32", ""),
        ("203.0.113.7/24", "203.0.113.7/24 has host bits set: write 203.0.113.0/24"),
        ("203.0.113.0/33", "'203.0.113.0/33' does not appear to be an IPv4 or IPv6 network"),
        ("office", "'office' does not appear to be"),
    ],
)
def test_each_text_is_a_network(written: str, problem: str) -> None:
    found = [*KIND.check(IpAccessList(ip_ranges=["10.0.0.0/8", written]))]
    assert [path for path, _ in found] == [("ip_ranges", 1)] * bool(problem)
    assert all(problem in message for _, message in found)


@pytest.mark.parametrize(
    ("shown", "compared"),
    [
        (["203.0.113.7", "203.0.113.7/32"], ["203.0.113.7/32"]),
        (["203.0.113.7/24"], ["203.0.113.0/24"]),
        (["2001:DB8:0:0::/32", "10.0.0.0/8"], ["10.0.0.0/8", "2001:db8::/32"]),
        ([], []),
    ],
)
def test_what_a_server_shows_is_compared_as_networks(shown: list[str], compared: list[str]) -> None:
    assert KIND.by_name["ip_ranges"].normalized(shown) == compared


NET, HALF, OTHER_HALF, V6 = "10.0.0.0/24", "10.0.0.0/25", "10.0.0.128/25", "2001:db8::/32"


@pytest.mark.parametrize(
    ("before", "after", "locked_out", "opened"),
    [
        ([NET], [NET, V6], "", ""),
        ([NET], [HALF, OTHER_HALF], "", ""),
        ([HALF, OTHER_HALF], [NET], "", ""),
        ([NET], [HALF], NET, ""),
        ([NET, V6], [NET], V6, ""),
        ([], [NET], "0.0.0.0/0, ::/0", ""),
        ([], ["0.0.0.0/0", "::/0"], "", ""),
        ([], ["0.0.0.0/0"], "::/0", ""),
        ([NET], [], "", "0.0.0.0/0, ::/0"),
        ([NET], ["0.0.0.0/1", "128.0.0.0/1"], "", "0.0.0.0/0"),
        ([NET, V6], ["::/0"], NET, "::/0"),
        (["0.0.0.0/0"], [], "", "::/0"),
        ([], [], "", ""),
    ],
)
def test_what_is_locked_out_and_what_is_opened(
    before: list[str], after: list[str], locked_out: str, opened: str
) -> None:
    lockout, access = KIND.hazards
    values = IpAccessList(ip_ranges=before), IpAccessList(ip_ranges=after)
    assert (lockout.approval, access.approval) == ("lockout", "access")
    locks = f"locks out addresses in {locked_out}, from the next request on"
    assert lockout.risk(*values) == (locks if locked_out else "")
    assert access.risk(*values) == (f"lets every address in ({opened})" if opened else "")
    if not before:
        assert lockout.risk(None, values[1]) == lockout.risk(*values)
