"""Members that the API has and devinops does not know: named once, kept, and never lost in silence."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from devinops.emulator import Emulator
from tests.testing.command_line import Devinops, Write
from tests.testing.newer_api import NewerApi

CONFIG = "version: 1\ntargets:\n  production: {inventory: {store: file}}\n"
SESSION = {"type": "start_session", "prompt": "p"}
MEMBERS: dict[Any, Any] = {
    ("room",): {"color": "red"},
    ("session_settings", "machine"): "large",
    ("actions", 0, "mood"): "calm",
    ("triggers", 0, "priority"): 3,
}
NAMES = "actions[].mood, room, session_settings.machine, triggers[].priority"


def automation(**facts: Any) -> dict[str, Any]:
    """Return an automation that starts nothing."""
    rule = [{"event_type": "github:push"}]
    settings = {"devin_mode": "lite"}
    whole = {"name": "Net", "enabled": False, "triggers": rule, "actions": [SESSION]}
    return {**whole, "session_settings": settings, **facts}


def files(*entries: dict[str, Any]) -> dict[str, str]:
    return {"automations.yaml": json.dumps({"automations": entries}), "devinops.yaml": CONFIG}


@contextmanager
def running(
    use: Callable[..., None], newer: NewerApi, updates: str = "merge"
) -> Iterator[Emulator]:
    seed: dict[str, Any] = {"organizations": {"org-emulator": {}}}
    with Emulator(seed, quirks={"automation_updates": updates}, layers=[newer]) as emulator:
        use(emulator.url)
        yield emulator


def only(emulator: Emulator) -> dict[str, Any]:
    (found,) = emulator.automations()
    return found


@pytest.mark.parametrize("unknown_fields", ["ignored", "422"])
@pytest.mark.parametrize("updates", ["merge", "replace_groups"])
def test_an_update_keeps_what_devinops_does_not_know_or_says_what_is_gone(
    repository: Write,
    devinops: Devinops,
    use: Callable[..., None],
    updates: str,
    unknown_fields: str,
) -> None:
    merges, refuses = updates == "merge", unknown_fields == "422"
    newer = NewerApi(MEMBERS, merges=merges, refuses=refuses)
    with running(use, newer, updates) as emulator:
        root = repository(files(automation()))
        assert devinops("apply", "-C", root, "--yes").code == 0
        (id,) = newer.stored
        changed = automation(
            triggers=[{"event_type": "github:push", "replies": [{"type": "notify_thread"}]}],
            actions=[SESSION | {"prompt": "other"}],
            session_settings={"devin_mode": "fast"},
        )
        repository(files(changed))
        planned = devinops("plan", "-C", root)
        shown = " ".join(planned.out.split())
        assert (planned.code, shown.count("devinops does not know")) == (0, 1)
        assert f"does not know these members of automations: {NAMES} (as in automation:Net" in shown
        ran = devinops("apply", "-C", root, "--yes")
        is_lost = refuses and not merges
        assert (ran.code, set(newer.stored[id])) == (
            (3, {("room",)}) if is_lost else (0, set(MEMBERS))
        ), ran
        assert only(emulator)["actions"][0]["prompt"] == "other"
        lost = "the update lost its actions[].mood, session_settings.machine, triggers[].priority"
        assert (lost in " ".join(ran.out.split())) == is_lost
        sent = [request["body"] for request in emulator.requests if request["method"] == "PATCH"]
        assert sent[0]["session_settings"]["machine"] == "large"
        assert len(sent) == (2 if refuses else 1)
        assert "room" not in sent[0], "its group is not sent"
        after = devinops("apply", "-C", root, "--yes")
        assert (after.code, devinops("plan", "-C", root, "--detailed-exitcode").code) == (0, 0)


def test_a_part_that_the_file_removes_takes_its_members_along(
    repository: Write, devinops: Devinops, use: Callable[..., None]
) -> None:
    newer = NewerApi({("notifications", "slack", "thread"): 1, ("triggers", 0, "priority"): 3})
    with running(use, newer):
        slack = {"when": "always", "channel_id": "C1"}
        root = repository(files(automation(notifications={"slack": slack})))
        assert devinops("apply", "-C", root, "--yes").code == 0
        repository(files(automation(notifications=None, triggers=[])))
        ran = devinops("apply", "-C", root, "--yes")
        assert ran.code == 0, ran


def test_a_pull_names_them_once_a_kind_and_what_is_created_again_says_what_it_loses(
    repository: Write, devinops: Devinops, use: Callable[..., None]
) -> None:
    with running(use, NewerApi(MEMBERS)) as emulator:
        for name in ("Net", "Other"):
            emulator.add("automation", **automation(name=name))
        root = repository({"devinops.yaml": CONFIG})
        shown = " ".join(devinops("pull", "-C", root).out.split())
        assert shown.count("devinops does not know") == 1
        assert f"members of automations: {NAMES} (as in automation:Net" in shown
        assert devinops("apply", "-C", root, "--yes").code == 0, "they are adopted"
        inventory = (root / ".devinops" / "production.jsonl").read_text()
        assert '"unknown": ["actions[].mood", "room", ' in inventory
        assert "calm" not in inventory, "only the names"
        for live in emulator.automations():
            emulator.remove("automation", live["automation_id"])
        plan = devinops("plan", "-C", root, "--on-drift", "overwrite", "--allow", "missing=2")
        shown = " ".join(plan.out.split())
        assert f"it had {NAMES}, which devinops does not know and cannot set" in shown, plan


def test_a_rollback_says_what_it_cannot_bring_back(
    repository: Write, devinops: Devinops, use: Callable[..., None]
) -> None:
    with running(use, NewerApi(MEMBERS)):
        root = repository(files(automation()))
        assert devinops("apply", "-C", root, "--yes").code == 0
        repository(files({"name": "Net", "ensure": "absent"}))
        assert devinops("apply", "-C", root, "--yes", "--allow", "delete=1").code == 0
        plan = devinops("rollback", "latest", "-C", root, "--dry-run")
        shown = " ".join(plan.out.split())
        assert f"it had {NAMES}, which devinops does not know and cannot set" in shown, plan


def test_the_names_of_new_members_reach_the_inventory_without_another_change(
    repository: Write, devinops: Devinops, use: Callable[..., None]
) -> None:
    newer = NewerApi()
    with running(use, newer):
        root = repository(files(automation()))
        assert devinops("apply", "-C", root, "--yes").code == 0
        assert '"unknown"' not in (root / ".devinops" / "production.jsonl").read_text()
        newer.stored[next(iter(newer.stored))] = dict(MEMBERS)
        assert devinops("apply", "-C", root, "--yes").code == 0
        assert (
            '"unknown": ["actions[].mood"' in (root / ".devinops" / "production.jsonl").read_text()
        )


def test_a_new_member_of_notes_stops_no_edit_of_a_note(
    repository: Write, devinops: Devinops, use: Callable[..., None]
) -> None:
    newer = NewerApi({("mood",): "calm"}, path="/knowledge/notes")
    with running(use, newer):
        root = repository(
            {"devinops.yaml": CONFIG, "knowledge/a.md": "---\nname: A\ntrigger: t\n---\nb\n"}
        )
        assert devinops("apply", "-C", root, "--yes").code == 0
        repository({"knowledge/a.md": "---\nname: A\ntrigger: t\n---\nother\n"})
        ran = devinops("apply", "-C", root, "--yes")
        assert (ran.code, "these members of notes: mood (as in knowledge:A)" in ran.out) == (
            0,
            True,
        )
        doctor = devinops("doctor", "-C", root)
        assert "mood is unknown to devinops" in doctor.out


def test_a_member_that_an_update_loses_outside_of_groups_is_named(
    repository: Write, devinops: Devinops, use: Callable[..., None]
) -> None:
    class Forgetful(NewerApi):
        def _change(self, id: str, body: dict[str, Any], taken: Any) -> None:
            self.stored[id] = {}

    with running(use, Forgetful({("mood",): "calm"}, path="/knowledge/notes")):
        note = "---\nname: A\ntrigger: t\n---\n"
        root = repository({"devinops.yaml": CONFIG, "knowledge/a.md": f"{note}b\n"})
        assert devinops("apply", "-C", root, "--yes").code == 0
        repository({"knowledge/a.md": f"{note}other\n"})
        ran = devinops("apply", "-C", root, "--yes")
        assert (ran.code, "the update lost its mood, which devinops does not know" in ran.out) == (
            3,
            True,
        )


def test_a_preflight_is_taken_as_a_whole_and_its_removal_may_cost(
    repository: Write, devinops: Devinops, use: Callable[..., None]
) -> None:
    with running(use, NewerApi()) as emulator:
        script = {"script": "check.sh", "env": [1, {"a": None}]}
        emulator.add("automation", **automation(enabled=True, preflight=script))
        root = repository({"devinops.yaml": CONFIG})
        assert devinops("pull", "-C", root).code == 0
        text = (root / "automations.yaml").read_text()
        assert devinops("apply", "-C", root, "--yes").code == 0
        for changed, reason in (
            ("preflight: null", "preflight is removed"),
            ("preflight: {script: other}", "preflight is changed"),
        ):
            before, _, rest = text.partition("    preflight:")
            after = "".join(
                f"\n{line}" for line in rest.splitlines()[1:] if not line.startswith("      ")
            )
            (root / "automations.yaml").write_text(f"{before}    {changed}{after}\n")
            refused = devinops("apply", "-C", root, "--yes")
            assert (refused.code, reason in refused.err) == (4, True), refused
        assert only(emulator)["preflight"] == script
        assert devinops("apply", "-C", root, "--yes", "--allow", "spend").code == 0
        assert only(emulator)["preflight"] == {"script": "other"}


def test_what_an_entry_leaves_out_is_named_if_its_object_is_created_again(
    repository: Write, devinops: Devinops, use: Callable[..., None]
) -> None:
    with running(use, NewerApi()) as emulator:
        id = emulator.add("automation", **automation(preflight={"script": "check.sh"}))
        entry = automation()
        del entry["enabled"], entry["session_settings"]
        root = repository(files(entry))
        assert devinops("apply", "-C", root, "--yes").code == 0, "it is adopted"
        emulator.remove("automation", id)
        plan = devinops("plan", "-C", root, "--on-drift", "overwrite", "--allow", "spend")
        lost = "its entry leaves out enabled, session_settings, preflight, slack_reply_access, "
        assert f"; {lost}teams_reply_access, so that part of the old object is lost" in " ".join(
            plan.out.split()
        ), plan
