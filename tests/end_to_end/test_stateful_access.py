"""Random changes of who and what has access, in files and in the web app: each apply does what its plan says, and the next plan is empty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from devinops.model.exit_codes import ExitCode
from devinops.model.keys import encode_part
from tests.testing.history import RandomHistory, for_ci_and_night

PEOPLE = {"ada@example.com": "user-ada", "Bob@Example.com": "auth0|Bob", "user-nil": "user-nil"}
SERVICE_USERS = {"CI": "sa-1", "sa-2": "sa-2", "sa-3": "sa-3"}
GROUPS = {name: name for name in ("eng", "eng/platform", "a b")}
"""How an entry names a subject → its id. Two service users are called `bot`."""

ORG = {"org_id": "org-emulator", "other": None, "Member": "org_member", "Developer": "role-dev"}
ENTERPRISE = {"org_id": None, "other": "org-emulator"} | {
    "Member": "account_member",
    "Auditor": "role-audit",
}
SEED: dict[str, Any] = {
    "organizations": {"org-emulator": {}, "org-two": {}},
    "enterprise": {
        "roles": [
            {"id": "role-dev", "name": "Developer", "role_type": "org"},
            {"id": "role-audit", "name": "Auditor", "role_type": "enterprise"},
        ],
        "users": [
            {"id": "user-ada", "email": "Ada@example.com", "roles": {"org-two": "org_admin"}},
            {"id": "auth0|Bob", "email": "bob@example.com"},
            {"id": "user-nil", "name": "Nil"},
        ],
        "service_users": [
            {"id": "sa-1", "name": "CI", "roles": {"org-two": "org_member"}},
            {"id": "sa-2", "name": "bot"},
            {"id": "sa-3", "name": "bot"},
        ],
        "idp_groups": [{"name": n, "roles": {"enterprise": "account_admin"}} for n in GROUPS],
        "git_connections": [{"id": "git-1", "name": "acme"}],
    },
}
NAMES: Mapping[str, str] = {
    "auth0|Bob": "bob@example.com",
    "user-ada": "ada@example.com",
    "sa-1": "CI",
}


class Access(RandomHistory):
    """The objects of one kind in one scope; a subclass says which, and how the web app changes them."""

    noun: ClassVar[str]
    enterprise: ClassVar[bool] = False
    subjects: ClassVar[tuple[str, ...]]
    values: ClassVar[tuple[Any, ...]]
    field: ClassVar[str]

    @initialize(shown=st.sampled_from(["shown", "hidden"]), twice=st.sampled_from(["kept", "409"]))
    def begin(self, shown: str, twice: str) -> None:
        target: dict[str, Any] = {"inventory": {"store": "file"}, "prune": "owned"}
        more = {"enterprise": True} if self.enterprise else {"enterprise_key_env": "DEVIN_KEY_E"}
        quirks = {"other_roles_in_org": shown, "duplicate_permission": twice}
        key = "cog_enterprise" if self.enterprise else "cog_emulator"
        self.start(SEED, target | more, key=key, page_size=2, quirks=quirks)
        self.environ["DEVIN_KEY_E"] = "cog_enterprise"
        self.entries: dict[str, dict[str, Any]] = {}
        self.taken: set[str] = set()

    def sections(self) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        scope = {"enterprise": True} if self.enterprise else {}
        entries = [self.named(name) | rest | scope for name, rest in self.entries.items()]
        return {f"{self.noun}s": entries}

    # --- what a subclass says ---

    def named(self, name: str) -> dict[str, Any]:
        """Return the fields by which an entry names its object."""
        return {self.noun.removesuffix("_role"): name}

    def live(self) -> dict[str, Any]:
        """Return the path of each object's key → its value."""
        raise NotImplementedError

    def others(self) -> Any:
        """Return what no run of this target may change."""
        raise NotImplementedError

    def change_outside(self, name: str, value: Any) -> None:
        """Set a value in the web app; None takes the object away."""
        raise NotImplementedError

    # --- Git and the web app ---

    @rule(data=st.data())
    def declare(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(self.subjects))
        value = data.draw(st.sampled_from(self.values))
        self.entries[name] = {} if value is None else {self.field: value}

    @precondition(lambda self: self.entries)
    @rule(data=st.data(), absent=st.booleans())
    def remove(self, data: st.DataObject, absent: bool) -> None:
        name = data.draw(st.sampled_from(sorted(self.entries)))
        if absent and not (self.enterprise and self.noun.endswith("user_role")):
            self.entries[name] = {"ensure": "absent"}
        else:
            del self.entries[name]

    @rule(data=st.data(), is_taken=st.booleans())
    def edit_outside(self, data: st.DataObject, is_taken: bool) -> None:
        name = data.draw(st.sampled_from(self.subjects))
        value = None if is_taken else data.draw(st.sampled_from(self.values)) or "there"
        self.edit(name, value)

    def edit(self, name: str, value: Any) -> None:
        """Change a value in the web app, and remember what was owned and is taken away."""
        owned, before = self.owned(), self.live()
        self.change_outside(name, value)
        after = self.live()
        self.taken = {path for path in self.taken | owned & {*before} if path not in after}

    def owned(self) -> set[str]:
        """Return the paths of the keys of what this repository owns."""
        found = self.document("inventory", "list")["records"]
        return {path_of(record) for record in found}

    # --- devinops ---

    @rule(
        on_drift=st.sampled_from(["keep", "overwrite"]),
        on_conflict=st.sampled_from(["git", "live"]),
        undone=st.booleans(),
    )
    def apply(self, on_drift: str, on_conflict: str, undone: bool) -> None:
        if not self.entries:
            return
        decided = ["--adopt", "--on-drift", on_drift, "--on-conflict", on_conflict]
        flags = [*decided]
        before, others = self.live(), self.others()
        plan = self.approved(flags)
        report = self.document("apply", "--expect", plan["digest"], *flags)
        self.taken -= {*self.live()}
        assert {r["outcome"] for r in report["results"]} <= {"done"}, report["results"]
        assert report["left"] in ([], None), report["left"]
        assert (self.live(), self.others()) == (self.expected(plan, before), others)
        assert self.approved(decided)["changes"] == []
        lost = [
            c for c in plan["changes"] if c["action"] in ("update", "delete") or c["overwrites"]
        ]
        if undone and lost:
            self.roll_back([path_of(change) for change in lost], before)

    def roll_back(self, paths: list[str], before: Mapping[str, Any]) -> None:
        code, out = self.run("rollback", "latest", "--yes", "--allow", "access")
        assert code == ExitCode.OK, out
        after = self.live()
        assert {path: after[path] for path in paths} == {path: before[path] for path in paths}

    @precondition(lambda self: self.entries)
    @rule(data=st.data(), on_drift=st.sampled_from(["keep", "overwrite"]))
    def apply_without_one(self, data: st.DataObject, on_drift: str) -> None:
        name = data.draw(st.sampled_from(sorted(self.entries)))
        left_out = ["--exclude", f"{self.noun}:{self.path(name)}"]
        flags = ["--adopt", "--on-drift", on_drift, "--on-conflict", "git", *left_out]
        plan = self.approved(flags)
        self.document("apply", "--expect", plan["digest"], *flags)
        self.taken -= {*self.live()}

    @precondition(lambda self: self.entries)
    @rule(data=st.data(), absent=st.booleans())
    def take_away_and_remove(self, data: st.DataObject, absent: bool) -> None:
        """No later run takes what was taken away outside for new, although its entry was removed for one apply."""
        self.settle()
        before = dict(self.entries)
        name = data.draw(st.sampled_from(sorted(before)))
        self.edit(name, None)
        if absent or len(before) == 1:
            self.entries[name] = {"ensure": "absent"}
        else:
            del self.entries[name]
        self.apply("keep", "git", undone=False)
        self.entries = before
        self.settle()

    @rule()
    def settle(self) -> None:
        """Whatever happened, one apply brings the entries about."""
        self.apply("overwrite", "git", undone=False)
        live = self.live()
        present = {n: e for n, e in self.entries.items() if e.get("ensure") != "absent"}
        for name, entry in present.items():
            assert self.path(name) in live
            assert self.field not in entry or live[self.path(name)] == entry[self.field]

    def approved(self, flags: list[str]) -> dict[str, Any]:
        """Return the plan; `flags` grow by all that it waits for.

        It always waits for an approval of what somebody took away outside.
        """
        asks: set[str] = set()
        while True:
            plan = self.document("plan", *flags)
            asks |= {
                refusal["reason"].partition(" was taken away")[0] for refusal in plan["refusals"]
            }
            creates = {change["key"] for change in plan["changes"] if change["action"] == "create"}
            assert {key for key in creates if path_of({"key": key}) in self.taken} <= asks
            approvals = [refusal["approval"] for refusal in plan["refusals"]]
            new = {(approval["option"], approval["values"][0]) for approval in approvals}
            if not new:
                return plan
            flags += [part for option_and_value in sorted(new) for part in option_and_value]

    def expected(self, plan: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
        """Return what is live after the changes of a plan, as the plan shows them."""
        expected = dict(before)
        for change in plan["changes"]:
            path, fields = path_of(change), change["fields"]
            if change["action"] == "delete":
                del expected[path]
            elif self.field in fields:
                expected[path] = fields[self.field]["after"]
            elif change["action"] == "create":
                expected[path] = self.values[0] or ""
        return expected

    def path(self, name: str) -> str:
        return encode_part(NAMES.get(name, name).lower() if "@" in name else name)


def path_of(change: Mapping[str, Any]) -> str:
    return str(change["key"].partition(":")[2])


class Permissions(Access):
    noun, field = "git_permission", "read_only"
    subjects, values = ("acme/shop", "acme/api", "acme/docs"), (False, True)

    def named(self, name: str) -> dict[str, Any]:
        return {"connection": "acme", "match": "repo", "path": name}

    def path(self, name: str) -> str:
        return encode_part(f"acme repo {name}")

    def _ids(self) -> dict[str, str]:
        found = self.emulator.objects("git_permission")
        return {one["repo_path"]: one["git_permission_id"] for one in found}

    def live(self) -> dict[str, Any]:
        found = self.emulator.objects("git_permission")
        return {self.path(one["repo_path"]): one["read_only"] for one in found}

    def others(self) -> Any:
        return self.emulator.objects("git_permission", "org-two")

    def change_outside(self, name: str, value: Any) -> None:
        id, value = self._ids().get(name), value if value is None else value is True
        if value is None and id:
            self.emulator.remove("git_permission", id)
        elif value is not None and id:
            self.emulator.edit("git_permission", id, read_only=value)
        elif value is not None:
            fields = {"git_connection_id": "git-1", "repo_path": name, "read_only": value}
            self.emulator.add("git_permission", **fields)


class Groups(Access):
    noun, field, enterprise = "idp_group", "name", True
    subjects, values = ("new", "new/one", "new two"), (None,)

    def named(self, name: str) -> dict[str, Any]:
        return {"name": name}

    def live(self) -> dict[str, Any]:
        found = (group["idp_group_name"] for group in self.emulator.objects("idp_group", None))
        return {encode_part(name): name for name in found if name not in GROUPS}

    def others(self) -> Any:
        return [g for g in self.emulator.objects("idp_group", None) if g["role_assignments"]]

    def change_outside(self, name: str, value: Any) -> None:
        is_there = encode_part(name) in self.live()
        if value is None and is_there:
            self.emulator.remove("idp_group", name)
        elif value is not None and not is_there:
            self.emulator.add("idp_group", org=None, name=name)


class Roles(Access):
    """The roles of one type of subject. Whoever has one in the scope has others elsewhere, which stay."""

    field = "role"
    table: ClassVar[str]
    ids: ClassVar[Mapping[str, str]]
    scope: ClassVar[Mapping[str, Any]]

    def _roles(self) -> dict[str, dict[str | None, str]]:
        """Return id → organization (None: the enterprise) → name of the role."""
        return {
            one.get("user_id") or one.get("service_user_id") or one["idp_group_name"]: {
                role["org_id"]: role["role"]["role_name"] for role in one["role_assignments"]
            }
            for one in self.emulator.objects(self.table, None)
        }

    def live(self) -> dict[str, Any]:
        here = {id: roles.get(self.scope["org_id"]) for id, roles in self._roles().items()}
        return {encode_part(NAMES.get(id, id)): role for id, role in here.items() if role}

    def others(self) -> Any:
        return {
            id: {org: role for org, role in roles.items() if org != self.scope["org_id"]}
            for id, roles in self._roles().items()
        }

    def path(self, name: str) -> str:
        return encode_part(NAMES.get(self.ids[name], self.ids[name]))

    def change_outside(self, name: str, value: Any) -> None:
        id, here = self.ids[name], self.scope["org_id"] or "enterprise"
        shown = {"Developer": "role-dev", "Auditor": "role-audit"}
        roles = {}
        for org, role in self._roles()[id].items():
            prefix = "org" if org else "account"
            roles[org or "enterprise"] = shown.get(role, f"{prefix}_{role.lower()}")
        roles.pop(here, None)
        if value is not None:
            roles[here] = self.scope[value]
        self.emulator.edit(self.table, id, roles=roles)


def roles_of(
    noun: str, table: str, ids: Mapping[str, str], scope: Mapping[str, Any]
) -> tuple[Any, Any]:
    values = tuple(name for name in scope if name[0].isupper())
    facts = {"noun": noun, "table": table, "ids": ids, "scope": scope, "values": values}
    facts |= {"enterprise": scope is ENTERPRISE, "subjects": tuple(ids)}
    return for_ci_and_night(type(f"{noun}_{values[1]}", (Roles,), facts))


TestPermissions, TestPermissionsAtNight = for_ci_and_night(Permissions)
TestGroups, TestGroupsAtNight = for_ci_and_night(Groups)
TestGroupRoles, TestGroupRolesAtNight = roles_of("group_role", "idp_group", GROUPS, ORG)
TestUserRoles, TestUserRolesAtNight = roles_of("user_role", "user", PEOPLE, ORG)
TestServiceUserRoles, TestServiceUserRolesAtNight = roles_of(
    "service_user_role", "service_user", SERVICE_USERS, ORG
)
TestGroupRolesOfEnterprise, TestGroupRolesOfEnterpriseAtNight = roles_of(
    "group_role", "idp_group", GROUPS, ENTERPRISE
)
TestUserRolesOfEnterprise, TestUserRolesOfEnterpriseAtNight = roles_of(
    "user_role", "user", PEOPLE, ENTERPRISE
)
TestServiceUserRolesOfEnterprise, TestServiceUserRolesOfEnterpriseAtNight = roles_of(
    "service_user_role", "service_user", SERVICE_USERS, ENTERPRISE
)
