"""Pages as text: the policy, what a reader must know first, and that nothing else gets in."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from devinops.model.exit_codes import ExitCode
from devinops.model.objects import Live
from devinops.model.policy import Approvals
from devinops.render import JobLinks, Style, render
from devinops.render.answers import Answer, Failure, SimpleAnswer
from devinops.render.html.run import MOST_LISTED
from devinops.schema.backup import BackupsDocument
from devinops.schema.base_document import HEAD
from tests.testing.hostile_text import HOSTILE
from tests.testing.html import Parsed
from tests.testing.many_targets import PAGES
from tests.testing.objects import live
from tests.testing.reports import (
    JOB,
    MARKUP,
    conflict,
    declared,
    deletes,
    hostile,
    large,
    note,
    of_one,
    planned,
    small,
)


def page(answer: Answer) -> str:
    return "".join(render("html", answer, Style()))


def without_code(written: str) -> str:
    return re.sub(r"<(script|style)>.*?</\1>", "", written, flags=re.DOTALL, count=2)


def body(answer: Answer) -> str:
    """Return what a page shows, as text, without the help."""
    shown = page(answer).partition("<body>")[2].partition("<dialog")[0]
    return html.unescape(re.sub(r"<[^>]*>", "", re.sub(r"</(p|h1|h2|li|dd|div)>", "\n", shown)))


def test_a_rollout_shows_each_wave_as_a_bar_with_its_numbers_and_what_it_waits_for() -> None:
    shown = body(PAGES["rollout"]())
    assert "early has stopped: 2 of 8 targets failed, and its max_failed is 1" in shown
    assert "2 done, 4 to do, 2 failed, 1 held; it has stopped" in shown
    assert "28 to do; it waits for early, which has stopped" in shown
    written = page(PAGES["rollout"]())
    assert re.findall(r'<rect x="(\d)" width="(\d)" height="1" class="(\w+)"', written)[4:8] == [
        ("0", "2", "good"), ("2", "4", "changed"), ("6", "2", "error"), ("8", "1", "dim"),
    ]  # fmt: skip


@pytest.mark.parametrize("name", PAGES)
def test_only_the_style_and_the_script_of_devinops_are_permitted(name: str) -> None:
    written = page(PAGES[name]())
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', written)
    assert policy
    rules = dict(rule.split(" ", 1) for rule in html.unescape(policy[1]).split("; "))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    for element in ("style", "script"):
        (content,) = re.findall(rf"<{element}>(.*?)</{element}>", written, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert rules[f"{element}-src"] == f"'sha256-{digest}'"
    assert set(rules) == {
        "default-src", "style-src", "script-src", "base-uri", "form-action",
        "require-trusted-types-for", "trusted-types",
    }  # fmt: skip
    assert not re.search(r"<[^>]*\s(src|style|on\w+)=", without_code(written))


def test_a_page_is_the_same_for_the_same_answer(golden: Callable[[str, str], None]) -> None:
    assert page(PAGES["small"]()) == page(PAGES["small"]())
    stable = re.sub(
        r"<(script|style)>.*?</\1>", r"<\1>…</\1>", page(PAGES["small"]()), flags=re.DOTALL
    )
    stable = re.sub(r"sha256-[\w+/=]+", "sha256-…", stable)
    golden("report.html", re.sub(r"devinops \d[\w.+]*\.</p>", "devinops VERSION.</p>", stable))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("small", ["branch, 4 owned\n2 to create, 1 to update, 1 to rename, 1 to delete; 1 changed outside devinops (kept)",
                   "1 playbook will be deleted", "- playbook:Restart everything: no longer declared",
                   "1 object changed outside devinops, and kept",
                   "devinops apply --target production --expect "]),
        ("deletes", ["Refused, 12 to delete", "check all 12 deletes of this plan, then pass --allow delete=12", "To approve: devinops apply --target production --allow delete=12",
                     "12 notes would be deleted"]),
        ("conflict", ["1 to create; 3 blocked", "2 steps blocked until a person decides",
                      "decide with --on-conflict git or --on-conflict live", "then pass --adopt", "To approve: devinops apply --target production --adopt, or enter adopt: true in", "Create 1 folder in the web app, because no API can\n! Mobile/iOS needed by 3 entries", "needed by 3 entries\nknowledge:Mobile/iOS/Mobile 0\nknowledge:Mobile/iOS/Mobile 1",
                      "What is blocked stays as it is."]),
        ("empty", ["Nothing to change", "branch, 1 owned · 1 unchanged"]),
        ("drift", ["2 objects changed outside devinops", "devinops pull --drift writes", "by user-4711", "Unmanaged (not drift)"]),
        ("report", ["3 done, 1 failed, 1 skipped", "x knowledge:Backend/Migrations → Backend/Database migrations: rename failed: 422: trigger is too long",
                    "A plan made afterwards still has 2 changes",
                    "~ knowledge:Backend/APIs/Error envelope: trigger, body changed", ".devinops/backups/20260312T094100Z.jsonl"]),
        ("failure", ["Failed\n2 errors, 1 warning in 2 files", "x Nothing was written. Fix these files, and plan again.",
                     "knowledge/a.md:3:1", 'did you mean "trigger"? unknown-key', "error 2", "warning 1"]),
    ],
)  # fmt: skip
def test_what_matters_is_reported(name: str, words: list[str]) -> None:
    shown = body(PAGES[name]())
    for part in words:
        assert part in shown


def test_a_plan_that_destroys_nothing_says_so() -> None:
    plan = planned(declared(note("New", body="b")), [])
    assert "Nothing is deleted, replaced or blocked." in body(of_one(plan))
    assert "Nothing is deleted" not in body(of_one(small()))
    assert "Nothing is deleted" not in body(of_one(conflict()))


def test_elements_that_a_set_loses_are_a_warning_too() -> None:
    have = live("session_tags", tags=["a", "b"], id="tags")
    want = live("session_tags", tags=["a", "c"])
    shown = body(of_one(planned(declared(want), [have])))
    assert "1 list will lose elements" in shown
    assert "- session_tags: tags loses 1 element" in shown
    assert "Nothing is deleted" not in shown


def test_why_a_plan_was_not_applied_and_what_was_approved_is_shown() -> None:
    kept = note("Kept", body="Stays.")
    gone = [note(f"Old {number}", id=f"n{number}") for number in range(4)]
    plan = planned(declared(kept), [kept, *gone], [kept, *gone], Approvals(allow_delete=4))
    shown = body(of_one(plan))
    assert "Approved with --allow delete=4." in shown
    assert f"devinops apply --target production --allow delete=4 --expect {plan.digest}" in shown
    stale = body(of_one(plan, "the plan has another digest"))
    assert "Not applied, 4 to delete" in stale
    assert "Nothing was applied\nx the plan has another digest" in stale
    assert "--expect" not in stale
    assert plan.digest not in stale
    rollback = body(of_one(plan, command="rollback b.jsonl"))
    assert "devinops rollback b.jsonl --target production" in rollback


def test_many_deletes_are_counted_and_all_are_in_the_list() -> None:
    written = page(of_one(deletes(MOST_LISTED + 5)))
    assert "<summary>and 5 more</summary>" in written
    assert written.count('<details class="item"') == MOST_LISTED + 5


def test_files_are_linked_if_their_address_is_known() -> None:
    plan = of_one(small())
    linked = "".join(render("html", plan, Style(job=JOB)))
    assert '<a href="https://example.com/knowledge/Frontend/Forms.md#L1" rel="noopener">' in linked
    assert f"<dt>Commit</dt><dd>{JOB.commit}</dd>" in linked
    assert "Merge to apply this plan." in linked
    assert "example.com" not in page(plan)
    gone = "".join(render("html", of_one(deletes(2)), Style(job=JOB)))
    assert 'href="https://example.com/' not in gone
    nowhere = JobLinks("abc", "https://example.com", lambda path, line, gone: "")
    written = "".join(render("html", plan, Style(job=nowhere)))
    assert "<span>knowledge/Frontend/Forms.md:1</span><a" in written


def test_a_danger_links_to_its_change_and_not_to_the_delete_of_a_namesake() -> None:
    def automation(name: str, id: str, prompt: str, **facts: Any) -> Live:
        actions = [{"type": "start_session", "prompt": prompt}]
        return live("automation", name=name, id=id, actions=actions, **facts)

    triggers = [{"event_type": "github:pull_request", "conditions": []}]
    owned = [automation("A", "a", "first"), automation("B", "b", "other")]
    lives = [automation("A", "a", "edited"), automation("A", "b", "other")]
    approvals = Approvals(on_conflict="git", allow_delete=1, hazards=("spend",))
    entry = automation("A", "a", "mine", triggers=triggers)
    plan = planned(declared(entry), lives, owned, approvals)
    assert [str(change.action) for change in plan.changes] == ["update", "delete"]
    page = "".join(render("html", of_one(plan), Style()))
    box = page.partition("2 changes overwrite")[2].partition("</ul>")[0]
    assert re.findall(r'href="#(.+?)"', box) == ["change-1", "change-2"]


def test_an_entry_that_is_gone_has_no_link_and_a_refused_plan_no_digest() -> None:
    plan = deletes()
    written = "".join(render("html", of_one(plan), Style(job=JOB)))
    assert "example.com" not in written
    assert plan.digest not in written


def test_a_root_below_the_top_is_named() -> None:
    for answer in (of_one(small()), Failure("no", ExitCode.FIX)):
        written = "".join(render("html", answer, Style(below="teams/<a>")))
        assert "<dt>Root</dt><dd>teams/&lt;a&gt;</dd>" in written
    assert "devinops apply -C &#x27;teams/" in "".join(
        render("html", of_one(small()), Style(below="teams/<a>"))
    )


def test_lines_of_any_other_answer_are_shown() -> None:
    answer = SimpleAnswer(
        ["target: <production>", "  key: cog_…"], lambda: BackupsDocument(**HEAD, backups=())
    )
    assert '<pre class="text">\ntarget: &lt;production&gt;\n  key: cog_…</pre>' in page(answer)


ALLOWED = {"i", "mark"} | {
    tag
    for name in ("small", "conflict", "failure")
    for tag in re.findall(r"<([a-z]\w*)", page(PAGES[name]()))
}
LINKS = re.compile(r'href="([^"]*)"')


@given(
    st.lists(st.text(min_size=1).map(str.strip).filter(bool), min_size=1, max_size=3, unique=True)
)
@example([*MARKUP, HOSTILE])
def test_no_name_or_text_becomes_markup(texts: list[str]) -> None:
    written = page(of_one(hostile(texts)))
    shown = without_code(written)
    assert set(Parsed(shown.removeprefix("<!doctype html>")).tags) <= ALLOWED
    assert all(link.startswith("#") for link in LINKS.findall(shown))
    assert not re.search(r"(?m)^\s*::|##[A-Za-z]*\[", shown)


def test_a_page_is_written_item_by_item() -> None:
    pieces = list(render("html", of_one(large(200, lines=5)), Style()))
    assert sum(piece.startswith("<details class=") for piece in pieces) == 200
