"""The client and the emulator, which share no code, over real HTTP."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from devinops.api import open_reader, open_writer
from devinops.api.connection import Connection
from devinops.emulator.middleware import RateLimit
from devinops.kinds.knowledge import Knowledge
from devinops.kinds.playbook import Playbook
from devinops.kinds.secret import Secret
from devinops.model.errors import ApiError, BadResponse, ConfigError
from devinops.model.keys import Key
from devinops.model.target import Target

emulator = pytest.importorskip("devinops.emulator")
pytest.importorskip("uvicorn")

SEED = {
    "organizations": {
        "org-emulator": {
            "folders": [{"path": "Backend"}, {"path": "Backend/APIs"}],
            "knowledge": [
                {"name": "Root note", "trigger": "t", "body": "b"},
                {
                    "name": "Errors",
                    "trigger": "t",
                    "body": "b",
                    "folder": "Backend/APIs",
                    "macro": "!errors",
                },
            ],
            "playbooks": [{"title": "Triage", "body": "steps", "macro": "!triage"}],
            "secrets": [{"key": "NPM_TOKEN", "type": "key-value", "note": "read-only"}],
        }
    }
}
KEYS = {"v3": "cog_emulator", "v1": "apk_emulator"}


@pytest.fixture
def start():
    """start(seed, **options) → url and emulator of a running one."""
    from contextlib import ExitStack

    with ExitStack() as stack:
        yield lambda seed=None, **options: stack.enter_context(
            emulator.Emulator(seed or SEED, **options)
        )


def link(emu, api, **changes):
    enterprise = changes.pop("enterprise", False)
    target = Target("default", emu.url, api, changes.pop("org_id", None), enterprise=enterprise)
    return Connection(target, changes.pop("key", KEYS[api]), backoff_s=0.001, **changes)


def names(snapshot):
    return [str(live.key) for live in snapshot.objects]


def test_v3_snapshot(start):
    emu = start()
    with open_reader(link(emu, "v3")) as reader:
        snapshot = reader.snapshot()
        assert reader.whoami().principal == "Emulator"
        assert reader.org_id == "org-emulator"
    assert names(snapshot) == [
        "folder:Backend",
        "folder:Backend/APIs",
        "knowledge:Root note",
        "knowledge:Backend/APIs/Errors",
        "playbook:Triage",
        "secret:NPM_TOKEN",
    ]
    assert all(live.ours for live in snapshot.objects)
    assert {request["method"] for request in emu.requests} == {"GET"}


def test_v1_snapshot_in_three_requests_with_flat_folders(start):
    emu = start()
    with open_reader(link(emu, "v1")) as reader:
        snapshot = reader.snapshot()
    assert names(snapshot) == [
        "folder:APIs",
        "folder:Backend",
        "knowledge:Root note",
        "knowledge:APIs/Errors",
        "playbook:Triage",
        "secret:NPM_TOKEN",
    ]
    assert sorted(r["path"] for r in emu.requests) == [
        "/v1/knowledge",
        "/v1/playbooks",
        "/v1/secrets",
    ]


@pytest.mark.parametrize(
    "quirks",
    [
        {"root_folder_path": "/"},
        {"total": "absent"},
        {"total": "none"},
        {"list_order": "reversed"},
    ],
)
def test_a_snapshot_is_the_same_whatever_the_open_questions_turn_out_to_be(start, quirks):
    with open_reader(link(start(), "v3")) as reader:
        usual = names(reader.snapshot())
    with open_reader(link(start(quirks=quirks), "v3")) as reader:
        assert names(reader.snapshot()) == usual


@pytest.mark.parametrize(("api", "count"), [("v3", 1), ("v1", 2)])
def test_secrets_that_only_people_make_are_read_too(start, api, count):
    """Without a key, a secret is nobody's."""
    secrets = [{"key": None, "type": "totp"}, {"key": "D", "type": "dictionary"}]
    emu = start({"organizations": {"org-emulator": {"secrets": secrets}}})
    with open_reader(link(emu, api)) as reader:
        found = reader.snapshot({"secret"}).objects
    assert [(live.resource.key, live.resource.type, live.ours) for live in found] == [
        ("", "totp", False),
        ("D", "dictionary", True),
    ][:count]


@pytest.mark.parametrize("api", ["v3", "v1"])
def test_the_client_notices_the_emulator(start, api):
    with open_reader(link(start(), api)) as reader:
        assert reader.emulator is None
        reader.snapshot({"playbook"})
        assert reader.emulator is True


MANY = [{"name": f"Note {number}", "trigger": "t", "body": "b"} for number in range(450)]


