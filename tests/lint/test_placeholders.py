"""A value that only stands for a secret is not taken for a secret."""

from __future__ import annotations

import base64

import pytest

from devinops.lint.placeholders import is_placeholder
from tests.testing.leaks import secrets

WITH_SECRET = secrets()


@pytest.mark.parametrize(
    "value",
    ["your-password", "p4ssw0rd", "xxxx", "$TOKEN", "<token>", "changeme1", "hunter2", "abc123456", "s3cr3t", "", "********"],
)  # fmt: skip
def test_examples_are_placeholders_also_if_they_are_encoded(value: str) -> None:
    assert is_placeholder(value)
    encoded = base64.b64encode(f"admin:{value}".encode()).decode()
    assert is_placeholder(encoded)


@pytest.mark.parametrize(
    "value",
    ["${T}", "{{", "<token", "$(openssl", "%s", "{password}", "p-${X}-y", "user:$TOKEN", "ghp_xxxx", "[REDACTED]",
     "abc...xyz", "{user}_{id}", "((creds.password))"],
)  # fmt: skip
def test_variables_templates_and_rows_of_x_are_placeholders(value: str) -> None:
    assert is_placeholder(value)


@pytest.mark.parametrize(
    "value",
    ["p9$Lm2vXq8", "p9{Lm2vXq8", "p9<Lm2vXq8", "p9[x]Lm2vXq8", "p9xxxLm2vXq8", "p9%sLm2vXq8", "p9((Lm2vXq8"],
)  # fmt: skip
def test_the_mark_of_a_placeholder_inside_of_a_secret_does_not_hide_it(value: str) -> None:
    assert not is_placeholder(value)


@pytest.mark.parametrize("value", ["s3cr3tPw9", "9s3cr3tPw", "Sup3rS3cr3t9"])
def test_words_spelled_with_digits_and_one_more_digit_are_a_password(value: str) -> None:
    assert not is_placeholder(value)


@pytest.mark.parametrize(
    "value", ["MyS3cr3tP4ss", "Passw0rd123", "P@ssw0rd!", "sup3rs3cr3t", "secretPw9"]
)
def test_words_spelled_with_digits_are_placeholders(value: str) -> None:
    assert is_placeholder(value)


@pytest.mark.parametrize("title", WITH_SECRET)
def test_secrets_are_no_placeholders(title: str) -> None:
    assert not is_placeholder(WITH_SECRET[title][1])


def test_what_encodes_a_secret_is_no_placeholder() -> None:
    assert not is_placeholder(base64.b64encode(b"admin:kQ9vLm2xRt7w").decode())
