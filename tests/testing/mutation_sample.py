"""Make small random changes to the code, and see whether a test notices each.

`make mutation-sample` calls this: `SEED=7 CHANGES=300 make mutation-sample`. One traced run of the
tests tells which tests reach each line. `make mutation-changed` does the same for the lines that a
commit changes; it knows only the functions that reach a line, and runs all cases of each. Then each
change is written into a copy of the checkout, and the tests that reach its line run there until one
fails. A survivor fails the command, unless `tests/sample_survivors.yaml` says why no test can notice
it.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from copy import deepcopy
from fnmatch import fnmatch
from pathlib import Path
from queue import Queue
from typing import NamedTuple

import coverage
import yaml

from tests.testing.places import ROOT

MUTATED = (
    "applying",
    "inventory",
    "api",
    "ingest",
    "writers",
    "ci",
    "fmt",
    "load",
    "lint/detector.py",
    "planning",
    "doctor",
    "cli",
)
"""Below devinops/. `make mutation` changes what decides in the plan, in every small way."""

OPPOSITES: Mapping[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
FIRST_TESTS = 40
"""Most changes are noticed by one of the tests that reach the fewest lines."""
SECONDS = 300
"""For one run of tests; a change that makes an endless loop is noticed."""


class Mutation(NamedTuple):
    path: str
    """Relative to the root of the checkout."""
    line: int
    function: str
    was: str
    becomes: str
    text: str
    """The whole file with the change."""

    @property
    def identity(self) -> tuple[str, str, str]:
        module = self.path.removeprefix("devinops/").removesuffix(".py").replace("/", ".")
        return f"{module}.{self.function}".rstrip("."), self.was, self.becomes

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.was} → {self.becomes}"


class Reach:
    """Which tests reach a line, by one traced run of all tests."""

    def __init__(self, data_file: Path) -> None:
        self._data = coverage.CoverageData(str(data_file))
        self._data.read()
        self._lines: dict[str, dict[int, list[str]]] = {}
        self._counts: Counter[str] = Counter()
        for measured in self._data.measured_files():
            path = Path(measured).relative_to(ROOT).as_posix()
            self._lines[path] = self._data.contexts_by_lineno(measured)
            for contexts in self._lines[path].values():
                self._counts.update(_tests(contexts))

    def tests(self, path: str, line: int) -> list[str]:
        """Return the tests that reach a line, those that reach the fewest lines first.

        What is executed only by an import, or in another process, has those of its whole file.
        """
        lines = self._lines.get(path, {})
        found = _tests(lines.get(line, []))
        if not found:
            found = {test for contexts in lines.values() for test in _tests(contexts)}
        return sorted(found, key=lambda test: (self._counts[test], test))


def _tests(contexts: Iterable[str]) -> set[str]:
    return {context.rpartition("|")[0] for context in contexts if context}


class Site(NamedTuple):
    """An expression that a small change replaces."""

    path: str
    node: ast.expr
    parents: Mapping[ast.AST, ast.AST]

    def mutated(self, text: str) -> Mutation:
        """Return the change of the file's text."""
        context, replacement = _context(self.node, self.parents), _replacement(self.node)
        assert replacement is not None
        return Mutation(
            self.path,
            self.node.lineno,
            _function(self.node, self.parents),
            ast.unparse(context),
            ast.unparse(_changed(context, self.node, replacement)),
            _spliced(text, self.node, f"({ast.unparse(replacement)})"),
        )


def sites(path: str, text: str) -> list[Site]:
    """Return each place of a small change: comparisons, and/or, not, numbers and truth values."""
    parents = _parents(ast.parse(text))
    return [
        Site(path, node, parents)
        for node in parents
        if isinstance(node, ast.expr) and _replacement(node) and not _is_left_alone(node, parents)
    ]


def _parents(tree: ast.AST) -> dict[ast.AST, ast.AST]:
    return {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}


