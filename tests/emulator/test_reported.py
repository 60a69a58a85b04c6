"""An emulator that behaves as a report of doctor says, and reports that are none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from devinops.emulator.reported import read_report
from devinops.model.errors import ConfigError

GOOD: dict[str, Any] = {
    "format_version": "1.0",
    "tool_version": "1.0.0",
    "exit_code": 0,
    "emulator": False,
    "requests": 3,
    "key": {"api": "v3", "scope": "organization", "principal": "pat_user", "permissions": None},
    "readings": [
        {"path": "/v3/organizations/{org_id}/secrets", "status": 403},
        {"path": "/v3/organizations/{org_id}/playbooks", "status": 200, "page_size": 2},
        {"path": "/v3/organizations/{org_id}/schedules", "status": 404},
    ],
    "quirks": {"total": "absent", "root_folder_path": "/"},
    "headers": [],
    "checks": [],
}


def write(path: Path, content: object) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


@pytest.fixture
def api(start, tmp_path):
    seed = {
        "organizations": {
            "org-emulator": {"playbooks": [{"title": t, "body": "b"} for t in "abcde"]}
        }
    }
    report = read_report(write(tmp_path / "doctor.json", GOOD))
    return start(seed, quirks=report.quirks, report=report)


def test_its_key_sees_what_the_reporter_saw(api):
    client = api.with_key("cog_doctor")
    org = "/v3/organizations/org-emulator"
    assert client.get("/v3/self").json()["principal_type"] == "pat_user"
    assert client.get(f"{org}/secrets").status_code == 403
    assert client.post(f"{org}/secrets", json={}).status_code == 403
    assert client.get(f"{org}/schedules").status_code == 404
    assert client.get(f"{org}/knowledge/notes").status_code == 200
    assert "total" not in client.get(f"{org}/playbooks").json()


@pytest.mark.parametrize(
    ("query", "sizes"), [("", [2, 2, 1]), ("?first=1", [1] * 5), ("?first=200", [2, 2, 1])]
)
def test_its_pages_are_as_small_as_the_reporters(api, query, sizes):
    client, seen, more = api.with_key("cog_doctor"), [], query
    while True:
        page = client.get(f"/v3/organizations/org-emulator/playbooks{more}").json()
        seen.append(len(page["items"]))
        if not page["has_next_page"]:
            break
        more = f"{query or '?'}&after={page['end_cursor']}"
    assert seen == sizes


def test_fields_of_a_newer_report_are_ignored(tmp_path):
    new = {
        **GOOD,
        "format_version": "1.1",
        "extra": 1,
        "key": {**GOOD["key"], "new": 1},
        "readings": [{**item, "new": 1} for item in GOOD["readings"]],
    }
    path = tmp_path / "doctor.json"
    assert read_report(write(path, new)) == read_report(write(path, GOOD))


def test_other_keys_work_as_usual(api):
    page = api.v3.get("/v3/organizations/org-emulator/playbooks")
    assert len(page.json()["items"]) == 5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("[1, 2", "not a report of devinops doctor"),
        ([1], "expected a mapping with texts as keys"),
        ({"format_version": "2.0"}, "format_version: expected 1.x"),
        ({"key": None}, "key.api: expected v1, v3"),
        ({"key": {"api": "v3", "scope": "all"}}, "key.scope: expected organization, enterprise, unknown"),
        ({"quirks": {"totl": "absent"}}, 'unknown quirk "totl"; did you mean "total"?'),
        ({"quirks": {"total": "many"}}, '"many" is not one of present, absent, none'),
        ({"quirks": {"total": ["x"]}}, "is not one of present, absent, none"),
        ({"readings": {}}, "readings: expected a list"),
        ({"readings": [{"path": "/v3/../etc"}]}, "readings[0].path: not a path that the emulator serves"),
        ({"readings": [{"path": ["x"]}]}, "readings[0].path: not a path that the emulator serves"),
        ({"readings": [{**GOOD["readings"][0], "status": "403"}]}, "readings[0].status: expected a number from 1 to 599"),
        ({"readings": [{**GOOD["readings"][0], "status": True}]}, "readings[0].status: expected a number from 1 to 599"),
        ({"readings": [{**GOOD["readings"][1], "page_size": 0}]}, "readings[0].page_size: expected a number from 1 to 200"),
        ({"readings": [{**GOOD["readings"][1], "page_size": 10**9}]}, "readings[0].page_size: expected a number from 1 to 200"),
        (" " * 2_000_000, "larger than 1 MiB"),
        ("[" * 100_000, "not a report of devinops doctor"),
    ],
)  # fmt: skip
def test_what_is_no_report_is_refused(tmp_path, change, message):
    content = {**GOOD, **change} if isinstance(change, dict) else change
    with pytest.raises(ConfigError) as caught:
        read_report(write(tmp_path / "doctor.json", content))
    assert message in str(caught.value)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="cannot read the report: No such file"):
        read_report(tmp_path / "doctor.json")
