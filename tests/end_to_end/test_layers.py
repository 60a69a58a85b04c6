"""Arrows run one way, third-party libraries have one owner each, and the core stays pure."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from devinops.emulator import Emulator
from devinops.kinds import KINDS
from tests.testing.import_graph import circles, import_graph
from tests.testing.inventories import NO_INVENTORY
from tests.testing.places import ROOT

PACKAGE = ROOT / "devinops"

LAYERS = (
    {"home", "model", "atomic", "version", "waiting"},
    {"kinds", "signals", "environment", "git", "run_facts"},
    {"schema", "planning"},
    {"applying"},
    {"load", "api", "render", "emulator", "inventory"},
    {"writers"},
    {"config", "ci", "lint"},
    {"ingest", "export", "fmt", "doctor", "insight"},
    {"cli"},
)
"""Each may import from those before it and from itself."""

OWNERS = {
    "yaml": {"load", "writers", "emulator"},
    "jsonschema": {"schema", "emulator"},
    "msgspec": {"schema"},
    "httpx": {"api"},
    "click": {"cli"},
    "deepdiff": {"planning"},
    "filelock": {"inventory"},
    "packaging": {"config"},
    "pathspec": {"load"},
    "betterleaks": {"lint"},
    "fastapi": {"emulator"},
    "starlette": {"emulator"},
    "pydantic": {"emulator"},
    "uvicorn": {"emulator"},
    "jinja2": {"emulator"},
    "dateutil": {"emulator"},
}
IMPURE = {
    "os",
    "pathlib",
    "io",
    "socket",
    "subprocess",
    "time",
    "random",
    "logging",
    "threading",
    "tempfile",
}
PURE = {"model", "kinds", "schema", "planning", "export", "insight"}
CORE = (*sorted(PURE), "applying")
WITHOUT_TESTS = {"model/client_protocols.py"}
"""Types only."""


def modules() -> Iterator[tuple[str, Path]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        top = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if top not in ("__init__", "__main__"):
            yield top, path


@cache
def imports(path: Path) -> list[str]:
    """Return the dotted names that a module imports, wherever the import stands."""
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path} imports relatively"
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


def level(top: str) -> int:
    return next(number for number, layer in enumerate(LAYERS) if top in layer)


def test_every_module_has_a_layer() -> None:
    assert {top for top, _ in modules()} == set().union(*LAYERS)


def test_arrows_run_one_way() -> None:
    for top, path in modules():
        for name in imports(path):
            parts = name.split(".")
            if (
                parts[0] == "devinops"
                and len(parts) > 1
                and parts[1] != "__version__"
                and parts[1] != top
            ):
                assert level(parts[1]) < level(top), f"{path} imports {name}"


def test_no_circle_between_files() -> None:
    assert circles(import_graph(PACKAGE)) == []


def test_each_library_has_its_owner() -> None:
    ours = sys.stdlib_module_names | {"devinops"}
    for top, path in modules():
        for name in imports(path):
            library = name.split(".")[0]
            if library not in ours:
                assert top in OWNERS[library], f"{path} imports {library}"


def test_two_modules_import_httpx() -> None:
    users = [
        path.relative_to(PACKAGE).as_posix()
        for _, path in modules()
        if any(name.split(".")[0] == "httpx" for name in imports(path))
    ]
    assert users == ["api/httpx_setup.py", "api/single_request.py"]


@pytest.mark.parametrize("package", CORE)
def test_each_module_of_the_core_has_its_test_file(package: str) -> None:
    """tests/planning/test_guards.py holds the tests of devinops/planning/guards.py."""
    modules = (PACKAGE / package).rglob("*.py")
    tests = {
        str(path.relative_to(PACKAGE).with_name(f"test_{path.name}"))
        for path in modules
        if path.name != "__init__.py" and str(path.relative_to(PACKAGE)) not in WITHOUT_TESTS
    }
    assert {test for test in tests if not (ROOT / "tests" / test).exists()} == set()


def test_the_core_reads_no_file_no_clock_and_prints_nothing() -> None:
    for top, path in modules():
        if top not in PURE:
            continue
        assert not {name.split(".")[0] for name in imports(path)} & IMPURE, path
        tree = ast.parse(path.read_text(encoding="utf-8"))
        called = {
            n.func.id
            for n in ast.walk(tree)
            if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)
        }
        methods = {
            n.func.attr
            for n in ast.walk(tree)
            if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)
        }
        assert not called & {"print", "open", "input"}, path
        assert not methods & {"now", "today", "read_text", "getenv"}, path


GENERAL = {"name", "path", "key", "type", "version", "title", "default", "match", "connection"} | {
    "role",
    "user",
    "group",
}
"""Words of every program, of JSON Schema or of a setting, which some kinds have as fields too."""

ALSO_ELSEWHERE = {
    "folder": {"key", "now", "old", "self"},  # a part of every key
    "body": {"call", "response", "page"},  # of a request, a response, a Markdown file
    "note": {"_ignored", "tries"},  # of what `ignore` matched, of the attempts of a request
    "platform": {"sys"},
    "metadata": {"field"},  # of a dataclass
    "groups": {"session", "fullmatch(token)"},  # of a session, of a match
}
"""Field → the names of objects that are no resources and have an attribute of that name."""

SAMPLES = {"cli/handlers/demo.py"}
"""These write entries for people to look at."""

FOREIGN = {
    "cli/doctor_writes.py": {"service_user"},  # whom a key belongs to, in a report of doctor
    "doctor/summary.py": {"service_user"},
    "schema/doctor.py": {"service_user"},
    "ci/github.py": {"body"},
    "ci/gitlab.py": {"body"},
    "export/page.py": {"metadata"},
    "export/plugin.py": {"trigger", "triggers"},
    "ingest/forms/devin_playbook.py": {"macro"},
    "ingest/forms/markdown.py": {"trigger"},
    "ingest/forms/rules.py": {"trigger", "agent", "metadata"},
    "ingest/forms/_front_matter.py": {"metadata"},
    "ingest/forms/skill.py": {"triggers", "metadata"},
    "lint/rules/instruction_override.py": {"prompt"},
    "render/run_blocks.py": {"note"},  # a remark about the plan, as a word for people
    "render/sarif.py": {"note", "tags"},  # a level of a result, and words by which rules are found
}
"""Module → words of other tools, formats and APIs, which some kinds have as fields too."""

ALLOWED_CODES = {"same-folder"}
"""Directories are folders, whatever is in them."""


def words_of_kinds() -> tuple[set[str], set[str]]:
    """Return the nouns and sections, and the fields, of all kinds."""
    kinds = KINDS.values()
    # What entries only refer to has the name that the rest of the world gives it.
    nouns = {kind.noun for kind in kinds if kind.is_declared} | KINDS.sections.keys()
    return nouns, {a.name for kind in kinds for a in kind.attributes} - GENERAL


def without_kinds() -> Iterator[tuple[str, ast.AST]]:
    """Yield every node outside of the modules that may name kinds and fields, with its module."""
    for top, path in modules():
        module = path.relative_to(PACKAGE).as_posix()
        if top not in ("kinds", "emulator") and module not in SAMPLES:
            yield from ((module, n) for n in ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


def named_kinds(tree: Iterator[tuple[str, ast.AST]]) -> list[str]:
    """Return the places that name a kind or one of its fields."""
    nouns, fields = words_of_kinds()
    found = []
    for module, node in tree:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
            is_code = re.fullmatch("[a-z]+(-[a-z0-9]+)+", text) and text not in ALLOWED_CODES
            parts = set(text.split("-")) if is_code else set()
            is_foreign = text in FOREIGN.get(module, set())
            if (text in nouns | fields and not is_foreign) or parts & nouns:
                found.append(f"{module}:{node.lineno}: {text!r}")
        elif isinstance(node, ast.Attribute) and node.attr in fields:
            owner = ast.unparse(node.value).rpartition(".")[2]
            if owner not in ALSO_ELSEWHERE.get(node.attr, set()):
                found.append(f"{module}:{node.lineno}: {ast.unparse(node)}")
    return found


def test_nothing_outside_of_the_kinds_names_one_of_them_or_a_field() -> None:
    assert named_kinds(without_kinds()) == []


@pytest.mark.parametrize(
    "source",
    [
        'kind == "secret"',
        'sections["playbooks"]',
        'getattr(x, "pinned_repo")',
        "resource.body",
        "change.live.resource.macro",
        'problem("secret-age")',
    ],
)
def test_a_name_of_a_kind_is_found(source: str) -> None:
    tree = (("a.py", node) for node in ast.walk(ast.parse(source)))
    assert len(named_kinds(tree)) == 1


def test_a_plan_that_is_only_shown_imports_no_documents(tmp_path: Path) -> None:
    (tmp_path / "playbooks").mkdir()
    (tmp_path / "playbooks" / "a.md").write_text("---\ntitle: A\n---\nb\n")
    (tmp_path / "devinops.yaml").write_text(NO_INVENTORY["devinops.yaml"])
    code = "import sys; from devinops.cli.main import main; main(['plan']); print('msgspec' in sys.modules)"
    with Emulator() as emulator:
        ran = subprocess.run(
            [sys.executable, "-c", code],
            cwd=tmp_path,
            env=os.environ | {"DEVIN_API_URL": emulator.url, "DEVIN_API_KEY": "cog_emulator"},
            capture_output=True,
            text=True,
            check=True,
        )
    assert ("1 to create" in ran.stdout, ran.stdout.splitlines()[-1]) == (True, "False")


HELP = """
import sys
from devinops.cli.main import COMMANDS, main