@pytest.mark.parametrize(("verify", "requests"), [(False, 3), (True, 6)])
def test_many_pages(start, verify, requests):
    emu = start({"organizations": {"org-emulator": {"knowledge": MANY}}})
    with open_reader(link(emu, "v3")) as reader:
        assert len(reader.snapshot({"knowledge"}, verify=verify).objects) == 450
    assert sum("/notes?" in request["path"] for request in emu.requests) == requests


def test_what_a_second_list_shows_unchanged_is_the_same_object(start):
    emu = start({"organizations": {"org-emulator": {"knowledge": MANY}}})
    with open_reader(link(emu, "v3"), reads_again=True) as reader:
        first = reader.snapshot({"knowledge"}, verify=False)
        changed = first.objects[0]
        emu.edit("knowledge", changed.id, body="new")
        second = reader.snapshot({"knowledge"}, verify=False)
    assert second.objects[0].resource.body == "new"
    assert all(a is b for a, b in zip(first.objects[1:], second.objects[1:], strict=True))


@pytest.mark.parametrize(
    ("paging", "total", "copy"),
    [
        ("offset", "absent", False),
        ("offset", "absent", True),
        ("offset", "present", True),
        ("stable", "absent", False),
        ("stable", "none", False),
    ],
)
def test_nothing_slips_when_somebody_deletes_between_two_pages(start, paging, total, copy):
    """With a copy of what was deleted, `total` is the same on every page."""
    faults = [{"path": "/v3/**/notes", "fault": "delete-shown", "times": 1, "copy": copy}]
    quirks = {"paging": paging, "total": total}
    emu = start(
        {"organizations": {"org-emulator": {"knowledge": MANY}}}, quirks=quirks, faults=faults
    )
    with open_reader(link(emu, "v3")) as reader:
        found = {live.id for live in reader.snapshot({"knowledge"}).objects}
    assert found == {note["note_id"] for note in emu.knowledge()}
    assert emu.faults["counts"][0]["faulted"] == 1


def test_a_total_that_was_not_reached_is_refused_at_once(start):
    faults = [{"path": "/v3/**/notes", "fault": "delete-shown", "times": 1}]
    emu = start(
        {"organizations": {"org-emulator": {"knowledge": MANY}}},
        quirks={"paging": "offset"},
        faults=faults,
    )
    with open_reader(link(emu, "v3")) as reader:
        with pytest.raises(BadResponse, match="the list shows 449 of 450 objects"):
            reader.snapshot({"knowledge"})
        assert len(reader.snapshot({"knowledge"}).objects) == 449


def test_enterprise_objects_in_an_organizations_list_are_not_ours(start):
    seed = {
        **SEED,
        "enterprise": {"knowledge": [{"name": "Everyone", "trigger": "t", "body": "b"}]},
    }
    emu = start(seed, quirks={"enterprise_notes_in_org_list": "true"})
    with open_reader(link(emu, "v3")) as reader:
        found = {live.key.name: live.ours for live in reader.snapshot({"knowledge"}).objects}
    assert found == {"Everyone": False, "Root note": True, "Errors": True}


@pytest.mark.parametrize("api", ["v3", "v1"])
def test_a_note_from_its_creation_to_its_end(start, api):
    emu = start()
    with open_writer(link(emu, api)) as writer:
        folder = "Backend/APIs" if api == "v3" else "APIs"
        key = Key.parse(f"folder:{folder}")
        folder_id = writer.snapshot().under(key)[0].id
        note = Knowledge(name="N", folder=folder, trigger="t", body="b\n")
        made = writer.create(note, {key: folder_id})
        assert made.key == Key("knowledge", folder, "N")
        assert made.ids == {"folder": folder_id}

        moved = replace(made.resource, folder="", body="new", pinned_repo="acme/api")
        changed = writer.update(made, moved, {})
        assert changed.resource == moved
        if writer.reads_one("knowledge"):
            assert writer.read("knowledge", made.id) == changed
        assert changed.resource in [live.resource for live in writer.snapshot().objects]

        writer.delete("knowledge", made.id)
        assert ("knowledge", made.id) not in writer.snapshot().by_id
        with pytest.raises(ApiError, match="404"):
            writer.delete("knowledge", made.id)


@pytest.mark.parametrize("api", ["v3", "v1"])
def test_a_playbook_from_its_creation_to_its_end(start, api):
    emu = start()
    with open_writer(link(emu, api)) as writer:
        schema = {"structured_output_schema": {"type": "object"}} if api == "v3" else {}
        made = writer.create(Playbook(title="P", body="b", macro="!p", **schema), {})
        assert made.resource == Playbook(title="P", body="b", macro="!p", **schema)
        cleared = replace(made.resource, macro=None)
        changed = writer.update(made, cleared, {})
        assert changed.resource == cleared
        read = writer.read("playbook", made.id)
        assert read is not None
        assert read.resource == cleared
        writer.delete("playbook", made.id)
        assert writer.read("playbook", made.id) is None


