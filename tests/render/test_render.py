"""Every format of `RENDERERS` can write every document."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from devinops.applying.report import ApplyReport
from devinops.model.changes import Blocked, Blocker, Outcome, Result
from devinops.model.exit_codes import ExitCode
from devinops.model.inventory import Inventory
from devinops.model.keys import ROOT, Key
from devinops.model.objects import Problem, Snapshot, Source
from devinops.model.policy import Policy
from devinops.model.target import Target
from devinops.planning.drift import DriftFindings
from devinops.planning.plan import PlanRequest, build_plan
from devinops.render import PROBLEM_FORMATS, RENDERERS, Style, render
from devinops.render.answers import (
    Failure,
    ProblemsAnswer,
    SimpleAnswer,
)
from devinops.schema.backup import BackupsDocument
from devinops.schema.base_document import HEAD
from tests.testing.many_targets import answer, applied, plans_of
from tests.testing.reports import (
    applied_to_one,
    declared,
    drift_of_one,
    note,
    of_one,
    planned,
    report_of_one,
)

TARGET = Target("production", "https://api.devin.ai", "v3", "org-1")
PLAN = build_plan((), Snapshot.of(()), PlanRequest(TARGET, Policy(), date(2026, 1, 1)))
EMPTY = BackupsDocument(**HEAD, backups=())
PROBLEM = Problem(Source("a.md", 1, 2), "bad", "it is bad")
DOCUMENTS: dict[str, tuple[Any, str]] = {
    "plan": (
        of_one(PLAN),
        "Plan for production (organization org-1): nothing to change",
    ),
    "report": (
        applied_to_one(PLAN, ()),
        "Applied to production (organization org-1): nothing to do.",
    ),
    "plans of many": (answer(plans_of([PLAN])), "Plan for 1 organization: nothing to change."),
    "report of many": (applied(), "Applied to 27 of 36 organizations: 145 changes done"),
    "failure": (Failure("no answer", ExitCode.FIX, (PROBLEM,)), "devinops: no answer"),
    "problems": (ProblemsAnswer([PROBLEM], 1, 0, ExitCode.FIX), "a.md:1:2: error: it is bad [bad]"),
    "drift": (
        drift_of_one(Inventory("file"), DriftFindings(), TARGET),
        "Drift in production (organization org-1): none.",
    ),
    "answer": (SimpleAnswer(["a line"], lambda: EMPTY), "a line"),
}


MARKDOWN = {
    "plan": "## Plan for production: nothing to change",
    "report": "## Applied to production: nothing to do",
    "plans of many": "## 1 organization: nothing to change",
    "report of many": "## Applied to 27 of 36 organizations",
    "failure": "## Failed: 1 error, 0 warnings in 1 file",
    "problems": "- `a.md:1:2`: **error**: it is bad `bad`",
    "drift": "## Drift in production: none",
    "answer": "```\na line\n```",
}


@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.parametrize("format", [f for f in RENDERERS if f not in PROBLEM_FORMATS])
def test_each_format_writes_each_document(format: str, name: str) -> None:
    document, words = DOCUMENTS[name]
    written = "".join(render(format, document, Style(full=True)))
    if format == "json":
        assert json.loads(written)["tool_version"]
    elif format == "html":
        assert re.search(r"<h1[^>]*>[^<]", written)
    elif format == "outputs":
        assert written.startswith("exit_code=")
    elif format == "metrics":
        assert "devinops_run_duration_seconds{" in written
    else:
        assert (MARKDOWN[name] if format == "markdown" else words) in written


@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.parametrize("format", sorted(PROBLEM_FORMATS))
def test_each_format_for_problems_writes_those_of_each_document(format: str, name: str) -> None:
    document, _ = DOCUMENTS[name]
    written = "".join(render(format, document, Style(below="team")))
    assert ("team/a.md" in written) == (name in ("failure", "problems"))
    assert ("it is bad" in written) == (name in ("failure", "problems"))


def test_what_a_document_says_is_escaped_for_terminals() -> None:
    answer = SimpleAnswer(["a\x1b[31mb"], lambda: EMPTY)
    assert "".join(render("text", answer)) == "a\\x1b[31mb\n"


def failing(number: int) -> ApplyReport:
    """Return a report in which every create of `number` failed with one message."""
    plan = planned(declared(*(note(f"N{n:03}", "", body="b") for n in range(number))), [])
    results = [Result(change, Outcome.FAILED, "422: no") for change in plan.changes]
    return ApplyReport(plan, tuple(results), left=plan.changes)


def test_many_failures_with_one_message_are_counted() -> None:
    rows = "".join(render("text", report_of_one(failing(200)))).splitlines()
    assert rows[:2] == ["", "a plan made afterwards still has 200 changes"]
    assert rows[23:25] == ["", "200 changes not applied"]
    assert rows[25:27] == [f"  x create knowledge:N00{n} failed: 422: no" for n in (0, 1)]
    assert rows.count("    … and 180 more likewise (-v shows them)") == 2
    assert len(rows) == 47
    full = "".join(render("text", report_of_one(failing(200)), Style(full=True)))
    assert len(full.splitlines()) == 405


@pytest.mark.parametrize("format", ["text", "markdown", "html"])
@pytest.mark.parametrize(
    ("changes", "step"),
    [
        ({}, ""),
        ({"unclear": True}, "devinops apply -t prod"),
        ({"interrupted": ExitCode.INTERRUPTED}, "devinops apply -t prod"),
        ({"interrupted": ExitCode.TERMINATED}, "devinops apply -t prod"),
    ],
)
def test_a_run_that_did_a_part_says_how_to_finish(
    changes: dict[str, Any], step: str, format: str
) -> None:
    report, facts = failing(2), dict(changes)
    unclear = facts.pop("unclear", False)
    results = tuple(replace(result, unclear=unclear) for result in report.results)
    report = replace(report, results=results, **facts)
    text = "".join(render(format, report_of_one(report), Style(flags=" -t prod")))
    assert text.count("To finish, ") == bool(step)
    assert step in text


A, B = Key("knowledge", ROOT, "A"), Key("knowledge", ROOT, "B")


def folder(name: str, *needed_by: Key) -> Blocked:
    return Blocked(Blocker.REQUIREMENT, Key("folder", ROOT, name), "r", needed_by=needed_by)


@pytest.mark.parametrize(
    ("blocked", "words"),
    [
        ((folder("F"),), "1 blocked"),
        ((folder("F", A),), "1 blocked (1 folder missing, needed by 1 entry)"),
        ((folder("F", A), folder("G", A)), "2 blocked (2 folders missing, needed by 1 entry)"),
        ((folder("F", A, B), folder("G", A)), "2 blocked (2 folders missing, needed by 2 entries)"),
        ((folder("F", A, B), folder("G", A), folder("H")), "3 blocked (2 folders missing, needed by 2 entries)"),
        ((replace(folder("F", A), by=Blocker.CONFLICT),), "1 blocked (1 folder, needed by 1 entry)"),
    ],
)  # fmt: skip
def test_an_entry_that_needs_several_blocked_steps_counts_once(
    blocked: tuple[Blocked, ...], words: str
) -> None:
    answer = of_one(replace(PLAN, blocked=blocked))
    assert f": nothing to change; {words}.\n" in "".join(render("text", answer))
