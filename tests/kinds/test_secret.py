"""Secrets: a contract in files, and a value that no API changes in place."""

from __future__ import annotations

import pytest

from devinops.kinds import KINDS
from devinops.model.kind import ApiVersion, Lifecycle, Role

KIND = KINDS["secret"]


def test_a_secret_is_a_contract() -> None:
    assert KIND.lifecycle is Lifecycle.CONTRACT
    roles = {attribute.name: attribute.role for attribute in KIND.attributes if attribute.role}
    assert roles == {
        "note": Role.ADVISORY,
        "max_age": Role.MAX_AGE,
        "value_from": Role.VALUE_SOURCE,
        "version": Role.ROTATION,
    }


@pytest.mark.parametrize("api", ["v3", "v1"])
def test_no_api_changes_a_secret_in_place(api: ApiVersion) -> None:
    """An attempt to delete one that is gone is answered with 403 too."""
    calls = KIND.apis[api]
    assert (calls.creates, calls.update, calls.deletes) == (True, None, True)
    assert calls.gone == {403, 404}


@pytest.mark.parametrize("api", ["v3", "v1"])
@pytest.mark.parametrize("field", ["max_age", "value_from", "version"])
def test_what_is_agreed_in_files_alone_is_never_sent(api: ApiVersion, field: str) -> None:
    attribute = KIND.by_name[field]
    assert not attribute.writes(api)
    assert attribute.reads(api) is None
