"""How large the code is, and how much of it one change passes; `make size` prints it.

Each row is a package. Its columns are the Python files; the lines of code, without blank lines,
comments, docstrings and the texts below fields; the syntax nodes on each of these lines, without
imports and annotations, which grow if lines are packed; the small helpers: private functions
of at most three lines that one call in their module reaches; and the functions with more than ten
branches, counted as radon does: each condition, loop, `and`, `or`, handler and comprehension.

`--check` fails if a package has more lines or such functions than `limits.txt` allows, and
`--write` makes the numbers of today the limits.
"""

from __future__ import annotations

import ast
import io
import sys
import tempfile
import tokenize
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from functools import reduce
from pathlib import Path
from types import CodeType
from typing import NamedTuple

from benchmarks.trace import FILES, PACKAGE, organization, trace

_NO_CODE = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_BRANCHES = (
    ast.If,
    ast.IfExp,
    ast.For,
    ast.AsyncFor,
    ast.While,
    ast.ExceptHandler,
    ast.match_case,
    ast.Assert,
)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.Lambda)
_SMALL = 3
_COMPLEX = 10
_LIMITS = Path(__file__).with_name("limits.txt")
_HEAD = """\
# The most lines of code, and functions with more than ten branches, that each package may have.
# Whoever needs more changes a number here in the same commit, and says why in its message.
"""


class Size(NamedTuple):
    """The sums of some modules."""

    files: int = 0
    lines: int = 0
    nodes: int = 0
    helpers: int = 0
    branching: int = 0

    def with_more(self, other: Size) -> Size:
        """Return the sums of these modules and of others."""
        return Size(*(a + b for a, b in zip(self, other, strict=True)))


def size_of(source: str) -> Size:
    """Return the size of one module."""
    tree = ast.parse(source)
    nodes = sum(1 for node in _counted(tree))
    functions = (node for node in ast.walk(tree) if isinstance(node, _FUNCTIONS))
    branching = sum(branches(function) > _COMPLEX for function in functions)
    return Size(1, len(code_lines(source)), nodes, len(small_helpers(tree)), branching)


def branches(function: ast.AST) -> int:
    """Return the number of ways through a function, without those in functions inside it."""
    found = 1
    for node in _outside(function, _FUNCTIONS):
        if isinstance(node, ast.BoolOp):
            found += len(node.values) - 1
        elif isinstance(node, ast.comprehension):
            found += 1 + len(node.ifs)
        elif isinstance(node, _BRANCHES):
            found += 1
        if isinstance(node, ast.For | ast.While) and node.orelse:
            found += 1
    return found


def code_lines(source: str) -> set[int]:
    """Return the numbers of the lines that have code, from 1."""
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in _NO_CODE:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.stmt) and _is_text(node):
            lines.difference_update(_span(node))
    return lines


def small_helpers(tree: ast.Module) -> list[str]:
    """Return the names of the small helpers of a module."""
    loads = Counter(filter(None, map(_loaded, ast.walk(tree))))
    called = {
        name
        for node in _outside(tree, _COMPREHENSIONS)
        if isinstance(node, ast.Call) and (name := _loaded(node.func))
    }
    return [
        node.name
        for node in ast.walk(tree)
        if isinstance(node, _FUNCTIONS)
        and node.name.startswith("_")
        and not node.name.endswith("__")
        and loads[node.name] == 1
        and node.name in called
        and _length(node) <= _SMALL
    ]


def _counted(node: ast.AST) -> Iterator[ast.AST]:
    """Yield a node and those below it, without texts, imports, annotations and Load or Store."""
    if isinstance(node, ast.Import | ast.ImportFrom | ast.expr_context) or _is_text(node):
        return
    yield node
    for name, value in ast.iter_fields(node):
        if name not in ("annotation", "returns"):
            for below in value if isinstance(value, list) else [value]:
                if isinstance(below, ast.AST):
                    yield from _counted(below)


def _outside(node: ast.AST, kinds: tuple[type[ast.AST], ...]) -> Iterator[ast.AST]:
    yield node
    for below in ast.iter_child_nodes(node):
        if not isinstance(below, kinds):
            yield from _outside(below, kinds)


