"""Check values against a schema, and explain what is wrong in plain language.

This module owns jsonschema, and imports it only when something is checked.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from devinops.kinds import KINDS
from devinops.model.credentials import starred
from devinops.model.suggest import nearest
from devinops.schema.fast_check import Fits, compiled, quick_check
from devinops.schema.files import entry_schema, file_schema, sections_schema

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

Path = tuple[str | int, ...]


class SchemaFinding(NamedTuple):
    """What is wrong with the value at `path`, or, with `at_key`, with the last key of `path`.

    Codes: unknown-key, missing-field, wrong-type, invalid-value, text-twice, contradiction, and
    unknown-word, which is a warning.
    """

    path: Path
    code: str
    message: str
    at_key: bool = False


def validator(schema: Mapping[str, Any]) -> Validator:
    """Return a compiled validator. Building one is slow: reuse it."""
    built: Validator = _validator_class()(schema)
    return built


@dataclass(frozen=True)
class Checker:
    """A schema to check values against. jsonschema is imported for the first wrong value."""

    schema: Mapping[str, Any]

    @cached_property
    def fits(self) -> Fits:
        """Value → whether it surely fits."""
        return quick_check(self.schema)

    @cached_property
    def _validator(self) -> Validator:
        return validator(self.schema)

    def errors(self, value: Any) -> Iterator[Any]:
        """Yield jsonschema's errors."""
        if not self.fits(value):
            yield from self._validator.iter_errors(value)


@cache
def entry_checker(noun: str, *, front_matter: bool = False) -> Checker:
    """Return the checker for the entries of a kind, built once."""
    return Checker(entry_schema(KINDS[noun], front_matter=front_matter))


@cache
def _named_checker(name: str) -> Checker:
    return Checker(sections_schema() if name == "sections" else file_schema(name))


@cache
def _validator_class() -> Any:
    """Return a class of Draft 2020-12 validators in which `$` matches only the end of a text.

    In Python it also matches before a final newline, which would accept `"!triage\\n"` as a macro.
    """
    from jsonschema import Draft202012Validator, ValidationError, validators

    def match(_: Any, pattern: str, value: Any, __: Any) -> Iterator[ValidationError]:
        if isinstance(value, str) and not compiled(pattern).search(value):
            yield ValidationError(f"{value!r} does not match {pattern!r}")

    extend: Any = validators.extend
    return extend(Draft202012Validator, {"pattern": match})


def check(
    schema: str | Checker, value: Any, *, hides_values: bool = False
) -> Iterator[SchemaFinding]:
    """Yield what is wrong with `value`, in the order of the schema, each finding once.

    `schema` can be the name of one of `file_schemas()`, or `sections` for a YAML file without its
    entries. With `hides_values`, no message quotes a key or a scalar of `value`, which may be a
    secret in the wrong field.
    """
    checker = _named_checker(schema) if isinstance(schema, str) else schema
    seen: set[SchemaFinding] = set()
    errors = list(checker.errors(value))
    misspelled = {meant for error in errors for meant in _misspelled(error)}
    for error in errors:
        for finding in _findings(error, hides_values):
            is_known = (finding.path, finding.message.partition(":")[0]) in misspelled
            if finding not in seen and not is_known:
                seen.add(finding)
                yield finding


def unknown_words(
    schema: Mapping[str, Any], value: Any, path: Path = ()
) -> Iterator[SchemaFinding]:
    """Yield a warning for each word of an open list that is not `known`; only the API knows all."""
    if isinstance(value, str) and value not in schema.get("known", (value,)):
        near = quoted(nearest(value, schema["known"], similarity=0))
        message = (
            f"devinops does not know the word {quoted(value)}, and only the API can say if it is "
            f"right; the nearest known word is {near}"
        )
        yield SchemaFinding(path, "unknown-word", message)
    for name, part in value.items() if isinstance(value, dict) else ():
        fields = schema.get("then", schema).get("properties", {})
        yield from unknown_words(fields.get(name, {}), part, (*path, name))
    for number, item in enumerate(value if isinstance(value, list) else ()):
        yield from unknown_words(schema.get("items", {}), item, (*path, number))


