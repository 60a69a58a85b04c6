"""The part of docs/lint.md that comes from the rules: a section for each, with its two examples.

`python -m tests.testing.lint_manual` writes it again; a test compares.
"""

from __future__ import annotations

import re
from itertools import groupby

from devinops.cli.handlers.lint import what_it_is
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
    """Return the page of a rule, as `devinops lint --explain` shows it."""
    text = re.sub(r"(?m)^(?: {4}.*\n?)(?:(?: {4}.*)?\n)*(?: {4}.*)?", _example, rule.manual)
    return f"#### {rule.id} {rule.name}\n\n*{what_it_is(rule)}.*\n\n{text}"


def _example(block: re.Match[str]) -> str:
    """Return an example as a fenced block, with as many backticks as its own fences do not have."""
    lines = [line[4:] for line in block[0].rstrip().split("\n")]
    fence = "`" * max([3, *(len(run) + 1 for run in re.findall("`{3,}", block[0]))])
    return "\n".join(
        [f"{fence}text", *lines, fence, *(["", ""] if block[0].endswith("\n") else [])]
    )


def with_manual(page: str) -> str:
    """Return the page with the rules of today between its markers."""
    before, rest = page.split(BEGIN)
    after = rest.split(END)[1]
    return f"{before}{BEGIN}\n\n{manual()}\n\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(with_manual(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
