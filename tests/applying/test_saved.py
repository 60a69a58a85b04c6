"""Saved plans: written, shown offline, applied as reviewed or not at all; damaged files are one line."""

from __future__ import annotations

import json
import re
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devinops.applying import saved
from devinops.applying.saved import (
    read_digests,
    read_plans,
    read_reports,
    run_of,
    save,
)
from devinops.emulator import Emulator
from devinops.model.changes import Action, Blocker, DriftEvent, Outcome, Refusal, Risk
from devinops.model.errors import NotWritten, UnusableFile
from devinops.model.exit_codes import ExitCode
from devinops.model.keys import Key
from devinops.model.objects import Overridden, Severity, Source
from devinops.model.policy import Approvals
from devinops.model.shard import Shard
from devinops.model.target import TargetState
from devinops.planning.digest_list import DigestList
from devinops.planning.run import At, Collector, Plans, Shared
from devinops.render import Style, render
from devinops.render.answers import RunAnswer
from devinops.render.json import dump, run_document
from devinops.schema.parts import checksum
from tests.testing.command_line import Devinops, Write
from tests.testing.costly import costly
from tests.testing.documents import PLAN, validator
from tests.testing.inventories import own
from tests.testing.many_targets import answer, applied, mixed, planned_in, plans_of, update
from tests.testing.places import GOLDEN
from tests.testing.reports import conflict, deletes, small

NOTE = "---\nname: A\ntrigger: When testing\n---\nThe body.\n"
FILES = {
    "knowledge/a.md": NOTE,
    "knowledge.yaml": "knowledge:\n  - {name: Edited, trigger: t, body: new}\n  - {name: Gone, ensure: absent}\n",
    "playbooks/a.md": "---\ntitle: P\n---\nb\n",
}
WITHOUT_GONE = FILES["knowledge.yaml"].replace("  - {name: Gone, ensure: absent}\n", "")
NOTES = [
    {"id": f"note-{name}", "name": name, "trigger": "t", "body": "b"}
    for name in ("Edited", "Gone", "Theirs")
]


@pytest.fixture
def emulator(use: Callable[..., None]) -> Iterator[Emulator]:
    with Emulator(
        {"organizations": {"org-emulator": {"knowledge": NOTES}, "org-other": {}}}
    ) as running:
        use(running.url)
        yield running


@pytest.fixture
def planned(
    emulator: Emulator, repository: Write, devinops: Devinops, tmp_path: Path
) -> tuple[Path, Path]:
    """A root, and the saved plan of it."""
    root, path = repository(FILES), tmp_path / "plan.json"
    own(root, emulator, others={"knowledge:Theirs"})
    assert devinops("plan", "-C", root, "--out", path).code == 0
    return root, path


def writes(emulator: Emulator) -> list[str]:
    return [request["method"] for request in emulator.requests if request["method"] != "GET"]


def sealed(document: dict[str, Any]) -> dict[str, Any]:
    """Return a document with the checksum that belongs to it."""
    return document | {"checksum": checksum(document)}


def shown(plans: Plans, **style: Any) -> str:
    return "".join(render("text", RunAnswer(plans, ExitCode.OK, is_alone=True), Style(**style)))


# --- plan --out and show ----------------------------------------------------------------------------------


def test_a_saved_plan_is_the_json_document_and_for_its_owner_alone(
    planned: tuple[Path, Path], devinops: Devinops
) -> None:
    root, path = planned
    assert path.read_text() == devinops("plan", "-C", root, "--format", "json").out
    validator("run").validate(json.loads(path.read_text()))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in path.parent.iterdir() if p.is_file()] == ["plan.json"]


