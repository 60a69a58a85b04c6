"""What an automation may cost, and which changes let it cost more."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devinops.kinds._spend import budget, risk
from devinops.kinds.automation import Automation

PUSH: dict[str, Any] = {"event_type": "github:push"}
OTHER = {"event_type": "gitlab:push"}
START = {"type": "start_session", "prompt": "p"}
MESSAGE = {"type": "message_session", "prompt": "p", "target_devin_id": "s-1"}


AUTO = {"type": "message_session", "prompt": "p", "auto_create": True}
A: dict[str, Any] = {"field": "repo", "operator": "eq", "value": "acme/api"}
B = {"field": "author", "operator": "is_not_empty"}


def when(*groups: list[Any]) -> dict[str, Any]:
    """Return a trigger with these groups of conditions."""
    return {**PUSH, "conditions": {"any": [{"all": group} for group in groups]}}


def at(*groups: list[Any]) -> dict[str, Any]:
    """Return a schedule with these groups of conditions; a text is a rule."""
    return {
        "event_type": "schedule:recurring",
        "conditions": {"any": [{"all": [_condition(part) for part in group]} for group in groups]},
    }


def _condition(part: Any) -> Any:
    return {"field": "rrule", "operator": "recurrence", "value": part} if part in RULES else part


def chain(length: int) -> list[Any]:
    """Return two lists of triggers of which the last new one moves each other one to the next."""
    conditions = [{**A, "value": str(number)} for number in range(length)]
    moved = [when([first, second]) for first, second in pairwise(conditions)]
    return [[when([one]) for one in conditions], [*moved, when([conditions[0]])]]


RULES = YEARLY, HOURLY = "FREQ=YEARLY", "FREQ=HOURLY"


def monitor(channel: str) -> dict[str, Any]:
    config = {"source_channel_id": channel}
    return {"type": "monitor_session", "setup_prompt": "p", "slack_monitor_config": config}


BREW = {"type": "brew_tea", "session": "long"}


def mode(name: str) -> dict[str, Any]:
    return {"session_settings": {"devin_mode": name}}


def automation(**facts: Any) -> Automation:
    return Automation(
        **{"name": "A", "enabled": True, "triggers": [PUSH], "actions": [START], **facts}
    )


def runs(number: int, seconds: int = 3600) -> dict[str, Any]:
    return {"limits": {"invocations": {"max_per_window": number, "window_seconds": seconds}}}


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (None, "sessions without a limit"),
        ({}, "sessions without a limit"),
        ({"max_acu_limit": 10}, "any number of sessions, each with up to 10 ACUs"),
        (runs(5)["limits"], "up to 5 sessions in 1 h, each without an ACU limit"),
        (
            {**runs(5, 86400)["limits"], "max_acu_limit": 10},
            "up to 5 sessions in 24 h, each with up to 10 ACUs: up to 50 ACUs in 24 h",
        ),
        (
            {**runs(1, 90)["limits"], "max_acu_limit": 1},
            "up to 1 session in 90 s, each with up to 1 ACU: up to 1 ACU in 90 s",
        ),
        (runs(2, 604800)["limits"], "up to 2 sessions in 7 days, each without an ACU limit"),
        (runs(2, 120)["limits"], "up to 2 sessions in 2 min, each without an ACU limit"),
    ],
)
def test_the_budget_in_words(limits: Any, words: str) -> None:
    assert budget(automation(limits=limits)) == words


def test_each_action_may_start_a_session() -> None:
    both = automation(**runs(5), actions=[START, {**MESSAGE, "auto_create": True}])
    assert budget(both).startswith("up to 10 sessions")


@pytest.mark.parametrize("facts", [{"enabled": False}, {"triggers": []}])
def test_what_nothing_starts_costs_nothing(facts: Any) -> None:
    after = automation(**facts)
    assert (risk(None, after), risk(automation(), after)) == ("", "")


def test_a_new_one_that_says_nothing_about_it_is_enabled() -> None:
    after = Automation(name="A", triggers=[PUSH], actions=[START])
    assert risk(None, after) == "may start sessions without a limit (it is new and enabled)"


MORE = [
    ({"enabled": False}, {}, "it is enabled"),
    ({"triggers": []}, {}, "a trigger is new or changed"),
    ({"triggers": [OTHER]}, {}, "a trigger is new or changed"),
    ({"triggers": [PUSH]}, {"triggers": [PUSH, OTHER]}, "a trigger is new or changed"),
    (runs(5), {"limits": None}, "it may run more often"),
    (runs(5), runs(6), "it may run more often"),
    (runs(5, 7200), runs(5, 3600), "it may run more often"),
    (runs(5, 60), runs(6, 3600), "it may run more often"),
    ({"limits": {"max_acu_limit": 1}}, {"limits": {"max_acu_limit": 2}}, "max_acu_limit is higher"),
    ({"limits": {"max_acu_limit": 1}}, {"limits": None}, "max_acu_limit is removed"),
    (
        {"concurrency": {"max_concurrent_runs": 1}},
        {"concurrency": {"max_concurrent_runs": 2}},
        "concurrency.max_concurrent_runs is higher",
    ),
    (
        {"concurrency": {"max_queue_depth": 1, "max_concurrent_runs": 1}},
        {"concurrency": {"max_concurrent_runs": 1}},
        "concurrency.max_queue_depth is removed",
    ),
    ({"actions": [MESSAGE]}, {"actions": [START]}, "its actions start more sessions"),
    ({"actions": [MESSAGE]}, {"actions": [AUTO]}, "its actions start more sessions"),
    ({"actions": [START]}, {"actions": [START, AUTO]}, "its actions start more sessions"),
    ({"actions": [AUTO]}, {"actions": [AUTO, AUTO]}, "its actions start more sessions"),
    ({"actions": [START]}, {"actions": [START, MESSAGE]}, "it messages another session"),
    ({"actions": [START]}, {"actions": [MESSAGE]}, "it messages another session"),
    (
        {"actions": [MESSAGE]},
        {"actions": [{**MESSAGE, "target_devin_id": "s-2"}]},
        "it messages another session",
    ),
    ({"actions": [monitor("C1")]}, {"actions": [monitor("C2")]}, "it watches another channel"),
    (
        {"actions": [MESSAGE]},
        {"actions": [START, {**MESSAGE, "target_devin_id": "s-2"}]},
        "it messages another session, its actions start more sessions",
    ),
    (
        {},
        {"actions": [{**START, "session": {"bypass_approval": True}}]},
        "its sessions no longer wait for approvals",
    ),
    ({"preflight": {"script": "a"}}, {"preflight": {"script": "b"}}, "preflight is changed"),
    ({"preflight": ["a"]}, {"preflight": None}, "preflight is removed"),
    ({"preflight": "a"}, {}, "preflight is removed"),
    ({"preflight": None}, {"preflight": "a"}, "preflight is new"),
    ({}, {"preflight": ["a"]}, "preflight is new"),
    (mode("normal"), mode("ultra"), "session_settings.devin_mode is ultra"),
    (mode("lite"), mode("normal"), "session_settings.devin_mode is normal"),
    (mode("fast"), mode("fusion"), "session_settings.devin_mode is fusion"),
    ({}, mode("fast"), "session_settings.devin_mode is fast"),
    (mode("lite"), {}, "session_settings.devin_mode is that of the organization"),
    (mode("ultra"), mode("newer"), "session_settings.devin_mode is newer"),
    (mode("ultra"), mode("swe-2-high"), "session_settings.devin_mode is swe-2-high"),
    (mode("newer"), mode("newest"), "session_settings.devin_mode is newest"),
    (mode("newer"), mode("ultra"), "session_settings.devin_mode is ultra"),
    (mode("swe-2-medium"), mode("normal"), "session_settings.devin_mode is normal"),
    (
        {"concurrency": {"max_queue_depth": 1, "max_concurrent_runs": 1}},
        {"concurrency": {"max_queue_depth": 2, "max_concurrent_runs": 1}},
        "concurrency.max_queue_depth is higher",
    ),
    (
        {"concurrency": {"max_concurrent_runs": 1}},
        {"concurrency": {"max_queue_depth": 0, "max_concurrent_runs": 1}},
        "concurrency.max_queue_depth is new",
    ),
    ({"triggers": [PUSH]}, {"triggers": [PUSH, PUSH]}, "a trigger is new or changed"),
    ({"triggers": [when([A])]}, {"triggers": [PUSH]}, "a trigger is new or changed"),
    ({"triggers": [when([A])]}, {"triggers": [when([B])]}, "a trigger is new or changed"),
    ({"triggers": [when([A, B])]}, {"triggers": [when([A])]}, "a trigger is new or changed"),
    ({"triggers": [when([A])]}, {"triggers": [when([A], [B])]}, "a trigger is new or changed"),
    ({"triggers": [when([A])]}, {"triggers": [when()]}, "a trigger is new or changed"),
    *(
        ({"triggers": before}, {"triggers": after}, "a trigger is new or changed")
        for before, after in [
            ([OTHER, PUSH], [PUSH, when([A])]),
            chain(1200),
            ([at([YEARLY])], [at([HOURLY])]),
            ([at([YEARLY])], [at([YEARLY, HOURLY])]),
            ([at([YEARLY])], [at([YEARLY, YEARLY])]),
            ([at([YEARLY])], [at([YEARLY], [YEARLY])]),
            ([at([YEARLY])], [at([YEARLY, A])]),
            ([{"event_type": "schedule:recurring"}], [at([HOURLY])]),
            ([at([YEARLY])], [at([YEARLY]), at([YEARLY])]),
            ([PUSH], [when([_condition(HOURLY)])]),
            ([when([A])], [when([A, _condition(HOURLY)])]),
            ([when([A])], [when([A, {**B, "operator": "newer"}])]),
        ]
    ),
    (
        {"actions": [{"type": "brew_tea"}]},
        {"actions": [{"type": "brew_tea"}] * 2},
        "it has a new action brew_tea",
    ),
    (runs(60, 3600), runs(50, 3000), "it may run more often"),
    (
        {"slack_reply_access": "slack_users"},
        {"slack_reply_access": "newer"},
        "more people may reply to its sessions (slack_reply_access)",
    ),
    (
        {"triggers": [PUSH]},
        {"triggers": [{**PUSH, "replies": [{"type": "attach_thread"}]}]},
        "a trigger is new or changed",
    ),
    (
        {"slack_reply_access": "devin_users"},
        {"slack_reply_access": "external_slack_users"},
        "more people may reply to its sessions (slack_reply_access)",
    ),
    (
        {"slack_reply_access": "newer"},
        {"slack_reply_access": "newest"},
        "more people may reply to its sessions (slack_reply_access)",
    ),
    (
        {},
        {"teams_reply_access": "teams_users"},
        "more people may reply to its sessions (teams_reply_access)",
    ),
]


@pytest.mark.parametrize(("before", "after", "reason"), MORE)
def test_what_may_cost_more_is_a_risk_and_less_is_none(
    before: Any, after: Any, reason: str
) -> None:
    assert f"({reason})" in risk(automation(**before), automation(**after)).replace("limits.", "")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {}),
        ({}, {"name": "B", "actions": [{**START, "prompt": "other"}]}),
        ({"triggers": [PUSH, OTHER]}, {"triggers": [OTHER]}),
        ({"limits": None}, runs(5)),
        (runs(5), runs(5, 7200)),
        (runs(6), runs(5)),
        ({"limits": {"max_acu_limit": 2}}, {"limits": {"max_acu_limit": 1}}),
        ({"concurrency": None}, {"concurrency": {"max_concurrent_runs": 1}}),
        ({"actions": [START, MESSAGE]}, {"actions": [MESSAGE]}),
        ({"actions": [START]}, {"actions": [AUTO]}),
        ({"actions": [{"type": "brew_tea"}]}, {"actions": [{"type": "brew_tea"}]}),
        ({"actions": [BREW]}, {"actions": [BREW], "limits": {"max_acu_limit": 1}}),
        ({"actions": [{**START, "session": {"bypass_approval": True}}]}, {}),
        ({}, {"enabled": False}),
        ({"preflight": None}, {"preflight": {}}),
        ({}, {"preflight": None}),
        ({"preflight": ["a"]}, {"preflight": ["a"]}),
        (mode("ultra"), mode("fast")),
        (mode("ultra"), {}),
        (mode("newer"), mode("lite")),
        (mode("normal"), mode("lite")),
        ({}, mode("lite")),
        ({"concurrency": None}, {"concurrency": {"max_concurrent_runs": 1, "max_queue_depth": 5}}),
        ({"triggers": [PUSH]}, {"triggers": [when([A])]}),
        ({"triggers": [when([A])]}, {"triggers": [when([A, B])]}),
        ({"triggers": [when([A], [B])]}, {"triggers": [when([B, A])]}),
        ({"triggers": [when([A])]}, {"triggers": [when([A])]}),
        ({"triggers": [{**PUSH, "replies": [{"type": "attach_thread"}]}]}, {}),
        ({"slack_reply_access": "external_slack_users"}, {"slack_reply_access": "slack_users"}),
        ({"slack_reply_access": "newer"}, {"slack_reply_access": "devin_users"}),
        ({"slack_reply_access": "newer"}, {"slack_reply_access": "external_slack_users"}),
        (runs(24, 86400), runs(1, 3600)),
        ({"triggers": [at([YEARLY], [HOURLY])]}, {"triggers": [at([HOURLY])]}),
        ({"triggers": [at([YEARLY]), at([HOURLY])]}, {"triggers": [at([HOURLY])]}),
        ({"triggers": [PUSH, when([A])]}, {"triggers": [when([A, B]), when([B])]}),
        ({"triggers": [PUSH, when([A]), when([B])]}, {"triggers": [when([A, B])] * 3}),
        [{"triggers": triggers} for triggers in chain(100)],
        [{"triggers": chain(101)[0]}] * 2,
    ],
)
def test_what_costs_the_same_or_less_wants_no_approval(before: Any, after: Any) -> None:
    assert risk(automation(**before), automation(**after)) == ""


_CONDITIONS = [
    {"field": "repo", "operator": "eq", "value": "a"},
    {"field": "repo", "operator": "not_in", "value": ["b"]},
    {"field": "branch", "operator": "eq", "value": "main"},
    {"field": "rrule", "operator": "recurrence", "value": YEARLY},
    {"field": "rrule", "operator": "recurrence", "value": HOURLY},
    {"field": "rrule", "operator": "newer", "value": HOURLY},
]
_TRIGGERS = st.fixed_dictionaries(
    {"event_type": st.sampled_from(["github:push", "gitlab:push", "schedule:recurring"])},
    optional={
        "conditions": st.fixed_dictionaries(
            {
                "any": st.lists(
                    st.fixed_dictionaries(
                        {"all": st.lists(st.sampled_from(_CONDITIONS), max_size=2)}
                    ),
                    min_size=1,
                    max_size=2,
                )
            }
        )
    },
)
_EVENTS = [
    {"event_type": event, "repo": repo, "branch": branch}
    for event in ("github:push", "gitlab:push")
    for repo in ("a", "b", "c")
    for branch in ("main", "other")
]


def _holds(condition: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    value, expected = event[condition["field"]], condition["value"]
    return value not in expected if condition["operator"] == "not_in" else value == expected


def _reactions(triggers: Sequence[Any], event: Mapping[str, Any]) -> int:
    """Return how many triggers react to an event; a condition that sets times always holds."""
    return sum(
        trigger["event_type"] == event["event_type"]
        and any(
            all(_holds(c, event) for c in group["all"] if c["field"] != "rrule")
            for group in trigger.get("conditions", {"any": [{"all": []}]})["any"]
        )
        for trigger in triggers
    )


def _times(triggers: Sequence[Any], rule: Mapping[str, Any]) -> int:
    """Return how often a rule is set, each in its own group, and every rule of a group counting."""
    return sum(
        condition == rule
        for trigger in triggers
        for group in trigger.get("conditions", {"any": []})["any"]
        for condition in group["all"]
    )


@st.composite
def _edits(draw: st.DrawFn) -> tuple[list[Any], list[Any]]:
    """Draw triggers before and after; the new ones are old ones with some conditions more."""
    before = draw(st.lists(_TRIGGERS, min_size=1, max_size=3))
    after = draw(st.lists(st.one_of(st.sampled_from(before), _TRIGGERS), min_size=1, max_size=3))
    return before, [_with_more(trigger, draw) for trigger in after]


def _with_more(trigger: Any, draw: st.DrawFn) -> Any:
    groups = trigger.get("conditions", {"any": [{"all": []}]})["any"]
    more = st.lists(st.sampled_from(_CONDITIONS), max_size=1)
    wider = [{"all": [*group["all"], *draw(more)]} for group in groups]
    return {**trigger, "conditions": {"any": wider}}


@given(_edits())
def test_without_approval_no_event_and_no_time_starts_it_more_often(
    edit: tuple[list[Any], list[Any]],
) -> None:
    before, after = edit
    if risk(automation(triggers=before), automation(triggers=after)):
        return
    counted: list[tuple[Callable[..., int], Sequence[Mapping[str, Any]]]]
    counted = [(_reactions, _EVENTS), (_times, _CONDITIONS[3:])]
    for count, subjects in counted:
        for subject in subjects:
            assert count(after, subject) <= count(before, subject)


NO_COST = {
    "name": "a name starts nothing",
    "run_as": "whose rights the sessions have",
    "metadata": "labels",
    "notifications": "who hears of the runs",
    "security_profile": "what the sessions may do",
    "tools": "what the sessions may use",
    "template_id": "never changes",
}
"""The fields that no change of lets an automation cost more, each with the reason."""


def test_each_field_can_raise_the_cost_or_is_known_not_to() -> None:
    costly = {name for before, after, _ in MORE for name in (*before, *after)}
    names = {attribute.name for attribute in Automation.kind.attributes}
    assert costly.isdisjoint(NO_COST)
    assert costly | NO_COST.keys() == names
