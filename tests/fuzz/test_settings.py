"""Any number in devinops.yaml is used or is a problem with a place, and never a traceback."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st

from devinops.config.reading import open_project
from devinops.config.settings import resolve
from devinops.environment import Flags
from devinops.model.keys import Key
from devinops.planning.waves import TargetFacts, rollout
from devinops.render.problem_text import ProblemText
from devinops.render.terminal import Terminal
from tests.testing.damage import fuzz, one_line
from tests.testing.tree import plant

NUMBERS = {
    "version": "1",
    "max_targets": "5",
    "rate": "20/s",
    "shards": "2",
    "max_delete": "20%",
    "soak": "24h",
    "max_failed": "1",
    "tokens": "4000",
    "everywhere_tokens": "500",
}
"""Each setting that is a number, or has one in it, with a value that is good."""

CONFIG = """\
version: {version}
max_targets: {max_targets}
rate: {rate}
shards: {shards}
lint: {{budgets: {{tokens: {tokens}, everywhere_tokens: {everywhere_tokens}}}}}
defaults: {{max_delete: {max_delete}, inventory: {{store: branch}}}}
targets: {{a: {{org_id: org-a, labels: {{ring: canary}}}}, b: {{org_id: org-b}}}}
waves:
- {{name: canary, where: {{ring: canary}}, soak: {soak}, max_failed: {max_failed}}}
- {{name: rest, soak: {soak}}}
"""

digits = st.integers().map(str) | st.integers(1, 6000).map(lambda length: "9" * length)
units = st.sampled_from(["", "m", "h", "d", "s", "w", "%", "/s", "/min", "/h", "e9", ".5"])
numbers = (
    st.builds("{}{}".format, digits, units)
    | st.floats().map(str)
    | st.sampled_from(
        [".inf", "-.inf", ".nan", "1e400", "0x7f", "0o17", "1_000", "1:30", "٣h", "²"]
    )
    | st.sampled_from(
        ["2026-01-01", "yes", "~", "[1]", "{a: 1}", "''", "'5'", "!!int x", "+5", "-0"]
    )
)


def used(text: str) -> None:
    """Use all numbers of a devinops.yaml as commands do, if it has no problems."""
    with tempfile.TemporaryDirectory() as directory:
        root = plant(Path(directory), {"devinops.yaml": text.encode()})
        project, problems = open_project(root)
    for problem in problems:
        assert problem.source.line >= 1
        assert one_line(*ProblemText(Terminal()).problem(problem))
        assert len(problem.message) < 2000
    if problems:
        return
    assert min(project.max_targets, project.shards, project.rate) > 0
    settings = resolve(project, Flags(), {"DEVIN_API_KEY": "cog_key"}, "a")
    assert settings.policy.max_delete.of(10) >= 0
    key = Key.parse("knowledge:A")
    facts = {
        "a": TargetFacts(times={key: datetime.max.replace(tzinfo=UTC)}),
        "b": TargetFacts(frozenset({key})),
    }
    assert len(rollout(project.waves, facts, datetime.now(UTC))) == 2


def test_the_good_values_are_good() -> None:
    used(CONFIG.format(**NUMBERS))
    with tempfile.TemporaryDirectory() as directory:
        root = plant(Path(directory), {"devinops.yaml": CONFIG.format(**NUMBERS).encode()})
        assert open_project(root)[1] == []


@fuzz()
@given(st.dictionaries(st.sampled_from(list(NUMBERS)), numbers, min_size=1))
@example({"soak": "99999999999999h"})
@example({"soak": "9999d"})
@example({"max_targets": "9" * 5000})
@example({"max_delete": "9" * 5000})
def test_any_number_in_the_settings(changed: dict[str, str]) -> None:
    used(CONFIG.format(**NUMBERS | changed))
