"""Counts the cases: a crash matrix that quietly had none would prove nothing."""

from __future__ import annotations

from collections import Counter

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [r for r in terminalreporter.getreports("passed") if r.when == "call"]
    counts: Counter[str] = Counter()
    for report in reports:
        counts.update(
            {name: value for name, value in report.user_properties if isinstance(value, int)}
        )
    if counts:
        terminalreporter.write_line(
            "crash matrix: " + ", ".join(f"{n} {name}" for name, n in counts.items())
        )
