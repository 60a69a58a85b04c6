"""`devinops fmt`, as users run it."""

from __future__ import annotations

import io
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from devinops import atomic
from devinops.cli.main import main
from tests.testing.command_line import Devinops, Write
from tests.testing.places import ROOT

UNTIDY = "---\ntrigger: t\nname:   A\n---\nbody  \n\n"
TIDY = "---\nname: A\ntrigger: t\n---\n\nbody\n"
EXAMPLES = sorted(path for path in (ROOT / "examples").iterdir() if path.is_dir())


def test_files_are_written_in_the_canonical_form(repository: Write, devinops: Devinops) -> None:
    root = repository(
        {
            "knowledge/a.md": UNTIDY,
            "knowledge/b.md": TIDY.replace("A", "B"),
            "devinops.yaml": "targets: {}\nversion: 1\n",
            "texts/t.md": "  as it is  \n\n\n",
            "knowledge.yaml": "knowledge:\n- body_file: texts/t.md\n  trigger: t\n  name: C\n",
            "knowledge/README.md": UNTIDY,
            "other.yaml": "b:   1\n",
        }
    )
    ran = devinops("fmt", "-C", root)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines() == [
        "changed devinops.yaml",
        "changed knowledge.yaml",
        "changed knowledge/a.md",
        "changed 3 files, 1 unchanged",
    ]
    assert (root / "knowledge/a.md").read_text() == TIDY
    assert (root / "devinops.yaml").read_text() == "version: 1\ntargets: {}\n"
    assert (root / "texts/t.md").read_text() == "  as it is  \n\n\n"
    assert (root / "knowledge/README.md").read_text() == UNTIDY
    assert (root / "other.yaml").read_text() == "b:   1\n"
    assert devinops("fmt", "-C", root).out == "changed 0 files, 4 unchanged\n"


def test_check_writes_nothing_and_exits_with_2(repository: Write, devinops: Devinops) -> None:
    root = repository({"knowledge/a.md": UNTIDY})
    ran = devinops("fmt", "-C", root, "--check")
    assert ran.code == 2
    assert ran.out == "would change knowledge/a.md\nwould change 1 file, 0 unchanged\n"
    for option in ("--check", "--diff"):
        outputs = devinops("fmt", "-C", root, option, "--format", "outputs").out
        assert outputs.startswith("exit_code=2\n")
    assert (root / "knowledge/a.md").read_text() == UNTIDY


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    "text",
    [
        UNTIDY,
        UNTIDY.rstrip(),
        UNTIDY.replace("\n", "\r\n"),
        UNTIDY.replace("\n", "\r\n", 2),
        UNTIDY.replace("\n", "\r"),
        "\ufeff" + UNTIDY,
        UNTIDY.replace("body", "b\u200bo\u202ed\u2028y 😀 \t\\n"),
        UNTIDY.replace("body", "::add-mask::x"),
    ],
    ids=ascii,
)
@pytest.mark.parametrize("name", ["a.md", 'b c "d" \\e.md', "é.md"])
def test_the_diff_is_a_patch_for_git(
    text: str, name: str, repository: Write, devinops: Devinops
) -> None:
    root = repository({})
    path = root / "knowledge" / name
    path.parent.mkdir()
    path.write_bytes(text.encode())
    ran = devinops("fmt", "-C", root, "--diff")
    assert (ran.code, ran.err) == (2, "would change 1 file, 0 unchanged\n")
    assert path.read_bytes() == text.encode()
    (file,) = json.loads(devinops("fmt", "-C", root, "--diff", "--format", "json").out)["files"]
    assert file["diff"] == ran.out
    subprocess.run(["git", "apply"], input=ran.out.encode(), cwd=root, check=True)
    applied = path.read_bytes()
    path.write_bytes(text.encode())
    devinops("fmt", "-C", root)
    assert path.read_bytes() == applied


