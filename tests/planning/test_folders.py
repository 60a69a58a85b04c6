"""Which objects wait in the root for their folder; the plans are in `tests/cases/inventory.yaml`."""

from __future__ import annotations

import pytest

from devinops.model.changes import Action
from devinops.model.inventory import Base, Intent, Inventory, Record, base, fingerprint
from devinops.model.keys import ROOT, FolderPath, Key
from devinops.model.objects import Live
from devinops.model.policy import MissingFolders
from devinops.planning.folders import (
    asking_for_root,
    declared_key,
    is_in_root,
    recorded,
)
from devinops.planning.match import match
from tests.testing.objects import live, snapshot
from tests.testing.plans import context, entry

NOTE = live("knowledge", name="A", id="n1")
KEY = Key("knowledge", FolderPath("G"), "A")
WAITS = Record(KEY, "n1", fields=base(NOTE.resource, NOTE.resource))
MOVED = NOTE.put_into(FolderPath("F"))


def test_a_note_waits_if_the_root_was_sent_under_a_key_with_a_folder() -> None:
    assert is_in_root(WAITS)
    assert not is_in_root(Record(NOTE.key, "n1", fields=WAITS.fields))
    assert not is_in_root(Record(KEY, "n1", fields=base(MOVED.resource, MOVED.resource)))
    assert not is_in_root(Record(KEY, "n1"))


def test_its_key_has_the_declared_folder_until_somebody_moves_it() -> None:
    waiting = Inventory.of("file", [WAITS])
    assert declared_key(NOTE, waiting) == KEY
    assert declared_key(MOVED, waiting) == MOVED.key
    recorded_there = Inventory.of("file", [Record(NOTE.key, "n1")])
    assert declared_key(NOTE, Inventory()) == declared_key(NOTE, recorded_there) == NOTE.key


def test_once_moved_its_declared_folder_counts_as_sent() -> None:
    assert recorded(WAITS, NOTE) == WAITS.fields
    sent = Base(fingerprint("G"), fingerprint(ROOT))
    assert recorded(WAITS, MOVED) == {**WAITS.fields, "folder": sent}


def test_a_create_without_a_response_is_looked_for_in_the_root() -> None:
    declared = entry(MOVED.put_into(FolderPath("G")).resource)
    there = snapshot([{"kind": "knowledge", "name": "A", "id": "n1"}])
    lost = Intent("run", Action.CREATE, KEY, unclear=True)
    (found,) = match([declared], there, Inventory("file", intents=(lost,)))
    assert found.live == NOTE
    (none,) = match([declared], there, Inventory("file"))
    assert none.live is None


IN_G = live("knowledge", name="A", id="n1", folder="G")
FOLDER = live("folder", path="G", id="f1")


@pytest.mark.parametrize(
    ("there", "found", "policy", "asks"),
    [
        ([], None, MissingFolders.ROOT, True),
        ([], IN_G.put_into(ROOT), MissingFolders.ROOT, True),
        ([], None, MissingFolders.BLOCK, False),
        ([FOLDER], None, MissingFolders.ROOT, False),
        ([], IN_G.put_into(FolderPath("F")), MissingFolders.ROOT, False),
    ],
)
def test_an_entry_asks_for_the_root_if_its_folder_is_missing_and_it_is_in_no_other(
    there: list[Live], found: Live | None, policy: MissingFolders, asks: bool
) -> None:
    plan = context(there, inventory=Inventory("file"), missing_folders=policy)
    declared = entry(IN_G.resource)
    asking = asking_for_root(declared, found, None, plan)
    assert asking.key == IN_G.key
    assert asking.resource == (IN_G.put_into(ROOT) if asks else IN_G).resource
    assert (asking is declared) is not asks
