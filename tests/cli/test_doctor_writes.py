"""`devinops doctor --write` and `--clean`: what they say, where they refuse, and what stays untouched."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from devinops.doctor.trial import Trial
from devinops.emulator import Emulator
from devinops.emulator.middleware import Call, Next, Reply
from devinops.emulator.reported import read_report
from devinops.schema.all_schemas import schemas
from tests.testing.command_line import Devinops, Write
from tests.testing.examined import changed, with_json
from tests.testing.trials import NAME, PLACES, age, left, objects, seed, writes
from tests.testing.waiting import Waits

Golden = Callable[[str, str], None]
NOTES = "/knowledge/notes"
HELD = "version: 1\ntargets:\n  a: {{org_id: org-emulator, {a}}}\n  b: {{{b}}}\n"


@pytest.fixture(autouse=True)
def _somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No devinops.yaml around."""
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")


@pytest.fixture
def api(use: Callable[..., None]) -> Iterator[Emulator]:
    keys = {"cog_other": {"org": "org-2"}}
    with Emulator({**seed(), "keys": keys}) as emulator:
        use(emulator.url)
        yield emulator


def plain(text: str) -> str:
    return re.sub("DEVINOPS_DOCTOR_[0-9A-F]{16}", "DEVINOPS_DOCTOR_…", text)


# --- --write ----------------------------------------------------------------------------------


@pytest.mark.parametrize("place", PLACES)
def test_what_people_see(
    api: Emulator, use: Callable[..., None], devinops: Devinops, golden: Golden, place: str
) -> None:
    key, options = PLACES[place]
    use(api.url, key)
    before = objects(api)
    ran = devinops("doctor", "--write", "--yes", *options)
    assert ran.code == 0
    assert objects(api) == before
    shown = ran.out[ran.out.index("trial of") - len("ok       ") :]
    golden(f"doctor-write-{place}.txt", f"{plain(ran.err)}…\n{shown}")
    assert "was not tried" not in ran.out


def test_without_yes_and_without_a_terminal_it_says_what_it_would_do_and_ends_with_4(
    api: Emulator, devinops: Devinops
) -> None:
    ran = devinops("doctor", "--write")
    assert ran.code == 4
    assert "a secret without a meaning" in ran.err
    assert (
        "note     trial: nothing was written: pass --yes to write without a question\n" in ran.out
    )
    assert "Nothing was written;" in ran.out
    assert writes(api) == []


@pytest.mark.parametrize(("answer", "count"), [("y\n", 7), ("n\n", 0)])
def test_at_a_terminal_it_asks(
    api: Emulator, devinops: Devinops, monkeypatch: pytest.MonkeyPatch, answer: str, count: int
) -> None:
    monkeypatch.setattr("devinops.cli.doctor_writes.is_interactive", lambda: True)
    monkeypatch.setattr("click.confirm", lambda *_, **__: answer == "y\n")
    ran = devinops("doctor", "--write")
    assert ran.code == (0 if count else 4)
    assert sum(method == "POST" for method, _ in writes(api)) == (6 if count else 0)


@pytest.mark.parametrize(
    "argv",
    [["--write", "--clean"], ["--yes"], ["--enterprise"], ["--enterprise", "--yes"]],
)
def test_options_without_a_meaning_are_64_and_send_nothing(
    api: Emulator, devinops: Devinops, argv: list[str]
) -> None:
    assert devinops("doctor", *argv).code == 64
    assert api.requests == []


