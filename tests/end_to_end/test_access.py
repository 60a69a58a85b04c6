"""Who and what has access, over real HTTP: what is asked for once, what is never sent, and what waits for what."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from devinops.applying.applier import Applier
from devinops.emulator import Emulator
from devinops.inventory.journaled import JournaledStore
from tests.testing.command_line import Devinops, Write
from tests.testing.inventories import dies

ORGANIZATIONS = [f"org-{number:02}" for number in range(40)]
E = "/v3/enterprise"
LISTS = {"git-providers/connections", "roles", "members/users", "members/service-users"}
SEED: dict[str, Any] = {
    "organizations": {org: {} for org in ORGANIZATIONS},
    "enterprise": {
        "users": [{"id": "user-ada", "email": "ada@example.com"}],
        "service_users": [{"id": "sa-1", "name": "CI", "roles": {"enterprise": "account_member"}}],
        "git_connections": [{"id": "git-1", "name": "acme"}],
    },
}
ENTRIES = {
    "git_permissions": [{"connection": "acme", "match": "repo", "path": "acme/shop"}],
    "group_roles": [
        {"group": "eng/a", "role": "Member"},
        {"group": "eng/a", "role": "Member", "enterprise": True},
    ],
    "user_roles": [{"user": "Ada@example.com", "role": "Member"}],
    "service_user_roles": [{"service_user": "CI", "role": "Admin"}],
    "idp_groups": [{"name": "eng/a", "enterprise": True}],
}
NOTES = {"knowledge": [{"name": "A", "trigger": "t", "body": "b"}]}
APPROVED = ("--allow", "access", "--yes")


@pytest.fixture
def emulator(use: Callable[..., None]) -> Iterator[Emulator]:
    with Emulator(SEED) as running:
        use(running.url, "cog_enterprise")
        yield running


@pytest.fixture
def root(repository: Write) -> Callable[[Mapping[str, Any]], Path]:
    """Write a repository with an enterprise, forty organizations and these entries."""
    own: dict[str, Any] = {org: {"org_id": org} for org in ORGANIZATIONS}
    defaults = {"inventory": {"store": "file"}, "prune": "owned"}
    defaults |= {"api_key_env": "DEVIN_API_KEY", "enterprise_key_env": "DEVIN_API_KEY"}
    config = {"version": 1, "defaults": defaults, "targets": {"corp": {"enterprise": True}} | own}

    def write(sections: Mapping[str, Any]) -> Path:
        files = {f"{name}.yaml": yaml.safe_dump({name: rows}) for name, rows in sections.items()}
        return repository({"devinops.yaml": yaml.safe_dump(config)} | files)

    return write


def asked(emulator: Emulator) -> Counter[str]:
    """Return how often each list was asked for, without those of single objects."""
    paths = (r["path"].partition("?")[0] for r in emulator.requests if r["method"] == "GET")
    return Counter(path.removeprefix(f"{E}/") for path in paths)


@pytest.mark.matrix
def test_the_references_of_all_targets_are_listed_once_a_run(
    emulator: Emulator, root: Callable[..., Path], devinops: Devinops
) -> None:
    place = root(ENTRIES)
    ran = devinops("apply", "-C", place, "-t", "all", *APPROVED)
    assert ran.code == 0, ran
    times = asked(emulator)
    assert {path: times[path] for path in LISTS} == dict.fromkeys(LISTS, 1)
    emulator.clear_requests()
    ran = devinops("plan", "-C", place, "-t", "all", "--detailed-exitcode")
    assert (ran.code, "nothing to change" in ran.out) == (0, True), ran
    times = asked(emulator)
    own = Counter(path.rpartition("/org-")[2].partition("/")[2] for path in times)
    assert {path: times[path] for path in LISTS} == dict.fromkeys(LISTS, 1)
    assert own["git-providers/permissions"] == own["members/users"] == 40


def test_the_first_role_of_a_group_lands_in_one_run(
    emulator: Emulator, root: Callable[..., Path], devinops: Devinops
) -> None:
    place = root({name: ENTRIES[name] for name in ("group_roles", "idp_groups")})
    assert devinops("apply", "-C", place, "-t", "all", *APPROVED).code == 0
    (group,) = emulator.objects("idp_group", None)
    roles = {role["org_id"]: role["role"]["role_id"] for role in group["role_assignments"]}
    assert roles == {None: "account_member"} | dict.fromkeys(ORGANIZATIONS, "org_member")


@pytest.mark.parametrize("status", ["400", "403", "404"])
def test_a_refused_first_role_names_the_entry_that_must_come_first(
    use: Callable[..., None], root: Callable[..., Path], devinops: Devinops, status: str
) -> None:
    seed = {**SEED, "enterprise": {"idp_groups": [{"name": "eng/a"}]}}
    with Emulator(seed, quirks={"first_group_role": status}) as emulator:
        use(emulator.url, "cog_enterprise")
        place = root({"group_roles": ENTRIES["group_roles"][:1]})
        ran = devinops("apply", "-C", place, "-t", "org-00", "--yes")
    assert ran.code != 0
    assert "the first role of a group must be one of the enterprise" in ran.out + ran.err


def test_who_declares_none_of_these_kinds_sends_no_request_more(
    emulator: Emulator, root: Callable[..., Path], devinops: Devinops
) -> None:
    place = root(NOTES)
    for argv in (["plan"], ["apply", "--yes"], ["pull"], ["drift"]):
        emulator.clear_requests()
        assert devinops(*argv, "-C", place, "-t", "org-00").code == 0
        assert not [path for path in asked(emulator) if LISTS & {path.removeprefix(f"{E}/")}]
        assert not [path for path in asked(emulator) if "members" in path or "git-" in path]


@pytest.mark.parametrize("named", [("user_role",), ("--only", "user_role")])
def test_pull_takes_these_kinds_only_when_one_is_named(
    emulator: Emulator, root: Callable[..., Path], devinops: Devinops, named: tuple[str, ...]
) -> None:
    roles = {"enterprise": "account_member", "org-00": "org_member"}
    emulator.edit("user", "user-ada", roles=roles)
    place = root(NOTES)
    assert devinops("pull", "-C", place, "-t", "org-00").code == 0
    assert not [path for path in asked(emulator) if "members" in path]
    ran = devinops("pull", "-C", place, "-t", "org-00", *named)
    assert ran.code == 0, ran
    (entry,) = yaml.safe_load((place / "user_roles.yaml").read_text())["user_roles"]
    assert (entry["user"], entry["role"]) == ("ada@example.com", "Member")
    assert {path.name for path in place.glob("*.yaml")} == {
        "devinops.yaml",
        "knowledge.yaml",
        "user_roles.yaml",
    }


def test_two_entries_for_one_person_are_a_problem(
    emulator: Emulator, root: Callable[..., Path], devinops: Devinops
) -> None:
    twice = [{"user": "ada@example.com", "role": "Member"}, {"user": "user-ada", "role": "Admin"}]
    ran = devinops("plan", "-C", root({"user_roles": twice}), "-t", "org-00")
    assert ran.code == 1
    assert "user_role:ada@example.com is also declared in user_roles.yaml:2" in ran.err + ran.out


def test_what_would_remove_a_person_or_a_service_user_is_never_sent(
    emulator: Emulator, root: Callable[..., Path], devinops: Devinops
) -> None:
    above = {"enterprise": True}
    entries = {
        "user_roles": [{"user": "ada@example.com", "role": "Admin", **above}],
        "service_user_roles": [{"service_user": "CI", "role": "Admin", **above}],
    }
    place = root(entries)
    first = devinops("apply", "-C", place, "-t", "corp", "--adopt", *APPROVED)
    assert first.code == 0, first
    root({"user_roles": [], "service_user_roles": [], **NOTES})
    ran = devinops("apply", "-C", place, "-t", "corp", *APPROVED)
    assert (ran.code, ran.out.count("it stays as it is, but is no longer owned")) == (0, 2), ran
    written = {(r["method"], r["path"]) for r in emulator.requests if r["method"] != "GET"}
    assert written == {
        ("PATCH", f"{E}/members/service-users/sa-1"),
        ("PATCH", f"{E}/members/users/user-ada"),
    }
    again = devinops("plan", "-C", place, "-t", "corp", "--format", "json")
    assert json.loads(again.out)["changes"] == []


@pytest.mark.parametrize(
    ("before", "roles", "says"),
    [
        ("Member", {}, "it was deleted after the plan"),
        ("Member", {"org-00": "org_other"}, "it was edited after the plan"),
        ("", {"org-00": "org_other"}, "it was given outside devinops after the plan"),
    ],
    ids=["taken away", "another one", "a first one"],
)
def test_a_role_that_an_administrator_changes_after_the_plan_is_left_alone(
    use: Callable[..., None],
    root: Callable[..., Path],
    devinops: Devinops,
    monkeypatch: pytest.MonkeyPatch,
    before: str,
    roles: dict[str, str],
    says: str,
) -> None:
    """Nothing reads the role of one person in an organization, so the list is read once for all."""
    other = {"id": "org_other", "name": "Other", "role_type": "org"}
    people = [*SEED["enterprise"]["users"], {"id": "user-bob", "email": "bob@example.com"}]
    seed = {**SEED, "enterprise": {**SEED["enterprise"], "roles": [other], "users": people}}

    def with_role(role: str) -> dict[str, Any]:
        return {"user_roles": [{"user": each["email"], "role": role} for each in people]}

    with Emulator(seed, quirks={"second_role": "replaced"}) as emulator:
        use(emulator.url, "cog_enterprise")
        place = root(with_role(before) if before else NOTES)
        assert devinops("apply", "-C", place, "-t", "org-00", "--yes").code == 0
        root(with_role("Admin"))
        emulator.clear_requests()
        make = Applier.__init__

        def edited_first(*args: Any, **options: Any) -> None:
            emulator.edit("user", "user-ada", roles=roles)
            make(*args, **options)

        monkeypatch.setattr(Applier, "__init__", edited_first)
        ran = devinops("apply", "-C", place, "-t", "org-00", *APPROVED)
        written = [r["path"] for r in emulator.requests if r["method"] != "GET"]
    assert says in ran.out, ran
    assert [path.rpartition("/")[2] for path in written] == ["user-bob"]


@pytest.mark.parametrize("is_there", [False, True])
@pytest.mark.parametrize("name", [".", ".."])
def test_what_would_be_another_path_is_never_sent(
    use: Callable[..., None],
    root: Callable[..., Path],
    devinops: Devinops,
    name: str,
    is_there: bool,
) -> None:
    """A client removes a segment of dots, so a DELETE of it would be one of something else."""
    known = {"enterprise": {**SEED["enterprise"], "idp_groups": [{"name": name}]}}
    role, above = {"group": name, "role": "Member"}, {"enterprise": True}
    groups = [{"name": name, **above}, {"name": "kept", **above}]
    with Emulator({**SEED, **(known if is_there else {})}) as emulator:
        use(emulator.url, "cog_enterprise")
        place = root({"idp_groups": groups, "group_roles": [role, {**role, **above}]})
        argv = ("apply", "-C", place, "-t", "corp", "-t", "org-00", "--adopt", *APPROVED)
        refused = devinops(*argv)
        root({"idp_groups": groups[1:], "group_roles": [], **NOTES})
        left = devinops(*argv)
        sent = [(r["method"], r["path"]) for r in emulator.requests if r["method"] != "GET"]
    says = f"the id '{name}' cannot be part of a URL: choose another"
    assert says in refused.out
    assert (left.code, says in left.out) == ((3, True) if is_there else (0, False))
    assert {path.rpartition("/")[2] for _, path in sent} == {"idp-groups", "notes"}
    assert {method for method, _ in sent} == {"POST"}
    assert len(emulator.objects("idp_group", None)) == 1 + is_there


def test_all_permissions_are_never_replaced_or_cleared(
    emulator: Emulator, root: Callable[..., Path], devinops: Devinops
) -> None:
    place = root({"git_permissions": ENTRIES["git_permissions"]})
    assert devinops("apply", "-C", place, "-t", "org-00", "--yes").code == 0
    theirs = {"git_connection_id": "git-1", "repo_path": "acme/theirs"}
    emulator.add("git_permission", org="org-00", **theirs)
    root({"git_permissions": [], **NOTES})
    ran = devinops("apply", "-C", place, "-t", "org-00", "--allow", "delete=1", *APPROVED)
    assert ran.code == 0, ran
    (left,) = emulator.objects("git_permission", "org-00")
    assert left["repo_path"] == "acme/theirs"
    assert "PUT" not in {request["method"] for request in emulator.requests}


HELD = {
    "git_permissions": [{"connection": "acme", "match": "repo", "path": "acme/shop"}],
    "service_user_roles": [{"service_user": "CI", "role": "Member"}],
}
RENAMED = {
    "git_permissions": [{"connection": "other", "match": "repo", "path": "acme/shop"}],
    "service_user_roles": [{"service_user": "bot", "role": "Member"}],
}
GONE = {name: [{**row, "ensure": "absent"} for row in rows] for name, rows in HELD.items()}
NOTHING: dict[str, Any] = {name: [] for name in HELD}
EXCLUDED = ("--exclude", "git_permission:other*", "--exclude", "service_user_role:bot")


def has_access(emulator: Emulator) -> list[bool]:
    """Return whether the organization reaches the repository, and whether the service user has its role."""
    (user,) = (
        one for one in emulator.objects("service_user", None) if one["name"] in ("CI", "bot")
    )
    roles = [role["org_id"] for role in user["role_assignments"]]
    return [bool(emulator.objects("git_permission", "org-00")), "org-00" in roles]


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    ("meanwhile", "flags", "later"),
    [
        (NOTHING | NOTES, (), HELD),
        (GONE, (), HELD),
        (RENAMED, EXCLUDED, RENAMED),
        (NOTHING | NOTES, (), RENAMED),
    ],
    ids=["removed", "absent", "left out under another name", "removed, then another name"],
)
def test_no_later_run_gives_back_what_was_taken_away_outside(
    emulator: Emulator,
    root: Callable[..., Path],
    devinops: Devinops,
    meanwhile: dict[str, Any],
    flags: tuple[str, ...],
    later: dict[str, Any],
) -> None:
    place = root(HELD)
    place_and_target = ("-C", place, "-t", "org-00")
    assert devinops("apply", *place_and_target, "--yes").code == 0
    assert has_access(emulator) == [True, True]
    (permission,) = emulator.objects("git_permission", "org-00")
    emulator.remove("git_permission", permission["git_permission_id"])
    emulator.edit("service_user", "sa-1", roles={"enterprise": "account_member"})
    if later is RENAMED:
        emulator.edit("service_user", "sa-1", name="bot")
        emulator.edit("git_connection", "git-1", name="other")
    root(meanwhile)
    ran = devinops("apply", *place_and_target, "--yes", *flags)
    assert (ran.code, has_access(emulator)) == (0, [False, False]), ran
    for command in ("plan", "drift"):
        ran = devinops(command, *place_and_target, *(flags if command == "plan" else ()))
        assert (ran.code, "taken" in ran.out) == (0, False), ran

    root(later)
    again = ("apply", *place_and_target, "--yes", "--on-drift", "overwrite")
    for more in ((), ("--only", "git_permission"), ("--only", "service_user_role")):
        ran = devinops(*again, *more)
        assert (ran.code, "pass --allow access" in ran.out) == (4, True), ran
    assert has_access(emulator) == [False, False]
    ran = devinops(*again, "--allow", "access")
    assert (ran.code, has_access(emulator)) == (0, [True, True]), ran


def test_nor_is_it_given_back_after_a_run_that_died_while_it_changed_it(
    emulator: Emulator,
    root: Callable[..., Path],
    devinops: Devinops,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    entries = {"service_user_roles": HELD["service_user_roles"]}
    place_and_target = ("-C", root(entries), "-t", "org-00")
    assert devinops("apply", *place_and_target, "--yes").code == 0
    root({"service_user_roles": [{"service_user": "CI", "role": "Admin"}]})
    with monkeypatch.context() as killed:
        killed.setattr(JournaledStore, "settle", lambda *_: None)
        killed.setattr(JournaledStore, "finish", lambda self, run, *_: dies(self, run))
        devinops("apply", *place_and_target, *APPROVED)
    emulator.edit("service_user", "sa-1", roles={"enterprise": "account_member"})
    root({"service_user_roles": [], **NOTES})
    assert devinops("apply", *place_and_target, "--yes").code == 0
    listed = devinops("inventory", "list", *place_and_target)
    assert "taken away outside devinops: service_user_role:CI, sa-1" in listed.out
    as_json = devinops("inventory", "list", *place_and_target, "--format", "json")
    assert json.loads(as_json.out)["taken"] == ["service_user_role:CI"]
    root(entries | NOTES)
    ran = devinops("apply", *place_and_target, "--yes", "--on-drift", "overwrite")
    assert (ran.code, has_access(emulator)) == (4, [False, False]), ran


def test_what_devinops_took_away_itself_is_given_back_without_the_flag(
    emulator: Emulator, root: Callable[..., Path], devinops: Devinops
) -> None:
    place_and_target = ("-C", root(HELD), "-t", "org-00")
    assert devinops("apply", *place_and_target, "--yes").code == 0
    root(GONE)
    flags = (*APPROVED, "--allow", "delete=2")
    assert devinops("apply", *place_and_target, *flags).code == 0
    assert has_access(emulator) == [False, False]
    root(HELD)
    assert devinops("apply", *place_and_target, "--yes").code == 0
    assert has_access(emulator) == [True, True]


def test_what_somebody_gave_back_outside_is_nobodys_until_it_is_linked_or_pulled(
    emulator: Emulator, root: Callable[..., Path], devinops: Devinops
) -> None:
    entries = {"service_user_roles": HELD["service_user_roles"]}
    place = root(entries)
    place_and_target = ("-C", place, "-t", "org-00")
    assert devinops("apply", *place_and_target, "--yes").code == 0
    emulator.edit("service_user", "sa-1", roles={"enterprise": "account_member"})
    root({"service_user_roles": [], **NOTES})
    assert devinops("apply", *place_and_target, "--yes").code == 0
    emulator.edit(
        "service_user", "sa-1", roles={"enterprise": "account_member", "org-00": "org_member"}
    )
    (place / "service_user_roles.yaml").unlink()
    ran = devinops("pull", *place_and_target, "service_user_role")
    assert (ran.code, "CI" in (place / "service_user_roles.yaml").read_text()) == (0, True), ran
    root({"service_user_roles": [], **NOTES})
    key = "service_user_role:CI"
    assert devinops("inventory", "link", *place_and_target, key, "sa-1").code == 0
    plan = devinops("plan", *place_and_target, "--format", "json")
    assert [c["action"] for c in json.loads(plan.out)["changes"]] == ["delete"], plan
    ran = devinops("inventory", "forget", *place_and_target, key)
    assert ran.code == 0, ran
