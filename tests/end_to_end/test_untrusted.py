"""Whatever a name, a text or an answer holds: no output steers a terminal, misleads an eye or commands a runner."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from devinops.emulator import Emulator
from tests.testing.command_line import Devinops, Ran, Write
from tests.testing.hostile_text import (
    ARGUMENT,
    HOSTILE,
    LONG,
    NAME,
    SOFT,
    assert_harmless,
)
from tests.testing.replies import Answer, Reply, running

CONFIG = "version: 1\ntargets:\n  production:\n    inventory: {store: file}\n    prune: owned\n    max_delete: 100%\n"


def yaml_note(**fields: Any) -> str:
    return json.dumps({"knowledge": [fields]})


# --- files ------------------------------------------------------------------------------------------------


FILES: dict[str, dict[str, str]] = {
    "unknown key": {"knowledge.yaml": yaml_note(name="A", trigger="t", body="b", **{SOFT: 1})},
    "unknown section": {"knowledge.yaml": json.dumps({SOFT: []})},
    "wrong type": {"knowledge.yaml": yaml_note(name="A", trigger=[SOFT], body="b", pinned_repo=SOFT)},
    "control characters": {"knowledge.yaml": yaml_note(name=HOSTILE, trigger="t", body="b")},
    "name": {"knowledge.yaml": yaml_note(name=SOFT, trigger="t", body="b")},
    "twice": {"knowledge.yaml": json.dumps({"knowledge": [{"name": "MARK\u202e", "trigger": "t", "body": "b"}] * 2})},
    "long name": {"knowledge.yaml": yaml_note(name=LONG, trigger="t", body="b")},
    "long key": {"knowledge.yaml": yaml_note(name="A", trigger="t", body="b", **{LONG: 1})},
    "folder": {"knowledge.yaml": yaml_note(name="A", folder=SOFT, trigger="t", body="b")},
    "body_file": {"knowledge.yaml": yaml_note(name="A", trigger="t", body_file=SOFT)},
    "secret": {"secrets.yaml": json.dumps({"secrets": [{"key": SOFT, "type": SOFT, "value_from": {"env": SOFT}}]})},
    "config": {"devinops.yaml": json.dumps({"version": 1, SOFT: 1, "targets": {SOFT: {"org_id": SOFT}}})},
    "config value": {"devinops.yaml": json.dumps({"version": 1, "targets": {"p": {"api_url": SOFT, "prune": SOFT}}})},
    "version": {"devinops.yaml": json.dumps({"version": 1, "required_version": SOFT})},
    "not yaml": {"knowledge.yaml": "MARK: [\u202e\n::error::x: {"},
    "tag": {"knowledge.yaml": "!!python/MARK\u202e ::error::"},
    "anchor": {"knowledge.yaml": "knowledge: *MARK\u202e"},
    "file name": {"knowledge/MARK\x1b[2J\u202e\n::error::x.md": "no front matter"},
    "directory": {"knowledge/MARK\u202e\x07/::error::/a.md": "---\nname: [\n---\n"},
    "ignored": {"devinops.yaml": json.dumps({"version": 1, "ignore": [SOFT, "../" + SOFT]})},
}  # fmt: skip


@pytest.mark.sampled(4)
@pytest.mark.parametrize("files", FILES.values(), ids=FILES)
def test_problems_of_files_are_harmless(
    files: dict[str, str], repository: Write, devinops: Devinops, use: Callable[..., None]
) -> None:
    root = repository(files)
    with running(answers(403, {"detail": "no"})) as api:
        use(api.url)
        for command in ("validate", "plan", "whoami", "drift"):
            for format in ("text", "json"):
                ran = devinops(command, "-C", root, "--format", format)
                assert ran.code in (0, 1, 64), ran
                assert_harmless(ran, recognisable=False, most=2 * len(LONG), longest=2 * len(LONG))


@pytest.mark.parametrize(
    "argv",
    [
        [ARGUMENT],
        ["--" + ARGUMENT],
        ["plan", "--format", ARGUMENT],
        ["plan", "--only", ARGUMENT],
        ["plan", "--report", ARGUMENT],
        ["plan", "--report", "json=" + ARGUMENT],
        ["plan", "--target", ARGUMENT],
        ["plan", "-C", ARGUMENT],
        ["plan", "--out", ARGUMENT],
        ["apply", ARGUMENT],
        ["apply", "--expect", ARGUMENT],
        ["show", ARGUMENT],
        ["rollback", ARGUMENT],
        ["rollback", ARGUMENT, "--yes"],
        ["inventory", "show", ARGUMENT],
        ["inventory", "link", "knowledge:" + ARGUMENT, "x"],
        ["inventory", "unlock", ARGUMENT],
        ["schema", ARGUMENT],
        ["emulator", "--seed", ARGUMENT],
    ],
    ids=lambda argv: " ".join(argv)[:25].encode("unicode_escape").decode(),
)
def test_arguments_are_harmless(
    argv: list[str],
    repository: Write,
    devinops: Devinops,
    monkeypatch: pytest.MonkeyPatch,
    use: Callable[..., None],
) -> None:
    monkeypatch.chdir(repository({"devinops.yaml": CONFIG}))
    use("http://127.0.0.1:9")
    ran = devinops(*argv)
    assert ran.code in (0, 1, 64), ran
    assert_harmless(ran, recognisable=False)


def test_the_name_of_a_file_without_problems_is_harmless(
    repository: Write, devinops: Devinops
) -> None:
    name = "knowledge/b\x1b]0;x\x07\x9b31m\n::error::x.md"
    root = repository({name: "---\nname: A\ntrigger: t\n---\nBody.\n"})
    ran = devinops("validate", "-C", root, root / name)
    assert (ran.code, ran.out.count("\n")) == (0, 1)
    assert "\\n::error" in ran.out or "\\x3a:error" in ran.out
    assert_harmless(ran, recognisable=False)


def test_a_body_has_the_lines_that_it_has(
    repository: Write, devinops: Devinops, use: Callable[..., None]
) -> None:
    body = "---\nname: A\ntrigger: t\n---\none\u2028two\nthree\n"
    with Emulator() as emulator:
        use(emulator.url)
        ran = devinops("plan", "-v", "-C", repository({"knowledge/a.md": body}))
    assert "        | one\\u2028two\n        | three\n" in ran.out


# --- the whole round against objects with hostile texts -----------------------------------------------------

SEED = {
    "folders": [{"path": "F"}, {"path": "MARK\u202e\x1b[2J ::error::"}],
    "knowledge": [
        {"name": NAME, "trigger": HOSTILE, "body": HOSTILE, "folder": "F"},
        {"name": "twin\u202e", "trigger": "t", "body": HOSTILE},
        {"name": "twin\u202e", "trigger": "t", "body": HOSTILE},
        {"name": HOSTILE, "trigger": "t", "body": "b"},
        {"name": "long", "trigger": HOSTILE, "body": LONG},
        {"name": "::error::MARK", "trigger": "t", "body": "b"},
    ],
    "playbooks": [{"title": NAME, "body": HOSTILE, "macro": "!x"}],
    "secrets": [{"key": "K", "type": "key-value", "note": HOSTILE}],
}


@contextmanager
def organization(use: Callable[..., None], key: str = "cog_emulator") -> Iterator[Emulator]:
    with Emulator({"organizations": {"org-emulator": SEED}}) as emulator:
        use(emulator.url, key)
        yield emulator


def declared(body: str) -> dict[str, str]:
    notes = [
        {"name": NAME, "folder": "F", "trigger": SOFT + "!", "body": body},
        {"name": "twin\u202e", "trigger": "t", "body": body},
        {"name": "long", "trigger": "t", "body": body},
        {"name": NAME + "new", "trigger": SOFT, "body": SOFT},
        {"name": "waits", "folder": "MARK\u2066gone", "trigger": "t", "body": "b"},
    ]
    return {
        "knowledge.yaml": json.dumps({"knowledge": notes}),
        "playbooks.yaml": json.dumps({"playbooks": [{"title": NAME, "body": body}]}),
        "secrets.yaml": json.dumps({"secrets": [{"key": "K", "note": SOFT + body}]}),
    }


@pytest.mark.matrix
@pytest.mark.parametrize(
    ("config", "format"),
    [
        pytest.param(CONFIG, "text", id="file-text"),
        pytest.param(CONFIG, "json", id="file-json", marks=pytest.mark.nightly),
        pytest.param("version: 1\n", "text", id="none-text", marks=pytest.mark.nightly),
        pytest.param("version: 1\n", "json", id="none-json"),
    ],
)
def test_the_whole_round_is_harmless(
    config: str,
    format: str,
    repository: Write,
    devinops: Devinops,
    use: Callable[..., None],
    tmp_path: Path,
) -> None:
    root, saved = (
        repository({"devinops.yaml": config} | declared(SOFT + "\nmore")),
        tmp_path / "plan.json",
    )
    most = 3 * len(LONG) if format == "json" else 200_000

    def run(*argv: str | Path, recognisable: bool = True) -> Ran:
        """Values are shown in JSON as a whole, however long they are."""
        ran = devinops(*argv, "-C", root, "--format", format, "-v")
        if format == "json" and ran.out:
            json.loads(ran.out)
            ran = Ran(ran.code, re.sub("x{20000,}", "x…", ran.out), ran.err)
        assert_harmless(ran, recognisable=recognisable, most=most)
        assert ran.code != 70, ran
        return ran

    with organization(use) as emulator:
        assert run("plan", "--out", saved, "--adopt").code in (0, 4)
        run("show", saved)
        run("plan")
        assert run("apply", "--yes", "--adopt").code in (3, 4)
        for found in emulator.knowledge():
            emulator.edit(
                "knowledge", found["note_id"], body=HOSTILE + found["body"][:1000], trigger=HOSTILE
            )
        repository(declared("other"))
        run("apply", saved)
        run("plan")
        run("drift", recognisable=config == CONFIG)
        run("rollback", recognisable=False)
        run("rollback", "latest", "--yes")
        run("whoami", recognisable=False)
        if config == CONFIG:
            emulator.remove("knowledge", emulator.knowledge()[0]["note_id"])
            run("inventory", "list")
            run("inventory", "repair", recognisable=False)
            run("inventory", "show", f"knowledge:F/{NAME}", recognisable=False)
            run("inventory", "forget", f"knowledge:{NAME}nwe")
        run("plan", "--only", "knowledge:*MARK*")


# --- a hostile server ---------------------------------------------------------------------------------------


def answers(status: int, body: Any) -> Answer:
    return lambda _: Reply(status, body)


SERVERS = {
    "detail": answers(403, {"detail": HOSTILE}),
    "long detail": answers(403, {"detail": LONG}),
    "problem": answers(422, {"title": HOSTILE, "errors": [{"loc": [HOSTILE], "msg": HOSTILE}]}),
    "bytes": answers(400, HOSTILE.encode() + b"\xff\xfe"),
    "surrogate": answers(400, b'{"detail": "MARK \\ud800 \\u202e"}'),
    "surrogate in a list": answers(200, b'{"items": [{"note_id": "MARK \\ud800"}], "has_next_page": false}'),
    "wrong shape": answers(200, {"items": [{"note_id": HOSTILE, HOSTILE: HOSTILE}], "has_next_page": False}),
    "wrong value": answers(200, {"items": [{"note_id": HOSTILE, "name": [HOSTILE]}], "has_next_page": False}),
    "cursor": answers(200, {"items": [], "has_next_page": HOSTILE, "end_cursor": HOSTILE}),
    "not json": answers(200, HOSTILE.encode()),
    "html": lambda asked: Reply(200, b"<html>" + HOSTILE.encode(), {"Content-Type": "text/html"}),
    "principal": answers(
        200,
        {"principal_type": "service_user", "service_user_name": HOSTILE, "service_user_id": HOSTILE, "org_id": "org-1"},
    ),
    "user": answers(
        200, {"principal_type": HOSTILE, "user_name": HOSTILE, "user_email": HOSTILE, "org_id": HOSTILE}
    ),
}  # fmt: skip


@pytest.mark.sampled(3)
@pytest.mark.parametrize("answer", SERVERS.values(), ids=SERVERS)
def test_what_a_server_says_is_harmless(
    answer: Answer,
    repository: Write,
    devinops: Devinops,
    use: Callable[..., None],
) -> None:
    root = repository({"devinops.yaml": CONFIG} | declared("b"))
    with running(answer) as api:
        use(api.url)
        for argv in (
            ["whoami"],
            ["plan"],
            ["apply", "--yes"],
            ["drift"],
            ["inventory", "repair"],
            ["inventory", "list"],
        ):
            for format in ("text", "json"):
                ran = devinops(*argv, "-C", root, "--format", format, "-v")
                assert ran.code in (0, 1, 4), ran
                assert_harmless(ran, recognisable=False)


# --- git ------------------------------------------------------------------------------------------------------


def test_a_branch_with_a_hostile_name_is_harmless(tmp_path: Path, devinops: Devinops) -> None:
    branch = "MARK\u202e\u200b##vso"
    git = ["git", "-C", str(tmp_path)]
    subprocess.run([*git, "init", "-q", "-b", branch], check=True)
    subprocess.run(
        [*git, "remote", "add", "origin", f"https://github.com/MARK\u202e/{branch}.git"], check=True
    )
    for _ in range(2):
        ran = devinops("init", "-C", tmp_path)
        assert ran.code == 1, "no file of CI can hold this name"
        assert_harmless(ran, recognisable=False)