@pytest.mark.sampled(4)
@pytest.mark.parametrize("command", ["--write", "--clean"])
@pytest.mark.parametrize(
    ("key", "options", "a", "b", "why"),
    [
        ("cog_emulator", ["-t", "a"], "hold: audit", "org_id: org-2", "is, or may be, this organization"),
        ("cog_emulator", ["-t", "a"], "", "hold: audit", "is, or may be, this organization"),
        ("cog_emulator", ["-t", "b"], "hold: audit", "", "is, or may be, this organization"),
        ("apk_emulator", ["-t", "b"], "hold: audit", "", "is, or may be, this organization"),
        ("cog_enterprise", ["-t", "b", "--enterprise"], "", "enterprise: true, hold: audit", "is, or may be, of this enterprise"),
        ("cog_enterprise", ["-t", "a", "--enterprise"], "", "enterprise: true, hold: audit", "is, or may be, of this enterprise"),
        ("cog_enterprise", ["-t", "b", "--enterprise"], "hold: audit", "enterprise: true", "is, or may be, of this enterprise"),
        ("cog_enterprise", ["-t", "b"], "", "enterprise: true", "not started: the target is the enterprise: --enterprise"),
        ("cog_emulator", ["-t", "a", "--enterprise"], "", "", "the key does not belong to the enterprise: leave out"),
        ("apk_emulator", ["-t", "b", "--enterprise"], "", "", "the key does not belong to the enterprise: leave out"),
        ("cog_enterprise", ["-t", "b"], "", "", "no organization is chosen: set DEVIN_ORG_ID, or use --enterprise"),
        ("cog_wrong", ["-t", "b"], "", "", "because of the problem with the key: solve that first"),
        ("cog_other", ["-t", "a"], "", "", "because of the problem with the key: solve that first"),
    ],
)  # fmt: skip
def test_where_nothing_may_be_written_it_says_why(
    api: Emulator,
    use: Callable[..., None],
    devinops: Devinops,
    repository: Write,
    command: str,
    key: str,
    options: list[str],
    a: str,
    b: str,
    why: str,
) -> None:
    use(api.url, key)
    root = repository({"devinops.yaml": HELD.format(a=a, b=b)})
    ran = devinops("doctor", "-C", root, command, "--yes", *options)
    assert ran.code == (1 if "problem " in ran.out else 4)
    assert why in ran.out
    assert writes(api) == []


def test_an_organization_that_only_the_settings_name_proves_nothing_about_a_v1_key(
    api: Emulator,
    use: Callable[..., None],
    devinops: Devinops,
    repository: Write,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use(api.url, "apk_emulator")
    monkeypatch.setenv("DEVIN_ORG_ID", "org-other")
    root = repository({"devinops.yaml": HELD.format(a="hold: audit", b="")})
    ran = devinops("doctor", "-C", root, "--write", "--yes", "-t", "b")
    assert ran.code == 4
    assert "a target with `hold` is, or may be, this organization" in ran.out
    assert writes(api) == []


@pytest.mark.parametrize("fault", [{"fault": "status", "status": 429}, {"fault": "drop"}])
def test_nothing_is_written_if_the_api_stops_answering_while_it_is_read(
    api: Emulator, devinops: Devinops, waits: Waits, fault: dict[str, Any]
) -> None:
    api.faults = [{"path": "/v3/**/playbooks", **fault}]
    ran = devinops("doctor", "--write", "--yes")
    assert "trial: not started, because the API stopped answering: run it again later\n" in ran.out
    assert writes(api) == []
    assert ran.code == 1


def test_targets_that_hold_other_organizations_do_not_matter(
    api: Emulator, devinops: Devinops, repository: Write
) -> None:
    held = "org_id: org-2, hold: audit}\n  c: {enterprise: true, hold: audit"
    root = repository({"devinops.yaml": HELD.format(a="", b=held)})
    assert devinops("doctor", "-C", root, "--write", "--yes", "-t", "a").code == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_trial_and_deletes_what_there_is(
    use: Callable[..., None], devinops: Devinops, number: int
) -> None:
    def interrupt(new: Any) -> Any:
        signal.raise_signal(number) if "note_id" in new and not sent else None
        sent.append(new)
        return new

    sent: list[Any] = []
    with Emulator(seed()) as emulator:
        use(emulator.url)
        before = objects(emulator)
        original = Trial._create

        def create(self: Trial, *arguments: Any) -> Any:
            response = original(self, *arguments)
            interrupt(response.value)
            return response

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Trial, "_create", create)
            ran = devinops("doctor", "--write", "--yes")
        assert objects(emulator) == before
        assert [method for method, _ in writes(emulator)] == ["POST", "DELETE"]
    assert ran.code == (130 if number == signal.SIGINT else 143)
    assert (
        "interrupted: deleting its own objects; press again to leave them to devinops doctor --clean"
        in ran.err
    )
    assert "note     trial of notes: interrupted, and deleted\n" in ran.out
    assert "Everything that was created is deleted" in ran.out


