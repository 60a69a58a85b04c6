from __future__ import annotations

import pytest

from devinops.model.credentials import SECRETS, masked, masked_key
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
