"""A damaged plan file is refused in one line, or is shown to the end and written as it was read."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devinops.applying.saved import read_plans, run_of
from devinops.model.errors import UnusableFile
from devinops.planning.run import Plans
from devinops.render import Style, render
from devinops.render.answers import RunAnswer
from devinops.render.json import dump, run_document
from devinops.schema.parts import checksum
from tests.testing.damage import damaged, fuzz, mutated, one_line, text_of, values
from tests.testing.documents import PLAN

FILE = Path("plan.json")
DRIFT = {
    "key": "knowledge:A", "kind": "knowledge", "moved": "edited", "reason": "", "source": None,
    "fields": {"body": {"before": "a", "after": "b"}},
    "targets": [{"name": "default", "id": "note-1", "at": 1_700_000_000, "by": "somebody"}],
}  # fmt: skip
REAL = PLAN | {"drift": [DRIFT], "notes": [{"text": "a note", "targets": ["default"]}]}


def sealed(text: str) -> str:
    """Return a document with the checksum that belongs to it, as somebody would who damages it."""
    with suppress(ValueError, RecursionError):
        document = json.loads(text)
        if isinstance(document, dict):
            return json.dumps(document | {"checksum": checksum(document)})
    return text


BYTES = sealed("".join(dump(REAL))).encode()


def refused(error: UnusableFile) -> None:
    assert one_line(str(error)), repr(str(error))
    assert len(str(error)) < 2000


def held(read: Callable[[], Plans]) -> None:
    try:
        plans = read()
    except UnusableFile as error:
        refused(error)
        return
    answer = RunAnswer(plans, plans.exit_code(), is_alone=True)
    for row in "".join(render("text", answer, Style(full=True))).split("\n"):
        assert not row or one_line(row.replace("\t", "")), repr(row)
    again = json.loads("".join(dump(run_document(RunAnswer(plans, plans.exit_code())))))
    assert run_of(again, FILE).changes == plans.changes


@fuzz()
@given(damaged(st.just(BYTES), most=3))
def test_a_plan_file_that_was_damaged(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "plan.json"
        path.write_bytes(data)
        held(lambda: read_plans(path))
        assert [p.read_bytes() for p in Path(directory).iterdir()] == [data]


@fuzz()
@given(mutated(st.just(REAL), most=2))
def test_a_plan_with_something_wrong_in_it(found: Any) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "plan.json"
        path.write_text(sealed(text_of(found)))
        held(lambda: read_plans(path))


@fuzz(0.5)
@given(values)
def test_a_plan_that_is_any_json(found: Any) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "plan.json"
        path.write_text(text_of(found))
        held(lambda: read_plans(path))


@fuzz()
@given(st.integers(0, len(BYTES) - 3))
def test_a_plan_that_was_cut_is_never_read(cut: int) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "plan.json"
        path.write_bytes(BYTES[:cut])
        try:
            read_plans(path)
        except UnusableFile as error:
            refused(error)
        else:
            raise AssertionError(cut)


@pytest.mark.parametrize("odd", ["2.\x1b[2J", "2.a\nb", "2.\u2028", "2.😀\x85"])
@pytest.mark.parametrize(
    "wrong",
    [
        lambda odd: {"format_version": odd},
        lambda odd: {"targets": [{"target": {"api_version": odd}}]},
        lambda odd: {"digest": {odd: "x" * 9000}},
        lambda odd: {"changes": [PLAN["changes"][0] | {"source": {odd: "x" * 9000}}]},
    ],
)
def test_what_a_message_quotes_is_short_and_steers_no_terminal(
    odd: str, wrong: Callable[[str], dict[str, Any]]
) -> None:
    """A value that fits none of several shapes stood in the message whole, and as it was."""
    with pytest.raises(UnusableFile) as caught:
        run_of(REAL | wrong(odd), FILE)
    refused(caught.value)
