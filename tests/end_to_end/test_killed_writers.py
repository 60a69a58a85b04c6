"""A command that is killed while it writes files leaves none that Git would take for one of the repository."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.testing.inventories import commit, git
from tests.testing.tree import plant

NOTE = "---\ntrigger:   t\nname: A\n---\nText with a z\u200bero width space.\n"
KILLED = """\
import os, sys
from pathlib import Path

from devinops import __main__

replace, left = Path.replace, int(sys.argv.pop(1))


def killed(self, target):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), 9)
    return replace(self, target)


Path.replace = killed
__main__.run()
"""
COMMANDS = {
    "init": 2,
    "init --editor vscode --editor agents": 10,
    "fmt": 3,
    "lint --fix": 2,
    "export plugin": 3,
    "validate --report junit=a.xml --report json=b.json": 2,
    "import rules": 2,
}
"""Commands, with a number of files that each of them writes."""


@pytest.mark.sampled(9, ci=3)
@pytest.mark.parametrize(
    ("command", "number"),
    [(command, number) for command, most in COMMANDS.items() for number in sorted({0, most - 1})],
)
def test_git_takes_nothing_of_what_was_not_finished(
    tmp_path: Path, command: str, number: int
) -> None:
    files = {
        "devinops.yaml": "version:   1\n",
        "knowledge/a.md": NOTE,
        "knowledge/b.md": NOTE.replace("name: A", "name: B"),
        "rules/c.mdc": "---\ndescription: When writing tests\n---\nTest it.\n",
        "rules/d.mdc": "---\ndescription: When writing docs\n---\nSay it.\n",
    }
    git(plant(tmp_path, files), "init", "--quiet")
    git(tmp_path, "add", ".")
    commit(tmp_path, "--message", "files")
    words = [sys.executable, "-c", KILLED, str(number), *command.split()]
    ran = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == -signal.SIGKILL, ran
    rows = git(tmp_path, "status", "--porcelain", "--untracked-files=all").splitlines()
    assert len(rows) <= number
    assert not [row for row in rows if row.endswith(".tmp")]
