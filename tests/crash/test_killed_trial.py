"""`devinops doctor --write` with SIGKILL, and with each fault, at each of its requests: `--clean` finds what is left."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from devinops.cli.main import main
from devinops.emulator import Emulator
from tests.testing import forked_apply
from tests.testing.killer import Killer
from tests.testing.trials import NAME, PLACES, age, objects, seed, writes
from tests.testing.waiting import Waits

pytestmark = pytest.mark.crash
SAMPLE = 1 if os.environ.get("CRASH_MATRIX") == "all" else 17
"""CI takes every so-manieth case."""

QUIRKS: tuple[dict[str, str], ...] = (
    {},
    {"duplicate_secret": "allowed", "bodies": "trimmed", "newlines": "crlf", "unicode": "nfc"},
)
FAULTS: dict[str, dict[str, Any]] = {
    "500 before": {"fault": "status", "status": 500, "empty": True},
    "500 after": {"fault": "status", "status": 500, "when": "after", "empty": True},
    "502 page after": {"fault": "html", "status": 502},
    "web page after": {"fault": "html", "status": 200, "when": "after"},
    "403": {"fault": "status", "status": 403},
    "dropped before": {"fault": "drop", "when": "before"},
    "dropped after": {"fault": "drop", "when": "after"},
    "dropped during": {"fault": "drop", "when": "during"},
    "reset": {"fault": "drop", "when": "after", "reset": True},
    "stale": {"fault": "stale-connection"},
    "truncated": {"fault": "truncate"},
    "garbage": {"fault": "garbage"},
    "429": {"fault": "rate-limit", "retry_after": "seconds"},
    "revoked": {"fault": "revoke-key"},
    "all fail from here": {"fault": "status", "status": 500, "on": True},
    "late": {"fault": "late-object", "lists": 2, "method": "POST"},
    "late and lost": {"fault": "late-object", "lists": 9, "lost": True, "method": "POST"},
}


FAULTS_AND_PLACES = [
    (fault, where)
    for number, fault in enumerate(FAULTS)
    for at, where in enumerate(PLACES)
    if SAMPLE == 1 or number % len(PLACES) == at
]
"""CI takes each fault in one place."""


def first_post(emulator: Emulator) -> int:
    """Return the position of the first request that writes."""
    return [request["method"] for request in emulator.requests].index("POST")


def cases(number: int) -> Iterator[tuple[int, bool]]:
    yield from ((at, after) for at in range(number) for after in (False, True))


@contextmanager
def place(
    where: str, monkeypatch: pytest.MonkeyPatch, quirks: dict[str, str], *layers: Any
) -> Iterator[Emulator]:
    monkeypatch.setenv("DEVIN_API_KEY", PLACES[where][0])
    with Emulator(seed(), quirks=quirks, layers=layers) as emulator:
        monkeypatch.setenv("DEVIN_API_URL", emulator.url)
        yield emulator


def clean(emulator: Emulator, where: str) -> None:
    age(emulator)
    assert main(["doctor", "--clean", "--yes", "-q", *PLACES[where][1]]) == 0
    age(emulator, -3601)


def untouched(emulator: Emulator, theirs: set[str]) -> bool:
    """Return whether no write went to an object of somebody else."""
    return theirs.isdisjoint(path.rpartition("/")[2] for _, path in writes(emulator))


def ids(emulator: Emulator) -> set[str]:
    return {
        value
        for kind in objects(emulator)
        for live in kind
        for name, value in live.items()
        if name in ("note_id", "playbook_id", "secret_id", "automation_id")
    }


def doctor(emulator: Emulator, killer: Killer, where: str, path: Path) -> int:
    """Run it in a process of its own; return what it exits with."""
    outputs = (path / "out", path / "err")
    with killer.starting:
        killer.process = forked_apply.start(
            ["--write", "--yes", "-C", str(path), *PLACES[where][1]],
            os.environ,
            outputs,
            "doctor",
        )
    code = killer.exit_code()
    assert "Traceback" not in outputs[1].read_text()
    return code


@pytest.mark.parametrize("where", PLACES)
@pytest.mark.parametrize("quirks", QUIRKS, ids=("usual", "other"))
def test_what_a_killed_trial_leaves_is_found_and_nothing_else_is_touched(
    where: str,
    quirks: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:
    monkeypatch.chdir(tmp_path)
    killer = Killer()
    with place(where, monkeypatch, quirks, killer) as emulator:
        assert doctor(emulator, killer, where, tmp_path) == 0
    # In CI from the first POST: a kill before it leaves nothing.
    first = 0 if SAMPLE == 1 else first_post(emulator)
    total, left = len(emulator.requests), 0
    chosen = list(cases(total - first))[::SAMPLE]
    for at, after in chosen:
        killer = Killer(first + at, after)
        with place(where, monkeypatch, quirks, killer) as emulator:
            before, theirs = objects(emulator), ids(emulator)
            target = f"killed {'after' if after else 'before'} request {at} of {total - first}"
            code = doctor(emulator, killer, where, tmp_path)
            # After the very last response the process may be quicker to end than to be killed.
            assert code == -signal.SIGKILL or first + at == total - 1, target
            killer.at = None
            left += objects(emulator) != before
            clean(emulator, where)
            assert objects(emulator) == before, target
            assert untouched(emulator, theirs), target
    assert left, "no kill left anything, so this shows nothing"
    record_property("kills", len(chosen))


@pytest.mark.parametrize(("fault", "where"), FAULTS_AND_PLACES)
def test_whatever_fails_the_report_is_true_and_clean_finds_the_rest(
    fault: str,
    where: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    waits: Waits,
    capfd: pytest.CaptureFixture[str],
    record_property: Callable[[str, object], None],
) -> None:
    monkeypatch.chdir(tmp_path)
    with place(where, monkeypatch, {}) as emulator:
        main(["doctor", "--write", "--yes", *PLACES[where][1]])
        first, total = first_post(emulator), len(emulator.requests)
    rule, step = dict(FAULTS[fault]), max(1, SAMPLE // 2)
    is_on = rule.pop("on", False)
    places = range(1, 7) if "method" in rule else range(first + 1, total + 1)
    chosen = places[list(FAULTS).index(fault) % min(step, len(places)) :: step]
    for at in chosen:
        with place(where, monkeypatch, {}) as emulator:
            before, theirs = objects(emulator), ids(emulator)
            rule |= {"nth": f"{at}+"} if is_on else {"nth": at, "times": 1}
            emulator.faults = [rule]
            capfd.readouterr()
            code = main(["doctor", "--write", "--yes", *PLACES[where][1]])
            out, err = capfd.readouterr()
            target = f"{fault} at request {at}"
            assert "Traceback" not in err, target
            assert code in (0, 1, 3), target
            assert code == 3 or objects(emulator) == before, target
            assert NAME not in out, target
            emulator.faults = []
            clean(emulator, where)
            assert objects(emulator) == before, target
            assert untouched(emulator, theirs), target
    record_property("faults", len(chosen))
