"""What a change writes: the live values with its fields laid over them, and nothing else."""

from __future__ import annotations

from devinops.kinds.knowledge import Knowledge
from devinops.model.changes import Action, Change, FieldChange
from devinops.model.keys import ROOT, FolderPath, Key
from devinops.model.objects import Declaration, Source
from devinops.model.values import UNSET
from tests.testing.objects import live

NOTE = live("knowledge", name="A", body="old", pinned_repo="acme/api", is_enabled=False)
DECLARED = Declaration(
    NOTE.key, Knowledge(name="A", folder=ROOT, trigger="t", body="new"), Source("a.yaml", 3)
)
BODY = FieldChange("body", "old", "new")


def test_an_update_keeps_what_no_field_of_it_names() -> None:
    """API v3 replaces a whole note, so what is left out of the request would be lost."""
    written = Change(Action.UPDATE, NOTE.key, "r", NOTE.id, DECLARED, NOTE, (BODY,)).written()
    assert isinstance(written, Knowledge)
    assert (written.body, written.pinned_repo, written.is_enabled) == ("new", "acme/api", False)


def test_a_create_writes_its_fields_and_leaves_the_rest_unsaid() -> None:
    fields = (FieldChange("name", UNSET, "A"), BODY)
    written = Change(Action.CREATE, NOTE.key, "r", declaration=DECLARED, fields=fields).written()
    assert dict(written.items()) == {"name": "A", "body": "new"}


def test_what_is_no_field_of_the_object_is_shown_and_not_written() -> None:
    fields = (BODY, FieldChange("value", "(hidden)", "(new)"))
    written = Change(Action.UPDATE, NOTE.key, "r", NOTE.id, DECLARED, NOTE, fields).written()
    assert "value" not in dict(written.items())


def test_only_a_create_and_a_change_of_the_folder_move_an_object() -> None:
    """An update of a note that somebody moved leaves the note in the folder where it is."""
    move = FieldChange("folder", ROOT, FolderPath("F"))
    assert Change(Action.CREATE, NOTE.key, "r", declaration=DECLARED).moves
    assert Change(Action.RENAME, NOTE.key, "r", NOTE.id, DECLARED, NOTE, (move,)).moves
    assert not Change(Action.UPDATE, NOTE.key, "r", NOTE.id, DECLARED, NOTE, (BODY,)).moves


def test_a_pruned_object_comes_from_where_it_was_declared_last() -> None:
    was = Source("old.yaml", 7)
    key = Key("knowledge", ROOT, "A")
    assert Change(Action.DELETE, key, "r", declared_at=was).source == was
    assert Change(Action.DELETE, key, "r", declaration=DECLARED).source == DECLARED.source
    assert Change(Action.DELETE, key, "r").source is None
