from __future__ import annotations

import pytest

from devinops.model.credentials import (
    SECRETS,
    masked,
    masked_key,
    may_hold_secret,
    starred,
    urls_with_password,
)
from devinops.model.keys import Key
from tests.testing.credentials import EXAMPLES


def test_every_pattern_has_an_example() -> None:
    assert EXAMPLES.keys() == SECRETS.keys()


@pytest.mark.parametrize("title", EXAMPLES)
def test_a_secret_is_masked_in_a_text_and_in_a_key(title: str) -> None:
    secret = EXAMPLES[title]
    assert masked(f"before {secret}").strip() == "before ***"
    key = Key.parse(f"knowledge:{secret.replace('/', '%2F')}")
    assert str(masked_key(key)) == "knowledge:***"


def test_the_text_of_a_private_key_is_masked_with_it() -> None:
    begin, end = "-----BEGIN RSA PRIVATE KEY-----", "-----END RSA PRIVATE KEY-----"
    assert masked(f"a {begin}\nMII\n{end} b {begin}\nMII") == "a *** b ***"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("git clone https://ci:Tr0ub4dor9x@git.acme.io/x", "git clone https://ci:***********@git.acme.io/x"),
        ("https://git.acme.io/x?token=9f8a7b6c5d", "https://git.acme.io/x?token=**********"),
        ("deploy --password=Xk9vT3qz", "deploy --password=********"),
        ("deploy --password Xk9vT3qz now", "deploy --password ******** now"),
        ("trigger: Errors # password: 'p9$Lm2vX'", "trigger: Errors # password: '********'"),
        ("Authorization: Bearer 9f8a7b6c5d", "Authorization: Bearer **********"),
        ("<password>Xk9vT3qz</password>", "<password>********</password>"),
        (EXAMPLES["a GitHub token"], "*" * 40),
    ],
)  # fmt: skip
def test_a_secret_is_starred_in_as_many_characters(text: str, shown: str) -> None:
    assert starred(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "postgres://reader:$WAREHOUSE_PASSWORD@db.acme.io",
        "https://<user>:<token>@git.acme.io",
        "password: ${DB_PASSWORD}",
        "password: string",
        "The password is in 1Password.",
        "tokens: 8000",
    ],
)
def test_what_only_names_a_secret_is_shown(text: str) -> None:
    assert starred(text) == text


@pytest.mark.parametrize("title", EXAMPLES)
def test_a_text_with_a_secret_is_worth_a_search(title: str) -> None:
    assert may_hold_secret(f"before {EXAMPLES[title]}")


def test_a_plain_text_is_not_worth_a_search() -> None:
    assert not may_hold_secret("Wrap every error with the request id.")


def test_a_token_in_a_url_is_no_password() -> None:
    """It is found as a token of its service, so it would be reported twice."""
    text = f"https://ci:Tr0ub4dor9x@git.acme.io https://ci:{EXAMPLES['a GitHub token']}@github.com"
    assert [match["password"] for match in urls_with_password(text)] == ["Tr0ub4dor9x"]