def test_show_prints_what_plan_printed_without_key_and_network(
    planned: tuple[Path, Path],
    emulator: Emulator,
    devinops: Devinops,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    root, path = planned
    printed = devinops("plan", "-C", root).out
    monkeypatch.delenv("DEVIN_API_KEY")
    emulator.clear_requests()
    shown = devinops("show", path)
    assert (shown.code, shown.out, emulator.requests) == (0, printed, [])
    assert devinops("show", path, "--format", "json").out == path.read_text()


def test_every_part_of_a_plan_survives_the_way_there_and_back() -> None:
    """The golden document has a change of each action, blocked steps, warnings and hostile names."""
    text = (GOLDEN / "plan.txt").read_text(encoding="utf-8")
    assert shown(run_of(PLAN, Path("plan.json"))) == text


def test_outside_edits_and_notes_are_shown_too() -> None:
    edit = {
        "key": "knowledge:A", "kind": "knowledge", "moved": "edited", "reason": "", "source": None,
        "fields": {"body": {"before": "a", "after": "b"}},
        "targets": [{"name": "default", "id": "note-1", "at": 1_700_000_000, "by": "ada@acme.example"}],
    }  # fmt: skip
    targets = [PLAN["targets"][0] | {"owned": 7}]
    notes = [{"text": "a note", "targets": ["default"]}]
    document = sealed(PLAN | {"drift": [edit], "notes": notes, "targets": targets})
    text = shown(run_of(document, Path("plan.json")))
    for part in (
        "file, 7 owned",
        "by ada@acme.example",
        "2023-11-14 22:13 UTC",
        "a note",
        "1 changed outside devinops",
    ):
        assert part in text


@pytest.mark.parametrize("place", ["no/such/directory/plan.json", "."])
def test_a_place_that_cannot_be_written_is_one_line(
    planned: tuple[Path, Path], devinops: Devinops, tmp_path: Path, place: str
) -> None:
    ran = devinops("plan", "-C", planned[0], "--out", tmp_path / place)
    assert (ran.code, ran.err.count("\n")) == (64, 1)
    assert "--out cannot write" in ran.err


def test_a_plan_that_fails_halfway_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text("old")

    def chunks() -> Iterator[str]:
        yield "half"
        raise OSError(28, "No space left on device")

    with pytest.raises(NotWritten, match="No space left"):
        save(path, chunks())
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("plan.json", "old")]


# --- apply PLAN -------------------------------------------------------------------------------------------


def test_what_was_reviewed_is_applied_unasked(
    planned: tuple[Path, Path], emulator: Emulator, devinops: Devinops
) -> None:
    root, path = planned
    ran = devinops("apply", path, "-C", root)
    assert ran.code == 0, ran
    assert {note["name"]: note["body"] for note in emulator.knowledge()} == {
        "A": "The body.",
        "Edited": "new",
        "Theirs": "b",
    }
    # A job that runs again finds that it is done.
    emulator.clear_requests()
    again = devinops("apply", path, "-C", root)
    assert (again.code, again.err, writes(emulator)) == (0, "", [])
    assert "nothing to do" in again.out
    emulator.edit("knowledge", "note-Theirs", body="Of somebody else.")
    (root / "knowledge/new.md").write_text(NOTE.replace("name: A", "name: New"))
    assert (devinops("apply", path, "-C", root).code, writes(emulator)) == (5, [])


def test_a_commit_that_changes_nothing_of_it_does_not_matter(
    planned: tuple[Path, Path], repository: Write, devinops: Devinops
) -> None:
    root, path = planned
    repository(
        {
            "knowledge/a.md": "",
            "knowledge/moved/b.md": NOTE.replace("name: A", "name: A\nfolder: ''"),
        }
    )
    (root / "knowledge/a.md").unlink()
    assert devinops("apply", path, "-C", root).code == 0


def test_another_plan_is_5_writes_nothing_and_shows_the_difference(
    planned: tuple[Path, Path],
    emulator: Emulator,
    repository: Write,
    devinops: Devinops,
    golden: Callable[[str, str], None],
) -> None:
    root, path = planned
    entries = WITHOUT_GONE.replace("body: new", "body: newer")
    new = NOTE.replace("name: A", "name: New")
    repository({"knowledge/new.md": new, "knowledge.yaml": entries})
    ran = devinops("apply", path, "-C", root)
    assert (ran.code, writes(emulator)) == (5, [])
    plan = devinops("plan", "-C", root).out
    assert ran.out.startswith(plan)
    golden("stale.txt", ran.out.removeprefix(plan))
    assert "1 new, 1 gone, 1 different" in ran.err