def test_an_error_of_the_program_deletes_what_there_is(
    api: Emulator, devinops: Devinops, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = objects(api)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(Trial, "_ask", lambda *_: 1 / 0)
    assert devinops("doctor", "--write", "--yes").code == 70
    assert objects(api) == before


def test_what_is_left_makes_the_exit_code_3(
    use: Callable[..., None], devinops: Devinops, waits: Waits
) -> None:
    faults = [{"method": "DELETE", "path": "/v3/**/notes/*", "fault": "status", "status": 500}]
    with Emulator(seed(), faults=faults) as emulator:
        use(emulator.url)
        ran = devinops("doctor", "--write", "--yes")
    assert ran.code == 3
    assert "1 object may be left;" in ran.out


def test_an_emulator_started_from_the_report_answers_the_same(
    use: Callable[..., None], devinops: Devinops, tmp_path: Path
) -> None:
    quirks = {
        "bodies": "trimmed",
        "duplicate_secret": "400",
        "unknown_folder": "422",
        "total": "none",
    }
    file, again = tmp_path / "a.json", tmp_path / "b.json"
    with Emulator(seed(), quirks=quirks) as emulator:
        use(emulator.url)
        devinops("doctor", "--write", "--yes", "--report", f"json={file}")
    document = json.loads(file.read_text())
    Draft202012Validator(schemas()["doctor"]).validate(document)
    assert document["quirks"].items() >= quirks.items()
    report = read_report(file)
    with Emulator(seed(), quirks=report.quirks, report=report) as emulator:
        use(emulator.url, "cog_doctor")
        devinops("doctor", "--write", "--yes", "--report", f"json={again}")
    assert json.loads(again.read_text())["quirks"] == document["quirks"]


# --- --clean ----------------------------------------------------------------------------------


def killed(emulator: Emulator, devinops: Devinops, *options: str) -> None:
    """Leave the objects of a run, as if it had been killed after it created each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("devinops.doctor.trial.remove", lambda *_: None)
        patch.setattr(Trial, "_ask", lambda *_: None)
        devinops("doctor", "--write", "--yes", *options)


@pytest.mark.sampled(3)
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    "quirks", [{}, {"bodies": "trimmed", "newlines": "crlf", "unicode": "nfc"}]
)
def test_what_a_killed_run_left_is_found_after_an_hour_and_nothing_else(
    use: Callable[..., None], devinops: Devinops, place: str, quirks: dict[str, str]
) -> None:
    key, options = PLACES[place]
    with Emulator(seed(), quirks=quirks) as emulator:
        use(emulator.url, key)
        before = objects(emulator)
        killed(emulator, devinops, *options)
        age(emulator, 3590)
        young = devinops("doctor", "--clean", "--yes", *options)
        assert (young.code, "DELETE" in dict(writes(emulator))) == (0, False)
        assert "1 of the last hour, whose run may still go on" in young.out
        age(emulator, 20)
        shown = devinops("doctor", "--clean", *options)
        assert (shown.code, "DELETE" in dict(writes(emulator))) == (4, False)
        assert "is left of an earlier run" in shown.out
        ran = devinops("doctor", "--clean", "--yes", *options)
        age(emulator, -3610)
        assert objects(emulator) == before
    assert ran.code == 0


def test_what_people_see_of_leftovers(api: Emulator, devinops: Devinops, golden: Golden) -> None:
    killed(api, devinops)
    age(api)
    shown, ran = devinops("doctor", "--clean"), devinops("doctor", "--clean", "--yes")
    golden(
        "doctor-clean.txt", plain(f"{shown.out}\n{ran.out}\n{devinops('doctor', '--clean').out}")
    )


def test_what_a_person_renames_or_edits_is_not_touched(api: Emulator, devinops: Devinops) -> None:
    killed(api, devinops)
    edits = {
        "knowledge": [{"name": "Mine"}],
        "playbook": [{"body": "Mine"}],
        "secret": [{"note": "Mine"}],
        "automation": [{"enabled": True}],
    }
    age(api)
    for kind, fields in edits.items():
        ours = next(
            x for x in api.objects(kind) if re.search("[0-9A-F]{16}", str(x)) and NAME not in str(x)
        )
        id = next(
            value
            for name, value in ours.items()
            if name in ("note_id", "playbook_id", "secret_id", "automation_id")
        )
        api.edit(kind, id, **fields[0])
    before = objects(api)
    ran = devinops("doctor", "--clean", "--yes")
    assert objects(api) == before
    assert "nothing to delete" in ran.out
    assert "DELETE" not in dict(writes(api))


def test_what_is_edited_while_the_question_stands_is_not_touched(
    api: Emulator, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = api.add("knowledge", **left())

    def confirm(*_: Any, **__: Any) -> bool:
        api.edit("knowledge", id, body="Mine")
        return True

    monkeypatch.setattr("devinops.cli.doctor_writes.is_interactive", lambda: True)
    monkeypatch.setattr("click.confirm", confirm)
    ran = devinops("doctor", "--clean")
    assert writes(api) == []
    assert "note     notes: " in ran.err, "what would be deleted stands before the question"
    assert (
        "ok       clean: 0 objects deleted\nnote     clean: 1 object kept, because of edits since then"
        in ran.out
    )


def test_what_is_edited_after_a_failed_deletion_is_not_touched(
    api: Emulator, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = api.add("knowledge", **left())
    api.faults = [{"method": "DELETE", "fault": "status", "status": 500, "times": 1}]

    def pause(seconds: float) -> None:
        if seconds:
            api.edit("knowledge", id, trigger="Mine")

    monkeypatch.setattr("devinops.waiting.pause", pause)
    ran = devinops("doctor", "--clean", "--yes")
    assert [method for method, _ in writes(api)] == ["DELETE"]
    assert "clean: 1 object kept, because of edits since then" in ran.out


def test_nothing_is_called_deleted_while_the_list_cannot_be_read_again(
    api: Emulator, devinops: Devinops, monkeypatch: pytest.MonkeyPatch, waits: Waits
) -> None:
    api.add("knowledge", **left())

    def confirm(*_: Any, **__: Any) -> bool:
        api.faults = [{"path": "/v3/**/notes", "fault": "status", "status": 500}]
        return True

    monkeypatch.setattr("devinops.cli.doctor_writes.is_interactive", lambda: True)
    monkeypatch.setattr("click.confirm", confirm)
    ran = devinops("doctor", "--clean")
    assert writes(api) == []
    assert ran.code == 3
    assert "problem  clean: 1 object could not be deleted" in ran.out


def test_a_schema_or_a_macro_that_somebody_added_is_an_edit(
    api: Emulator, devinops: Devinops
) -> None:
    killed(api, devinops)
    age(api)
    of_run = next(x for x in api.objects("playbook") if NAME not in str(x) and "DOCTOR" in str(x))
    api.edit("playbook", of_run["playbook_id"], structured_output_schema={"type": "object"})
    note = next(x for x in api.objects("knowledge") if NAME not in str(x) and "DOCTOR" in str(x))
    api.edit("knowledge", note["note_id"], macro="!mine")
    devinops("doctor", "--clean", "--yes")
    kept = str(api.objects("playbook")) + str(api.objects("knowledge"))
    assert of_run["playbook_id"] in kept
    assert note["note_id"] in kept


def test_a_text_that_a_run_had_lengthened_when_it_was_killed_is_its_own(
    api: Emulator, devinops: Devinops
) -> None:
    before = objects(api)
    api.add("knowledge", **left(body=left()["body"] + "." * 5))
    api.add("knowledge", **left(body=left()["body"].strip() + "\n" + "." * 5))
    assert devinops("doctor", "--clean", "--yes").code == 0
    assert objects(api) == before


def test_a_note_that_the_api_switched_on_or_put_into_a_folder_is_left_of_the_run_too(
    api: Emulator, devinops: Devinops
) -> None:
    before = objects(api)
    api.add("knowledge", **left(is_enabled=True))
    api.add("knowledge", **left(folder="Backend"))
    assert devinops("doctor", "--clean", "--yes").code == 0
    assert objects(api) == before


def test_the_hour_is_that_of_the_api(
    api: Emulator, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clock of this machine that is a day ahead makes nothing old."""
    killed(api, devinops)
    monkeypatch.setattr("time.time", lambda: 2_000_000_000.0)
    assert devinops("doctor", "--clean", "--yes").out.count("of the last hour") == 4


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("created", "is_old"),
    [
        (10**400, False),
        (-(10**400), True),
        (1e300, False),
        (0, True),
        (2**63, False),
        ("9999-12-31T23:59:59-23:59", False),
        ("0001-01-01T00:00:00+23:59", True),
        ("0001-01-01", True),
        ("10000-01-01T00:00:00Z", False),
        (None, False),
        ([10**400], False),
    ],
)
def test_a_time_of_any_size_is_old_or_not(
    use: Callable[..., None], devinops: Devinops, created: Any, is_old: bool
) -> None:
    def dated(content: dict[str, Any]) -> dict[str, Any]:
        return {**content, "items": [{**item, "created_at": created} for item in content["items"]]}

    with Emulator(layers=[changed(NOTES, with_json(dated))]) as emulator:
        use(emulator.url)
        emulator.add("knowledge", **left())
        ran = devinops("doctor", "--clean", "--yes")
        assert len(emulator.knowledge()) == (0 if is_old else 1)
    assert ran.code == 0, ran
    assert ("1 object deleted" if is_old else "1 of the last hour") in ran.out


