"""Generated requests are answered as the OpenAPI document says."""

from __future__ import annotations

import re

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    allow_header_conformance,
    negative_data_rejection,
    unsupported_method,
)

from devinops.emulator import Emulator
from devinops.emulator.app import Setup
from devinops.emulator.seed import Seed
from devinops.emulator.unserved import OPERATIONS
from tests.testing.emulator_api import NOTE

pytestmark = [pytest.mark.matrix, pytest.mark.nightly]

PLAYBOOK = {"title": "t", "body": "b"}
START = {"type": "start_session", "prompt": "Look around."}
WEBHOOK = {"event_type": "webhook:incoming"}
USAGE = {"note_id": "note-1", "reason": "r", "message": "m"}
SEED = {
    "organizations": {
        "org-emulator": {
            "folders": [{"path": "A/B", "id": "folder-b"}],
            "knowledge": [{**NOTE, "folder": "A/B", "macro": "!m", "id": "note-1"}],
            "playbooks": [
                {**PLAYBOOK, "macro": "!p", "structured_output_schema": {}, "id": "playbook-1"}
            ],
            "secrets": [{"key": "K"}, {"key": "MINE", "access_type": "personal"}],
            "automations": [{"name": "n", "actions": [START], "triggers": [WEBHOOK]}],
            "schedules": [{"name": "n", "prompt": "p", "playbook_id": "playbook-1"}],
            "sessions": [
                {
                    "id": "devin-1",
                    "analysis": {
                        "note_usage": {"bad_usages": [USAGE]},
                        "skill_usage": {"good_usages": [{"skill_name": "s", "reason": "r"}]},
                        "action_items": [{"action_item": "a", "type": "knowledge"}],
                        "issues": [{"id": "", "issue": "i", "impact": "i", "label": "l"}],
                        "classification": {"category": "other", "confidence": 1},
                    },
                },
                {"parent_session_id": "devin-1", "acus_consumed": 0.5},
            ],
            "tags": ["nightly"],
            "max_cycle_acu_limit": 5,
            "git_permissions": [{"id": "perm-1", "git_connection_id": "git-1", "repo_path": "a/b"}],
        }
    },
    "enterprise": {
        "knowledge": [NOTE],
        "playbooks": [PLAYBOOK],
        "roles": [{"id": "role-1", "name": "Member"}],
        "idp_groups": [{"name": "eng", "roles": {"org-emulator": "role-1"}}],
        "users": [{"id": "user-1", "roles": {"enterprise": "role-1"}, "groups": ["eng"]}],
        "service_users": [{"name": "CI", "roles": {"org-emulator": "role-1"}}],
        "git_connections": [{"id": "git-1", "name": "acme", "repositories": ["acme/api"]}],
        "org_groups": [{"name": "core", "org_ids": ["org-emulator"]}],
        "acu_limits": [{"scope": "enterprise", "cycle_acu_limit": 9}],
    },
}

DOCUMENT = Setup(Seed()).app().openapi()
schema = schemathesis.openapi.from_dict(DOCUMENT)


UNSERVED = {(method, path) for method, path, _ in OPERATIONS}
FEW = settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
OTHER_EDITION = {
    "error_body": "problem",
    "v1_delete": "204",
    "v1_error_body": "error",
    "v1_lists": "object",
    "v1_macro": "absent",
    "v1_playbook_fields": "all",
    "v1_secret_created": "201",
}


@pytest.fixture(scope="module")
def session():
    """One connection for all requests; a new one for each takes as long as the response."""
    with requests.Session() as session:
        session.trust_env = False
        yield session


@pytest.fixture(scope="module")
def editions():
    with Emulator(SEED) as usual, Emulator(SEED, quirks=OTHER_EDITION) as other:
        yield usual, other


@pytest.fixture
def usual(editions):
    """The server as it was seeded: an earlier test may have deleted the organization."""
    editions[0].reset()
    return editions[0]


@pytest.fixture
def other(editions):
    editions[1].reset()
    return editions[1]


def key_for(path):
    if path.startswith("/v1"):
        return "apk_emulator"
    return "cog_enterprise" if path.startswith("/v3/enterprise") else "cog_emulator"


