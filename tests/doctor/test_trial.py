"""What doctor tries by writing: the answers, and that nothing but its own objects is touched."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import Any

import pytest
import yaml

from devinops.api.connection import Connection
from devinops.doctor.samples import Sample, samples
from devinops.doctor.trial import Trial, questions
from devinops.doctor.writer import Writer
from devinops.emulator import Emulator
from devinops.emulator.middleware import Call, Next, Reply
from devinops.emulator.quirks import VALUES
from devinops.model.client_protocols import ignore
from devinops.model.kind import ApiVersion
from devinops.model.target import Target
from tests.testing.examined import changed, with_body, with_json
from tests.testing.places import ROOT
from tests.testing.settled_by import SETTLED_BY, WRITING
from tests.testing.trials import objects, seed, writes
from tests.testing.waiting import Waits

ORG = "org-emulator"
ANSWERS = [
    (api, quirk, answer)
    for quirk, by in SETTLED_BY.items()
    if by == WRITING
    for api in ("v3", "v1")
    if quirk.startswith("v1_") <= (api == "v1") and (quirk != "duplicate_secret" or api == "v3")
    for answer in VALUES[quirk]
]


def tried(emulator: Emulator, api: ApiVersion = "v3", *, enterprise: bool = False) -> Trial:
    """Try everything at a running emulator."""
    key = "apk_emulator" if api == "v1" else "cog_enterprise"
    connection = Connection(Target("default", emulator.url, api, None), key, timeout_s=20)
    with Writer(connection, ignore, time.time) as writer:
        trial = Trial(writer)
        for sample in at(api, enterprise=enterprise):
            trial.carry_out(sample)
    return trial


def at(api: ApiVersion, *, enterprise: bool = False) -> tuple[Sample, ...]:
    is_organization = api == "v3" and not enterprise
    return samples(api, ORG if is_organization else None, enterprise=enterprise)


def lines(trial: Trial) -> list[str]:
    return [str(check) for check in trial.checks]


@pytest.mark.sampled(3)
@pytest.mark.parametrize(("api", "quirk", "answer"), ANSWERS)
def test_what_writing_settles_is_named_rightly_and_nothing_is_left(
    api: ApiVersion, quirk: str, answer: str
) -> None:
    with Emulator(seed(), quirks={quirk: answer}) as emulator:
        before = objects(emulator)
        trial = tried(emulator, api)
        assert objects(emulator) == before
    assert trial.quirks == {name: VALUES[name][0] for name in questions(at(api))} | {quirk: answer}
    assert {check.status.value for check in trial.checks} == {"ok"}
    assert trial.left == 0


def test_several_changes_of_one_text_are_told_apart() -> None:
    quirks = {"bodies": "trimmed", "newlines": "crlf", "unicode": "nfc"}
    with Emulator(quirks=quirks) as emulator:
        assert tried(emulator).quirks.items() >= quirks.items()


def test_at_the_enterprise_no_folder_secret_or_automation_is_tried() -> None:
    with Emulator(seed()) as emulator:
        before = objects(emulator)
        trial = tried(emulator, enterprise=True)
        assert objects(emulator) == before
        sent = writes(emulator)
    assert all(path.startswith("/v3/enterprise/") for _, path in sent)
    assert not trial.quirks.keys() & {"unknown_folder", "duplicate_secret"}
    assert trial.quirks["duplicate_macro"] == "allowed"


def test_what_is_sent_are_fields_of_the_table_and_harmless() -> None:
    text = (ROOT / "tests" / "contract" / "api.yaml").read_text(encoding="utf-8")
    tables = yaml.load(text, Loader=yaml.CSafeLoader)["objects"]
    apis: tuple[ApiVersion, ...] = ("v3", "v1")
    for api in apis:
        for sample in at(api):
            table = (
                next(facts for facts in tables[api].values() if facts["id"] == sample.reading.id)
                if api == "v3"
                else tables[api]["playbook" if "title" in sample.sent else "knowledge"]
            )
            assert sample.sent.keys() <= table["write"].keys()
            assert {sample.name, *sample.marks} <= table["read"].keys()
            assert sample.sent.get("pinned_repo") is None
    note, _, automation, _ = at("v3")
    assert note.sent["is_enabled"] is False
    assert automation.sent["enabled"] is False
    assert automation.sent["limits"] == {"max_acu_limit": 1}


# --- what the API does otherwise --------------------------------------------------------------


def test_an_automation_that_the_api_switches_on_is_deleted_at_once() -> None:
    layer = changed("/automations", with_json(lambda new: {**new, "enabled": True}))
    with Emulator(seed(), layers=[layer]) as emulator:
        before = objects(emulator)
        trial = tried(emulator)
        assert objects(emulator) == before
        sent = [each for each in emulator.requests if "/automations" in each["path"]]
    assert [each["method"] for each in sent] == ["GET", "POST", "DELETE"]
    assert (
        "problem  trial of automations: the API switched it on, though it was created switched "
        "off: report it" in lines(trial)
    )


def test_a_response_without_the_switch_is_no_claim_that_it_is_on() -> None:
    """What the object itself shows counts; if it does not show the switch either, it goes."""

    def only_id(shown: Any) -> Any:
        return {"note_id": shown["note_id"]} if "note_id" in shown else shown

    def without_switch(shown: Any) -> Any:
        return {name: shown[name] for name in shown if name != "is_enabled"}

    with Emulator(seed(), layers=[changed("/notes", with_json(only_id))]) as emulator:
        before = objects(emulator)
        trial = tried(emulator)
        assert objects(emulator) == before
    assert not any("switched" in line for line in lines(trial))
    assert trial.quirks["unknown_fields"] == "ignored"
    with Emulator(seed(), layers=[changed("", with_json(without_switch))]) as emulator:
        before = objects(emulator)
        trial = tried(emulator)
        assert objects(emulator) == before
        sent = [method for method, path in writes(emulator) if "/notes" in path]
    assert sent == ["POST", "DELETE"]
    assert (
        "problem  trial of notes: the API does not say whether it is switched off: report it"
        in lines(trial)
    )


def test_what_does_not_come_back_as_sent_is_named_by_its_fields() -> None:
    def other(shown: Any) -> Any:
        return (
            {**shown, "trigger": "another", "pinned_repo": "all"} if "note_id" in shown else shown
        )

    with Emulator(layers=[changed("", with_json(other))]) as emulator:
        trial = tried(emulator)
    assert (
        "problem  trial of notes: trigger, pinned_repo did not come back as sent: report it"
        in lines(trial)
    )


def test_a_field_that_the_new_object_lacks_is_named() -> None:
    layer = changed(
        "/playbooks", with_json(lambda new: {k: v for k, v in new.items() if k != "body"})
    )
    with Emulator(layers=[layer]) as emulator:
        assert (
            "problem  trial of playbooks, the new object: body is missing (1 time): report it"
            in lines(tried(emulator))
        )


def test_without_permission_nothing_is_claimed_and_the_permission_is_named() -> None:
    keys = {"cog_few": {"permissions": ["UseDevinSessions"]}}
    with Emulator({"keys": keys}) as emulator:
        connection = Connection(Target("d", emulator.url, "v3", None), "cog_few", timeout_s=20)
        with Writer(connection, ignore, time.time) as writer:
            trial = Trial(writer)
            for sample in at("v3"):
                trial.carry_out(sample)
        assert {method for method, _ in writes(emulator)} == {"POST"}
    assert trial.quirks == {}
    assert lines(trial)[0] == (
        "note     trial of notes: creating one is refused (403), the key lacks ManageOrgKnowledge: "
        "grant that only if you want to manage them"
    )


def test_an_update_that_is_refused_settles_nothing() -> None:
    faults = [{"method": "PUT", "fault": "status", "status": 422}]
    with Emulator(faults=faults) as emulator:
        trial = tried(emulator)
    assert not trial.quirks.keys() & {"unknown_folder", "unknown_fields", "body_limit"}
    assert "problem  trial of notes, an update: refused (422): report it" in lines(trial)


def test_a_limit_that_is_another_is_not_claimed() -> None:
    faults = [{"method": "PUT", "nth": [4, 5], "fault": "status", "status": 422}]
    with Emulator(faults=faults) as emulator:
        assert "body_limit" not in tried(emulator).quirks


def test_the_limit_is_that_of_an_api_which_trims_before_it_measures() -> None:
    async def trim(call: Call, ask: Next) -> Reply:
        sent = call.json
        if isinstance(sent, dict) and isinstance(sent.get("body"), str):
            call = replace(call, body=json.dumps({**sent, "body": sent["body"].strip()}).encode())
        return await ask(call)

    with Emulator(quirks={"body_limit": "65536"}, layers=[trim]) as emulator:
        assert tried(emulator).quirks["body_limit"] == "65536"


def test_a_field_that_v1_does_not_show_settles_nothing() -> None:
    for more in ({}, {"unknown_fields": "422"}):
        with Emulator(quirks={"v1_macro": "absent", **more}) as emulator:
            assert "v1_put_nullable" not in tried(emulator, "v1").quirks


# --- responses that are lost ------------------------------------------------------------------


@pytest.mark.parametrize("path", ["notes", "playbooks", "automations", "secrets"])
@pytest.mark.parametrize("nth", [1, 2])
def test_an_object_whose_creation_had_no_response_is_found_by_name_and_text(
    path: str, nth: int, waits: Waits
) -> None:
    faults = [
        {"method": "POST", "path": f"/v3/**/{path}", "nth": nth, "fault": "drop", "when": "after"}
    ]
    quirks = {"duplicate_secret": "allowed"}
    with Emulator(seed(), quirks=quirks, faults=faults) as emulator:
        before = objects(emulator)
        trial = tried(emulator)
        assert objects(emulator) == before
    assert trial.left == 0


def test_a_creation_that_never_happened_may_appear_later_and_is_said_so(waits: Waits) -> None:
    faults = [{"method": "POST", "nth": 1, "fault": "drop", "when": "before"}]
    with Emulator(seed(), faults=faults) as emulator:
        before = objects(emulator)
        trial = tried(emulator)
        assert objects(emulator) == before
    assert trial.left == 1
    assert waits == [0, 2, 4]
    assert (
        f"problem  trial of notes: {trial.run} may appear later: no response said whether it was "
        "created: in an hour, run devinops doctor --clean, or delete it in the web app"
    ) in lines(trial)


def test_a_creation_without_an_id_is_found_too(waits: Waits) -> None:
    layer = changed(
        "/secrets", lambda reply: with_body(reply, b"{}") if b"items" not in reply.body else reply
    )
    with Emulator(seed(), layers=[layer]) as emulator:
        before = objects(emulator)
        trial = tried(emulator)
        assert objects(emulator) == before
    assert "problem  trial of secrets: the response to its creation has no id: report it" in lines(
        trial
    )


@pytest.mark.parametrize("api", ["v3", "v1"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_response_with_the_id_of_an_object_of_others_deletes_and_changes_nothing_of_theirs(
    api: ApiVersion, when: str, waits: Waits
) -> None:
    faults = [{"method": "POST", "fault": "wrong-id", "when": when}]
    with Emulator(seed(), faults=faults) as emulator:
        before = objects(emulator)
        trial = tried(emulator, api)
        assert objects(emulator) == before
        theirs = {path.rpartition("/")[2] for method, path in writes(emulator) if method != "POST"}
        assert not any(id in json.dumps(before) for id in theirs)
    assert trial.left == (len(at(api)) if when == "before" else 0)
    assert (
        "problem  trial of playbooks: the response to its creation is about another object: "
        "report it"
    ) in lines(trial)


def test_a_response_with_another_name_is_about_another_object(waits: Waits) -> None:
    """The object is not in the list, and its name says that it is that of somebody else."""
    layer = changed("/notes", with_json(lambda new: {**new, "note_id": "note-9", "name": "Mine"}))
    with Emulator(seed(), layers=[layer]) as emulator:
        before = objects(emulator)
        trial = tried(emulator)
        assert objects(emulator) == before
        assert not any("note-9" in path for _, path in writes(emulator))
    assert trial.left == 0


def test_a_response_about_the_object_of_an_earlier_one_settles_nothing(waits: Waits) -> None:
    faults = [{"method": "POST", "path": "/v3/**/playbooks", "nth": 2, "fault": "wrong-id"}]
    with Emulator({"organizations": {ORG: {}}}, faults=faults) as emulator:
        trial = tried(emulator)
        assert not any(objects(emulator))
    assert "duplicate_macro" not in trial.quirks
    assert trial.left == 1


def test_nothing_is_tried_beside_objects_that_cannot_be_listed() -> None:
    faults = [{"method": "GET", "path": "/v3/**/secrets", "fault": "status", "status": 403}]
    with Emulator(seed(), faults=faults) as emulator:
        trial = tried(emulator)
        assert not any("/secrets" in path for _, path in writes(emulator))
    assert lines(trial)[-1] == (
        "note     trial of secrets: not started: its list cannot be read, so doctor could not "
        "recognize its own object"
    )


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_deletion_without_a_response_is_looked_up(when: str, waits: Waits) -> None:
    faults = [{"method": "DELETE", "nth": 1, "fault": "drop", "when": when}]
    with Emulator(seed(), faults=faults) as emulator:
        before = objects(emulator)
        trial = tried(emulator)
        assert objects(emulator) == before
        deleted = [path for method, path in writes(emulator) if method == "DELETE"]
    assert trial.left == 0
    assert len(deleted) - len(set(deleted)) == (when == "before")


def test_what_cannot_be_deleted_is_said_with_the_next_step(waits: Waits) -> None:
    faults = [{"method": "DELETE", "path": "/v3/**/secrets/*", "fault": "status", "status": 500}]
    with Emulator(seed(), faults=faults) as emulator:
        trial = tried(emulator)
        assert len(emulator.secrets()) == 2
    assert trial.left == 1
    assert lines(trial)[-1] == (
        f"problem  trial of secrets: 1 named {trial.run} could not be deleted: in an hour, run "
        "devinops doctor --clean, or delete it in the web app"
    )


def test_what_is_left_at_the_enterprise_is_cleaned_there(waits: Waits) -> None:
    faults = [{"method": "DELETE", "fault": "status", "status": 500}]
    with Emulator(seed(), faults=faults) as emulator:
        trial = tried(emulator, enterprise=True)
    assert trial.left == 3
    assert "run devinops doctor --clean --enterprise, or delete" in lines(trial)[-1]


def test_every_change_goes_to_an_id_that_a_creation_returned() -> None:
    with Emulator(seed()) as emulator:
        theirs = {
            id
            for kind in objects(emulator)
            for each in kind
            for id in each.values()
            if isinstance(id, str)
        }
        tried(emulator)
        tried(emulator, "v1")
        tried(emulator, enterprise=True)
        for method, path in writes(emulator):
            assert method == "POST" or path.rpartition("/")[2] not in theirs
        assert {method for method, _ in writes(emulator)} == {"POST", "PUT", "DELETE"}


def test_a_run_is_not_known_beforehand() -> None:
    with Emulator() as emulator:
        assert tried(emulator, "v1").run != tried(emulator, "v1").run