def test_the_patch_names_the_file_behind_a_link(repository: Write, devinops: Devinops) -> None:
    texts = {"texts/a.md": UNTIDY, "shared/b.md": UNTIDY.replace("A", "B")}
    root = repository({**texts, "knowledge/c.md": TIDY.replace("A", "C")})
    (root / "knowledge/link.md").symlink_to("../texts/a.md")
    (root / "knowledge/more").symlink_to("../shared")
    ran = devinops("fmt", "-C", root, "--diff")
    assert (ran.code, "would change 2 files" in ran.err) == (2, True)
    subprocess.run(["git", "apply"], input=ran.out.encode(), cwd=root, check=True)
    assert {name: (root / name).read_text() for name in texts} == {
        "texts/a.md": TIDY,
        "shared/b.md": TIDY.replace("A", "B"),
    }


class Log(io.StringIO):
    """Where a CI system keeps what a job prints, or the terminal of a person."""

    def __init__(self, *, is_terminal: bool) -> None:
        super().__init__()
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal


@pytest.mark.parametrize("is_terminal", [True, False])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_the_diff_for_people_shows_what_is_hidden(
    is_terminal: bool, line_end: str, repository: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = UNTIDY.replace("body", "::add-mask::x\n\nb\u202ey").replace("\n", line_end)
    root = repository({})
    path = root / "knowledge" / "a\x1b[2J.md"
    path.parent.mkdir()
    path.write_bytes(text.encode())
    if not is_terminal:
        monkeypatch.setenv("CI", "true")
    log = Log(is_terminal=is_terminal)
    monkeypatch.setattr(sys, "stdout", log)
    assert main(["fmt", "-C", str(root), "--diff"]) == 2
    rows = log.getvalue().split("\n")
    assert rows[0] == '--- "a/knowledge/a\\033[2J.md"'
    assert rows[-6:] == [" \\x3a:add-mask::x", " ", "-b\\u202ey  ", "-", "+b\\u202ey", ""]


@pytest.mark.parametrize("in_ci", [True, False])
def test_in_a_file_the_diff_is_always_a_patch(
    in_ci: bool, repository: Write, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    root = repository({"knowledge/a.md": UNTIDY.replace("body", "b\u202ey")})
    if in_ci:
        monkeypatch.setenv("CI", "true")
    with (tmp_path / "fmt.patch").open("w", encoding="utf-8") as file:
        monkeypatch.setattr(sys, "stdout", file)
        assert main(["fmt", "-C", str(root), "--diff"]) == 2
    assert "+b\u202ey\n" in (tmp_path / "fmt.patch").read_text(encoding="utf-8")


def test_json_has_the_files_their_diffs_and_the_problems(
    repository: Write, devinops: Devinops
) -> None:
    root = repository({"knowledge/a.md": UNTIDY, "knowledge/b.yaml": "a: [\n"})
    ran = devinops("fmt", "-C", root, "--diff", "--format", "json")
    document = json.loads(ran.out)
    (file,), (problem,) = document["files"], document["problems"]
    assert (ran.code, document["exit_code"], document["check"]) == (1, 1, True)
    assert (document["unchanged"], file["path"], problem["path"]) == (
        0,
        "knowledge/a.md",
        "knowledge/b.yaml",
    )
    assert "+name: A\n" in file["diff"]
    document = json.loads(devinops("fmt", "-C", root, "--format", "json").out)
    assert [file["diff"] for file in document["files"]] == [""]


def test_a_file_that_cannot_be_parsed_stays_and_the_others_are_formatted(
    repository: Write, devinops: Devinops
) -> None:
    broken = "knowledge:\n- name: [A\n"
    root = repository({"knowledge/a.md": UNTIDY, "knowledge/b.yaml": broken})
    (root / "knowledge/c.md").write_bytes(b"---\nname: \xff\n")
    ran = devinops("fmt", "-C", root)
    assert ran.code == 1
    assert ran.out.splitlines()[-1] == "changed 1 file, 0 unchanged; 2 files left as they are"
    assert "knowledge/b.yaml:3:1: error: " in ran.err
    assert "knowledge/c.md:2:7: error: the byte 0xFF is not UTF-8" in ran.err
    assert (root / "knowledge/a.md").read_text() == TIDY
    assert (root / "knowledge/b.yaml").read_text() == broken


def test_entries_with_problems_are_formatted_too(repository: Write, devinops: Devinops) -> None:
    root = repository({"knowledge.yaml": "knowledge:\n- triger: t\n  name: A\n"})
    assert devinops("fmt", "-C", root).code == 0
    assert (root / "knowledge.yaml").read_text() == "knowledge:\n  - name: A\n    triger: t\n"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("version: 1\nignore: [a\n", "devinops.yaml:3:1: error"),
        ("version: 1\nrequired_version: '>=99'\n", "requires devinops >=99"),
        ("version: 1\nignore: [../a.md]\n", "devinops.yaml:2:10: error: ignore: '../a.md'"),
    ],
)
def test_nothing_is_formatted_without_the_settings(
    settings: str, message: str, repository: Write, devinops: Devinops
) -> None:
    root = repository({"knowledge/a.md": UNTIDY, "devinops.yaml": settings})
    ran = devinops("fmt", "-C", root)
    assert (ran.code, message in ran.err) == (1, True)
    assert (root / "knowledge/a.md").read_text() == UNTIDY


