"""Insight into 1,500 sessions and 300 notes: each of 40 truths is in its section, and nothing elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from devinops.emulator import Emulator
from tests.testing.command_line import Devinops, Write
from tests.testing.documents import fits
from tests.testing.insights import DAY, analysis, skill_usage
from tests.testing.inventories import git

NOW = int(time.time())
NOTES, SESSIONS = 300, 1_500
MISLEADING = [f"n{number}" for number in range(6)]
FIXED = [f"n{number}" for number in range(6, 9)]
CLASSES = {
    name: [f"n{number}" for number in range(first, first + 5)]
    for first, name in zip(
        range(9, 34, 5),
        ("disabled", "permanent", "new", "no_opportunity", "candidate"),
        strict=True,
    )
}
USED = [f"n{number}" for number in range(34, NOTES)]
UNKNOWN = ["note-lost", "note-strange"]
MOVED = ["alpha", "beta"]
WISHES = [
    (
        "Document that production deploys need an approval of the platform team.",
        "Say that deploys to production need approval by the platform team",
        "Note: deploying to production needs the platform team's approval",
    ),
    (
        "Explain which feature flags are enabled in the staging environment",
        "The feature flags enabled in the staging environment should be explained.",
        "List the feature flags that the staging environment has enabled",
    ),
]
STRANGERS = [
    "Describe the layout of database migrations",
    "Which linter settings does the web client use?",
    "Name the owner of each Kafka topic",
    "Tell where screenshots of failing tests are kept",
    "How are release notes translated?",
    "Mention the rate limit of the billing service",
]
TRUTHS = sum(len(each) for each in (MISLEADING, FIXED, *CLASSES.values(), UNKNOWN, MOVED, WISHES))


def note(name: str) -> dict[str, Any]:
    facts: dict[str, Any] = {"created_at": NOW - 300 * DAY, "updated_at": NOW - 200 * DAY}
    if name in FIXED:
        facts["updated_at"] = NOW - 10 * DAY
    if name in CLASSES["new"]:
        facts["created_at"] = NOW - 5 * DAY
    if name in CLASSES["disabled"]:
        facts["is_enabled"] = False
    if name in CLASSES["no_opportunity"]:
        facts["pinned_repo"] = f"acme/idle-{name}"
    if name in CLASSES["candidate"][:2]:
        facts["pinned_repo"] = "acme/busy"
    return {"id": f"note-{name}", "name": name, "trigger": "t", "body": "b", **facts}


def analyses() -> list[tuple[float, dict[str, Any]]]:
    """Return how many days ago each analysed session began, and its analysis."""
    found: list[tuple[float, dict[str, Any]]] = []
    for number, name in enumerate(MISLEADING):
        found += [(day + 1, analysis(bad=[f"note-{name}"])) for day in range(2 + number % 3)]
    for name in FIXED:
        found += [(day + 20, analysis(bad=[f"note-{name}"])) for day in range(3)]
        found.append((1, analysis(good=[f"note-{name}"])))
    for number, name in enumerate(USED):
        uses = {"bad": [f"note-{name}"]} if number % 10 == 0 else {"good": [f"note-{name}"]}
        found.append((number % 80, analysis(**uses)))
    found += [(number, analysis(good=[id])) for number, id in enumerate(UNKNOWN)]
    for name in MOVED:
        found.append((3, analysis(skill_usage={"good_usages": [skill_usage(name)]})))
    for at in range(3):
        found += [(at + 4, analysis(wishes=[wordings[at]])) for wordings in WISHES]
    found += [(number, analysis(wishes=[text])) for number, text in enumerate(STRANGERS)]
    return found


def sessions() -> list[dict[str, Any]]:
    """Return sessions, of which most are not analysed, and some began before the window."""
    made = analyses()
    plain: list[tuple[float, dict[str, Any] | None]] = [
        (number % 89, None) for number in range(SESSIONS - len(made))
    ]
    old = [(120 + number, analysis(bad=["note-n40"])) for number in range(9)]
    return [
        {
            "id": f"session-{number}",
            "created_at": NOW - int(days * DAY) - 60,
            "session_size": "a size of next year",
            "origin": "an origin of next year",
            "repo_names": ["acme/busy"],
            "analysis": each,
        }
        for number, (days, each) in enumerate((*made, *plain, *old))
    ]


def test_forty_truths_are_each_in_their_section_and_nothing_is_elsewhere(
    use: Callable[..., None], repository: Write, devinops: Devinops
) -> None:
    assert TRUTHS == 40
    root = repository(
        {
            "devinops.yaml": "version: 1\ntargets: {a: {org_id: org-emulator, inventory: {store: none}}}\n",
            "plugin/devinops-lock.jsonl": '{"devinops_lock": 1}\n'
            + "".join(f'{{"slug": "{name}", "key": "knowledge:{name}"}}\n' for name in MOVED),
            **{
                f"knowledge/{name}.md": f"---\nname: {name}\ntrigger: t\nmeta: {{permanent: true}}\n---\nb\n"
                for name in CLASSES["permanent"]
            },
        }
    )
    git(root, "init", "-q")
    git(root, "config", "remote.origin.url", "git@github.com:acme/skills.git")
    own = {
        "knowledge": [note(f"n{number}") for number in range(NOTES)],
        "sessions": sessions(),
    }
    with Emulator({"organizations": {"org-emulator": own}}) as emulator:
        use(emulator.url)
        ran = devinops("insight", "-C", root, "--format", "json", "--fail-on", "misleading")
        requests = len(emulator.requests)
    found = fits("insight", ran.out)
    base = found["base"]
    assert ran.code == 1
    assert (base["sessions"], base["analysed"]) == (SESSIONS, len(analyses()))
    # 8 pages of sessions, 2 of notes, the made-up repository, 5 idle ones and the busy one
    assert base["requests"] == requests == 8 + 2 + 1 + 5 + 1
    misleading = {each["key"]: (each["bad"] >= 2, each["earlier"]) for each in found["misleading"]}
    assert misleading == {
        **{f"knowledge:{name}": (True, 0) for name in MISLEADING},
        **{f"knowledge:{name}": (False, 3) for name in FIXED},
    }
    classes = {each["key"]: each["class"] for each in found["never_mentioned"]}
    assert classes == {
        f"knowledge:{name}": each for each, names in CLASSES.items() for name in names
    }
    wishes = {frozenset(each["wordings"]) for each in found["missing"]}
    assert wishes == {*map(frozenset, WISHES), *(frozenset({text}) for text in STRANGERS)}
    assert {each["id"] for each in found["unknown"]} == set(UNKNOWN)
    assert {each["key"] for each in found["skills"]} == {f"knowledge:{name}" for name in MOVED}
    assert found["cost"] == []
