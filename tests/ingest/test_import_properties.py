"""No bytes are a traceback, and whatever is imported is valid."""

from __future__ import annotations

import copy
import json
import re
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from devinops.ingest.forms.terraform_state import FORM
from devinops.ingest.import_form import ENTERPRISE, ImportChoices, ImportSource
from devinops.ingest.import_sources import ImportSources
from devinops.ingest.importing import Existing, import_contents
from devinops.load import load
from devinops.model.values import canonical_text
from tests.testing.places import read_cases
from tests.testing.strategies import content, texts

MARKDOWN = [
    "a.mdc",
    "a.instructions.md",
    ".devin/rules/a.md",
    "AGENTS.md",
    "skills/a/SKILL.md",
    "a.devin.md",
    "a.prompt.md",
    ".claude/commands/a.md",
    "notes.md",
]
NAMES = [*MARKDOWN, "a.json", "a.tfstate", ".devin-plugin/plugin.json"]
pieces = st.sampled_from(
    ["---\n", "description: ", "globs: ", "alwaysApply: true\n", "trigger: ", "name: ", "# ", "## ",
     "> ", "Trigger: ", "When ", "```\n", "<!--", "-->", "|", ">", "- ", "'", "**/*.{a,b}", "\n",
     "metadata:\n  devinops-key: knowledge:a/b\n", "\t", "\r\n", "$1", "[", "]", "@x\n", "é", "\u2028"]
)  # fmt: skip
json_pieces = st.sampled_from(
    ['{"version": 4, "terraform_version": "1", "resources": [', '{"knowledge": [', '{"items": [',
     '{"note_id": "n", "name": "N", "trigger": "t", "body": "b"}', '{"type": "devin_playbook",',
     '"name": "n", ', '"instances": [', '{"attributes": {"title": "T", "body": "b"}}', "]", "}", ",",
     '"id": 1', "null", '"x": ']
)  # fmt: skip
wild = st.one_of(
    content,
    st.lists(pieces, max_size=30).map("".join).map(str.encode),
    st.lists(json_pieces, max_size=12).map("".join).map(str.encode),
)


