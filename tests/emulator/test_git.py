"""Git connections, and the permissions that organizations have through them."""

from __future__ import annotations

import pytest

from devinops.model.errors import ConfigError
from tests.testing.emulator_api import good

E = "/v3/enterprise"
PATH = f"{E}/organizations/org-emulator/git-providers/permissions"
SEED = {
    "organizations": {
        "org-emulator": {
            "git_permissions": [
                {"id": "perm-1", "git_connection_id": "git-1", "repo_path": "acme/shop"}
            ]
        },
        "org-two": {},
    },
    "enterprise": {
        "git_connections": [
            {"id": "git-1", "name": "acme"},
            {"id": "git-2", "git_provider_type": "gitlab_token", "host": "git.example.com"},
        ]
    },
}
SHOP = {
    "git_permission_id": "perm-1",
    "git_connection_id": "git-1",
    "repo_path": "acme/shop",
    "group_prefix": None,
    "prefix_path": None,
    "depot_path": None,
    "read_only": False,
}


@pytest.fixture
def api(start):
    return start(SEED)


def listed(api, path=PATH):
    items = good(api.enterprise.get(path))["items"]
    for item in items:
        assert isinstance(item.pop("created_at"), int)
    return items


def reach(**fields):
    return {"git_connection_id": "git-1", **fields}


def test_connections_are_listed(api):
    items = good(api.enterprise.get(f"{E}/git-providers/connections"))["items"]
    assert [
        (one["git_connection_id"], one["git_provider_type"], one["host"], one["name"])
        for one in items
    ] == [
        ("git-1", "github_app", "github.com", "acme"),
        ("git-2", "gitlab_token", "git.example.com", None),
    ]


REPOSITORIES = f"{E}/git-providers/connections/git-1/repositories"


def with_repositories(start, *paths, **options):
    other = {"id": "git-2", "host": "git.example.com", "repositories": ["tools/deep/cli"] * 2}
    connections = [{"id": "git-1", "repositories": list(paths)}, other]
    return start({"enterprise": {"git_connections": connections}}, **options)


def paths_on(page):
    return [one["repo_path"] for one in page["items"]]


def test_a_connection_lists_its_own_repositories_each_once(start):
    api = with_repositories(start, "acme/shop")
    assert paths_on(good(api.enterprise.get(REPOSITORIES))) == ["acme/shop"]
    (repository,) = good(api.enterprise.get(REPOSITORIES.replace("git-1", "git-2")))["items"]
    assert repository == {
        "git_connection_id": "git-2",
        "git_connection_host": "git.example.com",
        "provider_repository_id": "git-2:tools/deep/cli",
        "repo_path": "tools/deep/cli",
        "repo_name": "cli",
        "repo_description": None,
        "repo_language": None,
        "last_updated_at": None,
    }


def test_a_connection_without_repositories_lists_none(api):
    assert good(api.enterprise.get(REPOSITORIES))["items"] == []


def test_a_connection_that_does_not_exist_has_no_list(api):
    response = api.enterprise.get(REPOSITORIES.replace("git-1", "git-none"))
    assert (response.status_code, response.json()) == (404, {"detail": "Git connection not found"})


@pytest.mark.parametrize(
    ("part", "paths"),
    [
        ("", ["acme/API", "acme/shop", "base/api"]),
        ("api", ["acme/API", "base/api"]),
        ("ACME/s", ["acme/shop"]),
        ("none", []),
    ],
)
def test_repositories_are_filtered_by_a_part_of_the_path_in_any_case(start, part, paths):
    api = with_repositories(start, "base/api", "acme/shop", "acme/API")
    page = good(api.enterprise.get(REPOSITORIES, params={"filter_name": part}))
    assert (paths_on(page), page["total"]) == (paths, len(paths))


@pytest.mark.parametrize("paging", ["stable", "offset"])
def test_repositories_come_in_pages_of_at_most_100(start, paging):
    wanted = [f"acme/{number:03}" for number in range(101)]
    api = with_repositories(start, *reversed(wanted), quirks={"paging": paging})
    first = good(api.enterprise.get(REPOSITORIES))
    query = {"first": 100, "after": first["end_cursor"]}
    last = good(api.enterprise.get(REPOSITORIES, params=query))
    assert [len(first["items"]), len(last["items"])] == [100, 1]
    assert paths_on(first) + paths_on(last) == wanted
    assert (first["has_next_page"], last["has_next_page"], last["end_cursor"]) == (
        True,
        False,
        None,
    )
    others = REPOSITORIES.replace("git-1", "git-2")
    assert api.enterprise.get(others, params=query).status_code == 422, "a cursor of another list"


@pytest.mark.parametrize("first", [0, 101, "all"])
def test_a_page_of_repositories_outside_1_to_100_is_refused(api, first):
    response = api.enterprise.get(REPOSITORIES, params={"first": first})
    assert response.status_code == 422
    assert response.json()["detail"][0]["loc"] == ["query", "first"]


def test_a_stable_cursor_neither_skips_nor_repeats_a_repository(start):
    api = with_repositories(start, "a/1", "a/2", "a/3")
    page = good(api.enterprise.get(REPOSITORIES, params={"first": 2}))
    edited = {"repositories": ["a/0", "a/2", "a/3", "a/4"]}
    good(api.person.patch("/git_connections/git-1", json=edited))
    after = {"after": page["end_cursor"]}
    assert paths_on(good(api.enterprise.get(REPOSITORIES, params=after))) == ["a/3", "a/4"]


def test_faults_break_the_pages_of_repositories_too(start):
    script = [{"path": "/v3/**/repositories", "fault": "looping-cursor", "times": 1}]
    api = with_repositories(start, "a/1", faults=script)
    assert good(api.enterprise.get(REPOSITORIES))["has_next_page"] is True
    assert good(api.enterprise.get(REPOSITORIES))["has_next_page"] is False


