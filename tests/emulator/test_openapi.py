"""The OpenAPI document tells the truth: generated requests are answered as it says."""

from __future__ import annotations

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection

from devinops.emulator import Emulator, Store, create_app
from tests.testing.emulator_api import NOTE

PLAYBOOK = {"title": "t", "body": "b"}
SEED = {
    "organizations": {
        "org-emulator": {
            "folders": [{"path": "A/B", "id": "folder-b"}],
            "knowledge": [{**NOTE, "folder": "A/B", "macro": "!m", "id": "note-1"}],
            "playbooks": [
                {**PLAYBOOK, "macro": "!p", "structured_output_schema": {}, "id": "playbook-1"}
            ],
            "secrets": [{"key": "K"}, {"key": "MINE", "access_type": "personal"}],
        }
    },
    "enterprise": {"knowledge": [NOTE], "playbooks": [PLAYBOOK]},
}

DOCUMENT = create_app(Store()).openapi()
schema = schemathesis.openapi.from_dict(DOCUMENT)


OTHER_EDITION = {
    "error_body": "problem",
    "v1_delete": "204",
    "v1_error_body": "error",
    "v1_lists": "object",
    "v1_macro": "absent",
    "v1_playbook_fields": "all",
    "v1_secret_created": "201",
}


@pytest.fixture(scope="module", params=[{}, OTHER_EDITION], ids=["usual", "other edition"])
def emulator(request):
    with Emulator(SEED, quirks=request.param) as running:
        yield running


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


def unjudged(case):
    """Return the checks that do not hold: a query parameter that nobody knows is ignored, not refused."""
    known = {parameter.name for parameter in case.operation.query}
    return [negative_data_rejection] if set(case.query or {}) - known else []


@pytest.mark.matrix
@schema.parametrize()
@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_answers_are_as_documented(case, emulator):
    """Codes, content types, headers and bodies; also that bad requests are refused and good ones taken."""
    make_possible(case)
    headers = {"Authorization": f"Bearer {key_for(case.operation.path)}"}
    case.call_and_validate(base_url=emulator.url, headers=headers, excluded_checks=unjudged(case))


def test_every_operation_documents_its_refusals():
    for path, operations in DOCUMENT["paths"].items():
        for method, operation in operations.items():
            assert {"200", "401", "403", "422", "429"} <= operation["responses"].keys(), (
                method,
                path,
            )
            if "{" in path:
                assert "404" in operation["responses"], (method, path)


def test_every_operation_wants_a_key():
    for operations in DOCUMENT["paths"].values():
        for operation in operations.values():
            assert operation["security"] == [{"bearerAuth": []}]


def test_the_web_app_is_no_part_of_the_api():
    assert not [path for path in DOCUMENT["paths"] if not path.startswith(("/v1/", "/v3/"))]


def test_the_document_is_served(api):
    assert api.with_key("").get("/openapi.json").json()["openapi"].startswith("3.1")


def test_no_answer_has_a_field_for_a_secret_value():
    schemas = DOCUMENT["components"]["schemas"]
    answers = [name for name in schemas if not name.endswith(("Write", "WriteV1"))]
    assert not [name for name in answers if "value" in schemas[name].get("properties", {})]
