"""A command works when its caller closed stdout or stderr."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.matrix
@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_a_closed_stream_is_no_bug_and_the_report_is_written(tmp_path, closed):
    (tmp_path / "folders.yaml").write_text("folders: [{path: Backend}]\n")
    command = f"{sys.executable} -m devinops validate --report json=r.json {closed}"
    ran = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    assert (tmp_path / "r.json").read_text().startswith("{")
