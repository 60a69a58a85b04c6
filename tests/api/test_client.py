"""Snapshots and writes against servers that misbehave."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time

import pytest

from devinops.api import open_reader, open_writer
from devinops.kinds import KINDS
from devinops.kinds.knowledge import Knowledge
from devinops.kinds.playbook import Playbook
from devinops.kinds.secret import Secret
from devinops.model.client_protocols import KeyOwner
from devinops.model.errors import ApiError, BadResponse, ConfigError, Unreachable
from devinops.model.keys import Key, ObjectId
from devinops.model.objects import Live
from devinops.model.values import UNSET
from tests.testing.waiting import LONG_S

ORG = "/v3/organizations/org-1"
NOTES = f"{ORG}/knowledge/notes"


def note(id, **changes):
    facts = {
        "name": f"Note {id}",
        "body": "b",
        "trigger": "t",
        "folder_id": None,
        "folder_path": "",
    }
    return {"note_id": id, **facts, **changes}


def page(items, cursor=None, **more):
    return {"items": items, "has_next_page": cursor is not None, "end_cursor": cursor, **more}


@pytest.fixture
def api(serve, reply):
    """api({path: answer or {cursor: answer}}) serves lists; whatever is not named is an empty one."""

    def start(answers=None, **options):
        def answer(asked):
            path, _, query = asked.path.partition("?")
            found = (answers or {}).get(path, page([]))
            if path.endswith("/folders") and found == page([]):
                found = {"folders": [], "root_note_count": 0}
            if callable(found):
                found = found(query)
            return found if isinstance(found, reply) else reply(body=found)

        return serve(answer, **options)

    return start


def test_what_does_not_say_that_it_is_an_emulator_is_none(api, connect):
    with open_reader(connect(api().url)) as reader:
        assert reader.emulator is None
        reader.snapshot()
        assert reader.emulator is False


# --- lists ------------------------------------------------------------------------------------------------


FOUR = {"folder", "knowledge", "playbook", "secret"}


def test_a_snapshot_reads_lists_alone_and_is_sorted(api, snapshot):
    server = api({NOTES: page([note("b"), note("a")])})
    assert [live.id for live in snapshot(server, FOUR).objects] == ["a", "b"]
    assert sorted(server.lines) == [
        f"GET {ORG}/knowledge/folders",
        f"GET {NOTES}?first=200",
        f"GET {ORG}/playbooks?first=200",
        f"GET {ORG}/secrets?first=200",
    ]


def test_pages_are_followed_to_the_end(api, connect):
    pages = {
        "first=200": page([note("a")], "c&1=ü"),
        "first=200&after=c%261%3D%C3%BC": page([], "c2"),
        "first=200&after=c2": page([note("b")], total=2),
    }
    server = api({NOTES: pages.__getitem__})
    counts: list[int] = []
    with open_reader(connect(server.url)) as reader:
        found = reader.snapshot({"knowledge"}, counts.append)
    assert [live.id for live in found.objects] == ["a", "b"]
    assert counts == sorted(counts)
    assert counts[-1] == 2


@pytest.mark.parametrize("second", [note("b"), note("b", pinned_repo="acme/api")])
def test_pages_that_were_decoded_early_give_the_same_snapshot(api, connect, second):
    """In one edition no note has a field; in the other one the first page only seems to lack it."""
    pages = {"first=200": page([note("a")], "c"), "first=200&after=c": page([second])}
    server = api({NOTES: pages.__getitem__})
    early = []
    with open_reader(connect(server.url)) as reader:
        usual = reader.snapshot({"knowledge"}, verify=False)
        found = reader.snapshot(
            {"knowledge"}, verify=False, pages=lambda decode: early.extend(decode())
        )
    assert [live.id for live in early] == ["a", "b"]
    assert found == usual


def test_only_what_is_asked_for_is_read_with_what_it_refers_to(api, snapshot):
    server = api()
    snapshot(server, {"secret"})
    assert server.lines == [f"GET {ORG}/secrets?first=200"]
    server = api({f"{ORG}/knowledge/folders": {"folders": [], "root_note_count": 0}})
    snapshot(server, {"knowledge"})
    assert sorted(server.lines) == [f"GET {ORG}/knowledge/folders", f"GET {NOTES}?first=200"]


@pytest.mark.parametrize("folder_id", ["f", None])
def test_folders_can_be_listed_later_and_their_counts_are_checked(api, connect, folder_id):
    folder = {"folder_id": "f", "name": "F", "path": "F", "note_count": 1}
    listed = note("a", folder_id=folder_id, folder_path="F" if folder_id else "")
    answers = {NOTES: page([listed]), f"{ORG}/knowledge/folders": {"folders": [folder]}}
    server = api(answers)
    with open_reader(connect(server.url)) as reader:
        found = reader.snapshot({"knowledge"}, parents=False)
        assert server.lines == [f"GET {NOTES}?first=200"]
        assert [live.key.folder for live in found.objects] == [listed["folder_path"]]
        if folder_id:
            reader.snapshot({"folder"})
        else:
            with pytest.raises(BadResponse, match="note_count adds up to 1"):
                reader.snapshot({"folder"})


@pytest.mark.parametrize(
    "answer",
    [
        [],
        {},
        {"items": None, "has_next_page": False},
        {"items": {}, "has_next_page": False},
        {"items": ["x"], "has_next_page": False},
        {"items": [None], "has_next_page": False},
        {"items": []},
        {"items": [], "has_next_page": None},
        {"items": [], "has_next_page": "false"},
        {"items": [], "has_next_page": True},
        {"items": [], "has_next_page": True, "end_cursor": None},
        {"items": [], "has_next_page": True, "end_cursor": ""},
        {"items": [], "has_next_page": True, "end_cursor": 7},
        page([note("a"), note("a")]),
        page([note("a")], total=2),
        page([note("a")], "always the same"),
    ],
)
def test_a_list_that_cannot_be_proved_complete_is_not_used(api, snapshot, answer):
    server = api({NOTES: answer})
    with pytest.raises(BadResponse, match=f"^GET {NOTES}: .*cannot be proved complete.*run again"):
        snapshot(server)


@pytest.mark.parametrize("second", [page([]), page([], total=0), page([note("b")], total=2)])
def test_what_any_page_counts_must_come(api, snapshot, second):
    pages = {"first=200": page([note("a")], "c", total=3), "first=200&after=c": second}
    with pytest.raises(BadResponse, match=r"shows [12] of 3 objects; .*cannot be proved complete"):
        snapshot(api({NOTES: pages.__getitem__}))


def test_pages_that_promise_more_forever_end(api, snapshot):
    numbers = iter(range(10_000))
    server = api({NOTES: lambda _: page([], f"c{next(numbers)}")})
    with pytest.raises(BadResponse, match="repeat endlessly"):
        snapshot(server, {"knowledge"})
    assert len(server.asked) < 200


def test_an_object_on_two_pages_is_noticed(api, snapshot):
    pages = {"first=200": page([note("a")], "c"), "first=200&after=c": page([note("a")])}
    with pytest.raises(BadResponse, match="an object twice"):
        snapshot(api({NOTES: pages.__getitem__}))


def readings(*lists):
    """Serve a list of two pages, another one at each reading, and from then on the last."""
    left = [list(ids) for ids in lists]

    def answer(query):
        ids = left[0]
        if "after" not in query:
            return page([note(id) for id in ids[:2]], "c")
        if len(left) > 1:
            left.pop(0)
        return page([note(id) for id in ids[2:]])

    return answer


@pytest.mark.parametrize(
    ("lists", "found", "times"),
    [
        (["abcd"], "abcd", 2),
        (["abd", "bcd"], "bcd", 3),  # a is deleted after the first page, so c moves up to it
        (["abc", "abcd"], "abcd", 2),  # only created: nothing can have moved up
        (["abd", "bcd", "bcde"], "bcde", 3),
        (["bacd", "dcba"], "abcd", 2),  # another order
        (["abc", "bcd", "cde", "cde"], "cde", 4),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else str(value),
)
def test_a_list_of_several_pages_is_read_until_nothing_goes_between_two_readings(
    api, snapshot, lists, found, times
):
    server = api({NOTES: readings(*lists)})
    assert "".join(live.id for live in snapshot(server, {"knowledge"}).objects) == found
    assert server.lines.count(f"GET {NOTES}?first=200") == times


def test_a_list_from_which_something_goes_in_every_reading_is_not_used(api, snapshot):
    server = api({NOTES: readings("abc", "bcd", "cde", "def", "efg")})
    with pytest.raises(
        BadResponse,
        match=f"^GET {NOTES}: objects were deleted during each of 4 reads; .*run again",
    ):
        snapshot(server, {"knowledge"})
    assert server.lines.count(f"GET {NOTES}?first=200") == 4


def test_a_list_of_several_pages_can_be_read_once_and_then_says_so(api, connect):
    server = api({NOTES: readings("abd", "bcd"), f"{ORG}/playbooks": page([])})
    with open_reader(connect(server.url)) as reader:
        once = reader.snapshot(verify=False)
        assert ("".join(live.id for live in once.objects), once.unverified) == (
            "abd",
            {"knowledge"},
        )
        again = reader.snapshot()
        assert ("".join(live.id for live in again.objects), again.unverified) == ("bcd", set())
    # the first of both counts: the second snapshot reads on until it has what the one before it had
    assert server.lines.count(f"GET {NOTES}?first=200") == 3
    assert server.lines.count(f"GET {ORG}/playbooks?first=200") == 2


def test_what_an_earlier_snapshot_read_is_not_read_twice_again(api, connect):
    server = api({NOTES: readings("abc")})
    with open_reader(connect(server.url)) as reader:
        assert reader.snapshot({"knowledge"}, verify=False).unverified
        assert not reader.snapshot({"knowledge"}).unverified
    assert server.lines.count(f"GET {NOTES}?first=200") == 2


def test_readings_after_the_first_count_for_nothing(api, connect):
    counts: list[int] = []
    with open_reader(connect(api({NOTES: readings("abd", "bcd")}).url)) as reader:
        reader.snapshot({"knowledge"}, counts.append)
    assert (len(counts), counts[-1]) == (3, 3)


@pytest.mark.parametrize(
    "answer",
    [
        {"root_note_count": 0},
        {"folders": {}},
        {"folders": [{"folder_id": "a", "name": "A", "path": "A"}] * 2},
        [{"folder_id": "a", "name": "A", "path": "A"}] * 2,
        [[]],
        "folders",
        {"folders": [], "has_next_page": True},
        {"folders": [], "total": 1},
    ],
)
def test_lists_without_pages_are_held_to_the_same(api, snapshot, answer):
    server = api({f"{ORG}/knowledge/folders": answer})
    with pytest.raises(BadResponse, match="cannot be proved complete"):
        snapshot(server)


V1_PLAYBOOK = {"playbook_id": "p", "title": "P", "body": "b", "macro": None}
V1_SECRET = {"id": "s", "key": "K", "type": "cookie"}


@pytest.mark.parametrize(
    ("api_version", "kind", "path", "items"),
    [
        ("v1", "playbook", "/v1/playbooks", [V1_PLAYBOOK]),
        ("v1", "secret", "/v1/secrets", [V1_SECRET]),
        (
            "v3",
            "folder",
            f"{ORG}/knowledge/folders",
            [{"folder_id": "f", "name": "F", "path": "F"}],
        ),
    ],
)
def test_a_list_without_pages_may_be_bare_or_in_an_object(
    api, snapshot, api_version, kind, path, items
):
    name = path.rpartition("/")[2]
    shapes = [items, {name: items}, {name: items, "has_next_page": False, "total": 1}]
    seen = [snapshot(api({path: shape}), {kind}, api=api_version, key="apk_x") for shape in shapes]
    assert len(seen[0].objects) == 1
    assert seen == [seen[0]] * 3


@pytest.mark.parametrize("answer", [[], {"knowledge": []}, {"knowledge": [], "folders": None}])
def test_a_list_that_two_kinds_share_has_to_name_both(api, snapshot, answer):
    with pytest.raises(BadResponse, match="cannot be proved complete"):
        snapshot(api({"/v1/knowledge": answer}), {"knowledge"}, api="v1", key="apk_x")


def v1_note(id, **more):
    return {"id": id, "name": f"Note {id}", "body": "b", "trigger_description": "t", **more}


@pytest.mark.parametrize(
    ("notes", "macros", "unknown"),
    [
        ([], [], set()),
        ([v1_note("a"), v1_note("b")], [UNSET, UNSET], {("knowledge", "macro")}),
        ([v1_note("a", macro="!a"), v1_note("b")], ["!a", None], set()),
        ([v1_note("a", macro=None), v1_note("b")], [None, None], set()),
    ],
)
def test_a_field_that_no_object_of_a_list_has_is_not_known(api, snapshot, notes, macros, unknown):
    answer = {"knowledge": [{"pinned_repo": None, **one} for one in notes], "folders": []}
    found = snapshot(api({"/v1/knowledge": answer}), {"knowledge"}, api="v1", key="apk_x")
    assert ([live.resource.macro for live in found.objects], found.unknown_fields) == (
        macros,
        unknown,
    )


def test_a_field_that_the_list_does_not_know_is_not_sent_and_not_taken_for_null(
    api, reply, connect
):
    answers = {"/v1/knowledge": {"knowledge": [v1_note("a", pinned_repo=None)], "folders": []}}
    server = api(answers | {"/v1/knowledge/a": v1_note("a", pinned_repo=None)})
    with open_writer(connect(server.url, api="v1", key="apk_x")) as writer:
        (live,) = writer.snapshot({"knowledge"}).objects
        after = writer.update(live, live.resource, {})
    assert after.resource == live.resource
    assert "macro" not in server.asked[-1].json


def test_a_bad_object_names_list_object_and_field(api, snapshot):
    server = api({NOTES: page([note("a"), note("b", trigger=7)])})
    with pytest.raises(
        BadResponse, match=r"knowledge/notes.*: b: trigger: expected text, got a number"
    ):
        snapshot(server)


def test_a_missing_permission_is_named(api, reply, snapshot):
    server = api({f"{ORG}/secrets": reply(403, {"detail": "Forbidden"})})
    with pytest.raises(ApiError, match=r"secrets returned 403: Forbidden .*ManageOrgSecrets"):
        snapshot(server)


MOVING = "Devin may be moving its notes to skills in plugins"


@pytest.mark.parametrize(
    ("status", "kind", "said"),
    [
        (404, "knowledge", True),
        (405, "knowledge", True),
        (410, "knowledge", True),
        (400, "knowledge", False),
        (404, "secret", False),
    ],
)
def test_a_list_that_is_gone_may_have_moved(serve, reply, snapshot, status, kind, said):
    folders = reply(body={"folders": []})
    gone = reply(status, {"detail": "no such endpoint"})
    server = serve(lambda asked: folders if "folders" in asked.path else gone)
    with pytest.raises(ApiError, match=f"returned {status}") as caught:
        snapshot(server, [kind])
    assert (MOVING in str(caught.value)) is said
    assert caught.value.status == status


def test_a_web_page_in_place_of_a_list_is_a_wrong_address(serve, reply, snapshot):
    page = reply(404, b"<html>", {"Content-Type": "text/html"})
    with pytest.raises(ApiError) as caught:
        snapshot(serve(page), ["knowledge"])
    assert MOVING not in str(caught.value)


def test_the_same_failures_give_the_same_message(serve, reply, snapshot):
    server = serve(reply(401, {"detail": "no"}))
    messages = set()
    for _ in range(5):
        with pytest.raises(ApiError) as caught:
            snapshot(server)
        messages.add(str(caught.value))
    assert len(messages) == 1


def test_lists_are_read_side_by_side(api, connect):
    together = threading.Barrier(4, timeout=LONG_S)

    def wait(_):
        together.wait()
        return {"folders": [], "root_note_count": 0, **page([])}

    paths = [f"{ORG}/knowledge/folders", NOTES, f"{ORG}/playbooks", f"{ORG}/secrets"]
    server = api(dict.fromkeys(paths, wait))
    with open_reader(connect(server.url)) as reader:
        assert reader.snapshot().objects == ()


def test_one_at_a_time_where_that_is_wished(api, connect):
    busy, most = [], []

    def watch(_):
        busy.append(1)
        most.append(len(busy))
        time.sleep(0.02)
        busy.pop()
        return {"folders": [], "root_note_count": 0, **page([])}

    paths = [f"{ORG}/knowledge/folders", NOTES, f"{ORG}/playbooks", f"{ORG}/secrets"]
    server = api(dict.fromkeys(paths, watch))
    with open_reader(connect(server.url, parallelism=1)) as reader:
        reader.snapshot()
    assert max(most) == 1


# --- who and where ----------------------------------------------------------------------------------------


def test_the_organization_is_asked_for_once(api, connect):
    server = api(
        {
            "/v3/self": {
                "principal_type": "service_user",
                "service_user_name": "CI",
                "org_id": "org-1",
            }
        }
    )
    with open_reader(connect(server.url, org_id=None)) as reader:
        reader.snapshot()
        assert reader.org_id == "org-1"
    assert server.lines.count("GET /v3/self") == 1


def test_a_key_of_an_enterprise_needs_an_organization(api, connect):
    server = api(
        {"/v3/self": {"principal_type": "service_user", "service_user_name": "CI", "org_id": None}}
    )
    with open_reader(connect(server.url, org_id=None)) as reader:
        with pytest.raises(ConfigError, match=r"set org_id .* or DEVIN_ORG_ID"):
            _ = reader.org_id
        with pytest.raises(ConfigError, match="DEVIN_ORG_ID"):
            reader.snapshot()
    assert set(server.lines) == {"GET /v3/self"}


@pytest.mark.parametrize(
    ("answer", "identity"),
    [
        (
            {
                "principal_type": "service_user",
                "service_user_id": "s",
                "service_user_name": "CI",
                "org_id": "o",
            },
            KeyOwner("CI", "o", "service_user", "s"),
        ),
        (
            {"api_key_id": "k", "api_key_name": "Key", "user_id": "u", "user_name": "Ada"},
            KeyOwner("Ada", user_id="u"),
        ),
        (
            {"principal_type": "devin_brain", "org_id": None},
            KeyOwner("devin_brain", None, "devin_brain"),
        ),
        ({}, KeyOwner("unnamed")),
        ({"user_name": " ", "principal_type": " "}, KeyOwner("unnamed", None, " ")),
    ],
)
def test_whoami_knows_every_kind_of_principal(api, connect, answer, identity):
    with open_reader(connect(api({"/v3/self": answer}).url)) as reader:
        assert reader.whoami() == identity


@pytest.mark.parametrize("answer", [[], {"org_id": 7}, {"service_user_name": {}}])
def test_whoami_is_checked(api, connect, answer):
    with (
        open_reader(connect(api({"/v3/self": answer}).url)) as reader,
        pytest.raises(BadResponse, match="self"),
    ):
        reader.whoami()


def test_v1_cannot_say_who(api, connect):
    server = api()
    with open_reader(connect(server.url, api="v1", key="apk_x")) as reader:
        assert reader.whoami().principal == "unknown (API v1 does not say)"
        assert reader.org_id is None
    assert server.asked == []


def test_odd_organization_ids_stay_in_their_place(api, connect):
    server = api()
    with open_reader(connect(server.url, org_id="a/../b")) as reader:
        reader.snapshot({"secret"})
    assert server.lines == ["GET /v3/organizations/a%2F..%2Fb/secrets?first=200"]
    with (
        open_reader(connect(server.url, org_id="..")) as reader,
        pytest.raises(ConfigError, match="org_id"),
    ):
        reader.snapshot()


def test_the_enterprise_is_read_from_its_own_paths_without_an_organization(api, snapshot):
    notes = [note("a", access_type="enterprise"), note("b", access_type="org", org_id="org-1")]
    server = api({"/v3/enterprise/knowledge/notes": page(notes)})
    found = snapshot(server, enterprise=True, org_id=None).objects
    assert {live.id: live.ours for live in found} == {"a": True, "b": False}
    assert sorted(server.lines) == [
        "GET /v3/enterprise/knowledge/notes?first=200",
        "GET /v3/enterprise/playbooks?first=200",
    ]


def test_a_path_in_the_address_is_kept(serve, reply, connect):
    server = serve(reply(body=page([])))
    with open_reader(connect(f"{server.url}/devin/")) as reader:
        reader.snapshot({"secret"})
    assert server.lines == [f"GET /devin{ORG}/secrets?first=200"]


# --- writes -----------------------------------------------------------------------------------------------

RESOURCE = Knowledge(name="N", folder="", trigger="t", body="b", pinned_repo=None)
BEFORE = Live("n", RESOURCE)


def test_a_reader_has_no_writes(api, connect):
    with open_reader(connect(api().url)) as reader:
        assert not any(hasattr(reader, name) for name in ("create", "update", "delete"))


def test_a_note_that_is_not_there_reads_as_none(serve, reply, writer):
    assert writer(serve(reply(404, {"detail": "Not found"}))).read("knowledge", "n") is None
    with pytest.raises(BadResponse):
        writer(serve(reply(404, b"<html>", {"Content-Type": "text/html"}))).read("knowledge", "n")
    with pytest.raises(ApiError):
        writer(serve(reply(403, {"detail": "no"}))).read("knowledge", "n")


def test_what_cannot_be_read_alone_is_not_asked_for(api, writer):
    server = api()
    client = writer(server)
    assert client.reads_one("knowledge")
    assert not client.reads_one("secret")
    with pytest.raises(ValueError, match="cannot read a single secret"):
        client.read("secret", "s")
    assert server.asked == []


def test_a_create_that_cannot_be_read_leaves_the_outcome_open(serve, reply, writer):
    for body in (b"", b"{", [], {"detail": "created"}, {"note_id": 7}, note("n", body=7)):
        with pytest.raises(BadResponse) as caught:
            writer(serve(reply(body=body))).create(RESOURCE, {})
        assert not caught.value.answered


def test_a_create_that_returns_an_object_that_was_there_leaves_the_outcome_open(
    serve, reply, writer
):
    other, same = ObjectId("knowledge", "note-6"), ObjectId("knowledge", "note-7")
    client = writer(serve(reply(body=note("note-7"))))
    assert client.create(RESOURCE, {}, taken={other}).id == "note-7"
    with pytest.raises(BadResponse, match="the id of another object, note-7, so") as caught:
        writer(serve(reply(body=note("note-7")))).create(RESOURCE, {}, taken={same})
    assert not caught.value.answered


def test_an_id_that_is_the_value_is_not_taken_along(serve, reply, writer):
    secret = Secret(key="K", type="key-value", value_from={"env": "V"})
    server = serve(reply(body={"secret_id": "secret-canary-77", "secret_name": "K"}))
    with pytest.raises(BadResponse, match="contains the value of the secret") as caught:
        writer(server).create(secret, {}, value="canary-77")
    assert "canary" not in str(caught.value)


def test_a_short_value_may_stand_in_an_id(serve, reply, writer):
    secret = Secret(key="K", type="key-value", value_from={"env": "V"})
    server = serve(reply(body={"secret_id": "secret-1", "secret_name": "K"}))
    assert writer(server).create(secret, {}, value="1").id == "secret-1"


def test_an_update_that_answers_nothing_is_what_was_sent(serve, reply, writer):
    for answer in (reply(204, b""), reply(body={"status": "success"})):
        live = writer(serve(answer)).update(BEFORE, RESOURCE, {})
        assert live.id == "n"
        assert live.resource.body == "b"


def test_an_answer_about_another_object_is_not_used(serve, reply, writer):
    client = writer(serve(reply(body=note("other\n"))))
    for ask in (
        lambda: client.read("knowledge", "n"),
        lambda: client.update(BEFORE, RESOURCE, {}),
    ):
        with pytest.raises(BadResponse, match=r"another object, other$") as caught:
            ask()
        assert not caught.value.answered


@pytest.mark.parametrize("status", [200, 204])
def test_a_delete_sends_the_id_of_one_object(serve, reply, writer, status):
    server = serve(reply(status, b""))
    writer(server).delete("knowledge", "n/1")
    assert server.lines == [f"DELETE {NOTES}/n%2F1"]


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.read("knowledge", "n"),
        lambda client: client.update(BEFORE, RESOURCE, {}),
        lambda client: client.delete("secret", "s"),
    ],
    ids=["read", "update", "delete"],
)
def test_a_403_for_one_object_says_that_it_may_be_gone(serve, reply, writer, call):
    client = writer(serve(reply(403, {"detail": "Forbidden"})))
    with pytest.raises(ApiError, match=r"lacks .*, or the object does not exist any more"):
        call(client)
    with pytest.raises(ApiError, match="lacks ") as caught:
        client.create(RESOURCE, {})
    assert "any more" not in str(caught.value)


@pytest.mark.parametrize(("kind", "status"), [("secret", 403), ("secret", 404), ("knowledge", 404)])
def test_whether_a_refused_delete_left_an_object_is_for_the_caller_to_find_out(
    serve, reply, writer, kind, status
):
    """The delete may have been carried out by an attempt whose response was lost, or not at all."""
    server = serve([reply(raw=b""), reply(status, {"detail": "no"})])
    with pytest.raises(ApiError) as caught:
        writer(server).delete(kind, "n")
    assert (caught.value.status, len(server.asked)) == (status, 2)


@pytest.mark.parametrize("id", ["", ".", ".."])
def test_an_id_can_not_turn_a_delete_into_another(api, writer, id):
    server = api()
    with pytest.raises(ConfigError):
        writer(server).delete("knowledge", id)
    assert server.asked == []


def test_the_value_of_a_secret_goes_out_and_nowhere_else(serve, reply, connect):
    value = "hunter2 and more"
    server = serve(
        reply(422, {"detail": [{"loc": ["body"], "msg": f"no {value}", "input": value}]})
    )
    lines: list[str] = []
    with (
        open_writer(connect(server.url), lines.append) as client,
        pytest.raises(ApiError) as caught,
    ):
        client.create(Secret(key="K", type="key-value"), {}, value=value)
    assert server.asked[0].json["value"] == value
    assert "hunter2" not in f"{caught.value} {caught.value!r} {lines} {vars(client)}"


def test_v1_answers_ids_and_statuses(serve, reply, writer):
    client = writer(serve(reply(body={"id": "s-1"})), api="v1")
    live = client.create(Secret(key="K", type="totp"), {}, value="v")
    assert (live.id, live.key.name, live.resource.note) == ("s-1", "K", UNSET)
    client = writer(serve(reply(body={"status": "success"})), api="v1")
    playbook = Playbook(title="T", body="B", macro="!m")
    live = client.update(Live("p-1", Playbook(title="T", body="")), playbook, {})
    assert (live.id, live.resource) == ("p-1", playbook)


def test_a_new_note_knows_the_folder_it_was_sent_to(serve, reply, writer):
    answer = {
        "id": "n",
        "name": "N",
        "body": "b",
        "trigger_description": "t",
        "parent_folder_id": "f-9",
    }
    client = writer(serve(reply(body=answer)), api="v1")
    new = Knowledge(name="N", folder="New", trigger="t", body="b")
    live = client.create(new, {Key.parse("folder:New"): "f-9"})
    assert live.key.folder == "New"


# --- as a package -----------------------------------------------------------------------------------------


def test_importing_the_package_does_not_load_httpx():
    script = "import sys, devinops.api; sys.exit('httpx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_an_interrupted_snapshot_does_not_wait_for_a_hanging_server(serve, reply, connect):
    """Ctrl-C comes when all four lists were asked for."""
    asked, release, answered = threading.Semaphore(3), threading.Event(), []

    def hang(request):
        if not asked.acquire(blocking=False):
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        release.wait(LONG_S)
        answered.append(request)
        return reply(body=page([]))

    server = serve(hang)
    try:
        with (
            pytest.raises(KeyboardInterrupt),
            open_reader(connect(server.url, timeout_s=600)) as reader,
        ):
            reader.snapshot(FOUR)
        assert answered == []
    finally:
        release.set()


def test_a_server_that_is_gone_is_unreachable(free_port, connect):
    with (
        open_reader(connect(f"http://127.0.0.1:{free_port}")) as reader,
        pytest.raises(Unreachable),
    ):
        reader.snapshot()


def test_what_api_v1_knows_is_served_by_both_apis():
    assert {noun for noun, kind in KINDS.items() if "v1" in kind.apis} == FOUR


def test_every_kind_is_served_by_v3():
    assert all("v3" in kind.apis for kind in KINDS.values())
