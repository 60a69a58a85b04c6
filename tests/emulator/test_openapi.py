"""The OpenAPI document is whole: what each operation answers, wants and refers to."""

from __future__ import annotations

import json
import re

import pytest

from devinops.emulator.app import Setup
from devinops.emulator.seed import Seed


@pytest.fixture(scope="module")
def document():
    return Setup(Seed()).app().openapi()


def test_every_operation_documents_its_refusals(document):
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            documented = operation["responses"].keys()
            assert {"401", "403", "422", "429"} <= documented, (method, path)
            assert {"200", "201", "204"} & documented, (method, path)
            if "{" in path:
                assert "404" in operation["responses"], (method, path)


def test_every_operation_wants_a_key(document):
    for operations in document["paths"].values():
        for operation in operations.values():
            assert operation["security"] == [{"bearerAuth": []}]


def test_the_web_app_is_no_part_of_the_api(document):
    assert not [
        path for path in document["paths"] if not path.startswith(("/v1/", "/v3/", "/v3beta1/"))
    ]


def test_no_reference_of_the_document_leads_nowhere(document):
    references = set(re.findall(r"#/components/schemas/(\w+)", json.dumps(document)))
    assert references == document["components"]["schemas"].keys()


def test_the_document_is_served(api):
    assert api.with_key("").get("/openapi.json").json()["openapi"].startswith("3.1")


def test_no_answer_has_a_field_for_a_secret_value(document):
    schemas = document["components"]["schemas"]
    answers = [name for name in schemas if not name.endswith(("Write", "WriteV1", "Condition"))]
    assert not [name for name in answers if "value" in schemas[name].get("properties", {})]
