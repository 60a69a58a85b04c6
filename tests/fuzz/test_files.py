"""Damaged files: problems with a place, never a traceback; what is read is what a file of the same values says."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from devinops.kinds import KINDS
from devinops.load import Loaded, load, read_yaml
from devinops.model.objects import Declaration
from devinops.model.values import UNSET
from devinops.render.problem_text import ProblemText
from devinops.render.terminal import Terminal
from tests.testing.damage import damaged, fuzz, mutated, one_line, text_of, values
from tests.testing.places import ROOT
from tests.testing.problem_codes import documented
from tests.testing.strategies import content
from tests.testing.tree import plant

EXPLAINED = frozenset(documented())

YAML = """\
knowledge:
  - name: A
    folder: Backend/APIs
    trigger: >-
      When adding
      an endpoint
    pinned_repo: acme/api
    body: |
      Every error is an object.

      # and a heading
  - {name: B, trigger: t, body: "b\\u00e9\\n", macro: "!b", is_enabled: false, previously: [{name: Old}]}
playbooks:
  - &p {title: P, body: steps, macro: ~, structured_output_schema: {type: object, properties: {a: {type: string}}}}
  - {title: Q, ensure: absent, only_in: [production]}
secrets:
  - {key: NPM_TOKEN, type: key-value, note: read-only, max_age: 90d, version: "2", value_from: {env: A_TOKEN}}
folders:
  - path: Backend/APIs
"""


@cache
def markdown() -> tuple[bytes, ...]:
    """Return the notes of the README and of the examples."""
    found = re.findall(
        r"```markdown\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL
    )
    assert found
    examples = [path for path in sorted(ROOT.glob("examples/**/*.md")) if path.name != "README.md"]
    return (*(text.encode() for text in found), *(path.read_bytes() for path in examples))


@cache
def yaml() -> tuple[bytes, ...]:
    examples = [
        path for path in sorted(ROOT.glob("examples/**/*.yaml")) if path.name != "devinops.yaml"
    ]
    return (YAML.encode(), *(path.read_bytes() for path in examples))


@cache
def config() -> tuple[bytes, ...]:
    return tuple(path.read_bytes() for path in sorted(ROOT.glob("examples/*/devinops.yaml")))


def held(files: Mapping[str, bytes]) -> Loaded:
    """Load; hold what comes of it against what loading promises."""
    with tempfile.TemporaryDirectory() as directory:
        root = plant(Path(directory), files)
        found = load(root)
        after = {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}
    assert after == dict(files)
    for problem in found.problems:
        assert problem.code in EXPLAINED
        assert not {"\n", "\r"} & {*problem.message}, problem
        assert one_line(*ProblemText(Terminal()).problem(problem)), problem
        assert len(problem.message) < 2000
        rows = (
            files[problem.source.path].decode("utf-8", "replace").splitlines()
            if problem.source.path in files
            else []
        )
        assert 1 <= problem.source.line <= len(rows) + 1
        assert problem.source.column >= 1
    if not found.problems:
        assert found.declarations or not files
        again(found)
    return found


def again(found: Loaded) -> None:
    """Write what was read as JSON, which is YAML but for signs that take two escapes, and read that."""
    said = [entry(one) for one in found.declarations]
    sections = {section: [e for s, e in said if s == section] for section in {s for s, _ in said}}
    text = re.sub(
        r"[^ -~]", lambda sign: f"\\U{ord(sign[0]):08x}", json.dumps(sections, ensure_ascii=False)
    )
    with tempfile.TemporaryDirectory() as directory:
        other = load(plant(Path(directory), {"knowledge.yaml": text}))
    assert not other.problems, (text, other.problems)
    assert [(one.key, one.resource) for one in other.declarations] == [
        (one.key, one.resource) for one in found.declarations
    ]


def entry(one: Declaration) -> tuple[str, dict[str, Any]]:
    values = {name: value for name, value in one.resource.items() if value is not UNSET}
    if one.ensure == "absent":
        values["ensure"] = "absent"
    return KINDS[one.key.kind].section, values


@fuzz()
@given(st.deferred(lambda: damaged(st.sampled_from(yaml()), most=4)))
def test_a_yaml_file_that_was_damaged(data: bytes) -> None:
    held({"knowledge.yaml": data})


@fuzz()
@given(st.deferred(lambda: damaged(st.sampled_from(markdown()), most=4)))
def test_a_markdown_file_that_was_damaged(data: bytes) -> None:
    held({"knowledge/F/a.md": data})


@fuzz(0.5)
@given(content, content)
def test_any_bytes(one: bytes, other: bytes) -> None:
    held({"knowledge.yaml": one, "playbooks/b.md": other})


ENTRIES: dict[str, list[dict[str, Any]]] = {
    "knowledge": [{"name": "A", "trigger": "t", "body": "b", "folder": "F", "pinned_repo": "all", "previously": [{"name": "Z"}]}],
    "playbooks": [{"title": "P", "body": "b", "structured_output_schema": {"type": "object", "a": [1, None]}}],
    "secrets": [{"key": "K", "type": "totp", "max_age": "9d", "value_from": {"env": "E"}}],
    "folders": [{"path": "F"}],
}  # fmt: skip


@fuzz()
@given(mutated(st.just(ENTRIES)) | values)
def test_entries_with_something_wrong_in_them(found: Any) -> None:
    held({"knowledge.yaml": text_of(found).encode()})


@fuzz(0.5)
@given(mutated(st.just(ENTRIES["knowledge"][0])) | values, st.text())
def test_front_matter_with_something_wrong_in_it(front: Any, body: str) -> None:
    held({"knowledge/a.md": f"---\n{text_of(front)}\n---\n{body}".encode("utf-8", "replace")})


@fuzz(0.5)
@given(st.deferred(lambda: damaged(st.sampled_from(config()))) | content)
def test_a_configuration_that_was_damaged(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as directory:
        root = plant(Path(directory), {"devinops.yaml": data})
        _, problems = read_yaml(root / "devinops.yaml", root, "config")
    for problem in problems:
        assert not {"\n", "\r"} & {*problem.message}, problem
        assert one_line(*ProblemText(Terminal()).problem(problem))
