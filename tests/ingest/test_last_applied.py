"""The values of the last apply, which are looked up in the files and in Git by their fingerprints."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import pytest

from devinops.ingest.last_applied import with_applied, with_versions
from devinops.load import read_entries
from devinops.model.changes import Action, Change, Drift, DriftEvent, FieldChange
from devinops.model.inventory import Inventory, Record, base, fingerprint
from devinops.model.values import UNSET
from tests.testing.objects import live

SENT = live("playbook", title="P", body="sent", id="p1")
FILE = "playbooks:\n  - {title: P, body_file: text.md}\n"
COMMIT = {"c1^{commit}": b"tree", "c1:./playbooks.yaml": FILE.encode()}
UNSHALLOW = "the commit c1 of the last apply is not in this clone, so run git fetch --unshallow"
NOTHING = "; the earlier value of body is not known: "


@pytest.mark.parametrize(
    ("commit", "objects", "declared", "before", "reason"),
    [
        ("c1", {}, "sent", "sent", "body"),
        ("c1", COMMIT | {"c1:./text.md": b"sent\r\n"}, "newer", "sent", "body"),
        (
            "c1",
            COMMIT | {"c1:./text.md": b"not committed"},
            "newer",
            UNSET,
            f"body{NOTHING}playbooks.yaml at the commit c1 is not what was applied",
        ),
        (
            "c1",
            {"c1^{commit}": b"tree"},
            "newer",
            UNSET,
            f"body{NOTHING}playbooks.yaml at the commit c1 is not what was applied",
        ),
        (
            "c1",
            {},
            "newer",
            UNSET,
            f"body{NOTHING}{UNSHALLOW}",
        ),
        (
            None,
            {},
            "newer",
            UNSET,
            f"body{NOTHING}the inventory does not have the commit of the last apply",
        ),
    ],
    ids=["in the file", "at the commit", "differs", "no file", "shallow clone", "no commit"],
)
def test_the_earlier_value_is_the_one_with_the_fingerprint_of_what_was_sent(
    commit: str | None, objects: Mapping[str, bytes], declared: str, before: object, reason: str
) -> None:
    reads = []

    def read(names: Collection[str]) -> Mapping[str, bytes]:
        reads.append(set(names))
        return {name: objects[name] for name in names if name in objects}

    fields = base(SENT.resource, SENT.resource)
    record = Record(SENT.key, "p1", "playbooks.yaml", commit, fields=fields)
    text = f"playbooks:\n  - {{title: P, body: {declared}}}\n"
    drift = Drift(
        DriftEvent.EDITED, SENT.key, "p1", "body", (FieldChange("body", UNSET, "edited"),)
    )
    entries, _ = read_entries("playbooks.yaml", text)
    (found,) = with_applied([drift], Inventory.of("file", [record]), entries, read)
    assert (found.fields, found.reason) == ((FieldChange("body", before, "edited"),), reason)
    assert len(reads) <= 3, "one read each of commits, files and texts, however many objects drift"


def test_no_file_has_the_earlier_value_of_a_field_that_the_entry_left_out() -> None:
    """So nothing is read, and no commit is missing."""
    record = Record(SENT.key, "p1", left_out={"macro": fingerprint(None)})
    fields = (FieldChange("macro", UNSET, "!p"),)
    drift = Drift(DriftEvent.EDITED, SENT.key, "p1", "macro", fields)
    found = with_applied([drift], Inventory.of("file", [record]), (), lambda _: {})
    assert found == (drift,)


@pytest.mark.parametrize(
    ("commit", "reason"),
    [("c1", "version changed; version was 2026-05"), (None, "version changed")],
)
def test_a_replaced_secret_says_which_version_it_had(commit: str | None, reason: str) -> None:
    old = "secrets:\n  - {key: T, type: key-value, value_from: {env: T}, version: '2026-05'}\n"
    objects = {"c1^{commit}": b"tree", "c1:./secrets.yaml": old.encode()}
    (entry,), _ = read_entries("secrets.yaml", old)
    fields = base(entry.resource, entry.resource)
    record = Record(entry.key, "s1", "secrets.yaml", commit, fields=fields)
    new = (FieldChange("version", UNSET, "2026-11"), FieldChange("value", UNSET, "env:T"))
    replaced = Change(Action.REPLACE, entry.key, "version changed", "s1", entry, fields=new)
    other = Change(Action.REPLACE, entry.key, "not owned", "s2", entry, fields=new)
    changes = with_versions(
        [replaced, other],
        Inventory.of("file", [record]),
        lambda names: {name: objects[name] for name in names if name in objects},
    )
    assert [change.reason for change in changes] == [reason, "not owned"]
    assert [change.fields for change in changes] == [new, new], "they are part of the digest"
