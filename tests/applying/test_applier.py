"""What apply does when the API fails, answers nothing, or the organization moves under it."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from devinops.applying.applier import (
    MAX_UNANSWERED,
    REPLACE_ATTEMPTS,
    Applier,
    ApplyOptions,
    Hooks,
    Journal,
    Outcome,
    apply,
)
from devinops.applying.report import ApplyReport
from devinops.kinds import KINDS
from devinops.kinds.secret import Secret
from devinops.load import load
from devinops.model.changes import Action, Result
from devinops.model.errors import ApiError, DevinopsError, Terminated, Unreachable
from devinops.model.exit_codes import ExitCode
from devinops.model.inventory import (
    RECOVERY_WAITS_S,
    Intent,
    Inventory,
    Record,
    base,
    fingerprint,
)
from devinops.model.keys import FolderPath, Key, ObjectId
from devinops.model.kind import ApiVersion
from devinops.model.objects import Live, Snapshot
from devinops.model.policy import Approvals, Policy, Prune
from devinops.model.target import Target
from devinops.planning.plan import Plan, PlanRequest, build_plan
from devinops.render import Style
from devinops.render.answer_text import lines_of
from tests.testing.objects import live, snapshot
from tests.testing.organization import Organization, Recorder
from tests.testing.reports import report_of_one
from tests.testing.waiting import Waits


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., ApplyReport]:
    """Apply sections of YAML to an Organization."""

    def go(sections: dict[str, Any], organization: Organization, **options: Any) -> ApplyReport:
        for section, entries in sections.items():
            (tmp_path / f"{section}.yaml").write_text(
                yaml.safe_dump({section: entries}), encoding="utf-8"
            )
        declarations = load(tmp_path).declarations
        request = PlanRequest(
            Target("production", "https://api.devin.ai", organization.api, "org-1"),
            options.pop("policy", Policy(v3_macro="verify")),
            date(2026, 3, 12),
            options.pop("inventory", Inventory()),
            options.pop("approvals", Approvals()),
        )

        def plan(found: Snapshot) -> Plan:
            return build_plan(declarations, found, request)

        organization.parallelism = options.pop("parallelism", 8)
        found = Snapshot.of(organization.objects)
        on_applier = options.pop("on_applier", lambda _: None)
        seen = options.pop("seen", lambda after: after)
        hooks = Hooks(**{name: options.pop(name) for name in Hooks._fields if name in options})
        applier = Applier(
            plan(found),
            found.by_id,
            organization,
            options.pop("journal", None) or Recorder(),
            ApplyOptions(**{"values": {"TOKEN": "value"}} | options),
            hooks,
        )
        on_applier(applier)
        return apply(applier, lambda: seen(plan(organization.snapshot())))

    return go


def notes(*names: str, **fields: Any) -> dict[str, Any]:
    return {"knowledge": [{"name": name, "trigger": "t", "body": "new"} | fields for name in names]}


def outcomes(report: ApplyReport) -> dict[str, Outcome]:
    return {result.change.key.name: result.outcome for result in report.results}


REFUSED = ApiError("POST answered 422: no", status=422)
FAILED = ApiError("POST answered 500: oops", status=500)
SILENT = Unreachable("cannot reach the API: cut")


def test_independent_work_goes_on_after_a_failure(run: Callable[..., ApplyReport]) -> None:
    organization = Organization(faults={("create", "B"): ("before", REFUSED)})
    report = run(notes("A", "B", "C"), organization)
    assert outcomes(report) == {"A": Outcome.DONE, "B": Outcome.FAILED, "C": Outcome.DONE}
    assert report.exit_code == ExitCode.RUN_AGAIN
    assert [change.key.name for change in report.left or ()] == ["B"]


@pytest.mark.parametrize("is_deleted", [True, False])
def test_what_must_come_before_deletes_comes_after_the_last_write(
    run: Callable[..., ApplyReport], is_deleted: bool
) -> None:
    old = live("knowledge", name="Old", id="n1")
    organization = Organization([old])
    inventory = Inventory.of("file", [Record(old.key, old.id)])
    run(
        notes("New", body="unlike the old one"),
        organization,
        inventory=inventory,
        policy=Policy(prune=Prune.OWNED if is_deleted else Prune.OFF),
        before_deletes=lambda: organization.calls.append(("between", "")),
    )
    done = [call for call in organization.calls if call[0] in ("create", "between", "delete")]
    deletes = [("delete", "Old")] if is_deleted else []
    assert done == [("create", "New"), ("between", ""), *deletes]


@pytest.mark.parametrize("fault", ["before", None])
def test_a_note_goes_only_after_what_probably_replaces_it_was_written(
    run: Callable[..., ApplyReport], fault: str | None
) -> None:
    """Renamed and edited in one commit: a create and a delete, and the text must not be lost in between."""
    old = live("knowledge", name="Old", id="n1", body="one two three four")
    faults = {("create", "New"): (fault, REFUSED)} if fault else {}
    organization = Organization([old], faults=faults)
    inventory = Inventory.of(
        "file", [Record(old.key, old.id, fields=base(old.resource, old.resource))]
    )
    report = run(
        notes("New", body="one two three four five"),
        organization,
        inventory=inventory,
        policy=Policy(prune=Prune.OWNED),
    )
    if fault is None:
        assert outcomes(report) == {"New": Outcome.DONE, "Old": Outcome.DONE}
        return
    assert outcomes(report) == {"New": Outcome.FAILED, "Old": Outcome.SKIPPED}
    assert old in organization.objects
    assert "because knowledge:New probably replaces it and was not written" in "\n".join(
        lines_of(report_of_one(report), Style())
    )


@pytest.mark.parametrize("fault", ["before", None])
def test_an_object_goes_only_after_the_text_that_mentions_it_was_written(
    run: Callable[..., ApplyReport], fault: str | None
) -> None:
    playbook = live("playbook", title="P", id="playbook-1")
    action = {"type": "start_session", "prompt": "Do @playbook:playbook-1."}
    automation = live("automation", name="Nightly", id="a1", actions=[action])
    faults = {("update", "Nightly"): (fault, REFUSED)} if fault else {}
    organization = Organization([playbook, automation], faults=faults)
    entry = {
        "name": "Nightly",
        "enabled": True,
        "triggers": [],
        "actions": [action | {"prompt": "Nothing."}],
    }
    gone = {"title": "P", "ensure": "absent"}
    report = run({"automations": [entry], "playbooks": [gone]}, organization)
    assert (playbook in organization.objects) is (fault is not None)
    if fault:
        assert outcomes(report) == {"Nightly": Outcome.FAILED, "P": Outcome.SKIPPED}
        (skipped,) = [one for one in report.results if one.outcome is Outcome.SKIPPED]
        assert skipped.message.startswith("it stays, because automation:Nightly still mentions it")


def test_when_nothing_could_be_written_the_code_says_mend(run: Callable[..., ApplyReport]) -> None:
    report = run(notes("A"), Organization(faults={("create", "A"): ("before", REFUSED)}))
    assert report.exit_code == ExitCode.FIX


@pytest.mark.parametrize("error", [FAILED, SILENT], ids=["500", "silence"])
@pytest.mark.parametrize("hidden_reads", range(len(RECOVERY_WAITS_S)))
def test_a_create_without_an_answer_is_found_and_never_sent_again(
    run: Callable[..., ApplyReport], error: ApiError, hidden_reads: int
) -> None:
    organization = Organization(
        faults={("create", "A"): ("after", error)}, hidden_reads=hidden_reads
    )
    report = run(notes("A"), organization, parallelism=1)
    (result,) = report.results
    assert (result.outcome, result.id) == (Outcome.DONE, "new-A")
    assert [call for call in organization.calls if call[0] == "create"] == [("create", "A")]
    assert report.exit_code == ExitCode.OK


@pytest.mark.parametrize("error", [FAILED, SILENT], ids=["500", "silence"])
def test_a_create_that_did_not_happen_fails_after_three_looks(
    run: Callable[..., ApplyReport], error: ApiError
) -> None:
    organization = Organization(faults={("create", "A"): ("before", error)})
    report = run(notes("A"), organization)
    (result,) = report.results
    assert (result.outcome, result.unclear) == (Outcome.FAILED, True)
    assert report.exit_code == ExitCode.RUN_AGAIN
    assert organization.calls.count(("list", "knowledge")) == len(RECOVERY_WAITS_S)


@dataclass
class WithoutMacros(Organization):
    """An edition of API v1 whose knowledge has no macro."""

    api: Any = "v1"

    def create(self, *args: Any, **options: Any) -> Live:
        return self._bare(super().create(*args, **options))

    def update(self, *args: Any, **options: Any) -> Live:
        return self._bare(super().update(*args, **options))

    def snapshot(self, kinds: Collection[str] | None = None) -> Snapshot:
        return Snapshot.of(map(self._bare, super().snapshot(kinds).objects))

    def _bare(self, live: Live) -> Live:
        return replace(live, resource=replace(live.resource, macro=None))  # type: ignore[call-arg]


@pytest.mark.parametrize("objects", [[], [live("knowledge", name="A", body="old", macro=None)]])
def test_a_field_that_the_api_did_not_take_is_a_failure_that_says_so(
    run: Callable[..., ApplyReport], objects: list[Live]
) -> None:
    report = run(notes("A", macro="!a"), WithoutMacros(objects=objects))
    (result,) = report.results
    assert (result.outcome, result.unclear, report.exit_code) == (
        Outcome.FAILED,
        True,
        ExitCode.RUN_AGAIN,
    )
    assert result.message.startswith("it was written, but the API did not accept macro")


@dataclass
class Forgetful(Organization):
    """Answers an update, and so many reads after it, with the object as it was before."""

    reads: int = 0
    unread: ApiError | None = None
    """What every read after an update leads to."""
    before: Live | None = None

    def update(self, before: Live, *args: Any, **options: Any) -> Live:
        super().update(before, *args, **options)
        self.before = before
        return before

    def read(self, kind: str, id: str) -> Live | None:
        return self._shown(super().read(kind, id))

    def snapshot(self, kinds: Collection[str] | None = None) -> Snapshot:
        return Snapshot.of(filter(None, map(self._shown, super().snapshot(kinds).objects)))

    def _shown(self, live: Live | None) -> Live | None:
        if self.before and self.unread:
            raise self.unread
        if self.before and self.reads:
            self.reads -= 1
            return self.before
        return live


@pytest.mark.parametrize("api", ["v3", "v1"])
@pytest.mark.parametrize("reads", range(4))
def test_an_update_that_comes_back_as_before_is_read_again_until_it_is_there(
    run: Callable[..., ApplyReport], waits: Waits, api: ApiVersion, reads: int
) -> None:
    old = live("knowledge", name="A", body="old")
    journal, organization = Recorder(), Forgetful(objects=[old], api=api, reads=reads)
    report = run(notes("A"), organization, journal=journal)
    (result,) = report.results
    assert list(waits) == list(RECOVERY_WAITS_S[: reads + 1])
    if reads < len(RECOVERY_WAITS_S):
        assert (result.outcome, report.exit_code) == (Outcome.DONE, ExitCode.OK)
        assert journal.steps[-2:] == ["settle A", "finish"]
        return
    assert (result.outcome, result.unclear) == (Outcome.FAILED, True)
    assert report.exit_code == ExitCode.RUN_AGAIN
    assert result.message == (
        "not taken: the API accepted the update, but still shows the old body: run apply again"
    )
    assert journal.steps[-2:] == ["settle", "finish"]


def test_an_update_that_comes_back_as_before_and_cannot_be_read_is_unclear(
    run: Callable[..., ApplyReport], waits: Waits
) -> None:
    organization = Forgetful(objects=[live("knowledge", name="A", body="old")], unread=REFUSED)
    (result,) = run(notes("A"), organization).results
    assert (result.outcome, result.unclear) == (Outcome.FAILED, True)
    assert result.message == (
        "devinops does not know if it was written: the response to the update is wrong, and "
        "reading the object failed: POST answered 422: no"
    )


def test_an_update_that_comes_back_as_before_of_an_object_that_is_gone_now_is_not_taken(
    run: Callable[..., ApplyReport], waits: Waits
) -> None:
    old = live("knowledge", name="A", body="old")
    organization = Forgetful(objects=[old])
    organization.put = lambda new: organization.objects.clear()  # type: ignore[method-assign]
    (result,) = run(notes("A"), organization).results
    assert (result.outcome, result.unclear) == (Outcome.FAILED, True)
    assert result.message.startswith("not taken: ")


def test_no_new_object_may_have_an_id_that_was_listed_or_created_before(
    run: Callable[..., ApplyReport],
) -> None:
    organization = Organization(objects=[live("knowledge", name="Theirs", body="theirs")])
    run(notes("A", "B"), organization, parallelism=1)
    listed = {o.object_id for o in organization.objects if o.key.name == "Theirs"}
    new = {ObjectId("knowledge", id) for id in ("new-A", "new-B")}
    assert organization.taken == listed | new


class DroppedMacros(Organization):
    """API v3 shows a macro but cannot set it; here an update loses it."""

    def update(self, *args: Any, **options: Any) -> Live:
        after = super().update(*args, **options)
        return replace(after, resource=replace(after.resource, macro=None))  # type: ignore[call-arg]


def test_an_update_that_loses_a_field_is_a_failure_that_says_so(
    run: Callable[..., ApplyReport],
) -> None:
    note = live("knowledge", name="A", body="old", macro="!a")
    report = run(notes("A"), DroppedMacros([note]))
    (result,) = report.results
    assert (result.outcome, result.unclear) == (Outcome.FAILED, True)
    assert result.message == "the update lost its macro !a: set it again in the web app"


@dataclass
class DroppedMembers(Organization):
    """The response to an update lacks what devinops does not know; `shown` says whether a read has it."""

    shown: bool = False

    def update(self, *args: Any, **options: Any) -> Live:
        after = replace(super().update(*args, **options), unknown={})
        if not self.shown:
            self.put(after)
        return after


@pytest.mark.parametrize(
    ("api", "shown", "message"),
    [
        (
            "v3",
            False,
            "the update lost its mood, which devinops does not know: set it again in the web app",
        ),
        ("v3", True, ""),
        ("v1", False, ""),
    ],
)
def test_an_update_that_loses_what_devinops_does_not_know_says_so_if_a_read_confirms_it(
    run: Callable[..., ApplyReport], api: ApiVersion, shown: bool, message: str
) -> None:
    note = replace(live("knowledge", name="A", body="old"), unknown={("mood",): "calm"})
    (result,) = run(notes("A"), DroppedMembers([note], api=api, shown=shown)).results
    assert (result.message, result.unclear) == (message, bool(message))


def test_the_looks_for_a_create_are_apart(run: Callable[..., ApplyReport], waits: Waits) -> None:
    run(notes("A"), Organization(faults={("create", "A"): ("before", SILENT)}))
    assert waits == list(RECOVERY_WAITS_S) == [1, 3, 9]


@dataclass
class Unlisted(Organization):
    """Its lists fail, as often as there are `failures`; without an inventory none are read before the first write."""

    failures: list[ApiError] = field(default_factory=list)
    looks: int = 0

    def snapshot(self, kinds: Collection[str] | None = None, progress: Any = None) -> Snapshot:
        self.looks += 1
        if self.failures:
            raise self.failures.pop(0)
        return super().snapshot(kinds)


FORBIDDEN = ApiError("GET answered 403", status=403)


@pytest.mark.parametrize("failure", [FORBIDDEN, FAILED, SILENT], ids=["403", "500", "silence"])
def test_a_create_that_cannot_be_looked_for_stays_unclear(
    run: Callable[..., ApplyReport], failure: ApiError
) -> None:
    organization = Unlisted(
        faults={("create", "A"): ("after", FAILED)}, failures=[failure] * len(RECOVERY_WAITS_S)
    )
    report = run(notes("A"), organization)
    (result,) = report.results
    assert (result.outcome, result.unclear, report.exit_code) == (
        Outcome.FAILED,
        True,
        ExitCode.RUN_AGAIN,
    )
    assert result.message == f"{FAILED}; the API could not be searched for it: {failure}"


def test_a_look_that_fails_is_repeated(run: Callable[..., ApplyReport]) -> None:
    organization = Unlisted(
        faults={("create", "A"): ("after", FAILED)}, failures=[SILENT, FORBIDDEN]
    )
    assert outcomes(run(notes("A"), organization)) == {"A": Outcome.DONE}


def test_a_look_without_a_key_ends_the_run(run: Callable[..., ApplyReport]) -> None:
    revoked = ApiError("GET answered 401", status=401)
    organization = Unlisted(faults={("create", "A"): ("after", FAILED)}, failures=[revoked] * 3)
    report = run(notes("A", "B"), organization, parallelism=1)
    assert outcomes(report) == {"A": Outcome.FAILED, "B": Outcome.SKIPPED}
    assert "no longer accepts the key" in report.results[1].message


def test_one_list_is_read_at_a_time_however_many_creates_are_looked_for(
    run: Callable[..., ApplyReport],
) -> None:
    organization = Organization(faults={("create", name): ("after", FAILED) for name in "ABCDEF"})
    reading, most, look = [0], [0], organization.snapshot

    def snapshot(kinds: Collection[str] | None = None) -> Snapshot:
        reading[0] += 1
        most[0] = max(most[0], reading[0])
        time.sleep(0.01)
        reading[0] -= 1
        return look(kinds)

    organization.snapshot = snapshot  # type: ignore[method-assign]
    assert run(notes(*"ABCDEF"), organization, parallelism=6).count(Outcome.DONE) == 6
    assert most == [1]


def test_an_equal_object_that_was_there_before_is_not_taken_for_the_new_one(
    run: Callable[..., ApplyReport],
) -> None:
    twin = live("knowledge", name="A", body="new", id="twin", ours=False)
    organization = Organization([twin], faults={("create", "A"): ("before", FAILED)})
    assert outcomes(run(notes("A"), organization)) == {"A": Outcome.FAILED}


def test_several_candidates_stop_the_run(run: Callable[..., ApplyReport]) -> None:
    organization = Organization(faults={("create", "A"): ("after", FAILED)})
    organization.appear.append(live("knowledge", name="A", body="new", id="stranger"))
    report = run(notes("A", "B"), organization, parallelism=1)
    a, b = report.results
    assert a.outcome is Outcome.FAILED
    assert "new-A, stranger" in a.message
    assert b.outcome in (Outcome.SKIPPED, Outcome.DONE)


MOVED: dict[str, Callable[[Organization], None]] = {
    "edited": lambda o: o.objects.__setitem__(
        0, live("knowledge", name="A", body="edited", id="note-1")
    ),
    "deleted": lambda o: o.objects.clear(),
}


@pytest.mark.parametrize("moved", MOVED)
def test_what_moved_after_the_plan_is_blocked(run: Callable[..., ApplyReport], moved: str) -> None:
    organization = Organization([live("knowledge", name="A", id="note-1")])
    organization.before_call = lambda method, name: (
        MOVED[moved](organization) if method == "read" else None
    )
    report = run(notes("A"), organization)
    assert outcomes(report) == {"A": Outcome.BLOCKED}
    assert ("update", "A") not in organization.calls
    assert report.exit_code == ExitCode.DECIDE if moved == "edited" else report.exit_code


@pytest.mark.parametrize(("folder_id", "outcome"), [("f1", Outcome.DONE), ("f2", Outcome.BLOCKED)])
def test_a_folder_counts_by_its_id_and_not_by_the_path_that_the_note_shows(
    run: Callable[..., ApplyReport], folder_id: str, outcome: Outcome
) -> None:
    """If no list showed the folder, a slash in its name looks like one between names."""
    folder = Live("f1", KINDS["folder"].resource(path=FolderPath("A%2FB")))
    note = live("knowledge", name="A", id="note-1", folder="A%2FB", folder_id="f1")
    shown = live("knowledge", name="A", id="note-1", folder="A/B", folder_id=folder_id)
    organization, saved = Organization([note, folder]), []
    organization.before_call = lambda method, name: (
        organization.put(shown) if method == "read" else None
    )
    report = run(notes("A", folder="A%2FB"), organization, before_write=saved.append)
    assert outcomes(report) == {"A": outcome}
    assert [before.key for before in saved] == ([note.key] if outcome is Outcome.DONE else [])


def test_a_note_that_leaves_the_root_is_saved_with_the_folder_for_which_it_waited(
    run: Callable[..., ApplyReport],
) -> None:
    """So a rollback, which puts objects into their folders, does not put it into the root again."""
    folder = Live("f1", KINDS["folder"].resource(path=FolderPath("G")))
    note, saved = live("knowledge", name="A", id="note-1", trigger="t", body="b"), list[Live]()
    key = note.key._replace(folder=FolderPath("G"))
    waits = Record(key, "note-1", fields=base(note.resource, note.resource))
    organization = Organization([folder, note])
    inventory = Inventory.of("file", [waits])
    entries = notes("A", folder="G", trigger="t", body="b")
    report = run(entries, organization, inventory=inventory, before_write=saved.append)
    assert outcomes(report) == {"A": Outcome.DONE}
    assert saved == [replace(note, ids={"folder": "f1"})]


def test_an_edit_before_a_delete_holds_the_delete_back(run: Callable[..., ApplyReport]) -> None:
    organization = Organization([live("knowledge", name="A", id="note-1")])
    organization.before_call = lambda method, name: (
        MOVED["edited"](organization) if method == "read" else None
    )
    report = run({"knowledge": [{"name": "A", "ensure": "absent"}]}, organization)
    assert (outcomes(report), len(organization.objects)) == ({"A": Outcome.BLOCKED}, 1)


def test_deleting_what_is_gone_already_is_done(run: Callable[..., ApplyReport]) -> None:
    organization = Organization([live("knowledge", name="A", id="note-1")])
    organization.before_call = lambda method, name: (
        organization.objects.clear() if method == "read" else None
    )
    report = run({"knowledge": [{"name": "A", "ensure": "absent"}]}, organization)
    assert [(r.outcome, r.message) for r in report.results] == [
        (Outcome.DONE, "it was gone already")
    ]


@pytest.mark.parametrize(
    ("entry", "fields", "status"),
    [
        ({"secrets": [{"key": "TOKEN"}]}, {"key": "TOKEN", "type": "totp"}, 403),
        ({"secrets": [{"key": "TOKEN"}]}, {"key": "TOKEN", "type": "totp"}, 404),
        ({"knowledge": [{"name": "TOKEN"}]}, {"name": "TOKEN"}, 404),
    ],
)
@pytest.mark.parametrize(("gone", "outcome"), [(True, Outcome.DONE), (False, Outcome.FAILED)])
def test_a_403_or_404_on_a_delete_is_judged_by_the_list(
    run: Callable[..., ApplyReport],
    entry: dict[str, list[dict[str, str]]],
    fields: dict[str, str],
    status: int,
    gone: bool,
    outcome: Outcome,
) -> None:
    ((section, [named]),) = entry.items()
    noun = "secret" if section == "secrets" else section
    refused = ApiError(f"DELETE returned {status}", status=status)
    organization = Organization(
        [live(noun, id="id-1", **fields)],
        faults={("delete", "TOKEN"): ("after" if gone else "before", refused)},
    )
    report = run({section: [{**named, "ensure": "absent"}]}, organization)
    assert outcomes(report) == {"TOKEN": outcome}
    message = "it was gone already" if gone else f"{refused}; but the API still lists it"
    assert [result.message for result in report.results] == [message]


@pytest.mark.parametrize("status", [422, 500])
def test_another_failure_of_a_delete_is_no_sign_that_it_is_gone(
    run: Callable[..., ApplyReport], status: int
) -> None:
    organization = Organization(
        [live("knowledge", name="A", id="note-1")],
        faults={("delete", "A"): ("before", ApiError("no", status=status))},
    )
    (result,) = run({"knowledge": [{"name": "A", "ensure": "absent"}]}, organization).results
    assert (result.outcome, result.unclear) == (Outcome.FAILED, status == 500)


def test_a_revoked_key_skips_what_has_not_begun(run: Callable[..., ApplyReport]) -> None:
    revoked = ApiError("401", status=401)
    organization = Organization(faults={("create", "A"): ("before", revoked)})
    report = run(notes("A", "B", "C"), organization, parallelism=1)
    counts = {o: report.count(o) for o in Outcome}
    assert counts[Outcome.FAILED] == 1
    assert counts[Outcome.SKIPPED] >= 1
    assert counts[Outcome.FAILED] + counts[Outcome.SKIPPED] + counts[Outcome.DONE] == 3
    assert all(
        "no longer accepts the key" in r.message
        for r in report.results
        if r.outcome is Outcome.SKIPPED
    )


def test_an_api_that_has_gone_silent_is_not_asked_for_ever(run: Callable[..., ApplyReport]) -> None:
    names = [f"N{number:02}" for number in range(20)]
    organization = Organization(faults={("create", name): ("before", SILENT) for name in names})
    report = run(notes(*names), organization, parallelism=1)
    assert report.count(Outcome.FAILED) == MAX_UNANSWERED
    assert report.count(Outcome.SKIPPED) == len(names) - MAX_UNANSWERED


def test_an_api_that_takes_no_more_requests_is_not_asked_for_ever(
    run: Callable[..., ApplyReport],
) -> None:
    limited = ApiError("POST answered 429", status=429)
    organization = Organization(faults={("create", name): ("before", limited) for name in "ABCDEF"})
    report = run(notes(*"ABCDEF"), organization, parallelism=1)
    assert (report.count(Outcome.FAILED), report.count(Outcome.SKIPPED)) == (MAX_UNANSWERED, 3)
    assert report.results[-1].message == "the API accepts no more requests"
    assert report.exit_code == ExitCode.FIX


def test_a_signal_after_the_last_change_only_decides_the_exit_code(
    run: Callable[..., ApplyReport],
) -> None:
    organization = Organization()
    appliers: list[Applier] = []
    run(notes("A"), organization, on_applier=appliers.append)
    appliers[0].interrupt(ExitCode.INTERRUPTED)
    assert appliers[0].interrupted is ExitCode.INTERRUPTED
    assert ("stop_waiting", "") not in organization.calls


@pytest.mark.parametrize("made", [True, False])
def test_an_interruption_of_the_search_for_a_create_leaves_one_look(
    run: Callable[..., ApplyReport], waits: Waits, made: bool
) -> None:
    organization = Organization(faults={("create", "A"): ("after" if made else "before", SILENT)})
    appliers: list[Applier] = []
    waits.instead = lambda _: appliers[0].interrupt(ExitCode.INTERRUPTED)
    journal = Recorder()
    report = run(
        notes("A"),
        organization,
        on_applier=appliers.append,
        journal=journal,
    )
    (result,) = report.results
    assert organization.calls.count(("list", "knowledge")) == 1
    assert ("stop_waiting", "") in organization.calls
    assert (result.outcome, result.unclear) == (
        (Outcome.DONE, False) if made else (Outcome.FAILED, True)
    )
    assert journal.steps[-1] == ("finish" if made else "finish A")


def test_an_interruption_finishes_what_is_in_flight_and_starts_nothing_new(
    run: Callable[..., ApplyReport],
) -> None:
    organization = Organization()
    appliers: list[Applier] = []
    organization.before_call = lambda method, name: appliers[0].interrupt(ExitCode.TERMINATED)
    report = run(notes("A", "B", "C"), organization, parallelism=1, on_applier=appliers.append)
    assert (report.count(Outcome.DONE), report.count(Outcome.SKIPPED)) == (1, 2)
    assert (report.exit_code, report.left) == (ExitCode.TERMINATED, None)


def test_a_last_look_that_fails_is_reported(
    run: Callable[..., ApplyReport], monkeypatch: pytest.MonkeyPatch
) -> None:
    organization = Organization()

    def silent(kinds: Collection[str] | None = None) -> Snapshot:
        raise SILENT

    monkeypatch.setattr(organization, "snapshot", silent)
    report = run(notes("A"), organization)
    assert (report.left, report.unverified, report.exit_code) == (
        None,
        str(SILENT),
        ExitCode.RUN_AGAIN,
    )


@pytest.mark.parametrize(
    ("entries", "status", "is_explained"),
    [
        ({"ip_access_list": [{"ip_ranges": ["10.1.0.0/16"]}]}, 401, True),
        ({"ip_access_list": [{"ip_ranges": ["10.1.0.0/16"]}]}, 403, True),
        ({"ip_access_list": [{"ip_ranges": ["10.1.0.0/16"]}]}, 500, False),
        ({"ip_access_list": [{"ip_ranges": ["10.0.0.0/8"]}], **notes("A")}, 401, False),
    ],
)
def test_a_key_that_is_refused_after_a_change_is_told_what_that_means(
    run: Callable[..., ApplyReport],
    monkeypatch: pytest.MonkeyPatch,
    entries: dict[str, Any],
    status: int,
    is_explained: bool,
) -> None:
    old = live("ip_access_list", id="ip_access_list", ip_ranges=["10.0.0.0/8"])
    organization, refused = Organization([old]), ApiError("GET answered: no", status=status)

    def snapshot(kinds: Collection[str] | None = None) -> Snapshot:
        raise refused

    monkeypatch.setattr(organization, "snapshot", snapshot)
    report = run(
        entries,
        organization,
        inventory=Inventory("file"),
        approvals=Approvals(adopt=True, hazards=("lockout",)),
    )
    assert {result.outcome for result in report.results} == {Outcome.DONE}
    assert report.unverified.startswith("GET answered: no")
    assert ("outside the list" in report.unverified) is is_explained
    assert report.exit_code is ExitCode.RUN_AGAIN


@pytest.mark.parametrize("stop", [KeyboardInterrupt, Terminated])
def test_an_interruption_of_the_last_look_costs_only_the_proof(
    run: Callable[..., ApplyReport], stop: type[BaseException]
) -> None:
    organization = Organization()
    appliers: list[Applier] = []

    def look(kinds: Collection[str] | None = None) -> Snapshot:
        appliers[0].interrupt(ExitCode.INTERRUPTED)
        raise stop

    organization.snapshot = look  # type: ignore[method-assign]
    report = run(notes("A"), organization, on_applier=appliers.append)
    assert (outcomes(report), report.left, report.exit_code) == (
        {"A": Outcome.DONE},
        None,
        ExitCode.INTERRUPTED,
    )


def test_what_only_the_last_look_holds_back_is_for_a_person(
    run: Callable[..., ApplyReport],
) -> None:
    organization = Organization()
    twin = live("knowledge", name="A", body="by a person", id="note-2")
    organization.before_call = lambda method, name: organization.objects.append(twin)
    report = run(notes("A"), organization)
    assert (outcomes(report), report.left, report.exit_code) == (
        {"A": Outcome.DONE},
        (),
        ExitCode.DECIDE,
    )
    assert [(one.key.name, sorted(one.ids)) for one in report.waiting] == [
        ("A", ["new-A", "note-2"])
    ]
    assert [
        line
        for line in lines_of(report_of_one(report), Style())
        if line.startswith("  ! knowledge:A: ")
    ]


def test_references_come_first_and_deletes_last(run: Callable[..., ApplyReport]) -> None:
    organization = Organization(
        [live("playbook", title="P", id="p-1"), live("knowledge", name="Z", id="n-1")],
    )
    sections = notes("A") | {
        "playbooks": [{"title": "P", "ensure": "absent"}],
        "secrets": [{"key": "S", "type": "totp", "value_from": {"env": "TOKEN"}}],
    }
    sections["knowledge"].append({"name": "Z", "ensure": "absent"})
    assert run(sections, organization).exit_code == ExitCode.OK
    writes = [
        name for method, name in organization.calls if method in ("create", "update", "delete")
    ]
    assert writes == ["S", "A", "Z", "P"]


def test_an_update_sends_the_object_as_it_is_now_with_the_declared_fields_on_top(
    run: Callable[..., ApplyReport],
) -> None:
    before = live(
        "knowledge", name="A", id="note-1", pinned_repo="acme/api", is_enabled=False, macro="!a"
    )
    organization = Organization([before])
    assert run(notes("A"), organization).exit_code == ExitCode.OK
    (after,) = organization.objects
    assert after.resource == replace(before.resource, body="new", trigger="t")


def owned_by(
    run: Callable[..., ApplyReport], organization: Organization, journal: Recorder
) -> ApplyReport:
    return run(
        notes("A", "B") | {"playbooks": [{"title": "P", "ensure": "absent"}]},
        organization,
        parallelism=1,
        journal=journal,
    )


def test_the_inventory_is_informed_before_the_first_write_and_after_each(
    run: Callable[..., ApplyReport],
) -> None:
    journal, organization = Recorder(), Organization([live("playbook", title="P", id="p-1")])
    assert owned_by(run, organization, journal).exit_code == ExitCode.OK
    assert journal.steps == [
        "begin create A create B delete P",
        "settle",
        "settle A",
        "settle B",
        "settle -p-1",
        "finish",
    ]


def test_the_inventory_learns_which_changes_were_tried_in_vain(
    run: Callable[..., ApplyReport],
) -> None:
    """What was skipped, such as after Ctrl-C, was not tried."""
    refused, journal = ApiError("422: too long", status=422), Recorder()
    organization = Organization(
        [live("playbook", title="P", id="p-1"), live("knowledge", name="E", id="e-1", body="new")],
        faults=dict.fromkeys([("create", "A"), ("delete", "P")], ("before", refused)),
    )
    appliers: list[Applier] = []

    def edit(method: str, name: str) -> None:
        if (method, name) == ("read", "E"):
            organization.put(live("knowledge", name="E", id="e-1", body="edited meanwhile"))

    organization.before_call = edit

    def stop(result: Result) -> None:
        if result.change.key.name == "E":
            appliers[0].interrupt(ExitCode.INTERRUPTED)

    run(
        notes("A", "E", "Z", trigger="new") | {"playbooks": [{"title": "P", "ensure": "absent"}]},
        organization,
        parallelism=1,
        journal=journal,
        on_applier=appliers.append,
        on_result=stop,
    )
    assert {key.name: bool(sent) for key, sent in journal.failed.items()} == {"A": True, "E": True}
    run({}, organization, journal=journal)
    assert journal.failed[Key.parse("playbook:P")] == ""


def test_a_delete_that_a_dead_run_announced_and_made_is_announced_again(
    run: Callable[..., ApplyReport],
) -> None:
    """Only what was announced is remembered as deleted."""
    journal, kept = Recorder(), live("knowledge", name="Kept", id="n1")
    gone = [Record(Key.parse(f"knowledge:{name}"), f"{name}-1") for name in ("Gone", "Lost")]
    inventory = Inventory.of("file", [Record(kept.key, "n1"), *gone])
    dead = replace(
        inventory, unrecorded=dict.fromkeys([gone[0].object_id, kept.object_id], Action.DELETE)
    )
    run(notes("A"), Organization([kept]), inventory=dead, journal=journal)
    assert journal.steps[:2] == ["begin create A delete Gone", "settle -Gone-1 -Lost-1"]


@pytest.mark.parametrize("is_listed", [True, False])
def test_a_delete_failed_if_the_lists_at_the_end_show_its_object(
    run: Callable[..., ApplyReport], is_listed: bool
) -> None:
    gone = live("knowledge", name="Gone", id="n1")
    inventory = Inventory.of("file", [Record(gone.key, "n1")])

    def seen(after: Plan) -> Plan:
        return replace(after, changes=(), others=(gone,) if is_listed else ())

    entries = {"knowledge": [{"name": "Gone", "ensure": "absent"}]}
    report = run(entries, Organization([gone]), inventory=inventory, seen=seen)
    (result,) = report.results
    assert (result.outcome, result.unclear) == (("failed", True) if is_listed else ("done", False))
    assert ("inventory link knowledge:Gone n1" in result.message) is is_listed
    assert (report.exit_code == ExitCode.RUN_AGAIN) is is_listed


def test_what_is_released_or_forgotten_is_reported_and_nothing_is_written(
    run: Callable[..., ApplyReport],
) -> None:
    journal = Recorder()
    stays, gone = (live("knowledge", name=name, id=name.lower()) for name in ("Stays", "Gone"))
    inventory = Inventory.of("file", [Record(stays.key, "stays"), Record(gone.key, "gone")])
    organization = Organization([stays])
    entries = {"knowledge": [{"name": "Stays", "ensure": "unmanaged"}]}
    report = run(entries, organization, inventory=inventory, journal=journal)
    assert [(r.change.action, r.id, r.outcome) for r in report.results] == [
        ("forget", "gone", "done"),
        ("release", "stays", "done"),
    ]
    assert journal.steps == ["begin", "settle -gone -stays", "finish"]
    assert organization.objects == [stays]
    assert {method for method, _ in organization.calls} <= {"list"}


class Records(Journal):
    """A journal that keeps the records of each write."""

    def __init__(self) -> None:
        self.written: list[Record] = []

    def begin(self, intents: Sequence[Intent]) -> None: ...

    def settle(self, upserts: Sequence[Record], removals: Sequence[ObjectId]) -> None:
        self.written += upserts

    def finish(self, unclear: Collection[Key], failed: Mapping[Key, str]) -> None: ...


@pytest.mark.parametrize(("trigger", "commit"), [("t", "c2"), ("changed in Git", "c1")])
def test_a_record_leads_to_the_commit_that_has_all_its_values(
    run: Callable[..., ApplyReport], trigger: str, commit: str
) -> None:
    """The next three-way comparison reads the recorded values from that commit."""
    declared = live("knowledge", name="A", id="n1", body="old").resource
    edited = live("knowledge", name="A", id="n1", body="old", trigger="changed outside")
    record = Record(edited.key, "n1", "a.yaml", "c1", fields=base(declared, declared))
    journal = Records()
    report = run(
        notes("A", trigger=trigger),
        Organization([edited]),
        inventory=Inventory.of("file", [record]),
        approvals=Approvals(on_conflict="live"),
        journal=journal,
        commit="c2",
    )
    assert outcomes(report) == {"A": Outcome.DONE}
    (written,) = journal.written
    assert written.commit == commit
    assert written.source == {"c1": "a.yaml", "c2": "knowledge.yaml"}[commit]


def test_only_the_response_to_a_write_says_when_it_was(run: Callable[..., ApplyReport]) -> None:
    same = live("knowledge", name="A", body="new", id="a", updated_at=0)
    other = live("knowledge", name="B", id="b", updated_at=0)
    journal = Records()
    run(
        notes("A", "B", "C"),
        Organization([same, other]),
        inventory=Inventory.of("file", []),
        approvals=Approvals(adopt=True),
        journal=journal,
    )
    times = {record.key.name: record.at for record in journal.written}
    assert times == {"A": None, "B": "1970-01-01T00:00:00Z", "C": None}


@pytest.mark.parametrize(("choice", "known"), [("git", True), ("live", False)])
def test_a_record_keeps_what_the_entry_leaves_out_until_a_person_accepts_its_change(
    run: Callable[..., ApplyReport], choice: str, known: bool
) -> None:
    declared = live("knowledge", name="A", id="n1", body="old").resource
    edited = live("knowledge", name="A", id="n1", body="old", is_enabled=False, pinned_repo="all")
    left_out = {"is_enabled": fingerprint(True), "pinned_repo": fingerprint("all")}
    record = Record(edited.key, "n1", fields=base(declared, declared), left_out=left_out)
    journal, organization = Records(), Organization([edited])
    report = run(
        notes("A", body="new"),
        organization,
        inventory=Inventory.of("file", [record]),
        approvals=Approvals(on_conflict=choice),
        journal=journal,
    )
    assert outcomes(report) == {"A": Outcome.DONE}
    (written,) = journal.written
    assert written.left_out == left_out | {"is_enabled": fingerprint(known)}
    assert dict(organization.objects[0].resource.items())["is_enabled"] is False


@pytest.mark.parametrize("broken", ["settle", "finish"])
def test_an_inventory_that_cannot_be_written_costs_no_report(
    run: Callable[..., ApplyReport], broken: str
) -> None:
    journal, organization = Recorder(), Organization([live("playbook", title="P", id="p-1")])
    run_steps = journal.steps

    def settle(upserts: Any, removals: Any) -> None:
        run_steps.append("settle")
        if broken == "settle" and upserts:
            raise DevinopsError("no room")

    journal.settle = settle  # type: ignore[method-assign]
    journal.broken = broken
    report = owned_by(run, organization, journal)
    assert "the inventory was not written: no room" in report.unverified
    assert report.exit_code == ExitCode.RUN_AGAIN
    assert report.count(Outcome.SKIPPED) == (2 if broken == "settle" else 0)


def test_an_announcement_that_is_refused_comes_before_any_write(
    run: Callable[..., ApplyReport],
) -> None:
    organization = Organization()
    with pytest.raises(DevinopsError, match="no room"):
        run(notes("A"), organization, journal=Recorder("begin"))
    assert [call for call in organization.calls if call[0] != "list"] == []


def rotation(version: str) -> dict[str, Any]:
    return {
        "secrets": [
            {"key": "S", "type": "totp", "version": version, "value_from": {"env": "TOKEN"}}
        ]
    }


@pytest.mark.parametrize(
    ("fault", "creates", "outcome"),
    [
        (None, 1, Outcome.DONE),
        (("after", SILENT), 1, Outcome.DONE),
        (("before", SILENT), REPLACE_ATTEMPTS, Outcome.FAILED),
        (("before", REFUSED), 1, Outcome.FAILED),
    ],
    ids=["answered", "lost answer", "silence", "refused"],
)
def test_a_rotation_tries_the_create_hard(
    run: Callable[..., ApplyReport], fault: Any, creates: int, outcome: Outcome
) -> None:
    old = live("secret", key="S", type="totp", id="s-1", version="1")
    inventory = Inventory.of(
        "file", [Record(old.key, old.id, fields=base(old.resource, old.resource))]
    )
    shown = replace(old, resource=Secret(key="S", type="totp"))
    organization = Organization([shown], faults={("create", "S"): fault} if fault else {})
    report = run(rotation("2"), organization, inventory=inventory)
    assert [call[0] for call in organization.calls if call[0] != "list"] == ["delete"] + [
        "create"
    ] * creates
    assert outcomes(report) == {"S": outcome}
    assert old.object_id not in organization.taken, "the new one may have the same id"
    if outcome is Outcome.FAILED:
        assert "MISSING now" in report.results[0].message
        assert report.exit_code == ExitCode.RUN_AGAIN


def rotate(
    run: Callable[..., ApplyReport], organization: Organization, **options: Any
) -> ApplyReport:
    old = live("secret", key="S", type="totp", id="s-1", version="1")
    organization.objects.append(replace(old, resource=Secret(key="S", type="totp")))
    inventory = Inventory.of(
        "file", [Record(old.key, old.id, fields=base(old.resource, old.resource))]
    )
    return run(rotation("2"), organization, inventory=inventory, **options)


def test_a_rotation_is_not_tried_again_where_the_first_create_cannot_be_looked_for(
    run: Callable[..., ApplyReport],
) -> None:
    organization = Unlisted(faults={("create", "S"): ("after", FAILED)}, failures=[SILENT] * 3)
    journal = Recorder()
    (result,) = rotate(run, organization, journal=journal).results
    assert [name for name, _ in organization.calls].count("create") == 1
    assert result.message.startswith(
        "it was deleted, but devinops does not know if it was created again: POST"
    )
    assert result.unclear
    assert journal.steps[-1] == "finish S"


def test_a_rotation_whose_second_create_is_refused_may_have_succeeded_with_the_first(
    run: Callable[..., ApplyReport],
) -> None:
    organization = Organization(faults={("create", "S"): ("before", SILENT)})
    calls = organization.calls

    def refuse(method: str, name: str) -> None:
        if calls.count(("create", "S")) == 2:
            raise ApiError("POST answered 409", status=409)

    organization.before_call = refuse
    (result,) = rotate(run, organization).results
    assert calls.count(("create", "S")) == 2
    assert "devinops does not know if it was created again: POST answered 409" in result.message
    assert result.unclear


def test_an_interrupted_rotation_is_not_tried_again(
    run: Callable[..., ApplyReport], waits: Waits
) -> None:
    organization = Organization(faults={("create", "S"): ("before", SILENT)})
    appliers: list[Applier] = []
    waits.instead = lambda _: appliers[0].interrupt(ExitCode.INTERRUPTED)
    (result,) = rotate(run, organization, on_applier=appliers.append).results
    assert organization.calls.count(("create", "S")) == 1
    assert "does not know" in result.message


# --- writes that are repeated -----------------------------------------------------------------------------

BEFORE = live("knowledge", name="A", id="note-1")
EDITED = live("knowledge", name="A", body="edited", id="note-1")


def _edit(organization: Organization) -> None:
    organization.put(EDITED)


def _delete(organization: Organization) -> None:
    organization.objects.clear()


def _arrive(organization: Organization) -> None:
    """The write arrived, although its answer did not."""
    organization.put(organization.written)


def _nothing(organization: Organization) -> None:
    pass


Meanwhile = Callable[[Organization], None]


def test_an_update_that_turns_out_to_be_written_is_not_sent_again(
    run: Callable[..., ApplyReport],
) -> None:
    organization = Organization([BEFORE], attempts={"update": (None,)})
    organization.meanwhile = lambda: _arrive(organization)
    (result,) = run(notes("A"), organization).results
    assert (result.outcome, result.message) == (Outcome.DONE, "no response, but found afterwards")
    assert ("update", "A") not in organization.calls


@pytest.mark.parametrize(
    ("answers", "meanwhile", "outcome", "unclear", "after"),
    [
        ((429,), _nothing, Outcome.DONE, False, "new"),
        ((429,), _edit, Outcome.BLOCKED, False, "edited"),
        ((429,), _delete, Outcome.BLOCKED, False, None),
        ((503,), _nothing, Outcome.DONE, False, "new"),
        ((None,), _arrive, Outcome.DONE, False, "new"),
        ((503,), _edit, Outcome.FAILED, True, "edited"),
        ((None, 429), _edit, Outcome.FAILED, True, "edited"),
        ((503,), _delete, Outcome.BLOCKED, False, None),
    ],
)
def test_an_update_is_repeated_only_over_what_it_was_made_for(
    run: Callable[..., ApplyReport],
    answers: tuple[int | None, ...],
    meanwhile: Meanwhile,
    outcome: Outcome,
    unclear: bool,
    after: str | None,
) -> None:
    organization = Organization([BEFORE], attempts={"update": answers})
    organization.meanwhile = lambda: meanwhile(organization)
    (result,) = run(notes("A"), organization).results
    assert (result.outcome, result.unclear) == (outcome, unclear)
    assert [dict(one.resource.items())["body"] for one in organization.objects] == (
        [after] if after else []
    )


@pytest.mark.parametrize(
    ("answers", "meanwhile", "outcome", "left"),
    [
        ((429,), _nothing, Outcome.DONE, 0),
        ((503,), _delete, Outcome.DONE, 0),
        ((429,), _edit, Outcome.BLOCKED, 1),
        ((503,), _edit, Outcome.BLOCKED, 1),
    ],
)
def test_a_delete_is_repeated_only_for_what_it_was_made_for(
    run: Callable[..., ApplyReport],
    answers: tuple[int | None, ...],
    meanwhile: Meanwhile,
    outcome: Outcome,
    left: int,
) -> None:
    organization = Organization([BEFORE], attempts={"delete": answers})
    organization.meanwhile = lambda: meanwhile(organization)
    (result,) = run({"knowledge": [{"name": "A", "ensure": "absent"}]}, organization).results
    assert (result.outcome, result.unclear, len(organization.objects)) == (outcome, False, left)


@pytest.mark.parametrize(("answer", "unclear"), [(429, False), (503, True)])
def test_what_cannot_be_looked_at_again_is_not_written_again(
    run: Callable[..., ApplyReport], answer: int, unclear: bool
) -> None:
    organization = Organization([BEFORE], attempts={"update": (answer,)})

    def forbid(method: str, name: str) -> None:
        if organization.calls.count(("read", "A")) == 2:
            raise ApiError("GET answered 403", status=403)

    organization.before_call = forbid
    (result,) = run(notes("A"), organization).results
    assert (result.outcome, result.unclear) == (Outcome.FAILED, unclear)
    assert organization.objects == [BEFORE]


def test_without_a_single_read_a_write_is_repeated_as_it_is(
    run: Callable[..., ApplyReport],
) -> None:
    organization = Organization([BEFORE], api="v1", attempts={"update": (503,)})
    organization.meanwhile = lambda: _edit(organization)
    assert run(notes("A"), organization).exit_code == ExitCode.OK


def test_a_secret_that_cannot_be_looked_up_keeps_the_first_error(
    run: Callable[..., ApplyReport],
) -> None:
    forbidden = ApiError("DELETE answered 403", status=403, doubtful=True)
    organization = Unlisted(
        [live("secret", key="TOKEN", type="totp", id="s-1")],
        faults={("delete", "TOKEN"): ("before", forbidden)},
        failures=[SILENT],
    )
    (result,) = run({"secrets": [{"key": "TOKEN", "ensure": "absent"}]}, organization).results
    assert (result.outcome, result.unclear) == (Outcome.FAILED, True)
    assert (
        result.message
        == f"{forbidden}; devinops could not read the lists to check if it is gone: {SILENT}"
    )


def test_equal_objects_are_adopted_without_a_request(run: Callable[..., ApplyReport]) -> None:
    journal = Recorder()
    organization = Organization(
        [live("knowledge", name=name, body="new", id=f"n-{name}") for name in "AB"]
    )
    report = run(notes("A", "B"), organization, journal=journal, inventory=Inventory.of("file", []))
    assert report.count(Outcome.DONE) == 2
    assert journal.steps == ["begin adopt A adopt B", "settle", "settle A B", "finish"]
    assert {call[0] for call in organization.calls} == {"list"}


def test_a_plan_without_live_objects_needs_none(run: Callable[..., ApplyReport]) -> None:
    report = run(
        {"knowledge": [{"name": "A", "ensure": "absent"}]}, Organization(list(snapshot([]).objects))
    )
    assert (report.results, report.exit_code) == ((), ExitCode.OK)
