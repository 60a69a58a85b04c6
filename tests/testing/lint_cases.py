"""The labeled set of the lint rules: what each must find, and what only looks like it.

`tests/cases/lint_faults.yaml` has faults by family: texts of notes that are otherwise fine, and whether a rule finds
them. `tests/cases/lint/NAME.yaml` has `positives` and `near_misses` of a rule. A case is a text, which fills the `field` of
the file in a note that is otherwise fine; or the fields of a note; or `files` with their contents.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any, NamedTuple

import yaml

from devinops.lint.engine import Reported, check
from devinops.lint.rule import Rule
from devinops.lint.rules import RULES
from devinops.lint.settings import LintSettings
from devinops.lint.subject import Context, Subject
from devinops.load import read_entries
from devinops.load.file_names import CONFIG
from devinops.model.objects import Ensure
from tests.testing.leaks import secrets
from tests.testing.places import CASES, read_yaml

_SECRETS = secrets()
TODAY = date(2026, 11, 2)
FINE = {
    "name": "Deployments",
    "trigger": "When deploying the billing service of the shop",
    "body": "Ask in the release channel before a deployment on a Friday.\n\n1. Run the smoke test.\n2. Tell support.",
}
FINE_PLAYBOOK = {
    "title": "Triage",
    "body": "1. Read the alert.\n2. Find the owner.\n3. Write a summary.",
}


@dataclass(frozen=True)
class MemoryRepository:
    """Files in memory, by path."""

    files: Mapping[str, str]
    rule_files: frozenset[str] = field(
        default=frozenset({"AGENTS.md", "CLAUDE.md", ".cursorrules", "rules.mdc", "SKILL.md"})
    )

    def lines(self, path: str) -> Sequence[str]:
        return self.files[path].split("\n") if path in self.files else ()

    def exists(self, path: str) -> bool:
        return any(name == path or name.startswith(f"{path}/") for name in self.files)

    def is_beyond(self, path: str) -> bool:
        return path.startswith("../")

    def from_top(self, path: str) -> str:
        return path

    def rules(self) -> Mapping[str, str]:
        return {
            path: text
            for path, text in self.files.items()
            if path.rpartition("/")[2] in self.rule_files
        }


def findings(
    files: Mapping[str, str], settings: LintSettings | None = None, rules: Sequence[Rule] = RULES
) -> list[Reported]:
    """Return what lint finds in files that are in memory only. They must load without problems."""
    repository = MemoryRepository(files)
    subjects = []
    for path, text in files.items():
        is_below = path.startswith(("knowledge/", "playbooks/")) and path.endswith((".md", ".yaml"))
        if path != CONFIG and (is_below or (path.endswith(".yaml") and "/" not in path)):
            declarations, problems = read_entries(path, text, body_at=files.get)
            assert problems == [], (path, problems)
            subjects += [
                Subject(declaration, repository.lines)
                for declaration in declarations
                if declaration.ensure is Ensure.PRESENT
            ]
    subjects.sort(key=lambda subject: subject.declaration.source)
    budgets, config = (settings or LintSettings()).budgets, yaml.safe_load(files.get(CONFIG, "{}"))
    targets, has_waves = config.get("targets", {}), "waves" in config
    context = Context(tuple(subjects), repository, TODAY, budgets, targets, has_waves)
    return check(context, settings or LintSettings(), rules)


def found(rule: Rule, files: Mapping[str, str]) -> list[Reported]:
    """Return what one rule finds."""
    return [report for report in findings(files) if report.rule.id == rule.id]


@dataclass(frozen=True)
class Case:
    rule: str
    is_positive: bool
    number: int
    files: Mapping[str, str]

    def __str__(self) -> str:
        return f"{self.rule} {'positive' if self.is_positive else 'near miss'} {self.number}"


@cache
def cases() -> tuple[Case, ...]:
    """Return all cases, sorted by rule."""
    return tuple(_cases())


def _cases() -> Iterator[Case]:
    for path in sorted((CASES / "lint").glob("*.yaml")):
        content = read_yaml(filled(path.read_text(encoding="utf-8")))
        for label in ("positives", "near_misses"):
            for number, case in enumerate(content[label], 1):
                yield Case(path.stem, label == "positives", number, _files(case, content))


def _files(case: Any, content: Mapping[str, Any]) -> Mapping[str, str]:
    if not isinstance(case, dict):
        case = {content["field"]: case}
    if "files" in case:
        return dict(case["files"])
    more = dict(case.pop("with", content.get("with", {})))
    is_playbook = content.get("kind") == "playbooks"
    if is_playbook:
        return {"playbooks/case.md": page(FINE_PLAYBOOK | case)} | more
    return {"knowledge/case.md": page(FINE | case)} | more


class Fault(NamedTuple):
    """A text that fills one field of a note, and whether a rule finds something in the note.

    With `twin`, a second note has the same text there.
    """

    family: str
    rule: str
    text: str
    finds: bool
    field: str = "body"
    twin: bool = False

    def is_found(self) -> bool:
        note = FINE | {self.field: self.text}
        files = {"knowledge/case.md": page(note)}
        if self.twin:
            files["knowledge/twin.md"] = page(note | {"name": "Twin"})
        return any(report.rule.name == self.rule for report in findings(files))


@cache
def faults() -> tuple[Fault, ...]:
    """Return the faults of all families, and what only looks like one."""
    rows = read_yaml(filled((CASES / "lint_faults.yaml").read_text(encoding="utf-8")))
    return tuple(Fault(**row) for row in rows)


def page(entry: Mapping[str, Any]) -> str:
    """Return an entry as a Markdown file."""
    front = {name: value for name, value in entry.items() if name != "body"}
    return f"---\n{yaml.safe_dump(front, allow_unicode=True, sort_keys=False, width=10_000)}---\n{entry['body']}\n"


def filled(text: str) -> str:
    """Return a text with characters and tokens in place of `<1,100 more characters>` and `<a GitHub token>`."""
    for title, (_, secret) in _SECRETS.items():
        text = re.sub(f"<an? {title}>", secret.partition("\n")[0], text)
    text = re.sub("<U[+]([0-9A-F]+)>", lambda match: chr(int(match[1], 16)), text)
    return re.sub(r"<([\d,]+) more characters>", lambda m: _words(int(m[1].replace(",", ""))), text)


def _words(size: int) -> str:
    """Return text of this size, in which no three words repeat."""
    words, number = "", 0
    while len(words) < size:
        number += 1
        words += f"w{number * number} "
    return words[:size].rstrip()


def example_files(example: str) -> Mapping[str, str]:
    """Return path → content of an example in the page of a rule."""
    parts = re.split(
        r"^([\w./-]+\.(?:md|mdc|yaml|cursorrules))$\n", filled(example), flags=re.MULTILINE
    )
    return dict(zip(parts[1::2], parts[2::2], strict=True))
