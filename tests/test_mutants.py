"""What explains a survivor of `make mutation` or of its sample speaks of code that is still there.

Otherwise an explanation would outlive its line, and the nightly run would fail long after the commit.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.testing import mutants, mutation_sample
from tests.testing.places import ROOT


@pytest.mark.parametrize(("place", "was", "becomes"), mutants.explanations(), ids=str)
def test_an_explained_mutant_is_a_change_of_a_line_of_its_function(
    place: str, was: str, becomes: str
) -> None:
    assert was != becomes
    assert was in " ".join(_source(place).split())


def _source(place: str) -> str:
    """Return the text of a function that mutmut names: it leaves out the `_` of private ones."""
    path, names = _module(place)
    text = path.read_text(encoding="utf-8")
    node: ast.AST = ast.parse(text)
    for name in names:
        node = next(
            child
            for child in ast.iter_child_nodes(node)
            if isinstance(child, ast.FunctionDef | ast.ClassDef) and child.name.strip("_") == name
        )
    return ast.get_source_segment(text, node) or ""


def _module(place: str) -> tuple[Path, list[str]]:
    """Return the file that a dotted name begins with, and the names in it."""
    parts = place.split(".")
    files = ((ROOT / "devinops" / "/".join(parts[:end]), end) for end in range(len(parts), 0, -1))
    return next(
        (path.with_suffix(".py"), parts[end:])
        for path, end in files
        if path.with_suffix(".py").is_file()
    )


def test_each_explained_survivor_of_the_sample_is_a_change_that_can_be_made() -> None:
    for place, was, becomes in mutation_sample.explanations():
        path = _module(place)[0]
        text = path.read_text(encoding="utf-8")
        sites = mutation_sample.sites(path.relative_to(ROOT).as_posix(), text)
        possible = {site.mutated(text).identity for site in sites}
        assert (place, was, becomes) in possible
