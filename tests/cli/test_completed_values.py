"""What a shell can complete: from files, never from the network, and silently if something is broken."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from devinops.emulator import Emulator
from tests.testing.command_line import Devinops, Write
from tests.testing.inventories import commit, git

NOTE = "---\nname: {}\ntrigger: t\n---\nbody\n"
FILES = {
    "devinops.yaml": "version: 1\ntargets:\n  production: {inventory: {store: file}}\n  staging: {}\n",
    "knowledge/Backend/a.md": NOTE.format("Error envelope"),
    "knowledge/b.md": NOTE.format("Big"),
    "playbooks/c.md": "---\ntitle: Triage\n---\nbody\n",
    "folders.yaml": "folders: [{path: Backend}]\n",
}
SEED = {"organizations": {"org-emulator": {"folders": [{"path": "Backend"}]}}}
RUN = "20260312T101500Z-1f2e3d"

Complete = Callable[..., list[str]]


@pytest.fixture
def root(repository: Write, monkeypatch: pytest.MonkeyPatch) -> Path:
    written = repository(FILES)
    monkeypatch.chdir(written)
    # completion asks nothing of the network
    monkeypatch.setenv("DEVIN_API_URL", "http://127.0.0.1:1")
    return written


@pytest.fixture
def complete(devinops: Devinops, monkeypatch: pytest.MonkeyPatch) -> Complete:
    """Return the values for the last of some words, as zsh asks for them."""

    def ask(*words: str) -> list[str]:
        quoted = " ".join(f"'{word}'" for word in ("devinops", *words))
        with monkeypatch.context() as patch:
            patch.setenv("_DEVINOPS_COMPLETE", "zsh_complete")
            patch.setenv("COMP_WORDS", quoted)
            patch.setenv("COMP_CWORD", str(len(words)))
            ran = devinops()
        assert ran.err == ""
        # each is a type, a value and a help text, one line each
        return [line.replace("\\:", ":") for line in ran.out.splitlines()[1::3]]

    return ask


TARGETS = ["production", "staging"]
NOTES = ["knowledge:Backend/Error envelope", "knowledge:Big"]


@pytest.mark.parametrize(
    ("words", "values"),
    [
        (["plan", "-t", ""], TARGETS),
        (["plan", "--target", "st"], ["staging"]),
        (["inventory", "list", "-t", "p"], ["production"]),
        (["plan", "-C", "..", "-t", ""], []),
        (["plan", "-C", "../repository", "-t", ""], TARGETS),
        (["plan", "--only", "k"], ["knowledge"]),
        (["plan", "--only", "knowledge:"], NOTES),
        (["apply", "--only", "folder:"], ["folder:Backend"]),
        (["pull", "--exclude", "k"], ["knowledge"]),
        (["apply", "--exclude", "folder:"], ["folder:Backend"]),
        (["plan", "--format", "t"], ["text"]),
        (
            ["plan", "--allow", ""],
            [
                *("access", "delete=", "lockout", "missing=", "network", "out-of-wave", "spend"),
                "targets=",
            ],
        ),
        (["rollback", "--allow", "n"], ["network"]),
        (["drift", "--format", "g"], []),
        (["plan", "--report", "j"], ["json=", "junit="]),
        (["drift", "--report", "j"], ["json="]),
        (["inventory", "show", "knowledge:"], NOTES),
        (["inventory", "forget", "playbook"], ["playbook:Triage"]),
        (["inventory", "link", "k"], NOTES),
        (["inventory", "unlock", ""], []),
        (["emulator", "--quirk", "bodies"], ["bodies=kept", "bodies=trimmed"]),
        (["schema", "invent"], ["inventory", "inventory-documents"]),
        (["lint", "--explain", "unc"], ["unclosed-fence"]),
        (["lint", "--select", "DV40"], [f"DV40{number}" for number in range(1, 8)]),
        (["lint", "--ignore", "hidden"], ["hidden-character", "hidden-instruction"]),
        (["rollback", "lat"], ["latest"]),
        (["rollback", "2026"], [RUN]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_values_come_from_the_files(
    root: Path, complete: Complete, words: list[str], values: list[str]
) -> None:
    backups = root / ".devinops" / "backups"
    backups.mkdir(parents=True)
    (backups / f"{RUN}.jsonl").write_text("")
    assert sorted(complete(*words)) == sorted(values)


def test_owned_keys_and_open_runs_come_from_the_inventory(
    root: Path, complete: Complete, use: Callable[..., None], devinops: Devinops
) -> None:
    with Emulator(SEED) as emulator:
        use(emulator.url)
        assert devinops("apply", "-t", "production", "--yes").code == 0
    (root / "knowledge" / "b.md").unlink()
    assert complete("inventory", "forget", "knowledge:") == NOTES
    assert complete("inventory", "forget", "-t", "production", "knowledge:") == NOTES
    # another target owns nothing, so the entries are offered
    assert complete("inventory", "show", "-t", "staging", "knowledge:") == NOTES[:1]
    stored = root / ".devinops" / "production.jsonl"
    *lines, end = stored.read_text().splitlines()
    run, earlier = (
        {"intent": name, "action": "create", "key": "knowledge:X", "unclear": unclear}
        for name, unclear in ((RUN, False), ("20260311T101500Z-1f2e3d", True))
    )
    lines += [json.dumps(run), json.dumps(earlier)]
    stored.write_text("\n".join([*lines, end]) + "\n")
    assert complete("inventory", "unlock", "") == [RUN]


def test_keys_of_a_branch_come_from_the_copy_that_was_fetched_last(
    tmp_path: Path,
    root: Path,
    complete: Complete,
    use: Callable[..., None],
    devinops: Devinops,
    repository: Write,
) -> None:
    repository({"devinops.yaml": "version: 1\ntargets: {a: {inventory: {store: branch}}}\n"})
    bare = tmp_path / "bare.git"
    git(tmp_path, "init", "-q", "--bare", "-b", "main", str(bare))
    git(root, "init", "-q", "-b", "main")
    git(root, "add", ".")
    commit(root, "-m", "all")
    git(root, "remote", "add", "origin", str(bare))
    git(root, "push", "-q", "origin", "main")
    with Emulator(SEED) as emulator:
        use(emulator.url)
        assert devinops("apply", "--yes").code == 0
        assert devinops("inventory", "list").code == 0
    shutil.rmtree(bare)
    (root / "knowledge" / "b.md").unlink()
    assert complete("inventory", "forget", "knowledge:") == NOTES


BROKEN: dict[str, dict[str, str]] = {
    "settings": {"devinops.yaml": "version: [\n"},
    "targets": {"devinops.yaml": "version: 1\ntargets: [a]\n"},
    "an inventory setting": {"devinops.yaml": "targets: {a: {inventory: {stor: 1}}, b: 5}\n"},
    "an entry": {"knowledge/b.md": "no front matter"},
    "the inventory": {".devinops/production.jsonl": "<<<<<<< x\n\0"},
    "a directory": {"folders.yaml/x": ""},
}


@pytest.mark.sampled(4)
@pytest.mark.parametrize("broken", BROKEN)
@pytest.mark.parametrize(
    "words",
    [
        ["plan", "-t", ""],
        ["plan", "--only", "knowledge:"],
        ["inventory", "show", ""],
        ["inventory", "unlock", ""],
        ["rollback", ""],
        ["plan", "-C", "/nonexistent", "-t", ""],
        ["-C", "", "plan", "-t", ""],
        ["plan", "--parallelism", "x", "-t", ""],
        ["--nonsense", "-t", ""],
    ],
    ids=" ".join,
)
def test_broken_files_are_silent(
    root: Path, repository: Write, complete: Complete, broken: str, words: list[str]
) -> None:
    for name, text in BROKEN[broken].items():
        if (root / name).parent.is_file():
            (root / name).parent.unlink()
        repository({name: text})
    complete(*words)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("_DEVINOPS_COMPLETE", "nonsense"),
        ("_DEVINOPS_COMPLETE", "bash_nonsense"),
        ("COMP_CWORD", "x"),
        ("COMP_WORDS", None),
    ],
)
def test_a_shell_that_asks_in_an_unknown_way_gets_nothing(
    root: Path,
    devinops: Devinops,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    value: str | None,
) -> None:
    monkeypatch.setenv("_DEVINOPS_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "devinops pl")
    monkeypatch.setenv("COMP_CWORD", "1")
    if value is None:
        monkeypatch.delenv(variable)
    else:
        monkeypatch.setenv(variable, value)
    ran = devinops()
    assert (ran.code, ran.out.strip(), ran.err) == (1, "", "")


@pytest.mark.parametrize(
    ("words", "current"),
    [("devinops inventory -t staging li", 4), ("devinops inventory li -t staging", 2)],
    ids=["at the end", "before other words"],
)
def test_bash_gets_the_values_of_the_word_that_is_typed(
    root: Path, devinops: Devinops, monkeypatch: pytest.MonkeyPatch, words: str, current: int
) -> None:
    monkeypatch.setenv("_DEVINOPS_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(current))
    assert devinops().out.splitlines() == ["plain,link", "plain,list"]


# --- bash itself ------------------------------------------------------------------------------------------


@pytest.fixture
def bash(root: Path, tmp_path: Path, devinops: Devinops) -> Complete:
    """Return what bash would insert for words as bash separates them; the last is the current one."""
    program = shutil.which("bash")
    if program is None:
        pytest.skip("bash is not installed")
    (tmp_path / "bin").mkdir()
    link = tmp_path / "bin" / "devinops"
    link.write_text(f"#!/bin/sh\nexec {sys.executable} -m devinops\n")
    link.chmod(0o755)
    script = tmp_path / "script"
    script.write_text(devinops("completion", "bash").out)

    def ask(*words: str) -> list[str]:
        done = subprocess.run(
            [program, "--norc", "-c", _ASK, "bash", str(script), "devinops", *words],
            env=os.environ | {"PATH": f"{link.parent}{os.pathsep}{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stderr == ""
        return done.stdout.splitlines()

    return ask


_ASK = """
source "$1"; shift
compopt() { :; }
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
_devinops_completion devinops
[[ ${#COMPREPLY[@]} -eq 0 ]] || printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.mark.sampled(15, ci=3)
@pytest.mark.skipif(sys.platform == "win32", reason="bash of Windows starts no scripts")
@pytest.mark.parametrize(
    ("words", "inserted"),
    [
        (["pla"], ["plan"]),
        (["plan", "--only", "knowledge", ":"], ["Backend/Error\\ envelope", "Big"]),
        (["plan", "--only", "knowledge", ":", "Ba"], ["Backend/Error\\ envelope"]),
        (["plan", "--only", "knowledge", ":", "Backend/Error\\ e"], ["Backend/Error\\ envelope"]),
        (["plan", "--only", "'knowledge:Ba"], ["knowledge:Backend/Error envelope"]),
        (["plan", "--only", '"knowledge:Ba'], ["knowledge:Backend/Error envelope"]),
        (["plan", "--format", "=", "js"], ["json"]),
        (["plan", "--only", "=", "knowledge", ":", "Bi"], ["Big"]),
        (["plan", "--only", "=", "know"], ["knowledge"]),
        (["plan", "--report", "js"], ["json="]),
        (["plan", "--report", "json", "="], []),
        (["plan", "--report", "json", "=", "x", "-t", "st"], ["staging"]),
        (["inventory", "show", "knowledge", ":", "Bi"], ["Big"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bash_inserts_whole_keys(bash: Complete, words: list[str], inserted: list[str]) -> None:
    assert bash(*words) == inserted
