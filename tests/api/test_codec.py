"""Wire to model and back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from devinops.api import codec
from devinops.api.codec import Viewpoint
from devinops.kinds import KINDS
from devinops.kinds.folder import Folder
from devinops.kinds.knowledge import Knowledge
from devinops.kinds.playbook import Playbook
from devinops.kinds.secret import Secret
from devinops.model.errors import BadResponse
from devinops.model.keys import ROOT, Key
from devinops.model.objects import Access, Live
from devinops.model.values import UNSET

NOTE = {
    "note_id": "note-1",
    "name": "Errors",
    "body": "Text",
    "trigger": "When",
    "folder_id": "f-1",
    "folder_path": "Backend",
    "pinned_repo": "acme/api",
    "macro": "!errors",
    "is_enabled": True,
    "access_type": "org",
    "org_id": "org-1",
    "created_at": 1,
    "updated_at": 2,
    "invented_later": {"by": "the vendor"},
}
PLAYBOOK = {
    "playbook_id": "playbook-1",
    "title": "Triage",
    "body": "Steps",
    "macro": None,
    "structured_output_schema": {"type": "object"},
    "created_by": "user-1",
    "updated_by": "user-2",
    "created_at": 1,
    "updated_at": 2,
    "access_type": "org",
    "org_id": "org-1",
}
SECRET = {
    "secret_id": "secret-1",
    "key": "NPM_TOKEN",
    "note": None,
    "is_sensitive": True,
    "secret_type": "key-value",
    "access_type": "org",
    "created_by": "user-1",
    "created_at": 1,
    "updated_by": None,
    "updated_at": None,
}
NOTE_V1 = {
    "id": "note-1",
    "name": "Errors",
    "body": "Text",
    "trigger_description": "When",
    "parent_folder_id": "f-1",
    "created_at": "2026-01-02T03:04:05.678Z",
    "created_by": {"full_name": "Ada", "id": "user-1", "image_url": None},
}
PLAYBOOK_V1 = {
    "playbook_id": "playbook-1",
    "title": "Triage",
    "body": "Steps",
    "access_type": "team",
    "created_at": "2026-01-02T03:04:05+01:00",
    "created_by_user_name": "Ada",
    "updated_by_user_name": "Grace",
}
SECRET_V1 = {"id": "secret-1", "type": "dictionary", "key": "K", "created_at": None}
NAMES = {"folder": {"f-1": codec.path_of("Backend")}}
HERE = Viewpoint("org-1")


def decode(item, noun="knowledge", api="v3", names=NAMES, viewpoint=HERE, **changes):
    return codec.decode(KINDS[noun], api, {**item, **changes}, names, viewpoint)


def test_a_note_of_v3_is_read_whole():
    live = decode(NOTE)
    assert live.key == Key("knowledge", "Backend", "Errors")
    assert live == Live(
        id="note-1",
        resource=Knowledge(
            name="Errors",
            folder="Backend",
            trigger="When",
            pinned_repo="acme/api",
            is_enabled=True,
            macro="!errors",
            body="Text",
        ),
        ids={"folder": "f-1"},
        created_at=1,
        updated_at=2,
    )


def test_a_playbook_of_v3_is_read_whole():
    live = decode(PLAYBOOK, "playbook")
    assert live.key == Key("playbook", ROOT, "Triage")
    assert live.resource == Playbook(
        title="Triage", macro=None, structured_output_schema={"type": "object"}, body="Steps"
    )
    assert (live.created_by, live.updated_by) == ("user-1", "user-2")


def test_a_secret_of_v3_is_read_under_other_names_than_it_is_written():
    live = decode(SECRET, "secret")
    assert live.resource == Secret(key="NPM_TOKEN", type="key-value", note=None, is_sensitive=True)


def test_v1_writes_times_and_people_its_own_way():
    live = decode(NOTE_V1, api="v1", viewpoint=Viewpoint())
    assert live.created_at == 1767323045
    assert live.created_by == "Ada"
    assert live.key == Key("knowledge", "Backend", "Errors")
    playbook = decode(PLAYBOOK_V1, "playbook", "v1", viewpoint=Viewpoint())
    assert playbook.created_at == 1767319445
    assert (playbook.created_by, playbook.updated_by) == ("Ada", "Grace")
    assert playbook.ours
    assert decode(SECRET_V1, "secret", "v1").resource == Secret(key="K", type="dictionary")
    assert decode(NOTE_V1, api="v1", created_at="2026-01-02T03:04:05").created_at == 1767323045


@pytest.mark.parametrize(
    ("noun", "api", "items", "names"),
    [
        ("knowledge", "v3", [NOTE], set()),
        ("knowledge", "v3", [{"note_id": "n"}], {"pinned_repo", "is_enabled"}),
        ("knowledge", "v1", [{"id": "n"}, {"id": "m", "pinned_repo": None}], {"macro"}),
        ("playbook", "v1", [PLAYBOOK_V1], {"macro"}),
        ("playbook", "v1", [], set()),
        ("secret", "v3", [{"secret_id": "s"}], set()),
        ("folder", "v3", [{"folder_id": "f"}], set()),
    ],
)
def test_fields_that_no_object_of_a_list_has_are_unknown(noun, api, items, names):
    assert codec.unknown_fields(KINDS[noun], api, items) == names


def test_an_unknown_field_is_unset_unless_a_response_has_it():
    unknown = frozenset({"pinned_repo"})
    bare = {name: NOTE[name] for name in ("note_id", "name", "body", "trigger")}
    for item, value in ((bare, UNSET), ({**bare, "pinned_repo": None}, None)):
        live = codec.decode(KINDS["knowledge"], "v3", item, NAMES, HERE, unknown)
        assert (live.resource.pinned_repo, live.resource.macro) == (value, None)


def test_missing_means_null_if_null_is_allowed_and_unset_otherwise():
    bare = {name: NOTE[name] for name in ("note_id", "name", "body", "trigger")}
    resource = decode(bare).resource
    assert resource.pinned_repo is None
    assert resource.macro is None
    assert resource.is_enabled is UNSET
    assert decode(NOTE, is_enabled=None).resource.is_enabled is UNSET
    assert decode(NOTE_V1, api="v1").resource.is_enabled is UNSET
    assert decode(SECRET_V1, "secret", "v1").resource.note is UNSET


@pytest.mark.parametrize("noun", ["knowledge", "playbook", "secret"])
@pytest.mark.parametrize("wrong", [7, ["x"], {"x": 1}])
def test_every_field_of_a_wrong_type_is_named(noun, wrong):
    item = {"knowledge": NOTE, "playbook": PLAYBOOK, "secret": SECRET}[noun]
    for name in item:
        if name == "invented_later" or (wrong == 7 and name.endswith("_at")):
            continue
        if name in ("created_by", "updated_by") and isinstance(wrong, dict):
            continue
        if name == "structured_output_schema" and isinstance(wrong, dict):
            continue
        with pytest.raises(BadResponse, match=f": {name}: expected ") as caught:
            decode({**item, name: wrong}, noun)
        assert "\n" not in str(caught.value)
        path = KINDS[noun].apis["v3"].path
        assert path in str(caught.value)
        if not name.endswith("_id") or name in ("folder_id", "org_id"):
            assert item[KINDS[noun].apis["v3"].id] in str(caught.value)


@pytest.mark.parametrize("name", ["note_id", "name", "body", "trigger"])
def test_what_an_object_cannot_be_without_is_missed(name):
    for item in ({**NOTE, name: None}, {n: v for n, v in NOTE.items() if n != name}):
        with pytest.raises(BadResponse, match=name):
            decode(item)


def test_true_is_no_number_and_no_text():
    for name in ("created_at", "name"):
        with pytest.raises(BadResponse, match=name):
            decode(NOTE, **{name: True})


@pytest.mark.parametrize("time", ["yesterday", "", "2026-13-01", [], {}, float("inf"), float("nan"), 10**12, -(10**30),
                                  1e300, "0001-01-01T00:00:00+14:00"])  # fmt: skip
def test_a_time_that_is_none_is_named(time):
    with pytest.raises(BadResponse, match="created_at"):
        decode(NOTE, created_at=time)


# --- whose ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "access", "ours"),
    [
        ({}, Access.ORG, True),
        ({"access_type": None}, Access.ORG, True),
        ({"org_id": None}, Access.ORG, True),
        ({"access_type": "enterprise", "org_id": None}, Access.ENTERPRISE, False),
        ({"access_type": "personal"}, Access.PERSONAL, False),
        ({"access_type": "galaxy"}, Access.ENTERPRISE, False),
        ({"org_id": "org-2"}, Access.ORG, False),
    ],
)
def test_what_is_not_the_organizations_is_not_ours(changes, access, ours):
    live = decode(NOTE, **changes)
    assert (live.access, live.ours) == (access, ours)


def test_a_secret_without_a_key_is_nobodys():
    live = decode(SECRET, "secret", key=None)
    assert live.key == Key("secret", ROOT, "")
    assert not live.ours
    assert not decode(SECRET_V1, "secret", "v1", key=None).ours


# --- folders ----------------------------------------------------------------------------------------------


def folder(id, name, path, parent=None, **more):
    return {
        "folder_id": id,
        "name": name,
        "path": path,
        "parent_folder_id": parent,
        "note_count": 0,
        **more,
    }


def paths(*items, api="v3"):
    return codec.spellings(KINDS["folder"], api, items)


def test_parents_tell_a_slash_in_a_name_from_one_between_names():
    found = paths(
        folder("a", "CI/CD", "CI/CD"),
        folder("b", "100%", "CI/CD/100%", "a"),
        folder("c", "CI", "CI"),
        folder("d", "CD", "CI/CD", "c"),
    )
    assert found == {"a": "CI%2FCD", "b": "CI%2FCD/100%25", "c": "CI", "d": "CI/CD"}


@pytest.mark.parametrize(
    "items",
    [
        [folder("b", "APIs", "Backend/APIs", "gone")],
        [folder("b", "APIs", "Backend/APIs", "b")],
        [folder("b", "APIs", "Backend/APIs", "a"), folder("a", "Backend", "Backend", "b")],
        [folder("b", "APIs", "Backend/APIs")],
        [folder("b", "APIs", "/Backend/APIs/")],
    ],
)
def test_where_parents_do_not_lead_up_the_written_path_has_to_do(items):
    assert paths(*items)["b"] == "Backend/APIs"


def test_v1_folders_are_flat():
    item = {"id": "a", "name": "CI/CD", "description": "", "created_at": "2026-01-01T00:00:00Z"}
    found = paths(item, api="v1")
    assert found == {"a": "CI%2FCD"}
    live = decode(item, "folder", "v1", {"folder": found})
    assert live.resource == Folder(path="CI%2FCD")
    assert live.key == Key("folder", ROOT, "CI/CD")


def test_a_folder_without_a_name_is_named():
    with pytest.raises(BadResponse, match="a: name: expected text that is not empty"):
        paths(folder("a", "", ""))


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"folder_id": None, "folder_path": ""}, ROOT),
        ({"folder_id": None, "folder_path": "/"}, ROOT),
        ({"folder_id": "f-1", "folder_path": "Renamed meanwhile"}, "Backend"),
        ({"folder_id": "new", "folder_path": "Just/Made"}, "Just/Made"),
        ({"folder_id": "new", "folder_path": ""}, "new"),
    ],
)
def test_the_folder_of_a_note(changes, path):
    live = decode(NOTE, **changes)
    assert live.key.folder == path
    assert live.ids.get("folder") == changes["folder_id"]


def test_a_note_that_hides_its_folder_is_not_taken_for_one_in_the_root():
    with pytest.raises(BadResponse, match="folder_id: missing"):
        decode({name: value for name, value in NOTE.items() if name != "folder_id"})


# --- writing ----------------------------------------------------------------------------------------------

NOTE_RESOURCE = Knowledge(name="N", folder="Backend", trigger="T", pinned_repo=None, body="B")
BACKEND = {Key.parse("folder:Backend"): "f-1"}


def create(resource, api="v3", ids=None, **facts):
    return codec.encode(resource, codec.Encoding(api, ids or {}), **facts)


def update(resource, api="v3", ids=None, before=None, **facts):
    return create(resource, api, ids, before=Live("x", before or resource), **facts)


def test_an_update_sends_every_field_that_is_set_and_null_for_none():
    assert update(NOTE_RESOURCE, ids=BACKEND) == {
        "name": "N",
        "folder_id": "f-1",
        "trigger": "T",
        "pinned_repo": None,
        "body": "B",
    }
    assert update(replace(NOTE_RESOURCE, folder=UNSET, macro=None), "v1") == {
        "name": "N",
        "parent_folder_id": None,
        "trigger_description": "T",
        "pinned_repo": None,
        "macro": None,
        "body": "B",
    }


def test_a_reference_to_what_is_not_known_is_never_sent():
    with pytest.raises(KeyError):
        update(NOTE_RESOURCE)


@pytest.mark.parametrize("encode", [create, update])
def test_a_macro_is_never_sent_to_v3(encode):
    assert "macro" not in encode(Knowledge(name="N", macro="!m"))
    assert "is_enabled" not in encode(Knowledge(name="N", is_enabled=False), "v1")


def test_a_secret_is_created_with_its_defaults_and_its_value():
    secret = Secret(key="K", type="totp", max_age="90d", version="1", value_from={"env": "K"})
    assert create(secret, value="v") == {
        "key": "K",
        "type": "totp",
        "note": "",
        "is_sensitive": True,
        "value": "v",
    }
    assert create(secret, "v1", value="v") == {
        "key": "K",
        "type": "totp",
        "note": "",
        "sensitive": True,
        "value": "v",
    }


def test_a_secret_needs_no_more_than_its_key():
    assert create(Secret(key="K"), value="v")["type"] == "key-value"
    assert create(Secret(key="K", note=None))["note"] is None
    # v1 takes no null there
    assert create(Secret(key="K", note=None), "v1")["note"] == ""


def test_texts_are_sent_as_they_are():
    assert update(Playbook(title="T", body="  x\r\n\n", macro=None)) == {
        "title": "T",
        "body": "  x\r\n\n",
        "macro": None,
    }


@pytest.mark.parametrize(
    ("noun", "api"),
    [("knowledge", "v3"), ("knowledge", "v1"), ("playbook", "v3"), ("playbook", "v1")],
)
def test_what_is_read_is_written_back_as_it_was(noun, api):
    item = {
        ("knowledge", "v3"): NOTE,
        ("knowledge", "v1"): NOTE_V1,
        ("playbook", "v3"): PLAYBOOK,
        ("playbook", "v1"): PLAYBOOK_V1,
    }[noun, api]
    live = decode(item, noun, api)
    body = update(live.resource, api, BACKEND)
    assert all(item.get(name) == value for name, value in body.items())


def test_what_was_sent_reads_as_if_the_api_had_answered_it():
    secret = Secret(key="K", type="totp", note="n")
    body = create(secret, "v1")
    sent = codec.live_from_request(secret.kind, "v1", "s-1", body, {}, Viewpoint(), creating=True)
    assert sent == Live(id="s-1", resource=Secret(key="K", type="totp"))
    backend = {Key.parse("folder:Backend"): "f-9"}
    body = update(NOTE_RESOURCE, "v1", backend)
    names = codec.with_references({}, backend)
    note = codec.live_from_request(NOTE_RESOURCE.kind, "v1", "n-1", body, names, Viewpoint())
    assert note.key == Key("knowledge", "Backend", "N")
    assert note.ids == {"folder": "f-9"}


@pytest.mark.matrix
def test_folders_below_each_other_without_end_take_their_path_from_the_text():
    """Their names would have to be gathered once for each folder of all those above it."""
    chain = [
        {
            "folder_id": f"f{n}",
            "name": f"N{n}",
            "path": f"text/N{n}",
            "parent_folder_id": f"f{n - 1}" if n else None,
        }
        for n in range(5000)
    ]
    paths = codec.spellings(KINDS["folder"], "v3", chain)
    assert paths["f2"] == "N0/N1/N2"
    assert paths["f4999"] == "text/N4999"
