"""What a new limit allows that the old one did not."""

from __future__ import annotations

from typing import Any

import pytest

from devinops.kinds._limits import raised
from devinops.model.values import UNSET


@pytest.mark.parametrize(
    ("old", "new", "change"),
    [
        (5, 6, "is raised from 5 to 6"),
        (0, 1, "is raised from 0 to 1"),
        (5, None, "is removed; it was 5"),
        (5, 5, ""),
        (5, 0, ""),
        (None, 5, ""),
        (None, None, ""),
        (UNSET, 5, ""),
    ],
)
def test_a_limit_is_raised_or_removed(old: Any, new: Any, change: str) -> None:
    assert raised(old, new) == change
