"""Which requests a command sends: no list, read or check that it does not need."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import pytest

from devinops.emulator import Emulator
from tests.testing.command_line import Devinops, Write

CONFIG = "version: 1\ntargets:\n  production:\n    org_id: org-emulator\n"
OWNED = f"{CONFIG}    inventory: {{store: file}}\n    prune: owned\n"
TEXT = "---\nname: {}\ntrigger: When {} comes up\n---\n{}\n"
SHORT = {
    r"GET .*/knowledge(/notes\?first=200.*)?": "notes",
    r"GET .*/knowledge/folders": "folders",
    r"GET .*/playbooks(\?first=200)?": "playbooks",
    r"GET .*/self": "self",
    r"GET .*/audit-logs.*": "audit",
    r"GET .*/knowledge/notes/[^/?]+": "read",
    r"POST .*/knowledge(/notes)?": "create",
    r"PUT .*/knowledge/(notes/)?[^/]+": "update",
    r"DELETE .*/knowledge/(notes/)?[^/]+": "delete",
}


def note(name: str, text: str = "text") -> str:
    return TEXT.format(name, name, f"{text} of {name}")


FILES = {
    "devinops.yaml": OWNED,
    "knowledge/F/a.md": note("A"),
    "knowledge/F/b.md": note("B"),
    "knowledge/F/Sub/s.md": note("S"),
    "knowledge/X%2FY/x.md": note("X"),
    "knowledge/r.md": note("R"),
}


class Organization:
    """The organization in which `FILES` were applied, as people see it in the web app."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator

    def edit(self, name: str, **fields: Any) -> None:
        (id,) = [found["note_id"] for found in self.emulator.knowledge() if found["name"] == name]
        self.emulator.edit("knowledge", id, **fields)

    def remove(self, *names: str) -> None:
        for found in self.emulator.knowledge():
            if found["name"] in names:
                self.emulator.remove("knowledge", found["note_id"])

    def add_many(self, count: int) -> None:
        for number in range(count):
            self.emulator.add("knowledge", name=f"Note {number}", trigger="t", body="theirs")

    def folder(self, path: str) -> str:
        (id,) = [f["folder_id"] for f in self.emulator.folders() if f["path"] == path]
        return str(id)

    def rename_folder(self, path: str, name: str) -> None:
        self.emulator.edit("folder", self.folder(path), name=name)


class Situation(NamedTuple):
    """What happened after `FILES` were applied, a command, and its requests on v3 and on v1.

    A file that is None is deleted. `says` is part of the output on v3.
    """

    command: str
    v3: str
    v1: str | None = None
    files: Mapping[str, str | None] = {}
    web: Callable[[Organization], None] = lambda _: None
    says: str = ""
    exit_code: int = 0


