"""Repositories to measure with: the same number always gives the same entries.

An entry is a note of 1 to 4 KB, 2 KB on average, with headings, prose, lists and code.

`python -m benchmarks.repositories FORM COUNT DIRECTORY` writes a repository: see `FORMS`. In a
process of its own, because a measured process inherits the peak memory of the one that starts it.
"""

from __future__ import annotations

import json
import math
import random
import sys
import textwrap
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

FOLDERS = 20
ORGANIZATION = "org-emulator"
_ENTRIES_IN_A_LARGE_FILE = 500
_SECTIONS = range(2, 9)
"""An entry has as many sections, each about half a kilobyte. Most entries are short."""

_VERBS = ("adding", "changing", "removing", "reviewing", "deploying", "testing", "measuring")
_THINGS = ("endpoint", "migration", "dashboard", "queue", "cache", "schema", "client", "report")
_TEXT = """
    a every service request response error code message field table index query timeout retry
    budget queue job worker owner team alert metric log trace deployment rollback branch commit
    review test fixture mock schema version header token session cookie page component is are has
    must should can before after when if until with without from into over under and or
    """
_WORDS = tuple(_TEXT.split())
_JOB = {
    "account_id": 1,
    "project_id": 1,
    "environment_id": 1,
    "settings": {"threads": 4, "target_name": "default"},
    "run_generate_sources": False,
    "generate_docs": False,
    "schedule": {"cron": "0 0 1 1 *"},
    "triggers": {"github_webhook": False, "schedule": False},
}
"""What every job of dbt Cloud must have."""


@dataclass(frozen=True)
class Entry:
    name: str
    folder: str
    trigger: str
    body: str


def entries(count: int) -> Iterator[Entry]:
    return map(entry, range(count))


def entry(number: int) -> Entry:
    chance = random.Random(number)
    verb, thing = chance.choice(_VERBS), chance.choice(_THINGS)
    sections = chance.choices(_SECTIONS, weights=range(len(_SECTIONS), 0, -1))[0]
    return Entry(
        f"Note {number:05}",
        f"F{number % FOLDERS}",
        f"When {verb} a {thing} of service {chance.randrange(10**6)} for team {number}",
        "\n\n".join(_section(chance, part) for part in range(sections)),
    )


def _section(chance: random.Random, part: int) -> str:
    words = iter(chance.choices(_WORDS, k=75))
    prose = "\n".join(" ".join(next(words) for _ in range(14)) for _ in range(3))
    items = "\n".join("- " + " ".join(next(words) for _ in range(8)) for _ in range(3))
    code = "\n".join(f"    call_{n}({next(words)}={n})" for n in range(2))
    return f"## Part {part}\n\n{prose}\n\n{items}\n\n```python\ndef f():\n{code}\n```"


def write_markdown(
    root: Path, count: int, before_body: str = "\n", above: str = "", below: str = ""
) -> None:
    """Write one Markdown file for each entry, as `devinops fmt` would.

    `above` and `below` are lines of the front matter, above the trigger and below it.
    """
    for number, entry in enumerate(entries(count)):
        path = root / "knowledge" / entry.folder / f"note-{number:05}.md"
        fields = f"name: {entry.name}\n{above}trigger: {entry.trigger}\n{below}"
        _write(path, f"---\n{fields}---\n{before_body}{entry.body}\n")


def write_commented(root: Path, count: int) -> None:
    """Write the same with a comment and blank lines in the front matter."""
    write_markdown(root, count, above="\n# Ask the platform team before a change.\n")


def write_nested(root: Path, count: int) -> None:
    """Write the same with a mapping in the front matter, which needs a full YAML parser."""
    write_markdown(root, count, below="meta:\n  owner: platform\n  review_by: 2027-03-01\n")


def write_unformatted(root: Path, count: int) -> None:
    """Write one Markdown file for each entry, each of which `devinops fmt` changes."""
    write_markdown(root, count, before_body="")


def write_yaml(root: Path, count: int) -> None:
    """Write one YAML file for each entry."""
    for number, entry in enumerate(entries(count)):
        path = root / "knowledge" / entry.folder / f"note-{number:05}.yaml"
        _write(path, _as_yaml([entry]))


