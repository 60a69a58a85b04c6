"""Automations on the wire: what is read, what is sent, and the secret that is shown once."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devinops.api import codec
from devinops.api.codec import Encoding, Viewpoint, decode, encode
from devinops.kinds.automation import KIND, Automation
from devinops.model.errors import BadResponse
from devinops.model.keys import ROOT, Key
from devinops.model.kind import Revealed
from devinops.model.objects import Live
from tests.testing.costly import costly

SESSION = {
    "bypass_approval": False,
    "notifications": None,
    "platform": None,
    "tags": [],
    "playbook_id": "p1",
    "repos": ["acme/api"],
}
ITEM: dict[str, Any] = {
    "automation_id": "a1",
    "name": "Nightly",
    "enabled": True,
    "triggers": [
        {
            "trigger_id": "t1",
            "event_type": "webhook:incoming",
            "conditions": None,
            "replies": [],
            "webhook": {"url": "https://hooks.example/1", "secret": None},
        }
    ],
    "actions": [{"type": "start_session", "prompt": "Do @playbook:p1.", "session": SESSION}],
    "created_by": {"type": "user", "id": "u1", "name": "Ada"},
    "created_at": 1,
    "updated_at": 2,
    "last_edited_by": {"type": "service_user", "id": "u2", "name": "CI"},
    "run_as": {"type": "organization"},
    "metadata": {"team": "web", "devinops": "production"},
    "concurrency": None,
    "limits": {"invocations": None, "max_acu_limit": 5},
    "security_profile": {"selection": "inherit", "profile_id": None, "warnings": ["w"]},
    "tools": {"mcp_servers": [], "linear_enabled": None},
    "template_id": None,
}
NAMES = {"playbook": {"p1": "Triage it"}}
IDS = {Key("playbook", ROOT, "Triage it"): "p1"}
OURS = Viewpoint("org-1", owner="production")
PRODUCTION = Encoding("v3", IDS, owner="production")


def read(**facts: Any) -> Live:
    return decode(KIND, "v3", {**ITEM, **facts}, NAMES, OURS)


def test_what_the_api_adds_is_not_part_of_the_values() -> None:
    live = read()
    assert dict(live.resource.items()) == {
        "name": "Nightly",
        "enabled": True,
        "triggers": [{"event_type": "webhook:incoming"}],
        "actions": [{"type": "start_session", "prompt": 'Do @playbook:"Triage it".'}],
        "run_as": {"type": "organization"},
        "metadata": {"team": "web"},
        "concurrency": None,
        "limits": {"max_acu_limit": 5},
        "notifications": None,
        "security_profile": None,
        "session_settings": None,
        "tools": None,
        "preflight": None,
        "template_id": None,
    }
    assert (live.created_by, live.updated_by) == ("Ada", "CI")
    assert (live.owner, live.ours) == ("production", True)


@pytest.mark.parametrize(
    ("metadata", "ours", "owner"),
    [
        ({"devinops": "production"}, True, "production"),
        ({"devinops": "staging"}, False, "staging"),
        ({}, True, None),
        (None, True, None),
    ],
)
def test_the_label_says_whose_it_is(metadata: Any, ours: bool, owner: str | None) -> None:
    live = read(metadata=metadata)
    assert (live.ours, live.owner) == (ours, owner)
    assert live.holder == (f"{owner}, by its label" if owner else "org")


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"triggers": [5]}, "triggers: expected object"),
        ({"triggers": [{}]}, "triggers: event_type is missing"),
        ({"actions": [5]}, "actions: an action without a type"),
        ({"limits": {"invocations": {"max_per_window": 1}}}, "limits: window_seconds is missing"),
        ({"triggers": None}, "triggers: expected a list"),
    ],
)
def test_a_response_that_is_not_in_shape_is_refused(facts: Any, message: str) -> None:
    with pytest.raises(BadResponse, match=message):
        read(**facts)


MEMBERS = {
    *("type", "prompt", "session", "event_type", "conditions", "any", "all", "replies", "operator"),
    *(
        "value",
        "invocations",
        "max_per_window",
        "window_seconds",
        "max_acu_limit",
        "webhook",
        "secret",
    ),
    *("field", "metadata", "devinops"),
}
anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from(["type", "start_session", "FREQ=DAILY"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(sorted(MEMBERS)), inner, max_size=4)
    ),
    max_leaves=12,
)


@costly
@given(st.sampled_from(sorted(set(ITEM) - {"automation_id"})), anything)
def test_whatever_the_api_answers_is_read_or_refused(name: str, value: Any) -> None:
    assert KIND.generated_secret
    item = {**ITEM, name: value}
    KIND.generated_secret.revealed(item)
    try:
        live = decode(KIND, "v3", item, NAMES, OURS)
    except BadResponse:
        return
    for hazard in KIND.hazards:
        hazard.risk(None, live.resource)
        hazard.risk(live.resource, read().resource)
    KIND.generated_secret.expected(live.resource, read().resource)
    KIND.by_name["triggers"].describe(getattr(live.resource, "triggers"))  # noqa: B009
    encode(read().resource, PRODUCTION, before=live, changes_only=True)


def test_an_action_of_a_new_type_is_read_as_it_is() -> None:
    action = {"type": "sing_session", "song": "s"}
    assert dict(read(actions=[action]).resource.items())["actions"] == [action]


def test_a_create_holds_each_group_in_full_and_our_label() -> None:
    start = {"type": "start_session", "prompt": 'Do @playbook:"Triage it".'}
    new = Automation(
        name="A",
        triggers=[{"event_type": "github:push"}],
        actions=[start],
        limits={"max_acu_limit": 5},
        tools=None,
    )
    body = encode(new, PRODUCTION)
    session = {name: SESSION[name] for name in SESSION if name not in ("playbook_id", "repos")}
    assert body == {
        "name": "A",
        "triggers": [{"event_type": "github:push", "conditions": None, "replies": []}],
        "actions": [{"type": "start_session", "prompt": "Do @playbook:p1.", "session": session}],
        "run_as": {"type": "organization"},
        "metadata": {"devinops": "production"},
        "limits": {"invocations": None, "max_acu_limit": 5},
        "tools": None,
    }


def test_a_patch_holds_what_changes_and_null_for_a_label_that_goes() -> None:
    live = read()
    changed: dict[str, Any] = dict(live.resource.items()) | {"metadata": {"env": "dev"}}
    body = encode(Automation(**changed), PRODUCTION, before=live, changes_only=True)
    assert body == {"metadata": {"env": "dev", "devinops": "production", "team": None}}
    same = encode(live.resource, PRODUCTION, before=live, changes_only=True)
    assert same == {}


def test_an_update_of_what_has_no_label_yet_gives_it_ours() -> None:
    live = read(metadata={"team": "web"})
    body = encode(live.resource, PRODUCTION, before=live, changes_only=True)
    assert body == {"metadata": {"team": "web", "devinops": "production"}}


def test_the_secret_of_a_webhook_is_found_and_shows_in_no_repr() -> None:
    assert KIND.generated_secret
    webhook = {"url": "https://hooks.example/1", "secret": "hush"}
    shown = {**ITEM, "triggers": [{**ITEM["triggers"][0], "webhook": webhook}]}
    revealed = KIND.generated_secret.revealed(shown)
    assert revealed == Revealed("https://hooks.example/1", "hush")
    assert "hush" not in repr(revealed)
    assert KIND.generated_secret.revealed(ITEM) is None
    for strange in ({}, {"triggers": 5}, {"triggers": [5]}, {"triggers": [{"webhook": 5}]}):
        assert KIND.generated_secret.revealed(strange) is None
    assert "hush" not in repr(codec.decode(KIND, "v3", shown, NAMES, OURS))