for command in COMMANDS:
    main([command, "--help"])
    loaded = {name.split(".")[0] for name in sys.modules} & {third_party!r}
    ours = {name for name in sys.modules if name.startswith({packages!r})}
    assert not loaded | ours, (command, loaded | ours)
"""


def test_the_help_of_a_command_does_not_import_its_work() -> None:
    third_party = set(OWNERS) - {"click"} | {"rich"}
    packages = ("devinops.api", "devinops.load", "devinops.planning", "devinops.cli.handlers")
    code = HELP.replace("{third_party!r}", repr(third_party)).replace(
        "{packages!r}", repr(packages)
    )
    subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)


@pytest.mark.matrix
@pytest.mark.parametrize(
    ("argv", "forbidden"),
    [
        (
            ["--version"],
            {"httpx", "yaml", "jsonschema", "deepdiff", "fastapi", "packaging", "msgspec"},
        ),
        (
            ["--help"],
            {"httpx", "yaml", "jsonschema", "deepdiff", "fastapi", "packaging", "msgspec"},
        ),
        (["validate"], {"httpx", "deepdiff", "fastapi", "msgspec", "filelock", "pathspec"}),
        (["plan"], {"deepdiff", "fastapi", "msgspec"}),
        (["comment"], {"httpx", "jsonschema", "deepdiff", "fastapi", "msgspec", "filelock"}),
        (["whoami"], {"jsonschema", "deepdiff", "fastapi", "filelock"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_command_imports_only_what_it_uses(
    tmp_path: Path, argv: list[str], forbidden: set[str]
) -> None:
    (tmp_path / "knowledge").mkdir()
    (tmp_path / "knowledge" / "a.md").write_text("---\nname: A\ntrigger: t\n---\nb\n")
    code = f"import sys; from devinops.cli.main import main; main({argv!r}); print(*sorted(set(sys.modules) & {forbidden!r}))"
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert ran.stdout.splitlines()[-1] == ""