def write_large_files(root: Path, count: int) -> None:
    """Write YAML files of 500 entries each."""
    rest = entries(count)
    for number in range(math.ceil(count / _ENTRIES_IN_A_LARGE_FILE)):
        part = islice(rest, _ENTRIES_IN_A_LARGE_FILE)
        _write(root / "knowledge" / f"part-{number:03}.yaml", _as_yaml(part))


def write_settings(root: Path) -> None:
    """Write the settings of a target whose organization is known, as in most repositories."""
    settings = f"version: 1\ntargets: {{production: {{org_id: {ORGANIZATION}}}}}\n"
    _write(root / "devinops.yaml", settings)


def put_aside(root: Path) -> None:
    """Rename a directory, if it exists, so that a run can write it again.

    It is not deleted: for a while after a delete of 10,000 files, ext4 takes four times as long to
    create files.
    """
    if root.exists():
        root.rename(root.with_name(f"{root.name}-before-{time.monotonic_ns()}"))


def seed(count: int) -> dict[str, object]:
    """Return the seed of an emulator that has the folders, and the first entries as notes."""
    organization = {
        "folders": [{"path": f"F{number}"} for number in range(FOLDERS)],
        "knowledge": [vars(entry) for entry in entries(count)],
    }
    return {"organizations": {ORGANIZATION: organization}}


def write_seed(path: Path, count: int) -> None:
    path.write_text(json.dumps(seed(count)), encoding="utf-8")


def write_kong(path: Path, count: int) -> None:
    """Write the state file of decK: a service for each entry, with the text as its path."""
    services = [
        {"name": f"note-{number}", "host": "a.example", "path": "/" + entry.trigger + entry.body}
        for number, entry in enumerate(entries(count))
    ]
    # JSON is YAML, and decK reads it faster.
    _write(path, json.dumps({"_format_version": "1.1", "services": services}))


def write_zone(path: Path, count: int) -> None:
    """Write a zone of octoDNS: a TXT record for each entry."""
    lines = (f"note-{n}: {{type: TXT, ttl: 3600, value: {t}}}\n" for n, t in _texts(count))
    _write(path, "---\n" + "".join(lines))


def write_records(path: Path, count: int) -> None:
    """Write the records of the same zone as DigitalOcean lists them."""
    records = [
        {"id": n, "type": "TXT", "name": f"note-{n}", "data": json.loads(t), "ttl": 3600}
        for n, t in _texts(count)
    ]
    _write(path, json.dumps(records))


def write_jobs(path: Path, count: int) -> None:
    """Write the file of dbt-jobs-as-code: a job for each entry, with the text as its step."""
    settings = "".join(f"    {name}: {json.dumps(value)}\n" for name, value in _JOB.items())
    jobs = (
        f"  note-{n}:\n    name: note-{n}\n{settings}    execute_steps:\n      - {text}\n"
        for n, text in _texts(count)
    )
    _write(path, "jobs:\n" + "".join(jobs))


def write_live_jobs(path: Path, count: int) -> None:
    """Write the same jobs as dbt Cloud lists them."""
    jobs = [
        {**_JOB, "id": n + 1, "name": f"note-{n} [[note-{n}]]", "execute_steps": [json.loads(text)]}
        for n, text in _texts(count)
    ]
    _write(path, json.dumps(jobs))


def _texts(count: int) -> Iterator[tuple[int, str]]:
    """Yield the number and the quoted text of each entry, as one line."""
    for number, entry in enumerate(entries(count)):
        yield number, json.dumps(" ".join([entry.trigger, *entry.body.split()]))


FORMS: dict[str, Callable[[Path, int], None]] = {
    "markdown": write_markdown,
    "commented": write_commented,
    "nested": write_nested,
    "unformatted": write_unformatted,
    "yaml": write_yaml,
    "large": write_large_files,
    "seed": write_seed,
    "kong": write_kong,
    "zone": write_zone,
    "records": write_records,
    "jobs": write_jobs,
    "live-jobs": write_live_jobs,
}
"""What can be written: a directory in one of six forms; the file of a seed, and of peers."""


def _as_yaml(entries: Iterable[Entry]) -> str:
    return "---\nknowledge:\n" + "".join(
        f"  - name: {entry.name}\n    folder: {entry.folder}\n    trigger: {entry.trigger}\n"
        f"    body: |\n{textwrap.indent(entry.body, ' ' * 6)}\n"
        for entry in entries
    )


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    form, count, place = sys.argv[1:]
    FORMS[form](Path(place), int(count))
