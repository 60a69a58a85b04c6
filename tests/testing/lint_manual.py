"""The part of docs/lint.md that comes from the rules: a section for each, without its examples.

`python -m tests.testing.lint_manual` writes it again; a test compares.
"""

from __future__ import annotations

import re
from itertools import groupby

from devinops.lint.rule import Rule
from devinops.lint.rules import RULES
from tests.testing.places import ROOT

PAGE = ROOT / "docs" / "lint.md"
BEGIN, END = "<!-- rules: begin -->", "<!-- rules: end -->"
FAMILIES = {
    "DV1": "Triggers",
    "DV2": "Texts",
    "DV3": "Safety",
    "DV4": "References",
    "DV5": "Freshness",
    "DV6": "Playbooks",
    "DV9": "Exceptions",
}


def manual() -> str:
    """Return all rules as Markdown."""
    return "\n\n".join(
        text
        for family, rules in groupby(RULES, key=lambda rule: rule.id[:3])
        for text in (f"### {FAMILIES[family]}", *map(_section, rules))
    )


def _section(rule: Rule) -> str:
    """Return what a rule finds and why; `devinops lint --explain` has the examples."""
    text = re.split(r"\n\n(?:In the example|Fails:)", rule.manual)[0]
    return f"#### {rule.id} {rule.name}\n\n*{rule.severity.value}:* {text}"


def with_manual(page: str) -> str:
    """Return the page with the rules of today between its markers."""
    before, rest = page.split(BEGIN)
    after = rest.split(END)[1]
    return f"{before}{BEGIN}\n\n{manual()}\n\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(with_manual(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
