"""An organization and a repository with an apply of more than forty mixed changes between them."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from devinops.emulator import Emulator
from devinops.inventory import InventorySettings, open_store
from devinops.kinds import KINDS
from devinops.model.inventory import Inventory, Record, base
from devinops.model.keys import Key, join_folder
from devinops.model.target import Target

VALUE = "the-value-of-the-secret"
CONFIG = """\
version: 1
targets:
  production: {api_version: %s, inventory: {store: %s}, prune: owned, max_delete: 40%%}
"""
KEYS = {"v3": "cog_emulator", "v1": "apk_emulator"}


def _note(name: str, body: str, id: str = "") -> dict[str, Any]:
    return {"name": name, "trigger": f"t {name}", "body": body, "folder": "F"} | (
        {"id": id} if id else {}
    )


OWNED_NOTES = [_note(f"Kept {n}", f"old {n}", f"note-kept-{n}") for n in range(3)]
UPDATED = [_note(f"Updated {n}", f"old {n}", f"note-updated-{n}") for n in range(10)]
RENAMED = [_note(f"Old name {n}", f"the same body {n}", f"note-renamed-{n}") for n in range(6)]
PRUNED = [_note(f"Pruned {n}", f"old {n}", f"note-pruned-{n}") for n in range(8)]
PLAYBOOKS = [
    {"title": f"Playbook {n}", "body": f"old {n}", "id": f"playbook-{n}"} for n in range(4)
]
PRUNED_PLAYBOOKS = [{"title": "Pruned playbook", "body": "old", "id": "playbook-pruned"}]


def _automation(name: str, prompt: str, id: str = "", **more: Any) -> dict[str, Any]:
    """Return an automation that starts nothing."""
    actions = [{"type": "start_session", "prompt": prompt}]
    named = {"name": name, "enabled": False, "triggers": [], "actions": actions}
    return named | more | ({"id": id} if id else {})


OLD_PROMPT = 'Do @playbook:"Pruned playbook".'
"""The playbook can go only after the automation no longer mentions it."""
AUTOMATIONS = [
    _automation("Updated automation", OLD_PROMPT, "automation-updated"),
    _automation("Pruned automation", OLD_PROMPT, "automation-pruned"),
]
NEW_PROMPTS = {
    "Updated automation": 'Do @playbook:"Created playbook".',
    "Created automation": 'Do @playbook:"Created playbook" and @playbook:"Playbook 0".',
}
SECRETS = [{"key": "ROTATED", "type": "key-value", "note": "", "id": "secret-rotated"}]
THEIRS = {
    "knowledge": [_note(f"Theirs {n}", f"  theirs {n} ", f"note-theirs-{n}") for n in range(3)],
    "playbooks": [{"title": "Theirs", "body": "theirs", "id": "playbook-theirs"}],
    "secrets": [{"key": "THEIRS", "type": "totp", "id": "secret-theirs"}],
    "automations": [
        _automation("Theirs", "theirs", "automation-theirs", metadata={"devinops": "theirs"})
    ],
}


def _with_ids(automation: dict[str, Any]) -> dict[str, Any]:
    """Return an automation as the API stores it."""
    return json.loads(json.dumps(automation).replace(r"\"Pruned playbook\"", "playbook-pruned"))  # type: ignore[no-any-return]


SEED = {
    "organizations": {
        "org-emulator": {
            "folders": [{"path": "F", "id": "folder-1"}],
            "knowledge": [*OWNED_NOTES, *UPDATED, *RENAMED, *PRUNED, *THEIRS["knowledge"]],
            "playbooks": [*PLAYBOOKS, *PRUNED_PLAYBOOKS, *THEIRS["playbooks"]],
            "automations": [*map(_with_ids, AUTOMATIONS), *THEIRS["automations"]],
            "secrets": [*SECRETS, *THEIRS["secrets"]],
        }
    }
}
DESIRED_NOTES = [
    *OWNED_NOTES,
    *(note | {"body": f"new {n}"} for n, note in enumerate(UPDATED)),
    *(note | {"name": f"New name {n}"} for n, note in enumerate(RENAMED)),
    *(_note(f"Created {n}", f"created {n}") for n in range(10)),
]
DESIRED_PLAYBOOKS = [
    *(playbook | {"body": f"new {n}"} for n, playbook in enumerate(PLAYBOOKS)),
    {"title": "Created playbook", "body": "created"},
]
DESIRED_AUTOMATIONS = [
    _automation(name, prompt, "automation-updated" if name.startswith("Updated") else "")
    for name, prompt in NEW_PROMPTS.items()
]
BODIES = {
    **{f"knowledge:F/{note['name']}": note["body"] for note in DESIRED_NOTES},
    **{f"playbook:{playbook['title']}": playbook["body"] for playbook in DESIRED_PLAYBOOKS},
    **{f"automation:{name}": prompt for name, prompt in NEW_PROMPTS.items()},
}
VALUE_FROM = {"value_from": {"env": "A_SECRET_VALUE"}}
DESIRED_SECRETS = [
    {"key": "ROTATED", "type": "key-value", "version": "2"} | VALUE_FROM,
    {"key": "CREATED", "type": "key-value", "version": "1"} | VALUE_FROM,
]
CHANGES = 10 + 6 + 10 + 8 + 4 + 1 + 1 + 1 + 1
"""The changes with API v1; with v3 there are those of three automations as well."""


@dataclass(frozen=True)
class World:
    """A root directory and the emulator that it is applied to."""

    root: Path
    emulator: Emulator
    api: str
    store: str = "file"

    @classmethod
    def make(
        cls,
        root: Path,
        emulator: Emulator,
        api: str = "v3",
        store: Literal["file", "branch"] = "file",
    ) -> World:
        """Write the files, and the inventory of the apply before; for a branch it is in a repository with a remote."""
        root.mkdir(parents=True)
        (root / "devinops.yaml").write_text(CONFIG % (api, store))
        sections = {
            "knowledge": DESIRED_NOTES,
            "playbooks": DESIRED_PLAYBOOKS,
            "secrets": DESIRED_SECRETS,
            **({"automations": DESIRED_AUTOMATIONS} if api == "v3" else {}),
        }
        for section, entries in sections.items():
            plain = [{k: v for k, v in entry.items() if k != "id"} for entry in entries]
            (root / f"{section}.yaml").write_text(json.dumps({section: plain}))
        org = "org-emulator" if api == "v3" else None
        target = Target("production", emulator.url, api, org)
        if store == "branch":
            origin = root.with_name(f"{root.name}.git")
            for command in (
                ["init", "-q", "--bare", "--initial-branch=main", str(origin)],
                ["init", "-q", "--initial-branch=main"],
                ["remote", "add", "origin", str(origin)],
                [
                    "-c",
                    "user.name=a",
                    "-c",
                    "user.email=a@localhost",
                    "commit",
                    "-q",
                    "--allow-empty",
                    "-m",
                    "a",
                ],
                ["push", "-q", "origin", "main"],
            ):
                subprocess.run(["git", *command], cwd=root, check=True)
        kept = open_store(InventorySettings(store), root, target)
        kept.write(Inventory.of(store, _records(api)), kept.read())
        return cls(root, emulator, api, store)

    def intents(self) -> list[str]:
        """Return what is announced or unclear in the inventory itself, whatever a journal says."""
        if self.store == "file":
            text = (self.root / ".devinops" / "production.jsonl").read_text()
        else:
            origin = ["git", "--git-dir", str(self.root.with_name(f"{self.root.name}.git"))]
            text = subprocess.run(
                [*origin, "grep", "-h", "-e", "^{", "devinops"],
                check=True,
                capture_output=True,
                text=True,
            ).stdout
        return [line for line in text.splitlines() if "intent" in json.loads(line)]

    def problems(self) -> list[str]:
        """Say everything in which the organization is not as it must be at the end."""
        live = {
            "knowledge": {(n["folder_path"], n["name"]): n for n in self.emulator.knowledge()},
            "playbooks": {p["title"]: p for p in self.emulator.playbooks()},
            "secrets": {s["key"]: s for s in self.emulator.secrets()},
        }
        counts = (
            len(self.emulator.knowledge()),
            len(self.emulator.playbooks()),
            len(self.emulator.secrets()),
        )
        found = []
        if counts != (len(live["knowledge"]), len(live["playbooks"]), len(live["secrets"])):
            found.append(f"namesakes: {counts}")
        wanted = {("F", n["name"]) for n in (*DESIRED_NOTES, *THEIRS["knowledge"])}
        if set(live["knowledge"]) != wanted:
            found.append(f"notes: {set(live['knowledge']) ^ wanted}")
        for note in DESIRED_NOTES:
            found += _differences(live["knowledge"].get(("F", note["name"]), {}), note, "note_id")
        for playbook in DESIRED_PLAYBOOKS:
            found += _differences(
                live["playbooks"].get(playbook["title"], {}), playbook, "playbook_id"
            )
        titles = {p["title"] for p in (*DESIRED_PLAYBOOKS, *THEIRS["playbooks"])}
        if set(live["playbooks"]) != titles:
            found.append(f"playbooks: {set(live['playbooks']) ^ titles}")
        if self.api == "v3":
            found += self._problems_of_automations()
        if set(live["secrets"]) != {"ROTATED", "CREATED", "THEIRS"}:
            found.append(f"secrets: {set(live['secrets'])}")
        for key in ("ROTATED", "CREATED"):
            if not self.emulator.store.secret_matches("org-emulator", key, VALUE):
                found.append(f"the value of {key} is not the new one")
        return found

    def _problems_of_automations(self) -> list[str]:
        live = [one for one in self.objects().values() if one["key"].startswith("automation:")]
        names = sorted(one["name"] for one in live)
        found = [] if names == sorted([*NEW_PROMPTS, "Theirs"]) else [f"automations: {names}"]
        by_name = {one["name"]: one for one in live}
        for automation in DESIRED_AUTOMATIONS:
            wanted = automation | {"body": NEW_PROMPTS[automation["name"]]}
            found += _differences(by_name.get(wanted["name"], {}), wanted, "automation_id")
        return found

    def _spelled(self, automation: Mapping[str, Any]) -> str:
        """Return the prompt of an automation with the titles of playbooks instead of their ids."""
        prompt = str(automation["actions"][0]["prompt"])
        for playbook in self.emulator.playbooks():
            id, title = playbook["playbook_id"], playbook["title"]
            prompt = re.sub(rf"@playbook:{re.escape(id)}(?![\w-])", f'@playbook:"{title}"', prompt)
        return prompt

    def objects(self) -> dict[str, Mapping[str, Any]]:
        """Return id → object, with its key; the body of an automation is its prompt."""
        return {
            **{
                n["note_id"]: n | {"key": f"knowledge:{n['folder_path']}/{n['name']}"}
                for n in self.emulator.knowledge()
            },
            **{
                p["playbook_id"]: p | {"key": f"playbook:{p['title']}"}
                for p in self.emulator.playbooks()
            },
            **{s["secret_id"]: s | {"key": f"secret:{s['key']}"} for s in self.emulator.secrets()},
            **{
                a["automation_id"]: a | {"key": f"automation:{a['name']}", "body": self._spelled(a)}
                for a in self.emulator.automations()
            },
        }

    def untrue(self, report: Any, before: Mapping[str, Any], *, blind: bool = False) -> list[str]:
        """Say in what a report is not what became of the objects that were there `before`.

        Blind is a run that was shown a list without an object that is there, or that left people their namesakes.
        """
        now = self.objects()
        found, undone, gone = [], set(), set()
        for result in report["results"]:
            done = self._is_done(result, before, now)
            if not done:
                undone.add(result["key"])
            elif result["action"] == "delete" and result["outcome"] != "done":
                gone.add(result["key"])
            if result["outcome"] == "done" and not done:
                found.append(f"not done: {result}")
            elif (
                result["outcome"] != "done"
                and not result["unclear"]
                and not _untouched(result, before, now)
            ):
                found.append(f"touched: {result}")
        left = report["left"]
        if left is not None and not blind:
            # Of an object that was deleted without a clear response, the inventory has a record.
            forgotten = {change["key"] for change in left if change["action"] == "forget"}
            if {change["key"] for change in left} - forgotten != undone or forgotten - gone:
                found.append(
                    f"left: {sorted(change['key'] for change in left)}, and not {sorted(undone)}"
                )
        if report["summary"]["blocked"] == 0 and left == [] and not blind and self.problems():
            found.append(f"nothing is left, and yet {self.problems()}")
        return found

    def _is_done(self, result: Any, before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
        key, id = result["key"], result["id"]
        there = {one_id: one for one_id, one in now.items() if one["key"] == key}
        if result["action"] in ("delete", "forget"):
            return id not in now
        if len(there) != 1 or (result["action"] in ("update", "rename") and id not in there):
            return False
        (object,) = there.values()
        if key.startswith("secret:"):
            # the value of one that is adopted is what its maker gave it
            return result["action"] == "adopt" or self.emulator.store.secret_matches(
                "org-emulator", key.removeprefix("secret:"), VALUE
            )
        return bool(object["body"] == BODIES[key])

    def theirs(self) -> list[Mapping[str, Any]]:
        """Return every object that nobody here owns, as it is."""
        everything = (
            *self.emulator.knowledge(),
            *self.emulator.playbooks(),
            *self.emulator.secrets(),
            *self.emulator.automations(),
        )
        return [one for one in everything if "theirs" in json.dumps(one)]


def _untouched(result: Any, before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    if result["action"] == "create":
        return all(one["key"] != result["key"] for id, one in now.items() if id not in before)
    return bool(now.get(result["id"]) == before[result["id"]])


def _differences(live: Mapping[str, Any], wanted: Mapping[str, Any], id_field: str) -> list[str]:
    """Compare the declared fields; where an id is known, a rename or update must have kept it."""
    named = wanted.get("name", wanted.get("title"))
    found = []
    if live.get("body") != wanted["body"]:
        found.append(f"{named}: {live.get('body')!r}")
    if "id" in wanted and live.get(id_field) != wanted["id"]:
        found.append(f"{named}: has the id {live.get(id_field)}, not {wanted['id']}")
    return found


def _records(api: str) -> list[Record]:
    folder = Record(Key("folder", join_folder([]), "F"), "folder-1", memory=True)
    owned = {
        "knowledge": [*OWNED_NOTES, *UPDATED, *RENAMED, *PRUNED],
        "playbook": [*PLAYBOOKS, *PRUNED_PLAYBOOKS],
        "secret": SECRETS,
        **({"automation": AUTOMATIONS} if api == "v3" else {}),
    }
    records = [folder]
    for noun, objects in owned.items():
        kind = KINDS[noun]
        for facts in objects:
            values = {name: value for name, value in facts.items() if name != "id"}
            if noun == "secret":
                values["version"] = "1"
            resource = kind.resource(**values)
            records.append(
                Record(kind.key(resource), facts["id"], None, None, False, base(resource, resource))
            )
    return records
