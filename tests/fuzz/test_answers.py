"""Whatever the API answers: an error of one line that nobody was meant to see a traceback of, or what it said."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from devinops.api import audit
from devinops.api.client import WritingClient
from devinops.kinds import KINDS
from devinops.kinds.knowledge import Knowledge
from devinops.kinds.playbook import Playbook
from devinops.kinds.secret import Secret
from devinops.load import load
from devinops.model.errors import ApiError, DevinopsError
from devinops.model.exit_codes import ExitCode
from devinops.model.inventory import Inventory, Record, base
from devinops.model.keys import Key
from devinops.model.kind import ApiVersion
from devinops.model.objects import Declaration, Live, Snapshot
from devinops.model.policy import OnDrift, Policy, Prune
from devinops.model.target import Target
from devinops.model.values import UNSET
from devinops.planning.plan import PlanRequest, build_plan
from devinops.planning.run import Collector
from devinops.render import Style, render
from devinops.render.answers import RunAnswer
from tests.testing import answers
from tests.testing.answers import LISTS, Said, refused
from tests.testing.damage import Raw, damaged, fuzz, mutated, one_line, text_of, values

WIRES: Mapping[tuple[ApiVersion, str], Mapping[str, str]] = {
    ("v3", "knowledge"): {
        n: n for n in ("name", "trigger", "body", "pinned_repo", "is_enabled", "macro")
    },
    ("v3", "playbook"): {n: n for n in ("title", "body", "macro", "structured_output_schema")},
    ("v3", "secret"): {
        "key": "key",
        "type": "secret_type",
        "note": "note",
        "is_sensitive": "is_sensitive",
    },
    ("v3", "folder"): {},
    ("v1", "knowledge"): {"trigger": "trigger_description"}
    | {n: n for n in ("name", "body", "pinned_repo", "macro")},
    ("v1", "playbook"): {n: n for n in ("title", "body", "macro")},
    ("v1", "secret"): {"key": "key", "type": "type"},
    ("v1", "folder"): {},
}
"""What each field is called in an answer, written by hand and not taken from the kinds."""

IDS = {
    "knowledge": "note_id",
    "folder": "folder_id",
    "playbook": "playbook_id",
    "secret": "secret_id",
}
"""The kinds whose fields are read as they are answered; of the others their own tests say what is read."""

apis = st.sampled_from(["v1", "v3"])


@pytest.fixture(scope="module", autouse=True)
def _closed() -> Iterator[None]:
    yield
    answers.close()


# --- lists ------------------------------------------------------------------------------------------------


def said(api: ApiVersion, path: str, body: bytes) -> Any:
    """All lists as they are, but one."""
    real = answers.lists()[api]
    return lambda _, asked: Said(body if asked == path else json.dumps(real[asked]).encode())


def held(api: ApiVersion, path: str, body: bytes) -> None:
    """Read everything, and hold what comes of it against what was answered."""
    client = answers.client(api, said(api, path, body))
    try:
        snapshot = client.snapshot(IDS)
    except DevinopsError as error:
        refused(error)
        return
    whole = {
        p: json.loads(body) if p == path else answer for p, answer in answers.lists()[api].items()
    }
    equal(api, snapshot, whole)
    planned(api, snapshot)


def items(api: ApiVersion, kind: str, whole: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The objects of a kind in the answers, found without the client's code."""
    if api == "v1":
        answer = whole[f"/v1/{'knowledge' if kind in ('knowledge', 'folder') else kind + 's'}"]
        name = "knowledge" if kind == "knowledge" else f"{kind}s"
    else:
        answer = next(whole[path] for path, noun in LISTS["v3"].items() if noun == kind)
        name = "folders" if kind == "folder" else "items"
    # A list that is answered whole can be bare, depending on the edition of the API.
    return answer if isinstance(answer, list) else answer[name]


def equal(api: ApiVersion, snapshot: Snapshot, whole: Mapping[str, Any]) -> None:
    """The oracle: nothing is lost, nothing is invented, and every field is what was said."""
    for kind in IDS:
        wanted = {
            item["id" if api == "v1" and kind != "playbook" else IDS[kind]]: item
            for item in items(api, kind, whole)
        }
        live = [one for one in snapshot.objects if one.key.kind == kind]
        assert Counter(one.id for one in live) == Counter(wanted.keys())
        assert len(live) == len(items(api, kind, whole))
        for one in live:
            same(api, one, wanted[one.id])


