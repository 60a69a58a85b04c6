"""What is put into the root; the plans are in `tests/cases/inventory.yaml`."""

from __future__ import annotations

import pytest

from devinops.model.inventory import Inventory
from devinops.model.keys import ROOT, FolderPath
from devinops.model.objects import Live
from devinops.model.policy import MissingFolders
from devinops.planning.draft import PlanDraft
from devinops.planning.match import Match
from devinops.planning.root_placement import in_place
from tests.testing.objects import live
from tests.testing.plans import context, entry

NOTE = live("knowledge", name="A", id="n1", folder="G")
FOLDER = live("folder", path="G", id="f1")


@pytest.mark.parametrize(
    ("there", "found", "policy", "asks"),
    [
        ([], None, MissingFolders.ROOT, True),
        ([], NOTE.put_into(ROOT), MissingFolders.ROOT, True),
        ([], None, MissingFolders.BLOCK, False),
        ([FOLDER], None, MissingFolders.ROOT, False),
        ([], NOTE.put_into(FolderPath("F")), MissingFolders.ROOT, False),
    ],
)
def test_an_entry_asks_for_the_root_if_its_folder_is_missing_and_it_is_in_no_other(
    there: list[Live], found: Live | None, policy: MissingFolders, asks: bool
) -> None:
    plan, draft = context(there, inventory=Inventory("file"), missing_folders=policy), PlanDraft()
    matched = in_place(Match(entry(NOTE.resource), found), plan, draft)
    place = NOTE.put_into(ROOT) if asks else NOTE
    assert (matched.declaration.key, matched.live) == (NOTE.key, found)
    assert matched.declaration.resource == place.resource
    assert draft.in_root == [matched.declaration] * asks