def make_possible(case):
    """Put in what no schema can say: the organization, no made-up cursor or range, no filed enterprise note.

    Nor can it say that an output schema must be one of draft 7; a word such as `description` in a made-up one
    is seldom used as that wants it.
    """
    if "org_id" in (case.path_parameters or {}):
        case.path_parameters["org_id"] = "org-emulator"
    if case.meta.generation.mode is GenerationMode.NEGATIVE:
        return
    for name in ("after", "time_after", "time_before"):
        (case.query or {}).pop(name, None)
    if case.operation.path.startswith("/v3/enterprise") and isinstance(case.body, dict):
        case.body.pop("folder_id", None)
    if isinstance(case.body, dict) and case.body.get("structured_output_schema"):
        case.body["structured_output_schema"] = {"type": "object"}
    if isinstance(case.body, dict):
        for part, make in POSSIBLE.items():
            if part in case.operation.path:
                make(case.body)


def make_schedule_possible(body):
    """Make it recur, because a single time may be in the past."""
    for name in ("scheduled_at", "target_devin_id", "playbook_id"):
        body.pop(name, None)
    body |= {"schedule_type": "recurring", "frequency": "0 3 * * *"}


def make_default_tag_possible(body):
    body["tag"] = "nightly"


def make_permissions_possible(body):
    """Name the connection that there is, and one path for each permission."""
    for number, permission in enumerate(body.get("permissions", [])):
        for name in ("group_prefix", "prefix_path", "depot_path"):
            permission.pop(name, None)
        permission |= {"git_connection_id": "git-1", "repo_path": f"a/{number}"}


def make_ranges_possible(body):
    """Let the emulator be reached."""
    body["ip_ranges"] = ["127.0.0.0/8"]


def make_groups_possible(body):
    for group in body["groups"].values():
        group["org_ids"] = []


def make_invitation_possible(body):
    if "enterprise_role_id" in body:
        body["enterprise_role_id"] = "account_member"


def make_automation_possible(body):
    """Take out references that lead nowhere and combinations that cannot be, and nulls where none may be."""
    replaced = {
        "triggers": [{"event_type": "github:push"}],
        "actions": [{"type": "start_session", "prompt": "Look around."}],
        "run_as": {"type": "organization"},
    }
    body |= {name: value for name, value in replaced.items() if name in body}
    for name in ("template_id", "security_profile", "concurrency", "notifications"):
        body.pop(name, None)
    for name in ("name", "enabled"):
        if name in body and body[name] is None:
            del body[name]


POSSIBLE = {
    "/automations": make_automation_possible,
    "/schedules": make_schedule_possible,
    "/git-providers/permissions": make_permissions_possible,
    "/ip-access-list": make_ranges_possible,
    "/org-group-limits": make_groups_possible,
    "/members/users": make_invitation_possible,
    "/tags/default": make_default_tag_possible,
}


def unjudged(case):
    """Return the checks that do not hold.

    The emulator ignores an unknown query parameter, and takes the last value of a repeated one, as which a
    list or an object is sent. It answers 501 to a method that only the API serves, and `Allow` names these methods
    too (see the next test).
    """
    path = case.operation.path
    # What looks like an id in one operation can be a word in another: /sessions/insights.
    unserved = {m for m, p in UNSERVED if re.fullmatch(re.sub("{[^}]*}", "[^/]+", p), path)}
    if case.method.upper() in unserved:
        return [unsupported_method, not_a_server_error]
    known = {parameter.name for parameter in case.operation.query}
    query = case.query or {}
    lenient = set(query) - known or any(isinstance(value, list | dict) for value in query.values())
    excluded = [negative_data_rejection] if lenient else []
    if unserved:
        excluded.append(allow_header_conformance)
    return excluded


def ask(case, emulator, session):
    """Check codes, content types, headers and bodies; also that bad requests are refused and good ones taken."""
    make_possible(case)
    headers = {"Authorization": f"Bearer {key_for(case.operation.path)}"}
    case.call_and_validate(
        base_url=emulator.url, headers=headers, excluded_checks=unjudged(case), session=session
    )


@schema.parametrize()
@FEW
def test_answers_are_as_documented(case, usual, session):
    ask(case, usual, session)


@schema.include(path_regex="^/v1/|/knowledge/").parametrize()
@FEW
def test_answers_of_another_edition_are_as_documented(case, other, session):
    """Of v3, another edition only has other errors, which do not depend on the operation."""
    ask(case, other, session)


@pytest.mark.parametrize("path", sorted({path for _, path in UNSERVED} & DOCUMENT["paths"].keys()))
def test_allow_names_what_is_served_and_what_answers_501(path, usual):
    served = {method.upper() for method in DOCUMENT["paths"][path]}
    unserved = {method for method, unserved_path in UNSERVED if unserved_path == path}
    headers = {"Authorization": f"Bearer {key_for(path)}"}
    response = httpx.options(usual.url + path, headers=headers)
    assert response.status_code == 405
    assert set(response.headers["Allow"].split(", ")) == served | unserved
