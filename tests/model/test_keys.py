"""Keys and folder paths, written and read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devinops.model.keys import (
    FolderPath,
    Key,
    decode_part,
    encode_part,
    folder_path,
    join_folder,
    listed,
)


@pytest.mark.parametrize("text", ["", "knowledge", "knowledge:", ":A", "knowledge:F/"])
def test_text_that_is_not_a_key_is_reported(text: str) -> None:
    with pytest.raises(ValueError, match="is not KIND"):
        Key.parse(text)


@pytest.mark.parametrize(
    ("folder", "name", "text"),
    [
        ("", "A", "knowledge:A"),
        ("F/G", "A", "knowledge:F/G/A"),
        ("", "a/b", "knowledge:a%2Fb"),
        ("", "100%", "knowledge:100%25"),
        ("", "%2F", "knowledge:%252F"),
        ("a%2Fb", "c", "knowledge:a%2Fb/c"),
    ],
)
def test_a_key_is_read_as_it_is_written(folder: str, name: str, text: str) -> None:
    key = Key("knowledge", FolderPath(folder), name)
    assert str(key) == text
    assert Key.parse(text) == key


@given(name=st.text())
def test_every_name_is_one_part_of_a_key_and_comes_back(name: str) -> None:
    assert "/" not in encode_part(name)
    assert decode_part(encode_part(name)) == name


@pytest.mark.parametrize(
    ("written", "path"),
    [("Backend/100%", "Backend/100%25"), (" A / B ", "A/B"), ("/A//B/", "A/B"), ("", ""), ("a%2fb", "a%2Fb")],
)  # fmt: skip
def test_a_folder_path_has_one_spelling_however_people_write_it(written: str, path: str) -> None:
    assert folder_path(written) == path


def test_plain_names_make_a_folder_path() -> None:
    assert join_folder(["Backend", "a/b"]) == "Backend/a%2Fb"


@pytest.mark.parametrize(
    ("names", "text"),
    [("ba", "a, b"), ("edcba", "a, b, c, d, e"), ("gfedcba", "a, b, c, d, e and 2 more")],
)
def test_five_names_are_listed_and_the_others_are_counted(names: str, text: str) -> None:
    assert listed(names) == text
