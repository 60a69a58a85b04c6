"""What a target allows."""

from __future__ import annotations

import pytest

from devinops.model.policy import MaxDelete


@pytest.mark.parametrize(
    ("written", "shown"), [("20%", "20%"), (5, "5"), ("5", "5"), ("0%", "0%"), ("100%", "100%")]
)
def test_a_limit_of_deletes_is_read_as_it_is_shown(written: object, shown: str) -> None:
    assert str(MaxDelete.parse(written)) == shown


@pytest.mark.parametrize("written", ["101%", "-1", "20 %", True, None, 2.5, "many"])
def test_what_is_no_limit_is_none(written: object) -> None:
    assert MaxDelete.parse(written) is None
