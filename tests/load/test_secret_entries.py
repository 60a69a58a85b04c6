"""No problem of a secret's entry repeats what is written in it: people write the value where its name belongs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from devinops.load import load, yamltree
from tests.testing.command_line import Devinops, Write
from tests.testing.damage import damaged, fuzz, mutated, text_of
from tests.testing.tree import plant

ENTRY = "secrets:\n- key: A\n  type: key-value\n  "
WRONG = {
    "an unknown key": "value: hunter2-literal\n",
    "the value as a key": "hunter2-literal: x\n",
    "the value as a key twice": "hunter2-literal: x\n  hunter2-literal: y\n",
    "a list as a key": "[hunter2-literal]: x\n",
    "a number as a key": "4711: x\n",
    "value_from: text": "value_from: hunter2-literal\n",
    "value_from: a number": "value_from: 4711\n",
    "value_from: an unknown key": "value_from: {value: hunter2-literal}\n",
    "value_from: the value as a key": "value_from: {hunter2-literal: x}\n",
    "value_from: no name": "value_from: {env: hunter2-literal}\n",
    "value_from: a list": "value_from: {env: [hunter2-literal]}\n",
    "a version that is a number": "version: 4711\n",
    "a version that is a list": "version: [hunter2-literal]\n",
    "a note that is a number": "note: 4711\n",
    "a switch that is text": "is_sensitive: hunter2-literal\n",
    "protect": "protect: hunter2-literal\n",
    "ensure": "ensure: hunter2-literal\n",
    "meta": "meta: hunter2-literal\n",
    "max_age": "max_age: hunter2-literal\n",
    "targets": "targets: hunter2-literal\n",
    "one of targets": "targets: [Hunter2-literal]\n",
    "a tag": "note: !hunter2-literal x\n",
    "a tag without a value": "note: !hunter2-literal\n",
    "a tag with a value": "note: !x hunter2-literal\n",
    "a long tag": "note: !!hunter2-literal x\n",
    "an alias": "note: *hunter2-literal\n",
    "an anchor inside of itself": "meta: &hunter2-literal {a: *hunter2-literal}\n",
    "a number too large": f"note: 4711{'0' * 400}\n",
    "a number that is not finite": "note: 4711e4711\n",
    "a merge of text": "<<: hunter2-literal\n",
    "a colon": "note: hunter2-literal: x\n",
    "a second quote": "note: 'hunter2-literal' hunter2-literal\n",
    "an open quote": "note: 'hunter2-literal\n",
    "an at sign": "note: @hunter2-literal\n",
    "a directive": "note: %hunter2-literal\n",
    "a bracket": "note: [hunter2-literal\n",
    "an escape": 'note: "hunter2-literal\\d"\n',
    "an escape without digits": 'note: "\\xhunter2-literal"\n',
    "a block": "note: | hunter2-literal\n",
    "a tab": "\thunter2-literal: x\n",
    "another handle": "note: !hunter2!literal x\n",
    "a character that is no text": 'note: "hunter2-literal\\0"\n',
    "too deep": f"note: {'[' * 200}hunter2-literal\n",
}
ELSEWHERE = {
    "a type": "secrets:\n- {key: A, type: hunter2-literal}\n",
    "a type close to one": "secrets:\n- {key: A, type: hunter2-cookie}\n",
    "a key": "secrets:\n- {key: hunter2-literal}\n",
    "a key that is a number": "secrets:\n- {key: 4711}\n",
    "an entry": "secrets:\n- hunter2-literal\n",
    "a section": "secrets: hunter2-literal\n",
    "a mapping of names": "secrets: {A: hunter2-literal}\n",
    "no section": "A: hunter2-literal\nhunter2-literal: x\n",
    "no section, twice": "hunter2-literal: x\nhunter2-literal: x\n",
    "no mapping": "hunter2-literal\n",
    "no mapping but a tag": "!hunter2-literal x\n",
    "no mapping but a number": "4711e4711\n",
    "a section with a typo": "secret:\n- {note: !hunter2-literal x, hunter2-literal: x, hunter2-literal: y}\n",
    "a section of another kind by a merge": "x: &x\n  secrets:\n  - {key: A, note: !hunter2-literal x}\n<<: *x\n",
}
TEXTS = {name: ENTRY + text for name, text in WRONG.items()} | ELSEWHERE
FATAL = {"yaml-syntax", "too-deep", "control-character"}
SPELLINGS = re.compile("[Hh]unter2|4711")


@pytest.mark.sampled(5)
@pytest.mark.parametrize("loader", [yamltree.LOADER, yaml.SafeLoader], ids=["C", "Python"])
@pytest.mark.parametrize("file", ["secrets.yaml", "knowledge/more.yml"])
@pytest.mark.parametrize("wrong", TEXTS)
def test_no_message_repeats_what_is_written(
    wrong: Any, file: str, loader: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(yamltree, "LOADER", loader)
    problems = load(plant(tmp_path, {file: TEXTS[wrong]})).problems
    assert problems
    assert not [problem.message for problem in problems if SPELLINGS.search(problem.message)]


@pytest.mark.parametrize("command", [["validate"], ["validate", "--format", "json"], ["plan"]])
def test_no_command_prints_it(
    command: list[str], repository: Write, devinops: Devinops, use: Callable[..., None]
) -> None:
    use("http://127.0.0.1:9")
    readable = [
        text
        for text in TEXTS.values()
        if not FATAL & {p.code for p in yamltree.parse(text, "f")[1]}
    ]
    everything = "---\n".join(readable)
    root = repository({"secrets.yaml": everything, "knowledge/one.yaml": ELSEWHERE["a type"]})
    repository({"devinops.yaml": "version: 1\ntargets: {a: {}}\n"})
    repository({"knowledge/two.yaml": "secrets:\n- {key: B, targets: [hunter2-literal]}\n"})
    ran = devinops(*command, "-C", root, "-v", "--report", f"json={root / 'out.json'}")
    assert ran.code == 1
    assert (ran.out + ran.err).count("secrets.yaml") > 20
    assert "knowledge/two.yaml" in ran.out + ran.err
    written = (root / "out.json").read_text() if (root / "out.json").exists() else ""
    assert not SPELLINGS.search(ran.out + ran.err + written)


@pytest.mark.sampled(5)
@pytest.mark.parametrize("wrong", TEXTS)
def test_formatting_prints_neither_problems_nor_diffs_with_it(
    wrong: str, repository: Write, devinops: Devinops
) -> None:
    root = repository({"secrets.yaml": TEXTS[wrong]})
    for command in (["fmt", "--diff"], ["fmt", "--diff", "--format", "json"], ["fmt"]):
        ran = devinops(*command, "-C", root)
        assert "secrets.yaml" in ran.out + ran.err or "1 unchanged" in ran.out + ran.err
        assert not SPELLINGS.search(ran.out + ran.err)


def test_a_bug_while_reading_does_not_write_it_down(
    repository: Write, devinops: Devinops, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def bug(*_: Any) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("devinops.load.findings_to_problems", bug)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    root = repository({"secrets.yaml": ELSEWHERE["no section"]})
    assert devinops("validate", "-C", root).code == 70
    (log,) = tmp_path.glob("devinops-bug-*.log")
    assert "RuntimeError" in log.read_text()
    assert not SPELLINGS.search(log.read_text())


def test_other_entries_say_what_is_wrong(tmp_path: Path) -> None:
    text = "knowledge:\n- {name: a, trigger: t, body: b, is_enabled: maybe, colour: !blue x}\n"
    messages = " ".join(
        problem.message for problem in load(plant(tmp_path, {"secrets.yaml": text})).problems
    )
    assert 'got "maybe"' in messages
    assert 'unknown key "colour"' in messages
    assert 'write "!blue x"' in messages


HELD = {"secrets": [{"key": "9hunter2", "type": "9hunter2", "note": ["9hunter2"], "version": {"9hunter2": "9hunter2"},
                     "value_from": {"env": "9hunter2", "9hunter2": 1}, "max_age": "9hunter2", "targets": ["9hunter2"]}]}  # fmt: skip


@fuzz()
@given(mutated(st.just(HELD)))
def test_no_mutation_brings_it_out(tmp_path_factory: pytest.TempPathFactory, found: Any) -> None:
    assert_silent(tmp_path_factory, text_of(found).encode())


@fuzz()
@given(
    damaged(
        st.sampled_from([*(text.encode() for text in TEXTS.values()), json.dumps(HELD).encode()]),
        most=2,
    )
)
def test_no_damage_brings_it_out(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    assert_silent(tmp_path_factory, data)


def assert_silent(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    root = plant(tmp_path_factory.mktemp("root"), {"secrets.yaml": data})
    for problem in load(root).problems:
        assert problem.code == "duplicate-declaration" or "hunter2" not in problem.message, problem
