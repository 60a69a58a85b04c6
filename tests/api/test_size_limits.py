"""A response that is too large is refused before the first write."""

from __future__ import annotations

import contextlib
import gzip
import itertools
import json
import tracemalloc
import zlib

import pytest

from devinops.api import audit, open_reader, open_writer, size_limits
from devinops.api.http_client import Call, Getter
from devinops.api.size_limits import BudgetExceeded, ResponseBudget
from devinops.kinds.playbook import Playbook
from devinops.model.errors import ApiError, BadResponse

GET = Call("GET", "/v3/things")
ORG = "/v3/organizations/org-1"
NOTES = f"{ORG}/knowledge/notes"
REFUSED = "; the list cannot be proved complete and is not used; run again"


def note(id, **changes):
    return {
        "note_id": id,
        "name": f"Note {id}",
        "body": "b",
        "trigger": "t",
        "folder_id": None,
        **changes,
    }


def page(items, cursor=None):
    return {"items": items, "has_next_page": cursor is not None, "end_cursor": cursor}


@pytest.fixture
def get(serve, reply, connect):
    """get(reply) asks a server that always answers this, once."""

    def run(answer, **changes):
        server = serve(answer)
        with contextlib.closing(Getter(connect(server.url, **changes), lambda _: None)) as client:
            try:
                return client.get(GET)
            finally:
                assert len(server.asked) == 1

    return run


@pytest.fixture
def notes(serve, reply, connect):
    """notes(pages) reads the notes from a server with these pages, and returns (snapshot, requests)."""

    def run(pages, api="v3"):
        def answer(asked):
            if "folders" in asked.path:
                return reply(body={"folders": [], "root_note_count": 0})
            return reply(body=next(pages))

        server = serve(answer)
        key = "cog_x" if api == "v3" else "apk_x"
        with open_reader(connect(server.url, api=api, key=key)) as reader:
            return reader.snapshot({"knowledge"}), server

    return run


# --- one answer -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers", [{}, {"Content-Encoding": "gzip"}, {"Content-Encoding": "deflate"}]
)
def test_a_huge_answer_is_refused_packed_or_not(get, reply, monkeypatch, headers):
    monkeypatch.setattr(size_limits, "LARGEST_RESPONSE", 1 << 20)
    pack = {"gzip": gzip.compress, "deflate": zlib.compress}.get(
        headers.get("Content-Encoding"), bytes
    )
    with pytest.raises(BadResponse, match=r"^GET /v3/things: response larger than 1 MiB$"):
        get(reply(body=pack(b'"' + b"x" * (3 << 20) + b'"'), headers=headers))
    assert get(reply(body=pack(b'"' + b"x" * 1000 + b'"'), headers=headers)) == "x" * 1000


@pytest.mark.parametrize("encoding", ["gzip, gzip", "gzip,deflate", "br", "identity, gzip, GZIP"])
def test_encodings_that_were_not_asked_for_are_refused(get, reply, encoding):
    body = gzip.compress(gzip.compress(b"1"))
    with pytest.raises(BadResponse, match=r"the response has the encoding .*, not gzip"):
        get(reply(body=body, headers={"Content-Encoding": encoding}))


@pytest.mark.parametrize("encoding", ["identity, gzip", "Gzip,", "x-gzip", "identity"])
def test_identity_is_no_encoding(get, reply, encoding):
    body = b"[1]" if encoding == "identity" else gzip.compress(b"[1]")
    assert get(reply(body=body, headers={"Content-Encoding": encoding})) == [1]


def test_a_small_answer_that_unpacks_to_a_huge_one_takes_little_memory(get, reply, monkeypatch):
    monkeypatch.setattr(size_limits, "LARGEST_RESPONSE", 1 << 20)
    packed = gzip.compress(bytes(64 << 20))
    tracemalloc.start()
    try:
        with pytest.raises(BadResponse, match="larger than 1 MiB"):
            get(reply(body=packed, headers={"Content-Encoding": "gzip"}))
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


def test_data_after_the_end_of_an_answer_is_refused(get, reply):
    body = gzip.compress(b"[1]") + b"more"
    with pytest.raises(BadResponse, match="cannot be decompressed"):
        get(reply(body=body, headers={"Content-Encoding": "gzip"}))


@pytest.mark.parametrize("status", [301, 403, 503])
def test_a_refusal_that_cannot_be_unpacked_is_still_a_refusal(get, reply, status):
    for encoding in ("gzip", "br"):
        with pytest.raises(ApiError, match=str(status)) as caught:
            get(reply(status, b"no gzip", {"Content-Encoding": encoding}), retries=0)
        assert caught.value.status == status


