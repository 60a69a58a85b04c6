"""Which entries probably replace an object that nobody declares any more."""

from __future__ import annotations

from datetime import date

import pytest

from devinops.kinds import KINDS
from devinops.kinds.knowledge import Knowledge
from devinops.model.inventory import Inventory, Record, base
from devinops.model.keys import ROOT, FolderPath, Key
from devinops.model.objects import Declaration, Snapshot, Source
from devinops.model.policy import Policy, Prune
from devinops.model.target import Target
from devinops.planning.orphans import MAX_COMPARED_PAIRS, rename_hint
from devinops.planning.plan import Plan, PlanRequest, build_plan
from tests.testing.objects import live


def request(inventory: Inventory, prune: Prune = Prune.OFF) -> PlanRequest:
    target = Target("t", "https://api.devin.ai", "v3", "org-1")
    return PlanRequest(target, Policy(prune=prune), date(2026, 1, 1), inventory)


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
    count = int(MAX_COMPARED_PAIRS**0.5) + 1
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
        inventory = Inventory.of("file", records[:of])
        return build_plan(wanted[:number], Snapshot.of(lives), request(inventory, Prune.OWNED))

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
        request(Inventory.of("file", records)),
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
    count = int(MAX_COMPARED_PAIRS**0.5) + 1
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
    inventory = Inventory.of("file", [Record(old.key, old.id) for old in olds])
    lives = Snapshot.of([*olds, *strangers])
    plan = build_plan(wanted, lives, request(inventory, Prune.OWNED))
    assert plan.changes == ()
    assert len(plan.blocked) == 2 * count


def entry(kind: str, *previously: Key, **fields: str) -> Declaration:
    object = live(kind, **fields)
    return Declaration(object.key, object.resource, Source("a.yaml"), previously=previously)


def test_there_is_no_hint_for_what_cannot_be_renamed() -> None:
    assert rename_hint(entry("secret", key="NEW"), Key.parse("secret:TOKEN")) == ""


def test_a_hint_says_what_happens_to_the_secret_of_an_object_that_is_not_renamed() -> None:
    secret = KINDS["automation"].generated_secret
    assert secret
    new, old = entry("automation", name="B"), Key.parse("automation:A")
    hint = '; is it automation:A? Then add previously: [{"name": "A"}], and it keeps its id'
    assert rename_hint(new, old) == hint
    assert rename_hint(new, old, secret) == f"{hint}; otherwise {secret.renewed}"


def test_a_hint_adds_to_the_list_of_an_entry_that_had_other_names_before() -> None:
    new = entry("knowledge", Key.parse("knowledge:Older"), name="B")
    hint = '; is it knowledge:A? Then add {"folder": "", "name": "A"} to previously, and it keeps its id'
    assert rename_hint(new, Key.parse("knowledge:A")) == hint
