"""Whom a key acts as: its owner, and the groups that give the owner roles."""

from __future__ import annotations

from typing import Any

import pytest

from devinops.api.v3_paths_and_self import principals
from devinops.model.client_protocols import KeyOwner
from devinops.model.errors import ApiError

PERSON = KeyOwner("Ada", user_id="user/1")


class Members:
    """Answers the read of a person."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def get(self, call: Any) -> Any:
        assert call.path == "/v3/enterprise/members/users/user%2F1"
        if isinstance(self.answer, ApiError):
            raise self.answer
        return self.answer


def of(owner: KeyOwner, answer: Any = None) -> frozenset[str] | None:
    return principals(owner, Members(answer))  # type: ignore[arg-type]  # only `get` is used


def test_a_service_user_is_known_without_a_request() -> None:
    assert of(KeyOwner("ci", service_user_id="sa-1")) == {"sa-1"}


def test_a_person_comes_with_the_groups() -> None:
    groups = [{"idp_group_name": name, "org_id": None} for name in ("a/b", "c", "c")]
    assert of(PERSON, {"user_id": "user/1", "idp_role_assignments": groups}) == {
        "user/1",
        "a/b",
        "c",
    }


@pytest.mark.parametrize(
    "answer",
    [{}, [], None, {"idp_role_assignments": None}, {"idp_role_assignments": [{}]}]
    + [{"user_id": "user-2", "idp_role_assignments": []}]
    + [ApiError("refused", status=status) for status in (403, 404)],
    ids=str,
)
def test_a_person_whose_groups_are_not_shown_is_not_known(answer: Any) -> None:
    assert of(PERSON, answer) is None


def test_nobody_is_known_without_an_id() -> None:
    assert of(KeyOwner("unnamed")) is None


def test_an_api_that_does_not_answer_is_an_error() -> None:
    with pytest.raises(ApiError):
        of(PERSON, ApiError("broken", status=500))
