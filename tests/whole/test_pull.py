"""An organization becomes files, and the plan of these files changes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from devinops.emulator import Emulator
from tests.testing.command_line import Devinops
from tests.testing.hostile_names import NAMES, organization

KEYS = {"v3": "cog_emulator", "v1": "apk_emulator"}
CONFIG = "version: 1\ntargets: {production: {inventory: {store: file}}}\n"


def snapshot(root: Path) -> dict[str, bytes]:
    """Return path → content of every file of the user below a root."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and not path.relative_to(root).parts[0].startswith(".")
    }


@pytest.fixture(params=["v3", "v1"])
def pulled(
    request: pytest.FixtureRequest, tmp_path: Path, use: Callable[..., None], devinops: Devinops
) -> Iterator[tuple[Emulator, Path]]:
    """A root into which an organization with hostile names was pulled and applied."""
    with Emulator({"organizations": {"org-emulator": organization()}}) as emulator:
        use(emulator.url, KEYS[request.param])
        (tmp_path / "devinops.yaml").write_text(CONFIG)
        ran = devinops("pull", "-C", tmp_path, "--format", "json")
        assert ran.code == 0, ran.err
        document = json.loads(ran.out)
        assert document["left"] == []
        assert sum(len(file["keys"]) for file in document["files"]) > len(NAMES) + 30
        yield emulator, tmp_path


def writes(emulator: Emulator) -> list[str]:
    return [r["path"] for r in emulator.requests if r["method"] != "GET"]


def plan_of(devinops: Devinops, root: Path) -> Any:
    return json.loads(devinops("plan", "-C", root, "--format", "json").out)


def test_everything_is_adopted_as_it_is(pulled: tuple[Emulator, Path], devinops: Devinops) -> None:
    emulator, root = pulled
    assert all("/knowledge/notes/" not in r["path"] for r in emulator.requests), "lists only"
    plan = plan_of(devinops, root)
    assert {change["action"] for change in plan["changes"]} == {"adopt"}
    assert all(change["fields"] == {} or not change["fields"] for change in plan["changes"])
    assert (plan["blocked"], plan["drift"], plan["problems"]) == ([], [], [])
    files = snapshot(root)
    assert devinops("apply", "-C", root, "--yes").code == 0
    assert writes(emulator) == []
    assert plan_of(devinops, root)["changes"] == []
    again = devinops("pull", "-C", root)
    assert (again.code, again.out.splitlines()[-1][:16]) == (0, "nothing to write")
    assert devinops("pull", "-C", root, "--check").code == 0
    assert snapshot(root) == files


def test_names_are_safe_on_every_file_system(pulled: tuple[Emulator, Path]) -> None:
    _, root = pulled
    paths = list(snapshot(root))
    assert len({path.casefold() for path in paths}) == len(paths)
    for path in paths:
        for part in path.split("/"):
            assert len(part.encode()) <= 120
            assert not set(part) & set('<>:"\\|?*')
            assert part == part.strip()
            assert not part.startswith(".")
            assert part.lower().partition(".")[0] not in ("con", "aux", "nul", "com1", "lpt9")
            assert part.lower() not in ("readme.md", "agents.md", "claude.md")


def edit(emulator: Emulator, section: str, id: str, **fields: Any) -> None:
    """Change an object as a person in the web app."""
    response = httpx.patch(f"{emulator.url}/_emulator/{section}/{id}", json=fields)
    assert response.status_code == 200, response.text