def test_a_pattern_that_matches_nothing_keeps_no_file_from_its_form(
    repository: Write, devinops: Devinops
) -> None:
    settings = "version: 1\npaths: ['teams/*']\nignore: [nothing.md]\n"
    root = repository({"knowledge/a.md": UNTIDY, "devinops.yaml": settings})
    assert devinops("validate", "-C", root).code == 1
    ran = devinops("fmt", "-C", root)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines()[-1] == "changed 2 files, 0 unchanged"


def test_paths_narrow(
    repository: Write, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["knowledge/a.md", "knowledge/x/b.md", "playbooks/c.md"]
    root = repository(dict.fromkeys(names, UNTIDY) | {"knowledge/d.yaml": "a: ["})
    monkeypatch.chdir(root)
    ran = devinops("fmt", "--check", "knowledge/x", "playbooks/c.md")
    assert ran.out.splitlines()[:-1] == [f"would change {name}" for name in names[1:]]
    assert devinops("fmt", "--check", "knowledge/x", "playbooks/c.md").code == 2
    ran = devinops("fmt", "nope")
    assert (ran.code, "nope does not exist; PATHS are files or directories below" in ran.err) == (
        64,
        True,
    )
    ran = devinops("fmt", "..")
    assert (ran.code, ".. is not below" in ran.err) == (64, True)


def test_a_hook_of_a_larger_repository_skips_what_is_outside_the_root(
    repository: Write, devinops: Devinops, tmp_path: Path
) -> None:
    root = repository({"knowledge/a.md": UNTIDY, "knowledge/draft.md": UNTIDY, "x.md": UNTIDY})
    outside = tmp_path / "other.md"
    outside.write_text(UNTIDY)
    ran = devinops("fmt", "-C", root, "--skip-outside", outside)
    assert (ran.code, ran.out) == (0, "changed 0 files, 0 unchanged\n")
    paths = (outside, root / "x.md", root / "knowledge/a.md")
    ran = devinops("fmt", "-C", root, "--skip-outside", *paths)
    assert (ran.code, ran.out.splitlines()[0]) == (0, "changed knowledge/a.md")
    assert [path.read_text() for path in paths] == [UNTIDY, UNTIDY, TIDY]
    assert (root / "knowledge/draft.md").read_text() == UNTIDY


def test_a_file_behind_a_link_is_formatted_in_its_place(
    repository: Write, devinops: Devinops, tmp_path: Path
) -> None:
    root = repository({"shared/a.md": UNTIDY, "knowledge/b.md": TIDY})
    (root / "knowledge/link.md").symlink_to("../shared/a.md")
    outside = tmp_path / "outside.md"
    outside.write_text(UNTIDY)
    (root / "knowledge/out.md").symlink_to(outside)
    ran = devinops("fmt", "-C", root)
    assert ran.code == 1
    assert "knowledge/out.md:1:1: error: this path leads outside the root" in ran.err
    assert (root / "knowledge/link.md").is_symlink()
    assert (root / "shared/a.md").read_text() == TIDY
    assert outside.read_text() == UNTIDY


@pytest.mark.parametrize("narrow", [False, True])
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("template.md", UNTIDY),
        ("sample.yaml", "knowledge:\n- trigger: t\n  name: B\n  body: b\n"),
        ("broken.yaml", "knowledge: [\n"),
    ],
)
@pytest.mark.parametrize("field", ["body_file", '"body_\\x66ile"'])
def test_a_file_that_is_the_text_of_an_entry_stays_and_is_reported(
    field: str, name: str, text: str, narrow: bool, repository: Write, devinops: Devinops
) -> None:
    entry = f"knowledge:\n  - name: Y\n    trigger: t\n    {field}: {name}\n"
    root = repository({"knowledge/y.yaml": entry, f"knowledge/{name}": text})
    ran = devinops("fmt", "-C", root, *([root / "knowledge" / name] if narrow else []))
    assert ran.code == 1
    message = (
        f"knowledge/{name}:1:1: error: this file is also the text of an entry in knowledge/y.yaml"
    )
    assert message in " ".join(ran.err.split())
    assert (root / "knowledge" / name).read_text() == text
    (root / "knowledge" / name).write_text(TIDY if name.endswith(".md") else entry)
    assert devinops("fmt", "-C", root, "--check", root / "knowledge" / name).code == 0


