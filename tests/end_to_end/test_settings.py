"""Settings of one organization that only a key of the enterprise may write, over real HTTP."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from devinops.api import organization_settings
from devinops.emulator import Emulator
from tests.testing.command_line import Devinops, Write

EditAtReading = Callable[..., None]
CONFIG = """\
version: 1
targets:
  production: {enterprise_key_env: DEVIN_ENTERPRISE, inventory: {store: file}}
"""
TAGS_PATH = "/v3/enterprise/organizations/org-emulator/tags"
TAGS = ["a", "b"]
SEED: dict[str, Any] = {
    "organizations": {
        "org-emulator": {"tags": TAGS, "default_tag": "a"},
        "org-other": {"tags": ["theirs"], "default_tag": "theirs", "max_cycle_acu_limit": 7},
    },
    "enterprise": {"acu_limits": [{"scope": "enterprise", "cycle_acu_limit": 1000}]},
}


@pytest.fixture
def emulator(use: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    with Emulator(SEED) as running:
        use(running.url)
        monkeypatch.setenv("DEVIN_ENTERPRISE", "cog_enterprise")
        yield running


@pytest.fixture
def write(repository: Write) -> Callable[..., Path]:
    """write(session_tags={…}) makes the entry of a section, or removes it if it is None."""

    def settings(config: str = CONFIG, **sections: Any) -> Path:
        root = repository({"devinops.yaml": config, "knowledge.yaml": "knowledge: []\n"})
        (root / "knowledge.yaml").write_text(json.dumps({"knowledge": [NOTE]}))
        for section, entry in sections.items():
            path = root / f"{section}.yaml"
            path.unlink(missing_ok=True)
            if entry is not None:
                path.write_text(json.dumps({section: [entry]}))
        return root

    return settings


@pytest.fixture
def edit_at_reading(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> EditAtReading:
    """edit_at_reading(2, tags=[…]): a person edits the organization right before the second reading of settings."""

    def edit(number: int, **fields: Any) -> None:
        readings = itertools.count(1)

        def read(*arguments: Any) -> Any:
            if next(readings) == number:
                emulator.edit("organization", "org-emulator", **fields)
            return real(*arguments)

        real = organization_settings.read
        monkeypatch.setattr(organization_settings, "read", read)

    return edit


NOTE = {"name": "N", "trigger": "t", "body": "b"}
Settings = Callable[..., Path]


def organization(emulator: Emulator, id: str = "org-emulator") -> dict[str, Any]:
    (found,) = emulator.objects("organization", id)
    return found


def tags(emulator: Emulator) -> tuple[list[str], str | None]:
    found = organization(emulator)
    return found["tags"], found["default_tag"]


def writes(emulator: Emulator) -> list[tuple[str, str, Any]]:
    return [(r["method"], r["path"], r["body"]) for r in emulator.requests if r["method"] != "GET"]


def test_the_key_of_the_enterprise_alone_recognizes_the_emulator(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    config = CONFIG.replace("{enterprise", "{org_id: org-emulator, enterprise")
    entry = json.dumps({"session_tags": [{"tags": TAGS, "default": "a"}]})
    root = repository({"devinops.yaml": config, "session_tags.yaml": entry})
    header = f"Plan for production: organization org-emulator on the emulator at {emulator.url}"
    assert devinops("plan", "-C", root).out.startswith(header)


def test_a_plan_says_that_session_tags_may_be_switched_off(
    write: Settings, devinops: Devinops, use: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEVIN_ENTERPRISE", "cog_enterprise")
    root = write(session_tags={"tags": TAGS})
    with Emulator(SEED, quirks={"session_tags": "off"}) as emulator:
        use(emulator.url)
        ran = devinops("plan", "-C", root)
    assert (ran.code, ran.out) == (1, "")
    assert "Session tags are not enabled" in ran.err
    assert "or the feature is switched off" in ran.err


def test_the_whole_life_of_a_set(emulator: Emulator, write: Settings, devinops: Devinops) -> None:
    others = organization(emulator, "org-other")
    root = write(session_tags={"tags": ["c", "b"], "default": "c"})

    blocked = devinops("plan", "-C", root)
    assert blocked.code == 4
    assert "it is live but not owned, and differs in tags, default" in blocked.out

    plan = devinops("plan", "-C", root, "--adopt")
    lines = plan.out.splitlines()
    at = lines.index("      ~ tags:")
    assert lines[at - 2 : at + 4] == [
        "  <= session_tags  +2 −2 lines",
        "      session_tags.yaml:1: live but not owned; tags, default changed",
        "      ~ tags:",
        "        + c",
        "        - a",
        "      ~ default: a → c",
    ]
    assert writes(emulator) == []

    assert devinops("apply", "-C", root, "--adopt", "--yes").code == 0
    assert tags(emulator) == (["b", "c"], "c")
    assert [write for write in writes(emulator) if write[1].startswith(TAGS_PATH)] == [
        ("PUT", TAGS_PATH, {"tags": ["b", "c"]}),
        ("PUT", f"{TAGS_PATH}/default", {"tag": "c"}),
    ]
    assert devinops("plan", "-C", root, "--detailed-exitcode").code == 0

    write(session_tags={"tags": ["c", "b", "d"]})
    emulator.clear_requests()
    assert devinops("apply", "-C", root, "--yes").code == 0
    assert tags(emulator) == (["b", "c", "d"], "c")
    assert writes(emulator) == [("PUT", TAGS_PATH, {"tags": ["b", "c", "d"]})]

    back = devinops("rollback", "latest", "-C", root, "--yes")
    assert back.code == 0, back
    assert tags(emulator) == (["b", "c"], "c")

    assert organization(emulator, "org-other") == others


def test_a_set_in_another_order_is_the_same(
    emulator: Emulator, write: Settings, devinops: Devinops
) -> None:
    root = write(session_tags={"tags": ["b", "a"]})
    assert devinops("apply", "-C", root, "--yes").code == 0
    write(session_tags={"tags": ["a", "b"]})
    emulator.clear_requests()
    plan = devinops("plan", "-C", root, "--detailed-exitcode")
    assert (plan.code, "2 unchanged" in plan.out) == (0, True)


@pytest.mark.parametrize("nothing", [None, []])
def test_an_empty_set_clears_it_and_its_default(
    emulator: Emulator, write: Settings, devinops: Devinops, nothing: Any
) -> None:
    root = write(session_tags={"tags": nothing, "default": None})
    assert devinops("apply", "-C", root, "--adopt", "--yes").code == 0
    assert tags(emulator) == ([], None)
    assert {method for method, path, _ in writes(emulator) if path.startswith(TAGS_PATH)} == {
        "DELETE"
    }
    assert devinops("plan", "-C", root, "--detailed-exitcode").code == 0


def test_what_was_never_set_is_set_without_an_approval(
    emulator: Emulator, write: Settings, devinops: Devinops
) -> None:
    emulator.edit("organization", "org-emulator", tags=[], default_tag=None)
    root = write(session_tags={"tags": ["x"], "default": "x"})
    assert devinops("apply", "-C", root, "--yes").code == 0
    assert tags(emulator) == (["x"], "x")


def test_a_default_that_is_not_mentioned_is_never_dropped(
    emulator: Emulator, write: Settings, devinops: Devinops
) -> None:
    root = write(session_tags={"tags": ["b", "c"]})
    plan = devinops("plan", "-C", root, "--adopt")
    assert plan.code == 4
    assert 'the default "a" is not one of the tags' in plan.out
    assert devinops("apply", "-C", root, "--adopt", "--yes").code == 4
    assert tags(emulator) == (TAGS, "a")
    write(session_tags={"tags": ["b", "c"], "default": None})
    assert devinops("apply", "-C", root, "--adopt", "--yes").code == 0
    assert tags(emulator) == (["b", "c"], None)


def test_a_default_outside_of_the_live_tags_is_blocked_too(
    emulator: Emulator, write: Settings, devinops: Devinops
) -> None:
    plan = devinops("plan", "-C", write(session_tags={"default": "z"}), "--adopt")
    assert plan.code == 4
    assert 'the default "z" is not one of the tags' in plan.out


def test_a_default_outside_of_the_declared_tags_is_a_problem_of_the_file(
    write: Settings, devinops: Devinops
) -> None:
    found = devinops("validate", "-C", write(session_tags={"tags": ["a"], "default": "z"}))
    assert found.code == 1
    assert 'session_tags.yaml:1:46: error: the default "z" is not one of the tags' in found.out


def test_a_set_that_loses_too_much_refuses_the_run_until_the_number_is_accepted(
    emulator: Emulator, write: Settings, devinops: Devinops
) -> None:
    many = [f"t{number:02}" for number in range(30)]
    emulator.edit("organization", "org-emulator", tags=many, default_tag=None)
    root = write(session_tags={"tags": many[7:], "default": None})
    refused = devinops("apply", "-C", root, "--adopt", "--yes")
    assert refused.code == 4
    wanted = (
        "session_tags would lose 7 of its 30 tags, but the limit is 6 (the larger of 3 "
        "and max_delete: 20% of its 30 tags): check all 7 deletes of this plan"
    )
    assert wanted in refused.err
    assert "pass --allow delete=7" in refused.err
    assert "notes" not in [path for _, path, _ in writes(emulator)]
    other = devinops("apply", "-C", root, "--adopt", "--yes", "--allow", "delete=6")
    assert "--allow delete=6 accepts exactly 6, but this plan deletes 7" in other.err
    assert devinops("apply", "-C", root, "--adopt", "--yes", "--allow", "delete=7").code == 0
    assert tags(emulator)[0] == many[7:]

    write(session_tags={"tags": many[13:]})
    six = devinops("plan", "-C", root)
    assert "but the limit is 4 (the larger of 3 and max_delete: 20% of its 23 tags)" in six.out


def test_a_set_that_is_pulled_keeps_what_the_file_has_and_ends_with_what_is_new(
    emulator: Emulator, write: Settings, devinops: Devinops
) -> None:
    root = write(session_tags={"tags": ["a", "b"], "default": "a"})
    assert devinops("apply", "-C", root, "--yes").code == 0
    emulator.edit("organization", "org-emulator", tags=["0", "a", "b"])
    ran = devinops("pull", "-C", root, "--drift")
    assert (ran.code, ran.err) == (0, "")
    written = yaml.safe_load((root / "session_tags.yaml").read_text())
    assert written["session_tags"] == [{"tags": ["a", "b", "0"], "default": "a"}]


def test_a_set_that_an_entry_leaves_out_is_pulled_as_it_is(
    emulator: Emulator, write: Settings, devinops: Devinops
) -> None:
    root = write(session_tags={"default": "a"})
    assert devinops("apply", "-C", root, "--yes").code == 0
    emulator.edit("organization", "org-emulator", tags=["0", "a"])
    ran = devinops("pull", "-C", root, "--drift")
    assert (ran.code, ran.err) == (0, "")
    written = yaml.safe_load((root / "session_tags.yaml").read_text())
    assert written["session_tags"] == [{"tags": ["0", "a"], "default": "a"}]


def test_what_was_changed_outside_is_drift_and_both_sides_are_a_conflict(
    emulator: Emulator, write: Settings, devinops: Devinops
) -> None:
    root = write(session_tags={"tags": ["a", "b"], "default": "a"})
    assert devinops("apply", "-C", root, "--yes").code == 0
    emulator.edit("organization", "org-emulator", tags=["a", "b", "person"])
    drift = devinops("drift", "-C", root)
    assert drift.code == 2
    assert "session_tags" in drift.out
    plan = devinops("plan", "-C", root)
    assert "1 changed outside devinops" in plan.out
    write(session_tags={"tags": ["a", "b", "git"], "default": "a"})
    both = devinops("plan", "-C", root)
    assert both.code == 4
    assert "tags changed in Git and outside devinops" in both.out


def test_an_edit_between_plan_and_write_is_never_written_over(
    emulator: Emulator, write: Settings, devinops: Devinops, edit_at_reading: EditAtReading
) -> None:
    root = write(session_tags={"tags": ["a", "b", "c"]})
    edit_at_reading(2, tags=["a", "person"])
    applied = devinops("apply", "-C", root, "--adopt", "--yes")
    assert applied.code == 4
    assert "it was edited after the plan was made" in applied.out
    assert tags(emulator) == (["a", "person"], "a")


def test_an_entry_that_goes_leaves_the_setting_as_it_is(
    emulator: Emulator, write: Settings, devinops: Devinops
) -> None:
    config = CONFIG.replace("{store: file}", "{store: file}, prune: owned")
    root = write(config, session_tags={"tags": ["a", "b"]})
    assert devinops("apply", "-C", root, "--yes").code == 0
    write(config, session_tags=None)
    applied = devinops("apply", "-C", root, "--yes")
    assert applied.code == 0
    assert "session_tags: no longer declared; its settings stay as they are" in applied.out
    assert tags(emulator) == (TAGS, "a")
    assert devinops("plan", "-C", root, "--detailed-exitcode").code == 0
    assert "session_tags" not in devinops("inventory", "list", "-C", root).out


def test_its_key_is_the_kind_alone_everywhere(
    emulator: Emulator, write: Settings, devinops: Devinops, tmp_path: Path
) -> None:
    root = write(session_tags={"tags": ["a", "b", "c"]})
    out = tmp_path / "plan.json"
    assert devinops("plan", "-C", root, "--adopt", "--only", "session_tags", "--out", out).code == 0
    assert "session_tags" in devinops("show", out).out
    assert devinops("apply", "-C", root, out).code == 0
    assert tags(emulator)[0] == ["a", "b", "c"]
    assert "tags" in devinops("inventory", "show", "session_tags", "-C", root).out
    assert devinops("inventory", "forget", "session_tags", "-C", root).code == 0


def test_two_entries_for_one_target_are_a_problem_and_one_for_each_is_not(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    def entries(first: str) -> Path:
        text = (
            f"session_tags:\n- {{tags: [a], targets: [{first}]}}\n- {{tags: [b], targets: [b]}}\n"
        )
        return repository(
            {"devinops.yaml": "version: 1\ntargets: {a: {}, b: {}}\n", "session_tags.yaml": text}
        )

    assert "session_tags is also declared" in devinops("validate", "-C", entries("b")).out
    assert devinops("validate", "-C", entries("a")).code == 0


# --- the key ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("config", "remedy"),
    [
        ("version: 1\n", "store one in a variable, and name it in the target's enterprise_key_env"),
        (CONFIG, "set DEVIN_ENTERPRISE, the target's enterprise_key_env"),
    ],
)
def test_without_its_key_nothing_is_read_or_written(
    emulator: Emulator,
    write: Settings,
    devinops: Devinops,
    monkeypatch: pytest.MonkeyPatch,
    config: str,
    remedy: str,
) -> None:
    monkeypatch.delenv("DEVIN_ENTERPRISE")
    monkeypatch.setenv("DEVIN_TOKEN", "cog_enterprise")
    root = write(config, session_tags={"tags": ["x"]})
    for command in (["plan"], ["apply", "--yes"]):
        found = devinops(*command, "-C", root)
        assert found.code == 1
        assert f"a set of session tags needs an enterprise key: {remedy}" in found.err
    assert [r for r in emulator.requests if "/self" not in r["path"]] == []


def test_other_entries_need_no_such_key(
    emulator: Emulator, write: Settings, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DEVIN_ENTERPRISE")
    root = write()
    assert devinops("drift", "-C", root).code == 0
    assert devinops("apply", "-C", root, "--yes").code == 0
    assert not any("/enterprise/" in request["path"] for request in emulator.requests)


def test_the_key_shows_nowhere(
    emulator: Emulator, write: Settings, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEVIN_ENTERPRISE", "cog_no_such_key_of_the_enterprise")
    root = write(session_tags={"tags": ["x"]})
    for command in (["plan", "-v"], ["whoami"], ["plan", "--format", "json"]):
        found = devinops(*command, "-C", root)
        assert "cog_no_such_key" not in found.out + found.err
    assert "enterprise_key_env" in devinops("plan", "-C", root).err


@pytest.mark.parametrize(
    ("config", "key", "message"),
    [
        (
            "targets: {a: {api_version: v1}}",
            "apk_emulator",
            "API v1 does not support sets of session tags",
        ),
        (
            "targets: {a: {enterprise: true}, b: {}}",
            "cog_enterprise",
            "an enterprise has no set of session tags",
        ),
    ],
)
def test_where_there_are_no_such_settings_the_entry_is_a_problem(
    emulator: Emulator,
    write: Settings,
    devinops: Devinops,
    use: Callable[..., None],
    config: str,
    key: str,
    message: str,
) -> None:
    use(emulator.url, key)
    tags = {"tags": ["x"], "targets": ["a"]}
    root = write(f"version: 1\n{config}\n", session_tags=tags)
    found = devinops("plan", "-C", root, "-t", "a")
    assert found.code == 1
    assert message in found.err


# --- the keys ------------------------------------------------------------------------------------------------

USER = {"id": "service-user-emulator", "name": "Emulator"}


@pytest.mark.parametrize(
    ("days", "key", "said"),
    [
        (100, "cog_enterprise", " UTC."),
        (9, "cog_enterprise", " UTC, in 9 days: store the key of another service user in its place"),
        (None, "cog_enterprise", None),
        (9, "", None),
        (9, "cog_nobody", None),
    ],
)  # fmt: skip
@pytest.mark.parametrize("target", ["production", "all"])
def test_whoami_says_when_the_key_expires_if_a_key_of_the_enterprise_can_read_it(
    write: Settings,
    devinops: Devinops,
    use: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    days: int | None,
    key: str,
    said: str | None,
    target: str,
) -> None:
    monkeypatch.setenv("DEVIN_ENTERPRISE", key)
    at = None if days is None else int(time.time()) + days * 24 * 3600 + 3600
    users = [USER | {"expires_at": at}]
    with Emulator({**SEED, "enterprise": {"service_users": users}}) as emulator:
        use(emulator.url)
        words = ("whoami", "-C", write(), "-t", target)
        ran, document = devinops(*words), json.loads(devinops(*words, "--format", "json").out)
    lines = [line for line in ran.out.splitlines() if "expires" in line]
    assert (ran.code, len(lines)) == (0, 1 if said else 0)
    assert all(line.startswith("The API key of Emulator expires on ") for line in lines)
    assert all(line.endswith(said or "") for line in lines)
    assert document["targets"][0]["expires_at"] == (at if said else None)


# --- the ACU limit ------------------------------------------------------------------------------------------

LIMIT = "/v3/enterprise/consumption/acu-limits/devin/organizations/org-emulator"


def limit(emulator: Emulator, id: str = "org-emulator") -> int | None:
    found: int | None = organization(emulator, id)["max_cycle_acu_limit"]
    return found


def test_the_whole_life_of_a_limit(emulator: Emulator, write: Settings, devinops: Devinops) -> None:
    root = write(acu_limits={"cycle_acu_limit": 500})
    assert "~ cycle_acu_limit: null → 500" in devinops("plan", "-C", root).out
    assert devinops("apply", "-C", root, "--yes").code == 0
    assert devinops("plan", "-C", root, "--detailed-exitcode").code == 0

    write(acu_limits={"cycle_acu_limit": 0})
    plan = devinops("plan", "-C", root)
    assert "acu_limit is set to 0, which stops all work in the organization" in plan.out
    assert devinops("apply", "-C", root, "--yes").code == 0
    assert limit(emulator) == 0
    assert devinops("rollback", "latest", "-C", root, "--yes").code == 4
    assert devinops("rollback", "latest", "-C", root, "--yes", "--allow", "spend").code == 0
    assert limit(emulator) == 500

    write(acu_limits={"cycle_acu_limit": None})
    argv = ("apply", "-C", root, "--yes", "--on-conflict", "git")
    refused = devinops(*argv)
    assert (refused.code, "acu_limit is removed; it was 500" in refused.err) == (4, True)
    assert devinops(*argv, "--allow", "spend").code == 0
    assert limit(emulator) is None
    assert [write for write in writes(emulator) if "acu-limits" in write[1]] == [
        ("PUT", LIMIT, {"cycle_acu_limit": 500}),
        ("PUT", LIMIT, {"cycle_acu_limit": 0}),
        ("PUT", LIMIT, {"cycle_acu_limit": 500}),
        ("DELETE", LIMIT, None),
    ]
    assert limit(emulator, "org-other") == 7


def test_the_limit_of_a_session_is_patched_and_never_removed(
    emulator: Emulator, write: Settings, devinops: Devinops
) -> None:
    root = write(acu_limits={"cycle_acu_limit": None, "session_acu_limit": 20})
    assert devinops("apply", "-C", root, "--yes").code == 0
    rolled_back = devinops("rollback", "latest", "-C", root, "--yes")
    assert (rolled_back.code, organization(emulator)["max_session_acu_limit"]) == (4, 20)
    assert "API v3 cannot set its session_acu_limit (none)" in rolled_back.out

    emulator.edit("organization", "org-emulator", max_session_acu_limit=10)
    argv = ("apply", "-C", root, "--yes", "--on-drift", "overwrite")
    refused = devinops(*argv)
    assert (refused.code, "is raised from 10 to 20 (ACUs in a session)" in refused.err) == (4, True)
    assert devinops(*argv, "--allow", "spend").code == 0
    assert devinops("plan", "-C", root, "--detailed-exitcode").code == 0
    patch = ("PATCH", "/v3/enterprise/organizations/org-emulator", {"max_session_acu_limit": 20})
    assert [each for each in writes(emulator) if each[0] == "PATCH"] == [patch, patch]
    found = organization(emulator)
    assert (found["max_session_acu_limit"], found["max_cycle_acu_limit"]) == (20, None)

    emulator.edit("organization", "org-emulator", max_session_acu_limit=None)
    assert devinops("rollback", "latest", "-C", root, "--yes").code == 0
    assert organization(emulator)["max_session_acu_limit"] == 10
    null = write(acu_limits={"cycle_acu_limit": None, "session_acu_limit": None})
    assert devinops("validate", "-C", null).code == 1


@pytest.mark.parametrize("session_limit", [{}, {"session_acu_limit": 20}])
def test_a_key_that_may_not_read_the_organization_sets_the_limit_of_a_cycle_alone(
    write: Settings,
    devinops: Devinops,
    use: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    session_limit: dict[str, int],
) -> None:
    monkeypatch.setenv("DEVIN_ENTERPRISE", "cog_billing")
    keys = {"cog_billing": {"org": None, "permissions": ["ManageBilling"]}}
    root = write(acu_limits={"cycle_acu_limit": 500, **session_limit})
    with Emulator({**SEED, "keys": keys}) as emulator:
        use(emulator.url)
        applied = devinops("apply", "-C", root, "--yes")
        assert limit(emulator) == (None if session_limit else 500)
    if session_limit:
        assert applied.code == 1
        assert "the key may not read session_acu_limit" in applied.err
        assert "give the key ManageOrganizations, remove it" in applied.err
    else:
        assert applied.code == 0


def test_a_limit_that_somebody_set_is_taken_over_with_an_approval(
    emulator: Emulator, write: Settings, devinops: Devinops
) -> None:
    emulator.edit("organization", "org-emulator", max_cycle_acu_limit=8)
    root = write(acu_limits={"cycle_acu_limit": 500})
    assert (devinops("apply", "-C", root, "--yes").code, limit(emulator)) == (4, 8)
    assert devinops("apply", "-C", root, "--adopt", "--yes").code == 4
    assert devinops("apply", "-C", root, "--adopt", "--yes", "--allow", "spend").code == 0
    assert limit(emulator) == 500


def test_an_edit_before_a_limit_is_sent_again_is_never_written_over(
    emulator: Emulator, write: Settings, devinops: Devinops, edit_at_reading: EditAtReading
) -> None:
    root = write(acu_limits={"cycle_acu_limit": 500})
    emulator.faults = [{"method": "PUT", "path": LIMIT, "nth": 1, "fault": "rate-limit"}]
    edit_at_reading(3, max_cycle_acu_limit=9)
    applied = devinops("apply", "-C", root, "--yes")
    assert applied.code == 4
    assert "it was edited after the plan was made" in applied.out
    assert limit(emulator) == 9
