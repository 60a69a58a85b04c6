"""A secret that is shown once never goes into the log of a CI run."""

from __future__ import annotations

import sys

import pytest

from devinops.cli.runs import webhook_secrets


@pytest.mark.parametrize("variable", ["CI", "JENKINS_URL", "TF_BUILD", "TEAMCITY_VERSION"])
def test_a_ci_system_is_no_reader_although_it_has_a_terminal(
    monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert webhook_secrets._has_reader()
    monkeypatch.setenv(variable, "x")
    assert not webhook_secrets._has_reader()
