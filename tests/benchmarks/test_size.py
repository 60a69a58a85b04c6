"""What `make size` counts."""

from __future__ import annotations

import ast

from benchmarks.size import code_lines, size_of, small_helpers

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
