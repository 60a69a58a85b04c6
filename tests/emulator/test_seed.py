"""What an emulator starts with, and what a seed must not say."""

from __future__ import annotations

import pytest

from devinops.emulator import Emulator
from devinops.emulator.seed import Seed, parse_seed, read_seed
from devinops.emulator.store import Store
from devinops.model.errors import ConfigError
from tests.testing.emulator_api import NOTE, good

SEED = """
organizations:
  org-emulator:
    folders:
      - {path: Backend/APIs, id: folder-apis}
      - {path: Backend, description: all of it}
    knowledge:
      - {id: note-1, name: Errors, trigger: when, body: text, folder: Backend/APIs, macro: "!errors",
         pinned_repo: all, is_enabled: false, created_at: 1700000000, updated_at: 2026-01-02T03:04:05Z}
      - {name: Loose, trigger: when, body: text, created_at: 2026-01-02}
    playbooks: [{title: Triage, body: text, macro: "!t", structured_output_schema: {type: object}}]
    secrets: [{key: NPM_TOKEN, type: cookie, note: n, is_sensitive: false}]
  org-two: {}
enterprise:
  knowledge: [{name: All, trigger: when, body: text}]
quirks: {macro: dropped, duplicate_secret: 400}
"""


def org(**sections):
    return {"organizations": {"org-emulator": sections}}


def test_a_seed_file_is_planted_as_it_says(tmp_path):
    path = tmp_path / "seed.yaml"
    path.write_text(SEED, encoding="utf-8")
    seed = read_seed(path)
    store = Store(seed.quirks)
    seed.add_to(store)
    note = store.get("knowledge", "note-1")
    assert (note.name, note.macro, note.pinned_repo, note.is_enabled) == (
        "Errors",
        "!errors",
        "all",
        False,
    )
    assert (note.created_at, note.updated_at) == (1700000000, 1767323045)
    assert store.folder_path(note.folder_id) == "Backend/APIs"
    assert [folder.name for folder in store.table("folder")] == ["Backend", "APIs"]
    assert store.organizations == {"org-emulator", "org-two"}
    assert (store.quirks.macro, store.quirks.duplicate_secret) == ("dropped", "400")


def test_json_is_read_too(tmp_path):
    path = tmp_path / "seed.json"
    path.write_text('{"organizations": {"org-emulator": {"knowledge": []}}}', encoding="utf-8")
    assert list(read_seed(path).organizations) == ["org-emulator"]


@pytest.mark.parametrize(
    "text", ["", "# nothing\n", "{}", "organizations:\n", "organizations: {org-a: }"]
)
def test_an_empty_seed_is_an_empty_organization(tmp_path, text):
    path = tmp_path / "seed.yaml"
    path.write_text(text, encoding="utf-8")
    store = Store()
    read_seed(path).add_to(store)
    assert "org-emulator" in store.organizations
    assert len(store.table("knowledge")) == 0


def test_two_folders_may_share_a_path(start):
    api = start(org(folders=[{"path": "A"}, {"path": "A", "id": "folder-2"}, {"path": "A/B"}]))
    folders = api.emulator.folders()
    assert sorted(folder["path"] for folder in folders) == ["A", "A", "A/B"]
    assert len({folder["folder_id"] for folder in folders}) == 3


def test_a_folder_may_be_given_by_name_so_that_the_name_may_hold_a_slash(start):
    folders = [{"path": "A", "id": "folder-a"}, {"name": "x/y", "parent_folder_id": "folder-a"}]
    assert "A/x/y" in {folder["path"] for folder in start(org(folders=folders)).emulator.folders()}


def test_a_note_can_be_filed_among_namesakes_by_id(start):
    folders = [{"path": "A"}, {"path": "A", "id": "folder-2"}]
    api = start(org(folders=folders, knowledge=[{**NOTE, "folder_id": "folder-2"}]))
    assert api.emulator.knowledge()[0]["folder_id"] == "folder-2"


def test_an_access_type_can_be_given(start):
    api = start(org(knowledge=[{**NOTE, "access_type": "enterprise"}]))
    (note,) = good(api.v3.get("/v3/organizations/org-emulator/knowledge/notes"))["items"]
    assert (note["access_type"], note["org_id"]) == ("enterprise", None)


def test_ids_and_objects_are_the_same_in_every_run():
    seeds = [Store(clock=lambda: 1.0), Store(clock=lambda: 1.0)]
    for store in seeds:
        parse_seed(org(knowledge=[NOTE, NOTE])).add_to(store)
    first, second = ([note.id for note in store.table("knowledge")] for store in seeds)
    assert first == second
    assert len(set(first)) == 2


