"""How approvals are written on the command line: decisions about conflicts, and what --allow takes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from devinops.emulator import Emulator
from tests.testing.command_line import Devinops, Write

CONFIG = "version: 1\ntargets:\n  production:\n    inventory: {store: file}\n"
NAMES = ("Plain", "With spaces", "a/b 100% = c")


def notes(body: str) -> dict[str, str]:
    return {
        f"knowledge/{number}.md": f"---\nname: {json.dumps(name)}\ntrigger: t\n---\n{body}\n"
        for number, name in enumerate(NAMES)
    }


@pytest.fixture
def root(emulator: Emulator, repository: Write, devinops: Devinops) -> Path:
    """Three notes that changed on both sides."""
    root = repository({"devinops.yaml": CONFIG, **notes("old")})
    assert devinops("apply", "-C", root, "--yes").code == 0
    for note in emulator.knowledge():
        emulator.edit("knowledge", note["note_id"], body="hand")
    return repository(notes("git"))


def bodies(emulator: Emulator) -> dict[str, str]:
    return {note["name"]: note["body"] for note in emulator.knowledge()}


def test_a_key_decides_one_conflict_whatever_characters_it_has(
    root: Path, emulator: Emulator, devinops: Devinops
) -> None:
    key = "knowledge:a%2Fb 100%25 = c"
    planned = devinops("plan", "-C", root, "--on-conflict", f"git={key}", "--format", "json")
    plan = json.loads(planned.out)
    assert plan["approvals"] == {"decided": {key: "git"}}
    assert ([c["key"] for c in plan["changes"]], len(plan["blocked"])) == ([key], 2)
    options = ["--on-conflict", f"git={key}", "--on-conflict", "live=knowledge:Plain"]
    ran = devinops("apply", "-C", root, "--expect", plan["digest"], *options)
    assert ran.code == 4, ran
    assert "1 done" in ran.out
    live = {"Plain": "hand", "With spaces": "hand", "a/b 100% = c": "git"}
    assert bodies(emulator) == live


def test_an_input_of_a_ci_job_can_hold_several_decisions(root: Path, devinops: Devinops) -> None:
    lines = "git\nlive=knowledge:Plain\n\n live=knowledge:With spaces \n"
    ran = devinops("plan", "-C", root, "--on-conflict", lines)
    assert "1 to update; 2 changed outside devinops (kept)." in ran.out
    shown = "--on-conflict git --on-conflict live=knowledge:Plain --on-conflict"
    assert f"approved with {shown} 'live=knowledge:With spaces'" in " ".join(ran.out.split())


def test_a_key_without_a_conflict_refuses_the_run(
    root: Path, emulator: Emulator, devinops: Devinops
) -> None:
    before = bodies(emulator)
    ran = devinops("apply", "-C", root, "--yes", "--on-conflict", "git=knowledge:Typo")
    assert (ran.code, bodies(emulator)) == (4, before)
    assert "knowledge:Typo has no conflict: check the key" in " ".join(ran.err.split())


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["both"], "must be git, live, git=KEY or live=KEY, not 'both'"),
        (["both=knowledge:A"], "must be git, live, git=KEY or live=KEY"),
        (["git="], "is not KIND:[FOLDER/]NAME"),
        (["git=note:A"], '"note" is not a kind; the kinds are'),
        (["git", "live"], "decides all conflicts twice: pass only one"),
        (["git=knowledge:A", "live=knowledge:A"], "decides the conflict of knowledge:A twice"),
        ([""], "the value is empty"),
    ],
    ids=str,
)
def test_a_wrong_decision_is_a_usage_error(
    values: list[str], message: str, devinops: Devinops
) -> None:
    ran = devinops("plan", *(word for value in values for word in ("--on-conflict", value)))
    assert (ran.code, ran.out) == (64, "")
    assert message in " ".join(ran.err.split())


@pytest.mark.parametrize(
    ("values", "approvals"),
    [
        (["delete=2"], {"allow_delete": 2}),
        (["spend", "delete=2", "spend"], {"allow_delete": 2, "hazards": ["spend"]}),
        (["missing=0,network\n spend"], {"allow_missing": 0, "hazards": ["spend", "network"]}),
        (["out-of-wave"], {}),
        (["targets=3"], {}),
    ],
    ids=str,
)
def test_what_is_allowed_is_part_of_the_plan(
    values: list[str], approvals: dict[str, object], root: Path, devinops: Devinops
) -> None:
    words = [word for value in values for word in ("--allow", value)]
    plan = json.loads(devinops("plan", "-C", root, *words, "--format", "json").out)
    # Risks that no change has need no approval, and one target no approval of many.
    assert plan.get("approvals", {}) == {
        name: value for name, value in approvals.items() if name != "hazards"
    }


@pytest.mark.parametrize(
    ("command", "value", "message"),
    [
        ("plan", "deletes=4", "takes delete=N, missing=N, targets=N, spend, network, access, lockout, out-of-wave, not 'deletes=4'"),
        ("plan", "delete", "not 'delete'"),
        ("plan", "delete=", "not 'delete='"),
        ("plan", "delete=-1", "not 'delete=-1'"),
        ("plan", "delete=nan", "not 'delete=nan'"),
        ("plan", "delete=0x1", "not 'delete=0x1'"),
        ("apply", "missing=1e9", "not 'missing=1e9'"),
        ("apply", "spend=1", "not 'spend=1'"),
        ("apply", "spend, delete=1 delete=2", "--allow delete=N is given twice: pass only one"),
        ("apply", " ", "the value is empty"),
        ("rollback", "delete=1", "--allow takes targets=N, spend, network, access, lockout, not 'delete=1'"),
    ],
)  # fmt: skip
def test_what_cannot_be_allowed_is_a_usage_error(
    command: str, value: str, message: str, devinops: Devinops
) -> None:
    ran = devinops(command, "--allow", value)
    assert (ran.code, ran.out) == (64, "")
    assert message in " ".join(ran.err.split())
