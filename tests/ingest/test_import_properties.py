"""No bytes are a traceback, and whatever is imported is valid."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from devinops.ingest.import_form import ImportChoices
from devinops.ingest.import_sources import ImportSources
from devinops.ingest.importing import Existing, import_contents
from devinops.load import load
from devinops.model.values import canonical_text
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
