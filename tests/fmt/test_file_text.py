"""Formatting changes how a file is written, never what it means."""

from __future__ import annotations

import re
from itertools import count
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from devinops.fmt import file_text
from devinops.fmt.file_text import Formatted, formatted
from devinops.fmt.printer import Order
from tests.testing.costly import costly
from tests.testing.places import ROOT, read_cases
from tests.testing.strategies import noisy, texts
from tests.testing.yaml_texts import Writer, front_matters, yaml_files

CASES = read_cases("fmt.yaml")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["why"])
def test_cases(case: dict[str, str]) -> None:
    result = formatted(case["path"], case["before"])
    assert result.problems == ()
    assert result.text == case.get("after", case["before"])
    assert formatted(case["path"], result.text) == result


@pytest.mark.parametrize(
    ("path", "text", "code"),
    [
        ("knowledge.yaml", "a: [", "yaml-syntax"),
        ("knowledge.yaml", "a: 1\na: 2\n", "duplicate-key"),
        ("knowledge.yaml", "a: !x 1\n", "yaml-tag"),
        ("knowledge.yaml", "a: *b\n", "yaml-alias"),
        ("knowledge.yaml", "? [a]\n: b\n", "yaml-key"),
        ("knowledge.yaml", "just a text\n", "not-formatted"),
        ("knowledge.yaml", "%YAML 1.2\n---\na: 1\n", "not-formatted"),
        ("knowledge.yaml", "&a\nb: 1\n", "not-formatted"),
        ("knowledge/a.md", "no front matter\n", "no-front-matter"),
        ("knowledge/a.md", "---\nname: A\n", "front-matter-open"),
        ("knowledge/a.md", "---\nname: A\n...\n---\nb\n", ""),
        ("knowledge/a.md", "---\n--- {name: A}\n---\nb\n", "not-formatted"),
        ("knowledge/a.md", "---\nname: A\n--- {name: B}\n---\nb\n", "not-formatted"),
        ("knowledge/a.md", "---\nname: A\n---\n\0", "control-character"),
    ],
)
def test_what_cannot_be_formatted_stays_and_is_reported(path: str, text: str, code: str) -> None:
    result = formatted(path, text)
    assert [problem.code for problem in result.problems] == ([code] if code else [])
    assert (result.text is None) == bool(code)


@pytest.mark.parametrize(
    ("key", "is_too_long"),
    [
        ("k" * 1024, False),
        ("k" * 1025, True),
        (f'"{"k" * 1020}: "', False),
        (f'"{"k" * 1021}: "', True),
        (f"&a {'k' * 1022}", True),
    ],
    ids=lambda value: str(value)[:12] + str(len(str(value))),
)
def test_a_key_that_is_too_long_without_its_question_mark_is_named(
    key: str, is_too_long: bool
) -> None:
    result = formatted("knowledge.yaml", f"knowledge:\n- name: A\n  meta:\n    ? {key}\n    : 1\n")
    messages = [problem.message for problem in result.problems]
    expected = "cannot format a key of more than 1,024 characters: shorten it"
    assert messages == ([expected] if is_too_long else [])


def test_the_message_about_missing_front_matter_shows_the_fields_of_the_kind() -> None:
    (problem,) = formatted("playbooks/a.md", "no front matter\n").problems
    assert "put the lines `---`, `title: …`, `---` above the text" in problem.message


@pytest.mark.parametrize(
    ("old", "new", "why"), [("A", "B", "values"), ("# c", "", "comments"), ("A", "A", "form")]
)
def test_a_wrong_result_is_never_written(
    old: str, new: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, calls = file_text._yaml, count()

    def wrong(text: str, order: Order, *, alone: bool = False) -> str:
        return write(text, order, alone=alone).replace(old, new) + next(calls) * "\n"

    monkeypatch.setattr(file_text, "_yaml", wrong)
    (problem,) = formatted("knowledge.yaml", "knowledge:\n- name: A  # c\n").problems
    assert why in problem.message
    assert "this is a bug" in problem.message


def is_bug(result: Formatted) -> bool:
    return any("this is a bug" in problem.message for problem in result.problems)


def scanned_comments(text: str) -> list[str]:
    """Return the comments that the scanner written in Python finds between its tokens."""
    found, end = [], 0
    for token in yaml.scan(text, yaml.SafeLoader):
        found += re.findall("#.*", text[end : token.start_mark.index])
        end = token.end_mark.index
        if isinstance(token, yaml.ScalarToken) and token.style in ("|", ">"):
            header = text[token.start_mark.index : end].partition("\n")[0]
            found += re.findall("#.*", header)
    return sorted(comment.rstrip() for comment in found + re.findall("#.*", text[end:]))


def owners(text: str, indent: str = r" *(?:- )*") -> dict[str, str]:
    """Return each comment directly above a key, and the key."""
    found: dict[str, str] = {}
    above: list[str] = []
    for row in text.split("\n"):
        key = re.match(rf"{indent}[\"']?(\w+)[\"']?:", row)
        if comment := re.fullmatch(r" *(# c\d+;)", row):
            above.append(comment[1])
        elif row.strip() != "-":
            found |= dict.fromkeys(above, key[1]) if key else {}
            above = []
    return found


def check_comments(writer: Writer, before: str, after: str) -> None:
    assert scanned_comments(before) == scanned_comments(after)
    of = owners(after)
    for path, comments in writer.above.items():
        key = path.rpartition(".")[2]
        if not re.fullmatch(r"\d+|\w+-\d+", key):
            assert {of[comment] for comment in comments} == {key}


@costly
@given(yaml_files())
def test_every_comment_stays_at_its_key_in_yaml(writer: Writer) -> None:
    text = "".join(f"{row}\n" for row in writer.rows)
    result = formatted("knowledge.yaml", text)
    assert not is_bug(result)
    if result.text is not None:
        check_comments(writer, text, result.text)
        assert formatted("knowledge.yaml", result.text).text == result.text


@given(front_matters())
def test_every_comment_stays_at_its_key_in_front_matter(writer: Writer) -> None:
    front = "".join(f"{row}\n" for row in writer.rows)
    result = formatted("knowledge/a.md", f"---\n{front}---\n\nbody\n")
    assert not is_bug(result)
    if result.text is not None:
        check_comments(writer, front, result.text.split("---\n")[1])


@given(st.sampled_from(["knowledge.yaml", "knowledge/a.md", "devinops.yaml"]), noisy | texts)
def test_no_text_is_formatted_wrongly(path: str, text: str) -> None:
    result: Any = formatted(path, text)
    assert not is_bug(result)
    assert (result.text is None) == bool(result.problems)


def test_the_example_of_the_documentation_is_true() -> None:
    text = (ROOT / "docs/fmt.md").read_text(encoding="utf-8")
    before, after, *_ = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert formatted("knowledge.yaml", before).text == after
