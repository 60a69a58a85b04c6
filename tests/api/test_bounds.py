"""What a server answers without end costs no more than the bounds, and is refused before the first write."""

from __future__ import annotations

import contextlib
import gzip
import itertools
import json
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from devinops.api import audit, bounds, open_reader, open_writer
from devinops.api.bounds import Full, Part, Room
from devinops.api.http import Call, Getter
from devinops.kinds.playbook import Playbook
from devinops.model.errors import ApiError, BadAnswer
from tests.testing.command_line import Devinops, Write
from tests.testing.replies import Connect, Reply, Serve

GET = Call("GET", "/v3/things")
ORG = "/v3/organizations/org-1"
NOTES = f"{ORG}/knowledge/notes"
REFUSED = "; the list cannot be proved complete and is not used; run again"


def note(id: Any, **changes: Any) -> dict[str, Any]:
    return {
        "note_id": id,
        "name": f"Note {id}",
        "body": "b",
        "trigger": "t",
        "folder_id": None,
        **changes,
    }


def page(items: Any, cursor: Any = None) -> dict[str, Any]:
    return {"items": items, "has_next_page": cursor is not None, "end_cursor": cursor}


@pytest.fixture
def get(serve: Serve, reply: type[Reply], connect: Connect) -> Callable[..., Any]:
    """get(reply) asks a server that always answers this, once."""

    def run(answer: Any, **changes: Any) -> Any:
        server = serve(answer)
        with contextlib.closing(Getter(connect(server.url, **changes), lambda _: None)) as client:
            try:
                return client.get(GET)
            finally:
                assert len(server.asked) == 1

    return run


@pytest.fixture
def notes(serve: Serve, reply: type[Reply], connect: Connect) -> Callable[..., Any]:
    """notes(pages) reads the notes from a server with these pages, and returns (snapshot, requests)."""

    def run(pages: Any, api: str = "v3") -> Any:
        def answer(asked: Any) -> Any:
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
def test_a_huge_answer_is_refused_packed_or_not(
    get: Callable[..., Any],
    reply: type[Reply],
    monkeypatch: pytest.MonkeyPatch,
    headers: dict[str, Any],
) -> None:
    monkeypatch.setattr(bounds, "LARGEST_ANSWER", 1 << 20)
    packers: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "deflate": zlib.compress}
    pack = packers.get(headers.get("Content-Encoding", ""), bytes)
    with pytest.raises(BadAnswer, match=r"^GET /v3/things: an answer of more than 1 MiB$"):
        get(reply(body=pack(b'"' + b"x" * (3 << 20) + b'"'), headers=headers))
    assert get(reply(body=pack(b'"' + b"x" * 1000 + b'"'), headers=headers)) == "x" * 1000


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "gzip,br", "snappy"])
def test_what_is_packed_in_a_way_that_was_not_asked_for_is_refused(
    get: Callable[..., Any], reply: type[Reply], encoding: str
) -> None:
    packed = gzip.compress(gzip.compress(b"{}"))
    with pytest.raises(BadAnswer, match="cannot be unpacked"):
        get(reply(body=packed, headers={"Content-Encoding": encoding}))


def test_a_refusal_that_cannot_be_unpacked_is_still_a_refusal(
    get: Callable[..., Any], reply: type[Reply]
) -> None:
    with pytest.raises(ApiError, match="403") as caught:
        get(reply(403, b"no gzip", {"Content-Encoding": "gzip"}))
    assert caught.value.status == 403


