from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devinops.fmt.file_text import is_formatted
from devinops.load import Loaded, load
from devinops.model.keys import Key, join_folder
from devinops.model.values import canonical_text
from devinops.writers.new_files import LeftOut, NewEntry, NewFile, new_files
from tests.testing.tree import plant


def secret(**values: str) -> NewEntry:
    return NewEntry("secret", {"key": "TOKEN", "type": "totp", **values})


def note(name: Any, folder: str = "", **values: Any) -> NewEntry:
    return NewEntry(
        "knowledge", {"name": name, "folder": folder, "trigger": "t", "body": "b"} | values
    )


def written(entries: list[NewEntry], **options: Any) -> tuple[list[NewFile], list[LeftOut], Loaded]:
    files, left_out = new_files(entries, **({"taken": ()} | options))
    with tempfile.TemporaryDirectory() as root:
        return (
            files,
            left_out,
            load(plant(Path(root), {file.path: file.text for file in files})),
        )


def test_a_note_is_a_markdown_file_in_the_directory_of_its_folder() -> None:
    entry = NewEntry(
        "knowledge",
        {
            "body": "# Errors\r\n\r\nText\n\n",
            "trigger": "When an error:\noccurs",
            "folder": "Backend/APIs",
            "name": "Error envelope",
            "meta": {"owner": "platform"},
        },
    )
    files, left_out, loaded = written([entry])
    assert (left_out, loaded.problems) == ([], ())
    assert files == [
        NewFile(
            "knowledge/Backend/APIs/error-envelope.md",
            "---\n"
            "name: Error envelope\n"
            "trigger: |-\n"
            "  When an error:\n"
            "  occurs\n"
            "meta:\n"
            "  owner: platform\n"
            "---\n"
            "\n"
            "# Errors\n"
            "\n"
            "Text\n",
        )
    ]


def test_other_kinds_share_a_yaml_file() -> None:
    entries = [
        NewEntry("secret", {"key": "B", "type": "cookie"}),
        NewEntry("folder", {"path": "Backend"}),
        NewEntry("secret", {"key": "A", "type": "key-value", "note": "no"}),
    ]
    files, left_out, loaded = written(entries)
    assert (left_out, loaded.problems) == ([], ())
    assert files == [
        NewFile("folders.yaml", "folders:\n  - path: Backend\n"),
        NewFile(
            "secrets.yaml",
            'secrets:\n  - key: A\n    type: key-value\n    note: "no"\n  - key: B\n    type: cookie\n',
        ),
    ]


def test_a_directory_that_is_not_the_folder_has_it_in_front_matter() -> None:
    files, _, loaded = written([note("a", "A%2FB"), note("b", "A-B"), note("c", "x" * 300)])
    assert loaded.problems == ()
    assert [file.path for file in files][:2] == ["knowledge/A-B-2/a.md", "knowledge/A-B/b.md"]
    assert "folder" not in files[1].text


def test_an_empty_text_is_written_to_yaml_where_it_is_on_purpose() -> None:
    files, left_out, loaded = written([note("a", "Backend", body=" \n")])
    assert (left_out, loaded.problems) == ([], ())
    assert [file.path for file in files] == ["knowledge/Backend/a.yaml"]


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (note(" a"), "name: this name begins or ends with white space: remove it"),
        (note("a\tb"), "name: a name cannot contain tabs, line breaks or control characters"),
        (note("a\ud800"), "it contains U+D800, half of a character, which UTF-8 cannot hold"),
        (note("a", body="x\x07"), "body: the character U+0007 is not allowed: remove it"),
        (note("a", trigger="null", body="x\x85y"), "body: the character U+0085 is not allowed"),
        (note("a", trigger="x\x85\nbody: y"), "trigger: the character U+0085 is not allowed"),
        (note("a", trigger="y\nbody: x\x85y"), "trigger: the character U+0085 is not allowed"),
        (note("a", body="note: y\nx\x85y"), "body: the character U+0085 is not allowed"),
        (note("a", body="<<<<<<< in the files"), "body: the body has conflict markers"),
        (note("a", trigger="x\x85y", body=""), "trigger: the character U+0085 is not allowed"),
        (secret(note="b: y\nx\x85y"), "note: the character U+0085 is not allowed"),
        (note("a", trigger=" "), "trigger: "),
        (NewEntry("knowledge", {"trigger": "t", "body": "b"}), "the field name is missing"),
        (note("a", unknown=1), "unknown"),
    ],
)
def test_what_a_file_cannot_hold_is_left_out_with_the_reason(entry: NewEntry, reason: str) -> None:
    files, left_out = new_files([entry], taken=())
    assert files == []
    assert [item.entry for item in left_out] == [entry]
    assert left_out[0].reason.startswith(reason)