@pytest.mark.parametrize(("minutes", "hours", "is_old"), [(90, 2, True), (30, -5, False)])
def test_a_time_with_an_offset_is_compared_as_an_instant(
    use: Callable[..., None], devinops: Devinops, minutes: int, hours: int, is_old: bool
) -> None:
    """Of two clocks, that of the created object is in a zone that would make it young, or old."""
    zone = timezone(timedelta(hours=hours))
    created = (datetime.now(UTC) - timedelta(minutes=minutes)).astimezone(zone).isoformat()
    test_a_time_of_any_size_is_old_or_not(use, devinops, created, is_old)


@pytest.mark.parametrize(
    ("pages", "requests"), [(lambda n: 0, 2), (lambda n: n % 3, 4), (lambda n: n, 500)]
)
def test_an_endless_list_is_a_problem(
    use: Callable[..., None], devinops: Devinops, pages: Callable[[int], int], requests: int
) -> None:
    """Its pages have other cursors, and objects of earlier pages or always new ones."""
    seen: list[Call] = []

    async def endless(call: Call, ask: Next) -> Reply:
        if not call.path.endswith(NOTES) or call.method != "GET":
            return await ask(call)
        seen.append(call)
        number = pages(len(seen) - 1)

        def renumbered(content: dict[str, Any]) -> dict[str, Any]:
            ids = (f"{item['note_id']}-{number}" for item in content["items"])
            notes = [
                {**item, "note_id": id} for item, id in zip(content["items"], ids, strict=True)
            ]
            return {"items": notes, "has_next_page": True, "end_cursor": f"c{len(seen)}"}

        reply = await ask(replace(call, target=call.target.partition("&after")[0]))
        return with_json(renumbered)(reply)

    with Emulator(seed(), layers=[endless]) as emulator:
        use(emulator.url)
        ran = devinops("doctor", "--clean", "--yes")
    assert ran.code == 1, ran
    assert "problem  notes: the list does not end: run devinops doctor again" in ran.out
    assert len(seen) == requests