@pytest.mark.parametrize("status", [403, 500])
def test_of_a_huge_refusal_only_the_beginning_is_read(
    get: Callable[..., Any], reply: type[Reply], monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setattr(bounds, "LARGEST_COMPLAINT", 1000)
    monkeypatch.setattr(bounds, "LARGEST_ANSWER", 2000)

    def without_end() -> Iterator[bytes]:
        yield b"HTTP/1.1 %d No\r\nContent-Type: text/plain\r\n\r\nnot allowed here " % status
        while True:
            yield b"y" * 10_000

    with pytest.raises(ApiError, match="not allowed here yyy") as caught:
        get(reply(raw=without_end()), retries=0)
    assert caught.value.status == status
    assert len(str(caught.value)) < 500


def test_headers_without_end_are_refused(get: Callable[..., Any], reply: type[Reply]) -> None:
    raw = itertools.chain(
        [b"HTTP/1.1 200 OK\r\n"], (b"X-%d: y\r\n" % n * 1000 for n in itertools.count())
    )
    with pytest.raises(ApiError, match="connection failed or was cut"):
        get(reply(raw=raw), retries=0)


def test_cookies_are_not_kept(serve: Serve, reply: type[Reply], connect: Connect) -> None:
    numbers = itertools.count()
    server = serve(
        lambda _: reply(body={}, headers={"Set-Cookie": f"c{next(numbers)}={'x' * 1000}"})
    )
    with contextlib.closing(Getter(connect(server.url), lambda _: None)) as client:
        client.get(GET)
        client.get(GET)
        assert len(client._client.cookies) == 0
    assert "Cookie" not in server.asked[-1].headers


@pytest.mark.parametrize(
    "body",
    [
        b"[" + b"{}," * 2000 + b"{}]",
        b"[" + b'{"":0},' * 2000 + b"0]",
        b"[" + b"[]," * 2000 + b"0]",
        b"[" + b'"a",' * 2000 + b"0]",
        b"[{" * 2000,
    ],
)
def test_many_tiny_values_are_refused_before_they_are_parsed(
    get: Callable[..., Any], reply: type[Reply], monkeypatch: pytest.MonkeyPatch, body: bytes
) -> None:
    monkeypatch.setattr(bounds, "MOST_VALUES", 1000)
    monkeypatch.setattr("devinops.api.http.json.loads", None)
    with pytest.raises(BadAnswer, match="more than 1000 values"):
        get(reply(body=body))


def test_what_stands_in_a_text_is_no_value(
    get: Callable[..., Any], reply: type[Reply], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds, "MOST_VALUES", 10)
    text = 'if (a, b) { x[1] = "," } \\ ' * 100
    assert get(reply(body=[text, {"a": text}, text])) == [text, {"a": text}, text]
    assert get(reply(body=["\\"] * 9)) == ["\\"] * 9
    with pytest.raises(BadAnswer, match="more than 10 values"):
        get(reply(body=["\\"] * 10))


@pytest.mark.parametrize(("count", "fits"), [(9, True), (10, False)])
@pytest.mark.parametrize("make", [lambda n: [0] * n, lambda n: {str(i): 0 for i in range(n)}])
def test_values_are_counted_with_what_is_around_them(
    get: Callable[..., Any],
    reply: type[Reply],
    monkeypatch: pytest.MonkeyPatch,
    count: int,
    fits: bool,
    make: Any,
) -> None:
    monkeypatch.setattr(bounds, "MOST_VALUES", 10)
    with (
        contextlib.nullcontext() if fits else pytest.raises(BadAnswer, match="more than 10 values")
    ):
        assert get(reply(body=make(count))) == make(count)


@pytest.mark.parametrize("pair", [("[", "]"), ('{"a":', "}")])
def test_what_is_nested_too_deeply_is_refused(
    get: Callable[..., Any], reply: type[Reply], pair: tuple[str, str]
) -> None:
    def nested(levels: int) -> bytes:
        return (pair[0] * levels + "0" + pair[1] * levels).encode()

    assert get(reply(body=nested(bounds.DEEPEST)))
    with pytest.raises(BadAnswer, match="more than 200 levels"):
        get(reply(body=nested(bounds.DEEPEST + 1)))


@pytest.mark.parametrize("number", [b"1e400", b"-1e400", b"1" * 400 + b".5", b"9" * 101])
def test_a_number_that_cannot_be_said_again_is_refused(
    get: Callable[..., Any], reply: type[Reply], number: bytes
) -> None:
    with pytest.raises(BadAnswer, match="a number that JSON does not have"):
        get(reply(body=b'{"a": ' + number + b"}"))


@pytest.mark.parametrize("body", [b'{"a": 1, "a": 1}', b'[{"a": {"\\u0061": 1, "a": 2}}]'])
def test_of_two_members_of_one_name_none_is_chosen(
    get: Callable[..., Any], reply: type[Reply], body: bytes
) -> None:
    with pytest.raises(BadAnswer, match="stands twice"):
        get(reply(body=body))


@pytest.mark.parametrize(
    "where", ['"\\ud800"', '{"\\udfff": 1}', '[[{"a": "x\\uD83Dx"}]]', '"\\ude00\\ud83d"']
)
def test_half_a_sign_is_refused_wherever_it_stands(
    get: Callable[..., Any], reply: type[Reply], where: str
) -> None:
    with pytest.raises(BadAnswer, match="not Unicode"):
        get(reply(body=where.encode()))


def test_a_whole_sign_may_be_escaped(get: Callable[..., Any], reply: type[Reply]) -> None:
    assert get(reply(body=b'["\\ud83d\\ude00", "\\\\ud800"]')) == ["😀", "\\ud800"]


# --- a list -----------------------------------------------------------------------------------------------


def fresh(size: int = 1) -> Iterator[Any]:
    """Pages that go on for ever, each with objects of its own and a cursor of its own."""
    for number in itertools.count():
        yield page([note(f"{number}-{n}") for n in range(size)], f"c{number}")


def test_pages_with_ever_new_objects_end_at_the_bytes(
    notes: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds, "LARGEST_LISTS", 10_000)
    with pytest.raises(BadAnswer) as caught:
        notes(fresh())
    assert str(caught.value) == f"GET {NOTES}: the lists have more than 10000 bytes{REFUSED}"


def test_pages_with_ever_new_objects_end_at_their_number(
    notes: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds, "MOST_OBJECTS", 50)
    with pytest.raises(BadAnswer) as caught:
        notes(fresh(size=20))
    assert str(caught.value) == f"GET {NOTES}: it has more than 50 objects{REFUSED}"


def test_pages_with_ever_new_objects_end_at_the_values(
    notes: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds, "MOST_VALUES", 500)
    with pytest.raises(
        BadAnswer, match=rf"^GET {NOTES}: the lists have more than 500 values{REFUSED}$"
    ):
        notes(fresh())


def test_pages_end_at_their_number(
    notes: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds, "MOST_PAGES", 5)
    with pytest.raises(BadAnswer, match=rf"^GET {NOTES}: it has more than 5 pages{REFUSED}$"):
        notes(fresh())
    pages = [page([note(str(n))], f"c{n}") for n in range(5)]
    assert len(notes(itertools.cycle([*pages, page([note("last")])]))[0].objects) == 6


def test_an_endless_cursor_is_refused(notes: Callable[..., Any]) -> None:
    with pytest.raises(
        BadAnswer, match=rf"^GET {NOTES}: its end_cursor has more than 4096 characters{REFUSED}$"
    ):
        notes(iter([page([], "c" * 4097)]))
    found, server = notes(itertools.cycle([page([], "ü" * 4096), page([note("a")])]))
    assert [live.id for live in found.objects] == ["a"]
    assert any(asked.path.endswith("%C3%BC" * 4096) for asked in server.asked)


def test_the_list_of_v1_is_held_to_the_same(
    notes: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = {
        "folders": [],
        "knowledge": [{"id": str(n), "name": "n", "body": "b" * 100} for n in range(50)],
    }
    with monkeypatch.context() as patched:
        patched.setattr(bounds, "LARGEST_LISTS", 1000)
        with pytest.raises(BadAnswer) as caught:
            notes(itertools.repeat(whole), "v1")
    assert str(caught.value) == f"GET /v1/knowledge: the lists have more than 1000 bytes{REFUSED}"
    monkeypatch.setattr(bounds, "MOST_OBJECTS", 49)
    with pytest.raises(BadAnswer, match="more than 49 objects"):
        notes(itertools.repeat(whole), "v1")


def test_all_lists_of_a_snapshot_share_the_room(
    serve: Serve, reply: type[Reply], connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(asked: Any) -> Any:
        filler = {"folders": [], "root_note_count": 0} if "folders" in asked.path else page([])
        return reply(body=filler | {"more": "x" * 1000})

    server = serve(answer)
    monkeypatch.setattr(bounds, "LARGEST_LISTS", 3000)
    with open_reader(connect(server.url)) as reader:
        for kind in ("playbook", "secret", "playbook"):
            reader.snapshot({kind})
        with pytest.raises(BadAnswer, match="the lists have more than 3000 bytes"):
            reader.snapshot()


def test_an_attempt_that_came_to_nothing_takes_no_room(
    serve: Serve, reply: type[Reply], connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds, "LARGEST_LISTS", 1500)
    cut = reply(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n" + b" " * 1000)
    server = serve([cut, cut, reply(500, b" " * 1000), reply(body=page([]) | {"more": "x" * 1000})])
    with open_reader(connect(server.url)) as reader:
        assert reader.snapshot({"secret"}).objects == ()
    assert len(server.asked) == 4


def test_nothing_is_written_after_a_list_that_is_too_long(
    devinops: Devinops,
    repository: Write,
    use: Callable[..., None],
    serve: Serve,
    reply: type[Reply],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bounds, "LARGEST_LISTS", 10_000)
    monkeypatch.setenv("DEVIN_ORG_ID", "org-1")
    pages = fresh()

    def answer(asked: Any) -> Any:
        return reply(body={"folders": []} if "folders" in asked.path else next(pages))

    server = serve(answer)
    use(server.url)
    root = repository({"knowledge/a.md": "---\nname: A\ntrigger: t\n---\nb\n"})
    ran = devinops("apply", "--yes", "-C", root)
    assert ran.code == 1
    assert "the lists have more than 10000 bytes" in ran.err
    assert {asked.method for asked in server.asked} == {"GET"}


def test_the_audit_log_follows_no_endless_cursor(
    serve: Serve, reply: type[Reply], connect: Connect
) -> None:
    event = {"user_email": "a@b", "created_at": 5, "data": {"id": "note-1"}}
    server = serve(reply(body={"items": [event], "has_next_page": True, "end_cursor": "c" * 5000}))
    with contextlib.closing(Getter(connect(server.url), lambda _: None)) as client:
        found = audit.authors(client, "org-1", ["note-1", "note-2"], 0, 10)
    assert set(found) == {"note-1"}
    assert len(server.asked) == 1


def test_the_answer_to_a_write_is_bounded_and_leaves_open_what_happened(
    serve: Serve, reply: type[Reply], connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds, "LARGEST_ANSWER", 1000)
    server = serve(reply(body={"playbook_id": "p", "title": "x" * 2000, "body": "b"}))
    with (
        open_writer(connect(server.url)) as writer,
        pytest.raises(BadAnswer, match=r"^POST .* more than 1000 bytes$") as caught,
    ):
        writer.create("playbook", Playbook(title="P", body="b"), None)
    assert not caught.value.answered
    assert len(server.asked) == 1


# --- the parts --------------------------------------------------------------------------------------------


def test_room_is_taken_and_given_back() -> None:
    room = Room(10)
    room.take_bytes(10)
    room.take_bytes(0)
    with pytest.raises(Full, match="an answer of more than 10 bytes"):
        room.take_bytes(1)
    room.give_back(5)
    room.take_bytes(5)


def test_what_one_reading_took_is_given_back_when_another_takes_its_place() -> None:
    whole = Room(100)
    whole.take_bytes(10)
    whole.take_values([1])
    left = whole._values
    part = Part(whole)
    part.take_bytes(90)
    part.give_back(20)
    part.take_values([1, 2, 3])
    assert whole._values == left - 4
    with pytest.raises(Full, match="an answer of more than 100 bytes"):
        part.take_bytes(21)
    part.give_up()
    assert whole._values == left
    whole.take_bytes(90)


def test_a_list_that_is_read_twice_takes_its_room_once(
    notes: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = [page([note(str(n), body="b" * 400)], f"c{n}" if n < 3 else None) for n in range(4)]
    monkeypatch.setattr(bounds, "LARGEST_LISTS", sum(len(json.dumps(one)) for one in pages) + 100)
    monkeypatch.setattr(bounds, "MOST_VALUES", 60)
    found, server = notes(itertools.cycle(pages))
    assert len(found.objects) == 4
    assert sum("/notes" in asked.path for asked in server.asked) == 8


def test_ten_thousand_notes_of_4_kb_in_one_answer_fit_with_room_to_spare() -> None:
    one = {f"field {n}": None for n in range(14)} | {"body": "код, {x: [1]}\n" * 190}
    assert len(str(one["body"]).encode()) >= 3_000
    text = b"[" + b",".join([json.dumps(one).encode()] * 10_000) + b"]"
    room = Room(bounds.LARGEST_LISTS)
    room.take_bytes(len(text))
    room.check_values(text)
    assert room._values == bounds.MOST_VALUES
