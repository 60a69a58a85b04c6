"""The codes of problems: those in docs/troubleshooting.md, and those in the source."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

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


def literals() -> set[str]:
    """Return every text in the source that looks like a code."""
    return {node.value for tree in _trees() for node in ast.walk(tree) if _is_code(node)}


def made() -> set[str]:
    """Return the codes that the source passes to what makes a problem."""
    calls = [node for tree in _trees() for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return {
        argument.value
        for call in calls
        if ast.unparse(call.func).rpartition(".")[2] in _MADE_BY
        for argument in call.args
        if _is_code(argument)
    }


def _trees() -> Iterator[ast.Module]:
    for path in (ROOT / "devinops").rglob("*.py"):
        yield ast.parse(path.read_text("utf-8"))


def _is_code(node: ast.AST) -> bool:
    is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return is_text and bool(_CODE.fullmatch(node.value))
