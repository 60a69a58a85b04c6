"""Which skills have the text of which entry: found by the lock file, the metadata and the name."""

from __future__ import annotations

from typing import Any

import pytest

from devinops.export.plugin import PluginChoices, export_plugin
from devinops.export.status import FoundSkill, compared
from devinops.model.objects import Declaration, Ensure, Source
from tests.testing.objects import key, live


def entry(kind: str = "knowledge", **facts: Any) -> Declaration:
    settings = {n: facts.pop(n) for n in ("ensure", "previously") if n in facts}
    given = live(kind, **facts)
    return Declaration(given.key, given.resource, Source("a.md"), **settings)


def note(name: str, **facts: Any) -> Declaration:
    return entry(**{"name": name, "trigger": f"When {name}", "body": f"Body of {name}", **facts})


def skill(slug: str, text: str, **facts: Any) -> FoundSkill:
    return FoundSkill(f"skills/{slug}/SKILL.md", slug, text, **facts)


A = "---\nname: a\ndescription: When A\n---\nBody of A\n"


def statuses(entries: list[Declaration], *skills: FoundSkill) -> list[tuple[Any, ...]]:
    return [
        (found.status, found.path or "", found.key or "", *found.differs)
        for found in compared(entries, skills)
    ]


def test_what_an_export_writes_is_the_same() -> None:
    entries = [
        note("A"),
        note("Everywhere", pinned_repo="all"),
        note("Long", trigger="word " * 400),
        note("Very long", body="text\n" * 6_000),
        note("Lines", trigger="When x\nor y", body="---\nfront: matter\n---\nText"),
        entry("playbook", title="P", macro="!p", body="1."),
    ]
    files = {f.path: f.text for f in export_plugin(entries, {}, PluginChoices("acme")).files}
    skills = [
        FoundSkill(
            path,
            path.split("/")[1].removesuffix(".md"),
            text,
            whole=files.get(path.replace("SKILL.md", "references/whole-text.md"), ""),
            is_rule=path.startswith("rules/"),
        )
        for path, text in files.items()
        if path.endswith("SKILL.md") or path.startswith("rules/")
    ]
    assert [found.status for found in compared(entries, skills)] == ["same"] * len(entries)


@pytest.mark.parametrize(
    ("text", "differs"),
    [
        (A, ()),
        (A.replace("\n---\nBody", "\nlicense: MIT\n---\n\n\nBody"), ()),
        (A.replace("When A", "'When\n  A'"), ()),
        (A.replace("When A", "If A"), ("description",)),
        (A.replace("description: When A\n", ""), ("description",)),
        (A.replace("Body", "The body"), ("text",)),
        ("", ("description", "text")),
        ("---\n: [", ("description", "text")),
    ],
)
def test_what_a_skill_says_differently(text: str, differs: tuple[str, ...]) -> None:
    (found,) = compared([note("A")], [skill("a", text)])
    assert (found.status, found.differs) == ("different" if differs else "same", differs)


def test_the_lock_file_comes_before_the_metadata_and_these_before_the_name() -> None:
    entries = [note("A"), note("B"), note("C")]
    marked = A.replace("\n---\nBody", "\nmetadata: {devinops-key: 'knowledge:A'}\n---\nBody")
    found = statuses(
        entries,
        skill("c", marked, locked=key("knowledge:B")),
        skill("b", marked),
        skill("a", A, locked=key("knowledge:Gone")),
    )
    assert found == [
        ("different", "skills/c/SKILL.md", "knowledge:B", "description", "text"),
        ("missing", "", "knowledge:C"),
        ("same", "skills/a/SKILL.md", "knowledge:A"),
        ("same", "skills/b/SKILL.md", "knowledge:A"),
    ]


def test_a_renamed_entry_is_found_by_its_old_key() -> None:
    renamed = note("New", previously=(key("knowledge:A"),), trigger="When A", body="Body of A")
    marked = skill("x", A, locked=key("knowledge:A"))
    assert statuses([renamed], marked) == [("same", "skills/x/SKILL.md", "knowledge:New")]
    assert statuses([renamed, note("A")], marked)[1] == (
        "same",
        "skills/x/SKILL.md",
        "knowledge:A",
    )


def test_a_name_that_several_entries_would_have_says_nothing() -> None:
    entries = [note("A", folder="X"), note("A", folder="Y"), note("A", folder="Y", body="other")]
    assert statuses(entries, skill("a", A)) == [
        ("missing", "", "knowledge:X/A"),
        ("missing", "", "knowledge:Y/A"),
        ("without an entry", "skills/a/SKILL.md", ""),
    ]


@pytest.mark.parametrize(
    "left_out",
    [
        note("A", is_enabled=False),
        note("A", ensure=Ensure.ABSENT),
        note("A", body=""),
        entry("folder", path="A"),
    ],
)
def test_an_entry_that_a_plugin_cannot_have_is_not_missing(left_out: Declaration) -> None:
    assert statuses([left_out]) == []


def test_the_skill_of_a_retired_entry_is_compared() -> None:
    (found,) = statuses([note("A", ensure=Ensure.ABSENT)], skill("a", A))
    assert found == ("same", "skills/a/SKILL.md", "knowledge:A")


def test_the_skill_of_an_entry_that_is_not_selected_is_left_out() -> None:
    skills = [skill("a", A), skill("x", A, locked=key("knowledge:B"))]
    assert compared([], skills, [note("A"), note("B")]) == []
    (found,) = compared([note("A")], [skill("a", A)], [note("A", body="for another target")])
    assert found.status == "same"


def test_a_rule_counts_only_if_an_export_wrote_it() -> None:
    assert statuses([], FoundSkill("rules/a.md", "a", A, is_rule=True)) == []
    assert statuses([note("A")], FoundSkill("rules/a.md", "a", A, is_rule=True)) == [
        ("missing", "", "knowledge:A")
    ]
