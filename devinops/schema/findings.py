"""Findings: what is wrong with a value, judged by a schema and told in words for people.

This module owns jsonschema, and imports it only when something is checked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from devinops.kinds import KINDS
from devinops.model.suggest import nearest
from devinops.schema.files import entry_schema, file_schemas, sections_schema

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """What is wrong with a value. `path` leads to it; with `at_key` the key at its end is meant.

    Codes: unknown-key, missing-field, wrong-type, invalid-value, text-twice, contradiction.
    """

    path: Path
    code: str
    message: str
    at_key: bool = False


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
    return validator(sections_schema() if name == "sections" else file_schemas()[name])


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

    A name is one of `file_schemas()`, or `sections` for a YAML file without its entries. A discreet message repeats
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
    show = typed if discreet or not _KEY_VARIABLES.isdisjoint(path) else described
    if "propertyNames" in error.absolute_schema_path:
        yield Finding((*path, error.instance), "invalid-value", _misfit(error, show), at_key=True)
        return
    explain = _EXPLAIN.get(str(error.validator), _explain_other)
    for below, code, message in explain(error, show):
        yield Finding((*path, *below), code, message, at_key=code in _AT_KEY)


_AT_KEY = frozenset({"unknown-key", "text-twice", "contradiction"})

_KEY_VARIABLES = frozenset({"api_key_env", "enterprise_key_env"})
"""They name a variable; what is written there by mistake is the key itself."""

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
    (field,) = error.validator_value["required"]
    if field != "ensure":
        text_file = f"{field}_file"
        yield (
            (text_file,),
            "text-twice",
            f"{field} and {text_file} are both given: keep one of them",
        )
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
    near = nearest(name, names)
    if near:
        return f"did you mean {quoted(near)}?"
    return f"expected one of {', '.join(names)}" if names else "nothing can be said here"