def _replacement(node: ast.AST) -> ast.expr | None:
    match node:
        case ast.Compare(left, [operator], [right]):
            return ast.Compare(left, [OPPOSITES[type(operator)]()], [right])
        case ast.BoolOp(operator, values):
            return ast.BoolOp(ast.Or() if isinstance(operator, ast.And) else ast.And(), values)
        case ast.UnaryOp(ast.Not(), operand):
            return operand
        case ast.Constant(bool() as value):
            return ast.Constant(not value)
        case ast.Constant(int() as value):
            return ast.Constant(value + 1)
    return None


def _is_left_alone(node: ast.AST, parents: Mapping[ast.AST, ast.AST]) -> bool:
    """Tell whether a node is in a decorator, or in an f-string, which has no positions in Python 3.11."""
    parent = parents.get(node)
    return parent is not None and (
        isinstance(parent, ast.JoinedStr)
        or node in getattr(parent, "decorator_list", ())
        or _is_left_alone(parent, parents)
    )


def _context(node: ast.AST, parents: Mapping[ast.AST, ast.AST]) -> ast.AST:
    """Return the largest expression around a node, so that a person recognizes the change."""
    parent = parents[node]
    inner = (ast.expr, ast.keyword, ast.comprehension)
    return _context(parent, parents) if isinstance(parent, inner) else node


def _changed(context: ast.AST, node: ast.AST, replacement: ast.expr) -> ast.AST:
    class Replace(ast.NodeTransformer):
        def visit(self, visited: ast.AST) -> ast.AST:
            return replacement if visited is node else self.generic_visit(visited)

    memo = {id(node): node}
    return Replace().visit(deepcopy(context, memo)) if context is not node else replacement


def _function(node: ast.AST, parents: Mapping[ast.AST, ast.AST]) -> str:
    names = []
    while node in parents:
        node = parents[node]
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.append(node.name)
    return ".".join(reversed(names))


def _spliced(text: str, node: ast.expr, new: str) -> str:
    lines = text.encode().splitlines(keepends=True)
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    start = sum(map(len, lines[: node.lineno - 1])) + node.col_offset
    end = sum(map(len, lines[: node.end_lineno - 1])) + node.end_col_offset
    data = text.encode()
    return (data[:start] + new.encode() + data[end:]).decode()


def sample(seed: int, count: int, chooses: Callable[[str, int], bool]) -> list[Mutation]:
    """Return a random sample of all changes, the same for the same seed and the same code.

    `chooses` gets the path and the line of each.
    """
    texts = {path: (ROOT / path).read_text(encoding="utf-8") for path in _mutated_files()}
    every = [
        site
        for path, text in texts.items()
        for site in sites(path, text)
        if chooses(path, site.node.lineno)
    ]
    chosen = random.Random(seed).sample(every, min(count, len(every)))
    return [site.mutated(texts[site.path]) for site in chosen]


def _mutated_files() -> Iterator[str]:
    for name in MUTATED:
        path = ROOT / "devinops" / name
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            yield file.relative_to(ROOT).as_posix()


def changed_lines(diff: str) -> set[tuple[str, int]]:
    """Return path and line of each line that is new on the right side of `git diff --unified=0`."""
    lines, path = set(), ""
    for row in diff.splitlines():
        if row.startswith("+++ "):
            path = row.removeprefix("+++ b/")
        elif hunk := re.match(r"@@ -\S+ \+(\d+)(?:,(\d+))? @@", row):
            first, count = int(hunk[1]), int(hunk[2] or 1)
            lines |= {(path, line) for line in range(first, first + count)}
    return lines


def _lines_since(reference: str) -> set[tuple[str, int]]:
    """Return the lines that are not in a commit as they are here."""
    command = [
        "git",
        "diff",
        "--unified=0",
        "--no-color",
        "--no-ext-diff",
        reference,
        "--",
        "devinops",
    ]
    diff = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, encoding="utf-8")
    return changed_lines(diff.stdout)


