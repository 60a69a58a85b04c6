"""The generated repositories: the same everywhere, valid, and equal in every form."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest
import yaml

from benchmarks.repositories import FORMS, Entry, entries, seed, write_settings
from tests.testing.command_line import Devinops

COUNT = 30


def test_entries_are_the_same_on_every_machine() -> None:
    texts = "".join(entry.name + entry.trigger + entry.body for entry in entries(COUNT))
    assert sha256(texts.encode()).hexdigest()[:16] == "b7e97d2da7752d01"


def test_an_entry_does_not_depend_on_their_number() -> None:
    assert list(entries(10)) == list(entries(COUNT))[:10]


def test_an_entry_has_about_1_to_4_kb() -> None:
    sizes = [len(entry.body) for entry in entries(300)]
    assert 900 <= min(sizes) <= 1_100
    assert 3_500 <= max(sizes) <= 4_200


@pytest.mark.parametrize("form", ["yaml", "large"])
def test_yaml_files_have_the_entries(tmp_path: Path, form: str) -> None:
    FORMS[form](tmp_path, COUNT)
    loaded = [
        Entry(note["name"], note["folder"], note["trigger"], note["body"].rstrip("\n"))
        for path in tmp_path.rglob("*.yaml")
        for note in yaml.safe_load(path.read_bytes())["knowledge"]
    ]
    assert sorted(loaded, key=lambda entry: entry.name) == list(entries(COUNT))


@pytest.mark.matrix
@pytest.mark.parametrize("form", ["markdown", "commented", "nested"])
def test_markdown_is_valid_and_formatted(tmp_path: Path, devinops: Devinops, form: str) -> None:
    FORMS[form](tmp_path, COUNT)
    write_settings(tmp_path)
    assert devinops("validate", "--root", str(tmp_path)).code == 0
    assert devinops("fmt", "--check", "--root", str(tmp_path)).code == 0
    assert devinops("lint", "--root", str(tmp_path)).code == 0


def test_unformatted_markdown_is_all_changed(tmp_path: Path, devinops: Devinops) -> None:
    FORMS["unformatted"](tmp_path, COUNT)
    changed = devinops("fmt", "--root", str(tmp_path))
    assert f"changed {COUNT} files" in changed.out


def test_peers_get_the_same_texts(tmp_path: Path) -> None:
    for form in ("kong", "zone", "records", "jobs", "live-jobs", "seed"):
        FORMS[form](tmp_path / form, COUNT)
    services = json.loads((tmp_path / "kong").read_bytes())["services"]
    zone = yaml.safe_load((tmp_path / "zone").read_bytes())
    records = json.loads((tmp_path / "records").read_bytes())
    assert len(services) == len(zone) == COUNT
    assert {record["name"]: record["data"] for record in records} == {
        name: record["value"] for name, record in zone.items()
    }
    for service, entry, record in zip(services, entries(COUNT), records, strict=True):
        assert service["path"] == "/" + entry.trigger + entry.body
        assert record["data"].split() == [*entry.trigger.split(), *entry.body.split()]
    jobs = yaml.safe_load((tmp_path / "jobs").read_bytes())["jobs"]
    live = json.loads((tmp_path / "live-jobs").read_bytes())
    assert [job["execute_steps"] for job in live] == [[record["data"]] for record in records]
    assert [job["execute_steps"] for job in jobs.values()] == [job["execute_steps"] for job in live]
    assert json.loads((tmp_path / "seed").read_bytes()) == seed(COUNT)