def test_a_field_that_no_entry_mentions_counts_as_well(
    planned: tuple[Path, Path], emulator: Emulator, devinops: Devinops
) -> None:
    root, path = planned
    emulator.edit("knowledge", "note-Edited", is_enabled=False)
    ran = devinops("apply", path, "-C", root)
    assert (ran.code, writes(emulator)) == (5, [])
    assert "no entry mentions" in ran.err


def test_in_json_a_stale_plan_is_a_document_and_the_difference_goes_to_stderr(
    planned: tuple[Path, Path], repository: Write, devinops: Devinops
) -> None:
    root, path = planned
    repository({"knowledge.yaml": WITHOUT_GONE})
    ran = devinops("apply", path, "-C", root, "--format", "json")
    document = json.loads(ran.out)
    assert (ran.code, document["exit_code"], document["complete"]) == (5, 5, True)
    assert "gone, only in the reviewed plan" in ran.err


def test_a_plan_says_what_was_approved_for_it_and_what_it_is_narrowed_to(
    emulator: Emulator, repository: Write, devinops: Devinops, tmp_path: Path
) -> None:
    root, path = repository(FILES), tmp_path / "plan.json"
    flags = [
        "--only",
        "knowledge:Gone",
        "--exclude",
        "playbook",
        "--allow",
        "delete=1",
        "--adopt",
        "--on-conflict",
        "git",
    ]
    planned = devinops("plan", "-C", root, "--out", path, *flags)
    for out in (planned.out, devinops("show", path).out):
        assert "\nonly knowledge:Gone\n\nwithout playbook:*\n" in out
        assert "\napproved with --adopt --on-conflict git --allow delete=1\n" in out


def test_a_plan_remembers_its_only(
    emulator: Emulator, repository: Write, devinops: Devinops, tmp_path: Path
) -> None:
    root, path = repository(FILES), tmp_path / "plan.json"
    devinops("plan", "-C", root, "--only", "playbook", "--out", path)
    assert json.loads(path.read_text())["only"] == ["playbook:*"]
    assert devinops("apply", path, "-C", root, "--only", "knowledge").code == 64
    assert devinops("apply", path, "-C", root, "--only", "playbook").code == 0
    assert writes(emulator) == ["POST"]


def test_a_plan_with_an_exclude_is_refused_with_another_filter(
    emulator: Emulator, repository: Write, devinops: Devinops, tmp_path: Path
) -> None:
    root, path = repository(FILES), tmp_path / "plan.json"
    devinops("plan", "-C", root, "--adopt", "--exclude", "knowledge", "--out", path)
    assert json.loads(path.read_text())["exclude"] == ["knowledge:*"]
    for other in (["--exclude", "playbook"], ["--only", "knowledge"], ["--only", "playbook"]):
        ran = devinops("apply", path, "-C", root, *other)
        assert (ran.code, writes(emulator)) == (64, [])
        assert "was made with --exclude 'knowledge:*': apply it without other filters" in ran.err
    assert devinops("apply", path, "-C", root, "--exclude", "knowledge").code == 0
    assert writes(emulator) == ["POST"]


def test_an_only_beside_a_plan_without_one_is_a_contradiction(
    planned: tuple[Path, Path], emulator: Emulator, devinops: Devinops
) -> None:
    root, path = planned
    for extra in (["--only", "playbook"], ["--exclude", "playbook"], ["--expect", "0" * 32]):
        ran = devinops("apply", path, "-C", root, *extra)
        assert (ran.code, writes(emulator)) == (64, [])
    digest = json.loads(path.read_text())["digest"]
    assert devinops("apply", path, "-C", root, "--expect", digest).code == 0


