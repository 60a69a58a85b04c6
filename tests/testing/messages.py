"""Every text that devinops shows to people, in one list to read aloud: `make messages`.

Printed are the texts in the source that have several words, with `{…}` for what is filled in, and the help of the
commands. Left out are docstrings of anything but a command, and texts that only programs read.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.testing.places import ROOT

PACKAGE = ROOT / "devinops"


def messages(package: Path = PACKAGE) -> Iterator[tuple[str, int, str]]:
    """Yield path, line and text of each message, in the order of the files."""
    for path in sorted(package.rglob("*.py")):
        name = path.relative_to(package.parent).as_posix()
        for line, text in sorted(_in_module(ast.parse(path.read_text(encoding="utf-8")))):
            yield name, line, text


def _in_module(tree: ast.Module) -> Iterator[tuple[int, str]]:
    nodes = list(ast.walk(tree))
    docstrings = set(map(id, _docstrings(nodes)))
    inner = {id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in nodes:
        if id(node) in docstrings or id(node) in inner:
            continue
        text = _text(node)
        if text and _is_message(text):
            yield node.lineno, " ".join(text.split())  # type: ignore[attr-defined]


def _docstrings(nodes: Sequence[ast.AST]) -> Iterator[ast.AST]:
    """Yield the constants that are docstrings, also of attributes, but for those of click's commands."""
    for node in nodes:
        body = getattr(node, "body", [])
        for statement in body if isinstance(body, list) else []:
            if isinstance(statement, ast.Expr) and not _is_command(node):
                yield statement.value


def _is_command(node: ast.AST) -> bool:
    decorators = getattr(node, "decorator_list", [])
    names = [ast.unparse(decorator) for decorator in decorators]
    return any("command" in name or "group" in name for name in names)


def _text(node: ast.AST) -> str:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(
                _text(part) if isinstance(part, ast.Constant) else "{…}" for part in parts
            )
    return ""


def _is_message(text: str) -> bool:
    words = text.split()
    return len(words) > 2 and any(word.isalpha() and word.islower() for word in words)


if __name__ == "__main__":
    for name, line, text in messages():
        print(f"{name}:{line}: {text}")
