"""What the inventory keeps of a field that was changed outside devinops."""

from __future__ import annotations

from devinops.kinds.knowledge import Knowledge
from devinops.model.inventory import base
from devinops.model.keys import ROOT
from devinops.planning.managed import bases as bases_of


def test_an_outside_edit_that_was_kept_stays_visible_after_the_next_apply() -> None:
    """The record of the edited field must not learn the edit, or the next plan would take it for ours."""
    before = Knowledge(name="A", folder=ROOT, trigger="t", body="old", pinned_repo="acme/api")
    sent = Knowledge(name="A", folder=ROOT, trigger="t", body="new", pinned_repo="acme/api")
    read = Knowledge(name="A", folder=ROOT, trigger="t", body="new", pinned_repo="acme/web")
    bases = base(before, before)
    found = bases_of(sent, read, bases, {"pinned_repo", "macro"})
    assert found["pinned_repo"] == bases["pinned_repo"]
    assert found["body"] == base(sent, read)["body"]
    assert bases_of(sent, read, bases)["pinned_repo"] != bases["pinned_repo"]
