"""The codes of problems: those in docs/troubleshooting.md, and those in the source."""

from __future__ import annotations

import ast
import re
from functools import cache

from devinops.kinds import KINDS
from devinops.model.kind import Role
from tests.testing.places import ROOT

PAGE = ROOT / "docs" / "troubleshooting.md"
_CODE = re.compile("[a-z]+(?:-[a-z0-9]+)+")
_MADE_BY = {"problem", "Problem", "_report", "_report_glob", "refused"}
"""The functions that get the code of a problem."""

LATER = {
    "credential-variable",
    "foreign-key-variable",
    "leaked-key",
    "missing-parent",
    "no-entries",
    "no-wave",
    "not-fixed",
    "not-formatted",
    "other-version",
    "same-as-unmanaged",
    "same-organization",
    "several-waves",
    "unknown-mention",
    "unknown-rule",
    "unknown-target",
    "unsupported-field",
    "unsupported-kind",
    "unusable-wave",
    "unused-path",
    "without-effect",
}
"""What is found after all files have been read, besides what depends on a kind."""


def documented() -> list[str]:
    """Return the codes that the page lists, in its order."""
    return [code for row in rows() for code in row]


def rows() -> list[list[str]]:
    """Return the codes of each row of the table on the page."""
    section = PAGE.read_text("utf-8").partition("\n## Problems in files\n")[2]
    cells = re.findall(r"^\|.*\| (`.*) \|$", section, re.MULTILINE)
    return [re.findall("`([a-z0-9-]+)`", cell) for cell in cells]


def of_kinds() -> set[str]:
    """Return the codes that are made from the names of kinds and fields."""
    codes = set()
    for noun, kind in KINDS.items():
        codes |= {f"nested-{noun}" for calls in kind.apis.values() if calls.is_flat}
        for attribute in kind.attributes:
            made = {
                Role.MAX_AGE: f"{noun}-age",
                Role.ADVISORY: f"{noun}-{attribute.name}",
                Role.ROTATION: f"{attribute.name}-needs-inventory",
            }
            if attribute.role in made:
                codes.add(made[attribute.role])
    return codes


def literals() -> frozenset[str]:
    """Return every text in the source that looks like a code."""
    return _in_source()[0]


def made() -> frozenset[str]:
    """Return the codes that the source passes to what makes a problem."""
    return _in_source()[1]


@cache
def _in_source() -> tuple[frozenset[str], frozenset[str]]:
    found, passed = set[str](), set[str]()
    for path in (ROOT / "devinops").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and _name(node.func) in _MADE_BY:
                passed.update(filter(None, map(_code, node.args)))
            elif code := _code(node):
                found.add(code)
    return frozenset(found), frozenset(passed)


def _name(function: ast.expr) -> str:
    """Return the last word of what is called."""
    return getattr(function, "attr", "") or getattr(function, "id", "")


def _code(node: ast.AST) -> str:
    """Return the text of a node that looks like a code; empty for any other node."""
    text = node.value if isinstance(node, ast.Constant) else None
    return text if isinstance(text, str) and _CODE.fullmatch(text) else ""