UNPARSED = {
    "an open quote": b"knowledge: [{name: 'Y, trigger: t, body_file: entry.md}]",
    "a conflict": b"knowledge:\n<<<<<<< a\n- body_file: entry.md\n=======\n>>>>>>> b\n",
    "a tag": b"knowledge: [{name: Y, trigger: t, body_file: !x entry.md}]",
    "UTF-16": "knowledge: [{body_file: entry.md}]".encode("utf-16"),
    "an escape": b'knowledge: [{name: Y, trigger: t, body_file: "\\x65ntry.md"}',
    "another case": b"knowledge: [{name: Y, trigger: t, body_file: Entry.md}",
    "a link": b"knowledge: [{name: Y, trigger: t, body_file: ../texts/link.txt}",
    "a misspelled section": b"knowlege: [{name: Y, trigger: t, body_file: entry.md}]",
    "a misspelled field": b"knowledge: [{name: Y, trigger: t, body-file: entry.md}",
    "two texts": b"knowledge: [{name: Y, trigger: t, body: a, body_file: entry.md}]",
}


@pytest.mark.parametrize("narrow", [False, True])
@pytest.mark.parametrize("text", UNPARSED.values(), ids=UNPARSED)
def test_a_file_stays_that_a_file_with_problems_may_name(
    text: bytes, narrow: bool, repository: Write, devinops: Devinops
) -> None:
    root = repository({"knowledge/entry.md": UNTIDY})
    (root / "knowledge/uses.yaml").write_bytes(text)
    (root / "texts").mkdir()
    (root / "texts/link.txt").symlink_to("../knowledge/entry.md")
    ran = devinops("fmt", "-C", root, *([root / "knowledge/entry.md"] if narrow else []))
    assert (ran.code, "entry.md" in ran.out) == (1, False)
    message = (
        "knowledge/entry.md:1:1: error: this file may also be the text of an entry in "
        "knowledge/uses.yaml, which would change: correct the errors in knowledge/uses.yaml first"
    )
    assert message in " ".join(ran.err.split())
    assert (root / "knowledge/entry.md").read_text() == UNTIDY


