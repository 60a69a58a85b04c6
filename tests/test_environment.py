"""The variables of CI systems."""

from __future__ import annotations

import pytest

from devinops.environment import CI_SIGNS, is_ci


@pytest.mark.parametrize("name", CI_SIGNS)
def test_a_variable_of_a_ci_system_tells_that_nobody_can_answer(name: str) -> None:
    assert is_ci({name: "1"})


@pytest.mark.parametrize("value", ["", "0", "false", "False"])
def test_a_variable_that_is_off_tells_nothing(value: str) -> None:
    assert not is_ci({"CI": value, "PATH": "/bin"})