SCOPE = OWNED.replace("prune: owned", "prune: scope\n    scope: [F/**]")
ASKED_FOR = OWNED.replace("    org_id: org-emulator\n", "")
WITHOUT = {
    "devinops.yaml": f"{CONFIG}    inventory: {{store: none}}\n",
    "knowledge/X%2FY/x.md": None,
}
NEW = note("A", "new text")
PLAYBOOK = {"playbooks/p.md": "---\ntitle: P\n---\ntext\n"}
UPDATE = ("notes read update notes", "notes update notes")
NOTHING = "nothing to change"
SITUATIONS = {
    # --- nothing to do
    "plan": Situation("plan", "notes", "notes", says=NOTHING),
    "apply": Situation("apply --yes", "notes", says=NOTHING),
    "drift": Situation("drift", "notes", "notes", says="none; 1 unmanaged"),
    "without an inventory": Situation("plan", "notes", files=WITHOUT, says=NOTHING),
    "a playbook is declared": Situation("plan", "notes playbooks", files=PLAYBOOK),
    "a folder is declared": Situation(
        "plan", "notes folders", files={"folders.yaml": "folders:\n  - path: G\n"}, says=NOTHING
    ),
    "no org_id": Situation("plan", "self notes", files={"devinops.yaml": ASKED_FOR}, says=NOTHING),
    "--only": Situation("plan --only knowledge:F/A", "notes folders", says=NOTHING),
    "--only without a kind that is declared": Situation(
        "plan --only knowledge", "notes folders", files=PLAYBOOK, says=NOTHING
    ),
    "--exclude of a kind": Situation(
        "plan --exclude playbook", "notes folders", files=PLAYBOOK, says=NOTHING
    ),
    "--exclude of all kinds": Situation(
        "plan --exclude playbook --exclude knowledge", "", files=PLAYBOOK, says=NOTHING
    ),
    "prune: scope": Situation("plan", "notes folders", files={"devinops.yaml": SCOPE}, says=NOTHING),
    "pull": Situation("pull --only knowledge --drift", "notes folders"),
    "pull --drift --exclude": Situation(
        "pull --drift --exclude playbook", "notes folders", files=PLAYBOOK
    ),
    # --- the files changed
    "text": Situation("apply --yes", *UPDATE, {"knowledge/F/a.md": NEW}, says="1 to update"),
    "text in the root": Situation(
        "apply --yes", *UPDATE, {"knowledge/r.md": note("R", "new text")}, says="1 to update"
    ),
    "text in a folder with a slash": Situation(
        "apply --yes", *UPDATE, {"knowledge/X%2FY/x.md": note("X", "new text")},
        says="knowledge:X%2FY/X",
    ),
    "text, without an inventory": Situation(
        "apply --yes", "notes folders read update notes", files=WITHOUT | {"knowledge/F/a.md": NEW},
        says="1 to update",
    ),
    "name": Situation(
        "apply --yes", UPDATE[0], files={"knowledge/F/a.md": note("A").replace("name: A", "name: A2")},
        says="1 to rename",
    ),
    "new in the root": Situation(
        "apply --yes", "notes create notes", files={"knowledge/n.md": note("N")}, says="1 to create"
    ),
    "new in a folder": Situation(
        "apply --yes", "notes folders create notes", "notes create notes",
        {"knowledge/F/n.md": note("N")}, says="1 to create",
    ),
    "new in a missing folder": Situation(
        "plan", "notes folders", files={"knowledge/H/n.md": note("N")}, says="missing folders"
    ),
    "moved": Situation(
        "apply --yes", "notes folders read update notes",
        files={"knowledge/F/a.md": None, "knowledge/G/a.md": note("A")}, says="1 to rename",
    ),
    "moved to the root": Situation(
        "apply --yes", "notes folders read update notes",
        files={"knowledge/F/a.md": None, "knowledge/a.md": note("A")}, says="1 to rename",
    ),
    "deleted": Situation(
        "apply --yes", "notes read delete notes", "notes delete notes", {"knowledge/F/a.md": None},
        says="1 to delete",
    ),
    # --- people changed the organization
    "text edited": Situation("plan", "notes audit", web=lambda o: o.edit("A", body="theirs"), says="edited: body"),
    "note of others edited": Situation("plan", "notes", web=lambda o: o.edit("U", body="new"), says=NOTHING),
    "note moved away": Situation(
        "plan", "notes folders audit", web=lambda o: o.edit("A", folder_id=o.folder("G")),
        says="edited: folder",
    ),
    "folder renamed": Situation(
        "plan", "notes folders", web=lambda o: o.rename_folder("F/Sub", "New"),
        says="folder:F/Sub: renamed",
    ),
    "folder above renamed": Situation(
        "drift", "notes folders", web=lambda o: o.rename_folder("F", "New"),
        says="its path is now New", exit_code=2,
    ),
    "the only note of a folder deleted": Situation(
        # The list of the enterprise says whether it was promoted.
        "plan", "notes folders notes", web=lambda o: o.remove("S"), says="F/Sub/S: deleted"
    ),
    "two pages": Situation(
        "drift", "notes notes", web=lambda o: o.add_many(200), says="none; 201 unmanaged"
    ),
    "two pages, and a text edited": Situation(
        "drift", "notes notes notes notes audit",
        web=lambda o: (o.add_many(200), o.edit("A", body="theirs"))[-1],
        says="edited: body", exit_code=2,
    ),
    "all notes deleted": Situation(
        "plan", "notes folders notes", web=lambda o: o.remove("A", "B", "S", "X", "R", "U"),
        says="the API does not list 5 of 5 notes that are owned", exit_code=4,
    ),
}  # fmt: skip


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("situation", "key"),
    [
        pytest.param(situation, key, id=f"{api}: {name}")
        for name, situation in SITUATIONS.items()
        for api, key in (("v3", "cog_emulator"), ("v1", "apk_emulator"))
        if getattr(situation, api)
    ],
)
def test_a_command_sends_only_the_requests_that_it_needs(
    emulator: Emulator,
    repository: Write,
    devinops: Devinops,
    use: Callable[..., None],
    situation: Situation,
    key: str,
) -> None:
    use(emulator.url, key=key)
    is_v3 = key == "cog_emulator"
    for path in ("F/Sub", "G"):
        emulator.add_folder(path)
    emulator.add("folder", name="X/Y")
    emulator.add("knowledge", name="U", trigger="t", body="theirs", folder="G")
    # v1 has no folders in folders.
    root = repository(
        FILES if is_v3 else {path.replace("F/Sub", "Sub"): FILES[path] for path in FILES}
    )
    assert devinops("apply", "-C", root, "--yes").code == 0
    for path, text in situation.files.items():
        if text is None:
            (root / path).unlink()
    repository({path: text for path, text in situation.files.items() if text is not None})
    situation.web(Organization(emulator))
    emulator.clear_requests()
    ran = devinops(*situation.command.split(), "-C", root)
    sent = [short(f"{request['method']} {request['path']}") for request in emulator.requests]
    expected = situation.v3 if is_v3 else situation.v1 or ""
    assert sorted(sent) == sorted(expected.split()), ran.out + ran.err
    assert (ran.code, situation.says in ran.out) == (situation.exit_code, True), ran.out + ran.err


def short(request: str) -> str:
    """Return what a request does, in one word; the request itself if nothing should send it."""
    return next((word for path, word in SHORT.items() if re.fullmatch(path, request)), request)
