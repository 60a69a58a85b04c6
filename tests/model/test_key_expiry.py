"""When a key expires is said, with a warning two weeks before."""

from __future__ import annotations

import pytest

from devinops.model.key_expiry import expiry

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
