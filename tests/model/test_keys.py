"""Keys and folder paths, written and read."""

from __future__ import annotations

import pytest

from devinops.model.keys import Key


@pytest.mark.parametrize("text", ["", "knowledge", "knowledge:", ":A", "knowledge:F/"])
def test_what_is_no_key_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="is not KIND"):
        Key.parse(text)
