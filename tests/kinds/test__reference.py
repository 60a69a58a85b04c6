"""Kinds that entries only refer to."""

from __future__ import annotations

import pytest

from devinops.kinds import KINDS, parse_key
from devinops.model.errors import UsageError
from devinops.model.kind import Lifecycle

REFERENCES = [kind for kind in KINDS.values() if not kind.is_declared]


def test_a_kind_that_is_only_referred_to_can_neither_be_written_nor_declared() -> None:
    assert REFERENCES
    for kind in REFERENCES:
        api = kind.apis["v3"]
        assert kind.lifecycle is Lifecycle.REQUIRED
        assert api.is_shared
        assert (api.creates, api.update, api.deletes) == (False, None, False)
        assert kind.noun in KINDS.referred
        assert kind not in KINDS.sections.values()


@pytest.mark.parametrize("noun", [kind.noun for kind in REFERENCES])
def test_a_key_cannot_name_one(noun: str) -> None:
    with pytest.raises(UsageError, match="is not a kind"):
        parse_key(f"{noun}:A")
