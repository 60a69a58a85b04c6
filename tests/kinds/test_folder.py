"""Folders: they are declared and looked for, and no API makes one."""

from __future__ import annotations

import pytest

from devinops.kinds import KINDS
from devinops.model.kind import ApiVersion, Lifecycle


@pytest.mark.parametrize("api", ["v3", "v1"])
def test_no_api_writes_a_folder(api: ApiVersion) -> None:
    calls = KINDS["folder"].apis[api]
    assert (calls.creates, calls.update, calls.deletes) == (False, None, False)
    assert KINDS["folder"].lifecycle is Lifecycle.REQUIRED


def test_a_folder_comes_before_the_notes_in_it() -> None:
    levels = {noun: level for level, nouns in enumerate(KINDS.levels) for noun in nouns}
    assert levels["folder"] < levels["knowledge"]
    assert set(levels) == set(KINDS)
