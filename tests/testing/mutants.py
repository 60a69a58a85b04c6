"""Judge a run of mutmut: each mutant is killed, or mutants.yaml explains why no test can.

`make mutation` calls this. Exits 1 if a survivor has no explanation, or an explanation no survivor.
"""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import yaml

from tests.testing.places import ROOT

KILLED = {"killed", "timeout", "segfault", "caught by type check"}
Mutation = tuple[str, str, str]
"""Function, its lines before, its lines after; white space collapsed."""


def main() -> int:
    statuses = dict(_results())
    survivors = {_mutation(name) for name, status in statuses.items() if status not in KILLED}
    reasons = explanations()
    for mutation in sorted(survivors - reasons.keys()):
        print("survived without an explanation:", _shown(mutation), sep="\n")
    for mutation in sorted(reasons.keys() - survivors):
        print("explained, but killed or gone:", _shown(mutation), sep="\n")
    counts = Counter(statuses.values())
    killed = sum(counts[status] for status in KILLED)
    said = ", ".join(f"{count} {status}" for status, count in counts.most_common())
    print(f"{len(statuses)} mutants: {said}; score {100 * killed / len(statuses):.1f} %")
    return int(not statuses or survivors != reasons.keys())


def _results() -> list[tuple[str, str]]:
    lines = _mutmut("results", "--all", "true").splitlines()
    return [
        (name.strip(), status.strip())
        for name, _, status in (line.rpartition(":") for line in lines)
        if name
    ]


def _mutation(name: str) -> Mutation:
    lines = [
        line for line in _mutmut("show", name).splitlines() if not line.startswith(("---", "+++"))
    ]
    before, after = (
        " ".join(" ".join(ln[1:] for ln in lines if ln[:1] == sign).split()) for sign in "-+"
    )
    module, _, rest = name.removeprefix("devinops.").rpartition(".")
    function = rest.partition("__mutmut_")[0].removeprefix("x").strip("_ǁ").replace("ǁ", ".")
    return f"{module}.{function}", before, after


def explanations() -> dict[Mutation, str]:
    """Return why no test can notice a mutant that survives."""
    written = yaml.safe_load((ROOT / "tests" / "mutants.yaml").read_text(encoding="utf-8"))
    return {(one["in"], one["was"], one.get("is", "")): one["why"] for one in written}


def _shown(mutation: Mutation) -> str:
    return "  in: {}\n  was: {}\n  is: {}".format(*mutation)


def _mutmut(*arguments: str) -> str:
    program = Path(sys.executable).with_name("mutmut")
    return subprocess.run(
        [program, *arguments], check=True, capture_output=True, encoding="utf-8"
    ).stdout


if __name__ == "__main__":
    sys.exit(main())
