"""Whether a question can be asked, and what a person is told if it cannot."""

from __future__ import annotations

import sys

import pytest

from devinops.cli.output import is_interactive, why_nobody_answers
from devinops.environment import CI_SIGNS


class _Terminal:
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("sign", ["", "CI", "BUILD_ID"])
@pytest.mark.parametrize("at_terminal", [True, False])
def test_the_variable_that_forbids_a_question_at_a_terminal_is_named(
    at_terminal: bool, sign: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in CI_SIGNS:
        monkeypatch.setenv(name, "1" if name == sign else "")
    if at_terminal:
        monkeypatch.setattr(sys, "stdin", _Terminal())
        monkeypatch.setattr(sys, "stderr", _Terminal())
    assert is_interactive() is (at_terminal and not sign)
    expected = f"in a CI job (${sign} is set)" if at_terminal and sign else "without a terminal"
    assert why_nobody_answers() == expected