def _misspelled(error: Any) -> Iterator[tuple[Path, str]]:
    """Yield the place and the message of each missing field that an unknown key stands for.

    The problem of the key says so already.
    """
    if error.validator == "additionalProperties":
        known = list(error.schema.get("properties", ()))
        for name in error.instance:
            if name not in known:
                yield tuple(error.absolute_path), f"the field {nearest(name, known)} is missing"


def _findings(error: Any, hides_values: bool) -> Iterator[SchemaFinding]:
    path: Path = tuple(error.absolute_path)
    show = typed if hides_values or not _KEY_VARIABLES.isdisjoint(path) else described
    if "propertyNames" in error.absolute_schema_path:
        yield SchemaFinding(
            (*path, error.instance), "invalid-value", _misfit(error, show), at_key=True
        )
        return
    explain = _EXPLAIN.get(str(error.validator), _explain_other)
    for below, code, message in explain(error, show):
        yield SchemaFinding((*path, *below), code, message, at_key=code in _AT_KEY)


_AT_KEY = frozenset({"unknown-key", "text-twice", "contradiction"})

_KEY_VARIABLES = frozenset({"api_key_env", "enterprise_key_env"})
"""Their values are names of variables, but by mistake may be the keys themselves."""

Explained = Iterator[tuple[Path, str, str]]
Show = Callable[[object], str]
"""Value → a short description: `described`, or `typed` if the value must not be quoted."""


_VALUES = frozenset({"value", "password", "token"})
_LEAKED = (
    "a secret value does not belong in a file: remove it, and replace the secret, because this "
    "value may have leaked; see value_from"
)


def _explain_unknown(error: Any, show: Show) -> Explained:
    known = list(error.schema.get("properties", ()))
    for name in error.instance:
        if name not in known:
            if show is typed and name.lower() in _VALUES:
                yield (name,), "unknown-key", _LEAKED
                continue
            unknown = "this key is unknown" if show is typed else f"unknown key {quoted(name)}"
            yield (name,), "unknown-key", f"{unknown}; {suggestion(name, known)}"


def _explain_missing(error: Any, _: Show) -> Explained:
    for name in error.validator_value:
        if name not in error.instance:
            yield (), "missing-field", f"the field {name} is missing: add it"


def _explain_dependent(error: Any, _: Show) -> Explained:
    for name, needed in error.validator_value.items():
        for other in needed:
            if name in error.instance and other not in error.instance:
                yield (), "missing-field", f"{name} also needs the field {other}: add it"


def _explain_alternatives(error: Any, _: Show) -> Explained:
    names = [name for choice in error.validator_value for name in choice["required"]]
    yield (), "missing-field", f"the field {names[0]} is missing: write {' or '.join(names)}"


def _explain_not(error: Any, _: Show) -> Explained:
    (field,) = error.validator_value["required"]
    if field != "ensure":
        text_file = f"{field}_file"
        message = f"{field} and {text_file} are both set: keep one of them"
        yield (text_file,), "text-twice", message
    else:
        message = "`ensure: absent` deletes what `protect: true` keeps: remove one of them"
        yield ("protect",), "contradiction", message


def _explain_type(error: Any, show: Show) -> Explained:
    types = error.validator_value
    names = [types] if isinstance(types, str) else list(types)
    expected = " or ".join(_TYPES.get(name, name) for name in names)
    got = show(error.instance)
    yield (), "wrong-type", f"expected {expected}, got {got}{_remedy(names, error)}"


def _remedy(names: list[str], error: Any) -> str:
    """Say how to write a value of one of the expected types, empty if that is unclear."""
    for name, remedy in _REMEDIES.items():
        advice = remedy(error) if name in names else ""
        if advice:
            return advice
    return ""


def _remedy_of_string(error: Any) -> str:
    if isinstance(error.instance, bool | int | float):
        examples = error.schema.get("examples")
        return f", such as {examples[0]}" if examples else "; quote it"
    if isinstance(error.instance, dict | list):
        return "; quote it if it is text"
    return ""