@pytest.mark.parametrize("api", ["v3", "v1"])
def test_a_secret_is_made_and_deleted_and_its_value_stays_away(start, api):
    emu = start()
    lines: list[str] = []
    with open_writer(link(emu, api), lines.append) as writer:
        made = writer.create(Secret(key="K", type="totp"), {}, value="canary-value")
        assert made.key == Key("secret", "", "K")
        listed = writer.snapshot({"secret"}).by_id["secret", made.id]
        assert listed.resource == made.resource
        writer.delete("secret", made.id)
        assert ("secret", made.id) not in writer.snapshot().by_id
        if api == "v3":
            with pytest.raises(ApiError, match="403") as caught:
                writer.delete("secret", made.id)
            assert caught.value.status == 403
    assert "canary" not in f"{lines} {made}"


@pytest.mark.parametrize("error_body", ["detail", "problem"])
def test_a_refused_body_is_explained_field_by_field_without_an_echo(start, error_body):
    emu = start(quirks={"error_body": error_body})
    with (
        open_writer(link(emu, "v3")) as writer,
        pytest.raises(ApiError, match=r"rejected fields: type$") as caught,
    ):
        writer.create(Secret(key="K", type="dictionary"), {}, value="canary-value")
    assert caught.value.status == 422
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("error_body", ["detail", "problem"])
def test_a_key_for_the_other_api_is_recognised(start, error_body):
    emu = start(quirks={"error_body": error_body})
    for api, key in (("v1", "cog_emulator"), ("v3", "apk_emulator")):
        with (
            open_reader(link(emu, api, key=key, org_id="org-emulator")) as reader,
            pytest.raises(ApiError, match=f"does not work with API {api}"),
        ):
            reader.snapshot()


def test_an_enterprise_key_works_once_it_has_the_organization(start):
    emu = start()
    with open_reader(link(emu, "v3", key="cog_enterprise")) as reader, pytest.raises(ConfigError):
        reader.snapshot()
    with open_reader(link(emu, "v3", key="cog_enterprise", org_id="org-emulator")) as reader:
        assert len(reader.snapshot().objects) == 6


ENTERPRISE_SEED = {
    **SEED,
    "enterprise": {
        "knowledge": [{"name": "Everyone", "trigger": "t", "body": "b"}],
        "playbooks": [{"title": "Everywhere", "body": "b"}],
    },
}


def test_a_target_of_the_enterprise_owns_what_the_enterprise_has(start):
    emu = start(ENTERPRISE_SEED)
    with open_reader(link(emu, "v3", key="cog_enterprise", enterprise=True)) as reader:
        found = reader.snapshot().objects
        assert reader.org_id is None
    assert {str(live.key) for live in found if live.ours} == {
        "knowledge:Everyone",
        "playbook:Everywhere",
    }
    assert {live.key.name for live in found if not live.ours} >= {"Root note", "Triage"}


@pytest.mark.parametrize(
    ("resource", "changes"),
    [
        (Knowledge(name="N", folder="", trigger="t", body="b"), {"body": "new"}),
        (Playbook(title="P", body="b"), {"macro": "!p"}),
    ],
)
def test_an_object_of_the_enterprise_from_its_creation_to_its_end(start, resource, changes):
    emu, noun = start(ENTERPRISE_SEED), resource.kind.noun
    with open_writer(link(emu, "v3", key="cog_enterprise", enterprise=True)) as writer:
        made = writer.create(resource, {})
        assert made.ours
        changed = writer.update(made, replace(made.resource, **changes), {})
        assert changed.resource == replace(made.resource, **changes)
        assert writer.read(noun, made.id) == changed
        assert writer.snapshot().by_id[noun, made.id] == changed
        writer.delete(noun, made.id)
        assert writer.read(noun, made.id) is None
    assert all("organizations" not in request["path"] for request in emu.requests)


@pytest.mark.parametrize("style", ["absent", "seconds", "date"])
def test_a_rate_limit_is_waited_out(start, style, waits, monkeypatch):
    """One clock for both sides: no time passes but what the client waits."""
    monkeypatch.setattr("devinops.emulator.app.RateLimit", partial(RateLimit, clock=waits.now))
    emu = start(rate_limit=4, quirks={"retry_after": style})
    connection = replace(link(emu, "v3"), backoff_s=0.3)
    with open_reader(connection) as reader:
        for _ in range(2):
            assert len(reader.snapshot().objects) == 6
    assert 429 in {request["status"] for request in emu.requests}
    assert waits
    assert style != "seconds" or 1 in waits
