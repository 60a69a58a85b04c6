"""Small parts of the core that no plan shows by itself."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from devinops.kinds import KINDS
from devinops.kinds.knowledge import Knowledge
from devinops.kinds.playbook import SCHEMA_BYTES, Playbook
from devinops.kinds.secret import Secret, age_days
from devinops.load import load
from devinops.model.inventory import Inventory, Record, base
from devinops.model.keys import ROOT, FolderPath, Key
from devinops.model.objects import UNSET, Declaration, Ensure, Snapshot, Source, canonical_text
from devinops.model.policy import MaxDelete, Policy, Prune
from devinops.model.target import Target
from devinops.planning.capabilities import api_problems, edition_problems, secret_version_warnings
from devinops.planning.match import body_of
from devinops.planning.plan import Plan, build_plan
from devinops.planning.planner import MOST_PAIRS, remembered, said_of
from devinops.planning.three_way import sides
from devinops.schema.findings import check, validator
from tests.testing.objects import live


def test_unset_is_false_and_says_its_name() -> None:
    assert not UNSET
    assert repr(UNSET) == "UNSET"


@pytest.mark.parametrize("text", ["", "knowledge", "knowledge:", ":A", "knowledge:F/"])
def test_what_is_no_key_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="is not KIND"):
        Key.parse(text)


@pytest.mark.parametrize(
    ("written", "shown"), [("20%", "20%"), (5, "5"), ("5", "5"), ("0%", "0%"), ("100%", "100%")]
)
def test_a_limit_of_deletes_is_read_as_it_is_shown(written: object, shown: str) -> None:
    assert str(MaxDelete.parse(written)) == shown


@pytest.mark.parametrize("written", ["101%", "-1", "20 %", True, None, 2.5, "many"])
def test_what_is_no_limit_is_none(written: object) -> None:
    assert MaxDelete.parse(written) is None


def test_ages_are_in_days() -> None:
    assert (age_days("90d"), age_days("12w")) == (90, 84)


def test_a_schema_of_a_result_has_a_largest_size(tmp_path: Path) -> None:
    kind = KINDS["playbook"]
    small = Playbook(title="P", body="b", structured_output_schema={"a": "x"})
    large = Playbook(title="P", body="b", structured_output_schema={"a": "x" * SCHEMA_BYTES})
    assert list(kind.check(small)) == []
    assert [name for name, _ in kind.check(large)] == ["structured_output_schema"]


def test_fields_that_no_api_knows_have_no_sides() -> None:
    want = Secret(key="A", type="totp", version="2")
    found = sides(KINDS["secret"], {}, want, Secret(key="A", type="totp"))
    assert (found.git, found.live, found.both) == ((), (), ())


def note(ensure: Ensure, folder: str, macro: str | None) -> Declaration:
    resource = Knowledge(name="A", folder=FolderPath(folder), trigger="t", body="b", macro=macro)
    return Declaration(
        Key("knowledge", FolderPath(folder), "A"), resource, Source("a.yaml"), ensure
    )


def test_what_is_not_managed_needs_nothing_of_the_api() -> None:
    assert list(api_problems([note(Ensure.UNMANAGED, "F/G", "!a")], "v1")) == []
    assert [p.code for p in api_problems([note(Ensure.ABSENT, "F/G", "!a")], "v1")] == [
        "nested-folder"
    ]
    assert [p.code for p in api_problems([note(Ensure.PRESENT, "F", "!a")], "v3")] == [
        "unsupported-field"
    ]


@pytest.mark.parametrize(
    ("ensure", "macro", "unknown", "codes"),
    [
        (Ensure.PRESENT, "!a", {("knowledge", "macro")}, ["unsupported-field"]),
        (Ensure.PRESENT, None, {("knowledge", "macro")}, []),
        (Ensure.PRESENT, "!a", {("playbook", "macro"), ("knowledge", "pinned_repo")}, []),
        (Ensure.ABSENT, "!a", {("knowledge", "macro")}, []),
        (Ensure.UNMANAGED, "!a", {("knowledge", "macro")}, []),
    ],
)
def test_a_declared_field_that_an_edition_does_not_know_is_a_problem(
    ensure: Ensure, macro: str | None, unknown: set[tuple[str, str]], codes: list[str]
) -> None:
    found = list(edition_problems([note(ensure, "F", macro)], "v1", unknown))
    assert [problem.code for problem in found] == codes
    assert all(
        "no knowledge that API v1 listed here has the field macro" in one.message for one in found
    )


def test_a_version_without_an_inventory_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "secrets.yaml").write_text("secrets: [{key: A, version: '1'}, {key: B}]")
    (warning,) = secret_version_warnings(load(tmp_path).declarations)
    assert (warning.code, warning.severity) == ("version-needs-inventory", "warning")


@pytest.mark.parametrize(
    ("folder", "name", "file", "hinted"),
    [
        (ROOT, "New {}", "b{}.md", False),
        (ROOT, "New {}", "a.yaml", False),
        (ROOT, "New {}", "a{}.md", True),
        (FolderPath("F"), "Old {}", "b{}.md", True),
    ],
)
def test_in_a_large_clean_up_files_and_names_are_compared_but_no_texts(
    folder: FolderPath, name: str, file: str, hinted: bool
) -> None:
    """Comparing the text of every create with that of every delete would take minutes."""
    count = int(MOST_PAIRS**0.5) + 1
    olds = [live("knowledge", name=f"Old {n}", id=f"n{n}", body=f"alike {n}") for n in range(count)]
    old_file = file if file == "a.yaml" else "a{}.md"
    records = [
        Record(o.key, o.id, old_file.format(n), fields=base(o.resource, o.resource))
        for n, o in enumerate(olds)
    ]
    wanted = [
        Declaration(
            Key("knowledge", folder, name.format(n)),
            Knowledge(name=name.format(n), folder=folder, trigger="t", body=f"alike {n}!"),
            Source(file.format(n)),
        )
        for n in range(count)
    ]
    lives = [*olds, live("folder", path="F", id="f1")]

    def plan_of(number: int, of: int) -> Plan:
        return build_plan(
            wanted[:number],
            Snapshot.of(lives),
            Target("t", "https://api.devin.ai", "v3", "org-1"),
            policy=Policy(prune=Prune.OWNED),
            today=date(2026, 1, 1),
            inventory=Inventory.of("file", records[:of]),
        )

    def reasons(number: int, of: int) -> set[str]:
        creates = (change for change in plan_of(number, of).changes if change.action == "create")
        return {change.reason.partition(";")[2][:6] for change in creates}

    assert (
        reasons(3, of=3) == reasons(1, of=count) == reasons(count - 1, of=count - 1) == {" is it"}
    )
    assert reasons(count, of=count) == ({" is it"} if hinted else {""})
    deletes = [change for change in plan_of(count, of=count).changes if change.action == "delete"]
    number = deletes[7].key.name.removeprefix("Old ")
    assert deletes[7].successor == (wanted[int(number)].key if hinted else None)


def hinted(declared: tuple[str, str, str], *olds: tuple[str, str, str]) -> str:
    """Return the name of the owned object that a create is said to be; all are (name, body, file)."""
    name, body, path = declared
    lives = [live("knowledge", name=old, folder="F", body=text, id=old) for old, text, _ in olds]
    records = [Record(one.key, one.id, path) for one, (_, _, path) in zip(lives, olds, strict=True)]
    plan = build_plan(
        [
            Declaration(
                Key("knowledge", ROOT, name),
                Knowledge(name=name, folder=ROOT, trigger="t", body=body),
                Source(path),
            )
        ],
        Snapshot.of(lives),
        Target("t", "https://api.devin.ai", "v3", "org-1"),
        policy=Policy(),
        today=date(2026, 1, 1),
        inventory=Inventory.of("file", records),
    )
    return plan.changes[0].reason.partition("is it knowledge:F/")[2].partition("?")[0]


NEW = ("New", "abcdefghij", "notes/a.md")
SAME_FILE, SAME_NAME = ("File", "01234", "notes/a.md"), ("New", "56789", "notes/n.md")


@pytest.mark.parametrize(
    ("declared", "olds", "hint"),
    [
        (NEW, [SAME_FILE], "File"),
        (NEW, [("Old", "01234", "notes/b.md")], ""),
        (("New", "abcdefghij", "a.yaml"), [("Old", "01234", "a.yaml")], ""),
        (NEW, [SAME_NAME], "New"),
        (NEW, [SAME_NAME, SAME_FILE], "File"),
        (NEW, [SAME_FILE, ("Alike", "abcdefgxyz", "notes/b.md")], "Alike"),
        (
            NEW,
            [("Alike", "abcdefgxyz", "notes/b.md"), ("More", "abcdefghiz", "notes/b.md")],
            "More",
        ),
        (NEW, [SAME_FILE, ("New", "abcdefxyzw", "notes/b.md")], "File"),
        (("New", "abcdefg", "notes/a.md"), [("Old", "xycdefg", "notes/b.md")], "Old"),
        (("New", "abcdefg", "notes/a.md"), [("Old", "abcdexy", "notes/b.md")], "Old"),
        (("New", "ab", "notes/a.md"), [("Old", "ab", "notes/b.md")], ""),
        (("New", "", "notes/a.md"), [("Old", "", "notes/b.md")], ""),
    ],
)
def test_a_hint_goes_by_the_text_then_by_the_markdown_file_then_by_the_name(
    declared: tuple[str, str, str], olds: list[tuple[str, str, str]], hint: str
) -> None:
    """A text that is hardly alike says nothing, and of a YAML file with many entries the place would be a guess."""
    assert hinted(declared, *olds) == hint


def test_in_a_large_clean_up_what_previously_names_waits_for_its_entry() -> None:
    count = int(MOST_PAIRS**0.5) + 1
    olds = [live("knowledge", name=f"Old {n}", id=f"n{n}", body="b") for n in range(count)]
    strangers = [
        live("knowledge", name=f"New {n}", id=f"s{n}", body="theirs") for n in range(count)
    ]
    wanted = [
        Declaration(
            one.key,
            Knowledge(name=one.key.name, folder=ROOT, trigger="t", body="ours"),
            Source("a.yaml"),
            previously=(old.key,),
        )
        for one, old in zip(strangers, olds, strict=True)
    ]
    plan = build_plan(
        wanted,
        Snapshot.of([*olds, *strangers]),
        Target("t", "https://api.devin.ai", "v3", "org-1"),
        policy=Policy(prune=Prune.OWNED),
        today=date(2026, 1, 1),
        inventory=Inventory.of("file", [Record(old.key, old.id) for old in olds]),
    )
    assert plan.changes == ()
    assert len(plan.blocked) == 2 * count


def test_a_body_is_a_text_or_none() -> None:
    note = Knowledge(name="A", folder=ROOT, trigger="t", body="a\r\n")
    assert body_of(note) == canonical_text("a\n")
    assert body_of(replace(note, body=UNSET)) == ""
    assert body_of(Secret(key="A", type="totp")) == ""


@pytest.mark.skipif(
    not hasattr(time, "tzset"), reason="the zone of a process can be set on POSIX alone"
)
def test_times_are_told_in_utc_wherever_a_run_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    time.tzset()
    try:
        edited = live("secret", key="A", type="totp", updated_at=1772409600 + 23 * 3600)
        assert said_of(edited) == "2026-03-02 23:00 UTC"
        declared = Declaration(
            edited.key, Secret(key="A", type="totp", max_age="1d"), Source("a.yaml")
        )
        plan = build_plan(
            [declared],
            Snapshot.of([edited]),
            Target("t", "https://api.devin.ai", "v3", "org-1"),
            policy=Policy(),
            today=date(2026, 3, 4),
        )
        assert [problem.message for problem in plan.problems] == [
            "secret:A: it is 2 days old, more than 1d: rotate it"
        ]
    finally:
        monkeypatch.delenv("TZ")
        time.tzset()


def test_a_finding_is_told_once_and_only_about_what_is_wrong() -> None:
    schema = {
        "properties": {"a": {}, "b": {}, "c": {}},
        "allOf": [{"required": ["x", "y"]}, {"required": ["y"]}],
        "dependentRequired": {"a": ["b", "c"], "z": ["b"]},
    }
    found = [finding.message for finding in check(validator(schema), {"a": 1, "b": 1, "x": 1})]
    assert sorted(found) == ["a also needs the field c: add it", "the field y is missing: add it"]


def test_an_outside_edit_that_was_kept_stays_visible_after_the_next_apply() -> None:
    """The record of the edited field must not learn the edit, or the next plan would take it for ours."""
    before = Knowledge(name="A", folder=ROOT, trigger="t", body="old", pinned_repo="acme/api")
    sent = Knowledge(name="A", folder=ROOT, trigger="t", body="new", pinned_repo="acme/api")
    read = Knowledge(name="A", folder=ROOT, trigger="t", body="new", pinned_repo="acme/web")
    bases = base(before, before)
    found = remembered(sent, read, bases, {"pinned_repo", "macro"})
    assert found["pinned_repo"] == bases["pinned_repo"]
    assert found["body"] == base(sent, read)["body"]
    assert remembered(sent, read, bases)["pinned_repo"] != bases["pinned_repo"]