def same(api: ApiVersion, live: Live, item: Mapping[str, Any]) -> None:
    for name, wire in WIRES[api, live.key.kind].items():
        found = getattr(live.resource, name)
        if item.get(wire) is None:
            assert found in (None, UNSET, "")
        else:
            assert (found, type(found)) == (item[wire], type(item[wire]))
    if live.key.kind == "knowledge":
        assert live.ids.get("folder") == item.get(
            "folder_id" if api == "v3" else "parent_folder_id"
        )
        assert live.ours is (
            item.get("access_type") in (None, "org", "team")
            and item.get("org_id")
            in (None, answers.ORG, *([item.get("org_id")] if api == "v1" else []))
        )


@cache
def declarations() -> tuple[Declaration, ...]:
    found = load(Path(__file__).parent / "declared")
    assert not found.problems
    return found.declarations


@cache
def inventory(api: ApiVersion) -> Inventory:
    """What an apply of the declarations would have left, with one object more that nobody declares."""
    records = [
        Record(
            one.key,
            f"{one.key.kind.replace('knowledge', 'note')}-1",
            fields=base(one.resource, one.resource),
        )
        for one in declarations()
        if one.key.kind != "folder"
    ]
    gone = Knowledge(name="C", folder="", trigger="t", body="three")
    return Inventory.of(
        "file", [*records, Record(KINDS["knowledge"].key(gone), "note-3", fields=base(gone, gone))]
    )


def planned(api: ApiVersion, snapshot: Snapshot) -> None:
    """Plan from it, with and without an inventory, and show the plan to the end."""
    target = Target("production", "https://api.devin.ai", api, answers.ORG)
    for known, policy in (
        (inventory(api), Policy(prune=Prune.OWNED, on_drift=OnDrift.OVERWRITE)),
        (Inventory(), Policy()),
    ):
        request = PlanRequest(target, policy, date(2026, 1, 1), known)
        plan = build_plan(declarations(), snapshot, request)
        collector = Collector(with_others=True)
        collector.add(plan)
        answer = RunAnswer(collector.plans(by_one=True), ExitCode.OK)
        for row in "".join(render("text", answer, Style(full=True))).split("\n"):
            assert not row or one_line(row.replace("\t", ""))
        json.loads("".join(render("json", answer)), parse_constant=pytest.fail)


real_lists = st.deferred(
    lambda: st.sampled_from(
        [
            (api, path, answer)
            for api, paths in answers.lists().items()
            for path, answer in paths.items()
        ]
    )
)
one_of_the_lists = st.sampled_from([(api, path) for api, paths in LISTS.items() for path in paths])


@fuzz()
@given(st.data(), real_lists)
def test_a_list_with_something_wrong_in_it(
    data: st.DataObject, real: tuple[ApiVersion, str, Any]
) -> None:
    api, path, answer = real
    held(api, path, text_of(data.draw(mutated(st.just(answer)))).encode())


@fuzz()
@given(st.data(), real_lists)
def test_a_list_whose_bytes_are_damaged(
    data: st.DataObject, real: tuple[ApiVersion, str, Any]
) -> None:
    api, path, answer = real
    held(api, path, data.draw(damaged(st.just(json.dumps(answer, ensure_ascii=False).encode()))))


@fuzz(0.5)
@given(one_of_the_lists, values)
@example(("v3", "/v3/organizations/org-emulator/playbooks"), {"items": [{"playbook_id": "p", "title": "P", "body": "b", "structured_output_schema": Raw('{"a":' * 150 + "1" + "}" * 150)}], "has_next_page": False})  # fmt: skip
def test_a_list_that_is_any_json(target: tuple[ApiVersion, str], answer: Any) -> None:
    held(*target, text_of(answer).encode())


@fuzz(0.5)
@given(one_of_the_lists, st.binary(max_size=400))
def test_a_list_that_is_any_bytes(target: tuple[ApiVersion, str], body: bytes) -> None:
    held(*target, body)