@given(st.dictionaries(st.sampled_from(NAMES), wild, min_size=1, max_size=3), st.booleans())
def test_nothing_raises_and_what_is_imported_is_valid(files: dict[str, bytes], split: bool) -> None:
    choices = ImportChoices(split=split, repo="acme/api", into="F")
    with tempfile.TemporaryDirectory() as top:
        for name, data in files.items():
            path = Path(top, "sources", name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        sources = ImportSources(choices)
        sources.add(str(Path(top, "sources")))
        report = import_contents(sources.read, choices, Existing())
        Path(top, "root").mkdir()
        for file in report.files:
            path = Path(top, "root", file.path)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(file.text, encoding="utf-8", newline="\n")
        loaded = load(Path(top, "root"))
    assert {problem.code for problem in loaded.problems} <= {"placeholder"}
    assert {d.key for d in loaded.declarations} == {item.key for item in report.imported}
    for line in (remark for item in report.imported for remark in item.remarks):
        assert line


STATE: Any = read_cases("terraform_state.yaml")["state"]  # type: ignore[call-overload]
PLACES = ["", "org-web", "org-data", ENTERPRISE, None]
WRONG = st.sampled_from(
    [None, 0, 1.5, True, "", "/", "@", "x\u2028", [], [None], ["x"], {}, {"a": 1}]
)


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of each value inside a JSON value."""
    parts = value.items() if isinstance(value, dict) else enumerate(value)
    found = [path] if path else []
    if isinstance(value, dict | list):
        for name, part in parts:
            inner = isinstance(part, dict | list)
            found += paths(part, (*path, name)) if inner else [(*path, name)]
    return found


def at(type: str, *path: Any) -> tuple[Any, ...]:
    """Return the path of a value in the first instance of a type."""
    (number,) = (n for n, each in enumerate(STATE["resources"]) if each["type"] == type)
    return (number, "instances", 0, "attributes", *path)


@example([(at("devin_users", "users", 0, "email"), 0)], "org-web")
@example([(at("devin_ip_access_list", "ip_ranges", 0), True)], ENTERPRISE)
@example([(at("devin_org_group_limits", "groups", 1, "name"), None)], ENTERPRISE)
@given(
    st.lists(st.tuples(st.sampled_from(paths(STATE["resources"])), WRONG), min_size=1, max_size=4),
    st.sampled_from(PLACES),
)
def test_no_wrong_value_in_a_terraform_state_raises_or_tells_a_secret(
    wrong: list[tuple[tuple[Any, ...], Any]], place: str | None
) -> None:
    resources = copy.deepcopy(STATE["resources"])
    for path, value in wrong:
        part: Any = resources
        try:
            for name in path[:-1]:
                part = part[name]
            part[path[-1]] = copy.deepcopy(value)
        except (LookupError, TypeError):
            continue  # an earlier wrong value took its place
    source = ImportSource("state.json", json.dumps({**STATE, "resources": resources}), named=True)
    choices = ImportChoices(place=place)
    report = import_contents([(source, FORM, FORM.read(source, choices))], choices, Existing())
    assert len(report.imported) == sum(len(file.declarations) for file in report.files)
    assert "s3cr3t" not in repr(report)


@given(texts)
def test_the_body_of_a_rule_is_never_changed(text: str) -> None:
    body = text.replace("\r\n", "\n").replace("\r", "\n")
    rule = f"---\ndescription: When testing\nglobs: *.py\n---\n{body}"
    with tempfile.TemporaryDirectory() as top:
        Path(top, "a.mdc").write_bytes(rule.encode("utf-8", "replace"))
        sources = ImportSources(ImportChoices())
        sources.add(str(Path(top, "a.mdc")))
    ((_, _, contents),) = sources.read
    (item,) = contents.items
    assert canonical_text(item.text) == canonical_text(body.encode("utf-8", "replace").decode())  # type: ignore[union-attr]


front_lines = st.sampled_from(
    ["name: A", "title: B", "description: When testing", "globs: **/*", "globs: *.ts", "trigger: manual",
     "alwaysApply: true", "???", "- x", "# why", "description: |", "  more", "", "disable-model-invocation: true",
     "metadata:", "  devinops-key: knowledge:a/b"]
)  # fmt: skip
fronts = st.one_of(
    st.just(""), st.lists(front_lines).map(lambda rows: "\n".join(("---", *rows, "---", "")))
)
markers = st.sampled_from(
    ["", "# One\n\n", "## Two\n\n", "### Three\n", "Four\n===\n", "> ", "> When ", "- ", "1. ", "Trigger: ",
     "## Trigger\n\n", "## When to use\n\n", "```\n", "~~~\n# ", "<!-- ", "-->", "    ", "[x](y.md) ", "| "]
)  # fmt: skip
bodies = st.lists(st.tuples(markers, st.sampled_from(["\n", "\n\n", " "])), max_size=12).map(
    lambda parts: "".join(f"{mark}word{n}.{end}" for n, (mark, end) in enumerate(parts))
)


@given(st.sampled_from(MARKDOWN), fronts, bodies)
def test_every_word_of_a_body_is_imported(name: str, front: str, body: str) -> None:
    """Each is in the text, or in the trigger if the text says when to use it."""
    sources = ImportSources(ImportChoices())
    with tempfile.TemporaryDirectory() as top:
        path = Path(top, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(front + body, encoding="utf-8")
        sources.add(top)
    items = [item for _, _, contents in sources.read for item in contents.items]
    imported = " ".join(f"{item.text} {item.when}" for item in items)  # type: ignore[union-attr]
    words = set(re.findall(r"word\d+", body))
    assert words - set(re.findall(r"word\d+", imported)) == set()
