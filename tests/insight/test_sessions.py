"""Sessions as the API shows them: none of it is documented, so nothing may be taken for granted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devinops.insight.findings import Insight, Observed
from devinops.insight.sessions import NOTES, Session, SkillId, sessions_of
from devinops.model.inventory import Inventory
from tests.testing.insights import DAY, analysis, item, skill_usage
from tests.testing.many_targets import target


def only(shown, since=0):
    ((session,), _) = sessions_of([shown], since)
    return session


def test_notes_are_what_devin_recalls():
    assert sorted(NOTES) == ["knowledge"]


def test_a_session_is_read_with_all_that_its_analysis_says():
    shown = item(
        "devin-1",
        2,
        good=["note-a", "note-b"],
        bad={"note-c": "Wrong."},
        wishes=["Say why."],
        skill_usage={"good_usages": [skill_usage("a")], "bad_usages": [skill_usage("b")]},
        classification={"category": "migrations", "confidence": 1},
        acus_consumed=1.5,
        playbook_id="playbook-1",
        automation_id="automation-1",
        org_id="org-1",
    )
    assert only(shown) == Session(
        "devin-1",
        2 * DAY,
        analysed=True,
        good=frozenset({"note-a", "note-b", SkillId("acme/skills", "skills/a/SKILL.md")}),
        bad={"note-c": "Wrong.", SkillId("acme/skills", "skills/b/SKILL.md"): ""},
        wishes=("Say why.",),
        acus=1.5,
        groups=(
            ("automation", "automation-1"),
            ("playbook", "playbook-1"),
            ("organization", "org-1"),
            ("category", "migrations"),
        ),
    )


@pytest.mark.parametrize(
    ("members", "analysed"),
    [
        ({}, False),
        ({"analysis": None, "analysis_status": "started"}, False),
        ({"analysis": None, "analysis_status": "completed"}, False),
        ({"analysis": {}}, False),
        ({"analysis": {"classification": {"category": "other", "confidence": 1}}}, False),
        ({"analysis": {"note_usage": None, "action_items": [], "issues": []}}, False),
        ({"analysis": {"note_usage": {"good_usages": []}}}, True),
        ({"analysis": {"skill_usage": {"good_usages": []}}}, True),
        ({"analysis": {"issues": [{"id": "", "issue": "i"}]}}, True),
        ({"analysis": {"timeline": []}, "analysis_status": "completed"}, True),
        ({"analysis": {"timeline": [{"title": "t"}]}, "analysis_status": "failed"}, True),
    ],
    ids=str,
)
def test_a_classification_alone_is_no_analysis(members, analysed):
    assert only(item("devin-1", **members)).analysed is analysed


def test_sessions_outside_of_the_window_are_dropped_because_filters_may_be_ignored():
    shown = [
        item("devin-old", 1),
        item("devin-edge", 2),
        item("devin-timeless", None),
        item("devin-updated", None, updated_at=DAY),
        item("devin-text", None, created_at="2026-01-01T00:00:00Z"),
    ]
    ids = [session.id for session in sessions_of(shown, 2 * DAY)[0]]
    assert ids == ["devin-edge", "devin-timeless", "devin-text"]


def test_a_session_that_is_listed_twice_counts_once():
    shown = [item("devin-1", 2), item("devin-2", 1), item("devin-1", 2)]
    assert [session.id for session in sessions_of(shown, 0)[0]] == ["devin-1", "devin-2"]


def test_sessions_without_a_readable_id_are_counted():
    shown = [
        item("", 1),
        item(" ", 2),
        item("devin-1", 2),
        {"devin_id": "devin-2", "created_at": 3 * DAY},
        {"session_id": 5},
        {},
    ]
    sessions, unreadable = sessions_of(shown, 2 * DAY)
    assert ([session.id for session in sessions], unreadable) == (["devin-1"], 4)


@pytest.mark.parametrize("acus", [0, 0.0, None, -1, "2", True, [], float("nan"), 10**400])
def test_what_is_no_price_is_not_priced_yet(acus):
    assert only(item("devin-1", acus_consumed=acus)).acus == 0


def test_a_skill_without_a_path_is_known_by_its_name():
    usages = {"good_usages": [{"skill_name": "deploy"}, {"reason": "r"}]}
    session = only(item("devin-1", skill_usage=usages))
    assert session.good == {SkillId("", "deploy")}


@pytest.mark.parametrize(
    ("repository", "path", "place"),
    [
        ("acme/skills", "skills/a/SKILL.md", ("acme", "skills", "a")),
        ("https://github.com/acme/skills.git", "a/SKILL.md", ("acme", "skills", "a")),
        ("git@github.com:acme/skills.git", "deploy", ("acme", "skills", "deploy")),
        ("github.com/acme/skills", ".devin/skills/a", ("acme", "skills", "a")),
        ("", "a", ("", "a")),
    ],
)
def test_a_skill_has_a_place(repository, path, place):
    assert SkillId(repository, path).place == place


def test_only_action_items_about_knowledge_are_wishes():
    types = ("machine_setup", "external", "of next year", None, 1, "knowledge")
    items = [{"action_item": str(number), "type": each} for number, each in enumerate(types)]
    shown = item("devin-1", analysis=analysis() | {"action_items": items})
    assert only(shown).wishes == ("5",)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2)
    ),
    max_leaves=5,
)


def members_of(value, path=()):
    """Yield the path to each member of a value, at any depth."""
    inner = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for name, member in inner:
        yield (*path, name)
        yield from members_of(member, (*path, name))


def whole():
    return item(
        "devin-1",
        good=["note-a"],
        bad={"note-b": "r"},
        wishes=["w"],
        skill_usage={"good_usages": [skill_usage("a")], "bad_usages": [skill_usage("a")]},
        classification={"category": "other", "confidence": 1},
        acus_consumed=1,
        playbook_id="p",
        org_id="o",
    )


@given(st.data())
def test_no_damaged_member_stops_the_reading(data):
    shown = whole()
    path = data.draw(st.sampled_from(list(members_of(shown))))
    place = shown
    for name in path[:-1]:
        place = place[name]
    if data.draw(st.booleans()):
        place[path[-1]] = data.draw(ANYTHING)
    else:
        del place[path[-1]]
    seen = Observed(target("a"), sessions_of([shown], 0)[0], (), {}, Inventory())
    found = Insight([seen], 0, {})
    sections = (found.misleading, found.never_mentioned, found.missing, found.unknown, found.skills)
    assert all(isinstance(section(), list) for section in (*sections, found.cost))
