"""Which other inventory is of the same organization, so that a target was probably renamed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from devinops.inventory import NoStore, Store
from devinops.model.target import Target
from tests.testing.inventories import TARGET, applied, in_file, on_branch

OLD = replace(TARGET, name="old")
RUN = "20260312T101500Z-1f2e3d"


@pytest.fixture(params=["file", "branch"])
def open_store(
    request: pytest.FixtureRequest, tmp_path: Path, clone: Callable[..., Path]
) -> Callable[[Target], Store]:
    root = tmp_path if request.param == "file" else clone()
    return lambda target: (in_file if request.param == "file" else on_branch)(root, target)


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (TARGET, "old"),
        (OLD, ""),
        (replace(TARGET, previously=("older", "old")), ""),
        (replace(TARGET, org_id="org-2"), ""),
        (replace(TARGET, api_url="https://eu.devin.ai"), ""),
        (replace(TARGET, api="v1", org_id=None), ""),
        (replace(TARGET, org_id=None, enterprise=True), ""),
    ],
)
def test_it_is_that_of_the_same_organization_under_another_name(
    open_store: Callable[[Target], Store], target: Target, expected: str
) -> None:
    assert open_store(target).other_name() == ""
    applied(open_store(OLD), RUN, "a")
    assert open_store(target).other_name() == expected
    # The file of a run that is still open is not an inventory.
    open_store(replace(TARGET, name="third", org_id="org-3")).begin(RUN, [], open_store(OLD).read())
    assert open_store(target).other_name() == expected


def test_a_target_with_an_inventory_has_no_other_name(
    open_store: Callable[[Target], Store],
) -> None:
    for target in (OLD, TARGET):
        applied(open_store(target), RUN, "a")
    assert open_store(TARGET).other_name() == ""


def test_an_inventory_that_cannot_be_read_has_no_name(tmp_path: Path) -> None:
    applied(in_file(tmp_path, OLD), RUN, "a")
    (tmp_path / ".devinops" / "damaged.jsonl").write_text("x\n")
    assert in_file(tmp_path, TARGET).other_name() == "old"
    (tmp_path / ".devinops" / "binary.jsonl").write_bytes(b"\xff\n")
    assert in_file(tmp_path, TARGET).other_name() == ""


def test_inventories_of_other_roots_do_not_count(clone: Callable[..., Path]) -> None:
    root = clone()
    below = root / "teams" / "a"
    applied(on_branch(below, OLD), RUN, "a")
    assert on_branch(root, TARGET).other_name() == ""
    assert on_branch(below, TARGET).other_name() == "old"


def test_without_an_inventory_there_is_no_other() -> None:
    assert NoStore().other_name() == ""