TAMPERED: dict[str, Callable[[dict[str, Any]], object]] = {
    "a body": lambda d: d["changes"][0]["fields"]["body"].update(after="evil"),
    "an action": lambda d: d["changes"][0].update(action="adopt"),
    "another object": lambda d: d["changes"][1]["targets"][0].update(id="note-Theirs"),
    "another live state": lambda d: d["changes"][1]["targets"][0].update(live_hash="0" * 64),
    "a change taken out": lambda d: d["changes"].pop(),
    "the digest": lambda d: d.update(digest="0" * 32),
    "the organization": lambda d: d["targets"][0]["target"].update(org_id="org-other"),
    "the approvals": lambda d: d.update(approvals={"allow_delete": 1}),
    "the refusals": lambda d: d.update(refusals=[{"reason": "no", "approval": None}]),
    "what it was narrowed to": lambda d: d.update(only=["playbook:*"]),
    "what was left out of it": lambda d: d.update(exclude=["playbook:*"]),
    "a reason": lambda d: d["changes"][0].update(reason="harmless"),
    "the notes": lambda d: d.update(notes=[{"text": "approved by everybody", "targets": []}]),
    "the checksum": lambda d: d.update(checksum="0" * 64),
}
"""What somebody may edit in a saved plan; a digest covers what stands before the approvals."""


@pytest.mark.parametrize("edit", TAMPERED)
def test_an_edited_plan_is_neither_shown_nor_applied(
    planned: tuple[Path, Path], emulator: Emulator, devinops: Devinops, edit: str
) -> None:
    root, path = planned
    document = json.loads(path.read_text())
    TAMPERED[edit](document)
    path.write_text(json.dumps(document))
    emulator.clear_requests()
    of_the_digest = list(TAMPERED).index(edit) < list(TAMPERED).index("the approvals")
    why = "but its changes have" if of_the_digest else "its checksum does not match its content"
    for argv in (["show", path], ["apply", path, "-C", root]):
        ran = devinops(*argv)
        assert (ran.code, ran.out, emulator.requests) == (1, "", [])
        assert "it was changed after it was saved" in ran.err
        assert why in ran.err


def test_a_saved_plan_names_its_target(
    planned: tuple[Path, Path],
    emulator: Emulator,
    repository: Write,
    devinops: Devinops,
    tmp_path: Path,
) -> None:
    root, path = planned
    repository({"devinops.yaml": "version: 1\ntargets: {staging: {}, production: {}}\n"})
    own(root, emulator, "staging", others={"knowledge:Theirs"})
    assert devinops("plan", "-C", root, "-t", "staging", "--out", path).code == 0
    other = devinops("apply", path, "-C", root, "-t", "production")
    assert (other.code, writes(emulator)) == (1, [])
    assert "target staging, not production" in other.err
    assert devinops("apply", path, "-C", root).code == 0
    repository({"devinops.yaml": "version: 1\ntargets: {a: {}, b: {}}\n"})
    gone = devinops("apply", path, "-C", root)
    assert (gone.code, 'there is no target "staging"' in gone.err) == (64, True)


