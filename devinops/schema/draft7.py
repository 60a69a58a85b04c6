"""What is wrong with a JSON Schema of draft 7 that a user wrote, and what it refers to. Pure.

jsonschema is imported when a schema is checked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import unquote, urldefrag, urljoin

from devinops.model.credentials import starred
from devinops.schema.findings import shortened

Path = tuple[str | int, ...]

_SCHEMAS: Final = frozenset(
    """additionalItems additionalProperties contains else if items not propertyNames then""".split()
)
_LISTS: Final = frozenset({"allOf", "anyOf", "items", "oneOf"})
_MAPPINGS: Final = frozenset(
    {"$defs", "definitions", "dependencies", "patternProperties", "properties"}
)
"""Keywords with a schema, a list of schemas, or a mapping of names to schemas. `$defs` is newer
than draft 7, but tools write it. Everything else, such as `const` and `examples`, is data."""


class Subschema(NamedTuple):
    """A schema in a schema. `address` is its own, and references are relative to it."""

    path: Path
    node: Mapping[str, Any]
    address: str


def subschemas(schema: Mapping[str, Any]) -> Iterator[Subschema]:
    """Yield a schema and all schemas in it, those outside first."""
    waiting: list[tuple[Path, Any, str]] = [((), schema, "")]
    while waiting:
        path, node, around = waiting.pop()
        if isinstance(node, dict):
            address = _joined(around, node.get("$id"))
            yield Subschema(path, node, address)
            below = [(where, part, urldefrag(address).url) for where, part in _below(path, node)]
            waiting.extend(reversed(below))


def _below(path: Path, node: Mapping[str, Any]) -> Iterator[tuple[Path, Any]]:
    for keyword, value in node.items():
        if isinstance(value, list) and keyword in _LISTS:
            yield from (((*path, keyword, at), part) for at, part in enumerate(value))
        elif isinstance(value, dict) and keyword in _MAPPINGS:
            yield from (((*path, keyword, name), part) for name, part in value.items())
        elif keyword in _SCHEMAS:
            yield (*path, keyword), value


# --- faults ---------------------------------------------------------------------------------------

_NO_REGULAR_EXPRESSION: Final = (
    "missing ), unterminated subpattern",
    "unbalanced parenthesis",
    "unterminated character set",
    "nothing to repeat",
    "multiple repeat",
    "bad escape (end of pattern)",
)
"""Python's errors for patterns that are wrong in JavaScript too, whose syntax schemas use."""

_ONLY_IN_JAVASCRIPT: Final = re.compile(r"\[\^?\]|\{,")
"""Syntax that means something else in Python: an empty set, and braces that repeat nothing."""


def faults(schema: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """Yield place and reason of each fault in a schema, one for each place."""
    from jsonschema import Draft7Validator

    meta = Draft7Validator(Draft7Validator.META_SCHEMA)
    seen: set[Path] = set()
    for error in meta.iter_errors(schema):
        leaf = max(error.context, key=lambda part: len(part.path)) if error.context else error
        path = tuple(error.absolute_path)
        if path not in seen:
            seen.add(path)
            yield path, _shown(leaf.message)
    for path, pattern in _patterns(schema):
        if reason := _fault_of_pattern(pattern):
            yield path, _shown(f"{pattern!r} is not a regular expression: {reason}")


def _patterns(schema: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    for subschema in subschemas(schema):
        if isinstance(pattern := subschema.node.get("pattern"), str):
            yield (*subschema.path, "pattern"), pattern
        names = subschema.node.get("patternProperties")
        for name in names if isinstance(names, dict) else ():
            yield (*subschema.path, "patternProperties", name), str(name)


def _fault_of_pattern(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        is_wrong = error.msg in _NO_REGULAR_EXPRESSION and not _ONLY_IN_JAVASCRIPT.search(pattern)
        return error.msg if is_wrong else ""
    return ""


def _shown(text: str) -> str:
    return shortened(starred(text), 200)


# --- references -----------------------------------------------------------------------------------


def unresolved(schema: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """Yield the place of each `$ref` that leads to nothing in the schema, and what it says."""
    parts = list(subschemas(schema))
    by_address: dict[str, Any] = {"": schema}
    for part in parts:
        if isinstance(part.node.get("$id"), str):
            by_address.setdefault(part.address.removesuffix("#"), part.node)
    for part in parts:
        reference = part.node.get("$ref")
        if isinstance(reference, str):
            address = _joined(urldefrag(part.address).url, reference).removesuffix("#")
            if address not in by_address and not _has(by_address, *urldefrag(address)):
                yield (*part.path, "$ref"), reference


def _has(by_address: Mapping[str, Any], document: str, pointer: str) -> bool:
    """Return whether a document is known, and has a value at a JSON pointer."""
    node = by_address.get(document)
    if not pointer.startswith("/"):
        return False
    for part in unquote(pointer[1:]).split("/"):
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(node, list) and name.isdecimal() and int(name) < len(node):
            node = node[int(name)]
        elif isinstance(node, dict) and name in node:
            node = node[name]
        else:
            return False
    return True


def _joined(base: str, address: object) -> str:
    """Return an address that may be relative to another."""
    if not isinstance(address, str):
        return base
    if address.startswith("#"):
        return urldefrag(base).url + address
    try:
        return urljoin(base, address)
    except ValueError:
        return address
