"""Every benchmark has a name by which it is found, and a command runs as it says."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

import pytest

from benchmarks.__main__ import ALL, NAMES, find
from benchmarks.measure import Contender, Cost, interleave, run_and_read


@pytest.mark.parametrize("module", NAMES)
def test_the_names_of_a_module_are_those_of_its_benchmarks(module: str) -> None:
    benchmarks = import_module(f"benchmarks.{module}").BENCHMARKS
    assert tuple(benchmark.name for benchmark in benchmarks) == NAMES[module]


def test_every_benchmark_explains_itself() -> None:
    assert len(ALL) == len(set(ALL))
    for benchmark in map(find, ALL):
        assert benchmark.work
        assert not benchmark.about or benchmark.about.endswith(".")
        assert benchmark.minutes > 0


def _python(code: str, cwd: Path) -> Contender:
    return Contender("python", (sys.executable, "-c", code), cwd)


def test_a_run_returns_its_cost_and_its_output(tmp_path: Path) -> None:
    cost, text = run_and_read(_python("print('done')", tmp_path))
    assert text == "done\n"
    assert cost.wall_s > 0
    assert cost.cpu_s > 0
    assert cost.peak_mb > 1


def test_an_unexpected_exit_code_shows_the_output(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"exit code 3\nno such thing"):
        run_and_read(_python("import sys; print('no such thing'); sys.exit(3)", tmp_path))


def test_contenders_run_in_turns(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ran: list[str] = []

    def run(contender: Contender) -> Cost:
        ran.append(contender.label)
        return Cost(len(ran), 1, 1)

    monkeypatch.setattr("benchmarks.measure.run", run)
    contenders = [
        Contender("a", (), tmp_path),
        Contender("b", (), tmp_path, most_runs=2),
        Contender("c", (), tmp_path, warm=False),
    ]
    costs = interleave(contenders, 3)
    assert ran == [*"ab", *"abc", *"abc", *"ac"]
    assert costs["a"].wall_s == 6  # of the runs 3, 6 and 9; the first one warms up
