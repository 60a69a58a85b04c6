"""Loading never raises and never hangs, and what is written comes back."""

from __future__ import annotations

import json
import random
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from devinops.kinds.knowledge import Knowledge
from devinops.load import load
from devinops.load.yamltree import EXPANSION, LEVELS, parse
from devinops.model.keys import ROOT, encode_part, folder_path
from devinops.model.values import canonical_text
from tests.testing.costly import costly
from tests.testing.strategies import content, noisy
from tests.testing.tree import note, plant

printable = st.characters(exclude_categories=["Cc", "Cs"])
names = st.text(
    printable.filter(lambda char: char not in "\u2028\u2029"), min_size=1, max_size=20
).filter(lambda name: name == name.strip())
lines = st.text(st.one_of(printable, st.sampled_from("\t\n-#:|>")), max_size=200)


def loaded(files: Any) -> Any:
    with tempfile.TemporaryDirectory() as root:
        return load(plant(Path(root), files))


@given(content, content)
def test_nothing_raises(yaml_file: Any, markdown: Any) -> None:
    result = loaded(
        {"knowledge.yaml": yaml_file, "knowledge/a.md": markdown, "playbooks/b.md": markdown}
    )
    for problem in result.problems:
        assert problem.message
        assert "\n" not in problem.message
        assert problem.source.line >= 1
        assert problem.source.column >= 1


@given(noisy)
def test_problems_stand_inside_of_the_file(text: Any) -> None:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    rows = text.split("\n")
    for problem in parse(text, "f")[1]:
        assert problem.source.line <= len(rows)
        assert problem.source.column <= len(rows[problem.source.line - 1]) + 1


@given(noisy)
def test_a_tree_is_what_its_data_is(text: Any) -> None:
    for root in parse(text.replace("\r", ""), "f")[0]:
        waiting = [root]
        while waiting:
            node = waiting.pop()
            assert node.height <= LEVELS
            below = node.children
            if isinstance(below, dict):
                assert {key: child.data for key, child in below.items()} == node.data
                assert below.keys() == node.keys.keys()
                waiting.extend(below.values())
            elif isinstance(below, list):
                assert [child.data for child in below] == node.data
                waiting.extend(below)
        assert root.size <= len(text) + EXPANSION


@costly
@given(names, lines.filter(str.strip), lines, names)
def test_a_note_comes_back_from_yaml_and_markdown(
    name: Any, trigger: Any, body: Any, folder: Any
) -> None:
    said = {
        "name": name,
        "trigger": trigger,
        "folder": encode_part(folder),
        "meta": {"any": [body, 1.5, None]},
    }
    front = "".join(
        f"{key}: {json.dumps(value, ensure_ascii=False)}\n" for key, value in said.items()
    )
    entry = json.dumps([{**said, "body": body}], ensure_ascii=False)
    one = loaded({"knowledge.yaml": f"knowledge: {entry}\n"})
    other = loaded({"knowledge/deep/er.md": f"---\n{front}---\n{body}\n"})
    if not canonical_text(body):
        assert [p.code for p in other.problems] == ["empty-text"]
        return
    assert one.problems == other.problems == ()
    assert one.declarations[0].resource == other.declarations[0].resource
    assert one.declarations[0].meta == other.declarations[0].meta == said["meta"]
    assert one.declarations[0].resource.body == canonical_text(body)
    assert one.declarations[0].key.name == name
    assert one.declarations[0].key.folder == folder_path(encode_part(folder))


@given(st.lists(st.text(printable, max_size=30), min_size=1))
def test_a_literal_block_is_the_text(rows: Any) -> None:
    """As an editor writes it, the line separators of Unicode included."""
    body = "\n".join(rows)
    assume(all(row == row.strip() for row in rows) and body.strip())
    assume(not {"\ufffe", "\uffff"} & {*body})  # YAML has them as escapes alone
    block = "".join(f"    {row}\n" if row else "\n" for row in rows)
    result = loaded({"knowledge.yaml": f"knowledge:\n- name: a\n  trigger: t\n  body: |\n{block}"})
    assert result.problems == ()
    assert result.declarations[0].resource.body == canonical_text(body)


@costly
@given(st.randoms(use_true_random=False))
def test_the_order_of_files_does_not_matter(shuffle: random.Random) -> None:
    files = {
        "knowledge/b/a.md": note("a"),
        "knowledge/a.md": note("a", body=""),
        "knowledge/a.yaml": "knowledge:\n- {name: a, folder: b, trigger: t, body: b}\n- {}\n",
        "knowledge.yaml": "knowledge:\n- {name: z, trigger: t, body: b}\n",
        "playbooks/p.md": "---\ntitle: p\n---\nb\n",
    }
    order = list(files)
    shuffle.shuffle(order)
    assert loaded({name: files[name] for name in order}) == loaded(files)


def test_folders_and_places(tmp_path: Path) -> None:
    text = "knowledge:\n- name: a\n  trigger: >-\n    one\n    two\n  body: |\n\n    first\n    second\n"
    plant(
        tmp_path,
        {"knowledge.yaml": text, "knowledge/x/b.md": "---\nname: b\ntrigger: t\n---\n\n \nfirst\n"},
    )
    a, b = load(tmp_path).declarations
    assert isinstance(a.resource, Knowledge)
    assert isinstance(b.resource, Knowledge)
    assert a.key.folder == ROOT == a.resource.folder
    assert {name: (at.line, at.column) for name, at in a.sources.items()} == {
        "name": (2, 9),
        "trigger": (4, 1),
        "body": (8, 1),
    }
    assert (b.resource.folder, str(b.source), str(b.source_of("body"))) == (
        "x",
        "knowledge/x/b.md:1:1",
        "knowledge/x/b.md:7:1",
    )
    assert b.resource.pinned_repo is not None, "a field that is not said is not cleared"
    assert str(b.source_of("folder")) == str(b.source)


def test_null_clears_and_missing_is_not_managed(tmp_path: Path) -> None:
    plant(
        tmp_path,
        {
            "knowledge.yaml": "knowledge:\n- {name: a, trigger: t, body: b, pinned_repo: ~, folder: ~}\n"
        },
    )
    (declaration,) = load(tmp_path).declarations
    assert dict(declaration.resource.items()) == {
        "name": "a",
        "trigger": "t",
        "body": "b",
        "pinned_repo": None,
        "folder": "",
    }
