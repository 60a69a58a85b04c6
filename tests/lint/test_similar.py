"""Which texts are almost equal, and which entries can meet."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devinops.lint.similar import Reach, equal_groups, reach, runs, terms, twins, words

VOCABULARY = [f"word{number}" for number in range(400)]


def text(seed: int, size: int = 200) -> list[str]:
    return random.Random(seed).choices(VOCABULARY, k=size)


def changed(words: list[str], number: int, seed: int) -> list[str]:
    """Return the words, of which a number is replaced."""
    places = random.Random(seed).sample(range(len(words)), number)
    return [f"other{at}" if at in places else word for at, word in enumerate(words)]


def found(texts: list[list[str]], threshold: float = 0.7) -> set[tuple[int, int]]:
    features = [runs(" ".join(words)) for words in texts]
    return {
        (t.number, t.earlier)
        for t in twins([reach()] * len(texts), features.__getitem__, threshold)
    }


@given(st.integers(0, 10_000), st.integers(0, 5))
def test_a_text_with_few_changed_words_has_a_twin_among_others(seed: int, place: int) -> None:
    texts = [text(seed + number) for number in range(6)]
    assert found([*texts, changed(texts[place], 4, seed)]) == {(6, place)}


@given(st.integers(0, 10_000))
def test_a_text_with_many_changed_words_has_none(seed: int) -> None:
    words = text(seed)
    assert found([words, changed(words, 80, seed)]) == set()


def test_every_copy_of_many_has_a_twin() -> None:
    words = text(1)
    copies = [changed(words, 2, seed) for seed in range(60)]
    assert {number for number, _ in found(copies)} == set(range(1, 60))


def test_equal_texts_are_found_whatever_separates_their_words() -> None:
    texts = ["One two", "three", "one,  TWO.", "four"]
    assert list(equal_groups(texts, [reach()] * 4)) == [(2, 0)]


def test_endings_and_small_words_make_no_difference() -> None:
    small = frozenset({"the", "when"})
    assert terms("When adding endpoints", small) == terms("the added endpoint", small)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Ask first.", 2),
        ("部署前请询问。", 6),
        ("デプロイの前に聞く", 9),
        ("ถามก่อน", 7),
        ("ຖາມກ່ອນ", 7),
        ("សួរមុន", 6),
        ("배포 전에 묻기", 3),
        ("Спросите сначала", 2),
        ("用 make 部署", 4),
    ],
)
def test_in_a_script_without_spaces_each_character_is_a_word(text: str, number: int) -> None:
    assert len(words(text)) == number


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("在计费服务中添加端点时", "在计费服务中，添加端点时", True),
        ("在生产环境中部署新版本时", "在测试环境中部署新版本时", False),
    ],
)
def test_triggers_in_chinese_are_compared_by_two_characters(
    first: str, second: str, expected: bool
) -> None:
    features = [terms(text, frozenset()) for text in (first, second)]
    assert bool(list(twins([reach()] * 2, features.__getitem__, 0.8))) is expected


TARGETS = st.none() | st.lists(st.sampled_from(["staging", "production", "test"]), unique=True)
REPOSITORIES = st.none() | st.sampled_from(["acme/api", "acme/web"])


@given(TARGETS, REPOSITORIES, TARGETS, REPOSITORIES)
def test_entries_meet_if_neither_target_nor_repository_keeps_them_apart(
    targets: Any, repository: Any, other_targets: Any, other_repository: Any
) -> None:
    first, second = reach(targets, repository), reach(other_targets, other_repository)
    share_target = None in (targets, other_targets) or not {*targets}.isdisjoint(other_targets)
    share_repository = None in (repository, other_repository) or repository == other_repository
    for has, asks in ((first.has, second.asks), (second.has, first.asks)):
        assert has.isdisjoint(asks) is not (share_target and share_repository)


STAGING, PRODUCTION, BOTH = reach(["staging"]), reach(["production"]), reach()
TEXT = "Ask in the release channel before a deployment on a Friday, and tell support about it."


@pytest.mark.parametrize(
    ("reaches", "expected"),
    [
        ([STAGING, PRODUCTION, PRODUCTION], [(2, 1)]),
        ([STAGING, PRODUCTION, STAGING, PRODUCTION], [(2, 0), (3, 1)]),
        ([STAGING, PRODUCTION], []),
        ([STAGING, BOTH, PRODUCTION], [(1, 0), (2, 1)]),
        ([STAGING] * 12 + [PRODUCTION] * 2, [*((n, 0) for n in range(1, 12)), (13, 12)]),
    ],
)
def test_each_text_is_compared_with_those_that_it_can_meet(
    reaches: list[Reach], expected: list[tuple[int, int]]
) -> None:
    equal = [TEXT] * len(reaches)
    assert list(equal_groups(equal, reaches)) == expected
    features = [runs(f"{TEXT} {number}") for number in range(len(reaches))]
    found = [twin.number for twin in twins(reaches, features.__getitem__, 0.7)]
    assert found == [number for number, _ in expected]
