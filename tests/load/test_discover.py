"""The file system as an adversary: links, loops, pipes, bytes, depth and bombs."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tracemalloc
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from devinops.emulator import Emulator
from devinops.load import discover as files
from devinops.load import load, read_yaml, yamltree
from devinops.load.globs import Pattern
from tests.testing.costly import costly
from tests.testing.places import read_cases
from tests.testing.problem_codes import LATER, documented, of_kinds
from tests.testing.tree import cases, note, plant

SECRET = "never to be read"


def link(target):
    return lambda path: path.symlink_to(target)


def fifo(path):
    os.mkfifo(path)


def content(text):
    return lambda path: path.write_bytes(text if isinstance(text, bytes) else text.encode())


def laughs():
    lines = ["x0: &x0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    lines += [f"x{i}: &x{i} [{', '.join([f'*x{i - 1}'] * 10)}]" for i in range(1, 12)]
    return "\n".join(lines)


# path → how it is made (outside of the root is `../outside`), and the problems to expect
HOSTILE = {
    "file link out": ({"knowledge/a.md": link("../../outside/a.md")}, ["knowledge/a.md:1:1 outside-root"]),
    "bomb in a record of merges": (
        {"devinops-merged/a.jsonl": content('{"key":' * 30_000)},
        ["devinops-merged/a.jsonl:1:1 merged-record"],
    ),
    "absolute link": ({"knowledge/a.md": link("/etc/hosts")}, ["knowledge/a.md:1:1 outside-root"]),
    "directory link out": ({"knowledge/a": link("../../outside")}, ["knowledge/a:1:1 outside-root"]),
    "section link out": ({"knowledge": link("../outside")}, ["knowledge:1:1 outside-root"]),
    "root file link out": ({"knowledge.yaml": link("../outside/k.yaml")}, ["knowledge.yaml:1:1 outside-root"]),
    "link to a neighbour of the root": ({"knowledge": link("../root-2")}, ["knowledge:1:1 outside-root"]),
    "body_file by a link": (
        {
            "texts": link("../outside"),
            "playbooks.yaml": content("playbooks:\n- {title: a, body_file: texts/a.md}\n"),
        },
        ["playbooks.yaml:2:25 outside-root"],
    ),
    "body_file from a pipe": (
        {"pipe": fifo, "playbooks.yaml": content("playbooks:\n- {title: a, body_file: pipe}\n")},
        ["playbooks.yaml:2:25 not-a-file"],
    ),
    "body_file in a loop": (
        {"loop": link("loop"), "playbooks.yaml": content("playbooks:\n- {title: a, body_file: loop}\n")},
        ["playbooks.yaml:2:25 unreadable"],
    ),
    "body_file that is not text": (
        {"b": content(b"ok\n\xc3\xa9\xff"), "playbooks.yaml": content("playbooks:\n- {title: a, body_file: b}\n")},
        ["b:2:2 not-utf8"],
    ),
    "body_file by a link to what is hidden": (
        {
            ".env": content(SECRET),
            ".git/config": content(SECRET),
            "texts/a.md": link("../.env"),
            "git": link(".git"),
            "playbooks.yaml": content(
                "playbooks:\n- {title: a, body_file: texts/a.md}\n- {title: b, body_file: git/config}\n"
            ),
        },
        ["playbooks.yaml:2:25 hidden", "playbooks.yaml:3:25 hidden"],
    ),
    "links to what is hidden": (
        {
            ".env": content(SECRET),
            ".git/config": content(SECRET),
            ".git/k/a.md": content(note(SECRET)),
            "knowledge/a.md": link("../.git/config"),
            "knowledge/b.yaml": link("../.env"),
            "knowledge/c": link("../.git/k"),
            "playbooks": link(".git"),
            "secrets.yaml": link(".env"),
        },
        [f"{path}:1:1 hidden" for path in ("knowledge/a.md", "knowledge/b.yaml", "knowledge/c", "playbooks", "secrets.yaml")],
    ),
    "pipe": (
        {"knowledge/a.md": fifo, "secrets.yaml": fifo},
        ["knowledge/a.md:1:1 not-a-file", "secrets.yaml:1:1 not-a-file"],
    ),
    "link to itself": ({"knowledge/a.md": link("a.md")}, ["knowledge/a.md:1:1 unreadable"]),
    "link to nowhere": ({"knowledge": link("nowhere")}, ["knowledge:1:1 unreadable"]),
    "section link to a file": ({"x": content(""), "knowledge": link("x")}, ["knowledge:1:1 not-a-directory"]),
    "link upwards": (
        {"knowledge/a.md": content(note("a")), "knowledge/up": link("."), "knowledge/top": link("..")},
        ["knowledge/top:1:1 same-file", "knowledge/up:1:1 same-file"],
    ),
    "one directory twice": (
        {"knowledge/a/n.md": content(note("a")), "knowledge/b": link("a")},
        ["knowledge/b:1:1 same-file"],
    ),
    "one file twice": (
        {"knowledge/z.md": content(note("a")), "knowledge/a.md": link("z.md")},
        ["knowledge/a.md:1:1 same-file"],
    ),
    "links across each other": (
        {"knowledge/a/x": link("../b"), "knowledge/b/x": link("../a"), "knowledge/n.md": content(note("a"))},
        ["knowledge/a/x:1:1 same-file", "knowledge/b/x:1:1 same-file"],
    ),
    "links inside the root": (
        {"texts/n.md": content(note("a")), "knowledge/n.md": link("../texts/n.md"), "playbooks": link("texts/p")},
        ["playbooks:1:1 unreadable"],
    ),
    "not UTF-8": (
        {
            "knowledge/a.md": content(b"\xef\xbb\xbf---\r\nname: \xc3\xa9\xff"),
            "secrets.yaml": content("secrets".encode("utf-16")),
        },
        ["knowledge/a.md:2:8 not-utf8", "secrets.yaml:1:1 not-utf8"],
    ),
    "deep flow": ({"knowledge.yaml": content("[" * 100_000)}, ["knowledge.yaml:1:1001 too-deep"]),
    "deep flow on lines": ({"knowledge.yaml": content("[\n" * 100_000)}, ["knowledge.yaml:101:1 too-deep"]),
    "deep block": ({"knowledge.yaml": content("- " * 100_000)}, ["knowledge.yaml:1:201 too-deep"]),
    "deep front matter": (
        {"knowledge/a.md": content(f"---\na: {'{a: ' * 100_000}\n---\n")},
        ["knowledge/a.md:2:400 too-deep"],
    ),
    "billion laughs": ({"knowledge.yaml": content(laughs())}, ["knowledge.yaml:5:45 too-many-aliases"]),
    "long laughs": (
        {"knowledge.yaml": content(f"a: &a {'x' * 1_000_000}\nb: [{'*a, ' * 1000}]\n")},
        ["knowledge.yaml:2:29 too-many-aliases"],
    ),
    "deep laughs": (
        {"knowledge.yaml": content("a0: &a0 [1]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}]\n" for i in range(1, 200)))},
        ["knowledge.yaml:100:12 too-deep"],
    ),
}  # fmt: skip


@pytest.fixture
def root(tmp_path):
    plant(
        tmp_path,
        {"outside/a.md": note(SECRET), "outside/k.yaml": SECRET, "root-2/a.md": note(SECRET)},
    )
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


@pytest.mark.skipif(os.name == "nt", reason="links and pipes of POSIX")
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files(name, root):
    made, wanted = HOSTILE[name]
    for path, make in made.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        make(root / path)
    started = time.thread_time()
    result = load(root)
    assert time.thread_time() - started < 5  # of work: a busy machine does not count
    assert [f"{p.source} {p.code}" for p in result.problems] == wanted
    assert SECRET not in repr(result)


def test_bombs_take_no_memory(tmp_path):
    text = laughs() + "\n"
    tracemalloc.start()
    yamltree.parse(text, "f")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000


@pytest.mark.parametrize("size", [0, 3, 1000])
def test_a_file_is_read_to_its_end_whatever_its_size_was(size, tmp_path, monkeypatch):
    """It may grow or shrink after it was opened, and the system may return a part."""
    read, facts = os.read, os.stat_result((0o100644, *[0] * 5, size, *[0] * 3))
    monkeypatch.setattr(os, "fstat", lambda _: facts)
    monkeypatch.setattr(os, "read", lambda descriptor, most: read(descriptor, min(most, 7)))
    (tmp_path / "a").write_bytes(b"0123456789" * 2)
    assert files.read_raw(str(tmp_path / "a"), "a") == ("0123456789" * 2, [])


def test_links_inside_the_root_are_followed(tmp_path):
    plant(
        tmp_path, {"texts/n.md": note("a"), "shared/m.md": note("m"), "knowledge/x.md": note("x")}
    )
    (tmp_path / "knowledge/n.md").symlink_to("../texts/n.md")
    (tmp_path / "knowledge/team").symlink_to("../shared")
    result = load(tmp_path)
    assert result.problems == ()
    assert [str(d.key) for d in result.declarations] == [
        "knowledge:a",
        "knowledge:x",
        "knowledge:team/m",
    ]


def test_a_path_through_a_link_is_followed_or_refused(tmp_path):
    plant(tmp_path, {"root/real/knowledge/a.md": note("a"), "outside/knowledge/a.md": note("a")})
    root = tmp_path / "root"
    (root / "link").symlink_to("real")
    (root / "out").symlink_to("../outside")
    assert [str(d.key) for d in load(root, paths=["link/knowledge"]).declarations] == [
        "knowledge:a"
    ]
    result = load(root, paths=["out/knowledge", "out/knowledge/*.md"], ignore=["real/"])
    assert [p.code for p in result.problems] == ["outside-root"]
    assert result.declarations == ()
    plant(root, {".hidden/knowledge/a.md": note("a")})
    (root / "in").symlink_to(".hidden")
    result = load(root, paths=["in/knowledge", "in/knowledge/*.md", "in/**"], ignore=["real/"])
    assert [str(p.source) for p in result.problems] == ["in:1:1", "in/knowledge:1:1"]
    assert {p.code for p in result.problems} == {"hidden"}
    assert result.declarations == ()


def test_an_unreadable_directory_is_a_problem(tmp_path, monkeypatch):
    plant(tmp_path, {"knowledge/a/n.md": note("a"), "knowledge/b.md": note("b")})
    scan = os.scandir

    def refuse(path):
        if str(path).endswith("a"):
            raise PermissionError(13, "Permission denied")
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    result = load(tmp_path)
    assert [str(p.source) for p in result.problems] == ["knowledge/a:1:1"]
    assert "Permission denied" in result.problems[0].message
    assert [d.key.name for d in result.declarations] == ["b"]


def test_an_unreadable_file_is_a_problem(tmp_path, monkeypatch):
    plant(tmp_path, {"knowledge/a.md": note("a"), "knowledge/b.md": note("b")})
    read = files._read_regular

    def refuse(real):
        if real.endswith("a.md"):
            raise PermissionError(13, "Permission denied")
        return read(real)

    monkeypatch.setattr(files, "_read_regular", refuse)
    result = load(tmp_path)
    assert [(str(p.source), p.code) for p in result.problems] == [
        ("knowledge/a.md:1:1", "unreadable")
    ]


@pytest.mark.skipif(os.name == "nt", reason="names of POSIX")
@pytest.mark.parametrize(
    "name", ["a\nb", "a\tb", "a\x07b", "a\x85b", "a\u2028b", "a ", "\u3000a", " ", "x/\n/y"]
)
def test_a_directory_that_cannot_be_a_folder(name, tmp_path):
    plant(
        tmp_path,
        {f"knowledge/{name}/x.md": note("x"), f"playbooks/{name}/x.md": "---\ntitle: x\n---\nb\n"},
    )
    plant(tmp_path, {f"knowledge/{name}/y.md": "---\nname: y\nfolder: a\ntrigger: t\n---\nb\n"})
    result = load(tmp_path)
    assert [(p.source.path, p.code) for p in result.problems] == [
        (f"knowledge/{name}/x.md", "invalid-value")
    ]
    assert re.search(
        "cannot contain tabs, line breaks|begins or ends with white space",
        result.problems[0].message,
    )
    assert [str(d.key) for d in result.declarations] == ["knowledge:a/y", "playbook:x"]


def test_an_absolute_path_is_taken_from_the_root_and_the_warning_says_so(tmp_path):
    plant(tmp_path, {"knowledge/a.md": note("a")})
    (problem,) = load(tmp_path, ignore=[f"{tmp_path.as_posix()}/knowledge/**"]).problems
    assert problem.code == "unused-ignore"
    assert "a leading / means the root directory" in problem.message


def test_a_glob_that_matches_nothing_is_judged_without_walking_what_is_not_ours(
    tmp_path, monkeypatch
):
    plant(
        tmp_path,
        {
            "knowledge/a.md": note("a"),
            "node_modules/x/y.md": "",
            "docs/x/y.md": "",
            "knowledge/n/a/b.md": "",
        },
    )
    listed, scan = [], os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: listed.append(Path(path).name) or scan(path))
    ignore = [
        "node_modules/**",
        "node_modules/*/y.md",
        "docs/**/z.md",
        "knowledge/n/",
        "knowledge/n/**/z.md",
        "*.none",
    ]
    result = load(tmp_path, ignore=ignore)
    assert [p.message.split("'")[1] for p in result.problems] == ["*.none"]
    # From Python 3.13 on, Path.iterdir() asks os.scandir for the records of merges too.
    walked = [name for name in listed if name != "devinops-merged"]
    assert walked == [tmp_path.resolve().name, "knowledge", tmp_path.resolve().name, "docs", "x"]


@pytest.mark.skipif(os.name == "nt", reason="links of POSIX")
def test_a_glob_is_not_looked_for_outside_of_the_root(root):
    (root / "out").symlink_to("../outside")
    result = load(root, ignore=["out/a.md", "out"])
    assert [p.message.split("'")[1] for p in result.problems] == ["out/a.md"]


def test_a_missing_root_is_a_problem_not_empty(tmp_path):
    assert [p.code for p in load(tmp_path / "nowhere").problems] == ["unreadable"]


@pytest.mark.skipif(os.name == "nt", reason="names of bytes")
def test_a_name_that_is_not_utf8(tmp_path):
    (tmp_path / "knowledge").mkdir()
    try:
        with open(os.fsencode(tmp_path / "knowledge") + b"/\xff.md", "w") as file:
            file.write(note("a"))
    except OSError:
        pytest.skip("this file system has no such names")
    (problem,) = load(tmp_path).problems
    assert (problem.code, str(problem.source)) == ("not-utf8", "knowledge/\\udcff.md:1:1")
    assert problem.source.path.encode()


def test_order_of_names(tmp_path):
    plant(tmp_path, {f"knowledge/{name}.md": note(name) for name in "zmab"})
    assert load(tmp_path).files == tuple(f"knowledge/{name}.md" for name in "abmz")


@pytest.mark.parametrize(
    ("glob", "path", "matches"),
    [
        ("a/*.md", "a/b.md", True),
        ("a/*.md", "a/b/c.md", False),
        ("a/*.md", "x/a/b.md", False),
        ("/a.md", "a.md", True),
        ("/a.md", "x/a.md", False),
        ("a.md", "x/a.md", True),
        ("a", "x/a/b/c.md", True),
        ("a/", "x/a/b.md", True),
        ("a/", "x/a", False),
        ("a/**", "a/b/c.md", True),
        ("a/**/c.md", "a/c.md", True),
        ("a/**/c.md", "a/b/b/c.md", True),
        ("**/c.md", "c.md", True),
        ("./a//b", "a/b", True),
        ("a?c", "abc", True),
        ("a?c", "a/c", False),
        ("[ab].md", "b.md", True),
        ("[!ab].md", "b.md", False),
        (r"\*.md", "*.md", True),
        (r"\*.md", "a.md", False),
        ("a+(b).md", "a+(b).md", True),
    ],
)
def test_globs_match_as_in_gitignore(glob, path, matches):
    assert Pattern.of(glob).matches(path, is_directory=False) is matches


@pytest.mark.parametrize("glob", ["#a", "a[", "[z-a]", "a\\", " "])
def test_a_glob_that_git_would_skip_is_refused(glob):
    with pytest.raises(ValueError, match=r"is not a valid \.gitignore pattern"):
        Pattern.of(glob)


@costly
@given(st.lists(st.text(st.sampled_from("ab*?[]!/.~\\"), max_size=12), max_size=3))
def test_no_glob_raises(globs):
    with tempfile.TemporaryDirectory() as directory:
        root = plant(Path(directory), {"knowledge/a.md": note("a"), "b/a.md": "", ".a/b": ""})
        result = load(root, paths=globs, ignore=[*globs, "../a"])
    codes = {p.code for p in result.problems}
    assert "bad-pattern" in codes
    assert codes <= {"bad-pattern", "hidden", "no-match", "no-kind", "unused-ignore"}


def test_ignore_of_directories_alone():
    rule = Pattern.of("build/")
    assert rule.matches("x/build", is_directory=True)
    assert not rule.matches("x/build", is_directory=False)


# --- devinops.yaml ----------------------------------------------------------------------------------------


def test_a_document_knows_its_places(tmp_path):
    text = "version: 1\ntargets:\n  staging:\n    org_id: org-1\n    api_verson: v3\n  Prod: {max_delete: 200%}\n"
    document, problems = read_yaml(
        plant(tmp_path, {"devinops.yaml": text}) / "devinops.yaml", tmp_path, "config"
    )
    assert document is not None
    assert document.data["targets"]["staging"]["org_id"] == "org-1"
    assert str(document.source_of("targets", "staging", "org_id")) == "devinops.yaml:4:13"
    assert str(document.key_source("targets", "staging", "org_id")) == "devinops.yaml:4:5"
    assert str(document.source_of("targets", "staging", "nothing")) == "devinops.yaml:4:5"
    assert [f"{p.source} {p.code}" for p in problems] == [
        "devinops.yaml:5:5 unknown-key",
        "devinops.yaml:6:3 invalid-value",
        "devinops.yaml:6:22 invalid-value",
    ]


@pytest.mark.parametrize(
    ("text", "wanted", "usable"),
    [
        ("", ["1:1 missing-field"], True),
        ("---\n", ["1:1 missing-field"], True),
        ("version: 2\n", ["1:10 invalid-value"], True),
        ("version: 1\n---\nversion: 1\n", ["3:1 yaml-syntax"], True),
        ("version: [\n", ["2:1 yaml-syntax"], False),
        ("version: 1\ntargets: {a: {prune: off}}\n", [], True),
        ("version: 1\nversion: 1\n", ["2:1 duplicate-key"], True),
    ],
)
def test_reading_a_document(text, wanted, usable, tmp_path):
    plant(tmp_path, {"devinops.yaml": text})
    document, problems = read_yaml(tmp_path / "devinops.yaml", tmp_path, "config")
    assert [f"{p.source.line}:{p.source.column} {p.code}" for p in problems] == wanted
    assert (document is not None) is usable


def test_a_document_outside_of_the_root(root):
    (root / "devinops.yaml").symlink_to("../outside/k.yaml")
    document, problems = read_yaml(root / "devinops.yaml", root, "config")
    assert document is None
    assert [p.code for p in problems] == ["outside-root"]


def test_a_document_that_is_hidden(root):
    plant(root, {".env": f"{SECRET}: x"})
    (root / "devinops.yaml").symlink_to(".env")
    document, problems = read_yaml(root / "devinops.yaml", root, "config")
    assert document is None
    assert [p.code for p in problems] == ["hidden"]
    assert SECRET not in repr(problems)


def test_a_document_that_is_missing(tmp_path):
    assert [p.code for p in read_yaml(tmp_path / "devinops.yaml", tmp_path, "config")[1]] == [
        "unreadable"
    ]


def test_there_is_a_parser_without_c(tmp_path, monkeypatch):
    monkeypatch.setattr(yamltree, "LOADER", yaml.SafeLoader)
    plant(
        tmp_path,
        {
            "knowledge.yaml": 'knowledge:\n- {name: yes, trigger: "t", body: |\n',
            "playbooks.yaml": "[" * 10_000,
        },
    )
    assert [p.code for p in load(tmp_path).problems] == ["yaml-syntax", "too-deep"]
    good = (
        "knowledge:\n- name: yes\n  trigger: 't'\n  body: |\n    b\n  meta: {n: 1, d: 2027-03-01}\n"
    )
    plant(
        tmp_path,
        {
            "knowledge.yaml": good,
            "playbooks.yaml": "playbooks:\n- title: a\n  macro: !x\n  body: b\n",
        },
    )
    result = load(tmp_path)
    assert [p.code for p in result.problems] == ["yaml-tag"]
    assert [d.meta for d in result.declarations] == [{"n": 1, "d": "2027-03-01"}]


# --- the whole command line -------------------------------------------------------------------------------

WATCHED = """
import json, os, sys
outside, touched = os.path.realpath(sys.argv[1]), []
def watch(event, arguments):
    if event in ("open", "os.listdir", "os.scandir", "os.remove", "os.rename", "os.mkdir", "os.chmod") and arguments:
        if isinstance(arguments[0], (str, bytes)):
            path = os.path.realpath(os.fsdecode(arguments[0]))
            if path == outside or path.startswith(outside + os.sep):
                touched.append(f"{event} {path}")
