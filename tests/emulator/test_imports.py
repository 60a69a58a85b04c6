"""The emulator shares no code with the client, or one mistake would pass on both sides."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import devinops.emulator
from tests.testing.import_graph import circles, import_graph

PACKAGE = Path(devinops.emulator.__file__).parent
FILES = sorted(PACKAGE.glob("**/*.py"))
ALLOWED = {
    "devinops.atomic",
    "devinops.model",
    "devinops.model.errors",
    "devinops.model.exit_codes",
    "devinops.signals",
    "devinops.version",
}


def imported(path: Path) -> set[str]:
    """Every module that a file names in an import, wherever in it; relative ones made absolute."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = "devinops.emulator" if node.level else ""
            module = ".".join(part for part in (base, node.module) if part)
            # `from devinops import x` may name a module or an attribute: take it for a module.
            found |= (
                {f"{module}.{alias.name}" for alias in node.names}
                if module == "devinops"
                else {module}
            )
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_module_of_the_emulator_imports_nothing_of_devinops_that_knows_the_api(path):
    ours = {name for name in imported(path) if name.split(".")[0] == "devinops"}
    others = {name for name in ours if not name.startswith("devinops.emulator")}
    assert others <= {*ALLOWED, "devinops.__version__"}


def test_the_files_of_the_emulator_do_not_import_each_other_in_a_circle():
    graph = import_graph(PACKAGE)
    assert "devinops.emulator.store" in graph["devinops.emulator.app"]
    assert circles(graph) == []


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"a": "import p.b", "b": ""}, []),
        ({"a": "import p.b", "b": "import p.a"}, [["p.a", "p.b"]]),
        ({"a": "from p import b", "b": "from p.a import name"}, [["p.a", "p.b"]]),
        ({"a": "from . import b", "b": "from .a import name"}, [["p.a", "p.b"]]),
        ({"a": "def f():\n    import p.b", "b": "if T:\n    import p.a"}, [["p.a", "p.b"]]),
        (
            {"a": "import p.b", "b": "import p.c", "c": "import p.a", "d": "import p.a"},
            [["p.a", "p.b", "p.c"]],
        ),
        ({"__init__": "from p.a import name", "a": "from p import other"}, [["p", "p.a"]]),
        ({"__init__": "from .a import name", "a": "from . import b", "b": ""}, []),
    ],
    ids=str,
)
def test_a_circle_is_seen_however_the_imports_are_written(tmp_path, files, expected):
    package = tmp_path / "p"
    package.mkdir()
    for name, source in files.items():
        (package / f"{name}.py").write_text(source, encoding="utf-8")
    assert circles(import_graph(package)) == expected


@pytest.mark.matrix
def test_nothing_else_of_devinops_is_loaded_when_the_emulator_runs():
    script = (
        "import sys; from devinops.emulator import Emulator\n"
        "with Emulator(): pass\n"
        "print(*sorted(n for n in sys.modules if n.startswith('devinops.')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    others = [name for name in done.stdout.split() if not name.startswith("devinops.emulator")]
    assert set(others) == ALLOWED


def test_importing_the_package_alone_does_not_load_the_web_framework():
    script = (
        "import sys, devinops.emulator; print('fastapi' in sys.modules, 'uvicorn' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["False", "False"]


def test_without_the_extra_the_error_says_what_to_install():
    script = (
        "import sys; sys.modules['fastapi'] = None\n"
        "import devinops.emulator\n"
        "try: devinops.emulator.Emulator\n"
        "except devinops.model.errors.ConfigError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert "needs fastapi, which is not installed: install devinops with its extra" in done.stdout
