"""What a schema cannot say of automations, told at the place where it is written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from devinops.kinds import _automation as values
from devinops.load import load
from devinops.model.objects import Problem

RECURS = {"field": "rrule", "operator": "recurrence", "value": "FREQ=DAILY"}
SCHEDULE = {"event_type": "schedule:recurring", "conditions": {"any": [{"all": [RECURS]}]}}
PUSH: dict[str, Any] = {"event_type": "github:push"}
WEBHOOK = {"event_type": "webhook:incoming"}
START = {"type": "start_session", "prompt": "p"}
MESSAGE = {"type": "message_session", "prompt": "p", "auto_create": True}
MONITOR = {
    "type": "monitor_session",
    "setup_prompt": "p",
    "slack_monitor_config": {"source_channel_id": "C1"},
}


def problems(tmp_path: Path, **facts: Any) -> list[Problem]:
    entry = {"name": "A", "triggers": [PUSH], "actions": [START]} | facts
    text = "automations:\n- " + "\n  ".join(f"{k}: {json.dumps(v)}" for k, v in entry.items())
    (tmp_path / "automations.yaml").write_text(text)
    return list(load(tmp_path).problems)


def where(**condition: Any) -> list[Any]:
    return [PUSH | {"conditions": {"any": [{"all": [{"field": "f", **condition}]}]}}]


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"triggers": [PUSH | {"replys": []}]}, 'unknown key "replys"; did you mean "replies"?'),
    ({"triggers": [{"event_type": "schedule:recurring"}]}, "schedule:recurring needs a condition"),
    ({"triggers": [WEBHOOK, PUSH, WEBHOOK]}, "at most one trigger webhook:incoming"),
    (
        {"triggers": where(operator="eq", value=[1])},
        "eq takes a string, a number, or true or false",
    ),
    ({"triggers": where(operator="contains", value=1)}, "contains takes a string"),
    ({"triggers": where(operator="gt", value=True)}, "gt takes a number"),
    ({"triggers": where(operator="is_empty", value="")}, "is_empty takes no value"),
    ({"triggers": where(operator="between", value=[1])}, "between takes a list of two numbers"),
    ({"triggers": where(operator="in", value="a")}, "in takes a list of strings"),
    ({"triggers": where(operator="matches")}, "matches takes a regular expression"),
    (
        {"triggers": where(operator="recurrence", value="FREQ=DAILY;BYHOUR=25")},
        "this is not an RRULE of iCalendar: BYHOUR=25",
    ),
    ({"actions": []}, "must not be empty"),
    ({"actions": [START, START]}, "at most one start_session"),
    ({"actions": [START, MONITOR]}, "monitor_session must be the only action"),
    ({"actions": [{"type": "start_session"}]}, "start_session needs the field prompt"),
    ({"actions": [START | {"auto_create": True}]}, "start_session has no field auto_create"),
    ({"actions": [{"type": "message_session", "prompt": "p"}]}, "needs auto_create: true"),
    ({"actions": [START | {"prompt": 'Do @playbook:"Triage'}]}, "does not name a playbook"),
    ({"actions": [START | {"prompt": "Do @playbook: Triage"}]}, "does not name a playbook"),
    (
        {"actions": [START | {"prompt": '@playbook:"トリアージ"を実行する'}]},
        'put a space after @playbook:"トリアージ": the API would read a letter',
    ),
    ({"actions": [START | {"prompt": '@playbook:"A"-like'}]}, "put a space after"),
    ({"actions": [START | {"session": {"playbook_id": "p"}}]}, 'unknown key "playbook_id"'),
    ({"actions": [START | {"session": {"tags": ["a", "a"]}}]}, "in this list twice"),
    ({"run_as": {"type": "service_user"}}, "needs the field service_user_id"),
    ({"run_as": {"type": "creator", "service_user_id": "s"}}, "takes no service_user_id"),
    ({"concurrency": {"max_queue_depth": 1}}, "max_queue_depth needs max_concurrent_runs"),
    ({"limits": {"max_acu_limit": 1001}}, "from 1 to 1000"),
    ({"limits": {"invocations": {"max_per_window": 1}}}, "window_seconds is missing"),
    ({"metadata": {"devinops": "x"}}, "the key devinops is reserved"),
    ({"metadata": {"k" * 33: "x"}}, "at most 32 characters"),
    ({"metadata": {"k": "x" * 129}}, "at most 128 characters"),
    ({"metadata": {f"k{number}": "x" for number in range(16)}}, "16 are more than 15"),
    ({"name": "n" * 501}, "at most 500 characters"),
    (
        {"session_settings": {"net_policy": {"allow": [{"hostname": "a", "ipv4": "b"}]}}},
        "One of hostname, ipv4 and ipv6",
    ),
]


@pytest.mark.parametrize(("facts", "message"), WRONG, ids=[message for _, message in WRONG])
def test_what_is_wrong_is_reported_at_its_place(
    tmp_path: Path, facts: dict[str, Any], message: str
) -> None:
    (found,) = problems(tmp_path, **facts)
    assert message in found.message
    (name,) = facts
    line = {"name": 2, "triggers": 3, "actions": 4}.get(name, 5)
    assert (found.source.line, found.source.column > 3) == (line, True)


def test_the_place_of_a_rule_is_its_value_although_triggers_are_sorted(tmp_path: Path) -> None:
    (tmp_path / "automations.yaml").write_text(
        "automations:\n- name: A\n  actions: [{type: start_session, prompt: p}]\n  triggers:\n"
        "  - event_type: schedule:recurring\n    conditions:\n      any:\n      - all:\n"
        "        - {field: rrule, operator: recurrence, value: FREQ=DAYLY}\n"
        "  - event_type: github:push\n"
    )
    (found,) = load(tmp_path).problems
    assert str(found.source) == "automations.yaml:9:55"


def test_what_is_right_is_accepted(tmp_path: Path) -> None:
    assert problems(tmp_path, triggers=[SCHEDULE, PUSH, WEBHOOK], actions=[MESSAGE, START]) == []
    assert problems(tmp_path, metadata={f"k{n}": "x" * 128 for n in range(15)}) == []
    assert problems(tmp_path, actions=[MONITOR], run_as=None, limits=None) == []
    for operator, value in (("is_empty", None), ("between", [1, 2.5]), ("globs", ["a/**"])):
        assert problems(tmp_path, triggers=where(operator=operator, value=value)) == []


def test_a_recurrence_has_words_beside_the_rule() -> None:
    assert values.in_words([SCHEDULE, PUSH]) == "FREQ=DAILY: every day"
    unknown = json.loads(json.dumps(SCHEDULE).replace("DAILY", "YEARLY"))
    assert values.in_words([unknown]) is None


@pytest.mark.parametrize(
    "value", [None, 5, "x", [5], [{}], [{"conditions": {"any": [5, {"all": [5, {}]}]}}]]
)
def test_a_saved_plan_may_hold_anything_in_place_of_triggers(value: Any) -> None:
    assert values.in_words(value) is None


def test_labels_that_go_are_sent_as_null() -> None:
    assert values.full_metadata({"a": "1"}, {"a": "0", "b": "2"}) == {"a": "1", "b": None}


@pytest.mark.parametrize(
    ("live", "short"),
    [
        ({"selection": "inherit", "profile_id": None, "warnings": []}, None),
        ({"selection": "none", "profile_id": None}, {"profile_id": None}),
        ({"selection": "profile", "profile_id": "p"}, {"profile_id": "p"}),
        ({"profile_id": "p"}, {"profile_id": "p"}),
        (None, None),
    ],
)
def test_the_choice_of_a_profile_has_one_form(live: Any, short: Any) -> None:
    assert values.short_profile(live) == short