@pytest.mark.parametrize(("levels", "is_left_out"), [(97, False), (98, True), (2000, True)])
def test_values_with_too_many_levels_are_left_out(levels: int, is_left_out: bool) -> None:
    deep: Any = "x"
    for _ in range(levels - 2):
        deep = {"a": deep}
    files, left_out = new_files([note("a", meta=deep)], taken=())
    reasons = [item.reason for item in left_out]
    assert reasons == (["it has more than 97 levels of nesting"] if is_left_out else [])
    assert bool(files) != is_left_out


def test_an_entry_with_the_key_of_another_is_left_out() -> None:
    declared = [Key("knowledge", join_folder(["x"]), "old")]
    entries = [note("a"), note("a", body="2"), note("é"), note("e\u0301"), note("old", "x")]
    files, left_out, loaded = written(entries, declared=declared)
    assert loaded.problems == ()
    assert len(files) == 2
    assert [item.reason for item in left_out] == [
        "another entry has the key knowledge:a",
        "another entry has the key knowledge:x/old",
        r"its key differs only in the Unicode form from another entry's ('\xe9' and 'e\u0301'): rename one of the two objects",
    ]


def test_no_file_that_exists_is_written() -> None:
    taken = ["knowledge/A.md", "Secrets.yaml", "knowledge/x/y.md"]
    entries = [note("a"), note("b", "X"), note("c", "x"), NewEntry("secret", {"key": "A"})]
    files, left_out = new_files(entries, taken=taken)
    assert [file.path for file in files] == [
        "knowledge/X-2/b.md",
        "knowledge/a-2.md",
        "knowledge/x/c.md",
    ]
    assert [item.reason for item in left_out] == [
        "secrets.yaml exists, and it cannot be read: add the entry there by hand"
    ]


parts = st.text(min_size=1, max_size=12) | st.text(
    st.sampled_from(".- \u0301\u202e%2F/éaA#:\u2028"), min_size=1, max_size=8
)
notes = st.builds(
    lambda name, folder, trigger, body, pin: note(
        name, join_folder(folder), trigger=trigger, body=body, **pin
    ),
    parts,
    st.lists(parts, max_size=3),
    st.text(max_size=40) | st.just("When:\n x"),
    st.text(max_size=60) | st.just("---\nname: x\n---\n"),
    st.fixed_dictionaries({}, optional={"pinned_repo": st.sampled_from([None, "all", "a/b"])}),
)
playbooks = st.builds(
    lambda title, body: NewEntry("playbook", {"title": title, "body": body, "macro": "!x"}),
    parts,
    st.text(max_size=20),
)
secrets = st.builds(lambda key: NewEntry("secret", {"key": key}), st.sampled_from("ABC") | parts)


@given(st.lists(notes | playbooks | secrets, max_size=8))
def test_what_is_written_is_read_as_the_same_declarations(entries: list[NewEntry]) -> None:
    files, left_out, loaded = written(entries)
    assert loaded.problems == ()
    assert len(loaded.declarations) + len(left_out) == len(entries)
    assert [*loaded.files] == sorted(file.path for file in files)
    assert all(is_formatted(file.path, file.text) for file in files)
    out = [id(item.entry) for item in left_out]
    kept = [entry for entry in entries if id(entry) not in out]
    for entry in kept:
        field = {"knowledge": "name", "playbook": "title", "secret": "key"}[entry.kind]
        (found,) = (
            declaration.resource
            for declaration in loaded.declarations
            if declaration.key.kind == entry.kind
            and getattr(declaration.resource, field) == entry.values[field]
            and getattr(declaration.resource, "folder", "") == entry.values.get("folder", "")
        )
        for name in ("trigger", "body"):
            if name in entry.values:
                assert getattr(found, name) == canonical_text(entry.values[name])
        assert getattr(found, "pinned_repo", 0) == entry.values.get(
            "pinned_repo", getattr(type(found)(), "pinned_repo", 0)
        )
