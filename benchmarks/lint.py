"""`python -m benchmarks.lint`: the time of lint, against that of yamllint and of `--version`.

All numbers are ratios of CPU time of whole processes, the least of several runs, so that they are
about the same on every machine.
"""

from __future__ import annotations

import os
import random
import re
import resource
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import yaml

from benchmarks.measure import Checks
from devinops.lint.reach import reach
from devinops.lint.similar import runs, twins

ENTRIES = 1_000
FILES = 10_000
SIZES = (1_000, 3_000, 10_000)
RUNS = 5
ONE_FILE = "knowledge/F7/note-00007.md"
_VERBS = ["adding", "changing", "removing", "reviewing", "deploying", "testing", "measuring"]
_THINGS = ["endpoint", "migration", "dashboard", "queue", "cache", "schema", "client", "report"]
_WORDS = re.findall(
    r"\w+",
    """the a every service request response error code message field table index query timeout retry
    budget queue job worker owner team alert metric log trace deployment rollback branch commit
    review test fixture mock schema version header token session cookie page component is are has
    must should can before after when if until with without from into over under and or""",
)


def body(seed: int) -> str:
    """Return Markdown like that of a real note: headings, prose, lists and code, about 5 KB."""
    chance = random.Random(seed)

    def sentence(size: int) -> str:
        return " ".join(chance.choices(_WORDS, k=size)).capitalize() + "."

    sections = []
    for number in range(5):
        prose = textwrap.fill(" ".join(sentence(12) for _ in range(4)), 96)
        items = "\n".join(f"- {sentence(9)}" for _ in range(4))
        code = "\n".join(f"    call_{n}({chance.choice(_WORDS)}={n})" for n in range(6))
        sections.append(
            f"## Part {number}\n\n{prose}\n\n{items}\n\n```python\ndef f():\n{code}\n```\n"
        )
    return "\n".join(sections)


def trigger(number: int) -> str:
    chance = random.Random(number)
    verb, thing = chance.choice(_VERBS), chance.choice(_THINGS)
    return f"When {verb} a {thing} of service {chance.randrange(10**6)} for team {number}"


def write_yaml(root: Path) -> None:
    for number in range(ENTRIES):
        path = root / "knowledge" / f"F{number % 20}" / f"note-{number:05}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        text = textwrap.indent(body(number), "      ", lambda line: bool(line.strip()))
        head = f"  - name: Note {number}\n    trigger: {trigger(number)}\n    body: |\n"
        path.write_text(f"---\nknowledge:\n{head}{text}")
        assert yaml.safe_load(path.read_text())["knowledge"][0]["body"] == body(number)


def write_markdown(root: Path, number: int) -> None:
    for n in range(number):
        path = root / "knowledge" / f"F{n % 100}" / f"note-{n:05}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"---\nname: Note {n}\ntrigger: {trigger(n)}\n---\n{body(n)}")


def cpu_s(command: list[str], cwd: Path, codes: tuple[int, ...] = (0,)) -> float:
    """Return the least CPU time of a command."""
    return min(_cpu(command, cwd, codes) for _ in range(RUNS))


def _cpu(command: list[str], cwd: Path, codes: tuple[int, ...]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode in codes, done.stdout[-2000:] + done.stderr[-2000:]
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def devinops(*argv: str) -> list[str]:
    return [sys.executable, "-m", "devinops", *argv]


def measure(check: Checks) -> None:
    # Compiled files, as those of every installed program.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        write_yaml(root)
        command = [sys.executable, "-m", "yamllint", "-d", "relaxed", "knowledge"]
        yamllint = cpu_s(command, root, (0, 1))
        rules = cpu_s(devinops("lint", "--ignore", "DV301"), root)
        everything = cpu_s(devinops("lint"), root)
        print(f"      {ENTRIES} YAML files: yamllint {yamllint:.1f} s, lint {everything:.1f} s")
        check("lint without the detector of secrets, against yamllint", rules / yamllint, 2, "×")
        check("lint with all rules, against yamllint", everything / yamllint, 6, "×")
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        write_markdown(root, FILES)
        version = cpu_s(devinops("--version"), root)
        one = cpu_s(devinops("lint", "--select", "entry-rules", "knowledge/F7/note-00007.md"), root)
        print(f"      one file of {FILES}: --version {version:.3f} s, lint {one:.3f} s")
        check("lint of one changed file, entry rules, against --version", one / version, 3, "×")
    times = dict(_similarity())
    print("      " + ", ".join(f"{n} texts {s:.2f} s" for n, s in times.items()))
    for size in SIZES[1:]:
        growth = times[size] / times[SIZES[0]] / (size / SIZES[0])
        check(
            f"near duplicates among {size} texts, time a text against {SIZES[0]}", growth, 1.5, "×"
        )


def _similarity() -> Iterator[tuple[int, float]]:
    """Yield number of texts and the least time of finding twins among them; one in ten has one."""
    texts = [body(number if number % 10 else number // 20) for number in range(max(SIZES))]
    for size in SIZES:
        yield size, min(_twins_s(texts[:size]) for _ in range(RUNS))


def _twins_s(texts: list[str]) -> float:
    start = time.process_time()
    found = sum(1 for _ in twins([reach()] * len(texts), lambda at: runs(texts[at]), 0.7))
    assert found
    return time.process_time() - start


if __name__ == "__main__":
    checks = Checks()
    measure(checks)
    sys.exit(checks.failed)
