"""Each fault at each request of an apply, in one process; then it is run again with a network that works."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from devinops.cli.main import main
from devinops.emulator import Emulator
from devinops.emulator.fault_rules import parse_faults
from devinops.model.exit_codes import ExitCode
from tests.testing.documents import read_one
from tests.testing.world import CHANGES, KEYS, SEED, VALUE, World

pytestmark = pytest.mark.crash

Apply = Callable[..., tuple[int, Any]]

PAGES = {
    "method": "GET",
    "path": [f"/v3/*/*/{list}" for list in ("knowledge/notes", "playbooks", "secrets")],
}
LISTS = {"method": "GET", "path": [*PAGES["path"], "/v3/*/*/knowledge/folders", "/v1/*"]}
OBJECTS = {
    "path": ["/v3/*/*/knowledge/notes/*", "/v3/*/*/playbooks/*", "/v3/*/*/secrets/*", "/v1/*/*"]
}
CREATES = {"method": "POST"}
UPDATES = {"method": ["PUT", "PATCH"]}
FAULTS: dict[str, dict[str, Any]] = {
    "500 before": {"fault": "status", "status": 500, "empty": True},
    "500 after": {"fault": "status", "status": 500, "when": "after", "empty": True},
    "502 before": {"fault": "status", "status": 502},
    "502 after": {"fault": "status", "status": 502, "when": "after"},
    "503 before": {"fault": "status", "status": 503},
    "503 after": {"fault": "status", "status": 503, "when": "after"},
    "403": {"fault": "status", "status": 403},
    "a web page before": {"fault": "html", "status": 200},
    "a web page after": {"fault": "html", "status": 200, "when": "after"},
    "502 web page": {"fault": "html", "status": 502},
    "dropped before": {"fault": "drop", "when": "before"},
    "dropped after": {"fault": "drop", "when": "after"},
    "dropped during": {"fault": "drop", "when": "during"},
    "reset": {"fault": "drop", "when": "after", "reset": True},
    "closed behind": {"fault": "close"},
    "dropped next": {"fault": "stale-connection"},
    "timed out before": {"fault": "hang", "when": "before"},
    "timed out after": {"fault": "hang", "when": "after"},
    "dripped": {"fault": "drip", "delay_ms": 0},
    "dripped too slowly": {"fault": "drip", "delay_ms": 200},
    "truncated": {"fault": "truncate"},
    "garbage": {"fault": "garbage"},
    "429": {"fault": "rate-limit", "retry_after": "seconds"},
    "429 with a date": {"fault": "rate-limit", "retry_after": "date"},
    "429 without a time": {"fault": "rate-limit", "retry_after": "absent"},
    "429 absurd": {"fault": "rate-limit", "retry_after": "-5"},
    "revoked": {"fault": "revoke-key"},
    "empty list": {"fault": "empty-list", **LISTS},
    "repeated page": {"fault": "repeat-page", **PAGES},
    "missing page": {"fault": "skip-page", **PAGES},
    "lost cursor": {"fault": "lost-cursor", **PAGES},
    "looping cursor": {"fault": "looping-cursor", **PAGES},
    "low total": {"fault": "low-total", **PAGES},
    "late object": {"fault": "late-object", "lists": 2, **CREATES},
    "late and lost": {"fault": "late-object", "lists": 5, "lost": True, **CREATES},
    "edited": {"fault": "edit", "set": {"body": "edited by a person"}, **OBJECTS},
    "deleted": {"fault": "delete", **OBJECTS},
    "namesake": {"fault": "namesake", **OBJECTS},
    "namesake of a create": {"fault": "namesake", **CREATES},
    "another id before": {"fault": "wrong-id", "when": "before", **CREATES},
    "another id after": {"fault": "wrong-id", "when": "after", **CREATES},
    "old values before": {"fault": "old-values", "when": "before", **UPDATES},
    "old values after": {"fault": "old-values", "when": "after", **UPDATES},
}
PEOPLE = {"edited", "deleted", "namesake", "namesake of a create"}
"""What people do outside: afterwards the organization may rightly wait for a decision."""

LASTING = {"late and lost"}
"""What does not end with the first run: its object is in none of that run's lists, and not in the next run's first."""

BLIND = {"late object", "late and lost", "empty list"}
"""Where a list hides what is there, what a report says is left is what the list says."""

SLOW = {"timed out before", "timed out after", "dripped too slowly"}

PAGE = 10
"""Objects on a page, so that there are several; else a page's faults would have nothing to befall."""

ANYWHERE = [name for name, rule in FAULTS.items() if rule.keys().isdisjoint(("method", "path"))]
"""What can happen at any request. CI deals the requests of v3 out to these, so each of them has one of the faults."""

SAMPLE = {"v3": 2, "v1": 1}
"""CI lets each other fault happen at about so many of its requests, others than the fault before."""

CODES = {ExitCode.OK, ExitCode.FIX, ExitCode.RUN_AGAIN, ExitCode.DECIDE, ExitCode.PLAN_AGAIN}


