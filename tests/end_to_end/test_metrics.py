"""The file with metrics that a job writes again and again."""

from __future__ import annotations

from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from devinops.emulator import Emulator
from tests.testing.command_line import Devinops, Write

NOTE = "---\nname: Deploys\ntrigger: When deploying\n---\nRun make deploy.\n"
SUCCESS = "devinops_last_success_timestamp_seconds"


def read(path: Path) -> dict[tuple[str, ...], float]:
    """Return name and labels → value."""
    families = text_string_to_metric_families(path.read_text())
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in families
        for sample in family.samples
    }


def test_a_run_that_fails_keeps_the_last_success(
    emulator: Emulator,
    devinops: Devinops,
    repository: Write,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = "version: 1\ntargets: {pay: {inventory: {store: file}}}\n"
    root, path = repository({"devinops.yaml": config, "knowledge/a.md": NOTE}), tmp_path / "a.prom"
    run = ("plan", "-C", root, "--report", f"metrics={path}")
    emulator.faults = [
        {"path": "/v3/**", "fault": "rate-limit", "nth": 1, "retry_after": "seconds", "seconds": 3}
    ]
    assert devinops(*run).code == 0
    first = read(path)
    assert first["devinops_pending_changes", "plan", "pay", "knowledge"] == 1
    assert first["devinops_run_requests", "plan", "429"] == 1
    assert first["devinops_run_requests", "plan", "200"] >= 1
    assert first["devinops_run_limited_seconds", "plan"] == pytest.approx(3, abs=0.1)
    assert first["devinops_run_duration_seconds", "plan"] >= 3
    monkeypatch.setenv("DEVIN_API_KEY", "cog_revoked")
    assert devinops(*run).code == 1
    failed = read(path)
    assert (failed[SUCCESS, "plan", "pay"], failed["devinops_run_requests", "plan", "401"]) == (
        first[SUCCESS, "plan", "pay"],
        1,
    )
    assert ("devinops_pending_changes", "plan", "pay", "knowledge") not in failed
    assert devinops("validate", "-C", root, "--report", f"metrics={path}").code == 0
    assert (SUCCESS, "plan", "pay") in read(path)
