"""Who edited a note, from the audit log, over real HTTP and against answers of every shape."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devinops.api import audit, open_reader
from devinops.api.connection import Connection
from devinops.model.changes import Blocked, Blocker, Drift, DriftEvent
from devinops.model.client_protocols import Author
from devinops.model.errors import ApiError, Unreachable
from devinops.model.keys import Key
from devinops.model.target import Target

emulator = pytest.importorskip("devinops.emulator")
pytest.importorskip("uvicorn")

DAY = 24 * 60 * 60


@pytest.fixture
def running():
    seed = {
        "organizations": {
            "org-emulator": {
                "knowledge": [{"id": "note-1", "name": "A", "trigger": "t", "body": "b"}]
            }
        }
    }
    with emulator.Emulator(seed) as started:
        yield started


def reader(running, key="cog_enterprise", api="v3"):
    target = Target("default", running.url, api, "org-emulator")
    return open_reader(Connection(target, key, backoff_s=0.001))


def asked(running, key="cog_enterprise", ids=("note-1",), days=1, api="v3"):
    now = int(time.time())
    with reader(running, key, api) as open_one:
        return open_one.authors(ids, now - days * DAY, now + 60)


def test_the_last_editor_of_a_note_is_named(running):
    running.edit("knowledge", "note-1", body="mine")
    author = asked(running)["note-1"]
    assert "@" in author.who
    assert abs(author.at - time.time()) < 60


def test_drift_and_conflicts_get_who_caused_them(running):
    running.edit("knowledge", "note-1", body="mine")
    key, now = Key.parse("knowledge:A"), int(time.time())
    edit = Drift(DriftEvent.EDITED, key, "note-1", "body", (), None, now)
    conflict = Blocked(Blocker.CONFLICT, key, "moved", ids=("note-1",), changed_at=now)
    known = replace(conflict, changed_by="ann@acme.com")
    other = Blocked(Blocker.PROTECTED, key, "protected", ids=("note-1",))
    with reader(running) as open_one:
        drift, blocked = audit.with_editors([edit], [conflict, other], open_one)
        alone = audit.with_editors([], [conflict], open_one)
        running.clear_requests()
        asked = audit.with_editors([], [known, other], open_one)
    who = drift[0].by
    assert who is not None
    assert "@" in who
    assert (blocked, alone) == ((replace(conflict, changed_by=who), other), ((), blocked[:1]))
    assert (asked, running.requests) == (((), (known, other)), [])


def test_a_key_without_the_right_names_nobody_after_one_request(running):
    running.edit("knowledge", "note-1", body="mine")
    running.clear_requests()
    assert asked(running, "cog_emulator") == {}
    assert [request["status"] for request in running.requests if "audit" in request["path"]] == [
        403
    ]


def test_v1_is_not_asked(running):
    assert asked(running, "apk_emulator", api="v1") == {}
    assert running.requests == []


def test_an_object_that_the_log_does_not_name_is_left_out(running):
    running.edit("knowledge", "note-1", body="mine")
    assert set(asked(running, ids=("note-1", "note-2"))) == {"note-1"}


def test_a_long_time_is_asked_in_ranges_that_the_api_takes(running):
    running.clear_requests()
    assert asked(running, days=250) == {}
    assert [r["status"] for r in running.requests if "audit" in r["path"]] == [200, 200, 200]


def test_all_pages_are_read(running, monkeypatch):
    monkeypatch.setattr(audit, "PAGE_SIZE", 2)
    running.edit("knowledge", "note-1", body="mine")
    for number in range(5):
        running.add("knowledge", name=f"N{number}", trigger="t", body="b")
    assert set(asked(running)) == {"note-1"}


@pytest.mark.parametrize(
    ("key", "said"), [("cog_enterprise", " UTC by "), ("cog_emulator", " UTC")]
)
def test_a_plan_names_who_edited_a_note_outside(
    running, use, repository, devinops, monkeypatch, key, said
):
    use(running.url, key)
    monkeypatch.setenv("DEVIN_ORG_ID", "org-emulator")
    root = repository(
        {
            "knowledge/a.md": "---\nname: A\ntrigger: t\n---\nb\n",
            "devinops.yaml": "version: 1\ntargets: {default: {inventory: {store: file}}}\n",
        }
    )
    assert devinops("apply", "-C", root, "--yes").code == 0
    running.edit("knowledge", "note-1", body="mine")
    plan = devinops("plan", "-C", root)
    (line,) = (line for line in plan.out.splitlines() if "edited" in line and "UTC" in line)
    assert said in line
    assert ("UTC by" in line) == (key == "cog_enterprise")


class Answers:
    """A Getter that answers what it is told."""

    def __init__(self, *answers):
        self.answers = list(answers)

    def get(self, call):
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def event(who, id="note-1", **more):
    return {"user_email": who, "created_at": 5, "data": {"id": id}} | more


def ask(*answers, ids=("note-1",)):
    return audit.authors(Answers(*answers), "org-1", ids, 0, 10)


def test_the_newest_event_counts():
    assert ask({"items": [event("new@a"), event("old@a")]}) == {"note-1": Author("new@a", 5)}


def test_no_more_is_read_once_every_object_has_an_author():
    first = {"items": [event("new@a"), event("old@a")], "has_next_page": True, "end_cursor": "c"}
    assert ask(first, AssertionError("a second page was read")) == {"note-1": Author("new@a", 5)}


def test_a_service_user_is_named_where_no_person_is():
    assert ask({"items": [event(None, service_user_name="CI")]})["note-1"].who == "CI"


def test_a_name_of_nothing_but_space_is_none():
    assert ask({"items": [event(" \n", service_user_name="CI")]})["note-1"].who == "CI"
    assert ask({"items": [event(" ")]}) == {}


@pytest.mark.parametrize(
    "error", [Unreachable("cut"), ApiError("422", status=422), ApiError("404", status=404)]
)
def test_a_plan_does_not_fail_for_it(error):
    assert ask(error) == {}


def test_what_was_found_before_an_error_is_kept():
    page = {"items": [event("a@b")], "has_next_page": True, "end_cursor": "x"}
    assert set(ask(page, ApiError("500", status=500), ids=("note-1", "note-2"))) == {"note-1"}


def test_pages_that_never_end_are_left():
    assert ask({"items": [], "has_next_page": True, "end_cursor": "x"}) == {}


@pytest.mark.parametrize(("length", "authors"), [(4096, 1), (4097, 0)])
def test_a_cursor_that_is_too_long_for_a_request_is_not_followed(length, authors):
    first = {"items": [], "has_next_page": True, "end_cursor": "x" * length}
    assert len(ask(first, {"items": [event("a@b")]})) == authors


def test_a_name_cannot_steer_a_terminal():
    assert "\x1b" not in ask({"items": [event("a\x1b[2Jb")]})["note-1"].who


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just("note-1"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["items", "data", "id", "user_email", "created_at", "end_cursor", "has_next_page"]
            ),
            inner,
        )
    ),
    max_leaves=12,
)


@given(values)
def test_no_answer_is_too_strange(answer):
    assert set(ask(answer)) <= {"note-1"}