@fuzz(0.3)
@given(st.data(), real_lists)
def test_a_list_that_was_cut_is_never_read(
    data: st.DataObject, real: tuple[ApiVersion, str, Any]
) -> None:
    api, path, answer = real
    body = json.dumps(answer).encode()
    cut = body[: data.draw(st.integers(0, len(body) - 1))]
    with pytest.raises(ApiError) as caught:
        answers.client(api, said(api, path, cut)).snapshot(IDS)
    refused(caught.value)


@pytest.mark.parametrize("api", ["v1", "v3"])
def test_the_oracle_agrees_with_the_real_answers(api: ApiVersion) -> None:
    """Without this the tests above could pass by refusing everything."""
    for path, answer in answers.lists()[api].items():
        client = answers.client(api, said(api, path, json.dumps(answer).encode()))
        snapshot = client.snapshot(IDS)
        equal(api, snapshot, answers.lists()[api])
        assert len(snapshot.objects) >= 8
        planned(api, snapshot)


# --- pages ------------------------------------------------------------------------------------------------

pages = st.lists(
    st.fixed_dictionaries(
        {
            "items": st.lists(st.integers(0, 9), max_size=3),
            "has_next_page": st.sampled_from([True, True, True, False, None, 1, "true"]),
            "end_cursor": st.sampled_from(["a", "b", "c", "d", "e", None, "", 7, "x" * 5000]),
        },
        optional={"total": st.sampled_from([0, 1, 3, 10**9, "3", None, True])},
    ),
    min_size=1,
    max_size=6,
)


@fuzz()
@given(pages)
def test_pages_are_read_to_the_end_or_not_at_all(found: list[dict[str, Any]]) -> None:
    left = list(found)

    def answer(_: str, path: str) -> Said:
        if not path.endswith("/secrets"):
            return Said(b"{}")
        page = left.pop(0) if left else {"items": [], "has_next_page": True, "end_cursor": "a"}
        rows = [
            {"secret_id": f"s{n}", "key": f"K{n}", "secret_type": "totp"} for n in page["items"]
        ]
        return Said(json.dumps(page | {"items": rows}).encode())

    try:
        snapshot = answers.client("v3", answer).snapshot({"secret"}, verify=False)
    except DevinopsError as error:
        refused(error)
        return
    last = next(n for n, page in enumerate(found) if page["has_next_page"] is False)
    ids = [f"s{n}" for page in found[: last + 1] for n in page["items"]]
    assert sorted(ids) == sorted(one.id for one in snapshot.objects)
    assert all(page["has_next_page"] is True for page in found[:last])
    assert len(left) == len(found) - last - 1


# --- one object -------------------------------------------------------------------------------------------

RESOURCES: Mapping[str, Any] = {
    "knowledge": Knowledge(name="N", folder="F", trigger="t", body="b", pinned_repo=None),
    "playbook": Playbook(title="P", body="b", macro=None),
    "secret": Secret(key="NEW", type="key-value"),
}
REFERRED = {Key.parse("folder:F"): "folder-1"}


def asked(client: WritingClient, verb: str, kind: str) -> Live | None:
    resource = RESOURCES[kind]
    id = {"knowledge": "note-1", "playbook": "playbook-1", "secret": "secret-1"}[kind]
    if verb == "read":
        return client.read(kind, "playbook-2" if kind == "playbook" and client.api == "v3" else id)
    if verb == "update":
        return client.update(Live(id, resource), resource, REFERRED)
    return client.create(resource, REFERRED, value="the-secret-value" if kind == "secret" else None)


real_writes = st.deferred(lambda: st.sampled_from(sorted(answers.writes().items())))


def held_one(call: tuple[ApiVersion, str, str], body: bytes) -> None:
    api, verb, kind = call
    client = answers.client(api, lambda *_: Said(body))
    try:
        live = asked(client, verb, kind)
    except DevinopsError as error:
        refused(error)
        return
    assert live is not None
    item = json.loads(body) if body.strip() else {}
    if verb == "read":
        same(api, live, item)
    if verb == "create":
        assert live.id == item["id" if api == "v1" and kind != "playbook" else IDS[kind]]
    if verb != "create":
        assert live.id in ("note-1", "playbook-1", "playbook-2")
    assert live.key.kind == kind


