"""No secret of the process is in a message or a bug report."""

from __future__ import annotations

import json

import pytest

from devinops.api import redact


def report_of(text: str) -> str:
    try:
        raise RuntimeError(text)
    except RuntimeError as error:
        return redact.bug_report(error)


@pytest.mark.parametrize("name", ["NPM_TOKEN", "db_password", "DEVIN_API_URL", "X_AUTHOR"])
@pytest.mark.parametrize(("value", "hidden"), [("abcdef", True), ("abcde", False)])
def test_a_bug_report_hides_sensitive_variables_of_six_or_more_characters(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, hidden: bool
) -> None:
    monkeypatch.setenv(name, value)
    assert (value not in report_of(f"it is <{value}>")) == hidden


def test_other_variables_stay_in_a_bug_report(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLACE", "abcdefgh")
    assert "abcdefgh" in report_of("in abcdefgh")


def test_a_run_with_secret_values_leaves_out_the_texts_of_all_exceptions() -> None:
    value, backwards = "hunter2", "2retnuh"
    redact.remember_values([value])
    try:
        try:
            raise ValueError(backwards)
        except ValueError as first:
            raise RuntimeError(value) from first
    except RuntimeError as error:
        report = redact.bug_report(error)
    assert backwards not in report
    assert value not in report
    assert report.index("ValueError") < report.index("This led to") < report.index("RuntimeError")


def test_each_form_of_a_secret_is_replaced_and_the_longest_first() -> None:
    secret = 'pä"ss'
    redact.remember_key(secret)
    redact.remember_key(secret + "word")
    forms = (secret, json.dumps(secret), json.dumps(secret, ensure_ascii=False))
    for form in forms:
        assert redact.redact(form).strip('"') == redact.MASK
    assert redact.redact(f"{secret}word.") == "***."
    assert redact.redact("no secret") == "no secret"
