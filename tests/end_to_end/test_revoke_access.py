"""One command takes a role away in all organizations at once, whatever the waves are."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from devinops.emulator import Emulator
from tests.testing.command_line import Devinops, Write
from tests.testing.inventories import commit, git

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "recover.md"
CONFIG = """\
version: 1
defaults: {enterprise_key_env: DEVIN_ENTERPRISE, inventory: {store: branch}}
targets:
  pay: {org_id: org-emulator, labels: {ring: canary}}
  search: {org_id: org-search}
waves:
  - {name: canary, where: {ring: canary}, soak: 24h}
  - {name: rest}
"""
SEED: dict[str, Any] = {
    "organizations": {"org-emulator": {}, "org-search": {}},
    "enterprise": {
        "users": [
            {"id": "user-ada", "email": "ada@example.com", "name": "Ada"},
            {"id": "user-bob", "email": "bob@example.com", "name": "Bob"},
        ],
    },
}


def roles(emulator: Emulator) -> set[tuple[str, str]]:
    """Return the people and the organizations in which they have a role."""
    users: Any = emulator.store.table("user")
    return {(user.name, org) for user in users for org in user.roles if org}


@pytest.mark.usefixtures("really_waits")
def test_access_is_revoked_with_the_command_of_the_page(
    repository: Write,
    devinops: Devinops,
    use: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("DEVIN_ENTERPRISE", "cog_enterprise")
    root = repository({"devinops.yaml": CONFIG})
    remote = tmp_path / "remote.git"
    git(tmp_path, "init", "-q", "--bare", "-b", "main", str(remote))
    git(root, "init", "-q", "-b", "main")
    git(root, "remote", "add", "origin", str(remote))

    def write(**more: str) -> None:
        ada = {"user": "ada@example.com", "role": "Member", **more}
        bob = {"user": "bob@example.com", "role": "Member"}
        (root / "user_roles.yaml").write_text(json.dumps({"user_roles": [ada, bob]}))

    write()
    commit(root, "--allow-empty", "-m", "First")
    git(root, "push", "-q", "origin", "main")
    with Emulator(SEED) as emulator:
        use(emulator.url, "cog_enterprise")
        argv = ("apply", "-C", root, "-t", "all", "--yes", "--allow", "out-of-wave")
        assert devinops(*argv).code == 0
        assert len(roles(emulator)) == 4
        write(ensure="absent")
        (command,) = [
            line.split()[1:]
            for line in PAGE.read_text().splitlines()
            if line.startswith("    devinops apply --target all --only user_role:")
        ]
        assert devinops(*command[:-2], "-C", root, "--yes").code == 4, "waves hold it back"
        assert devinops(*command, "-C", root, "--yes").code == 0
        assert roles(emulator) == {("Bob", "org-emulator"), ("Bob", "org-search")}