@pytest.mark.parametrize(
    ("seed", "words"),
    [
        ({"organisations": {}}, 'seed: unknown key "organisations"; did you mean "organizations"?'),
        (org(notes=[]), 'seed: organizations.org-emulator: unknown key "notes"'),
        (
            org(knowledge=[{**NOTE, "triger": "x"}]),
            'knowledge[0]: unknown key "triger"; did you mean "trigger"?',
        ),
        (org(knowledge=[NOTE, {"name": "x", "body": "b"}]), 'knowledge[1]: "trigger" is missing'),
        (org(knowledge=[{**NOTE, "name": 1}]), "knowledge[0]: name: expected a text"),
        (org(knowledge=[{**NOTE, "is_enabled": "yes"}]), "is_enabled: expected true or false"),
        (
            org(knowledge=[{**NOTE, "access_type": "all"}]),
            "access_type: expected one of org, enterprise",
        ),
        (
            org(knowledge=[{**NOTE, "created_at": "soon"}]),
            "expected Unix seconds or an ISO 8601 time",
        ),
        (org(knowledge=[{**NOTE, "folder": "A"}]), 'folder: there is no folder "A"'),
        (
            org(folders=[{"path": "Backend"}], knowledge=[{**NOTE, "folder": "Backnd"}]),
            'there is no folder "Backnd"; did you mean "Backend"?',
        ),
        (
            org(folders=[{"path": "A"}, {"path": "A"}], knowledge=[{**NOTE, "folder": "A"}]),
            '"A" names 2 folders; give folder_id instead',
        ),
        (
            org(knowledge=[{**NOTE, "folder_id": "folder-x"}]),
            'there is no folder with the id "folder-x"',
        ),
        (
            org(knowledge=[{**NOTE, "id": "note-1"}] * 2),
            'knowledge[1]: the id "note-1" is used twice',
        ),
        (org(knowledge={"a": 1}), "knowledge: expected a list"),
        (org(knowledge=["a"]), "knowledge[0]: expected a mapping"),
        (org(folders=[{}]), 'folders[0]: "path" or "name" is missing'),
        (org(folders=[{"path": "A/"}]), "path: expected names joined with a slash"),
        (org(folders=[{"path": "A", "name": "A"}]), '"path" is enough'),
        (org(secrets=[{"key": "A", "value": "v"}]), 'secrets[0]: unknown key "value"'),
        (
            org(secrets=[{"key": "A", "type": "file"}]),
            "type: expected one of cookie, key-value, totp, dictionary",
        ),
        (org(playbooks=[{"title": "t"}]), 'playbooks[0]: "body" is missing'),
        ({"enterprise": {"secrets": []}}, 'seed: enterprise: unknown key "secrets"'),
        ({"quirks": {"macr": "kept"}}, 'seed: quirks: unknown quirk "macr"; did you mean "macro"?'),
        ({"quirks": ["macro"]}, "seed: quirks: expected a mapping"),
        (
            {"keys": {"sk_1": {}}},
            "keys.sk_1: expected a key that starts with cog_ (v3) or apk_ (v1)",
        ),
        ({"keys": {"cog_1": {"org": "org-emulato"}}}, 'no organization "org-emulato"'),
        ({"keys": {"apk_1": {"org": None}}}, "a v1 key belongs to an organization"),
        (
            {"keys": {"cog_1": {"permissions": ["ManageOrgNotes"]}}},
            'unknown permission "ManageOrgNotes"',
        ),
        (
            {"keys": {"cog_1": {"principal": "robot"}}},
            "principal: expected service_user or pat_user",
        ),
        ({1: 2}, "seed: expected a mapping with texts as keys"),
        ([1], "seed: expected a mapping"),
    ],
)
def test_a_seed_that_does_not_fit_is_an_error_of_one_line_that_says_where(seed, words):
    with pytest.raises(ConfigError) as caught:
        Emulator(seed)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a: [", "not YAML"),
        (b"a: 1\na: 2\n", "twice"),
        (b"\xff", "cannot read"),
        (None, "cannot read"),
    ],
)
def test_a_seed_file_that_cannot_be_read_is_an_error_with_its_path(tmp_path, content, words):
    path = tmp_path / "seed.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        read_seed(path)
    assert str(path) in str(caught.value)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_seed_of_nothing_plants_nothing():
    store = Store()
    Seed().add_to(store)
    assert [len(store.table(kind)) for kind in ("folder", "knowledge", "playbook", "secret")] == [
        0
    ] * 4


@pytest.mark.parametrize(
    ("seed", "words"),
    [
        (org(automations=[{"name": "n"}]), "automations[0]: actions: Field required"),
        (org(schedules=[{"name": "n"}]), 'schedules[0]: "prompt" is missing'),
        (org(tags="a"), "organizations.org-emulator: tags: expected a list of texts"),
        (org(max_cycle_acu_limit="1"), "expected a whole number or null"),
        (org(roles=[]), 'organizations.org-emulator: unknown key "roles"'),
        ({"enterprise": {"automations": []}}, 'enterprise: unknown key "automations"'),
        ({"enterprise": {"organizations": []}}, 'enterprise: unknown key "organizations"'),
        ({"enterprise": {"roles": [{"role_type": "org"}]}}, 'roles[0]: "name" is missing'),
        (
            {"enterprise": {"users": [{"roles": {"enterprise": "role-x"}}]}},
            'users[0]: roles: there is no role with the id "role-x"',
        ),
        (
            {"enterprise": {"acu_limits": [{"scope": "org", "cycle_acu_limit": 1}]}},
            "scope: expected one of enterprise, user",
        ),
        (
            {"enterprise": {"service_users": [{"name": "n", "expires_at": "soon"}]}},
            '"soon": expected Unix seconds or an ISO 8601 time',
        ),
    ],
)
def test_the_sections_of_the_enterprise_and_of_an_organization_are_checked(seed, words):
    with pytest.raises(ConfigError) as caught:
        Emulator(seed)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
