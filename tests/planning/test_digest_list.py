"""A list of digests says what was reviewed in each target, and no damage to it goes unnoticed."""

from __future__ import annotations

import random
import re
import string

import pytest

from devinops.planning.digest_list import DigestList, Standing

FIRST, SECOND = "0123456789abcdef" * 2, "fedcba9876543210" * 2
LIST = DigestList({"risk": SECOND, "pay": FIRST})
TEXT = str(LIST)


def test_the_text_is_sorted_and_its_head_says_whether_it_is_complete() -> None:
    assert (
        f"# devinops digests 1: 2 targets, {LIST.digest}\n{FIRST}  pay\n{SECOND}  risk\n"
    ) == str(LIST)
    assert DigestList.parse(TEXT) == LIST
    assert DigestList.parse(TEXT.replace("\n", "\r\n")) == LIST
    assert DigestList.parse(str(DigestList({}))) == DigestList({})


def test_the_digest_depends_on_each_name_and_digest_and_not_on_the_order() -> None:
    assert LIST.digest == DigestList({"pay": FIRST, "risk": SECOND}).digest
    others = ({"pay": FIRST}, {"pay": SECOND, "risk": FIRST}, {"pay": FIRST, "risks": SECOND})
    digests = {LIST.digest, *(DigestList(other).digest for other in others)}
    assert len(digests) == 4
    assert all(re.fullmatch("[0-9a-f]{32}", digest) for digest in digests)


def test_a_target_is_the_same_stale_or_not_listed() -> None:
    assert LIST.standing("pay", FIRST) is Standing.SAME
    assert LIST.standing("pay", SECOND) is Standing.STALE
    assert LIST.standing("labs", FIRST) is Standing.NOT_LISTED


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "line 1 is not the first line of a list of digests"),
        (f"{FIRST}\n", "line 1 is not the first line of a list of digests"),
        (f"\n{TEXT}", "line 1 is not the first line"),
        (TEXT.replace(f"{SECOND}  risk\n", ""), "it has 1 targets, but its first line says 2"),
        (TEXT.replace("  pay", " pay"), "line 2 is not a digest, two spaces and the name"),
        (TEXT.replace(FIRST, FIRST.upper()), "line 2 is not a digest"),
        (TEXT.replace("risk", "risk x"), "line 3 is not a digest"),
        (f"{TEXT}\n", "line 4 is not a digest"),
        (TEXT.replace("risk", "pay"), "line 3 names pay again"),
        (TEXT.replace("pay", "play"), "it was changed: its digest is"),
        (TEXT.replace(FIRST, SECOND), "it was changed: its digest is"),
    ],
)
def test_a_damaged_text_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(why)}"):
        DigestList.parse(text)


def test_the_packed_form_is_one_line_that_cannot_end_a_comment() -> None:
    packed = LIST.packed()
    assert DigestList.unpack(packed) == LIST
    packed = random_list().packed()
    assert packed.isascii()
    assert packed.isprintable()
    assert not set("-<>&@#!~%") & set(packed)


def random_list(number: int = 1_000) -> DigestList:
    """Return the digests of targets with names of 40 characters that nothing can compress."""
    dice = random.Random(7)
    letters = string.ascii_lowercase + string.digits + "._-"
    names = ["".join(["a", *dice.choices(letters, k=39)]) for _ in range(number)]
    return DigestList({name: f"{dice.getrandbits(128):032x}" for name in names})


def test_a_thousand_long_names_leave_space_in_a_comment() -> None:
    digests = random_list()
    assert len(digests.packed()) < 55_000
    assert DigestList.unpack(digests.packed()) == digests


@pytest.mark.parametrize(
    ("packed", "why"),
    [
        ("", "it is not a packed list of digests"),
        (LIST.packed().replace("1 ", "2 ", 1), "it is not a packed list of digests"),
        (LIST.packed().replace(" ", "->", 2), "it is not a packed list of digests"),
        ("1 aaaa aaaa", "it cannot be unpacked"),
        ('1 """" aaaa', "it cannot be unpacked"),
        (LIST.packed()[:-4], "it is not complete"),
        (DigestList({"a\x1b[2J": FIRST}).packed(), "it has names that no target has"),
        (DigestList({"a b": FIRST}).packed(), "it has names that no target has"),
        (DigestList({"a" * 16_000_001: FIRST}).packed(), "it is not complete"),
        (f"{LIST.packed()[:18]} {LIST.packed().split()[2]}", "it is not complete"),
        (DigestList({"b": FIRST}).packed().split()[1].join(("1 ", " AAAA")), "it is not complete"),
    ],
)
def test_a_damaged_packed_list_is_refused(packed: str, why: str) -> None:
    with pytest.raises(ValueError, match=f"^{why}"):
        DigestList.unpack(packed)


def test_a_packed_list_in_another_order_is_refused() -> None:
    first, second = (DigestList({name: FIRST}) for name in ("a", "b"))
    assert DigestList.unpack(first.packed()) != DigestList.unpack(second.packed())
    with pytest.raises(ValueError, match=f", not {second.digest}$"):
        first.checked(second.digest)
    assert first.checked(first.digest) is first