from devinops.cli.main import main
sys.addaudithook(watch)
codes = [main(argv) for argv in json.loads(sys.argv[2])]
print(json.dumps({"codes": codes, "touched": touched}))
"""

CONFIG = "version: 1\ntargets:\n  production: {org_id: org-emulator, inventory: {store: file}, prune: owned}\n"
HEADER = '{{"devinops_inventory": 1, "api_host": "{host}", "org_id": "org-emulator", "target": "production"}}\n'
END = '{"devinops_inventory_end": true}\n'

LURES = {
    "a configuration": {"devinops.yaml": link("../outside/devinops.yaml")},
    "a target that is a path": {
        "devinops.yaml": content("version: 1\ntargets: {../../outside/production: {inventory: {store: file}}}\n")
    },
    "paths": {"devinops.yaml": content(f"{CONFIG}paths: [../outside, ../outside/*.md, out/**]\n"), "out": link("../outside")},
    "a section": {"knowledge": link("../outside")},
    "an entry": {"knowledge/x.md": link("../../outside/a.md")},
    "a body_file": {"playbooks.yaml": content("playbooks: [{title: x, body_file: ../outside/a.md}]\n")},
    "a body_file behind a link": {
        "texts": link("../outside"),
        "playbooks.yaml": content("playbooks: [{title: x, body_file: texts/a.md}]\n"),
    },
    "a folder that is a path": {
        "knowledge.yaml": content("knowledge: [{name: x, trigger: t, body: b, folder: ../../outside}]\n")
    },
    "a name that is a path": {
        "knowledge.yaml": content("knowledge: [{name: ../../outside/a.md, trigger: t, body: b}]\n")
    },
    "the directory of the inventory": {".devinops": link("../outside")},
    "the inventory": {".devinops/production.jsonl": link("../../outside/production.jsonl")},
    "the journal": {".devinops/production.journal": link("../../outside/production.jsonl")},
    "the lock": {".devinops/production.lock": link("../../outside/production.lock")},
    "the gitignore": {".devinops/.gitignore": link("../../outside/ignored")},
    "the backups": {".devinops/backups": link("../../outside")},
    "a source in the inventory": {
        ".devinops/production.jsonl": (
            HEADER + '{{"key": "knowledge:gone", "id": "note-gone", "source": "../outside/a.md"}}\n' + END
        )
    },
    "a run in the inventory": {
        ".devinops/production.jsonl": (
            HEADER + '{{"intent": "../../outside/a", "action": "create", "key": "knowledge:z"}}\n' + END
        )
    },
}  # fmt: skip
"""What leads out of the root to `../outside`; a text is an inventory, which needs the host."""

CALLS = [
    ["validate"],
    ["plan"],
    ["apply", "--yes"],
    ["rollback"],
    ["rollback", "latest", "--yes"],
    ["inventory", "list"],
]


@pytest.mark.matrix
@pytest.mark.skipif(os.name == "nt", reason="links of POSIX")
@pytest.mark.parametrize("lure", LURES)
def test_no_command_touches_what_is_outside_of_the_root(lure, root, use):
    outside = root.parent / "outside"
    plant(
        outside,
        {
            "production.jsonl": SECRET,
            "devinops.yaml": SECRET,
            "20260312T101500Z-1f2e.jsonl": SECRET,
        },
    )
    with Emulator(
        {
            "organizations": {
                "org-emulator": {"knowledge": [{"name": "a", "trigger": "t", "body": "old"}]}
            }
        }
    ) as emulator:
        use(emulator.url)
        plant(root, {"devinops.yaml": CONFIG, "knowledge/a.md": note("a")})
        host = emulator.url.partition("://")[2]
        for path, make in LURES[lure].items():
            remove(root / path.partition("/")[0] if path.startswith("knowledge") else root / path)
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            if isinstance(make, str):
                (root / path).write_text(
                    make.replace("{host}", host).replace("{{", "{").replace("}}", "}")
                )
            else:
                make(root / path)
        ran = watched(outside, [[*argv, "-C", str(root)] for argv in CALLS])
        answer = json.loads(ran.stdout.splitlines()[-1])
        assert answer["touched"] == []
        assert set(answer["codes"]) <= {0, 1, 3, 4, 5}, ran
        seen = json.dumps([emulator.knowledge(), emulator.playbooks(), emulator.requests])
        assert SECRET not in ran.stdout + ran.stderr + seen


def test_a_touch_is_seen(root):
    """What the test above looks for is found where somebody asks for it."""
    outside = root.parent / "outside"
    ran = watched(outside, [["show", str(root / ".." / "outside" / "a.md")]])
    assert json.loads(ran.stdout.splitlines()[-1]) == {
        "codes": [1],
        "touched": [f"open {os.path.realpath(outside)}/a.md"],
    }


def watched(outside, calls):
    """Make calls of the command line in a process that notes each touch of a directory."""
    return subprocess.run(
        [sys.executable, "-c", WATCHED, outside, json.dumps(calls)],
        capture_output=True,
        text=True,
        check=True,
    )


def remove(path):
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def test_every_code_is_documented_and_reached():
    every = [*(case for _, case in cases()), *read_cases("layers.yaml")]
    lines = [line for case in every for line in case.get("problems", ())]
    reached = {line.split()[1] for line in lines} | {
        line.split()[1] for _, wanted in HOSTILE.values() for line in wanted
    }
    codes = set(documented())
    assert reached <= codes
    assert reached >= codes - LATER - of_kinds()


def test_a_wildcard_does_not_lead_through_a_link_to_a_directory(tmp_path):
    note = "knowledge: [{name: a, trigger: t, body: b}]\n"
    plant(tmp_path, {"a/b/x.yaml": note, "c/x.yaml": note})
    (tmp_path / "a" / "link").symlink_to("../c")
    assert [*load(tmp_path, paths=["a/*/x.yaml"]).files] == ["a/b/x.yaml"]
