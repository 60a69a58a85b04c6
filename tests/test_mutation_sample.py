"""`make mutation-sample` makes the changes it says, and knows which tests reach them."""

from __future__ import annotations

import ast
from pathlib import Path

import coverage
import pytest

from tests.testing import mutation_sample
from tests.testing.mutation_sample import Reach, changed_lines, sample, sites
from tests.testing.places import ROOT


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("a < b", ["a <= b"]),
        ("a != b", ["a == b"]),
        ("a not in b", ["a in b"]),
        ("a is None", ["a is not None"]),
        ("not a", ["a"]),
        ("x(a and b)", ["x(a or b)"]),
        ("wait(3, retry=True)", ["wait(4, retry=True)", "wait(3, retry=False)"]),
        ("a < b < c", []),
        ('"text"', []),
        ('f"{a == b}"', []),
        ("@dataclass(frozen=True)\nclass C: ...", []),
    ],
)
def test_each_small_change_is_made_once(text: str, changes: list[str]) -> None:
    made = [site.mutated(text) for site in sites("devinops/ci/job.py", text)]
    assert sorted(mutation.becomes for mutation in made) == sorted(changes)
    assert all(ast.unparse(ast.parse(mutation.text)) == mutation.becomes for mutation in made)


def test_a_change_is_named_by_its_function_so_that_it_can_be_explained() -> None:
    text = "class Job:\n    def ends(self):\n        return (\n            self.code == 'é')\n"
    (site,) = sites("devinops/ci/job.py", text)
    mutation = site.mutated(text)
    assert mutation.identity == ("ci.job.Job.ends", "self.code == 'é'", "self.code != 'é'")
    assert str(mutation).startswith("devinops/ci/job.py:4: ")
    assert "(self.code != 'é'))\n" in mutation.text


@pytest.mark.matrix
def test_a_sample_is_the_same_for_the_same_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mutation_sample, "MUTATED", ("ci", "fmt"))
    first, again, other = (sample(seed, 3, lambda *_: True) for seed in (7, 7, 8))
    assert first == again != other


@pytest.mark.matrix
def test_a_sample_can_be_of_some_lines_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mutation_sample, "MUTATED", ("ci", "fmt"))
    chosen = sample(7, 4, lambda path, line: path == "devinops/ci/job.py" and line % 2 == 0)
    assert {change.path for change in chosen} == {"devinops/ci/job.py"}
    assert [change for change in chosen if change.line % 2] == []


DIFF = """\
diff --git a/devinops/a.py b/devinops/a.py
--- a/devinops/a.py
+++ b/devinops/a.py
@@ -3 +3,2 @@ def old() -> None:
-    one
+    one
+    two
@@ -9,2 +10,0 @@
-    gone
-    gone
@@ -20 +19 @@
-    a
+    b
diff --git a/devinops/b.py b/devinops/b.py
--- /dev/null
+++ b/devinops/b.py
@@ -0,0 +1 @@
+import c
"""


def test_lines_that_differ_are_those_of_the_right_side() -> None:
    a, b = "devinops/a.py", "devinops/b.py"
    assert changed_lines(DIFF) == {(a, 3), (a, 4), (a, 19), (b, 1)}


def test_the_most_specific_tests_that_reach_a_line_run_first(tmp_path: Path) -> None:
    data = coverage.CoverageData(str(tmp_path / "data"))
    measured = str(ROOT / "devinops" / "ci" / "job.py")
    for test, lines in [("broad", [1, 2, 3]), ("narrow", [2])]:
        data.set_context(f"{test}|run")
        data.add_lines({measured: lines})
    data.write()
    reach = Reach(tmp_path / "data")
    assert reach.tests("devinops/ci/job.py", 2) == ["narrow", "broad"]
    assert reach.tests("devinops/ci/job.py", 3) == ["broad"]
    assert reach.tests("devinops/ci/job.py", 9) == ["narrow", "broad"], "reached by an import only"
