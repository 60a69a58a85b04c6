"""A field changes, and not a character of anything else."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devinops.kinds import KINDS
from devinops.load import read_entries
from devinops.writers.edit_fields import EditableFile, NotEditable, Splice, replace_from, spliced

NOTE = KINDS["knowledge"]


def changed(text: str, field: str, new: Any, old: Any = "", *, key: str = "a") -> str:
    """Return a YAML file after the change of a field of the entry with a name."""
    (entry,) = (d for d in read_entries("knowledge.yaml", text)[0] if d.key.name == key)
    file = EditableFile(text, markdown=False)
    place = file.entry(entry.source.line, entry.source.column)
    return spliced(text, place.splices_to_set(NOTE, field, old, new))


ENTRY = """\
# top
knowledge:
  - name:   a   # the name
    trigger: {trigger}
    # before the pin
    pinned_repo: acme/api

    body: b

  # between
  - {{name: b, trigger: 't', body: "x"}}
"""


@pytest.mark.parametrize(
    ("before", "new", "after"),
    [
        ("old  # why", "new", "new  # why"),
        ("old", "yes", '"yes"'),
        ("old", "When: x", '"When: x"'),
        ("'it''s'", "it's new", "'it''s new'"),
        ('"old"', "new", '"new"'),
        ('"old"', 'a "b"', '"a \\"b\\""'),
        ("old\n      goes on", "new", "new"),
        ("old  # why", "one\ntwo", "|-  # why\n      one\n      two"),
        ("'old'", "one\n\ntwo", "|-\n      one\n\n      two"),
        ("|\n      one\n      two", "one\nthree", "|\n      one\n      three"),
        ("|-  # c\n        one\n        two", "1\n  2", "|-  # c\n        1\n          2"),
        (">-\n      one\n      two", "one\nthree", "|-\n      one\n      three"),
        (">\n      one\n      two", "new", "|\n      new"),
        ("|\n      one\n      two", " indented\nx", '" indented\\nx"'),
        ("\n      old", "new", "new"),
    ],
)
def test_a_text_keeps_the_style_of_the_file(before: str, new: str, after: str) -> None:
    text = ENTRY.format(trigger=before)
    result = changed(text, "trigger", new)
    assert result == ENTRY.format(trigger=after)
    declaration = read_entries("knowledge.yaml", result)[0][0]
    assert getattr(declaration.resource, "trigger") == new.rstrip()  # noqa: B009


def test_a_value_in_braces_stays_there() -> None:
    text = ENTRY.format(trigger="t")
    assert changed(text, "trigger", "one, two", key="b") == text.replace("'t'", '"one, two"')
    added = changed(text, "folder", "Backend", key="b")
    assert added == text.replace("{name: b,", "{name: b, folder: Backend,")


def test_a_field_that_is_missing_is_added_in_the_order_of_the_kind() -> None:
    text = ENTRY.format(trigger="t")
    assert changed(text, "folder", "Backend/APIs") == text.replace(
        "# the name\n", "# the name\n    folder: Backend/APIs\n"
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("  - default: a  # why\n", "  - tags:\n      - a\n    default: a  # why\n"),
        ("  - { default: a}\n", "  - { tags: [a], default: a}\n"),
    ],
)
def test_a_field_is_added_above_all_others(before: str, after: str) -> None:
    file = EditableFile(f"session_tags:\n{before}", markdown=False)
    splices = file.entry(2, 5).splices_to_set(KINDS["session_tags"], "tags", None, ["a"])
    assert spliced(file.text, splices) == f"session_tags:\n{after}"


def test_null_is_written() -> None:
    text = ENTRY.format(trigger="t")
    assert changed(text, "pinned_repo", None) == text.replace("repo: acme/api", "repo: null")


@pytest.mark.parametrize(
    ("rows", "new", "after"),
    [
        ("  pinned_repo:\n\n  # c\n  body: b", "r", "pinned_repo: r"),
        ("  pinned_repo:   # why\n  body: b", "r", "pinned_repo: r"),
        ("  body: b\n  pinned_repo:", "r", "pinned_repo: r"),
        ("  pinned_repo:\n  body: b", "1\n2", "pinned_repo: |-\n    1\n    2"),
    ],
)
def test_an_empty_value_is_replaced(rows: str, new: str, after: str) -> None:
    text = f"knowledge:\n- name: a\n  trigger: t\n{rows}\n- {{name: c, trigger: t, body: b}}\n"
    assert changed(text, "pinned_repo", new, None) == text.replace("pinned_repo:", after)


@pytest.mark.parametrize("fields", ["pinned_repo: , body: b", "body: b, pinned_repo: "])
def test_an_empty_value_in_braces_is_replaced(fields: str) -> None:
    text = f"knowledge:\n- {{name: a, trigger: t, {fields}}}\n"
    assert changed(text, "pinned_repo", "r", None) == text.replace("repo: ", "repo: r")


def test_a_field_is_added_below_an_empty_value() -> None:
    text = "knowledge:\n- name: a\n  trigger:\n\n  # c\n  body: b\n"
    file = EditableFile(text, markdown=False)
    result = spliced(text, file.entry(2, 3).splices_to_set(NOTE, "folder", None, "Backend"))
    assert result == text.replace("name: a\n", "name: a\n  folder: Backend\n")
    text = "knowledge:\n- folder:\n\n  # c\n  body: b\n"
    file = EditableFile(text, markdown=False)
    result = spliced(text, file.entry(2, 3).splices_to_set(NOTE, "trigger", None, "t"))
    assert result == text.replace("folder:\n", "folder:\n  trigger: t\n")


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\u2028\u2029\ufeff", "\ue000\u2028"])
def test_a_line_separator_is_text(separator: str) -> None:
    text = (
        f"# a{separator}: c\nknowledge:\n- name: 'x{separator}y'  # a{separator}: c\n  trigger: t\n"
        f"- {{name: {separator}z, trigger: t}}\n"
    )
    file = EditableFile(text, markdown=False)
    assert file.entry(3, 3).text_of("name") == f"x{separator}y"
    for line, name in (3, f"x{separator}y"), (5, f"{separator}z"):
        result = spliced(text, file.entry(line, 3).splices_to_set(NOTE, "trigger", "t", "new"))
        before, _, after = text.partition(name)
        assert result == before + name + after.replace("trigger: t", "trigger: new", 1)


def test_a_byte_order_mark_is_kept_before_front_matter() -> None:
    text = "---\n\ufeffname: a\ntrigger: t  # c\n---\nbody\n"
    file = EditableFile(text, markdown=True)
    splices = [*file.entry(1, 1).splices_to_set(NOTE, "name", "a", "b"), *file.entry(1, 1).splices_to_set(NOTE, "trigger", "t", "new")]  # fmt: skip
    assert spliced(text, splices) == text.replace("name: a", "name: b").replace(": t ", ": new ")


SCHEMA = "playbooks:\n- title: a\n  structured_output_schema:\n    type: object # c\n    required: [a, b]\n    properties:\n      a: {type: string}\n      b:\n        type: number\n  body: b\n"


def changed_schema(**changes: Any) -> str:
    """Return SCHEMA after parts of its value changed."""
    (entry,) = read_entries("playbooks.yaml", SCHEMA)[0]
    old = getattr(entry.resource, "structured_output_schema")  # noqa: B009
    place = EditableFile(SCHEMA, markdown=False).entry(entry.source.line, entry.source.column)
    field = "structured_output_schema"
    return spliced(SCHEMA, place.splices_to_set(KINDS["playbook"], field, old, {**old, **changes}))


def test_only_the_part_of_a_value_that_differs_changes() -> None:
    b = {"a": {"type": "string"}, "b": {"type": "integer"}}
    expected = SCHEMA.replace("[a, b]", "[a, c]").replace("number", "integer")
    assert changed_schema(required=["a", "c"], properties=b) == expected


@pytest.mark.parametrize("new", [["x"], {"a": True}, True, None])
@pytest.mark.parametrize("part", ["required", "properties", "type"])
def test_a_part_that_becomes_something_else_is_replaced_as_a_whole(part: str, new: Any) -> None:
    after = changed_schema(**{part: new})
    (entry,) = read_entries("playbooks.yaml", after)[0]
    value = getattr(entry.resource, "structured_output_schema")  # noqa: B009
    assert value[part] == new
    assert "type: object # c" in after or part == "type"


@pytest.mark.parametrize(
    ("written", "old", "new", "expected"),
    [
        ("|\n    a\n", "a\n", "b", "|-\n    b\n"),
        ("|-\n    a\n", "a", "b\n", "|\n    b\n"),
        ("a\n", "a", "b\nc\n", "|\n    b\n    c\n"),
        ("|\n    a\n", "a\n", "b\n", "|\n    b\n"),
    ],
)
def test_a_last_line_end_counts_where_it_is_part_of_the_value(
    written: str, old: str, new: str, expected: str
) -> None:
    text = f"knowledge:\n- name: {written}  trigger: t\n"
    file = EditableFile(text, markdown=False)
    result = spliced(text, file.entry(2, 3).splices_to_set(NOTE, "name", old, new))
    assert result == f"knowledge:\n- name: {expected}  trigger: t\n"


def test_front_matter_and_body() -> None:
    text = "---\nname: a\n# c\ntrigger: t\n---\n\nold\n\n"
    file = EditableFile(text, markdown=True)
    body = replace_from(file.body_start, text, "new\nbody")
    splices = [*file.entry(1, 1).splices_to_set(NOTE, "trigger", "t", "u"), body]
    assert spliced(text, splices) == "---\nname: a\n# c\ntrigger: u\n---\n\nnew\nbody\n\n"


@pytest.mark.parametrize("shared", ["trigger: *t", "<<: *m"])
def test_a_shared_value_is_not_touched(shared: str) -> None:
    text = f"knowledge:\n- name: b\n  trigger: &t x\n  body: c\n  meta: &m {{x: y}}\n- name: a\n  {shared}\n  body: d\n"
    file = EditableFile(text, markdown=False)
    if shared.startswith("trigger"):
        with pytest.raises(NotEditable, match="shared"):
            file.entry(6, 3).splices_to_set(NOTE, "trigger", "x", "new")
        with pytest.raises(NotEditable, match="shared"):
            file.entry(2, 3).splices_to_set(NOTE, "trigger", "x", "new")
    else:
        assert "trigger: new" in spliced(
            text, file.entry(6, 3).splices_to_set(NOTE, "trigger", "x", "new")
        )


def test_a_later_anchor_can_have_the_name_of_an_earlier_one() -> None:
    text = "knowledge:\n- name: &x a\n  trigger: t\n  body: b\n- name: &x b\n  trigger: t\n  body: *x\n"
    assert changed(text, "trigger", "new") == text.replace("trigger: t", "trigger: new", 1)
    file = EditableFile(text, markdown=False)
    assert file.entry(5, 3).text_of("body") == "b"
    with pytest.raises(NotEditable, match="by an anchor"):
        file.entry(2, 3).splices_to_set(NOTE, "name", "a", "c")


texts = st.text(st.characters(exclude_categories=["Cc", "Cs"]) | st.sampled_from("\n #:'\"|>-"), min_size=1).filter(str.strip)  # fmt: skip


@given(
    st.sampled_from(["old", "'old'", '"old"', "|\n      a\n      b", ">-\n      a", "x  # c"]),
    texts,
)
def test_any_text_comes_back_and_nothing_else_changes(before: str, new: str) -> None:
    text = ENTRY.format(trigger=before)
    result = changed(text, "trigger", new.rstrip())
    old, now = read_entries("knowledge.yaml", text)[0], read_entries("knowledge.yaml", result)
    assert now[1] == []
    assert [getattr(d.resource, "trigger") for d in now[0]][1:] == ["t"]  # noqa: B009
    for name in ("name", "pinned_repo", "body"):
        assert [getattr(d.resource, name) for d in now[0]] == [
            getattr(d.resource, name) for d in old
        ]
    assert {"# top", "# the name", "# before the pin", "# between"} <= {
        part for part in ("# top", "# the name", "# before the pin", "# between") if part in result
    }


@given(st.text(), st.text())
def test_a_whole_text_keeps_the_blank_lines_around_it(old: str, new: str) -> None:
    result = spliced(old, [replace_from(0, old, new)])
    assert new in result
    if old.strip():
        assert result.startswith(old[: len(old) - len(old.lstrip("\n"))])


def test_two_changes_of_the_same_characters_are_refused() -> None:
    with pytest.raises(NotEditable, match="two changes are in the same place"):
        spliced("abc", [Splice(1, 3, "x"), Splice(0, 2, "y")])
    assert spliced("abc", [Splice(1, 3, "x"), Splice(0, 1, "y")]) == "yx"