def test_a_name_with_quotes_or_spaces_is_found_however_it_is_written(
    repository: Write, devinops: Devinops
) -> None:
    names = {"it's.md": "'it''s.md'", "a b.md": "a\n      b.md"}
    broken = "".join(f"  - body_file: {written}\n" for written in names.values())
    repository({f"knowledge/{name}": UNTIDY for name in names})
    root = repository({"knowledge/uses.yaml": f"knowledge:\n{broken}x: [\n"})
    ran = devinops("fmt", "-C", root)
    assert (ran.code, ran.out.startswith("changed 0 files")) == (1, True)


def test_two_files_that_cannot_be_parsed_say_why_although_each_names_the_other(
    repository: Write, devinops: Devinops
) -> None:
    files = {f"knowledge/{a}.yaml": f"knowledge: [{{body_file: {b}.yaml" for a, b in ("ab", "ba")}
    root = repository(files)
    ran = devinops("fmt", "-C", root)
    assert (ran.code, ran.err.count("error"), "may also be" in ran.err) == (1, 2, False)


def test_permissions_stay(repository: Write, devinops: Devinops) -> None:
    root = repository({"knowledge/a.md": UNTIDY})
    (root / "knowledge/a.md").chmod(0o640)
    assert devinops("fmt", "-C", root).code == 0
    assert stat.S_IMODE((root / "knowledge/a.md").stat().st_mode) == 0o640


def test_a_read_only_file_stays_and_is_reported(repository: Write, devinops: Devinops) -> None:
    root = repository({"knowledge/a.md": UNTIDY, "knowledge/b.md": UNTIDY.replace("A", "B")})
    (root / "knowledge/a.md").chmod(0o444)
    ran = devinops("fmt", "-C", root)
    assert ran.code == 1
    assert ran.out == (
        "changed knowledge/b.md\nchanged 1 file, 0 unchanged; 1 file left as it is\n"
    )
    assert "knowledge/a.md:1:1: error: cannot write this file: it is read-only" in ran.err
    assert (root / "knowledge/a.md").read_text() == UNTIDY
    assert devinops("fmt", "-C", root, "--check").code == 2
    (root / "knowledge/a.md").chmod(0o644)
    (root / "knowledge/a.md").write_text(TIDY)
    (root / "knowledge/a.md").chmod(0o444)
    assert devinops("fmt", "-C", root).code == 0


def test_another_hard_link_keeps_the_old_text(
    repository: Write, devinops: Devinops, tmp_path: Path
) -> None:
    root = repository({"knowledge/a.md": UNTIDY})
    (tmp_path / "backup.md").hardlink_to(root / "knowledge/a.md")
    assert devinops("fmt", "-C", root).code == 0
    assert (root / "knowledge/a.md").read_text() == TIDY
    assert (tmp_path / "backup.md").read_text() == UNTIDY


def test_a_file_that_cannot_be_written_is_reported(
    repository: Write, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = repository({"knowledge/a.md": UNTIDY})

    def refuse(*_: object, **__: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(atomic, "replace", refuse)
    ran = devinops("fmt", "-C", root)
    assert ran.code == 1
    assert "run devinops fmt again to format the rest" in " ".join(ran.err.split())
    assert (root / "knowledge/a.md").read_text() == UNTIDY


def test_names_and_text_cannot_steer_the_terminal(repository: Write, devinops: Devinops) -> None:
    root = repository({"knowledge/a\x1b[2J.md": UNTIDY.replace("body", "b\u202ey")})
    for arguments in (("--check",), ()):
        ran = devinops("fmt", "-C", root, *arguments)
        assert not {"\x1b", "\u202e"} & set(ran.out + ran.err)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_the_examples_are_in_the_canonical_form(example: Path, devinops: Devinops) -> None:
    ran = devinops("fmt", "-C", example, "--check")
    assert (ran.code, ran.err) == (0, "")


def test_what_init_writes_is_in_the_canonical_form(devinops: Devinops, tmp_path: Path) -> None:
    assert devinops("init", tmp_path).code == 0 or devinops("init", "-C", tmp_path).code == 0
    assert devinops("fmt", "-C", tmp_path, "--check").out == "would change 0 files, 2 unchanged\n"