@pytest.fixture
def apply(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Apply:
    """Run apply here; return its exit code and its document."""
    monkeypatch.setattr("devinops.api.listing.PAGE_SIZE", PAGE)
    monkeypatch.setattr("devinops.api.retry.delay_s", lambda *_: 0.001)
    monkeypatch.setenv("A_SECRET_VALUE", VALUE)

    def run(made: World, timeout: float = 10) -> tuple[int, Any]:
        monkeypatch.setenv("DEVIN_API_URL", made.emulator.url)
        monkeypatch.setenv("DEVIN_API_KEY", KEYS[made.api])
        capfd.readouterr()
        monkeypatch.setenv("DEVINOPS_TIMEOUT", str(timeout))
        command = ["apply", "--yes", "--root", str(made.root), "--format", "json"]
        code = main(command)
        out, err = capfd.readouterr()
        assert VALUE not in out + err
        assert "Traceback" not in err
        return code, read_one(out)

    return run


def cases() -> Iterator[tuple[str, str]]:
    """Yield (api, fault); lists of v1 have no pages."""
    for fault, rule in FAULTS.items():
        yield "v3", fault
        if rule.get("path") != PAGES["path"]:
            yield "v1", fault


@pytest.fixture(scope="module")
def undisturbed() -> dict[str, Sequence[Mapping[str, Any]]]:
    """API → the requests of an apply, by the first test that needs them."""
    return {}


def sample(api: str, fault: str, places: Sequence[int]) -> Sequence[int]:
    """Return the places that CI takes; what can happen anywhere, it lets happen once on v1."""
    if fault in ANYWHERE:
        dealt = places[ANYWHERE.index(fault) :: len(ANYWHERE)]
        return dealt if api == "v3" else dealt[:1]
    step = max(1, len(places) // SAMPLE[api])
    return places[list(FAULTS).index(fault) % step :: step]


def test_each_request_has_a_fault_in_ci() -> None:
    places = range(1, 100)
    dealt = [place for fault in ANYWHERE for place in sample("v3", fault, places)]
    assert sorted(dealt) == [*places]


@pytest.mark.parametrize(("api", "fault"), list(cases()))
def test_whatever_fails_the_report_is_true_and_the_next_run_finishes(
    tmp_path: Path,
    api: str,
    fault: str,
    apply: Apply,
    undisturbed: dict[str, Sequence[Mapping[str, Any]]],
    record_property: Callable[[str, object], None],
) -> None:
    if api not in undisturbed:
        with Emulator(SEED) as emulator:
            code, report = apply(World.make(tmp_path / "undisturbed", emulator, api))
            assert code == ExitCode.OK, report
            undisturbed[api] = emulator.requests
    requests = undisturbed[api]
    assert len(requests) > CHANGES
    (rule,) = parse_faults([FAULTS[fault]]).rules
    places = range(
        1, 1 + sum(rule.matches(one["method"], urlsplit(one["path"]).path) for one in requests)
    )
    chosen = places if os.environ.get("CRASH_MATRIX") == "all" else sample(api, fault, places)
    struck = 0
    for at in (*chosen, *(place for place in places if place not in chosen)):
        if struck and at not in chosen:
            break
        with Emulator(SEED) as emulator:
            struck += one(World.make(tmp_path / str(at), emulator, api), fault, at, apply)
    # not every place is one for every fault: the first page has none before it
    assert struck
    record_property("faults", struck)


def one(made: World, fault: str, at: int, apply: Apply) -> int:
    """Run with a fault and again without it; return how often the fault struck."""
    target = f"{fault} at request {at}"
    theirs, before = made.theirs(), made.objects()
    made.emulator.faults = [{"nth": at, "times": 1, **FAULTS[fault]}]
    code, report = apply(made, 0.5 if fault in SLOW else 10)
    assert code in CODES, target
    if fault not in PEOPLE:
        assert code != ExitCode.OK or made.problems() == [], target
        if "results" in report:
            assert made.untrue(report, before, blind=fault in BLIND) == [], target
        else:
            assert made.objects() == before, target
    (counts,) = made.emulator.faults["counts"]
    if fault not in LASTING:
        made.emulator.faults = []
    between = made.objects()
    again, second = apply(made)
    assert made.untrue(second, between, blind=fault in PEOPLE) == [], target
    assert made.theirs() == theirs, target
    if fault in PEOPLE:
        assert again in (ExitCode.OK, ExitCode.DECIDE), (target, second)
        # what was deleted is made again, and cannot have the old id
        problems = [one for one in made.problems() if fault != "deleted" or "has the id" not in one]
        assert again == ExitCode.DECIDE or "namesake" in fault or problems == [], target
    else:
        assert again == ExitCode.OK, (target, second)
        assert made.problems() == [], target
    if again == ExitCode.OK:
        assert made.intents() == [], target
    return int(counts["faulted"])
