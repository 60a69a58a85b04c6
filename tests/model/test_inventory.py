"""The inventory as values: fingerprints, records, what changes."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from devinops.model.inventory import fingerprint


@given(
    a=st.one_of(st.none(), st.booleans(), st.text(), st.integers()),
    b=st.one_of(st.none(), st.booleans(), st.text(), st.integers()),
)
def test_fingerprints_tell_values_apart(a: Any, b: Any) -> None:
    assert (fingerprint(a) == fingerprint(b)) is (a == b and type(a) is type(b))
