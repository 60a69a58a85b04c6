"""Random histories of settings, over real HTTP: each apply ends in an empty plan, and does what was planned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from devinops.model.exit_codes import ExitCode
from tests.testing.history import RandomHistory, for_ci_and_night

ALLOWED = [word for name in ("spend", "access", "lockout") for word in ("--allow", name)]
ORGANIZATIONS = {"Payments": "org-emulator", "Search": "org-search", "Labs": "org-labs"}
ORG = "org-emulator"


class Settings(RandomHistory):
    """A setting that files and people change; a subclass says which, and how both write it."""

    section: ClassVar[str]
    enterprise: ClassVar[bool] = True
    values: ClassVar[st.SearchStrategy[Any]]
    """What an entry can say."""
    quirks: ClassVar[Mapping[str, Sequence[str]]] = {}
    kept: ClassVar[frozenset[ExitCode]] = frozenset({ExitCode.OK})
    """The exit codes of a rollback."""

    @initialize(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        self.entry: dict[str, Any] | None = None
        seed = {"organizations": {id: {"name": name} for name, id in ORGANIZATIONS.items()}}
        target = {"inventory": {"store": "file"}, "prune": "owned"}
        target |= {"enterprise": True} if self.enterprise else {"org_id": ORG}
        target |= {} if self.enterprise else {"enterprise_key_env": "DEVIN_ENTERPRISE"}
        quirks = {name: data.draw(st.sampled_from(words)) for name, words in self.quirks.items()}
        self.start(seed, target, key="cog_enterprise", page_size=2, quirks=quirks)
        self.environ["DEVIN_ENTERPRISE"] = "cog_enterprise"
        (self.root / "knowledge.yaml").write_text('{"knowledge": []}')

    def live(self) -> Any:
        """Return the setting in the form of an entry."""
        raise NotImplementedError

    def edit(self, value: Any) -> None:
        """Change the setting as a person does."""
        raise NotImplementedError

    def sections(self) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        more = {"enterprise": True} if self.enterprise else {}
        return {self.section: [] if self.entry is None else [self.entry | more]}

    @rule(data=st.data())
    def declare(self, data: st.DataObject) -> None:
        self.entry = data.draw(self.values)

    @rule()
    def remove(self) -> None:
        self.entry = None

    @rule(data=st.data())
    def edit_outside(self, data: st.DataObject) -> None:
        self.edit(data.draw(self.values))

    @rule(keeps=st.booleans())
    def apply(self, keeps: bool) -> None:
        on_drift = ["--on-drift", "keep" if keeps else "overwrite"]
        flags = ["--adopt", "--on-conflict", "git", *on_drift, *ALLOWED]
        before, planned = self.live(), self.document("plan", *flags)
        self.emulator.clear_requests()
        ran = self.document("apply", "--yes", *flags)
        writes = [each for each in self.emulator.requests if each["method"] != "GET"]
        assert ran["exit_code"] == ExitCode.OK, ran
        assert ran["left"] == [], ran
        assert self.document("plan", *flags)["changes"] == []
        fields = [set(change["fields"]) for change in planned["changes"] if change["fields"]]
        assert bool(writes) is bool(fields)
        changed = {name for name, value in self.live().items() if value != before[name]}
        assert changed == set().union(*fields)
        if self.entry is not None and not keeps:
            assert {name: self.live()[name] for name in self.entry} == self.entry

    @rule()
    def roll_back(self) -> None:
        found = self.document("rollback", "latest", "--yes", *ALLOWED)
        if found.get("changes") is not None:
            assert found["exit_code"] in self.kept, found


class AcuLimits(Settings):
    """A limit of a session that is null cannot be restored."""

    section = "acu_limits"
    enterprise = False
    values = st.fixed_dictionaries(
        {"cycle_acu_limit": st.sampled_from([None, 0, 5, 500])},
        optional={"session_acu_limit": st.sampled_from([0, 5, 20])},
    )
    quirks: ClassVar = {"acu_limit": ["shared"]}
    kept: ClassVar = frozenset({ExitCode.OK, ExitCode.DECIDE})

    def live(self) -> Any:
        (found,) = self.emulator.objects("organization", ORG)
        names = {
            "cycle_acu_limit": "max_cycle_acu_limit",
            "session_acu_limit": "max_session_acu_limit",
        }
        return {name: found[member] for name, member in names.items()}

    def edit(self, value: Any) -> None:
        self.emulator.edit("organization", ORG, **{f"max_{name}": v for name, v in value.items()})


class IpAccessList(Settings):
    """Every list has this machine, or is empty."""

    section = "ip_access_list"
    values = st.sets(st.sampled_from(["203.0.113.0/24", "198.51.100.7/32", "2001:db8::/32"])).map(
        lambda some: {"ip_ranges": sorted({*some, "127.0.0.0/8"}) if some else []}
    )
    quirks: ClassVar = {"ip_ranges": ["normalized", "kept"]}

    def live(self) -> Any:
        found: Any = self.emulator.store.table("ip_range")
        return {"ip_ranges": sorted(each.id for each in found)}

    def edit(self, value: Any) -> None:
        for each in self.emulator.objects("ip_range", None):
            self.emulator.remove("ip_range", each["cidr"])
        for cidr in value["ip_ranges"]:
            self.emulator.add("ip_range", org=None, cidr=cidr)


def _in_groups(places: Mapping[str, str], limit: int | None) -> dict[str, Any]:
    """Return the entry in which each organization is in a group; all groups have one limit."""
    groups: dict[str, Any] = {}
    for organization, group in sorted(places.items()):
        groups.setdefault(group, {"organizations": []})["organizations"].append(organization)
    facts = {} if limit is None else {"cycle_acu_limit": limit}
    return {"groups": {name: group | facts for name, group in sorted(groups.items())}}


class OrgGroupLimits(Settings):
    section = "org_group_limits"
    values = st.builds(
        _in_groups,
        st.dictionaries(st.sampled_from([*ORGANIZATIONS]), st.sampled_from(["a", "b", "c"])),
        st.sampled_from([None, 0, 5, 500]),
    )

    def live(self) -> Any:
        names = {id: name for name, id in ORGANIZATIONS.items()}
        groups: dict[str, Any] = {}
        table: Any = self.emulator.store.table("org_group")
        for group in sorted(table, key=lambda each: each.id):
            found = {"organizations": sorted(names[id] for id in group.org_ids)}
            limit = (
                {} if group.max_cycle_acus is None else {"cycle_acu_limit": group.max_cycle_acus}
            )
            groups[group.id] = found | limit
        return {"groups": groups}

    def edit(self, value: Any) -> None:
        for name in self.live()["groups"]:
            self.emulator.remove("org_group", name)
        for name, group in value["groups"].items():
            ids = [ORGANIZATIONS[each] for each in group["organizations"]]
            limit = group.get("cycle_acu_limit")
            self.emulator.add("org_group", org=None, name=name, org_ids=ids, max_cycle_acus=limit)


TestAcuLimits, TestAcuLimitsAtNight = for_ci_and_night(AcuLimits)
TestIpAccessList, TestIpAccessListAtNight = for_ci_and_night(IpAccessList)
TestOrgGroupLimits, TestOrgGroupLimitsAtNight = for_ci_and_night(OrgGroupLimits)