@fuzz()
@given(st.data(), real_writes)
def test_an_object_with_something_wrong_in_it(data: st.DataObject, real: tuple[Any, Any]) -> None:
    held_one(real[0], text_of(data.draw(mutated(st.just(real[1])))).encode())


@fuzz(0.5)
@given(st.data(), real_writes)
def test_an_object_whose_bytes_are_damaged(data: st.DataObject, real: tuple[Any, Any]) -> None:
    held_one(real[0], data.draw(damaged(st.just(json.dumps(real[1]).encode()))))


@fuzz(0.5)
@given(real_writes, values)
def test_an_object_that_is_any_json(real: tuple[Any, Any], answer: Any) -> None:
    held_one(real[0], text_of(answer).encode())


def test_the_real_answers_are_read() -> None:
    for call, answer in answers.writes().items():
        live = asked(
            answers.client(call[0], lambda *_, answer=answer: Said(json.dumps(answer).encode())),
            *call[1:],
        )
        assert live is not None


# --- who and what else is asked -----------------------------------------------------------------------------


@fuzz(0.5)
@given(
    st.data(),
    st.sampled_from([{"principal_type": "service_user", "service_user_name": "CI", "org_id": "o"}]),
)
def test_whoami_with_something_wrong_in_it(data: st.DataObject, answer: Any) -> None:
    body = text_of(data.draw(mutated(st.just(answer)) | values)).encode()
    try:
        found = answers.client("v3", lambda *_: Said(body)).whoami()
    except DevinopsError as error:
        refused(error)
        return
    assert one_line(found.principal)


EVENT = {"user_email": "a@b", "created_at": 5, "data": {"id": "note-1"}}


@fuzz(0.5)
@given(st.data(), st.just({"items": [EVENT, EVENT], "has_next_page": True, "end_cursor": "c"}))
def test_an_audit_log_with_something_wrong_in_it(data: st.DataObject, answer: Any) -> None:
    body = text_of(data.draw(mutated(st.just(answer)) | values)).encode()
    client = answers.client("v3", lambda *_: Said(body))
    found = audit.authors(client._getter, answers.ORG, ["note-1", "note-2"], 0, 10)
    assert set(found) <= {"note-1", "note-2"}
    assert all(one_line(author.who) for author in found.values())


# --- headers ------------------------------------------------------------------------------------------------

headers = st.dictionaries(
    st.sampled_from(["Content-Type", "Content-Encoding", "Retry-After", "Location", "Set-Cookie", "Content-Length"]),
    st.sampled_from(["", "text/html", "gzip", "gzip, gzip", "br", "deflate", "identity", "x" * 3000, "-1", "9" * 400, "a=b",
                     "http://[::1", "//x", "application/json; charset=utf-16", "\x1b[2J", "é"]),
)  # fmt: skip


@fuzz()
@given(
    st.integers(200, 599),
    headers,
    st.one_of(st.binary(max_size=200), values.map(lambda one: text_of(one).encode())),
    st.booleans(),
)
def test_any_status_and_headers(
    status: int, extra: dict[str, str], body: bytes, packed: bool
) -> None:
    sent = gzip.compress(body) if packed else body
    coded = {name: value.encode("utf-8") for name, value in extra.items()}
    client = answers.client("v3", lambda *_: Said(sent, status, coded))  # type: ignore[arg-type]
    for call in (client.snapshot, client.whoami, lambda: client.read("knowledge", "note-1")):
        try:
            call()
        except DevinopsError as error:
            refused(error)
    try:
        client.delete("knowledge", "note-1")
    except DevinopsError as error:
        refused(error)
    else:
        assert 200 <= status < 300 or status == 404


def test_an_error_says_which_request_and_shows_no_secret() -> None:
    client = answers.client(
        "v3", lambda *_: Said(b'{"detail": "the-secret-value\\n\\u001b[2J"}', 422)
    )
    with pytest.raises(ApiError) as caught:
        asked(client, "create", "secret")
    refused(caught.value)
    assert "the-secret-value" not in str(caught.value)
