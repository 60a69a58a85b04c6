"""The texts of the fields of documents: all are used, and those of a class win."""

from __future__ import annotations

from devinops.schema.all_schemas import document_schemas
from devinops.schema.document_texts import TEXTS, documented


def test_each_text_is_used() -> None:
    fields = {
        name
        for schema in document_schemas().values()
        for owner, part in schema["$defs"].items()
        for field in part.get("properties", ())
        for name in (field, f"{owner}.{field}")
    }
    assert TEXTS.keys() - fields == set()


def test_the_text_of_a_field_in_a_class_wins_and_the_description_of_the_class_stays() -> None:
    part = {"type": "string"}
    described = {**part, "description": "Own."}
    schema = {
        "$defs": {
            "Sides": {"properties": {"before": part}},
            "TargetItem": {"properties": {"org_id": described, "other": part}},
            "Choice": {"enum": ["a"]},
        }
    }
    definitions = documented(schema)["$defs"]
    assert definitions["Sides"]["properties"]["before"] == {
        "description": "Value before the change; missing: none.",
        "example": "old text",
        "type": "string",
    }
    assert definitions["TargetItem"]["properties"] == {
        "org_id": {"description": "Own.", "example": "org-0123abcd", "type": "string"},
        "other": {"description": "", "type": "string"},
    }
    assert definitions["Choice"] == {"enum": ["a"]}