def test_a_digest_reviewed_for_one_target_is_refused_in_another(
    emulator: Emulator, repository: Write, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    targets = "{a: {org_id: org-emulator, api_key_env: DEVIN_A}, b: {org_id: org-other, api_key_env: DEVIN_B}}"
    root = repository(FILES | {"devinops.yaml": f"version: 1\ntargets: {targets}\n"})
    monkeypatch.setenv("DEVIN_A", "cog_emulator")
    monkeypatch.setenv("DEVIN_B", "cog_enterprise")
    repository({"knowledge.yaml": "knowledge:\n  - {name: New, trigger: t, body: b}\n"})
    digest = json.loads(devinops("plan", "-C", root, "-t", "a", "--format", "json").out)["digest"]
    ran = devinops("apply", "-C", root, "-t", "b", "--expect", digest)
    assert (ran.code, writes(emulator)) == (5, [])
    assert devinops("apply", "-C", root, "-t", "a", "--expect", digest).code == 0


def test_an_only_whose_objects_are_gone_is_a_stale_plan(
    planned: tuple[Path, Path], emulator: Emulator, devinops: Devinops
) -> None:
    root, path = planned
    (root / "knowledge.yaml").write_text("knowledge:\n  - {name: Edited, trigger: t, body: new}\n")
    assert devinops("plan", "-C", root, "--only", "knowledge:Edited", "--out", path).code == 0
    (root / "knowledge.yaml").write_text("knowledge: []\n")
    emulator.remove("knowledge", "note-Edited")
    ran = devinops("apply", path, "-C", root)
    assert (ran.code, writes(emulator)) == (5, [])


@pytest.mark.parametrize(
    ("fact", "value"),
    [
        ("name", "staging"),
        ("org_id", "org-other"),
        ("api_url", "https://api.devin.ai"),
        ("api_version", "v1"),
    ],
)
def test_a_plan_for_another_target_is_1_before_anything_is_listed(
    planned: tuple[Path, Path], emulator: Emulator, devinops: Devinops, fact: str, value: str
) -> None:
    root, path = planned
    document = json.loads(path.read_text())
    (target,) = document["targets"]
    target["target"][fact] = value
    if fact == "name":
        # The digest is bound to the organization.
        document = json.loads(json.dumps(document).replace('"default"', f'"{value}"'))
    else:
        with pytest.raises(UnusableFile) as caught:
            run_of(sealed(document), path)
        digest = str(caught.value).rpartition("have ")[2][:32]
        document["digest"] = target["digest"] = digest
    path.write_text(json.dumps(sealed(document)))
    emulator.clear_requests()
    ran = devinops("apply", path, "-C", root, *([] if fact != "name" else ["-t", "default"]))
    assert ran.code == 1
    assert "for another target" in ran.err
    assert {request["path"] for request in emulator.requests} <= {"/v3/self"}


# --- damaged files ----------------------------------------------------------------------------------------

DAMAGED: dict[str, tuple[str | bytes, str]] = {
    "empty": ("", "not JSON"),
    "cut off": (json.dumps(PLAN)[:-20], "not JSON"),
    "a list": ("[]", "not a JSON object"),
    "another document": ("{}", "format_version"),
    "a later format": (json.dumps(PLAN | {"format_version": "2.0"}), "format version 2.0"),
    "a failed run": ('{"format_version": "1.0", "complete": false}', "failed before it had a plan"),
    "twice": ('{"digest": "a", "digest": "b"}', "twice"),
    "deep": ("[" * 100_000, "not JSON"),
    "not text": (b"\xff\xfe", "not JSON"),
    "an unknown kind": (json.dumps(PLAN).replace("playbook:", "playboook:"), "a known kind"),
    "an unknown approval": (json.dumps(PLAN | {"approvals": {"allow_all": True}}), "allow_all"),
    "an approval of another type": (
        json.dumps(PLAN | {"approvals": {"allow_delete": "3"}}),
        "allow_delete",
    ),
    "a decision that is none": (
        json.dumps(PLAN | {"approvals": {"on_conflict": "both"}}),
        "on_conflict",
    ),
    "no address": (json.dumps(PLAN).replace("http://127.0.0.1:8484", "http://["), "URL"),
}


@pytest.mark.parametrize("case", DAMAGED)
@pytest.mark.parametrize("command", ["show", "apply"])
def test_a_damaged_plan_is_one_line_and_nothing_is_asked_of_the_api(
    emulator: Emulator,
    repository: Write,
    devinops: Devinops,
    tmp_path: Path,
    command: str,
    case: str,
) -> None:
    text, words = DAMAGED[case]
    path = tmp_path / "plan.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    ran = devinops(command, path, "-C", repository({"knowledge/a.md": NOTE}))
    assert (ran.code, ran.out, ran.err.count("\n"), emulator.requests) == (1, "", 1, [])
    assert words in ran.err


def test_a_plan_that_is_not_there_is_one_line(devinops: Devinops, tmp_path: Path) -> None:
    for path in (tmp_path / "nope.json", tmp_path):
        ran = devinops("show", path)
        assert (ran.code, ran.err.count("\n")) == (1, 1)
        assert "cannot read the plan" in ran.err


def test_a_plan_that_cannot_be_shown_is_a_document_in_json(
    devinops: Devinops, tmp_path: Path
) -> None:
    ran = devinops("show", tmp_path / "nope.json", "--format", "json")
    document = json.loads(ran.out)
    validator("run").validate(document)
    assert (ran.code, document["complete"], document["exit_code"]) == (1, False, 1)
    assert "cannot read the plan" in document["error"]
    assert f"devinops: {document['error']}\n" == ran.err


def test_a_later_minor_version_can_be_read() -> None:
    document = json.loads(json.dumps(PLAN))
    document |= {"format_version": "1.9", "new": 1}
    document["changes"][0]["new"] = 1
    assert run_of(sealed(document), Path("plan.json")) == run_of(PLAN, Path("plan.json"))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2)
    ),
    max_leaves=4,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(inner, (*path, key))


