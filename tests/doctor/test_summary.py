"""The way to the API and the clock, from what the responses and the settings say."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from devinops.doctor.observer import Observation
from devinops.doctor.summary import of_connection, of_quirks

DATE = {"date": "Sun, 29 Nov 2026 12:00:00 GMT"}
NOON = 1_795_953_600.0


def shown(headers: Mapping[str, str], url: str = "https://x", proxy: str = "") -> list[str]:
    seen = [(Observation(200, headers), NOON)]
    return [str(check) for check in of_connection(url, proxy, seen, [])]


@pytest.mark.parametrize(
    ("headers", "line"),
    [
        (DATE, "ok       clock: agrees with that of the API"),
        ({}, "note     clock: the API does not send a date to compare it with"),
        ({"date": "yesterday"}, "note     clock: the API does not send a date to compare it with"),
    ],
)
def test_a_service_without_a_date_is_named(headers: Mapping[str, str], line: str) -> None:
    assert line in shown(headers)


def test_the_way_is_named_without_an_address() -> None:
    assert shown(DATE)[0] == "ok       connection: encrypted, and the certificate is trusted"
    assert shown(DATE, "http://127.0.0.1:1")[0] == "ok       connection: to this machine, without encryption"  # fmt: skip
    assert "note     connection: through a proxy" in shown(DATE, proxy="proxy.acme.example:3128")
    assert "acme" not in "".join(shown(DATE, "https://acme.example", "acme.example"))


def test_nothing_is_said_about_questions_that_are_all_answered() -> None:
    (check,) = of_quirks({"total": "none"}, {"total"})
    assert str(check) == "note     quirk total: none; the emulator assumes present: report it"
