"""Random organizations, declarations, outside edits and lost inventories, over real HTTP: what must always hold."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from devinops.model.exit_codes import ExitCode
from tests.testing.documents import read_one
from tests.testing.history import RandomHistory, histories, notes

NAMES = ("A", "B", "C", "D", "E")
FOLDERS = ("", "F", "F/G")
BODIES = ("one", "two", "three\nlines\nlong", "  indented", "u\u0308ber")
QUIRKS: list[dict[str, str]] = [
    {},
    {"bodies": "trimmed"},
    {"newlines": "crlf"},
    {"unicode": "nfc"},
    {"list_order": "reversed", "root_folder_path": "/", "enterprise_notes_in_org_list": "true"},
]
FAULTS: list[dict[str, Any]] = [
    {"fault": "status", "status": 500},
    {"fault": "status", "status": 502, "when": "after"},
    {"fault": "drop", "when": "before"},
    {"fault": "drop", "when": "after"},
    {"fault": "drop", "when": "during"},
    {"fault": "html", "status": 200, "when": "before"},
    {"fault": "html", "status": 200, "when": "after"},
    {"fault": "truncate"},
    {"fault": "garbage"},
    {"fault": "stale-connection"},
    {"fault": "rate-limit", "retry_after": "absent"},
    {"fault": "revoke-key"},
    {"fault": "empty-list"},
    {"fault": "repeat-page"},
    {"fault": "skip-page"},
    {"fault": "looping-cursor"},
    {"fault": "late-object", "lists": 1},
]


class Organization(RandomHistory):
    """Files in a directory, an organization on an emulator, an inventory between them."""

    @initialize(
        quirks=st.sampled_from(QUIRKS),
        on_drift=st.sampled_from(["keep", "overwrite"]),
        key=st.sampled_from(["cog_emulator", "apk_emulator"]),
    )
    def begin(self, quirks: dict[str, str], on_drift: str, key: str) -> None:
        folders = [{"path": "F"}] + ([{"path": "F/G"}] if key == "cog_emulator" else [])
        seed = {
            "organizations": {"org-emulator": {"folders": folders}},
            "enterprise": {"knowledge": [{"name": "A", "trigger": "t", "body": "theirs"}]},
        }
        target = {"inventory": {"store": "file"}, "prune": "owned", "on_drift": on_drift}
        self.folders = FOLDERS if key == "cog_emulator" else FOLDERS[:2]
        self.files: dict[tuple[str, str], dict[str, Any]] = {}
        self.start(seed, target, key=key, page_size=2, quirks=quirks)

    # --- Git ---

    @rule(
        data=st.data(),
        name=st.sampled_from(NAMES),
        body=st.sampled_from(BODIES),
        pin=st.sampled_from([None, "all"]),
    )
    def declare(self, data: st.DataObject, name: str, body: str, pin: str | None) -> None:
        folder = data.draw(st.sampled_from(self.folders))
        self.files[folder, name] = {"trigger": "t", "body": body, "pinned_repo": pin}

    @precondition(lambda self: self.files)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        del self.files[data.draw(st.sampled_from(sorted(self.files)))]

    # --- the web app ---

    def live(self) -> dict[str, dict[str, Any]]:
        """Return id → note, without those of the enterprise."""
        return {note["note_id"]: note for note in self.emulator.knowledge()}

    @rule(name=st.sampled_from(NAMES), body=st.sampled_from(BODIES))
    def add_outside(self, name: str, body: str) -> None:
        self.emulator.add("knowledge", name=name, trigger="t", body=body)

    @precondition(lambda self: self.live())
    @rule(data=st.data(), body=st.sampled_from(BODIES), name=st.sampled_from(NAMES))
    def edit_outside(self, data: st.DataObject, body: str, name: str) -> None:
        id = data.draw(st.sampled_from(sorted(self.live())))
        self.emulator.edit(
            "knowledge", id, **data.draw(st.sampled_from([{"body": body}, {"name": name}]))
        )

    @precondition(lambda self: self.live())
    @rule(data=st.data())
    def delete_outside(self, data: st.DataObject) -> None:
        self.emulator.remove("knowledge", data.draw(st.sampled_from(sorted(self.live()))))

    # --- accidents ---

    @rule()
    def lose_the_inventory(self) -> None:
        """Losing it never creates a duplicate of an unchanged object and never deletes."""
        if not self.files:
            return
        self.converge()
        before = self.live()
        shutil.rmtree(self.root / ".devinops", ignore_errors=True)
        self.run("apply", "--yes")
        after = self.live()
        assert set(before) <= set(after)
        for id in set(after) - set(before):
            twins = [
                o for o in before.values() if self.key(o) == self.key(after[id]) and self.matches(o)
            ]
            assert not twins, (after[id], twins)

    # --- devinops ---

    @rule(
        flags=st.sampled_from(
            [[], ["--adopt"], ["--on-conflict", "git"], ["--adopt", "--on-conflict", "live"]]
        )
    )
    def apply(self, flags: list[str]) -> None:
        if not self.files:
            return
        owned_before, before = self.owned(), self.live()
        plan = self.document("plan", *flags)
        ran = self.document("apply", "--yes", *flags)
        owned_after, after = self.owned(), self.live()
        self.never_touches_what_is_not_owned(before, after, owned_before | owned_after)
        deleted = len(set(before) - set(after))
        if plan["refusals"]:
            assert (ran["exit_code"], after) == (ExitCode.DECIDE, before)
            return
        assert deleted == plan["summary"]["delete"] <= max(3, len(owned_before) // 5)
        assert ran["exit_code"] in (ExitCode.OK, ExitCode.DECIDE), ran
        assert ran["left"] == []
        again = self.document("plan", *flags)
        assert again["changes"] == []
        assert again["blocked"] == plan["blocked"]
        self.document("apply", "--yes", *flags)
        assert self.live() == after

    @rule(fault=st.sampled_from(FAULTS), seed=st.integers(0, 99))
    def apply_while_the_network_fails(self, fault: dict[str, Any], seed: int) -> None:
        """Whatever fails: others' objects stay, the report names no success that is none, the next run goes on."""
        if not self.files:
            return
        owned_before, before = self.owned(), self.live()
        self.emulator.faults = {"seed": seed, "faults": [{"probability": 0.3, **fault}]}
        code, out = self.run("apply", "--yes", "--format", "json")
        self.says_what_happened(read_one(out), before)
        assert code in (
            ExitCode.OK,
            ExitCode.FIX,
            ExitCode.RUN_AGAIN,
            ExitCode.DECIDE,
            ExitCode.PLAN_AGAIN,
        )
        self.emulator.faults = []
        created = set(self.live()) - set(before)
        keys = [self.key(self.live()[id]) for id in created]
        assert len(keys) == len(set(keys)), "a create was sent twice"
        self.never_touches_what_is_not_owned(before, self.live(), owned_before | self.owned())
        ran = self.document("apply", "--yes")
        assert ran["exit_code"] in (ExitCode.OK, ExitCode.DECIDE), ran

    @rule(data=st.data(), name=st.text("xyz", min_size=1, max_size=3))
    def rename(self, data: st.DataObject, name: str) -> None:
        """A file under another name, with a body that nothing else has, keeps the object's id."""
        if not self.files:
            return
        folder, old = data.draw(st.sampled_from(sorted(self.files)))
        new = data.draw(st.sampled_from(self.folders))
        if (new, name) in self.files or any(
            self.key(o) == (new, name) for o in self.live().values()
        ):
            return
        self.files[folder, old]["body"] = f"only {name} {old} {len(self.live())}"
        self.converge()
        ids = [
            id
            for id, o in self.live().items()
            if self.key(o) == (folder, old) and id in self.owned()
        ]
        if len(ids) != 1 or self.document("plan")["drift"] or self.document("plan")["blocked"]:
            return
        self.files[new, name] = self.files.pop((folder, old))
        plan = self.document("plan")
        assert (plan["summary"]["rename"], plan["summary"]["delete"]) == (1, 0), plan
        self.run("apply", "--yes")
        assert self.key(self.live()[ids[0]]) == (new, name)

    def converge(self) -> None:
        self.run("apply", "--yes", "--adopt", "--on-conflict", "git")

    # --- what must hold ---

    def never_touches_what_is_not_owned(
        self, before: Mapping[str, Any], after: Mapping[str, Any], owned: set[str]
    ) -> None:
        for id, note in before.items():
            if id not in owned:
                assert after.get(id) == note

    def says_what_happened(self, report: dict[str, Any], before: Mapping[str, Any]) -> None:
        after = self.live()
        for result in report.get("results", ()):
            action, id = result["action"], result["id"]
            if result["outcome"] == "done":
                assert (id in after) is (action != "delete"), result
            elif action == "create" and not result["unclear"]:
                made = (note for new, note in after.items() if new not in before)
                assert all(
                    f"knowledge:{'/'.join(filter(None, self.key(n)))}" != result["key"]
                    for n in made
                )
            elif not result["unclear"]:
                assert after[id] == before[id], result

    @invariant()
    def the_enterprise_is_untouched(self) -> None:
        if hasattr(self, "emulator"):
            (theirs,) = self.emulator.knowledge(None)
            assert theirs["body"] == "theirs"

    # --- helpers ---

    def key(self, note: Mapping[str, Any]) -> tuple[str, str]:
        return (note["folder_path"] or "").strip("/"), note["name"]

    def matches(self, note: Mapping[str, Any]) -> bool:
        said = self.files.get(self.key(note))
        return (
            said is not None
            and said["body"].strip() == note["body"].strip()
            and said["pinned_repo"] == note["pinned_repo"]
        )

    def owned(self) -> set[str]:
        path = self.root / ".devinops" / "production.jsonl"
        lines = path.read_text().splitlines()[1:] if path.exists() else []
        return {record["id"] for record in map(json.loads, lines) if "id" in record}

    def sections(self) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        return {"knowledge": notes(self.files)}

    def document(self, *argv: str) -> dict[str, Any]:
        document = super().document(*argv)
        assert document["complete"] or "refused" in document["error"], document
        return document


TestOrganization = pytest.mark.costly(Organization.TestCase)
TestOrganization.settings = histories(25)
