"""What `make size` counts."""

from __future__ import annotations

import ast

import pytest

from benchmarks.size import Size, above_limits, branches, code_lines, size_of, small_helpers

SOURCE = '''"""A module."""

import os  # a comment


class A:
    """A class."""

    name: str = "a"
    """A text below a field."""

    def all(self) -> list[str]:
        return [
            self._listed(),
            *(self._mapped() for _ in "ab"),
        ]

    def _listed(self) -> str:
        """Say it."""
        return _twice() + _twice()

    def _mapped(self) -> str:
        return _long()


def _twice() -> str:
    return os.name


def _long() -> str:
    a = os.name
    a += a
    a += a
    return a


def _unused() -> str:
    return ""
'''


def test_lines_of_code_have_no_comments_and_no_texts_beside_code() -> None:
    code = [
        line for number, line in enumerate(SOURCE.splitlines(), 1) if number in code_lines(SOURCE)
    ]
    assert len(code) == 21
    assert not any('"""' in line or not line.strip() for line in code)


def test_a_small_helper_is_private_and_called_once_outside_comprehensions() -> None:
    assert small_helpers(ast.parse(SOURCE)) == ["_listed"]


def test_packing_a_line_raises_the_nodes_on_it() -> None:
    apart, packed = size_of("a = 1\nb = a\n"), size_of("a = 1; b = a\n")
    assert (apart.nodes, apart.lines) == (packed.nodes, 2)
    assert packed.lines == 1
    assert size_of("import os\n").nodes == size_of("").nodes
    assert size_of("def f(a: int) -> int: ...\n").nodes == size_of("def f(a): ...\n").nodes


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("return 1", 1),
        ("if a: pass\nelif b: pass", 3),
        ("return a and b or c", 3),
        ("return [x for x in a if x if y]", 4),
        ("for x in a: pass\nelse: pass", 3),
        ("try: pass\nexcept A: pass\nexcept B: pass", 3),
        ("match a:\n  case 1: pass\n  case _: pass", 3),
        ("return 1 if a else 2", 2),
        ("def inner():\n  if a: pass", 1),
    ],
)
def test_branches_are_counted_as_radon_does(body: str, expected: int) -> None:
    lines = "".join(f"  {line}\n" for line in body.splitlines())
    (function,) = ast.parse(f"def f():\n{lines}").body
    assert branches(function) == expected


def test_a_package_above_its_limits_is_named() -> None:
    sizes = {"api": Size(lines=11, branching=2), "new": Size(lines=1)}
    assert list(above_limits(sizes, "# text\napi 10 2\ngone 5 0\n")) == [
        "api has 11 lines of code; limits.txt allows 10",
        "new has 1 lines of code; limits.txt allows 0",
    ]
    assert list(above_limits(sizes, "api 11 2\nnew 1 0\n")) == []
