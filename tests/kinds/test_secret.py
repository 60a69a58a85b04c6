"""Secrets: ages."""

from __future__ import annotations

from devinops.kinds.secret import age_days


def test_ages_are_in_days() -> None:
    assert (age_days("90d"), age_days("12w")) == (90, 84)
