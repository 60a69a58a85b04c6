"""People: named by their e-mail addresses, without case."""

from __future__ import annotations

from devinops.kinds import KINDS
from devinops.kinds.user import without_case

API = KINDS["user"].apis["v3"]


def test_a_person_is_named_by_the_address_or_else_by_the_id() -> None:
    ada, nobody = {"user_id": "u-1", "email": "Ada@Example.com"}, {"user_id": "u-2", "email": None}
    assert API.reduced(ada, "org-1") == {"user_id": "u-1", "email": "ada@example.com"}
    assert API.reduced(nobody, None) == {"user_id": "u-2", "email": "u-2"}


def test_the_case_of_an_id_counts() -> None:
    assert (without_case("Ada@Example.com"), without_case("auth0|ABC")) == (
        "ada@example.com",
        "auth0|ABC",
    )
