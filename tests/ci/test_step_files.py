"""Several programs write to one file of a step; devinops adds to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from devinops.ci.step_files import LARGEST_SUMMARY, append_summary
from tests.testing.actions import outputs
from tests.testing.command_line import Devinops


@pytest.mark.parametrize("name", ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"])
def test_a_report_is_added_to_a_file_of_the_step(
    name: str, tmp_path: Path, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    file.write_text("before=1\n")
    monkeypatch.setenv(name, str(file))
    (tmp_path / "root").mkdir()
    ran = devinops("validate", "-C", tmp_path / "root", "--report", f"outputs={file}")
    facts = outputs(file.read_text())
    assert facts["before"] == "1"
    assert facts["exit_code"] == str(ran.code)


def test_any_other_file_is_replaced(tmp_path: Path, devinops: Devinops) -> None:
    file = tmp_path / "file"
    file.write_text("before=1\n")
    (tmp_path / "root").mkdir()
    devinops("validate", "-C", tmp_path / "root", "--report", f"outputs={file}")
    assert "before" not in outputs(file.read_text())


def test_a_file_of_the_step_that_cannot_be_written_is_an_error(
    tmp_path: Path, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "missing" / "file"
    monkeypatch.setenv("GITHUB_OUTPUT", str(file))
    (tmp_path / "root").mkdir()
    ran = devinops("validate", "-C", tmp_path / "root", "--report", f"outputs={file}")
    assert ran.code == 64
    assert "an existing directory" in ran.err


def test_summary_grows_up_to_its_limit(tmp_path: Path) -> None:
    file = tmp_path / "summary.md"
    environment = {"GITHUB_STEP_SUMMARY": str(file)}
    assert append_summary(environment, "# One\n")
    assert append_summary(environment, "# Two\n")
    assert file.read_text() == "# One\n\n# Two\n"
    left = LARGEST_SUMMARY - file.stat().st_size
    assert not append_summary(environment, "é" * (left // 2 + 1))
    assert append_summary(environment, "x" * (left - 1))
    assert file.stat().st_size == LARGEST_SUMMARY
    assert not append_summary(environment, "")


def test_there_is_no_summary_outside_of_github_actions() -> None:
    assert not append_summary({}, "text")
    assert not append_summary({"GITHUB_STEP_SUMMARY": ""}, "text")


def test_a_report_that_a_full_summary_cannot_take_is_an_error(
    tmp_path: Path, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "summary.md"
    (tmp_path / "root").mkdir()
    argv = "validate", "-C", tmp_path / "root", "--report", f"markdown={file}"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(file))
    file.write_text("no line end")
    devinops(*argv)
    assert file.read_text().startswith("no line end\n")
    file.write_text("x" * (LARGEST_SUMMARY - 20))
    ran = devinops(*argv)
    assert ran.code == 1
    assert "GitHub shows no summary of more than 1 MiB" in ran.err
    assert file.stat().st_size == LARGEST_SUMMARY - 20