APPROVED = PLAN | {
    "approvals": {"adopt": True, "on_conflict": "git", "allow_delete": 1, "allow_missing": 1}
}
PLACES = [place for place in places(APPROVED) if place]


@costly
@given(st.sampled_from(PLACES), json_values, st.booleans())
def test_no_damage_in_a_document_is_a_traceback(
    place: tuple[Any, ...], value: Any, beside: bool
) -> None:
    """Whatever stands anywhere, also under a name of its own, the plan is refused in words or can be shown."""
    document = json.loads(json.dumps(APPROVED))
    inner = document
    for step in place[:-1]:
        inner = inner[step]
    if beside and isinstance(inner, dict):
        inner["unknown"] = value
    else:
        inner[place[-1]] = value
    try:
        plans = run_of(sealed(document), Path("plan.json"))
    except UnusableFile:
        return
    assert shown(plans, full=True)
    assert list(dump(run_document(RunAnswer(plans, plans.exit_code()))))


@costly
@given(st.binary(max_size=200))
def test_no_bytes_are_a_traceback(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("plan") / "plan.json"
    path.write_bytes(data)
    with pytest.raises(UnusableFile):
        read_plans(path)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_a_number_that_json_cannot_hold_is_no_part_of_a_plan(tmp_path: Path, number: str) -> None:
    (tmp_path / "plan.json").write_text(f'{{"format_version": {number}}}')
    with pytest.raises(UnusableFile, match="is not a JSON number"):
        read_plans(tmp_path / "plan.json")


# --- digests of many targets ----------------------------------------------------------------------


def test_a_list_of_digests_is_read_as_it_was_printed(tmp_path: Path) -> None:
    digests = DigestList({"pay": "0" * 32, "risk": "1" * 32})
    path = tmp_path / "digests.txt"
    path.write_bytes(b"\xef\xbb\xbf" + str(digests).encode())
    assert read_digests(path) == digests


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"0123\n", "line 1 is not the first line of a list of digests; write it again with"),
        (b"\xff\xfe#", "expected a list of digests in UTF-8"),
        (None, "cannot read the digests"),
    ],
)
def test_any_other_file_is_no_list_of_digests(
    tmp_path: Path, content: bytes | None, why: str
) -> None:
    path = tmp_path / "digests.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UnusableFile, match=why):
        read_digests(path)


# --- plans of many targets ------------------------------------------------------------------------


def written(plan: Plans) -> dict[str, Any]:
    document: dict[str, Any] = json.loads("".join(render("json", answer(plan))))
    return document


def test_the_plans_of_many_targets_are_read_as_they_were(tmp_path: Path) -> None:
    refusals = (Refusal("too many targets"),)
    filters = {"only": ("knowledge:*",), "exclude": ("knowledge:A",)}
    approved = replace(mixed(), **filters, approvals=Approvals(adopt=True))
    drift = replace(plans_of([planned_in("a", conflict(), changes=())]), is_drift=True)
    for plan in (mixed(), approved, replace(approved, refusals=refusals), applied().plans, drift):
        path = tmp_path / "plan.json"
        path.write_text(json.dumps(written(plan)))
        again = read_plans(path)
        codes = [t._replace(code=plan.exit_code_of(t)) for t in plan.targets]
        assert [t._replace(code=again.exit_code_of(t)) for t in again.targets] == codes
        assert replace(again, targets=plan.targets) == plan
        for format in ("text", "markdown"):
            shown = ["".join(render(format, answer(each))) for each in (plan, again)]
            assert shown[0] == shown[1]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"notes": []}, "it was changed after it was saved"),
        ({"digest": None}, "it was changed after it was saved"),
        ({"targets": [{}]}, "is not a usable plan: Object missing required field"),
        ({"format_version": "9.0"}, "has format version 9.0"),
        ({"complete": False}, "is from a run that failed before it had a plan"),
    ],
)
def test_damaged_plans_of_many_targets_are_refused(change: dict[str, Any], why: str) -> None:
    with pytest.raises(UnusableFile, match=why):
        run_of(written(mixed()) | change, Path("plan.json"))