@pytest.mark.parametrize("status", [403, 500])
def test_of_a_huge_refusal_only_the_beginning_is_read(get, reply, monkeypatch, status):
    monkeypatch.setattr(size_limits, "LARGEST_ERROR", 1000)
    monkeypatch.setattr(size_limits, "LARGEST_RESPONSE", 2000)

    def without_end():
        yield b"HTTP/1.1 %d No\r\nContent-Type: text/plain\r\n\r\nnot allowed here " % status
        while True:
            yield b"y" * 10_000

    with pytest.raises(ApiError, match="not allowed here yyy") as caught:
        get(reply(raw=without_end()), retries=0)
    assert caught.value.status == status
    assert len(str(caught.value)) < 500


def test_headers_without_end_are_refused(get, reply):
    raw = itertools.chain(
        [b"HTTP/1.1 200 OK\r\n"], (b"X-%d: y\r\n" % n * 1000 for n in itertools.count())
    )
    with pytest.raises(ApiError, match="connection failed or was cut"):
        get(reply(raw=raw), retries=0)


def test_cookies_are_not_kept(serve, reply, connect):
    numbers = itertools.count()
    server = serve(
        lambda _: reply(body={}, headers={"Set-Cookie": f"c{next(numbers)}={'x' * 1000}"})
    )
    with contextlib.closing(Getter(connect(server.url), lambda _: None)) as client:
        client.get(GET)
        client.get(GET)
        assert len(client._client.cookies) == 0
    assert "Cookie" not in server.asked[-1].headers


@pytest.mark.parametrize("pair", [("[", "]"), ('{"a":', "}")])
def test_what_is_nested_too_deeply_is_refused(get, reply, pair):
    def nested(levels):
        return (pair[0] * levels + "0" + pair[1] * levels).encode()

    assert get(reply(body=nested(size_limits.MAX_DEPTH)))
    with pytest.raises(BadResponse, match="nested deeper than 200 levels"):
        get(reply(body=nested(size_limits.MAX_DEPTH + 1)))


@pytest.mark.parametrize("number", [b"1e400", b"-1e400", b"NaN", b"Infinity", b"9" * 5000])
def test_a_number_that_json_cannot_say_is_refused(get, reply, number):
    with pytest.raises(BadResponse, match="text or a number that JSON forbids"):
        get(reply(body=b'{"a": ' + number + b"}"))


# --- a list -----------------------------------------------------------------------------------------------


def fresh(size=1):
    """Pages that go on for ever, each with objects of its own and a cursor of its own."""
    for number in itertools.count():
        yield page([note(f"{number}-{n}") for n in range(size)], f"c{number}")


def test_pages_with_ever_new_objects_end_at_the_bytes(notes, monkeypatch):
    monkeypatch.setattr(size_limits, "LARGEST_LIST", 10_000)
    with pytest.raises(BadResponse) as caught:
        notes(fresh())
    assert str(caught.value) == f"GET {NOTES}: list larger than 10000 bytes"


def test_pages_with_ever_new_objects_end_at_their_number(notes, monkeypatch):
    monkeypatch.setattr(size_limits, "MAX_OBJECTS", 50)
    with pytest.raises(BadResponse) as caught:
        notes(fresh(size=20))
    assert str(caught.value) == f"GET {NOTES}: the list has more than 50 objects{REFUSED}"


def test_pages_end_at_their_number(notes, monkeypatch):
    monkeypatch.setattr(size_limits, "MAX_PAGES", 5)
    with pytest.raises(
        BadResponse, match=rf"^GET {NOTES}: the list has more than 5 pages{REFUSED}$"
    ):
        notes(fresh())
    pages = [page([note(str(n))], f"c{n}") for n in range(5)]
    assert len(notes(itertools.cycle([*pages, page([note("last")])]))[0].objects) == 6


def test_an_endless_cursor_is_refused(notes):
    with pytest.raises(
        BadResponse, match=rf"^GET {NOTES}: end_cursor has more than 4096 characters{REFUSED}$"
    ):
        notes(iter([page([], "c" * 4097)]))
    found, server = notes(itertools.cycle([page([], "ü" * 4096), page([note("a")])]))
    assert [live.id for live in found.objects] == ["a"]
    assert any(asked.path.endswith("%C3%BC" * 4096) for asked in server.asked)


