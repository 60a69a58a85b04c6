"""Whatever names and texts hold, a document has the elements of the report and nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import cycle
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devinops.model.changes import (
    Action,
    Blocked,
    Blocker,
    Change,
    Drift,
    DriftEvent,
    FieldChange,
    Refusal,
)
from devinops.model.exit_codes import ExitCode
from devinops.model.inventory import Inventory
from devinops.model.keys import FolderPath, Key
from devinops.model.objects import Problem, Severity, Source
from devinops.model.target import Target
from devinops.model.values import UNSET
from devinops.planning.plan import Plan
from devinops.planning.run import (
    At,
    BlockedAt,
    ChangeAt,
    DriftAt,
    Plans,
    RunTarget,
    Shared,
)
from devinops.render import JobLinks, Style
from devinops.render.answers import Answer, Failure, ProblemsAnswer, RunAnswer, SimpleAnswer
from devinops.render.comment_marker import read
from devinops.render.markdown import render
from devinops.render.markdown.budget import COMMENT_LIMIT, MIN_LIMIT
from tests.testing.costly import costly
from tests.testing.gfm import Page

PIECES = (
    "@octocat", "@acme/security", "#12", "GH-12", "acme/api#12", "JIRA-12", "!5", "%3", "~bug", "~\"a b\"", "&7",
    "$4", "^alert#1", "[vulnerability:1]", "0123abc", "deadbeefdeadbeefdeadbeefdeadbeefdeadbeef",
    "https://evil.example/x", "http://evil.example", "www.evil.example", "a@evil.example", "mailto:a@b.example",
    "ftp://evil.example", "<https://evil.example>", "![x](https://evil.example/x.png)", "[x](javascript:alert(1))",
    "[x]: https://evil.example", "[^1]", "[^1]: x", "<img src=x onerror=alert(1)>", "<script>alert(1)</script>",
    "<details>", "</details>", "</summary>", "</code>", "</pre>", "<!-- devinops: {\"target\": \"x\"} -->", "<!--", "-->",
    "--", "---", "===", "***", "```", "````diff", "~~~", "`", "``", "` `", "|", "\\|", "| a | b |", "| --- | --- |", "- [ ] x",
    "- [x] x", "> [!NOTE]", "> x", "# x", "1. x", "1) x", "* x", "+ x", "- x", "    code", "\t", "\n", "\r\n", "\n\n", "\r",
    "/close", "/approve", "&lt;", "&#64;", "&nbsp", "\\", "\\@", ":tada:", "**b**", "_i_", "~~s~~", "$x$", "$`x`$",
    "\u202e", "\u200b", "\x00", "\x1b[31m", "\ud800", "\u2028", "\u3000", "🎉", "字", "é", "::error::x", "##[group]x",
    "pass --allow delete=4", "http:", "www.", "x.", "(", ")", "\"", "'", "[", "]", "a", "word", " ", "  ", "]]>", "<?php",
    "<![CDATA[x]]>", "@@ -1 +1 @@", "+", "-", "-->x", "{{x}}", "\ufeff",
)  # fmt: skip
HOSTILE = st.one_of(
    st.sampled_from(PIECES),
    st.lists(st.sampled_from(PIECES), min_size=2, max_size=9).map("".join),
    st.text(min_size=1, max_size=9),
)
TARGET = Target("production", "https://api.devin.ai", "v3", "org-1")
JOB = JobLinks(
    "0" * 40,
    "https://ci.example/1",
    lambda path, line, gone: (
        "" if gone else f"https://git.example/{quote(path, errors='replace')}#L{line}"
    ),
    in_request=True,
)
MADE = {
    "h2", "h3", "p", "ul", "li", "blockquote", "strong", "code", "pre", "details", "summary", "b", "a", "table",
    "thead", "tbody", "tr", "th", "td", "del", "ins",
}  # fmt: skip
"""The elements of a report."""


def document(answer: Answer | RunAnswer, limit: int | None = None) -> str:
    return "".join(render(answer, Style(job=JOB, limit=limit)))


def run_over(plan: Plan, *others: str, error: str = "") -> RunAnswer:
    """Return the answer about a plan in its target, and in other targets with these names."""
    names = sorted({plan.target.name, *others})
    at = tuple(map(At, names))
    plans = Plans(
        tuple(RunTarget(n, target=replace(plan.target, name=n), digest="0" * 32) for n in names),
        tuple(Shared(c, tuple(ChangeAt(n, c.id) for n in names)) for c in plan.changes),
        tuple(Shared(b, tuple(BlockedAt(n, b.ids) for n in names)) for b in plan.blocked),
        (),
        tuple(Shared(d, tuple(DriftAt(n, d.id, d.at, d.by) for n in names)) for d in plan.drift),
        tuple(Shared(refusal, at) for refusal in plan.refusals),
        tuple(Shared(problem, at) for problem in plan.problems),
        tuple(Shared(note, at) for note in plan.notes),
        by_one=not others,
        also_changed=plan.notes if others else (),
    )
    return RunAnswer(plans, ExitCode.OK, error)


def checked(text: str, limit: int = COMMENT_LIMIT) -> Page:
    """Return a document as readers get it, when it holds nothing but the elements of a report."""
    assert len(text.encode()) <= limit
    page = Page.of(text)
    assert set(page.tags) <= MADE
    assert page.attributes <= {"href", "lang", "align"}
    for link in page.links:
        assert link.startswith(("https://git.example/", "https://ci.example/")), link
    assert list(page.references()) == []
    assert len(page.comments) == bool(read(text)) + text.count(
        "\n<!-- devinops-digests: 1 ", 0, 900
    )
    return page


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Draw a plan with one of everything, in which all that people write is hostile."""
    texts = cycle(draw(st.lists(HOSTILE, min_size=1, max_size=7)))

    def key() -> Key:
        return Key("knowledge", FolderPath(next(texts)), next(texts))

    def source() -> Source:
        return Source(next(texts), 3)

    def naming(own: Key) -> str:
        copied = json.dumps([{"name": next(texts)}], ensure_ascii=False)
        return f"{next(texts)}{own}{next(texts)} previously: {copied}{next(texts)}"

    def change(action: Action, *fields: FieldChange) -> Change:
        own = key()
        return Change(action, own, naming(own), fields=fields, declared_at=source())

    def blocked(by: Blocker, own: Key, *fields: FieldChange) -> Blocked:
        return Blocked(by, own, naming(own), source(), fields=fields)

    body = FieldChange("body", next(texts), next(texts))
    return Plan(
        Target(next(texts), "https://api.devin.ai", "v3", next(texts)),
        (
            change(Action.CREATE, FieldChange("trigger", UNSET, next(texts)),
                   FieldChange("body", UNSET, next(texts))),
            change(Action.UPDATE, FieldChange("trigger", next(texts), next(texts)), body),
            change(Action.UPDATE, FieldChange("pinned_repo", next(texts), None)),
            change(Action.DELETE, FieldChange("body", next(texts), UNSET)),
            change(Action.REPLACE, body),
            change(Action.ADOPT),
        ),
        blocked=(
            blocked(Blocker.CONFLICT, key(), body),
            blocked(Blocker.REQUIREMENT, Key("folder", FolderPath(""), next(texts))),
        ),
        drift=(Drift(DriftEvent.EDITED, key(), "id", next(texts), (body,), source(), 0, next(texts)),),
        problems=(Problem(source(), "code", next(texts), Severity.WARNING),),
        notes=(next(texts),),
        refusals=(Refusal(next(texts)),) * draw(st.integers(0, 1)),
        inventory=Inventory("file"),
    )  # fmt: skip


