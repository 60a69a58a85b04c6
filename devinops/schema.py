"""JSON Schemas of everything a user writes, and findings against them in words for people.

The schemas follow from the kinds, so an editor and devinops judge a file by the same text. This module owns
jsonschema, and imports it only when something is checked.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from devinops.inventory_schema import INVENTORY_SCHEMA
from devinops.kinds import KINDS
from devinops.model import Attribute, Ensure, Kind
from devinops.plan_schema import PLAN_SCHEMA, PROBLEMS_SCHEMA
from devinops.policy import OnDrift, Prune

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

Path = tuple[str | int, ...]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
TARGET_NAME = "^[a-z0-9][a-z0-9._-]*$"
SCOPE = r"^(/|[^/*?\[\]]+(/[^/]+)*)$"
ENVIRONMENT_NAME = "^[A-Za-z_][A-Za-z0-9_]*$"
BRANCH_NAME = "^(?!HEAD$|refs/)[A-Za-z0-9_][A-Za-z0-9_-]*([./][A-Za-z0-9_-]+)*$"
REMOTE_NAME = "^[A-Za-z0-9_][A-Za-z0-9_.-]*$"


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """What is wrong with a value. `path` leads to it; with `at_key` the key at its end is meant.

    Codes: unknown-key, missing-field, wrong-type, invalid-value, body-twice, contradiction.
    """

    path: Path
    code: str
    message: str
    at_key: bool = False


# --- the schemas ------------------------------------------------------------------------------------------


def schemas() -> dict[str, dict[str, Any]]:
    """Return name → JSON Schema (draft 2020-12), in the order of the documentation.

    `declarations` is a YAML file, `knowledge` and `playbook` are the front matter of a Markdown file,
    `config` is devinops.yaml; `plan` and `problems` are what plan, apply and validate write as JSON;
    `inventory` is one line of an inventory.
    """
    found = {"declarations": _declarations()}
    found |= {
        kind.noun: entry_schema(kind, front_matter=True) for kind in KINDS.values() if kind.markdown
    }
    found["config"] = _config()
    found |= {"plan": PLAN_SCHEMA, "problems": PROBLEMS_SCHEMA, "inventory": INVENTORY_SCHEMA}
    return {name: _headed(name, schema) for name, schema in found.items()}


def _headed(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"$schema": DIALECT, "$id": f"urn:devinops:schema:{name}", **schema}


def sections_schema() -> dict[str, Any]:
    """Return the schema of a YAML file without its entries: they are checked one by one."""
    return {
        "description": "Declarations of devinops: a list of entries for each kind.",
        "type": ["object", "null"],
        "properties": {
            kind.section: {"type": ["array", "null"], "description": kind.title}
            for kind in KINDS.values()
        },
        "additionalProperties": False,
    }


def _declarations() -> dict[str, Any]:
    schema = sections_schema()
    for kind in KINDS.values():
        schema["properties"][kind.section]["items"] = entry_schema(kind)
    return schema


def entry_schema(kind: Kind, *, front_matter: bool = False) -> dict[str, Any]:
    """Return the schema of one entry in YAML, or of the front matter of a Markdown file.

    No $ref and no oneOf: jsonschema pays for both with every entry.
    """
    fields = [a for a in kind.attributes if not (front_matter and a.name == "body")]
    properties = {a.name: dict(a.schema) for a in fields} | _options(kind)
    body_file = kind.markdown and not front_matter
    if body_file:
        properties["body_file"] = {
            "type": "string",
            "minLength": 1,
            "description": "File with the body, relative to this file and inside the root.",
        }
    return {
        "description": kind.title,
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        **_demands(kind, fields, body_file=body_file),
    }


def _options(kind: Kind) -> dict[str, Any]:
    """Return the schemas of what an entry can say besides the fields of its kind."""
    options: dict[str, Any] = {
        "targets": {
            "type": "array",
            "items": {"type": "string", "pattern": TARGET_NAME, "description": "Name of a target."},
            "minItems": 1,
            "description": "The targets that this entry is for. Missing: all of them.",
        },
        "meta": {"type": "object", "description": "Anything, for lint and for people; never sent."},
    }
    if kind.tombstones:
        options["ensure"] = {
            "enum": [value.value for value in Ensure],
            "description": "absent deletes on purpose, unmanaged leaves it alone. Missing: present.",
        }
        options["protect"] = {
            "type": "boolean",
            "description": "true: held back instead of deleted when this entry goes.",
        }
    if kind.renames:
        options["previously"] = {
            "type": "array",
            "items": _old_place(kind),
            "description": "What it was called before, so that a rename stays a rename.",
        }
    return options


def _old_place(kind: Kind) -> dict[str, Any]:
    parts = [kind.identity, *(["folder"] if kind.foldered else [])]
    return {
        "type": "object",
        "properties": {a.name: dict(a.schema) for a in kind.attributes if a.name in parts},
        "minProperties": 1,
        "additionalProperties": False,
        "description": "The old name; a part that is missing is as now.",
    }


def _demands(kind: Kind, fields: Iterable[Attribute], *, body_file: bool) -> dict[str, Any]:
    """Return the keywords that say which fields must be there, and which not together."""
    required = [a.name for a in fields if a.required and not (body_file and a.name == "body")]
    apart: dict[str, Any] = {}
    demands: dict[str, Any] = {"required": required}
    if any(a.name == "value_from" for a in fields):
        demands["dependentRequired"] = {"value_from": ["type"]}
    if body_file:
        apart["body_file"] = {"not": {"required": ["body"]}}
    if kind.tombstones:
        demands |= _demands_by_ensure(kind, required, body_file=body_file)
        apart["protect"] = {
            "not": {
                "required": ["ensure"],
                "properties": {"ensure": {"const": "absent"}, "protect": {"const": True}},
            }
        }
    if apart:
        demands["dependentSchemas"] = apart
    return demands


def _demands_by_ensure(kind: Kind, required: list[str], *, body_file: bool) -> dict[str, Any]:
    """A tombstone needs its name alone."""
    if_present: dict[str, Any] = {"required": [name for name in required if name != kind.identity]}
    if body_file:
        if_present["anyOf"] = [{"required": ["body"]}, {"required": ["body_file"]}]
    if not any(if_present.values()):
        return {"required": required}
    return {
        "required": [kind.identity],
        "if": {"required": ["ensure"], "properties": {"ensure": {"enum": ["absent", "unmanaged"]}}},
        "else": if_present,
    }


def _config() -> dict[str, Any]:
    return {
        "description": "Settings of devinops (devinops.yaml).",
        "type": "object",
        "properties": {
            "version": {"const": 1, "description": "Version of this file's format."},
            "required_version": {
                "type": "string",
                "minLength": 1,
                "description": 'Versions of devinops that may be used, such as ">=0.1,<2".',
            },
            "paths": {
                "type": "array",
                "items": {"type": "string", "minLength": 1},
                "description": "More files and directories to read: globs relative to this file.",
            },
            "ignore": {
                "type": "array",
                "items": {"type": "string", "minLength": 1},
                "description": "Globs of files not to read, as in .gitignore.",
            },
            "targets": {
                "type": "object",
                "propertyNames": {
                    "pattern": TARGET_NAME,
                    "description": "Lower-case letters, digits, `.`, `_` and `-`; a letter or digit first.",
                },
                "additionalProperties": _target(),
                "description": "Organizations by name.",
            },
        },
        "required": ["version"],
        "additionalProperties": False,
    }


def _target() -> dict[str, Any]:
    return {
        "type": ["object", "null"],
        "description": "One organization with its address and credential.",
        "properties": {
            "org_id": {
                "type": "string",
                "minLength": 1,
                "description": "Id of the organization. Missing: DEVIN_ORG_ID, or asked from the API.",
            },
            "api_url": {
                "type": "string",
                "minLength": 1,
                "description": "Address of the API. Missing: DEVIN_API_URL, or https://api.devin.ai.",
            },
            "api_version": {
                "enum": ["v3", "v1"],
                "description": "Missing: v3 for a key that begins with cog_, v1 for apk_.",
            },
            "api_key_env": {
                "type": "string",
                "pattern": ENVIRONMENT_NAME,
                "description": "Environment variable with the API key, never the key itself.",
            },
            "inventory": {
                "type": "object",
                "properties": {
                    "store": {
                        "enum": ["none", "branch", "file"],
                        "description": "Where it is kept: nowhere (default), on a branch of its own, or below "
                        ".devinops/.",
                    },
                    "branch": {
                        "type": "string",
                        "pattern": BRANCH_NAME,
                        "description": "Branch for store: branch (default: devinops).",
                    },
                    "remote": {
                        "type": "string",
                        "pattern": REMOTE_NAME,
                        "description": "Remote for store: branch (default: origin, else the only one).",
                    },
                },
                "required": ["store"],
                "additionalProperties": False,
                "description": "The record of which live objects this repository owns.",
            },
            "prune": {
                "enum": [prune.value for prune in Prune],
                "description": "Which undeclared objects are deleted: none (off, the default), those that the "
                "inventory owns, or every note in `scope` as well.",
            },
            "scope": {
                "type": "array",
                "minItems": 1,
                "items": {"type": "string", "pattern": SCOPE},
                "description": "Folders for `prune: scope`: a folder, or a folder with globs below it such as "
                "Backend/**; / for the notes in the root.",
            },
            "on_drift": {
                "enum": [choice.value for choice in OnDrift],
                "description": "What becomes of outside edits: shown and kept (the default), overwritten, or a "
                "refusal of the run.",
            },
            "max_delete": {
                "type": ["string", "integer"],
                "pattern": "^(100|[0-9]{1,2})%$",
                "minimum": 0,
                "description": 'Most deletes of a kind in one run: a number, or a share such as "20%".',
            },
            "v3_macro": {
                "enum": ["hold", "verify"],
                "description": "What to do with notes that have a macro on v3, which cannot send it "
                "(default: hold).",
            },
        },
        "additionalProperties": False,
    }


# --- checking ---------------------------------------------------------------------------------------------


def validator(schema: Mapping[str, Any]) -> Validator:
    """Return a compiled validator for `check`. Building one is slow: keep it."""
    made: Validator = _validator_class()(schema)
    return made


@cache
def entry_validator(noun: str, *, front_matter: bool = False) -> Validator:
    """Return the one validator for the entries of a kind."""
    return validator(entry_schema(KINDS[noun], front_matter=front_matter))


@cache
def _named_validator(name: str) -> Validator:
    return validator(sections_schema() if name == "sections" else schemas()[name])


@cache
def _validator_class() -> Any:
    """Return Draft 2020-12 with patterns as JSON Schema means them.

    There `$` is the end of the text. Python also lets it match before a final newline, and so would send
    `"!triage\\n"` as a macro.
    """
    from jsonschema import Draft202012Validator, ValidationError, validators

    def pattern(_: Any, wanted: str, value: Any, __: Any) -> Iterator[ValidationError]:
        if isinstance(value, str) and not _compiled(wanted).search(value):
            yield ValidationError(f"{value!r} does not match {wanted!r}")

    return validators.extend(Draft202012Validator, {"pattern": pattern})  # type: ignore[no-untyped-call]


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"(?<!\\)\$", r"\\Z", pattern))


def check(
    name_or_validator: str | Validator, value: Any, *, discreet: bool = False
) -> Iterator[Finding]:
    """Yield what is wrong with `value`, in the order of the schema, each finding once.

    A name is one of `schemas()`, or `sections` for a YAML file without its entries. A discreet message repeats
    no key and no scalar of `value`: it may be a secret in the wrong place.
    """
    chosen = name_or_validator
    compiled = _named_validator(chosen) if isinstance(chosen, str) else chosen
    seen: set[Finding] = set()
    for error in compiled.iter_errors(value):
        for finding in _findings(error, discreet):
            if finding not in seen:
                seen.add(finding)
                yield finding


def _findings(error: Any, discreet: bool) -> Iterator[Finding]:
    path: Path = tuple(error.absolute_path)
    show = typed if discreet or _KEY_VARIABLE in path else described
    if "propertyNames" in error.absolute_schema_path:
        yield Finding((*path, error.instance), "invalid-value", _misfit(error, show), at_key=True)
        return
    explain = _EXPLAIN.get(str(error.validator), _explain_other)
    for below, code, message in explain(error, show):
        yield Finding((*path, *below), code, message, at_key=code in _AT_KEY)


_AT_KEY = frozenset({"unknown-key", "body-twice", "contradiction"})

_KEY_VARIABLE = "api_key_env"
"""It names a variable; what is written there by mistake is the key itself."""

Explained = Iterator[tuple[Path, str, str]]
Show = Callable[[object], str]
"""Says in a few words what a value is: `described`, or `typed` if it must not be repeated."""


def _explain_unknown(error: Any, show: Show) -> Explained:
    known = list(error.schema.get("properties", ()))
    for name in error.instance:
        if name not in known:
            unknown = "this key is unknown" if show is typed else f"unknown key {quoted(name)}"
            yield (name,), "unknown-key", f"{unknown}; {suggestion(name, known)}"


def _explain_missing(error: Any, _: Show) -> Explained:
    for name in error.validator_value:
        if name not in error.instance:
            yield (), "missing-field", f"the field {name} is missing: add it"


def _explain_dependent(error: Any, _: Show) -> Explained:
    for name, needed in error.validator_value.items():
        for other in needed if name in error.instance else ():
            if other not in error.instance:
                yield (), "missing-field", f"{name} also needs the field {other}: add it"


def _explain_alternatives(error: Any, _: Show) -> Explained:
    names = [name for choice in error.validator_value for name in choice["required"]]
    yield (), "missing-field", f"the field {names[0]} is missing: write {' or '.join(names)}"


def _explain_not(error: Any, _: Show) -> Explained:
    if error.validator_value["required"] == ["body"]:
        yield ("body_file",), "body-twice", "body and body_file are both given: keep one of them"
    else:
        message = "ensure: absent deletes what protect: true keeps: remove one of them"
        yield ("protect",), "contradiction", message


def _explain_type(error: Any, show: Show) -> Explained:
    wanted = error.validator_value
    names = [wanted] if isinstance(wanted, str) else list(wanted)
    expected = " or ".join(_TYPES.get(name, name) for name in names)
    yield (
        (),
        "wrong-type",
        f"expected {expected}, got {show(error.instance)}{_remedy(names, error)}",
    )


def _remedy(names: list[str], error: Any) -> str:
    value = error.instance
    if "string" in names and isinstance(value, bool | int | float):
        examples = error.schema.get("examples")
        return f", such as {examples[0]}" if examples else "; quote it"
    if "string" in names and isinstance(value, dict | list):
        return "; quote it if it is text"
    if "boolean" in names and str(value).lower() in (
        "yes",
        "no",
        "on",
        "off",
        "true",
        "false",
        "0",
        "1",
    ):
        return "; write true or false without quotes"
    if "array" in names and value is not None and not isinstance(value, dict):
        return "; begin each item with a dash"
    if "array" in names and isinstance(value, dict):
        return "; begin each entry with a dash"
    return ""


def _explain_enum(error: Any, show: Show) -> Explained:
    known = [str(value) for value in error.validator_value]
    yield (
        (),
        "invalid-value",
        f"{show(error.instance)} is not known here; {suggestion(error.instance, known)}",
    )


def _explain_const(error: Any, show: Show) -> Explained:
    wanted = described(error.validator_value)
    yield (), "invalid-value", f"expected {wanted}, got {show(error.instance)}"


def _explain_misfit(error: Any, show: Show) -> Explained:
    yield (), "invalid-value", _misfit(error, show)


def _misfit(error: Any, show: Show) -> str:
    expected = error.schema.get("description") or f"Expected: {error.validator_value}"
    return f"{show(error.instance)} does not fit. {expected}"


def _explain_empty(error: Any, _: Show) -> Explained:
    yield (), "invalid-value", f"must not be empty. {error.schema.get('description', '')}".rstrip()


def _explain_other(error: Any, show: Show) -> Explained:
    yield (), "invalid-value", "this does not fit here" if show is typed else error.message


_EXPLAIN: Mapping[str, Callable[[Any, Show], Explained]] = {
    "additionalProperties": _explain_unknown,
    "required": _explain_missing,
    "dependentRequired": _explain_dependent,
    "anyOf": _explain_alternatives,
    "not": _explain_not,
    "type": _explain_type,
    "enum": _explain_enum,
    "const": _explain_const,
    "pattern": _explain_misfit,
    "minimum": _explain_misfit,
    "minLength": _explain_empty,
    "minItems": _explain_empty,
    "minProperties": _explain_empty,
}

_TYPES = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "null",
    "number": "a number",
    "object": "a mapping (key: value)",
    "string": "a string",
}


# --- words ------------------------------------------------------------------------------------------------


def described(value: object) -> str:
    """Say in a few words what a value is: `the number 12`, `"yes"`, `a list`."""
    match value:
        case None:
            return "nothing (null)"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return f"the number {_cut(json.dumps(value))}"
        case str():
            return quoted(value)
        case list():
            return "a list"
    return "a mapping"


def typed(value: object) -> str:
    """Say what a value is without repeating it: `a number`, `this text`, `a list`."""
    match value:
        case None:
            return "nothing (null)"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "this text"
    return described(value)


def quoted(text: object) -> str:
    """Return a text in double quotes on one line, cut when it is long."""
    return json.dumps(_cut(str(text)), ensure_ascii=False)


def _cut(text: str, most: int = 60) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def suggestion(name: object, known: Iterable[str]) -> str:
    """Return `did you mean "x"?`, or the names to choose from where none is close."""
    names = list(known)
    by_lower = {one.lower(): one for one in names}
    close = difflib.get_close_matches(_cut(str(name)).lower(), by_lower, n=1)
    if close:
        return f"did you mean {quoted(by_lower[close[0]])}?"
    return f"expected one of {', '.join(names)}" if names else "nothing can be said here"