class Copies:
    """Copies of the checkout, each with the change that one run of tests shall notice."""

    def __init__(self, count: int) -> None:
        self._directory = Path(tempfile.mkdtemp(prefix="devinops-mutants-"))
        # For the temporary files of tests that are killed.
        (self._directory / "tmp").mkdir()
        self._free: Queue[Path] = Queue()
        for number in range(count):
            copy = self._directory / str(number)
            ignore = shutil.ignore_patterns(".venv*", ".git", ".*_cache", "mutants")
            shutil.copytree(ROOT, copy, ignore=ignore, symlinks=True)
            (copy / ".venv").symlink_to(ROOT / ".venv")
            (copy / ".git").symlink_to(ROOT / ".git")
            self._free.put(copy)

    def close(self) -> None:
        shutil.rmtree(self._directory)

    def notices(self, mutation: Mutation, tests: Sequence[str]) -> bool:
        """Tell whether one of the tests fails with a change."""
        copy = self._free.get()
        try:
            (copy / mutation.path).write_text(mutation.text, encoding="utf-8")
            first, rest = tests[:FIRST_TESTS], tests[FIRST_TESTS:]
            return any(_fails(copy, chunk) for chunk in (first, rest) if chunk)
        finally:
            # With its time, so that what was compiled from it counts again.
            shutil.copy2(ROOT / mutation.path, copy / mutation.path)
            self._free.put(copy)


def _fails(copy: Path, tests: Sequence[str]) -> bool:
    listed = copy / ".tests"
    listed.write_text("\n".join(tests), encoding="utf-8")
    plugins = ["-p", "no:cacheprovider", "-p", "no:schemathesis"]
    command = [sys.executable, "-m", "pytest", "-qx", *plugins, "-m", ""]
    process = subprocess.Popen(
        [*command, f"@{listed}"],
        cwd=copy,
        env={
            **os.environ,
            "PYTHONPATH": str(copy),
            "PYTHONDONTWRITEBYTECODE": "1",
            "TMPDIR": str(copy.with_name("tmp")),
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        return process.wait(SECONDS) != 0
    except subprocess.TimeoutExpired:
        return True
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, 9)


def explanations() -> dict[tuple[str, str, str], str]:
    """Return why no test can notice a change, by function, old and new text."""
    text = (ROOT / "tests" / "sample_survivors.yaml").read_text(encoding="utf-8")
    return {(row["in"], row["was"], row["is"]): row["why"] for row in yaml.safe_load(text) or []}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "data", type=Path, help="coverage with the name of the test, or of its function, as context"
    )
    parser.add_argument("--seed", type=int, default=random.randrange(10_000))
    parser.add_argument("--changes", type=int, default=100)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--since", help="change only lines that differ from this commit")
    parser.add_argument("--only", action="append", default=[], help="pattern of files to change")
    options = parser.parse_args()
    lines = _lines_since(options.since) if options.since else None

    def chooses(path: str, line: int) -> bool:
        is_in = not options.only or any(fnmatch(path, pattern) for pattern in options.only)
        return is_in and (lines is None or (path, line) in lines)

    reach, chosen = Reach(options.data), sample(options.seed, options.changes, chooses)
    if not chosen:
        print("no line to change")
        return 0
    copies = Copies(options.jobs)

    def judge(mutation: Mutation) -> tuple[Mutation, bool]:
        noticed = copies.notices(mutation, reach.tests(mutation.path, mutation.line))
        print("noticed " if noticed else "SURVIVED", mutation, flush=True)
        return mutation, noticed

    try:
        with ThreadPoolExecutor(options.jobs) as pool:
            survivors = [mutation for mutation, noticed in pool.map(judge, chosen) if not noticed]
    finally:
        copies.close()
    return _report(options.seed, len(chosen), survivors)


def _report(seed: int, count: int, survivors: Sequence[Mutation]) -> int:
    explained = explanations()
    unexplained = [mutation for mutation in survivors if mutation.identity not in explained]
    for mutation in unexplained:
        place, was, becomes = mutation.identity
        print(f"survived without an explanation:\n- in: {place}\n  was: {was}\n  is: {becomes}")
    noticed = count - len(survivors)
    judged = noticed + len(unexplained)
    print(
        f"{count} changes with seed {seed}: {noticed} noticed, {len(survivors)} survived, of which"
        f" {len(survivors) - len(unexplained)} are explained; {100 * noticed / max(judged, 1):.1f} % of"
        " the others noticed"
    )
    return int(bool(unexplained))


if __name__ == "__main__":
    sys.exit(main())
