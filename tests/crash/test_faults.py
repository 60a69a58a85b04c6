"""Each fault at each request of an apply, in one process; then it is run again with a network that works."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from devinops.cli import main
from devinops.emulator import Emulator
from devinops.errors import ExitCode
from tests.crash.world import CHANGES, SEED, VALUE, World

pytestmark = pytest.mark.crash

FAULTS: dict[str, dict[str, Any]] = {
    "500 before": {"fault": "status", "status": 500},
    "500 after": {"fault": "status", "status": 500, "when": "after"},
    "503 after": {"fault": "status", "status": 503, "when": "after"},
    "403": {"fault": "status", "status": 403},
    "a web page": {"fault": "html", "status": 200, "when": "after"},
    "502 web page": {"fault": "html", "status": 502},
    "dropped before": {"fault": "drop", "when": "before"},
    "dropped after": {"fault": "drop", "when": "after"},
    "dropped during": {"fault": "drop", "when": "during"},
    "closed behind": {"fault": "close"},
    "truncated": {"fault": "truncate"},
    "garbage": {"fault": "garbage"},
    "429": {"fault": "rate-limit", "retry_after": "absent"},
    "429 absurd": {"fault": "rate-limit", "retry_after": "-5"},
    "revoked": {"fault": "revoke-key"},
    "edited": {"fault": "edit", "set": {"body": "edited by a person"}},
    "deleted": {"fault": "delete"},
    "namesake": {"fault": "namesake"},
    "late object": {"fault": "late-object", "lists": 2},
    "empty list": {"fault": "empty-list"},
    "lost cursor": {"fault": "lost-cursor"},
    "low total": {"fault": "low-total"},
    "repeated page": {"fault": "repeat-page"},
}
PEOPLE = {"edited", "deleted", "namesake"}
"""What people do outside: afterwards the organization may rightly wait for a decision."""

SAMPLE = 7
"""CI takes each request and each fault, but not every pair: every so many-th of all of them."""

CODES = {ExitCode.OK, ExitCode.MEND, ExitCode.RUN_AGAIN, ExitCode.DECIDE, ExitCode.PLAN_AGAIN}


@pytest.fixture
def apply(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, Any]]:
    """Run apply here; return its exit code and its document. Waits are cut short, not left out."""
    monkeypatch.setattr("devinops.api.retry.delay_s", lambda *_: 0.001)
    monkeypatch.setattr("devinops.apply.RECOVERY_WAITS_S", (0.0, 0.0, 0.0))
    monkeypatch.setenv("DEVIN_API_KEY", "cog_emulator")
    monkeypatch.setenv("A_SECRET_VALUE", VALUE)

    def run(made: World, *flags: str) -> tuple[int, Any]:
        monkeypatch.setenv("DEVIN_API_URL", made.emulator.url)
        capfd.readouterr()
        code = main(
            ["apply", "--yes", "--root", str(made.root), "--format", "json", "--timeout", "5", *flags]
        )
        out, err = capfd.readouterr()
        assert VALUE not in out + err
        assert "Traceback" not in err
        return code, json.loads(out)

    return run


def cases(total: int) -> list[tuple[str, int]]:
    """Return (fault, number of the request), all of them or the sample."""
    every = [(name, at) for name in FAULTS for at in range(1, total + 1)]
    return every if os.environ.get("CRASH_MATRIX") == "all" else every[::SAMPLE]


@pytest.mark.parametrize("chunk", range(8))
def test_whatever_fails_the_report_is_true_and_the_next_run_finishes(
    tmp_path: Path,
    chunk: int,
    apply: Callable[..., tuple[int, Any]],
    record_property: Callable[[str, object], None],
) -> None:
    with Emulator(SEED) as emulator:
        assert apply(World.make(tmp_path / "undisturbed", emulator))[0] == 0
        total = len(emulator.requests)
    assert total > CHANGES
    chosen = cases(total)[chunk::8]
    for number, (fault, at) in enumerate(chosen):
        with Emulator(SEED) as emulator:
            one(World.make(tmp_path / str(number), emulator), fault, at, apply)
    record_property("faults", len(chosen))


def one(made: World, fault: str, at: int, apply: Callable[..., tuple[int, Any]]) -> None:
    where = f"{fault} at request {at}"
    theirs = made.theirs()
    made.emulator.faults = [{"nth": at, "times": 1, **FAULTS[fault]}]
    code, report = apply(made)
    assert code in CODES, where
    if code == ExitCode.OK and fault not in PEOPLE:
        assert made.problems() == [], where
    if fault not in PEOPLE and "results" in report:
        true_to_the_organization(made, report, where)
    made.emulator.faults = []
    again, second = apply(made)
    if fault in PEOPLE:
        assert again in (ExitCode.OK, ExitCode.DECIDE), (where, second)
        return
    assert again == ExitCode.OK, (where, second)
    assert made.problems() == [], where
    assert made.theirs() == theirs, where


def true_to_the_organization(made: World, report: Any, where: str) -> None:
    """Hold what the report calls done against what is live."""
    live = {f"knowledge:{n['folder_path']}/{n['name']}" for n in made.emulator.knowledge()}
    for result in report["results"]:
        if result["outcome"] != "done" or not result["key"].startswith("knowledge:"):
            continue
        assert (result["key"] in live) is (result["action"] != "delete"), (where, result)
