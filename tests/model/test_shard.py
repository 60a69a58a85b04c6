"""A shard is the same targets each time, and all shards together are all of them."""

from __future__ import annotations

import pytest

from devinops.model.shard import Shard

NAMES = ("pay", "a", "shop", "labs", "b")


@pytest.mark.parametrize("total", [1, 2, 3, 5, 8])
@pytest.mark.parametrize("first", [0, 1])
def test_each_target_is_in_one_shard_whether_they_are_counted_from_0_or_from_1(
    first: int, total: int
) -> None:
    shards = [Shard.parse(f"{number}/{total}") for number in range(first, total + first)]
    parts = [shard.of(NAMES) for shard in shards]
    assert sorted(name for part in parts for name in part) == sorted(NAMES)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1
    assert [shard.of(reversed(NAMES)) for shard in shards] == parts


def test_the_first_shard_begins_with_the_first_name() -> None:
    assert Shard.parse("1/2").of(NAMES) == ("a", "labs", "shop")
    assert str(Shard.parse("0/8")) == "8/8"


@pytest.mark.parametrize(
    "text", ["", "3", "3/2", "1/0", "0/0", "-1/2", "1/2/3", "a/b", "1 / 2", "٣/٤"]
)
def test_other_texts_are_no_shard(text: str) -> None:
    with pytest.raises(ValueError, match="expected I/N"):
        Shard.parse(text)
