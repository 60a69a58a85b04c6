from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devinops.model.keys import ROOT, FolderPath, join_folder
from devinops.writers.file_names import LONGEST, LONGEST_PATH, Paths, directory, one_form, stem


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Error envelope", "error-envelope"),
        ("API: v1.2 / errors?", "api-v1-2-errors"),
        ("snake_case", "snake_case"),
        ("Größe & Länge", "größe-länge"),
        ("e\u0301tude", "étude"),
        ("日本語 テスト", "日本語-テスト"),
        ("हिन्दी", "हिन्दी"),
        ("README", "readme_"),
        ("AGENTS", "agents_"),
        ("con", "con_"),
        ("COM1", "com1_"),
        ("..hidden", "hidden"),
        ("-rf", "rf"),
        ("a\u202eb\u200bc", "a-b-c"),
        ("\u3164", "thing-7519204f"),
        ("\u0301\u0301", "thing-999599c6"),
        ("x" * 300, "x" * LONGEST),
        ("x" * (LONGEST - 3) + "\u0939\u093f", "x" * (LONGEST - 3)),
        ("x" * (LONGEST - 6) + "\u0939\u093f\u0902", "x" * (LONGEST - 6)),
    ],
)
def test_a_file_name_reads_like_the_name(name: str, expected: str) -> None:
    assert stem(name, "thing") == expected


def test_a_name_without_letters_has_a_stable_file_name_of_its_own() -> None:
    assert stem("🎉", "thing") == stem("🎉", "thing") == "thing-6146299c"
    assert stem("🎉", "thing") != stem("🎈", "thing")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Code Review", "Code Review"),
        ("100%", "100%"),
        ("A/B", "A-B"),
        (".git", "git"),
        ("dots...", "dots"),
        ("Aux", "Aux_"),
        ("nul.txt", "nul_.txt"),
        ("e\u0301", "é"),
        ("a\u202eb", "a-b"),
        ('<>:"|?*', "-------"),
    ],
)
def test_a_directory_is_the_folder_wherever_that_is_safe(name: str, expected: str) -> None:
    assert directory(name) == expected


def test_paths_differ_on_every_file_system() -> None:
    paths = Paths(["top/A.md", "top/x/b.md"])
    assert paths.file("top", "a", ".md") == "top/a-2.md"
    assert paths.file("top", "a", ".md") == "top/a-3.md"
    assert paths.file("top", "x", "") == "top/x-2", "there is a directory of that name"
    assert [
        paths.directory("top", FolderPath(name)) for name in ("x", "X", "e\u0301", "é", "x/y")
    ] == ["top/x", "top/X-3", "top/é", "top/é-2", "top/x/y"]
    assert paths.directory("top", ROOT) == "top"
    assert paths.directory("top", FolderPath("X")) == "top/X-3", "the same directory again"


@pytest.mark.parametrize(("spare", "depth"), [(0, 3), (1, 2)])
def test_a_folder_may_be_as_deep_as_the_longest_path(spare: int, depth: int) -> None:
    section = "x" * (LONGEST_PATH - len("/aa/bb") + spare)
    assert len(Paths([]).directory(section, "aa/bb").split("/")) == depth


def test_a_deep_folder_ends_where_the_path_gets_too_long() -> None:
    deep = join_folder(["folder"] * 100)
    path = Paths([]).directory("top", deep)
    assert len(path) <= LONGEST_PATH
    assert path.startswith("top/folder/folder")


hostile = st.text(min_size=1) | st.text(
    st.sampled_from(".-~ \u0301\u202e\ud800aAéßſ/\\:%2Fcon\x00"), min_size=1, max_size=300
)


@given(hostile)
def test_every_name_is_safe(name: str) -> None:
    for safe in (f"{stem(name, 'thing')}.md", directory(name)):
        assert safe.encode()
        assert len(safe.encode()) <= LONGEST + 10
        assert not set(safe) & set('<>:"/\\|?*\0')
        assert safe == safe.strip(" ") == safe.rstrip(".")
        assert not safe.startswith(".")
        assert safe.partition(".")[0].lower() not in ("con", "aux", "nul", "readme.md")


@given(st.lists(st.tuples(hostile, hostile), max_size=8))
def test_no_two_paths_are_the_same_anywhere(names: list[tuple[str, str]]) -> None:
    paths = Paths([])
    above = [paths.directory("top", join_folder([folder])) for folder, _ in names]
    files = [
        paths.file(path, stem(name, "thing"), ".md")
        for path, (_, name) in zip(above, names, strict=True)
    ]
    assert len({*map(one_form, files)}) == len(files)
    folders: dict[str, str] = {}
    for path, (folder, _) in zip(above, names, strict=True):
        assert folders.setdefault(one_form(path), folder) == folder