def test_a_key_that_no_kind_has_is_damage() -> None:
    document = written(mixed())
    document["drift"][0]["key"] = "nothing:x"
    with pytest.raises(UnusableFile, match="is not a key of a known kind"):
        run_of(document, Path("plan.json"))


# --- edits of a saved plan, with a new checksum ---------------------------------------------------

UNPROTECTED = re.compile(
    r"""
    # what people read beside the changes
    changes/\d+/(kind | reason | arrives | overwrites/\d+ | overridden/.* | source(/.*)?)
    | (blocked | missing | drift | problems | notes | hazards | refused)(/.*)?
    # a target that has no plan; why nothing is written in one; facts about one that no change depends on
    | targets/\d+/(message | store | owned | unmanaged/.* | unchanged | exit_code | labels/.*)
    | targets/\d+/target/emulator
    | targets/[WITHOUT]/state
    | targets/[UNPLANNED](/.*)?
    # how the run was made, which an apply decides again
    | tool_version | format_version | exit_code | (approvals | only | exclude)/.*
    | changes/\d+/targets/\d+/(outcome | message | unclear | new_id)
    """,
    re.VERBOSE,
)
"""What no digest covers; docs/who-may-do-what.md lists it. An apply plans again and compares digests, so
an edit of these never adds a change, but an approval lets what was refused be written."""


REMOVED: Final = object()


def several() -> Plans:
    """Return the plans of a few targets with nearly everything that plans have."""
    step = update("a").changes[0]
    layers = (Overridden("overrides", Source("base/deploys.md", 2, 1), ("body",)),)
    special = replace(step, overwrites=("body",), declaration=None, declared_over=layers)
    collector = Collector()
    collector.add(planned_in("a", small(), notes=("a note",)), labels={"region": "eu"})
    collector.add(planned_in("b", small()))
    collector.add(planned_in("c", conflict()))
    collector.add(planned_in("d", deletes()))
    collector.add(replace(update("e"), changes=(special,)))
    collector.add(replace(update("f"), held="audit", unmanaged={"knowledge": 3}))
    collector.add_without_plan("g", "404", ExitCode.FIX)
    filters = {"only": ("knowledge:*",), "exclude": ("knowledge:A",)}
    return collector.plans(**filters, approvals=Approvals(allow_delete=2))


