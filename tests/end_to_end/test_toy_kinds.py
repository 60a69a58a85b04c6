"""A kind is its data: what a kind can say is read, planned, applied and rolled back without a line of code elsewhere.

The kinds are toys, each with what few real kinds have; the API is a fake that answers as their data says.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from tests.testing.command_line import Devinops, Ran, Write
from tests.testing.toy_kinds import ORG, ToyApi, toy_kinds

CONFIG = """\
version: 1
targets:
  a: {enterprise_key_env: DEVIN_E, inventory: {store: file}, prune: owned}
"""
ENTERPRISE = (
    "version: 1\ntargets: {a: {enterprise: true, inventory: {store: file}, prune: owned}}\n"
)
COLORS = f"/v3/enterprise/organizations/{ORG}/colors"
SECTIONS = (
    "badges", "boxes", "grants", "lamps", "manuals", "mottos", "palettes", "relics", "robots", "seats", "shelves",
)  # fmt: skip


def manual(title: str, words: str = "w") -> dict[str, Any]:
    return {"title": title, "words": words}


def grant(host: str, path: str, why: str = "w", **more: Any) -> dict[str, Any]:
    return {"host": host, "path": path, "why": why, **more}


@pytest.fixture
def api(use: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> Iterator[ToyApi]:
    toys = ToyApi()
    with toy_kinds(monkeypatch), toys.running() as server:
        use(server.url)
        monkeypatch.setenv("DEVIN_E", "cog_enterprise")
        yield toys


class Job:
    """A repository and what is done with it."""

    def __init__(self, write: Write, devinops: Devinops) -> None:
        self._write, self._devinops = write, devinops
        self.root = write({})

    def declare(self, config: str = CONFIG, **sections: Any) -> Path:
        """Write these entries and no others."""
        for section in SECTIONS:
            (self.root / f"{section}.yaml").unlink(missing_ok=True)
        files = {f"{name}.yaml": json.dumps({name: entries}) for name, entries in sections.items()}
        return self._write({"devinops.yaml": config, "manuals.yaml": "manuals:\n", **files})

    def run(self, *argv: str) -> Ran:
        return self._devinops(*argv, "-C", self.root)

    def apply(self, *flags: str) -> Ran:
        """Apply, and see that nothing is left to do."""
        applied = self.run("apply", "--yes", *flags)
        assert applied.code == 0, applied
        again = self.run("plan", "--detailed-exitcode")
        assert again.code == 0, again
        return applied

    def blocked(self, *flags: str) -> str:
        """Plan what is blocked; return the text."""
        plan = self.run("plan", *flags)
        assert plan.code == 4, plan
        return plan.out

    def roll_back(self, *flags: str) -> Ran:
        return self.run("rollback", "latest", "--yes", *flags)


@pytest.fixture
def job(api: ToyApi, repository: Write, devinops: Devinops) -> Job:
    return Job(repository, devinops)


# --- from load to rollback ----------------------------------------------------------------------------------

LIVES = [
    pytest.param(
        CONFIG,
        {"manuals": [{"title": "M", "words": "old"}], "robots": [{"name": "R", "manual": "M"}]},
        {"manuals": [{"title": "M", "words": "new"}], "robots": [{"name": "R", "manual": None}]},
        id="reference",
    ),
    pytest.param(
        CONFIG,
        {"manuals": [manual("M")], "robots": [{"name": "R", "task": {"do": '@manual:"M" now'}}]},
        {"manuals": [manual("M")], "robots": [{"name": "R", "task": {"do": ["nothing"]}}]},
        id="mention",
    ),
    pytest.param(
        CONFIG,
        {"lamps": [{"name": "L", "color": "red", "is_on": True}]},
        {"lamps": [{"name": "L", "color": "red", "is_on": False}]},
        id="two calls",
    ),
    pytest.param(
        CONFIG,
        {"palettes": [{"colors": ["red", "blue"]}]},
        {"palettes": [{"colors": ["green", "red"]}]},
        id="set",
    ),
    pytest.param(
        ENTERPRISE,
        {
            "badges": [{"name": "B", "color": "red", "enterprise": True}],
            "mottos": [{"words": "old", "enterprise": True}],
        },
        {
            "badges": [{"name": "B", "color": "blue", "enterprise": True}],
            "mottos": [{"words": None, "enterprise": True}],
        },
        id="enterprise",
    ),
]


@pytest.mark.parametrize(("config", "first", "second"), LIVES)
def test_what_is_applied_is_there_and_what_was_overwritten_comes_back(
    api: ToyApi, job: Job, config: str, first: Any, second: Any
) -> None:
    job.declare(config, **first)
    job.apply()
    before = deepcopy((api.objects, api.settings))
    job.declare(config, **second)
    api.lines.clear()
    assert job.run("plan").code == 0
    assert api.writes == []
    job.apply()
    assert (api.objects, api.settings) != before
    assert job.roll_back().code == 0
    assert (api.objects, api.settings) == before


def test_several_fields_are_a_name_together(api: ToyApi, job: Job) -> None:
    entries = [grant("h", "p"), grant("h", "q", level="read")]
    job.declare(grants=entries)
    assert "+ grant:h q" in job.run("plan").out
    job.apply()
    job.declare(grants=[entries[0], {**entries[1], "level": "write"}])
    assert "API v3 cannot change its level: delete it in the web app" in job.blocked()
    job.declare(grants=[entries[0], {**entries[1], "ensure": "absent"}])
    job.apply()
    assert [grant["path"] for grant in api.of("grant").values()] == ["p"]
    assert job.roll_back().code == 0
    assert [grant["path"] for grant in api.of("grant").values()] == ["p", "q"]


def test_an_object_with_several_fields_as_its_name_is_renamed(api: ToyApi, job: Job) -> None:
    job.declare(seats=[{"room": "East wing", "number": "7", "note": "At the window."}])
    job.apply()
    seat = {"room": "West wing", "number": "7", "note": "At the window."}
    job.declare(seats=[seat])
    hint = 'previously: [{"room": "East wing", "number": "7"}]'
    assert f"is it seat:East%2520wing 7? Then add {hint}" in job.run("plan").out
    job.declare(seats=[{**seat, "previously": [{"room": "East wing"}]}])
    plan = job.run("plan", "--format", "markdown").out
    assert "seat:East%2520wing 7" in plan
    job.apply()
    assert api.of("seat") == {
        "seat-1": {"seat_id": "seat-1", "room": "West wing", "no": "7", "note": "At the window."}
    }
    assert job.roll_back().code == 0
    assert api.of("seat")["seat-1"]["room"] == "East wing"


def test_an_entry_without_a_part_of_its_name_is_a_problem(api: ToyApi, job: Job) -> None:
    job.declare(grants=[{"host": "h", "why": "w"}], seats=[{"number": "7", "ensure": "absent"}])
    ran = job.run("validate")
    assert ran.code == 1
    assert "grants.yaml:1:13: error: the field path is missing" in ran.out
    assert "seats.yaml:1:12: error: the field room is missing" in ran.out


def test_what_cannot_be_renamed_gets_no_hint_to_do_so(api: ToyApi, job: Job) -> None:
    reason = "The nightly build needs it."
    job.declare(grants=[grant("h", "p"), grant("h", "q", reason)])
    job.apply()
    job.declare(grants=[grant("h", "p"), grant("g", "q", f"{reason} So does the weekly one.")])
    plan = job.run("plan").out
    assert "+ grant:g q" in plan
    assert "- grant:h q" in plan
    assert "previously" not in plan
    job.apply()
    job.declare(grants=[{**grant("h", "p"), "previously": [{"host": "x"}]}])
    assert 'unknown key "previously"' in job.run("validate").out


def test_what_only_one_api_has_is_a_problem_for_the_other(
    api: ToyApi, job: Job, use: Callable[..., None]
) -> None:
    relics = [{"name": "R", "story": "old"}]
    job.declare(relics=relics)
    plan = job.run("plan")
    assert plan.code == 1
    assert "API v3 does not support relics (API v1 does)" in plan.err
    assert api.lines == []
    v1 = "version: 1\ntargets: {a: {api_version: v1, inventory: {store: file}, prune: owned}}\n"
    job.declare(v1, relics=relics)
    job.apply()
    job.declare(v1, relics=[{"name": "R", "story": "new"}])
    job.apply()
    assert job.roll_back().code == 0
    assert [relic["story"] for relic in api.of("relic").values()] == ["old"]
    job.declare(v1, robots=[{"name": "R"}])
    assert "API v1 does not support robots" in job.run("plan").err


# --- references ---------------------------------------------------------------------------------------------


def test_an_object_can_refer_to_one_that_the_same_run_creates(api: ToyApi, job: Job) -> None:
    text = {"steps": ['@manual:"M"', {"and": 'look into @manual:"N" too'}], "times": 2}
    job.declare(
        manuals=[manual("M"), manual("N")],
        robots=[{"name": "R", "manual": "N", "task": text}],
    )
    job.apply()
    ids = {manual["title"]: id for id, manual in api.of("manual").items()}
    (robot,) = api.of("robot").values()
    assert robot["manual_id"] == ids["N"]
    assert robot["task"] == {
        "steps": [f"@manual:{ids['M']}", {"and": f"look into @manual:{ids['N']} too"}],
        "times": 2,
    }


def test_what_refers_to_something_that_was_not_created_is_skipped(api: ToyApi, job: Job) -> None:
    api.refuse[f"POST /v3/organizations/{ORG}/manuals"] = 400
    job.declare(manuals=[manual("M")], robots=[{"name": "R", "manual": "M"}])
    applied = job.run("apply", "--yes")
    assert applied.code == 1
    assert "it refers to manual:M, which was not created" in applied.out
    assert api.of("robot") == {}


def test_what_is_nowhere_blocks_everything_that_refers_to_it(api: ToyApi, job: Job) -> None:
    robots = [{"name": "A", "manual": "M"}, {"name": "B", "task": {"do": '@manual:"M"'}}]
    job.declare(robots=[*robots, {"name": "C"}])
    text = job.blocked()
    assert 'the manual "M" is missing: declare it, or correct the name, then plan again' in text
    assert "needed by robot:A, robot:B" in text
    assert job.run("apply", "--yes").code == 4
    assert [robot["name"] for robot in api.of("robot").values()] == ["C"]


def test_a_reference_to_what_is_there_does_not_wait_for_its_entry(api: ToyApi, job: Job) -> None:
    theirs = api.add("manual", title="M", words="theirs")
    job.declare(manuals=[manual("M", "ours")], robots=[{"name": "R", "manual": "M"}])
    assert "it is live but not owned, and differs in words" in job.blocked()
    assert job.run("apply", "--yes").code == 4
    assert [robot["manual_id"] for robot in api.of("robot").values()] == [theirs]


def test_a_reference_to_namesakes_is_a_conflict(api: ToyApi, job: Job) -> None:
    ids = [api.add("manual", title="M", words="w") for _ in range(2)]
    job.declare(robots=[{"name": "R", "manual": "M"}])
    assert f"2 manuals share this name ({', '.join(ids)})" in job.blocked()


def test_a_reference_to_an_entry_that_is_blocked_says_so(api: ToyApi, job: Job) -> None:
    job.declare(lamps=[{"name": "L"}], manuals=[{"title": "M", "words": "w"}])
    job.apply()
    del api.of("manual")[next(iter(api.of("manual")))]
    job.declare(manuals=[{"title": "M", "words": "w2"}], robots=[{"name": "R", "manual": "M"}])
    text = job.blocked()
    assert "changed in Git, but deleted outside" in text
    assert "its own entry is blocked; resolve that first, then plan again" in text


def test_an_entry_that_goes_is_no_reference(api: ToyApi, job: Job) -> None:
    job.declare(manuals=[manual("M")], robots=[{"name": "R", "manual": "M"}])
    job.apply()
    job.declare(
        manuals=[{"title": "M", "ensure": "absent"}], robots=[{"name": "R", "ensure": "absent"}]
    )
    job.apply("--allow", "delete=2")
    assert (api.of("manual"), api.of("robot")) == ({}, {})
    assert api.writes[-2:] == [
        f"DELETE /v3/organizations/{ORG}/robots/robot-2",
        f"DELETE /v3/organizations/{ORG}/manuals/manual-1",
    ]
    assert job.roll_back().code == 0
    (robot,) = api.of("robot").values()
    assert robot["manual_id"] in api.of("manual")


def test_a_rollback_of_a_reference_to_what_is_gone_is_blocked(api: ToyApi, job: Job) -> None:
    job.declare(manuals=[manual("M")], robots=[{"name": "R", "manual": "M"}])
    job.apply()
    job.declare(
        robots=[{"name": "R", "manual": None}], manuals=[{"title": "M", "ensure": "unmanaged"}]
    )
    job.run("apply", "--yes")
    api.of("manual").clear()
    back = job.roll_back()
    assert back.code == 4
    assert "declare it, or correct the name, then run rollback again" in back.out


# --- places that no API makes --------------------------------------------------------------------------------


def test_what_lives_in_a_place_waits_for_a_person_to_make_it(api: ToyApi, job: Job) -> None:
    blocking = CONFIG.replace("prune: owned", "prune: owned, missing_folders: block")
    shelves = [{"path": "S"}, {"path": "T"}]
    job.declare(blocking, boxes=[{"name": "B", "shelf": "S"}], shelves=shelves)
    text = job.blocked()
    assert "missing shelves: create them in the web app, because no API can" in text
    assert "  ! S  needed by 1 entry\n  ! T\n" in text
    s, t = api.add("shelf", label="S"), api.add("shelf", label="T")
    job.apply()
    moved = {"name": "B", "shelf": "T", "previously": [{"shelf": "S"}]}
    job.declare(boxes=[moved], shelves=[{"path": "S"}])
    ((id, box),) = api.of("box").items()
    assert box["shelf_id"] == s
    job.apply()
    assert api.of("box") == {id: box | {"shelf_id": t}}
    assert job.roll_back().code == 0
    assert api.of("box") == {id: box | {"shelf_id": s}}


# --- what an API cannot do -----------------------------------------------------------------------------------


def test_a_field_that_cannot_change_is_blocked_and_the_rest_is_not(api: ToyApi, job: Job) -> None:
    job.declare(lamps=[{"name": "L", "color": "red"}, {"name": "M", "color": "red"}])
    job.apply()
    job.declare(
        lamps=[{"name": "L", "color": "blue"}, {"name": "M", "color": "red", "is_on": True}]
    )
    assert "API v3 cannot change its color" in job.blocked()
    assert job.run("apply", "--yes").code == 4
    lamps = {lamp["name"]: lamp["is_on"] for lamp in api.of("lamp").values()}
    assert lamps == {"L": False, "M": True}


def test_a_rollback_says_what_no_api_can_set_and_does_the_rest(api: ToyApi, job: Job) -> None:
    job.declare(lamps=[{"name": "L", "color": "red", "is_on": True}])
    job.apply()
    job.declare(lamps=[{"name": "L", "color": "red", "is_on": False}])
    job.apply()
    (lamp,) = api.of("lamp").values()
    lamp["color"] = "blue"
    back = job.roll_back()
    assert back.code == 4
    assert "API v3 cannot set its color red: set it in the web app" in back.out
    assert (lamp["color"], lamp["is_on"]) == ("blue", True)


def test_a_second_call_that_fails_leaves_an_object_and_says_so(api: ToyApi, job: Job) -> None:
    line = f"PUT /v3/organizations/{ORG}/lamps/lamp-1"
    api.refuse[line] = 403
    job.declare(lamps=[{"name": "L", "is_on": True}])
    applied = job.run("apply", "--yes")
    assert applied.code == 3
    assert len(api.of("lamp")) == 1
    del api.refuse[line]
    assert job.run("apply", "--yes", "--adopt").code == 0
    assert [lamp["is_on"] for lamp in api.of("lamp").values()] == [True]


def test_a_value_that_nobody_can_read_is_sent_with_every_change(api: ToyApi, job: Job) -> None:
    job.declare(lamps=[{"name": "L", "code": "1234"}])
    job.apply()
    job.declare(lamps=[{"name": "L", "code": "1234", "is_on": True}])
    assert "+ code: 1234" in job.run("plan").out
    job.apply()
    job.declare(lamps=[{"name": "L", "code": "5678", "is_on": True}])
    assert "code changed" in job.run("plan").out
    job.apply()


# --- settings -------------------------------------------------------------------------------------------------


def test_a_set_shows_what_comes_and_goes_and_is_guarded(api: ToyApi, job: Job) -> None:
    many = [f"c{number}" for number in range(10)]
    api.settings[COLORS] = {"colors": many}
    job.declare(palettes=[{"colors": [*many[:5], "new"]}])
    assert "it is live but not owned, and differs in colors" in job.blocked()
    refused = job.run("apply", "--yes", "--adopt")
    assert refused.code == 4
    assert "palette would lose 5 of its 10 colors, but the limit is 3" in refused.err
    job.apply("--adopt", "--allow", "delete=5")
    assert api.settings[COLORS] == {"colors": [*many[:5], "new"]}
    job.declare(palettes=[{"colors": None}])
    job.apply("--allow", "delete=6")
    assert api.settings[COLORS] == {}


def test_what_does_not_fit_together_is_a_problem_of_the_file(api: ToyApi, job: Job) -> None:
    job.declare(palettes=[{"colors": [f"c{number}" for number in range(21)]}])
    assert "a palette has at most 20 colors" in job.run("validate").out


def test_a_set_changed_on_both_sides_is_decided_by_a_person(api: ToyApi, job: Job) -> None:
    job.declare(palettes=[{"colors": ["red"]}])
    job.apply()
    api.settings[COLORS] = {"colors": ["blue"]}
    assert "palette" in job.run("drift").out
    job.declare(palettes=[{"colors": ["green"]}])
    assert "colors changed in Git and outside" in job.blocked()
    live = job.run("plan", "--on-conflict", "live")
    assert (live.code, "1 changed outside devinops" in live.out) == (0, True)
    assert job.run("apply", "--yes", "--on-conflict", "git").code == 0
    assert api.settings[COLORS] == {"colors": ["green"]}


def test_an_entry_that_goes_leaves_a_setting_alone(api: ToyApi, job: Job) -> None:
    job.declare(palettes=[{"colors": ["red"]}])
    job.apply()
    job.declare()
    plan = job.run("plan")
    assert "palette: no longer declared; its settings stay as they are" in plan.out
    assert job.run("apply", "--yes").code == 0
    assert api.settings[COLORS] == {"colors": ["red"]}


def test_a_hazard_without_an_approval_is_a_note(api: ToyApi, job: Job) -> None:
    job.declare(robots=[{"name": "R", "task": {"a": 1}}])
    assert "robot:R gets a task" in job.run("plan").out
    job.apply()
    job.declare(robots=[{"name": "R", "task": {"a": 2}}])
    assert "gets a task" not in job.run("plan").out


def test_a_hazard_with_an_approval_refuses_the_run(api: ToyApi, job: Job) -> None:
    badges = [{"name": "A", "color": "gold"}, {"name": "B", "color": "red"}]
    job.declare(ENTERPRISE, badges=[{**badge, "enterprise": True} for badge in badges])
    refused = job.run("apply", "--yes")
    assert refused.code == 4
    assert "badge:A is made of gold: if this is intended, pass --allow honor" in refused.err
    assert api.of("badge") == {}


def test_a_setting_that_nothing_changes_is_a_requirement(api: ToyApi, job: Job) -> None:
    job.declare(palettes=[{"colors": ["red"], "size": "large"}])
    assert "API v3 cannot change its size" in job.blocked()


def test_what_another_owner_has_is_left_alone_and_not_made_twice(api: ToyApi, job: Job) -> None:
    api.add("robot", name="R", metadata={"devinops": "them", "team": "x"})
    job.declare(robots=[{"name": "R"}, {"name": "S", "labels": {"team": "y"}}])
    assert "an object with this name has the label of another owner (them)" in job.blocked()
    assert job.run("apply", "--yes").code == 4
    assert [robot["name"] for robot in api.of("robot").values()] == ["R", "S"]