def test_a_list_that_cannot_be_read_is_a_problem(api: Emulator, devinops: Devinops) -> None:
    api.faults = [{"path": "/v3/**/secrets", "fault": "status", "status": 500}]
    ran = devinops("doctor", "--clean", "--yes")
    assert ran.code == 1
    assert "problem  secrets: the API failed (500): run devinops doctor again\n" in ran.out


def test_a_list_that_the_key_may_not_read_names_the_permission(
    use: Callable[..., None], devinops: Devinops
) -> None:
    with Emulator({"keys": {"cog_few": {"permissions": ["UseDevinSessions"]}}}) as emulator:
        use(emulator.url, "cog_few")
        ran = devinops("doctor", "--clean", "--yes")
    assert ran.code == 0
    assert "note     secrets: refused (403), the key lacks ManageOrgSecrets: " in ran.out


def test_leftovers_that_cannot_be_deleted_are_counted(
    api: Emulator, devinops: Devinops, waits: Waits
) -> None:
    api.add("knowledge", **left())
    api.faults = [{"method": "DELETE", "fault": "status", "status": 403}]
    ran = devinops("doctor", "--clean", "--yes")
    assert ran.code == 3
    assert (
        "problem  clean: 1 object could not be deleted: run it again, or delete them in the web app\n"
        in ran.out
    )