def _is_text(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _loaded(node: ast.AST) -> str | None:
    """Return the name that an expression reads, such as `f` in `f` and in `self.f`."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else None


def _length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    body = [statement for statement in function.body if not _is_text(statement)]
    return _span(body[-1]).stop - body[0].lineno if body else 0


def _span(node: ast.stmt) -> range:
    return range(node.lineno, (node.end_lineno or node.lineno) + 1)


def by_package() -> dict[str, Size]:
    """Return package → size; modules beside the packages are one row."""
    sizes: defaultdict[str, Size] = defaultdict(Size)
    for path in sorted(PACKAGE.rglob("*.py")):
        above = path.relative_to(PACKAGE).parts[:-1]
        package = above[0] if above else "(top)"
        sizes[package] = sizes[package].with_more(size_of(path.read_text(encoding="utf-8")))
    return dict(sizes)


def passed(entered: Iterable[CodeType]) -> tuple[int, int]:
    """Return how many modules functions are in, and how many lines of code they have."""
    lines: defaultdict[Path, set[int]] = defaultdict(set)
    for code in entered:
        numbers = {number for *_, number in code.co_lines() if number}
        lines[Path(code.co_filename)] |= set(range(code.co_firstlineno, max(numbers) + 1))
    codes = {path: code_lines(path.read_text(encoding="utf-8")) for path in lines}
    return len(lines), sum(len(lines[path] & codes[path]) for path in lines)


def plan_of_an_update() -> set[CodeType]:
    """Return what `plan` enters for an owned note whose text has changed, in a warm process."""
    with tempfile.TemporaryDirectory() as directory, organization(Path(directory)) as root:
        trace(["apply", "--yes", *root])
        (note,) = (name for name in FILES if name.endswith(".md"))
        path = Path(directory, note)
        path.write_text(path.read_text(encoding="utf-8") + "More.\n", encoding="utf-8")
        trace(["plan", *root])
        return trace(["plan", *root])


def above_limits(sizes: dict[str, Size], limits: str) -> Iterator[str]:
    """Yield a sentence for each number that is above its limit; a package without limits has 0."""
    rows = (line.split() for line in limits.splitlines() if not line.startswith("#"))
    allowed = {name: (int(lines), int(branching)) for name, lines, branching in rows}
    for name, size in sizes.items():
        numbers = zip(
            (size.lines, size.branching), allowed.get(name, (0, 0)), _COUNTED, strict=True
        )
        for number, limit, what in numbers:
            if number > limit:
                yield f"{name} has {number:,} {what}; limits.txt allows {limit:,}"


_COUNTED = ("lines of code", "functions with more than ten branches")


def show() -> None:
    """Print the table, and what one update passes."""
    sizes = by_package()
    emulator = sizes.pop("emulator")
    total = reduce(Size.with_more, sizes.values())
    print(f"{'':24}{'files':>6}{'lines':>8}{'nodes':>8}{'helpers':>9}{'branching':>11}")
    rows = [*sorted(sizes.items()), ("without the emulator", total), ("emulator", emulator)]
    for name, size in rows:
        nodes = f"{size.nodes / max(size.lines, 1):.2f}"
        numbers = f"{size.lines:8,}{nodes:>8}{size.helpers:9}{size.branching:11}"
        print(f"{name:24}{size.files:6}{numbers}")
    modules, lines = passed(plan_of_an_update())
    print(f"\nplan of one update enters {modules} modules; their functions have {lines:,} lines")


def check() -> int:
    """Print what is above its limit, and what to do; return the exit code."""
    if found := list(above_limits(by_package(), _LIMITS.read_text(encoding="utf-8"))):
        print(*found, sep="\n")
        print(f"Remove something, or raise the number in {_LIMITS.name} and say why in the commit.")
    return bool(found)


def write() -> None:
    """Make the numbers of today the limits."""
    rows = [
        f"{name:<10} {size.lines:>6} {size.branching:>3}\n" for name, size in by_package().items()
    ]
    _LIMITS.write_text(_HEAD + "".join(rows), encoding="utf-8")


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(check())
    (write if "--write" in sys.argv else show)()
