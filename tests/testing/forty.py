"""Runs over forty organizations or more, and over one target, for the tests of formats."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from devinops.model.objects import Live
from devinops.planning.plan import Plan
from devinops.planning.run import Collector, Plans
from devinops.render.answers import RunAnswer
from tests.testing.many_targets import planned_in
from tests.testing.reports import declared, note, planned

RULES: Final = "\n".join(f"Rule {number} of the note stays as it is." for number in range(20))
RELEASE: Final = "Release on Tuesdays.\nNever on Fridays."
PRIVACY: Final = "Ask before you log.\nKeep logs for 30 days."
KEYS: Final = ("DEVIN_API_KEY",)


def answer(plans: Plans, **facts: Any) -> RunAnswer:
    return RunAnswer(plans, plans.exit_code(), **{"keys": KEYS, **facts})


def forty(number: int = 40) -> Plans:
    """Return the plans of many organizations that share most changes, and have one each of their own.

    A tenth of them has another version of a note, one is held, and in one a conflict waits.
    """
    collector = Collector()
    for position in range(number):
        region = "us" if position % 4 else "eu"
        collector.add(_of_team(position), labels={"region": region})
    changed = ("labels of 3 targets", ".github/workflows/devinops.yml")
    return collector.plans(also_changed=changed)


def _of_team(number: int) -> Plan:
    name = f"team-{number:02}"
    own = f"Own rule of {name}"
    weekly = f"{RULES}\nWe are {name}, on call in week {number}."
    before = [
        _owned("Shared 17", body=RULES),
        _owned("Shared 04", "Frontend", body=RULES),
        _owned("Shared 08", body=RELEASE),
        _owned(own, body=f"{RULES}\nWe are {name}."),
    ]
    shared = RULES.replace("Rule 3", "Rule three")
    after = [
        note("Incident channel", body="Post every incident in #incidents.\nSay who is on call."),
        note("Shared 04", "Frontend", body=f"{shared}\nOne more." if number % 10 == 3 else shared),
        note("Release rules", body=RELEASE),
        note(own, body=weekly + _MORE.get(number, ""), trigger="On call" if number == 31 else "t"),
    ]
    if number == 16:
        del before[0]
    lives = list(before)
    if number % 4 == 0:
        before.append(_owned("EU privacy", body=PRIVACY))
        edited = {
            "body": PRIVACY.replace("30", "60"),
            "updated_at": 1796096000,
            "updated_by": "ann@acme.com",
        }
        lives.append(_owned("EU privacy", **edited) if number == 20 else before[-1])
        after.append(note("EU privacy", body=f"{PRIVACY}\nDelete them after that."))
    if number in (25, 26):
        before.append(_owned("Shared 10", "Frontend", body="Use tokens."))
        lives.append(
            _owned(
                "Shared 10", "Frontend", body="Use tokens, always.", updated_at=1796000000 + number
            )
        )
        after.append(before[-1])
    plan = planned(declared(*after), lives, before)
    return replace(planned_in(name, plan), held="waits for the audit" if number == 15 else "")


_MORE: Final = {8: "\nMore." * 5, 17: "\nSee https://wiki.example/oncall."}


def _owned(name: str, folder: str = "Backend", **facts: Any) -> Live:
    return note(name, folder, id=f"{name.lower().replace(' ', '-')}-id", **facts)
