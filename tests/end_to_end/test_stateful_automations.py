"""Random automations, the playbooks that they mention, and session tags, over real HTTP: what must always hold."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from devinops.model.exit_codes import ExitCode
from tests.testing.history import RandomHistory, histories

NAMES, TITLES, TAGS = ("A", "B", "C"), ("P", "Q", "R"), ("x", "y", "z")
KEEPING = {"title": "Kept", "body": "b"}
"""An entry that is always there, since a plan without any playbook refuses to delete the last one."""

FAULTS: list[dict[str, Any]] = [
    {"fault": "status", "status": 400},
    {"fault": "status", "status": 503},
    {"fault": "status", "status": 502, "when": "after"},
    {"fault": "drop", "when": "before"},
    {"fault": "drop", "when": "after"},
    {"fault": "html", "status": 200, "when": "after"},
    {"fault": "rate-limit", "retry_after": "absent"},
]
MENTION = re.compile(r"@playbook:([\w-]+)")
Mentioned = st.one_of(st.none(), st.sampled_from(TITLES))


def action(prompt: str) -> list[dict[str, Any]]:
    return [{"type": "start_session", "prompt": prompt}]


class Automations(RandomHistory):
    """Automations start nothing here; those with the label `staging` belong to another owner."""

    @initialize(
        inventory=st.sampled_from(["none", "file"]),
        updates=st.sampled_from(["merge", "replace_groups"]),
    )
    def begin(self, inventory: str, updates: str) -> None:
        playbooks = [{"id": f"playbook-{t}", "title": t, "body": "b"} for t in TITLES]
        theirs = {"triggers": [], "metadata": {"devinops": "staging"}}
        plain = {"name": "B", "triggers": [], "actions": action("Do @playbook:playbook-Q.")}
        organization = {
            "playbooks": playbooks,
            "automations": [
                theirs | {"name": "A", "actions": action("Do @playbook:playbook-P.")},
                plain,
            ],
            "tags": ["x"],
            "default_tag": "x",
        }
        seed = {"organizations": {"org-emulator": organization}}
        target = {"inventory": {"store": inventory}, "enterprise_key_env": "DEVIN_ENTERPRISE"}
        target |= {"prune": "owned"} if inventory == "file" else {}
        self.automations: dict[str, dict[str, Any]] = {}
        self.playbooks: dict[str, dict[str, Any]] = {title: {"body": "b"} for title in TITLES}
        self.tags: dict[str, Any] = {}
        quirks = {"automation_updates": updates}
        self.start(seed, target, key="cog_emulator", page_size=2, quirks=quirks)
        self.environ["DEVIN_ENTERPRISE"] = "cog_enterprise"

    # --- Git ---

    @rule(name=st.sampled_from(NAMES), title=Mentioned, absent=st.booleans())
    def declare_automation(self, name: str, title: str | None, absent: bool) -> None:
        prompt = f'Do @playbook:"{title}".' if title else "Do it."
        entry = {"triggers": [], "actions": action(prompt), "metadata": {"team": name}}
        self.automations[name] = {"ensure": "absent"} if absent else entry

    @rule(title=st.sampled_from(TITLES), absent=st.booleans())
    def declare_playbook(self, title: str, absent: bool) -> None:
        self.playbooks[title] = {"ensure": "absent"} if absent else {"body": "b"}

    @rule(tags=st.sets(st.sampled_from(TAGS), min_size=1))
    def declare_tags(self, tags: set[str]) -> None:
        self.tags = {"tags": sorted(tags), "default": min(tags)}

    @rule(titles=st.sets(st.sampled_from(TITLES), min_size=1))
    def drop_playbooks(self, titles: set[str]) -> None:
        """Delete playbooks right after an apply, so that those of an inventory are owned."""
        self.run("apply", "--yes", "--adopt")
        self.playbooks |= {title: {"ensure": "absent"} for title in titles}
        self.apply([])

    @precondition(lambda self: self.automations or self.playbooks)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        entries = data.draw(st.sampled_from([e for e in (self.automations, self.playbooks) if e]))
        del entries[data.draw(st.sampled_from(sorted(entries)))]

    # --- the web app ---

    @rule(name=st.sampled_from(NAMES), label=st.sampled_from(["", "staging"]), title=Mentioned)
    def add_outside(self, name: str, label: str, title: str | None) -> None:
        ids = {p["title"]: p["playbook_id"] for p in self.emulator.playbooks()}
        prompt = f"Also @playbook:{ids[title]}." if title in ids else "Also this."
        metadata = {"devinops": label} if label else {}
        facts = {"triggers": [], "actions": action(prompt), "metadata": metadata}
        self.emulator.add("automation", name=name, **facts)

    @precondition(lambda self: self.emulator.automations())
    @rule(data=st.data(), how=st.sampled_from(["edit", "remove"]))
    def change_outside(self, data: st.DataObject, how: str) -> None:
        ids = sorted(one["automation_id"] for one in self.emulator.automations())
        id = data.draw(st.sampled_from(ids))
        if how == "edit":
            self.emulator.edit("automation", id, actions=action("By hand."))
        else:
            self.emulator.remove("automation", id)

    # --- devinops ---

    @rule(flags=st.sampled_from([[], ["--adopt"], ["--adopt", "--on-conflict", "git"]]))
    def apply(self, flags: list[str]) -> None:
        before = self.live()
        ran = self.document("apply", "--yes", *flags)
        self.holds(before)
        assert ran["exit_code"] in (ExitCode.OK, ExitCode.DECIDE), ran
        if not ran["refusals"]:
            assert ran["left"] in ([], None), ran
            assert self.document("plan", *flags)["changes"] == []

    @rule(fault=st.sampled_from(FAULTS), seed=st.integers(0, 99))
    def apply_while_the_network_fails(self, fault: dict[str, Any], seed: int) -> None:
        before = self.live()
        self.emulator.faults = {"seed": seed, "faults": [{"probability": 0.3, **fault}]}
        self.run("apply", "--yes", "--format", "json")
        self.emulator.faults = []
        self.holds(before)
        ran = self.document("apply", "--yes")
        assert ran["exit_code"] in (ExitCode.OK, ExitCode.DECIDE), ran
        self.holds(before)

    # --- what must hold ---

    def live(self) -> dict[str, dict[str, Any]]:
        """Return id → automation or playbook."""
        return {one["automation_id"]: one for one in self.emulator.automations()} | {
            one["playbook_id"]: one for one in self.emulator.playbooks()
        }

    def holds(self, before: Mapping[str, Mapping[str, Any]]) -> None:
        """Check that others' automations are bit-identical, and that no mention lost its playbook."""
        after = self.live()
        for id, object in before.items():
            if object.get("metadata", {}).get("devinops") == "staging":
                assert after.get(id) == object
        for automation in self.emulator.automations():
            for id in MENTION.findall(automation["actions"][0]["prompt"]):
                assert id in after or id not in before, automation

    def sections(self) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        playbooks = [{"title": title, **rest} for title, rest in self.playbooks.items()]
        return {
            "automations": [{"name": name, **rest} for name, rest in self.automations.items()],
            "playbooks": [KEEPING, *playbooks],
            "session_tags": [self.tags] if self.tags else [],
        }


TestAutomations = pytest.mark.costly(pytest.mark.matrix(Automations.TestCase))
TestAutomations.settings = histories(20)
