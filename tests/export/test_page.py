"""A file of a plugin is read back as it was written, and known as long as nobody changed it."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from devinops.export.page import page, provenance
from devinops.load.markdown import split
from devinops.model.keys import ROOT, Key

KEY = Key.parse("knowledge:Backend/Error envelope")
PATH = "skills/error-envelope/SKILL.md"
FRONT = {"name": "error-envelope", "description": "When x: y", "triggers": ["user"]}
TEXT = page(PATH, FRONT, KEY, {"macro": "!e"}, "Body")


def test_a_file_has_front_matter_metadata_and_body() -> None:
    assert TEXT.splitlines()[:9] == [
        "---",
        "name: error-envelope",
        'description: "When x: y"',
        "triggers:",
        "  - user",
        "metadata:",
        "  devinops-key: knowledge:Backend/Error envelope",
        '  devinops-macro: "!e"',
        TEXT.splitlines()[8],
    ]
    assert TEXT.splitlines()[8].startswith("  devinops-digest: d")
    assert TEXT.splitlines()[9:] == ["---", "Body"]


def test_an_unchanged_file_is_intact() -> None:
    found = provenance(PATH, TEXT)
    assert found is not None
    assert (found.key, found.intact) == (KEY, True)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (PATH, TEXT + "more\n"),
        (PATH, TEXT.replace("When", "If")),
        ("skills/copy/SKILL.md", TEXT),
        (PATH, TEXT.replace("  devinops-digest: d", "  devinops-digest: e")),
        (PATH, TEXT.replace("  devinops-macro", "  other")),
    ],
)
def test_a_changed_or_moved_file_is_recognized_but_not_intact(path: str, text: str) -> None:
    found = provenance(path, text)
    assert found is not None
    assert (found.key, found.intact) == (KEY, False)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no front matter",
        "---\nname: a\n",
        "---\n- a\n---\n",
        "---\nmetadata: x\n---\n",
        "---\nmetadata: {devinops-key: 1}\n---\n",
        "---\nmetadata: {a: b}\n---\n",
        "---\n: [\n---\n",
    ],
)
def test_a_file_of_others_has_no_provenance(text: str) -> None:
    assert provenance(PATH, text) is None


TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@given(TEXTS, TEXTS, TEXTS.filter(lambda text: "\x00" not in text))
def test_every_value_is_read_back(description: str, more: str, name: str) -> None:
    key = Key("knowledge", KEY.folder, name or "x")
    text = page(PATH, {"name": "a", "description": description}, key, {"more": more}, "Body")
    written, _ = split(text, PATH)
    assert written is not None
    front = yaml.safe_load(text.split("\n---\n")[0])
    assert front["description"] == description
    assert front["metadata"]["devinops-more"] == more
    found = provenance(PATH, text)
    assert found is not None
    assert found.intact


@pytest.mark.parametrize("text", ["---", "a\n---\nb", "\\-----", "- --- -", 'say "---"'])
def test_front_matter_has_no_dashes_that_end_it_early(text: str) -> None:
    written = page("a.md", {"description": text}, Key("knowledge", ROOT, text), {}, "b")
    front = written.removeprefix("---\n").partition("\n---\n")[0]
    assert "---" not in front
    assert yaml.safe_load(front)["description"] == text
    found = provenance("a.md", written)
    assert found
    assert (found.key.name, found.intact) == (text, True)
