"""Random histories: a repository and an organization on an emulator that change on their own."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine

from devinops.api import listing, retry
from devinops.emulator import Emulator
from devinops.model.exit_codes import ExitCode
from tests.testing.command_line import run_quietly
from tests.testing.documents import read_one
from tests.testing.inventories import commit, git


def histories(most: int) -> settings:
    """Return the settings of a test that takes `most` histories, and fewer if it would take fewer than 100 examples."""
    examples = settings.get_profile("costly").max_examples
    return settings(
        max_examples=max(1, min(most, most * examples // 100)),
        stateful_step_count=12,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


class RandomHistory(RuleBasedStateMachine):
    """The set-up and the command line of a history; a subclass adds the rules, and calls `start` first."""

    root: Path
    emulator: Emulator

    def start(
        self,
        seed: Mapping[str, Any],
        target: Mapping[str, Any],
        *,
        key: str,
        page_size: int,
        quirks: Mapping[str, str] | None = None,
    ) -> None:
        """Begin with an organization and a repository that holds no more than a devinops.yaml.

        `page_size` is below the number of objects of most histories, so that lists have several pages.
        """
        self.patches = pytest.MonkeyPatch()
        self.patches.setattr(retry, "delay_s", lambda *_: 0.001)
        self.patches.setattr(listing, "PAGE_SIZE", page_size)
        self.top = Path(tempfile.mkdtemp(prefix="devinops-history-"))
        self.root = self.top / "clone"
        self.root.mkdir()
        if target["inventory"]["store"] == "branch":
            self._add_remote()
        config = {"version": 1, "targets": {"production": target}}
        (self.root / "devinops.yaml").write_text(json.dumps(config))
        self.emulator = Emulator(seed, quirks=quirks or {})
        self.emulator.__enter__()
        # One request at a time: with several, notes would get their ids in any order, and an example that fails
        # would not fail again.
        self.environ = {
            "DEVIN_API_URL": self.emulator.url,
            "DEVIN_API_KEY": key,
            "DEVINOPS_PARALLELISM": "1",
        }

    def _add_remote(self) -> None:
        remote = self.top / "origin.git"
        git(self.top, "init", "--quiet", "--bare", "--initial-branch", "main", str(remote))
        git(self.root, "init", "--quiet", "--initial-branch", "main")
        git(self.root, "remote", "add", "origin", str(remote))
        commit(self.root, "--allow-empty", "-m", "init")
        git(self.root, "push", "--quiet", "origin", "main")

    def teardown(self) -> None:
        if hasattr(self, "emulator"):
            self.patches.undo()
            self.emulator.__exit__(None, None, None)
            shutil.rmtree(self.top)

    def sections(self) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """Return section → entries, as the files have them now."""
        raise NotImplementedError

    def run(self, *argv: str) -> tuple[int, str]:
        """Write the files, run devinops, and return its exit code and stdout."""
        for section, entries in self.sections().items():
            path = self.root / f"{section}.yaml"
            if entries:
                path.write_text(json.dumps({section: entries}))
            else:
                path.unlink(missing_ok=True)
        code, out, err = run_quietly([*argv, "--root", str(self.root)], self.environ)
        assert code != ExitCode.BUG, err
        return code, out

    def document(self, *argv: str) -> dict[str, Any]:
        """Run devinops and return the JSON document that it printed."""
        _, out = self.run(*argv, "--format", "json")
        return read_one(out)


def notes(declared: Mapping[tuple[str, str], Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the entries of notes from (folder, name) → their other fields."""
    return [
        {"folder": folder, "name": name} | {**rest} for (folder, name), rest in declared.items()
    ]


def for_ci_and_night(machine: type[RandomHistory]) -> tuple[Any, Any]:
    """Return a test of a few histories, for CI, and one of fifty, for the night."""
    few, many = (type(machine.__name__, (machine,), {}).TestCase for _ in range(2))
    few.settings, many.settings = histories(8), histories(50)
    return pytest.mark.matrix(few), pytest.mark.nightly(pytest.mark.matrix(many))
