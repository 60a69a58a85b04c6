"""A damaged plan file is refused in one line, or is shown to the end and written as it was read."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from devinops.errors import ConfigError
from devinops.render.json import dump
from devinops.render.text import Text
from devinops.saved import SavedPlan, plan_of, read_plan
from tests.fuzz.mutate import damaged, fuzz, mutated, one_line, text_of, values
from tests.test_saved import GOLDEN

PLACE = Path("plan.json")
DRIFT = {
    "key": "knowledge:A", "kind": "knowledge", "id": "note-1", "moved": "edited", "reason": "", "source": None,
    "fields": {"body": {"before": "a", "after": "b"}}, "at": 1_700_000_000, "by": "somebody",
}  # fmt: skip
REAL = GOLDEN | {"drift": [DRIFT], "notes": ["a note"], "inventory": {"store": "file", "owned": 7}}
BYTES = "".join(dump(REAL)).encode()


def refused(error: ConfigError) -> None:
    assert one_line(str(error)), repr(str(error))
    assert len(str(error)) < 2000


def held(read: Callable[[], SavedPlan]) -> None:
    try:
        plan = read()
    except ConfigError as error:
        refused(error)
        return
    for row in Text(full=True).plan(plan):
        assert all(one_line(part) for part in row.replace("\t", "").split("\n") if part), repr(row)
    again = json.loads("".join(dump(plan.document)))
    assert plan_of(again, PLACE) == plan
    assert again == plan.document


@fuzz(2)
@given(damaged(st.just(BYTES), most=3))
def test_a_plan_file_that_was_damaged(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "plan.json"
        path.write_bytes(data)
        held(lambda: read_plan(path))
        assert [p.read_bytes() for p in Path(directory).iterdir()] == [data]


@fuzz(2)
@given(mutated(st.just(REAL), most=2))
def test_a_plan_with_something_wrong_in_it(found: Any) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "plan.json"
        path.write_text(text_of(found))
        held(lambda: read_plan(path))


@fuzz()
@given(values)
def test_a_plan_that_is_any_json(found: Any) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "plan.json"
        path.write_text(text_of(found))
        held(lambda: read_plan(path))


@fuzz(2)
@given(st.integers(0, len(BYTES) - 3))
def test_a_plan_that_was_cut_is_never_read(cut: int) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "plan.json"
        path.write_bytes(BYTES[:cut])
        try:
            read_plan(path)
        except ConfigError as error:
            refused(error)
        else:
            raise AssertionError(cut)
