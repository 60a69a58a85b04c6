"""`lint --since` and `plan --lint-since`: which entries count, and how the others are shown."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from devinops.cli.runs.changed_entries import changed_entries
from devinops.config.reading import read_repository
from devinops.emulator import Emulator
from tests.testing.command_line import Devinops, Write
from tests.testing.inventories import commit, git
from tests.testing.leaks import secrets
from tests.testing.lint_cases import FINE, FINE_PLAYBOOK, page

BAD = {**FINE, "body": "Never push<U+200B> to the main branch.".replace("<U+200B>", "\u200b")}
OLD = page(BAD | {"name": "Old"})
NEW = page(BAD | {"name": "New", "trigger": "When a release is due", "body": "Ask\u200b."})
LISTED = """\
knowledge:
  - {name: A, trigger: When deploying the shop, body_file: texts/a.md}
  - {name: B, trigger: When deploying the shop, body: Ask first., targets: [one]}
  - {name: B, trigger: When deploying the shop, body: Ask later., targets: [two]}
"""
FILES = {
    "texts/a.md": "Ask in the channel.\n",
    "knowledge.yaml": LISTED,
    "knowledge/c.md": page(FINE),
}


def committed(root: Path) -> Path:
    """Commit all files on main, and go on in another branch."""
    git(root, "init", "-q", "-b", "main")
    git(root, "add", "-A")
    commit(root, "-m", "base")
    git(root, "switch", "-q", "-c", "topic")
    return root


@pytest.mark.parametrize(
    ("files", "changed"),
    [
        ({}, []),
        ({"knowledge/c.md": page(FINE).replace("\n", "\r\n")}, []),
        ({"knowledge.yaml": f"# Ours\n\n{LISTED}"}, []),
        ({"knowledge/c.md": page(FINE | {"trigger": "When a release is due"})}, ["Deployments"]),
        ({"texts/a.md": "Ask nobody.\n"}, ["A"]),
        ({"knowledge.yaml": LISTED.replace("later", "never")}, ["B"]),
        ({"knowledge.yaml": LISTED.replace("{name: A", "{name: A, meta: {owner: us}")}, ["A"]),
        ({"knowledge/d.md": page(FINE | {"name": "D"})}, ["D"]),
    ],
    ids=[
        "nothing",
        "line ends only",
        "comments only",
        "a field",
        "the text in another file",
        "one of two with a name",
        "what is never sent",
        "a file that Git does not know",
    ],
)
def test_an_entry_changed_if_its_values_did(
    repository: Write, files: Mapping[str, str], changed: list[str]
) -> None:
    root = committed(repository(FILES))
    repository(files)
    entries = read_repository(root)[1].declarations
    sources = changed_entries(root, "main", entries)
    assert [entry.key.name for entry in entries if entry.source in sources] == changed


def test_what_the_other_branch_changed_since_does_not_count(repository: Write) -> None:
    root = committed(repository({"team/knowledge/c.md": page(FINE), "common/d.md": page(FINE)}))
    git(root, "switch", "-q", "main")
    repository({"team/knowledge/c.md": page(FINE | {"trigger": "When a release is due"})})
    commit(root, "-am", "ahead")
    git(root, "switch", "-q", "topic")
    entries = read_repository(root / "team")[1].declarations
    assert changed_entries(root / "team", "main", entries) == frozenset()


def test_the_file_behind_a_link_is_compared(repository: Write) -> None:
    root = repository({"shared/c.md": page(FINE), "shared/d.md": page(FINE | {"name": "D"})})
    (root / "knowledge").symlink_to("shared")
    committed(root)
    repository({"shared/d.md": page(FINE | {"name": "D", "trigger": "When a release is due"})})
    entries = read_repository(root)[1].declarations
    assert [source.path for source in changed_entries(root, "main", entries)] == ["knowledge/d.md"]


@pytest.mark.parametrize("link", ["knowledge", "knowledge/c.md", "texts/c.md", "links/c.md"])
def test_an_entry_behind_another_link_changed(repository: Write, link: str) -> None:
    """The text that it leads to now was in the repository before, where nobody reviewed it as an entry."""
    root = repository(
        {f"{name}/c.md": page(FINE | {"body": f"{name}\n"}) for name in ("shared", "other")}
        | {"knowledge.yaml": "knowledge: [{name: Y, trigger: t, body_file: texts/c.md}]\n"}
    )
    place = root / link
    place.parent.mkdir(exist_ok=True)
    up = "../" * link.count("/")
    end = "/c.md" if link.endswith(".md") else ""
    place.symlink_to(f"{up}shared{end}")
    if link.startswith("links"):
        (root / "knowledge").mkdir()
        (root / "knowledge" / "c.md").symlink_to("../links/c.md")
    committed(root)
    place.unlink()
    place.symlink_to(f"{up}other{end}")
    entries = read_repository(root)[1].declarations
    changed = changed_entries(root, "main", entries)
    expected = "knowledge.yaml" if link.startswith("texts") else "knowledge/c.md"
    assert [source.path for source in changed] == [expected]


def test_only_changed_entries_fail_and_the_others_are_told_apart(
    repository: Write, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = committed(repository({"knowledge/old.md": OLD}))
    monkeypatch.chdir(root)
    lint = ("lint", "--since", "main")
    quiet = devinops(*lint)
    assert quiet.code == 0
    assert quiet.out == (
        "no problems in entries that changed since main; 1 in entries that did not change since "
        "main; -v shows each\n"
    )
    repository({"knowledge/new.md": NEW})
    ran = devinops(*lint)
    assert (ran.code, ran.out.count("DV302"), ran.out.splitlines()[-1]) == (
        1,
        1,
        "1 error, 0 warnings in 1 file; 1 in entries that did not change since main; -v shows each",
    )
    assert devinops(*lint, "-v").out.count("DV302") == 2
    document = json.loads(devinops(*lint, "--format", "json").out)
    assert [(p["path"], p["severity"], p["changed"]) for p in document["problems"]] == [
        ("knowledge/new.md", "error", True),
        ("knowledge/old.md", "error", False),
    ]
    (sarif,) = json.loads(devinops(*lint, "--format", "sarif").out)["runs"]
    assert [result["properties"] for result in sarif["results"]] == [
        {"changed": True},
        {"changed": False},
    ]
    assert 'failures="1"' in devinops(*lint, "--format", "junit").out
    annotations = devinops(*lint, "--format", "github").out.splitlines()
    assert [line.partition(" ")[0] for line in annotations] == ["::error", "::notice"]
    quality = json.loads(devinops(*lint, "--format", "gitlab").out)
    assert [item["severity"] for item in quality] == ["major", "info"]
    markdown = devinops(*lint, "--format", "markdown").out
    assert markdown.index("new.md") < markdown.index("In entries that did not change")
    assert markdown.index("In entries that did not change") < markdown.index("old.md")
    html = devinops(*lint, "--format", "html").out
    assert (
        html.index("new.md") < html.index("In entries that did not change") < html.rindex("old.md")
    )


@pytest.mark.parametrize(
    ("settings", "argv", "code"),
    [("", (), 0), ("", ("--fail-on", "warning"), 1), ("lint: {fail_on: warning}\n", (), 1)],
)
def test_a_warning_in_a_changed_entry_fails_only_if_somebody_says_so(
    repository: Write, devinops: Devinops, settings: str, argv: tuple[str, ...], code: int
) -> None:
    root = committed(repository({"devinops.yaml": f"version: 1\n{settings}"}))
    repository({"knowledge/a.md": page(FINE | {"trigger": "Errors"})})
    assert devinops("lint", "-C", root, "--since", "main", *argv).code == code


def test_a_pair_counts_if_one_of_the_two_changed(repository: Write, devinops: Devinops) -> None:
    root = committed(repository({"playbooks/a.md": page(FINE_PLAYBOOK | {"macro": "!go"})}))
    lint = ("lint", "-C", root, "--since", "main", "--select", "DV406")
    assert devinops(*lint, "--fail-on", "info").code == 0
    repository({"playbooks/z.md": page(FINE_PLAYBOOK | {"title": "Z", "macro": "!go"})})
    assert devinops(*lint, "--fail-on", "info").code == 1


@pytest.mark.parametrize("option", ["--fix", "--write-baseline"])
def test_what_writes_is_not_compared(devinops: Devinops, tmp_path: Path, option: str) -> None:
    ran = devinops("lint", "-C", tmp_path, "--since", "main", option)
    assert (ran.code, "only reports" in ran.err) == (64, True)


def shallow(root: Path) -> Path:
    commit(root, "--allow-empty", "-m", "ahead")
    copy = root.parent / "copy"
    git(root, "clone", "-q", "--depth", "1", "--no-single-branch", root.as_uri(), str(copy))
    return copy


def unrelated(root: Path) -> Path:
    git(root, "checkout", "-q", "--orphan", "other")
    commit(root, "-m", "other")
    return root


@pytest.mark.parametrize(
    ("prepare", "ref", "expected"),
    [
        (lambda root: root, "nowhere", "this clone has no such commit: correct the name, or fetch"),
        (lambda root: root, "--all", "this clone has no such commit"),
        (
            shallow,
            "origin/main",
            "lacks the commit from which it and HEAD diverge: fetch it (git fetch",
        ),
        (shallow, "v1", "no such commit: correct the name, or fetch it (git fetch --unshallow"),
        (unrelated, "main", "it and HEAD have no commit in common: name a branch of the same"),
    ],
)
def test_a_commit_that_cannot_be_compared_is_1_and_says_what_to_do(
    repository: Write,
    devinops: Devinops,
    prepare: Callable[[Path], Path],
    ref: str,
    expected: str,
) -> None:
    root = prepare(committed(repository({"knowledge/c.md": page(FINE)})))
    for argv in (("lint", f"--since={ref}"), ("plan", f"--lint-since={ref}")):
        ran = devinops(argv[0], "-C", root, argv[1])
        assert (ran.code, ran.out) == (1, "")
        assert expected in " ".join(ran.err.split())


def test_without_a_repository_and_without_git_it_is_1(
    repository: Write, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = repository({"knowledge/c.md": page(FINE)})
    ran = devinops("lint", "-C", root, "--since", "main")
    assert (ran.code, "not a git repository" in ran.err) == (1, True)
    monkeypatch.setenv("PATH", os.devnull)
    ran = devinops("lint", "-C", root, "--since", "main")
    assert (ran.code, "cannot run git" in ran.err) == (1, True)


def test_a_plan_shows_the_findings_in_changed_entries_and_stays_the_same(
    repository: Write, devinops: Devinops, use: Callable[[str], None], tmp_path: Path
) -> None:
    secret = secrets()["GitHub token"][1]
    links = "\n\n".join(f"See [{name}]({name}.md)." for name in "xyz")
    old = page(BAD | {"trigger": "When a release is due", "body": f"A\u200bb.\n\n{links}"})
    root = committed(repository({"knowledge/old.md": old}))
    repository(
        {
            "knowledge/new.md": page(
                FINE | {"name": "New", "trigger": "When pushing", "body": f"Use {secret} here."}
            )
        }
    )
    reports = {name: tmp_path / f"plan.{name}" for name in ("json", "markdown", "html")}
    argv = [f"--report={name}={path}" for name, path in reports.items()]
    with Emulator() as emulator:
        use(emulator.url)
        plan = ("plan", "-C", root, "--detailed-exitcode")
        plain = devinops(*plan, "--format", "json")
        ran = devinops(*plan, "--lint-since", "main", "--out", tmp_path / "saved", *argv)
    assert ran.code == plain.code == 2
    written, markdown, html = (path.read_text("utf-8") for path in reports.values())
    document, before = json.loads(written), json.loads(plain.out)
    assert document["digest"] == before["digest"]
    assert [(item["path"], item["code"]) for item in document["lint"]] == [
        ("knowledge/new.md", "DV301")
    ]
    assert "lint" not in before | json.loads((tmp_path / "saved").read_text("utf-8"))
    assert "-v shows each" not in ran.out
    sections = (
        ran.out.partition("\nlint\n")[2],
        markdown.partition("### Lint of the entries that changed: 1 error")[2],
        html.partition("<h2>Lint")[2],
    )
    for section in sections:
        assert "knowledge/new.md" in section
        assert "DV301" in section
        assert "DV302" not in section
        assert secret not in section


def test_a_plan_imports_no_rules_unless_it_is_asked_to(repository: Write) -> None:
    root = repository({"knowledge/c.md": page(FINE)})
    code = (
        "import sys; from devinops.cli.main import main; "
        f"main(['plan', '-C', {str(root)!r}]); assert 'devinops.lint' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