def edits(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Yield each place of a document with something else that its schema allows there."""
    name = next((step for step in reversed(path) if isinstance(step, str)), "")
    others: tuple[type[StrEnum], ...] = (
        Action,
        Outcome,
        TargetState,
        Blocker,
        DriftEvent,
        Severity,
    )
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from edits(inner, (*path, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from edits(inner, (*path, number))
            yield (*path, number), REMOVED
    elif isinstance(value, bool) or value is None:
        yield path, not value if value is not None else ("0" * 64 if "hash" in name else "x")
    elif isinstance(value, int):
        yield path, value + 1
    elif enum := next((enum for enum in others if value in {*enum}), None):
        yield from ((path, str(other)) for other in enum if other != value)
    elif re.fullmatch("[0-9a-f]{32,}", value):
        yield path, value[::-1]
    else:
        yield path, f"{value}x"


def edited(document: Mapping[str, Any], path: Sequence[Any], value: Any) -> dict[str, Any]:
    """Return a document with another value in one place, and the checksum that belongs to it."""
    result: dict[str, Any] = json.loads(json.dumps(document))
    inner: Any = result
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    if value is REMOVED:
        del inner[path[-1]]
    return result | {"checksum": checksum(result)}


def test_an_edit_is_refused_or_about_what_no_digest_covers() -> None:
    plans = several()
    document = written(plans)
    numbers = {
        "WITHOUT": [n for n, t in enumerate(plans.targets) if t.name not in plans.digests.digests],
        "UNPLANNED": [n for n, t in enumerate(plans.targets) if t.target is None],
    }
    allowed = UNPROTECTED.pattern
    for name, places in numbers.items():
        allowed = allowed.replace(name, "".join(map(str, places)))
    tried = believed = 0
    for path, value in edits(document):
        if path == ("checksum",):
            continue
        tried += 1
        try:
            run_of(edited(document, path, value), Path("plan.json"))
        except UnusableFile:
            continue
        believed += 1
        place = "/".join(map(str, path))
        assert re.fullmatch(allowed, place, re.VERBOSE), f"{place} = {value!r}"
    assert tried > 2 * believed > 100


@pytest.mark.parametrize(
    ("edit", "why"),
    [
        (lambda d: d["changes"].pop(), "but its changes have"),
        (lambda d: d["changes"][0]["targets"].pop(), "but its changes have"),
        (lambda d: d["changes"][0]["targets"].append(d["changes"][0]["targets"][0]), "but its changes have"),
        (lambda d: d["changes"][0].update(targets=[]), "length >= 1"),
        (lambda d: d["changes"].append(d["changes"][0] | {"reason": "x", "targets": []}), "length >= 1"),
        (lambda d: d["blocked"].append(d["blocked"][0] | {"targets": []}), "length >= 1"),
        (lambda d: d["targets"].pop(), "'g' is not one of its targets"),
        (lambda d: d["targets"].append(d["targets"][0]), "is missing, or is there twice"),
        (lambda d: d.update(digest="0" * 32), "it states the digest 0000"),
        (lambda d: d["targets"][0]["target"].update(name="b"), "names another target"),
    ],
)  # fmt: skip
def test_what_is_cut_or_added_is_refused_although_the_checksum_is_right(
    edit: Callable[[dict[str, Any]], object], why: str
) -> None:
    document = written(several())
    document["notes"].append({"text": "gone", "targets": ["g"]})
    edit(document)
    with pytest.raises(UnusableFile, match=why):
        run_of(document | {"checksum": checksum(document)}, Path("plan.json"))


def test_show_writes_the_plans_of_many_targets(devinops: Devinops, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(written(mixed())))
    ran = devinops("show", path)
    assert ran.code == 0
    assert "create in labs, team-00 to -27" in ran.out


# --- the reports of shards ------------------------------------------------------------------------


def shard_files(tmp_path: Path, **facts: Any) -> list[Path]:
    """Write the plans of two shards, the second with these members."""
    paths = []
    for number in (1, 2):
        plans = plans_of([update("ab"[number - 1])])
        shard = replace(plans, shard=Shard(number, 2), selected=2, is_applied=bool(facts))
        document = written(shard)
        if number == 2:
            document |= facts
        paths.append(tmp_path / f"{number}.json")
        paths[-1].write_text(json.dumps(sealed(document)))
    return paths


def test_the_plans_of_shards_are_read_as_one(tmp_path: Path) -> None:
    plans, code = read_reports(shard_files(tmp_path))
    assert (plans, code) == (plans_of([update("a"), update("b")]), ExitCode.OK)


def test_a_shard_that_was_not_applied_says_why(tmp_path: Path) -> None:
    paths = shard_files(tmp_path, error="the digest is another one", exit_code=5)
    plans, code = read_reports(paths)
    assert [(each.state, each.message) for each in plans.targets] == [
        (TargetState.PLANNED, ""),
        (TargetState.FAILED, "the digest is another one"),
    ]
    assert code is ExitCode.PLAN_AGAIN


def test_a_plan_that_is_too_large_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(written(mixed())))
    monkeypatch.setattr(saved, "LARGEST", 1000)
    with pytest.raises(UnusableFile, match="it is larger than 1000 bytes"):
        read_plans(path)


def test_what_a_plan_may_cost_comes_back_as_it_was(tmp_path: Path) -> None:
    risk = Risk(Key.parse("knowledge:A"), "spend", "is raised from 100 to 200")
    plans = replace(mixed(), risks=(Shared(risk, (At("labs"), At("mobile"))),))
    document = written(plans)
    assert [(each["approved"], each["targets"]) for each in document["hazards"]] == [
        (False, ["labs", "mobile"])
    ]
    assert run_of(document, Path("plan.json")).risks == plans.risks
