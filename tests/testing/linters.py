"""What other programs find in files for CI: schemas, actionlint, shellcheck and zizmor."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from check_jsonschema.builtin_schemas import (  # type: ignore[import-untyped]
    get_builtin_schema,
)
from jsonschema.validators import validator_for

from tests.testing.leftovers import UNTIL_THE_END
from tests.testing.npm import installed

SHELLCHECK = Path(sys.executable).with_name("shellcheck")
ZIZMOR = Path(sys.executable).with_name("zizmor")


def schema_errors(name: str, document: Any) -> list[str]:
    """Return what a schema of check-jsonschema (`github-workflows`, …) finds in a document."""
    schema = get_builtin_schema(f"vendor.{name}")
    validator = validator_for(schema)(schema)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]


def actionlint(text: str) -> list[str]:
    """Return what actionlint finds in a workflow; skips the test if it is not installed."""
    package = installed("actionlint/node.cjs").parent
    node = shutil.which("node") or pytest.skip("node is not installed")
    process = _actionlint(node, package)
    assert process.stdin
    assert process.stdout
    process.stdin.write(f"{json.dumps(text)}\n")
    process.stdin.flush()
    return [
        f"{found['line']}: {found['message']}" for found in json.loads(process.stdout.readline())
    ]


@cache
def _actionlint(node: str, package: Path) -> subprocess.Popen[str]:
    """Start it once for all tests of this process, because its start takes most of its time."""
    command = [node, str(Path(__file__).with_name("actionlint.cjs")), str(package)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    UNTIL_THE_END.callback(process.communicate)
    return process


def shellcheck(script: str, *, shell: str = "bash", sources: Path = Path("/")) -> str:
    """Return what shellcheck finds in a script, which may source files in the directory `sources`."""
    ran = subprocess.run(
        [SHELLCHECK, "--shell", shell, "--severity", "style", "-x", "-P", sources, "-"],
        input=script,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return ran.stdout + ran.stderr


def zizmor(path: Path, *, persona: str = "regular") -> list[str]:
    """Return what zizmor finds in a workflow or action, or in all of a directory, for a persona."""
    options = ("--offline", "--no-config", "--format", "json", "--persona", persona)
    ran = subprocess.run(
        [ZIZMOR, *options, "--quiet", path], capture_output=True, text=True, timeout=120
    )
    assert ran.stdout.startswith("["), ran.stderr
    return [f"{found['ident']}: {found['desc']}" for found in json.loads(ran.stdout)]
