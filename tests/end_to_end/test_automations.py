"""Automations over real HTTP: plan, apply, an empty plan, and back, in both ways in which the API updates."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from devinops.cli.runs import webhook_secrets
from devinops.emulator import Emulator
from tests.testing.command_line import Devinops, Write
from tests.testing.documents import read_one
from tests.testing.inventories import NO_INVENTORY
from tests.testing.newer_api import NewerApi

RULE = "FREQ=WEEKLY;BYDAY=MO,WE;BYHOUR=9;BYMINUTE=30"
START = {"type": "start_session", "prompt": 'Do @playbook:"Triage it" in @acme/api.'}
PUSH: dict[str, Any] = {"event_type": "github:push"}
WEBHOOK = {"event_type": "webhook:incoming"}
FULL: dict[str, Any] = {
    "name": "Nightly",
    "enabled": True,
    "triggers": [
        {
            "event_type": "schedule:recurring",
            "conditions": {
                "any": [{"all": [{"field": "rrule", "operator": "recurrence", "value": RULE}]}]
            },
        },
        {
            "event_type": "github:push",
            "conditions": {
                "any": [
                    {
                        "all": [
                            {"field": "files", "operator": "globs", "value": ["b/**", "a/**"]},
                            {"field": "author", "operator": "is_not_empty"},
                        ]
                    },
                    {"all": [{"field": "repo", "operator": "eq", "value": "acme/api"}]},
                ]
            },
            "replies": [{"type": "post_response"}, {"type": "notify_thread"}],
        },
    ],
    "actions": [
        {
            **START,
            "session": {
                "bypass_approval": True,
                "tags": ["nightly"],
                "platform": "linux",
                "notifications": {"slack": {"mode": "post_updates", "channel_id": "C1"}},
            },
        },
        {"type": "message_session", "prompt": "Again.", "auto_create": True},
    ],
    "metadata": {"team": "web", "env": "dev"},
    "concurrency": {"max_concurrent_runs": 2, "max_queue_depth": 5},
    "limits": {
        "invocations": {"max_per_window": 5, "window_seconds": 86400},
        "max_acu_limit": 10,
    },
    "notifications": {
        "email": {"when": "always", "recipients": ["b@example.com", "a@example.com"]},
        "slack": {"when": "dispatch_failed", "channel_id": "C1"},
    },
    "security_profile": {"profile_id": None},
    "session_settings": {
        "devin_mode": "fast",
        "net_policy": {"allow": [{"hostname": "a.example"}]},
    },
    "tools": {
        "mcp_servers": ["sentry", "linear"],
        "slack_channels": [{"team_id": "T1", "channel_id": "C1"}],
    },
    "slack_reply_access": "devin_users",
    "teams_reply_access": "devin_users",
}
LESS: dict[str, Any] = {
    "name": "Nightly",
    "enabled": True,
    "triggers": [
        {"event_type": "schedule:recurring", "conditions": FULL["triggers"][0]["conditions"]}
    ],
    "actions": [START],
    "metadata": {"team": "api"},
    "concurrency": None,
    "limits": {"max_acu_limit": 10, "invocations": FULL["limits"]["invocations"]},
    "notifications": {"slack": {"when": "always", "channel_id": "C1"}},
    "security_profile": None,
    "session_settings": {"devin_mode": "fast"},
    "tools": {"mcp_servers": ["linear"]},
    "slack_reply_access": "slack_users",
    "teams_reply_access": "teams_users",
}
"""The same automation with parts of each group removed."""
PLAYBOOKS = json.dumps({"playbooks": [{"title": "Triage it", "body": "Look."}]})
CONFIG = "version: 1\ntargets:\n  production: {inventory: {store: file}, prune: owned}\n"


def files(*automations: dict[str, Any], config: str = CONFIG) -> dict[str, str]:
    return {
        "automations.yaml": json.dumps({"automations": automations}),
        "playbooks.yaml": PLAYBOOKS,
        "devinops.yaml": config,
    }


@pytest.fixture(params=["merge", pytest.param("replace_groups", marks=pytest.mark.matrix)])
def emulator(request: pytest.FixtureRequest, use: Callable[..., None]) -> Iterator[Emulator]:
    quirks = {"automation_updates": request.param}
    with Emulator({"organizations": {"org-emulator": {}}}, quirks=quirks) as running:
        use(running.url)
        yield running


def only(emulator: Emulator, **facts: Any) -> dict[str, Any]:
    (found,) = [one for one in emulator.automations() if facts.items() <= one.items()]
    return found


def test_what_is_applied_is_there_and_a_second_plan_is_empty(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    root = repository(files(FULL))
    refused = devinops("apply", "-C", root, "--yes")
    assert (refused.code, emulator.automations()) == (4, [])
    assert "may start up to 10 sessions in 24 h, each with up to 10 ACUs" in refused.err
    applied = devinops("apply", "-C", root, "--yes", "--allow", "spend")
    assert applied.code == 0, applied
    live = only(emulator)
    (playbook,) = emulator.playbooks()
    assert live["metadata"] == {"team": "web", "env": "dev", "devinops": "production"}
    assert live["run_as"] == {"type": "organization"}
    assert live["actions"][0]["session"]["playbook_id"] == playbook["playbook_id"]
    assert f"@playbook:{playbook['playbook_id']} in" in live["actions"][0]["prompt"]
    assert devinops("plan", "-C", root, "--detailed-exitcode").code == 0
    assert devinops("drift", "-C", root).code == 0
    repository(files(FULL, config="version: 1\ntargets: {production: {}}\n"))
    assert devinops("plan", "-C", root, "--detailed-exitcode").code == 0


def test_an_approval_that_no_change_needs_is_not_shown_and_may_be_repeated(
    emulator: Emulator, repository: Write, devinops: Devinops, tmp_path: Path
) -> None:
    root, path = repository(files(FULL)), tmp_path / "plan.json"
    approved, cost = "approved with --allow spend", "ACUs in 24 h"
    for format in ("text", "markdown", "html"):
        shown = devinops("plan", "-C", root, "--allow", "spend", "--format", format).out
        assert cost in " ".join(shown.split()), "an approval does not hide what it costs"
    for argv, is_approved in (([], False), (["--allow", "spend"], True)):
        found = read_one(devinops("plan", "-C", root, *argv, "--format", "json").out)
        (hazard,) = found["hazards"]
        assert (hazard["approval"], hazard["approved"]) == ("spend", is_approved)
        assert cost in hazard["risk"]
    assert approved in devinops("plan", "-C", root, "--allow", "spend").out
    assert devinops("apply", "-C", root, "--yes", "--allow", "spend").code == 0
    repository({"playbooks/new.md": "---\ntitle: New\n---\nb\n"})
    planned = devinops("plan", "-C", root, "--allow", "spend", "--out", path)
    assert (planned.code, "+ playbook:New" in planned.out) == (0, True)
    for out in (planned.out, devinops("show", path).out):
        assert approved not in out
    assert devinops("apply", path, "-C", root, "--allow", "spend").code == 0


def test_an_approval_that_the_saved_plan_lacks_is_a_contradiction(
    emulator: Emulator, repository: Write, devinops: Devinops, tmp_path: Path
) -> None:
    root, path = repository(files(FULL)), tmp_path / "plan.json"
    assert devinops("plan", "-C", root, "--out", path).code == 4
    ran = devinops("apply", path, "-C", root, "--allow", "spend")
    assert (ran.code, emulator.automations()) == (64, [])
    assert "was made with different approvals" in ran.err


def test_the_options_of_a_saved_plan_that_was_refused_can_be_changed_only_by_another_plan(
    emulator: Emulator, repository: Write, devinops: Devinops, tmp_path: Path
) -> None:
    root, path = repository({"playbooks/new.md": "---\ntitle: New\n---\nb\n"}), tmp_path / "p.json"
    assert devinops("plan", "-C", root, "--out", path, "--allow", "delete=3").code == 4
    again = "the saved plan contains its options, so plan again"
    ran = devinops("apply", path, "-C", root)
    assert (ran.code, emulator.playbooks()) == (4, [])
    assert f"leave the option out; {again}" in ran.err
    assert again not in devinops("apply", "-C", root, "--yes", "--allow", "delete=3").err


@pytest.mark.parametrize("emulator", ["merge", "replace_groups"], indirect=True)
def test_what_a_file_no_longer_says_inside_a_group_goes(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    root = repository(files(FULL))
    assert devinops("apply", "-C", root, "--yes", "--allow", "spend").code == 0
    made = only(emulator)
    repository(files(LESS))
    emulator.clear_requests()
    applied = devinops("apply", "-C", root, "--yes", "--allow", "spend")
    assert applied.code == 0, applied
    live = only(emulator)
    assert live["automation_id"] == made["automation_id"]
    assert live["metadata"] == {"team": "api", "devinops": "production"}
    assert live["notifications"] == {
        "email": None,
        "slack": {"when": "always", "channel_id": "C1"},
    }
    assert live["tools"]["mcp_servers"] == ["linear"]
    assert live["tools"]["slack_channels"] == []
    assert live["session_settings"] == made["session_settings"], "the policy goes along"
    assert live["concurrency"] is None
    assert live["actions"][0]["session"]["tags"] == []
    assert live["actions"][0]["session"]["bypass_approval"] is False
    assert live["security_profile"]["selection"] == "inherit"
    (patch,) = [request for request in emulator.requests if request["method"] == "PATCH"]
    assert "limits" not in patch["body"], "what stays is not sent"
    assert devinops("plan", "-C", root, "--detailed-exitcode").code == 0


def test_a_rollback_brings_all_of_it_back(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    root = repository(files(FULL))
    devinops("apply", "-C", root, "--yes", "--allow", "spend")
    before = only(emulator)
    repository(files(LESS))
    assert devinops("apply", "-C", root, "--yes", "--allow", "spend").code == 0
    refused = devinops("rollback", "latest", "-C", root, "--yes")
    assert (refused.code, "a trigger is new or changed" in refused.err) == (4, True)
    ran = devinops("rollback", "latest", "-C", root, "--yes", "--allow", "spend")
    assert ran.code == 0, ran
    assert without_marks(only(emulator)) == without_marks(before)


def without_marks(automation: dict[str, Any]) -> dict[str, Any]:
    """Return an automation without what the API gives anew with each write."""
    kept = copy.deepcopy(automation)
    for name in ("updated_at", "last_edited_by", "next_run_at"):
        del kept[name]
    for trigger in kept["triggers"]:
        del trigger["trigger_id"]
    return kept


def test_what_was_changed_outside_is_shown_at_its_path_and_a_recurrence_in_words(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    root = repository(files(LESS))
    devinops("apply", "-C", root, "--yes", "--allow", "spend")
    live = only(emulator)
    triggers = copy.deepcopy(LESS["triggers"])
    triggers[0]["conditions"]["any"][0]["all"][0]["value"] = "FREQ=DAILY;BYHOUR=9;BYMINUTE=30"
    actions = [START | {"prompt": "Something else."}]
    emulator.edit("automation", live["automation_id"], triggers=triggers, actions=actions)
    plan = devinops("plan", "-C", root, "-v")
    assert "triggers, actions" in plan.out
    assert "(at 0.conditions.any.0.all.0.value)" in plan.out
    assert "(at 0.prompt)" in plan.out
    assert f"before: {RULE}: every week on Monday and Wednesday at 09:30 UTC" in plan.out
    assert "after: FREQ=DAILY;BYHOUR=9;BYMINUTE=30: every day at 09:30 UTC" in plan.out
    drift = devinops("drift", "-C", root)
    assert (drift.code, "actions, triggers" in drift.out) == (2, True)


def test_a_playbook_and_the_automation_that_mentions_it_are_renamed_and_deleted_together(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    root = repository(files(LESS))
    devinops("apply", "-C", root, "--yes", "--allow", "spend")
    before = only(emulator)
    renamed = json.dumps(LESS).replace("Triage it", "Look at it")
    playbook = {"title": "Look at it", "body": "Look.", "previously": [{"title": "Triage it"}]}
    repository(
        {**files(json.loads(renamed)), "playbooks.yaml": json.dumps({"playbooks": [playbook]})}
    )
    assert devinops("apply", "-C", root, "--yes").code == 0
    assert only(emulator)["actions"] == before["actions"]
    assert devinops("plan", "-C", root, "--detailed-exitcode").code == 0
    repository({"automations.yaml": "automations: []", "playbooks.yaml": "playbooks: []"})
    assert devinops("apply", "-C", root, "--yes", "--allow", "delete=2").code == 0
    assert (emulator.automations(), emulator.playbooks()) == ([], [])


def test_an_automation_of_another_owner_is_bit_identical_after_any_run(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    theirs: dict[str, Any] = {
        "name": "Nightly",
        "triggers": [],
        "actions": [{**START, "prompt": "p"}],
    }
    emulator.add("automation", **theirs, metadata={"devinops": "staging"})
    before = emulator.automations()
    root = repository(files(LESS))
    ran = devinops("apply", "-C", root, "--yes", "--adopt", "--allow", "spend")
    assert (ran.code, emulator.automations()) == (4, before)
    assert "of staging" in ran.out
    mine = "version: 1\ntargets: {production: {owner: staging}}\n"
    repository(files(LESS, config=mine))
    assert devinops("apply", "-C", root, "--yes", "--adopt", "--allow", "spend").code == 0
    assert only(emulator)["metadata"] == {"devinops": "staging", "team": "api"}


def test_what_to_do_about_the_label_of_another_owner_is_reported(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    """When it is linked, after `owner` was changed, and in a plan that means another automation."""
    root = repository(files(LESS))
    assert devinops("apply", "-C", root, "--yes", "--allow", "spend").code == 0
    id = only(emulator)["automation_id"]
    changed = CONFIG.replace("prune: owned", "prune: owned, owner: platform")
    repository(files(LESS, config=changed))
    plan = devinops("plan", "-C", root)
    assert plan.code == 4, plan
    assert "it now belongs to somebody else (production, by its label)" in plan.out
    assert "set owner: production for the target in devinops.yaml" in plan.out
    assert "automations with the label of another owner" in plan.out
    devinops("inventory", "forget", "automation:Nightly", "-C", root)
    linked = devinops("inventory", "link", "automation:Nightly", id, "-C", root)
    assert (linked.code, linked.out) == (1, "")
    assert f"{id} has the label of another owner (production)" in linked.err


def test_a_new_repository_pulls_the_automations_of_its_owner_and_counts_the_others(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    theirs = {"name": "Nightly", "triggers": [], "actions": [{**START, "prompt": "p"}]}
    emulator.add("automation", **theirs, metadata={"devinops": "staging"})
    root = repository({"devinops.yaml": CONFIG})
    ran = devinops("pull", "-C", root)
    assert (ran.code, (root / "automations.yaml").exists()) == (0, False)
    assert "which stay as they are: 1 of staging; if this repository is that owner" in ran.out
    repository({"devinops.yaml": CONFIG.replace("prune: owned", "prune: owned, owner: staging")})
    ran = devinops("pull", "-C", root)
    assert (ran.code, (root / "automations.yaml").exists()) == (0, True)
    assert "staging" not in ran.out


# --- the network ----------------------------------------------------------------------------------


def reaching(**settings: Any) -> dict[str, Any]:
    """Return an automation that costs nothing, with these settings of its sessions."""
    start = {**START, "prompt": "p"}
    return {
        "name": "N",
        "enabled": False,
        "triggers": [],
        "actions": [start],
        "session_settings": settings,
    }


HOST = {"allow": [{"hostname": "a.example"}]}


def test_a_network_policy_is_null_only_if_the_file_says_so_and_a_person_accepts_it(
    emulator: Emulator, repository: Write, devinops: Devinops, tmp_path: Path
) -> None:
    root, path = repository(files(reaching(devin_mode="normal"))), tmp_path / "plan.json"
    assert devinops("apply", "-C", root, "--yes").code == 0
    (post,) = [r for r in emulator.requests if r["path"].endswith("/automations") and r["body"]]
    assert post["body"]["session_settings"] == {"devin_mode": "normal"}
    assert only(emulator)["session_settings"]["net_policy"] == {"allow": []}
    repository(files(reaching(devin_mode="normal", net_policy=None)))
    for argv in (["apply", "--yes"], ["apply", "--yes", "--allow", "spend"], ["plan"]):
        refused = devinops(argv[0], "-C", root, *argv[1:])
        assert (refused.code, "network: unrestricted" in " ".join(refused.out.split())) == (4, True)
    assert only(emulator)["session_settings"]["net_policy"] == {"allow": []}
    planned = devinops("plan", "-C", root, "--allow", "network", "--out", path)
    assert (planned.code, "approved with --allow network" in planned.out) == (0, True)
    assert devinops("apply", path, "-C", root).code == 0
    assert only(emulator)["session_settings"] == {"devin_mode": "normal", "net_policy": None}
    assert devinops("plan", "-C", root, "--detailed-exitcode").code == 0


def test_empty_settings_open_no_network(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    root = repository(files(reaching()))
    assert devinops("apply", "-C", root, "--yes").code == 0
    (post,) = [r for r in emulator.requests if r["path"].endswith("/automations") and r["body"]]
    assert post["body"]["session_settings"] == {"devin_mode": None}
    assert only(emulator)["session_settings"]["net_policy"] == {"allow": []}
    assert devinops("plan", "-C", root, "--detailed-exitcode").code == 0


def test_more_hosts_and_a_rollback_to_no_policy_wait_for_the_same_approval(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    root = repository(files(reaching(net_policy=None)))
    assert devinops("apply", "-C", root, "--yes", "--allow", "spend,network").code == 0
    repository(files(reaching(net_policy=HOST)))
    assert devinops("apply", "-C", root, "--yes").code == 0, "narrower"
    more = {"allow": [*HOST["allow"], {"ipv4": "192.0.2.1"}]}
    repository(files(reaching(net_policy=more)))
    refused = devinops("apply", "-C", root, "--yes")
    assert (refused.code, "may reach more of the network: 192.0.2.1" in refused.err) == (4, True)
    argv = ("rollback", "latest", "-C", root, "--yes")
    refused = devinops(*argv)
    assert (refused.code, "gets network: unrestricted" in refused.err) == (4, True)
    assert devinops(*argv, "--allow", "network").code == 0
    assert only(emulator)["session_settings"]["net_policy"] is None


def test_what_a_file_says_nothing_of_stays_as_it_is_live_and_is_drift_if_it_moves(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    root = repository(files(reaching(devin_mode="fast", net_policy=HOST)))
    assert devinops("apply", "-C", root, "--yes").code == 0
    repository(files(reaching(devin_mode="lite")))
    assert devinops("apply", "-C", root, "--yes").code == 0
    assert only(emulator)["session_settings"] == {"devin_mode": "lite", "net_policy": HOST}
    id = only(emulator)["automation_id"]
    emulator.edit("automation", id, session_settings={"devin_mode": "lite", "net_policy": None})
    shown = devinops("plan", "-C", root, "-v")
    assert (shown.code, '"net_policy": null' in shown.out) == (0, True)
    assert devinops("apply", "-C", root, "--yes", "--on-drift", "overwrite").code == 0
    assert devinops("drift", "-C", root).code == 2, "there is nothing to overwrite it with"
    emulator.edit("automation", id, session_settings={"devin_mode": "fast", "net_policy": None})
    repository(files(reaching(devin_mode="normal")))
    assert devinops("apply", "-C", root, "--yes").code == 4
    written = devinops("apply", "-C", root, "--yes", "--on-conflict", "git", "--allow", "spend")
    assert written.code == 0, written
    assert only(emulator)["session_settings"] == {"devin_mode": "normal", "net_policy": None}
    assert devinops("drift", "-C", root).code == 2, "it still differs from what was applied"
    assert devinops("pull", "--drift", "-C", root).code == 0
    assert "net_policy" in (root / "automations.yaml").read_text()
    assert devinops("apply", "-C", root, "--yes").code == 0
    assert devinops("drift", "-C", root).code == 0


def test_a_pull_writes_the_network_policy_as_it_is(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    emulator.add("automation", **reaching(net_policy=None))
    root = repository({"devinops.yaml": CONFIG})
    assert devinops("pull", "-C", root).code == 0
    assert "session_settings:\n      net_policy: null\n" in (root / "automations.yaml").read_text()
    assert devinops("plan", "-C", root).code == 0


@pytest.mark.parametrize("written", ["netwrk", "network,", "network, spent"])
def test_a_risk_that_does_not_exist_cannot_be_accepted(
    repository: Write, devinops: Devinops, written: str
) -> None:
    root = repository(files())
    ran = devinops("plan", "-C", root, "--allow", written)
    is_known = written == "network,"
    assert (
        ran.code == 64,
        "--allow takes delete=N, missing=N, targets=N, spend, network, access, "
        "lockout, out-of-wave, not " in ran.err,
    ) == (
        not is_known,
        not is_known,
    )


# --- words that only the API knows ----------------------------------------------------------------


def test_words_that_devinops_does_not_know_are_pulled_declared_and_sent(
    repository: Write, devinops: Devinops, use: Callable[..., None]
) -> None:
    newer = NewerApi(words={"hyper": "fast", "gitlab:merged": "gitlab:note"})
    with Emulator({"organizations": {"org-emulator": {}}}, layers=[newer]) as emulator:
        use(emulator.url)
        settings = {"devin_mode": "fast", "net_policy": HOST}
        facts = reaching(**settings) | {"triggers": [{"event_type": "gitlab:note"}]}
        emulator.add("automation", **facts)
        root = repository({"devinops.yaml": CONFIG})
        pulled = devinops("pull", "-C", root)
        assert pulled.code == 0, pulled
        text = (root / "automations.yaml").read_text()
        assert ("devin_mode: hyper" in text, "event_type: gitlab:merged" in text) == (True, True)
        for command in ("validate", "plan"):
            ran = devinops(command, "-C", root)
            shown = " ".join((ran.out + ran.err).split())
            assert ran.code == 0, ran
            assert 'does not know the word "hyper"' in shown
            assert 'the nearest known word is "gitlab:merge_request"' in shown
        (root / "automations.yaml").write_text(text.replace('"N"', "M"))
        assert devinops("apply", "-C", root, "--yes", "--allow", "spend").code == 0
        assert only(emulator, name="M")["session_settings"]["devin_mode"] == "fast"


def test_a_word_that_the_api_does_not_know_either_is_its_error_with_the_words_that_it_knows(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    root = repository(files(reaching(devin_mode="hyper")))
    ran = devinops("apply", "-C", root, "--yes")
    assert (ran.code, "'swe-2-high'" in ran.out + ran.err) == (3, True), ran


# --- the secret of a webhook ----------------------------------------------------------------------------------


def hooked(**more: Any) -> dict[str, Any]:
    return {"name": "Hook", "triggers": [WEBHOOK], "actions": [{**START, "prompt": "p"}], **more}


def secret_lines(path: Path) -> list[list[str]]:
    return [line.split("\t") for line in path.read_text().splitlines()]


def test_a_webhook_secret_reaches_the_file_that_the_user_names_and_nothing_else(
    emulator: Emulator, repository: Write, devinops: Devinops, tmp_path: Path
) -> None:
    root = repository(files(hooked()))
    refused = devinops("apply", "-C", root, "--yes", "--allow", "spend")
    assert (refused.code, emulator.automations()) == (4, [])
    assert "--webhook-secrets" in refused.err
    path = tmp_path / "secrets.tsv"
    argv = ("apply", "-C", root, "--yes", "--allow", "spend", "--webhook-secrets", path, "-v")
    applied = devinops(*argv, "--format", "json")
    assert applied.code == 0, applied
    ((key, url, secret),) = secret_lines(path)
    assert (key, url) == ("automation:Hook", only(emulator)["triggers"][0]["webhook"]["url"])
    assert path.stat().st_mode & 0o777 == 0o600
    assert_nowhere(secret, applied, tmp_path, path)
    again = devinops(*argv)
    assert (again.code, "already exists" in again.err) == (64, True)


def test_an_update_that_first_adds_a_webhook_shows_its_secret_too(
    emulator: Emulator, repository: Write, devinops: Devinops, tmp_path: Path
) -> None:
    path = tmp_path / "secrets.tsv"
    root = repository(files(hooked(triggers=[PUSH])))
    argv = ("apply", "-C", root, "--yes", "--allow", "spend")
    quiet = devinops(*argv, "--webhook-secrets", path)
    assert (quiet.code, path.exists()) == (0, False), "a file that nothing is written to goes"
    repository(files(hooked(triggers=[PUSH, WEBHOOK])))
    applied = devinops(*argv, "--webhook-secrets", path)
    assert applied.code == 0, applied
    ((_, _, secret),) = secret_lines(path)
    assert_nowhere(secret, applied, tmp_path, path)
    repository(files(hooked(triggers=[WEBHOOK])))
    assert devinops(*argv).code == 0, "the secret lives on"


def assert_nowhere(secret: str, ran: Any, directory: Path, path: Path) -> None:
    assert secret not in ran.out + ran.err
    for other in directory.rglob("*"):
        if other.is_file() and other != path:
            assert secret not in other.read_bytes().decode("utf-8", "replace"), other


def test_a_terminal_is_shown_it_once(
    emulator: Emulator, repository: Write, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook_secrets, "_has_reader", lambda: True)
    root = repository(files(hooked()))
    applied = devinops("apply", "-C", root, "--yes", "--allow", "spend")
    assert applied.code == 0, applied
    url = only(emulator)["triggers"][0]["webhook"]["url"]
    (line,) = [line for line in applied.err.splitlines() if url in line]
    secret = line.split()[-1]
    assert (applied.err.count(secret), secret in applied.out) == (1, False)
    assert len(secret) > 20


def test_an_automation_that_is_created_again_has_a_new_webhook(
    emulator: Emulator, repository: Write, devinops: Devinops, tmp_path: Path
) -> None:
    root = repository(files(hooked(enabled=False)))
    paths = [tmp_path / f"secrets-{number}.tsv" for number in range(2)]
    devinops("apply", "-C", root, "--yes", "--webhook-secrets", paths[0])
    repository(files({"name": "Hook", "ensure": "absent"}))
    assert devinops("apply", "-C", root, "--yes", "--allow", "delete=1").code == 0
    refused = devinops("rollback", "latest", "-C", root, "--yes")
    assert (refused.code, "--webhook-secrets" in refused.err) == (4, True)
    ran = devinops("rollback", "latest", "-C", root, "--yes", "--webhook-secrets", paths[1])
    assert ran.code == 0, ran
    assert "its webhook has a new address and a new secret" in ran.out
    assert "created again with a new id: " in ran.out
    first, second = (secret_lines(path)[0] for path in paths)
    assert first[1] != second[1]
    assert first[2] != second[2]
    assert only(emulator)["enabled"] is False


def lost(method: str, times: int = 1) -> list[dict[str, Any]]:
    """Return faults: the write is carried out, but its response is lost."""
    rule = {"method": method, "path": "/v3/**/automations*", "fault": "drop", "when": "after"}
    return [rule | {"path": path, "times": times} for path in (AUTOMATIONS, f"{AUTOMATIONS}/*")]


AUTOMATIONS = "/v3/**/automations"


def test_a_secret_whose_response_is_lost_is_reported_as_lost(
    emulator: Emulator,
    repository: Write,
    devinops: Devinops,
    tmp_path: Path,
    no_waiting: None,
) -> None:
    """Of a create, and of an update that adds the webhook; a person must act: exit code 4."""
    path = tmp_path / "secrets.tsv"
    root = repository(files(hooked(enabled=False), {**hooked(triggers=[]), "name": "Later"}))
    emulator.faults = lost("POST", 2)
    applied = devinops("apply", "-C", root, "--yes", "--webhook-secrets", path)
    assert applied.code == 4, applied
    assert "its webhook secret was not shown and is lost: remove its trigger" in applied.out
    assert not path.exists()

    repository(
        files(hooked(enabled=False), {**hooked(enabled=False), "name": "Later"}),
    )
    emulator.clear_requests()
    emulator.faults = lost("PATCH")
    applied = devinops("apply", "-C", root, "--yes", "--webhook-secrets", path)
    assert applied.code == 4, applied
    assert "its webhook secret was not shown and is lost: remove its trigger" in applied.out
    assert not path.exists()
    assert [request["method"] for request in emulator.requests].count("PATCH") == 1
    assert devinops("plan", "-C", root, "--detailed-exitcode").code == 0


def test_a_secret_may_be_lost_if_it_is_not_known_whether_the_webhook_was_added(
    emulator: Emulator, repository: Write, devinops: Devinops, tmp_path: Path
) -> None:
    root = repository(files(hooked(enabled=False, triggers=[])))
    assert devinops("apply", "-C", root, "--yes").code == 0
    repository(files(hooked(enabled=False)))
    emulator.faults = [
        {"method": "PATCH", "fault": "drop", "when": "before"},
    ]
    path = tmp_path / "secrets.tsv"
    ran = devinops("apply", "-C", root, "--yes", "--webhook-secrets", path)
    assert ran.code == 3, ran
    assert "if it was written, its webhook secret is lost: remove its trigger" in ran.out
    emulator.faults = []
    again = devinops("apply", "-C", root, "--yes", "--webhook-secrets", path)
    assert (again.code, len(secret_lines(path))) == (0, 1)


def test_a_patch_is_sent_again_over_an_automation_that_nobody_changed(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    root = repository(files(LESS))
    devinops("apply", "-C", root, "--yes", "--allow", "spend")
    repository(files(LESS | {"metadata": {"team": "web"}}))
    emulator.faults = [{"method": "PATCH", "fault": "status", "status": 503, "times": 1}]
    applied = devinops("apply", "-C", root, "--yes")
    assert applied.code == 0, applied
    assert only(emulator)["metadata"]["team"] == "web"


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("devinops.applying.applier.RECOVERY_WAITS_S", (0.0,))


def test_a_secret_that_cannot_be_written_down_is_an_unclear_end(
    emulator: Emulator,
    repository: Write,
    devinops: Devinops,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, os.strerror(28))

    config = NO_INVENTORY["devinops.yaml"]
    root = repository(files(hooked(enabled=False), config=config))
    monkeypatch.setattr("devinops.cli.runs.webhook_secrets.atomic.append", full)
    path = tmp_path / "secrets.tsv"
    ran = devinops("apply", "-C", root, "--yes", "--webhook-secrets", path)
    assert ran.code == 3, ran
    assert "its webhook secret is lost (cannot write" in ran.out
    assert "add it again for a new one" in ran.out


@pytest.mark.parametrize("name", ["automations.yaml", "knowledge/a.tsv", ".devinops/a", ".git/a"])
def test_the_file_of_secrets_is_never_where_devinops_reads(
    repository: Write, devinops: Devinops, name: str
) -> None:
    root = repository({"playbooks.yaml": PLAYBOOKS})
    for directory in ("knowledge", ".devinops", ".git"):
        (root / directory).mkdir()
    ran = devinops("apply", "-C", root, "--yes", "--webhook-secrets", root / name)
    assert (ran.code, "--webhook-secrets cannot write" in ran.err) == (64, True), ran
