"""Entries become a plugin: what each becomes, what is reported, and which files are touched."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from devinops.export.lock import LOCK, Locked, parse
from devinops.export.page import page
from devinops.export.plugin import (
    LONGEST_ALWAYS_ON,
    MANIFEST,
    PORTABLE,
    PORTABLE_SCHEMA,
    Exported,
    FileStatus,
    PluginChoices,
    PluginFile,
    export_plugin,
)
from devinops.load import load
from devinops.model.keys import Key
from devinops.model.objects import Declaration, Ensure, Source
from tests.testing.objects import key, live

CHOICES = PluginChoices("acme")
MANIFESTS = {MANIFEST: "{}", PORTABLE: json.dumps({"$schema": PORTABLE_SCHEMA})}
SKILL = "skills/error-envelope/SKILL.md"


def entry(kind: str = "knowledge", **facts: Any) -> Declaration:
    """Return a declaration from flat facts."""
    settings = {n: facts.pop(n) for n in ("ensure", "previously", "meta") if n in facts}
    given = live(kind, **facts)
    return Declaration(given.key, given.resource, Source(f"{given.key.name}.md"), **settings)


def note(name: str = "Error envelope", **facts: Any) -> Declaration:
    return entry(name=name, **{"trigger": "When adding an endpoint", "body": "Body", **facts})


def export(
    *declarations: Declaration, existing: Mapping[str, str] | None = None, choices: Any = CHOICES
) -> Exported:
    """Return an export into a plugin with these files, which has its manifests."""
    files = dict(MANIFESTS if existing is None else existing)
    locked = parse(files.pop(LOCK), LOCK) if LOCK in files else ()
    return export_plugin(declarations, files, choices, locked=locked)


def texts(exported: Exported) -> dict[str, str]:
    """Return path → text of the plugin after a first export, without its lock file."""
    return MANIFESTS | {file.path: file.text for file in pages(exported)}


def pages(exported: Exported) -> list[PluginFile]:
    """Return the skills and rules."""
    return [file for file in exported.files if file.path.startswith(("skills/", "rules/"))]


def changes(exported: Exported) -> dict[str, str]:
    return {file.path: file.status.value for file in pages(exported)}


def front(exported: Exported, path: str) -> Any:
    (file,) = (file for file in exported.files if file.path == path)
    metadata = yaml.safe_load(file.text.split("\n---\n")[0])
    metadata["metadata"].pop("devinops-digest")
    return metadata


def remarks(exported: Exported) -> list[str]:
    return [remark.text for remark in exported.remarks]


def left_out(exported: Exported) -> list[str]:
    return [remark.text for remark in exported.left_out]


# --- what an entry becomes ------------------------------------------------------------------------


def test_a_note_becomes_a_skill_with_only_what_the_specification_allows() -> None:
    exported = export(note(folder="Backend/APIs"))
    assert front(exported, SKILL) == {
        "name": "error-envelope",
        "description": "When adding an endpoint",
        "metadata": {"devinops-key": "knowledge:Backend/APIs/Error envelope"},
    }
    assert pages(exported)[0].text.endswith("\n---\nBody\n")
    assert (remarks(exported), left_out(exported)) == ([], [])


def test_a_playbook_becomes_a_skill_that_only_a_person_starts() -> None:
    exported = export(entry("playbook", title="Triage an incident", macro="!triage", body="1."))
    assert front(exported, "skills/triage/SKILL.md") == {
        "name": "triage",
        "description": 'Use when a person starts the playbook "Triage an incident".',
        "triggers": ["user"],
        "metadata": {"devinops-key": "playbook:Triage an incident", "devinops-macro": "!triage"},
    }


@pytest.mark.parametrize(
    ("facts", "choices", "path", "mode"),
    [
        ({"pinned_repo": "all"}, CHOICES, "rules/error-envelope.md", "always_on"),
        ({"pinned_repo": "all", "body": "x" * (LONGEST_ALWAYS_ON + 1)}, CHOICES, SKILL, None),
        ({"pinned_repo": "acme/api"}, CHOICES, SKILL, None),
        (
            {"pinned_repo": "acme/api"},
            PluginChoices("acme", repository="acme/api"),
            "rules/error-envelope.md",
            "always_on",
        ),
        ({}, PluginChoices("acme", as_rules=True), "rules/error-envelope.md", "model_decision"),
        ({"body": "x" * 12_000}, PluginChoices("acme", as_rules=True), SKILL, None),
        (
            {"meta": {"globs": ["**/*.ts", "*.tsx"]}},
            PluginChoices("acme", as_rules=True),
            "rules/error-envelope.md",
            "glob",
        ),
        (
            {"meta": {"globs": [1]}},
            PluginChoices("acme", as_rules=True),
            "rules/error-envelope.md",
            "model_decision",
        ),
        (
            {"meta": {"globs": {"a": 1}}},
            PluginChoices("acme", as_rules=True),
            "rules/error-envelope.md",
            "model_decision",
        ),
    ],
)
def test_what_a_note_becomes_depends_on_its_pin_and_length(
    facts: dict[str, Any], choices: PluginChoices, path: str, mode: str | None
) -> None:
    exported = export(note(**facts), choices=choices)
    assert changes(exported) == {path: "new"}
    assert front(exported, path).get("trigger") == mode


def test_a_rule_has_its_patterns_as_a_list_and_its_name() -> None:
    exported = export(
        note(meta={"globs": "**/*.ts"}, pinned_repo="acme/api"),
        choices=PluginChoices("acme", as_rules=True),
    )
    assert front(exported, "rules/error-envelope.md") == {
        "trigger": "glob",
        "description": "When adding an endpoint",
        "globs": ["**/*.ts"],
        "name": "Error envelope",
        "metadata": {
            "devinops-key": "knowledge:Error envelope",
            "devinops-pinned_repo": "acme/api",
        },
    }


def test_only_the_notes_of_one_repository_are_exported_if_asked() -> None:
    exported = export(
        note("A", pinned_repo="acme/api"),
        note("B", pinned_repo="acme/web"),
        note("C"),
        note("D", pinned_repo="all"),
        entry("playbook", title="P"),
        choices=PluginChoices("acme", repository="acme/api"),
    )
    assert changes(exported) == {"rules/a.md": "new"}
    assert left_out(exported) == []


# --- what cannot be carried over ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("declaration", "why"),
    [
        (note(is_enabled=False), "it is disabled"),
        (note(body=""), "it has no text"),
        (note(ensure=Ensure.ABSENT, body=""), "its entry has ensure: absent"),
        (note(ensure=Ensure.UNMANAGED), "its entry has ensure: unmanaged"),
        (entry("folder", path="Backend"), "a plugin cannot hold this kind"),
    ],
)
def test_an_entry_that_is_left_out_is_reported(declaration: Declaration, why: str) -> None:
    exported = export(declaration)
    assert (changes(exported), left_out(exported)) == ({}, [why])


def test_of_entries_for_different_targets_one_is_exported() -> None:
    exported = export(note(body="one"), note(body="two"))
    assert pages(exported)[0].text.endswith("\none\n")
    assert left_out(exported) == [
        "another entry has its key, for another target: choose one with --target"
    ]


@pytest.mark.parametrize(
    ("declaration", "as_rules", "remark"),
    [
        (note(macro="!env"), False, "a plugin has no macro: it is only in the metadata"),
        (
            entry("playbook", title="P", structured_output_schema={"type": "object"}),
            False,
            "not carried over: structured_output_schema",
        ),
        (
            note(pinned_repo="acme/api"),
            False,
            (
                "pinned to acme/api: in a plugin Devin decides by the description when to use it; "
                "--repository acme/api exports it for that repository"
            ),
        ),
        (
            note(pinned_repo="all", body="x" * 3000),
            False,
            (
                "always used, but its text has more than 2000 characters: it is a skill, so Devin "
                "decides when to use it"
            ),
        ),
        (
            note(pinned_repo="all", body="x" * 3000),
            True,
            (
                "always used, but its text has more than 2000 characters: it is a rule, so Devin "
                "decides when to use it"
            ),
        ),
        (
            note(trigger="word " * 300),
            False,
            (
                "its trigger has more than 1024 characters: the description of the skill is cut, and "
                "the metadata has all of it"
            ),
        ),
        (
            note(body="x" * 12_000),
            True,
            "too long for a rule, which has at most 12000 characters: it is a skill",
        ),
        (note(meta={"globs": ["*.ts"]}), False, "only a rule can have globs"),
        (
            note(body="x" * 20_001),
            False,
            "its text has more than 20000 characters, too long for a good skill: it is in references/whole-text.md; consider splitting the entry",
        ),
    ],
)
def test_what_is_lost_is_reported(declaration: Declaration, as_rules: bool, remark: str) -> None:
    assert remarks(export(declaration, choices=PluginChoices("a", as_rules=as_rules))) == [remark]


@pytest.mark.parametrize(
    ("trigger", "length"), [("x" * 1024, 1024), ("x" * 1025, 1024), ("word " * 300, 1020)]
)
def test_a_long_description_is_cut_at_a_word_and_kept_in_the_metadata(
    trigger: str, length: int
) -> None:
    written = front(export(note(trigger=trigger)), SKILL)
    assert len(written["description"]) == length
    assert written["metadata"].get("devinops-trigger", written["description"]) == trigger


def test_enabled_notes_lose_nothing() -> None:
    assert remarks(export(note(is_enabled=True))) == []


# --- slugs ----------------------------------------------------------------------------------------


def test_entries_with_the_same_name_get_different_slugs_and_are_reported() -> None:
    exported = export(note("Errors", folder="A"), note("Errors", folder="B"))
    assert list(changes(exported)) == [
        "skills/errors-14b4bb20/SKILL.md",
        "skills/errors-814649fa/SKILL.md",
    ]
    assert remarks(exported) == [
        "another entry has or wants the name errors, so it is called errors-14b4bb20",
        "another entry has or wants the name errors, so it is called errors-814649fa",
    ]


def test_a_slug_stays_whatever_other_entries_come() -> None:
    before = export(note("Errors", folder="B"))
    after = export(note("Errors", folder="A"), note("Errors", folder="B"), existing=texts(before))
    assert changes(after) == {
        "skills/errors-814649fa/SKILL.md": "new",
        "skills/errors/SKILL.md": "unchanged",
    }


def test_a_renamed_entry_keeps_its_slug_if_it_names_its_old_place() -> None:
    before = texts(export(note("Errors")))
    renamed = note("Failures", previously=(key("knowledge:Errors"),))
    assert changes(export(renamed, existing=before)) == {"skills/errors/SKILL.md": "changed"}
    assert changes(export(note("Failures"), existing=before)) == {
        "skills/errors/SKILL.md": "removed",
        "skills/failures/SKILL.md": "new",
    }


def test_an_entry_keeps_its_slug_though_another_lists_its_key_as_an_old_one() -> None:
    before = texts(export(note("Errors")))
    exported = export(
        note("A", previously=(key("knowledge:Errors"),)), note("Errors"), existing=before
    )
    assert changes(exported) == {
        "skills/a/SKILL.md": "new",
        "skills/errors/SKILL.md": "unchanged",
    }


def test_a_file_of_somebody_else_is_never_touched() -> None:
    theirs = {**MANIFESTS, SKILL: "---\nname: error-envelope\n---\nTheirs", "rules/x.md": ""}
    exported = export(note(), note("X"), existing=theirs)
    assert changes(exported) == {
        "skills/error-envelope-1ec9ef45/SKILL.md": "new",
        "skills/x-4ea51ce8/SKILL.md": "new",
    }


def test_force_overwrites_nothing_of_somebody_else() -> None:
    before = texts(export(note(), choices=PluginChoices("acme", as_rules=True)))
    before[SKILL] = "Theirs"
    exported = export(note(), existing=before, choices=PluginChoices("acme", force=True))
    assert changes(exported) == {SKILL: "changed by hand", "rules/error-envelope.md": "removed"}


# --- an export again ------------------------------------------------------------------------------


def test_an_export_again_changes_nothing_and_says_what_can_be_retired() -> None:
    again = export(note(), existing=texts(export(note())))
    assert set(changes(again).values()) == {"unchanged"}
    assert again.shipped == (Key.parse("knowledge:Error envelope"),)


def test_a_changed_entry_changes_its_file() -> None:
    again = export(note(body="New"), existing=texts(export(note())))
    assert (changes(again), again.shipped) == ({SKILL: "changed"}, ())


def test_the_file_of_an_entry_that_is_gone_is_removed() -> None:
    again = export(note("Other"), existing=texts(export(note(), note("Other"))))
    assert changes(again) == {SKILL: "removed", "skills/other/SKILL.md": "unchanged"}


def test_a_file_moves_if_the_choice_does() -> None:
    again = export(
        note(), existing=texts(export(note())), choices=PluginChoices("acme", as_rules=True)
    )
    assert changes(again) == {SKILL: "removed", "rules/error-envelope.md": "new"}


@pytest.mark.parametrize(
    ("declarations", "force", "expected"),
    [
        ([note()], False, FileStatus.BY_HAND),
        ([note()], True, FileStatus.CHANGED),
        ([], False, FileStatus.BY_HAND),
        ([], True, FileStatus.BY_HAND),
    ],
)
def test_a_file_that_was_changed_by_hand_stays(
    declarations: list[Declaration], force: bool, expected: FileStatus
) -> None:
    before = texts(export(note()))
    before[SKILL] += "edited\n"
    again = export(*declarations, existing=before, choices=PluginChoices("acme", force=force))
    (file,) = pages(again)
    assert (file.path, file.status) == (SKILL, expected)


def test_a_copy_of_a_file_is_not_taken_for_the_file() -> None:
    before = texts(export(note()))
    before["skills/a-copy/SKILL.md"] = before[SKILL]
    assert changes(export(note(), existing=before)) == {
        SKILL: "unchanged",
        "skills/a-copy/SKILL.md": "changed by hand",
    }


def test_the_manifest_is_written_once() -> None:
    first = export(note(), existing={})
    (manifest,) = (file for file in first.files if file.path == MANIFEST)
    assert yaml.safe_load(manifest.text)["name"] == "acme"
    assert (manifest.key, manifest.status) == (None, FileStatus.NEW)


@pytest.mark.parametrize(
    ("own", "name"),
    [
        (None, "acme"),
        ("\ufeff" + json.dumps({"name": "their.own-plugin", "keywords": [1]}), "their.own-plugin"),
        (json.dumps({"name": "Not portable"}), "acme"),
        (json.dumps({"name": "a" * 65}), "acme"),
        (json.dumps({"name": 1, "description": ["x"]}), "acme"),
    ],
)
def test_the_portable_manifest_has_the_name_of_the_other_one_if_it_may(
    own: str | None, name: str
) -> None:
    existing = {} if own is None else {MANIFEST: own}
    files = {file.path: file.text for file in export(note(), existing=existing).files}
    assert json.loads(files[PORTABLE]) == {
        "$schema": PORTABLE_SCHEMA,
        "name": name,
        "description": "Written by devinops export.",
    }
    assert (MANIFEST in files) is (own is None)


def test_a_portable_manifest_that_is_there_belongs_to_the_user() -> None:
    exported = export(note(), existing={MANIFEST: "{}", PORTABLE: "{}"})
    assert PORTABLE not in {file.path for file in exported.files}


def test_what_only_devin_reads_is_said_of_each_entry() -> None:
    exported = export(note(), note("B", pinned_repo="all"), entry("playbook", title="P", body="1."))
    assert [(str(item.key), item.text) for item in exported.not_portable] == [
        (
            "playbook:P",
            "only Devin obeys triggers: [user], so another agent may start it by itself",
        ),
        ("knowledge:B", "only Devin reads rules"),
    ]


# --- the lock file --------------------------------------------------------------------------------


def locked(exported: Exported) -> tuple[FileStatus, str]:
    (file,) = (file for file in exported.files if file.path == LOCK)
    return file.status, file.text


def test_without_an_entry_there_is_no_lock_file() -> None:
    assert [file.path for file in export().files] == []


def test_the_lock_file_has_the_names_of_exports_before_it() -> None:
    before = texts(export(note("Errors", folder="B")))
    status, text = locked(export(note("Errors", folder="A"), existing=before))
    assert status is FileStatus.NEW
    assert parse(text, LOCK) == [
        Locked("errors", key("knowledge:B/Errors")),
        Locked("errors-814649fa", key("knowledge:A/Errors")),
    ]


def test_a_file_at_a_place_that_no_export_writes_gives_no_name() -> None:
    before = texts(export(note()))
    moved = {**MANIFESTS, "skills/My Skill/SKILL.md": before[SKILL]}
    _, text = locked(export(note(), existing=moved))
    assert [line.slug for line in parse(text, LOCK)] == ["error-envelope"]


def test_an_entry_that_returns_has_its_name_again_and_nobody_else_got_it() -> None:
    first = export(note("Errors", folder="A"))
    second = export(note("Errors", folder="B"), existing=texts(first) | {LOCK: locked(first)[1]})
    third = export(
        note("Errors", folder="A"),
        existing={**MANIFESTS, LOCK: locked(second)[1]},
    )
    assert changes(second) == {
        "skills/errors-14b4bb20/SKILL.md": "new",
        "skills/errors/SKILL.md": "removed",
    }
    assert changes(third) == {"skills/errors/SKILL.md": "new"}


def test_a_renamed_note_keeps_its_name_if_the_inventory_knows_its_id() -> None:
    ids = {key("knowledge:Errors"): {"production": "note-1"}}
    first = export_plugin([note("Errors")], MANIFESTS, CHOICES, ids=ids)
    renamed = {key("knowledge:Failures"): {"production": "note-1"}}
    second = export_plugin(
        [note("Failures")],
        texts(first),
        CHOICES,
        locked=parse(locked(first)[1], LOCK),
        ids=renamed,
    )
    assert changes(second) == {"skills/errors/SKILL.md": "changed"}
    assert parse(locked(second)[1], LOCK) == [
        Locked("errors", key("knowledge:Failures"), {"production": "note-1"})
    ]


@pytest.mark.parametrize(
    ("check", "expected"), [(True, FileStatus.UNCHANGED), (False, FileStatus.CHANGED)]
)
def test_an_id_that_became_known_is_recorded_but_fails_no_check(
    check: bool, expected: FileStatus
) -> None:
    first = export(note())
    ids = {key("knowledge:Error envelope"): {"production": "note-1"}}
    again = export_plugin(
        [note()],
        texts(first),
        PluginChoices("acme", check=check),
        locked=parse(locked(first)[1], LOCK),
        ids=ids,
    )
    assert locked(again)[0] is expected


# --- retiring the live note -----------------------------------------------------------------------


def test_a_retired_note_keeps_its_skill() -> None:
    before = texts(export(note()))
    retired = note(ensure=Ensure.ABSENT)
    again = export(retired, existing=before)
    assert (changes(again), again.shipped, left_out(again)) == ({SKILL: "unchanged"}, (), [])
    edited = export(note(ensure=Ensure.ABSENT, body="New"), existing=before)
    assert changes(edited) == {SKILL: "changed"}


def test_a_note_that_was_retired_before_its_export_is_withheld() -> None:
    exported = export(note(ensure=Ensure.ABSENT), note("B"))
    assert [str(key) for key in exported.withheld] == ["knowledge:Error envelope"]
    assert left_out(exported)[0].startswith(
        "its entry has ensure: absent, and the plugin does not have it yet: export it without"
    )


@pytest.mark.parametrize("edited", ["", "x"])
def test_a_retired_note_without_a_text_keeps_the_file_as_it_is(edited: str) -> None:
    before = texts(export(note(pinned_repo="acme/api")))
    before[SKILL] += edited
    retired = note(body="", ensure=Ensure.ABSENT)
    choices = PluginChoices("acme", repository="acme/api")
    exported = export(retired, existing=before, choices=choices)
    assert changes(exported) == {SKILL: "unchanged"}
    assert remarks(exported) == [
        "its entry has ensure: absent and no text: its file stays as it is"
    ]


def test_a_retired_note_may_keep_its_fields_in_its_file(tmp_path: Any) -> None:
    (tmp_path / "knowledge").mkdir()
    (tmp_path / "knowledge" / "a.md").write_text(
        "---\nname: A\ntrigger: t\nensure: absent\n---\nBody\n"
    )
    loaded = load(tmp_path)
    assert loaded.problems == ()
    before = page("skills/a/SKILL.md", {"name": "a"}, key("knowledge:A"), {}, "Old")
    exported = export(*loaded.declarations, existing={**MANIFESTS, "skills/a/SKILL.md": before})
    assert changes(exported) == {"skills/a/SKILL.md": "changed"}