def test_a_seed_names_the_repositories_of_a_connection_as_texts(start):
    with pytest.raises(ConfigError, match=r"git_connections\[0\].*repositories.*a list of texts"):
        with_repositories(start, {"repo_path": "acme/shop"})


def test_permissions_belong_to_one_organization(api):
    assert listed(api) == [SHOP]
    assert listed(api, PATH.replace("org-emulator", "org-two")) == []


def test_permissions_are_added_without_the_slash_at_the_end_of_a_group(api):
    body = {
        "permissions": [
            reach(group_prefix="acme/tools/", read_only=True),
            reach(prefix_path="github.com/acme"),
        ]
    }
    added = good(api.enterprise.post(PATH, json=body))
    assert [one["group_prefix"] for one in added] == ["acme/tools", None]
    assert [one["read_only"] for one in added] == [True, False]
    assert [one["prefix_path"] for one in listed(api)] == [None, None, "github.com/acme"]


@pytest.mark.parametrize(
    ("permissions", "status"),
    [
        ([reach()], 422),
        ([reach(repo_path="a/b", group_prefix="a")], 422),
        ([reach(repo_path="")], 422),
        ([reach(repo_path="a/b"), {"git_connection_id": "git-none", "repo_path": "a/b"}], 404),
        ([reach(repo_path=f"a/{number}") for number in range(201)], 422),
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_one_wrong_permission_refuses_all(api, method, permissions, status):
    response = api.enterprise.request(method, PATH, json={"permissions": permissions})
    assert response.status_code == status
    assert listed(api) == [SHOP]


def test_what_the_api_does_not_know_of_a_permission_is_ignored(api):
    body = {"permissions": [reach(repo_path="a/b", branch="main")]}
    assert good(api.enterprise.post(PATH, json=body))[0]["repo_path"] == "a/b"


def test_as_many_as_200_are_added_at_once(api):
    body = {"permissions": [reach(repo_path=f"a/{number}") for number in range(200)]}
    assert len(good(api.enterprise.post(PATH, json=body))) == 200


@pytest.mark.parametrize(
    ("sent", "after"), [({"read_only": True}, True), ({"read_only": None}, False), ({}, False)]
)
def test_only_read_only_is_changed(api, sent, after):
    changed = good(api.enterprise.patch(f"{PATH}/perm-1", json={**sent, "repo_path": "a/b"}))
    assert (changed["read_only"], changed["repo_path"]) == (after, "acme/shop")


def test_a_permission_is_taken_away(api):
    assert good(api.enterprise.delete(f"{PATH}/perm-1"))["git_permission_id"] == "perm-1"
    assert listed(api) == []
    assert api.enterprise.delete(f"{PATH}/perm-1").status_code == 404
    assert api.enterprise.get(f"{PATH}/perm-1").status_code == 405, "none is read alone"


def test_all_are_replaced_and_cleared(api):
    body = {"permissions": [reach(repo_path="acme/other")]}
    assert [one["repo_path"] for one in good(api.enterprise.put(PATH, json=body))] == ["acme/other"]
    assert [one["repo_path"] for one in listed(api)] == ["acme/other"]
    assert len(good(api.enterprise.delete(PATH))) == 1
    assert listed(api) == []


def test_a_person_takes_a_permission_away_and_changes_one(api):
    good(api.person.patch("/git_permissions/perm-1", json={"read_only": True}))
    assert listed(api) == [{**SHOP, "read_only": True}]
    assert api.person.delete("/git_permissions/perm-1").status_code == 204
    assert listed(api) == []


@pytest.mark.parametrize("path", [PATH, REPOSITORIES])
@pytest.mark.parametrize(
    ("permissions", "status"), [(["ManageGitIntegrations"], 200), (["ManageOrganizations"], 403)]
)
def test_a_key_needs_a_permission_of_its_own(start, path, permissions, status):
    keys = {"cog_some": {"org": None, "permissions": permissions}}
    assert start({**SEED, "keys": keys}).with_key("cog_some").get(path).status_code == status


def test_a_key_of_an_organization_does_not_see_the_repositories_of_the_enterprise(api):
    assert api.v3.get(REPOSITORIES).status_code == 403


@pytest.mark.parametrize(
    ("fault", "answered", "paths"),
    [
        ("wrong-id", "perm-1", ["acme/shop", "a/b"]),
        ("late-object", None, ["acme/shop"]),
        ("namesake", None, ["acme/shop", "a/b", "a/b"]),
    ],
)
def test_faults_know_the_one_permission_in_a_list(start, fault, answered, paths):
    when = {"when": "after"} if fault == "wrong-id" else {}
    script = [{"method": "POST", "fault": fault, "times": 1, **when}]
    api = start(SEED, faults=script, quirks={"duplicate_permission": "allowed"})
    body = {"permissions": [reach(repo_path="a/b")]}
    (added,) = good(api.enterprise.post(PATH, json=body))
    assert answered in (None, added["git_permission_id"])
    assert [one["repo_path"] for one in listed(api)] == paths


def test_a_fault_that_edits_a_permission_says_what(start):
    edit = {"method": "DELETE", "fault": "edit", "times": 1}
    api = start(SEED, faults=[{**edit, "set": {"read_only": True}}, edit])
    assert good(api.enterprise.delete(f"{PATH}/perm-1"))["read_only"] is True
    api = start(SEED, faults=[edit])
    response = api.enterprise.delete(f"{PATH}/perm-1")
    assert response.status_code == 500
    assert "give the fault a `set`" in response.json()["detail"]
