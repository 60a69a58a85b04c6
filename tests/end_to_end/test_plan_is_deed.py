"""What an apply writes is what its plan shows, field by field, and nothing else: random histories over real HTTP."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from devinops.model.exit_codes import ExitCode
from tests.testing.history import RandomHistory, histories, notes

NAMES = ("A", "B", "C", "D")
TEXTS = ("one", "two words", "three\nlines\nlong", "    code first", "one two three four five six")
FOLDERS = {"cog_emulator": ("", "F", "F/G", "H"), "apk_emulator": ("", "F", "H")}
PINS = (None, "all", "acme/api")
FIELDS = {
    "knowledge": ("name", "folder", "trigger", "pinned_repo", "is_enabled", "macro", "body"),
    "playbook": ("title", "macro", "structured_output_schema", "body"),
}
DROPPING = ("release", "forget")
HISTORIES = int(os.environ.get("HISTORIES", "20"))


class History(RandomHistory):
    """Files, a web app and an inventory that move on their own; every apply is compared with its plan."""

    @initialize(
        key=st.sampled_from(["cog_emulator", "apk_emulator"]),
        store=st.sampled_from(["none", "file", "branch"]),
        on_drift=st.sampled_from(["keep", "overwrite", "fail"]),
        scope=st.booleans(),
    )
    def begin(self, key: str, store: str, on_drift: str, scope: bool) -> None:
        self.key, self.store, self.folders = key, store, FOLDERS[key]
        self.edits = 0
        folders = [{"path": folder} for folder in self.folders if folder]
        target: dict[str, Any] = {"inventory": {"store": store}, "max_delete": "100%"}
        if store != "none":
            target |= {"on_drift": on_drift, "prune": "owned"}
            if scope and key == "cog_emulator":
                target |= {"prune": "scope", "scope": ["/", "F/**"]}
        seed = {"organizations": {"org-emulator": {"folders": folders}}}
        self.start(seed, target, key=key, page_size=3)
        self.notes: dict[tuple[str, str], dict[str, Any]] = {
            ("", "A"): {"trigger": "t", "body": "one"},
            ("F", "B"): {"trigger": "t", "body": "two words", "pinned_repo": "all"},
            ("H", "C"): {"trigger": "t", "body": TEXTS[-1]},
        }
        self.playbooks: dict[str, dict[str, Any]] = {"A": {"body": "one"}}
        self.apply(None, False, None)

    # --- Git ---

    @rule(
        data=st.data(),
        name=st.sampled_from(NAMES),
        body=st.sampled_from(TEXTS),
        trigger=st.sampled_from(["t", "u"]),
        pin=st.sampled_from([*PINS, "not said"]),
        enabled=st.sampled_from([None, True, False]),
    )
    def declare(
        self,
        data: st.DataObject,
        name: str,
        body: str,
        trigger: str,
        pin: str | None,
        enabled: bool | None,
    ) -> None:
        entry: dict[str, Any] = {"trigger": trigger, "body": body}
        if pin != "not said":
            entry["pinned_repo"] = pin
        if enabled is not None and self.key == "cog_emulator":
            entry["is_enabled"] = enabled
        self.put((data.draw(st.sampled_from(self.folders)), name), entry)

    @precondition(lambda self: self.notes)
    @rule(
        data=st.data(),
        name=st.sampled_from(NAMES),
        body=st.sampled_from([None, *TEXTS]),
        says_so=st.booleans(),
        missing=st.integers(0, 9),
    )
    def move(
        self, data: st.DataObject, name: str, body: str | None, says_so: bool, missing: int
    ) -> None:
        old = data.draw(st.sampled_from(sorted(self.notes)))
        new = (data.draw(st.sampled_from(self.folders)) if missing else "Missing", name)
        if new == old or new in self.notes:
            return
        entry = self.notes.pop(old) | ({} if body is None else {"body": body})
        entry.pop("ensure", None)
        entry.pop("previously", None)
        if says_so:
            entry["previously"] = [{"folder": old[0], "name": old[1]}]
        self.put(new, {"trigger": "t", "body": "b"} | entry)

    @precondition(lambda self: self.notes)
    @rule(data=st.data(), how=st.sampled_from(["remove", "absent", "unmanaged"]))
    def end(self, data: st.DataObject, how: str) -> None:
        place = data.draw(st.sampled_from(sorted(self.notes)))
        if how == "remove":
            del self.notes[place]
        else:
            kept = {"previously": self.notes[place].get("previously", [])}
            self.notes[place] = kept | {"ensure": how}

    @rule(
        title=st.sampled_from(NAMES[:2]),
        body=st.sampled_from([None, *TEXTS]),
        macro=st.sampled_from([None, "!a", "!b"]),
    )
    def declare_playbook(self, title: str, body: str | None, macro: str | None) -> None:
        if body is None:
            self.playbooks.pop(title, None)
        else:
            self.playbooks[title] = {"body": body} | ({"macro": macro} if macro else {})

    # --- the web app ---

    @rule(data=st.data(), name=st.sampled_from(NAMES), body=st.sampled_from(TEXTS))
    def add(self, data: st.DataObject, name: str, body: str) -> None:
        self.emulator.add(
            "knowledge", name=name, trigger="t", body=body, folder_id=data.draw(self.folder_ids())
        )

    @precondition(lambda self: self.emulator.knowledge())
    @rule(data=st.data())
    def edit(self, data: st.DataObject) -> None:
        id = data.draw(st.sampled_from(sorted(n["note_id"] for n in self.emulator.knowledge())))
        change: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
            [
                *({"body": text} for text in TEXTS),
                *({"name": name} for name in NAMES),
                *({"pinned_repo": pin} for pin in PINS),
                {"is_enabled": False},
                {"trigger": "u"},
            ]
        )
        moved = self.folder_ids().map(lambda folder: {"folder_id": folder})
        self.emulator.edit("knowledge", id, **data.draw(change | moved))

    @precondition(lambda self: self.emulator.knowledge())
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        id = data.draw(st.sampled_from(sorted(n["note_id"] for n in self.emulator.knowledge())))
        self.emulator.remove("knowledge", id)

    @rule(data=st.data(), name=st.sampled_from(["F", "G", "H", "Renamed"]))
    def rename_folder(self, data: st.DataObject, name: str) -> None:
        folder = data.draw(st.sampled_from(sorted(f["folder_id"] for f in self.emulator.folders())))
        self.emulator.edit("folder", folder, name=name)

    @precondition(lambda self: self.emulator.playbooks())
    @rule(data=st.data(), body=st.sampled_from(TEXTS), macro=st.sampled_from([None, "!c"]))
    def edit_playbook(self, data: st.DataObject, body: str, macro: str | None) -> None:
        id = data.draw(st.sampled_from(sorted(p["playbook_id"] for p in self.emulator.playbooks())))
        changes: list[dict[str, Any]] = [{"body": body}, {"macro": macro}]
        self.emulator.edit("playbook", id, **data.draw(st.sampled_from(changes)))

    # --- accidents ---

    @rule()
    def lose_the_inventory(self) -> None:
        shutil.rmtree(self.root / ".devinops", ignore_errors=True)
        if self.store == "branch":
            push = ["git", "push", "--quiet", "origin", "--delete", "devinops"]
            subprocess.run(push, cwd=self.root, check=False, capture_output=True)

    # --- devinops ---

    @rule(
        data=st.data(),
        on_conflict=st.sampled_from([None, "git", "live"]),
        says=st.sampled_from(TEXTS),
    )
    def edit_both_sides_and_apply(
        self, data: st.DataObject, on_conflict: str | None, says: str
    ) -> None:
        """The three steps that matter most, so that chance brings them together often."""
        if self.emulator.knowledge() and self.notes:
            self.edit(data)
            entry = self.notes[data.draw(st.sampled_from(sorted(self.notes)))]
            entry.update(trigger="t", body=says)
            entry.pop("ensure", None)
        self.apply(on_conflict, True, None)

    @rule(
        on_conflict=st.sampled_from([None, "git", "live"]),
        adopt=st.booleans(),
        filter=st.sampled_from(
            [None, None, None, "--only=knowledge:F/*", "--only=playbook", "--exclude=knowledge:F/*"]
        ),
    )
    def apply(self, on_conflict: str | None, adopt: bool, filter: str | None) -> None:
        flags = [
            *(["--on-conflict", on_conflict] if on_conflict else []),
            *(["--adopt"] if adopt else []),
        ]
        flags += [filter] if filter else []
        if not (self.notes or self.playbooks):
            return
        plan = self.document("plan", *flags)
        if not plan["complete"]:  # a filter that matches nothing
            assert filter
            return
        if plan["summary"]["delete"]:
            flags += ["--allow", f"delete={plan['summary']['delete']}"]
            plan = self.document("plan", *flags)
        before, owned = self.live(), self.owned()
        report = self.document("apply", "--expect", plan["digest"], *flags)
        after = self.live()
        if plan["refusals"]:
            assert (report["exit_code"], after) == (ExitCode.DECIDE, before)
            assert self.owned() == owned
            return
        assert {r["outcome"] for r in report["results"]} <= {"done"}, report["results"]
        assert report["left"] == [], report["left"]
        self.compare(plan, report["results"], before, after)
        if self.store != "none":
            self.compare_owned(plan, report["results"], owned)

    @precondition(lambda self: self.store != "none" and (self.notes or self.playbooks))
    @rule(data=st.data(), field=st.sampled_from(["pinned_repo", "is_enabled"]))
    def edit_what_an_entry_leaves_out(self, data: st.DataObject, field: str) -> None:
        """It is drift of this note alone, and an apply neither writes nor accepts it."""
        self.apply(None, True, None)
        plan = self.document("plan")
        moving = {item["key"] for part in ("changes", "blocked", "drift") for item in plan[part]}
        ids = [
            record["id"]
            for record in self.document("inventory", "list")["records"]
            if record["fields"].get(field, {}).get("sent", field) is None
            and record["kind"] == "knowledge"
            and record["key"] not in moving
        ]
        if not ids:
            return
        id = data.draw(st.sampled_from(sorted(ids)))
        before = next(note for note in self.emulator.knowledge() if note["note_id"] == id)
        changed = not before[field] if field == "is_enabled" else f"acme/{self.edits}"
        self.edits += 1
        self.emulator.edit("knowledge", id, **{field: changed})
        for _ in range(2):  # before and after an apply
            again = self.document("plan")
            for part in ("changes", "blocked"):
                assert again[part] == plan[part], "nothing is written or blocked"
            (drift,) = (item for item in again["drift"] if item not in plan["drift"])
            assert (drift["id"], drift["fields"]) == (id, {field: {"after": changed}})
            assert id in {item["id"] for item in self.document("drift")["drift"]}
            self.apply(None, False, None)

    def compare(
        self,
        plan: Mapping[str, Any],
        results: list[dict[str, Any]],
        before: dict[str, dict[str, Any]],
        after: dict[str, dict[str, Any]],
    ) -> None:
        expected = dict(before)
        for change, result in zip(plan["changes"], results, strict=True):
            id, kind = result["id"], change["kind"]
            if change["action"] in DROPPING:
                continue
            if change["action"] == "delete":
                assert {f: v["before"] for f, v in change["fields"].items()}.items() <= before[
                    id
                ].items()
                del expected[id]
                continue
            shown = {name: sides["after"] for name, sides in change["fields"].items()}
            base = expected.get(id) or dict.fromkeys(FIELDS[kind])
            if change["action"] == "create":
                # What is not declared is the API's to choose.
                base = {name: after[id][name] for name in base if name not in shown}
                assert id not in before
            expected[id] = base | shown
        assert after == expected

    def compare_owned(
        self, plan: Mapping[str, Any], results: list[dict[str, Any]], before: Mapping[str, str]
    ) -> None:
        """Nothing becomes owned, or is no longer owned, unless the plan has shown it."""
        expected = dict(before)
        for change, result in zip(plan["changes"], results, strict=True):
            if change["action"] in ("delete", *DROPPING):
                expected.pop(result["id"], None)
            else:
                # An object that was deleted outside devinops is replaced by the one with its key.
                others = {id: key for id, key in expected.items() if key != change["key"]}
                expected = others | {result["id"]: change["key"]}
        assert self.owned().keys() == expected.keys()

    # --- helpers ---

    def owned(self) -> dict[str, str]:
        """Return id → key of every object that is owned."""
        if self.store == "none":
            return {}
        document = self.document("inventory", "list")
        return {record["id"]: record["key"] for record in document["records"]}

    def put(self, key: tuple[str, str], entry: dict[str, Any]) -> None:
        """Declare a note; another one that says that it had this key before would make the files wrong."""
        for other in self.notes.values():
            if {"folder": key[0], "name": key[1]} in other.get("previously", []):
                del other["previously"]
        self.notes[key] = entry

    def folder_ids(self) -> st.SearchStrategy[str | None]:
        return st.sampled_from([None, *sorted(f["folder_id"] for f in self.emulator.folders())])

    def live(self) -> dict[str, dict[str, Any]]:
        """Return id → the fields of every note and playbook, by the names that plans use."""
        found = {
            n["note_id"]: n | {"folder": self.path_of(n["folder_id"])}
            for n in self.emulator.knowledge()
        }
        playbooks = {p["playbook_id"]: p for p in self.emulator.playbooks()}
        return {id: {f: n[f] for f in FIELDS["knowledge"]} for id, n in found.items()} | {
            id: {f: p[f] for f in FIELDS["playbook"] if f in p} for id, p in playbooks.items()
        }

    def path_of(self, folder_id: str | None) -> str:
        paths = {f["folder_id"]: f["path"] for f in self.emulator.folders()}
        if self.key == "apk_emulator":  # API v1 knows folders by their own names only
            paths = {id: path.rpartition("/")[2] for id, path in paths.items()}
        return paths[folder_id] if folder_id else ""

    def sections(self) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        playbooks = [{"title": title} | rest for title, rest in self.playbooks.items()]
        return {"knowledge": notes(self.notes), "playbooks": playbooks}


TestHistory = pytest.mark.costly(History.TestCase)
TestHistory.settings = settings(histories(HISTORIES), phases=[Phase.generate])
