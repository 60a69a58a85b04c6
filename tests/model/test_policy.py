"""What a target allows."""

from __future__ import annotations

import pytest

from devinops.model.policy import ADOPT, ON_CONFLICT, Approvals, MaxDelete, Policy, Prune, allow


@pytest.mark.parametrize(
    ("written", "shown"), [("20%", "20%"), (5, "5"), ("5", "5"), ("0%", "0%"), ("100%", "100%")]
)
def test_a_limit_of_deletes_is_read_as_it_is_shown(written: object, shown: str) -> None:
    assert str(MaxDelete.parse(written)) == shown


@pytest.mark.parametrize("written", ["101%", "-1", "20 %", True, None, 2.5, "many"])
def test_what_is_no_limit_is_none(written: object) -> None:
    assert MaxDelete.parse(written) is None


@pytest.mark.parametrize(
    ("limit", "owned", "most"), [("20%", 10, 2), ("20%", 4, 0), ("100%", 7, 7), (5, 0, 5)]
)
def test_a_share_is_rounded_down_and_a_number_stands_for_itself(
    limit: object, owned: int, most: int
) -> None:
    parsed = MaxDelete.parse(limit)
    assert parsed
    assert parsed.of(owned) == most


@pytest.mark.parametrize(
    ("glob", "folder", "covered"),
    [
        ("/", "", True),
        ("/", "A", False),
        ("A", "A", True),
        ("A", "A/B", False),
        ("A/*", "A/B", True),
        ("A/*", "A", False),
        ("A/**", "A", True),
        ("A/**", "A/B/C", True),
        ("A/**", "AB", False),
        ("*", "", False),
    ],
)
def test_a_scope_covers_folders_by_glob(glob: str, folder: str, covered: bool) -> None:
    assert Policy(prune=Prune.SCOPE, scope=(glob,)).in_scope(folder) is covered
    assert not Policy(prune=Prune.OWNED, scope=(glob,)).in_scope(folder)


def test_only_what_is_approved_is_named() -> None:
    assert Approvals().given() == []
    given = Approvals(adopt=True, allow_delete=0, hazards=("spend",), out_of_wave=True).given()
    assert list(map(str, given)) == [
        "--adopt",
        "--allow delete=0",
        "--allow spend",
        "--allow out-of-wave",
    ]


def test_an_option_with_several_values_is_a_decision_between_them() -> None:
    assert ON_CONFLICT.is_decision
    assert not ADOPT.is_decision
    assert not allow("delete", 3).is_decision
