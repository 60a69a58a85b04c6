"""YAML completes in an editor: a language server with the files that init writes for VS Code."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from devinops.cli.handlers.init import run
from tests.testing.language_server import LanguageServer

pytestmark = [pytest.mark.matrix, pytest.mark.nightly]

CONFIG = "version: 1\ntargets:\n  production:\n    org_id: org-1\n    {}\n"
NOTE = "knowledge:\n  - name: Errors\n    trigger: When adding an endpoint\n    {}\n"


@pytest.fixture(scope="module", params=["", "teams/a"], ids=["top", "subdirectory"])
def root(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root of a repository, at its top or below, that init has set up for VS Code."""
    top = tmp_path_factory.mktemp("repository")
    subprocess.run(["git", "init", "--quiet", top], check=True)
    root: Path = top / request.param
    root.mkdir(parents=True, exist_ok=True)
    run(root, "none", ["vscode"])
    return root


@pytest.fixture(scope="module")
def server(root: Path) -> Iterator[LanguageServer]:
    with opened(root) as running:
        yield running


def opened(root: Path) -> LanguageServer:
    """Return a server for the repository, with the settings that init wrote."""
    top = next(path for path in (root, *root.parents) if (path / ".vscode").exists())
    _, _, settings = (top / ".vscode/settings.json").read_text().partition("\n")
    return LanguageServer(top, json.loads(settings))


def test_settings_and_entries_complete(root: Path, server: LanguageServer) -> None:
    config = server.open(root / "devinops.yaml", CONFIG.format("p"))
    assert {"prune", "protect"} & set(server.completion(config, 4, 5)) == {"prune"}
    config = server.open(root / "devinops.yaml", CONFIG.format("prune: "))
    assert server.completion(config, 4, 11) == ['"off"', "owned", "scope"]
    note = server.open(root / "knowledge/errors.yaml", NOTE.format("pi"))
    assert "pinned_repo" in server.completion(note, 3, 6)


def test_a_field_is_described_with_its_default_and_an_example(
    root: Path, server: LanguageServer
) -> None:
    config = server.open(root / "devinops.yaml", CONFIG.format("max_delete: 10%"))
    shown = server.hover(config, 4, 6)
    assert "Maximum deletes of a kind in one run" in shown
    assert "Default: 20%." in shown
    assert "10%" in shown
    note = server.open(root / "knowledge/errors.yaml", NOTE.format("body: Text."))
    assert "When Devin should recall the note." in server.hover(note, 2, 6)


RIGHT = {
    "devinops.yaml": CONFIG.format("prune: owned"),
    "knowledge/errors.yaml": NOTE.format("body: Text."),
    "secrets.yaml": "secrets: [{key: NPM_TOKEN}]\n",
    "targets.yaml": "targets: {pay: {org_id: org-1}}\n",
    "compose.yaml": "services: {}\n",
}
WRONG = {
    "devinops.yaml": CONFIG.format("prunes: owned"),
    "knowledge/errors.yaml": NOTE.format("body: Text.\n    bodi: Text."),
    "secrets.yaml": "secrets: [{key: NPM_TOKEN, not: a}]\n",
    "targets.yaml": "targets: {pay: {org: org-1}}\n",
}


def test_a_wrong_key_is_marked_and_nothing_else(root: Path) -> None:
    assert set(messages(root, RIGHT).values()) == {()}
    assert messages(root, WRONG) == {
        "devinops.yaml": ("Property prunes is not allowed.",),
        "knowledge/errors.yaml": ("Property bodi is not allowed.",),
        "secrets.yaml": ("Property not is not allowed.",),
        "targets.yaml": ("Property org is not allowed.",),
    }


def messages(root: Path, texts: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    with opened(root) as server:
        uris = {path: server.open(root / path, text) for path, text in texts.items()}
        return {path: tuple(server.diagnostics(uri)) for path, uri in uris.items()}