_LIKE_A_BOOLEAN = frozenset({"yes", "no", "on", "off", "true", "false", "0", "1"})


def _remedy_of_boolean(error: Any) -> str:
    if str(error.instance).lower() in _LIKE_A_BOOLEAN:
        return "; write true or false without quotes"
    return ""


def _remedy_of_array(error: Any) -> str:
    if error.instance is None:
        return ""
    part = "entry" if isinstance(error.instance, dict) else "item"
    return f"; begin each {part} with a dash"


def _remedy_of_object(error: Any) -> str:
    """Say which field a value belongs to, if it is the only one that the mapping must have."""
    required = error.schema.get("required", ())
    if isinstance(error.instance, str) and len(required) == 1:
        (name,) = required
        schema = error.schema["properties"][name]
        if error.instance in (*schema.get("enum", ()), *schema.get("known", ())):
            return f"; write {{{name}: {error.instance}}}"
    return ""


_REMEDIES: Mapping[str, Callable[[Any], str]] = {
    "object": _remedy_of_object,
    "string": _remedy_of_string,
    "boolean": _remedy_of_boolean,
    "array": _remedy_of_array,
}


def _explain_enum(error: Any, show: Show) -> Explained:
    known = [str(value) for value in error.validator_value]
    better = suggestion(error.instance, known)
    yield (), "invalid-value", f"{show(error.instance)} is not an allowed value; {better}"


def _explain_const(error: Any, show: Show) -> Explained:
    expected = described(error.validator_value)
    yield (), "invalid-value", f"expected {expected}, got {show(error.instance)}"


def _explain_misfit(error: Any, show: Show) -> Explained:
    yield (), "invalid-value", _misfit(error, show)


def _misfit(error: Any, show: Show) -> str:
    expected = error.schema.get("description") or f"Expected: {error.validator_value}"
    value = "an empty string" if error.instance == "" else show(error.instance)
    return f"{value} is not valid. {expected}"


def _explain_empty(error: Any, _: Show) -> Explained:
    yield (), "invalid-value", f"must not be empty. {error.schema.get('description', '')}".rstrip()


def _explain_too_many(error: Any, _: Show) -> Explained:
    description = error.schema.get("description", "")
    message = f"{len(error.instance)} are more than {error.validator_value}. {description}"
    yield (), "invalid-value", message.rstrip()


def _explain_repeat(error: Any, show: Show) -> Explained:
    texts = [json.dumps(item, sort_keys=True) for item in error.instance]
    for number, text in enumerate(texts):
        if text in texts[:number]:
            repeated = show(error.instance[number])
            yield (number,), "invalid-value", f"{repeated} is in this list twice: keep one of them"


def _explain_other(error: Any, show: Show) -> Explained:
    yield (), "invalid-value", "this value is not valid" if show is typed else error.message


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
    "maximum": _explain_misfit,
    "maxLength": _explain_misfit,
    "maxProperties": _explain_too_many,
    "uniqueItems": _explain_repeat,
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


# --- descriptions of values -----------------------------------------------------------------------


def described(value: object) -> str:
    """Return a short description of a value: `the number 12`, `"yes"`, `a list`."""
    match value:
        case None:
            return "nothing (null)"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return f"the number {shortened(json.dumps(value))}"
        case str():
            return quoted(value)
        case list():
            return "a list"
    return "a mapping"


def typed(value: object) -> str:
    """Return the type of a value in words: `a number`, `this text`, `a list`."""
    match value:
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "this text"
    return described(value)


def quoted(text: object) -> str:
    """Return the text in double quotes on one line, shortened if it is long, without secrets."""
    # Once it is shortened, what is left of a secret may not look like one.
    return json.dumps(shortened(starred(str(text))), ensure_ascii=False)


def shortened(text: str, limit: int = 60) -> str:
    """Return a text of at most this many characters."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def suggestion(name: object, known: Iterable[str]) -> str:
    """Return `did you mean "x"?`, or the known names if none is close."""
    names = list(known)
    near = nearest(name, names)
    if near:
        return f"did you mean {quoted(near)}?"
    return f"expected one of {', '.join(names)}" if names else "no keys are allowed here"