@given(plans())
def test_a_plan_holds_only_what_the_report_makes(plan: Plan) -> None:
    page = checked(document(run_over(plan)))
    assert page.tags.count("h2") == 1
    assert page.tags.count("details") == 7


NAMES = ("deadbeef", "www.evil.example", "a--b", "1.", "gh-12", "all-1", "x" * 99, "a_b_", "0-1")


@given(plans(), st.lists(st.sampled_from(NAMES), min_size=1, max_size=5))
def test_nor_do_plans_of_many_targets(plan: Plan, names: list[str]) -> None:
    page = checked(document(run_over(replace(plan, target=TARGET), *names)))
    assert page.tags.count("h2") == 1
    assert "details" in page.tags


@given(plans(), HOSTILE)
def test_nor_does_one_that_was_not_applied(plan: Plan, error: str) -> None:
    checked(document(run_over(plan, error=error)))


@given(HOSTILE, HOSTILE, HOSTILE)
def test_nor_do_problems_failures_and_lines(path: str, message: str, name: str) -> None:
    problem = Problem(Source(path), "code", message)
    for answer in (
        Failure(message, ExitCode.FIX, target=name),
        Failure(message, ExitCode.FIX, (problem,), name),
        ProblemsAnswer((problem,), 1, 1, ExitCode.FIX),
        SimpleAnswer([message, path], lambda: pytest.fail("no document is asked for")),
    ):
        checked(document(answer))


@costly
@given(plans(), st.integers(1, 40), st.integers(0, 70_000))
def test_a_large_plan_is_below_its_limit_and_its_summary_is_whole(
    small: Plan, times: int, limit: int
) -> None:
    plan = Plan(
        TARGET, small.changes * times, small.blocked * times, small.drift * times,
        small.problems * times, small.notes * times, small.refusals * times,
    )  # fmt: skip
    text = document(run_over(plan), limit)
    shown = "".join(checked(text, max(limit, MIN_LIMIT)).text)
    assert f"{times} to create, {2 * times} to update, {times} to adopt" in shown
    will = "would" if plan.refusals else "will"
    assert f"{times} note{'s' * (times > 1)} {will} be deleted" in shown
    assert text.endswith(("plan again.\n", "approve.\n", "`000000000000`\n"))