def test_the_list_of_v1_is_held_to_the_same(notes, monkeypatch):
    whole = {
        "folders": [],
        "knowledge": [{"id": str(n), "name": "n", "body": "b" * 100} for n in range(50)],
    }
    with monkeypatch.context() as patched:
        patched.setattr(size_limits, "LARGEST_LIST", 1000)
        with pytest.raises(BadResponse) as caught:
            notes(itertools.repeat(whole), "v1")
    assert str(caught.value) == "GET /v1/knowledge: list larger than 1000 bytes"
    monkeypatch.setattr(size_limits, "MAX_OBJECTS", 49)
    with pytest.raises(BadResponse, match="more than 49 objects"):
        notes(itertools.repeat(whole), "v1")


def test_a_failed_attempt_spends_nothing(serve, reply, connect, monkeypatch):
    monkeypatch.setattr(size_limits, "LARGEST_LIST", 1500)
    cut = reply(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n" + b" " * 1000)
    server = serve([cut, cut, reply(500, b" " * 1000), reply(body=page([]) | {"more": "x" * 1000})])
    with open_reader(connect(server.url)) as reader:
        assert reader.snapshot({"secret"}).objects == ()
    assert len(server.asked) == 4


def test_nothing_is_written_after_a_list_that_is_too_long(
    devinops, repository, use, serve, reply, monkeypatch
):
    monkeypatch.setattr(size_limits, "LARGEST_LIST", 10_000)
    monkeypatch.setenv("DEVIN_ORG_ID", "org-1")
    pages = fresh()

    def answer(asked):
        return reply(body={"folders": []} if "folders" in asked.path else next(pages))

    server = serve(answer)
    use(server.url)
    root = repository({"knowledge/a.md": "---\nname: A\ntrigger: t\n---\nb\n"})
    ran = devinops("apply", "--yes", "-C", root)
    assert ran.code == 1
    assert "list larger than 10000 bytes" in ran.err
    assert {asked.method for asked in server.asked} == {"GET"}


def test_the_audit_log_follows_no_endless_cursor(serve, reply, connect):
    event = {"user_email": "a@b", "created_at": 5, "data": {"id": "note-1"}}
    server = serve(reply(body={"items": [event], "has_next_page": True, "end_cursor": "c" * 5000}))
    with contextlib.closing(Getter(connect(server.url), lambda _: None)) as client:
        found = audit.authors(client, "org-1", ["note-1", "note-2"], 0, 10)
    assert set(found) == {"note-1"}
    assert len(server.asked) == 1


def test_the_answer_to_a_write_is_bounded_and_leaves_open_what_happened(
    serve, reply, connect, monkeypatch
):
    monkeypatch.setattr(size_limits, "LARGEST_RESPONSE", 1000)
    server = serve(reply(body={"playbook_id": "p", "title": "x" * 2000, "body": "b"}))
    with (
        open_writer(connect(server.url)) as writer,
        pytest.raises(BadResponse, match=r"^POST .*: response larger than 1000 bytes$") as caught,
    ):
        writer.create(Playbook(title="P", body="b"), {})
    assert not caught.value.answered
    assert len(server.asked) == 1


# --- the parts --------------------------------------------------------------------------------------------


def test_a_budget_counts_the_responses_that_were_read():
    budget = ResponseBudget(10)
    budget.check(10)
    budget.spend(4)
    budget.check(6)
    with pytest.raises(BudgetExceeded, match="response larger than 10 bytes"):
        budget.check(7)


def test_each_reading_of_a_list_has_the_whole_budget(notes, monkeypatch):
    pages = [page([note(str(n), body="b" * 400)], f"c{n}" if n < 3 else None) for n in range(4)]
    size = sum(len(json.dumps(each)) for each in pages)
    monkeypatch.setattr(size_limits, "LARGEST_LIST", size)
    snapshot, server = notes(itertools.cycle(pages))
    assert len(snapshot.objects) == 4
    assert sum("/notes" in asked.path for asked in server.asked) == 8
    monkeypatch.setattr(size_limits, "LARGEST_LIST", size - 1)
    with pytest.raises(BadResponse, match="list larger than"):
        notes(itertools.cycle(pages))


def test_ten_thousand_notes_of_4_kb_fit_into_one_list():
    fields = {f"field {n}": None for n in range(14)} | {"body": "код, {x: [1]}\n" * 190}
    assert len(fields["body"].encode()) >= 3_000
    ResponseBudget(size_limits.LARGEST_LIST).check(10_000 * len(json.dumps(fields) + ","))
