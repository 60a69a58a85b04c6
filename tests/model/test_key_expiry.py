"""When a key expires is said, with a warning two weeks before."""

from __future__ import annotations

import pytest

from devinops.model.key_expiry import expiry, shown_expiry

DAY = 24 * 3600
AT = 1_900_000_000


@pytest.mark.parametrize(
    ("left", "said", "is_soon"),
    [
        (400 * DAY, "", False),
        (14 * DAY, "", False),
        (14 * DAY - 1, ", in 13 days", True),
        (DAY, ", in 1 day", True),
        (DAY - 1, ", in 0 days", True),
        (-DAY, ", in 0 days", True),
    ],
)
def test_a_key_that_expires_within_14_days_is_a_warning(
    left: int, said: str, is_soon: bool
) -> None:
    assert expiry(AT, AT - left) == (f"expires on 2030-03-17 17:46 UTC{said}", is_soon)


@pytest.mark.parametrize("other", [None, "2030-03-17T17:46:40Z", True, 1.5, -1, AT * 1000, 10**40])
def test_only_seconds_that_can_be_shown_are_a_time(other: object) -> None:
    assert (shown_expiry(other), shown_expiry(AT)) == (None, AT)
