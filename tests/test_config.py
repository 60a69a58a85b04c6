"""Which value wins, what it is traced to, and where a key may go."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
import yaml

from devinops.ci import github, gitlab
from devinops.config.reading import find_root, open_project, read_project, read_repository
from devinops.config.settings import Settings, resolve, selected_targets
from devinops.environment import Flags, check_environment, is_credential
from devinops.inventory import InventorySettings
from devinops.model.errors import ConfigError, DevinopsError, InputError, UsageError
from devinops.model.kind import Scope
from devinops.model.objects import Severity
from devinops.model.target import Target
from tests.testing.command_line import Devinops, Write
from tests.testing.inventories import git

KEY = {"DEVIN_API_KEY": "cog_key"}


def settings(root: Path, environ: Mapping[str, str], flags: Flags | None = None) -> Settings:
    return resolve(read_project(root), flags or Flags(), environ)


def told(error: DevinopsError) -> str:
    return "\n".join(map(str, error.problems)) if isinstance(error, InputError) else str(error)


def config(write: Write, text: str) -> Path:
    return write({"devinops.yaml": f"version: 1\n{text}"})


def test_without_a_file_everything_comes_from_the_environment_and_defaults(tmp_path: Path) -> None:
    found = settings(tmp_path, KEY)
    assert found.target == Target("default", "https://api.devin.ai", "v3", None)
    assert found.sources["api_key"] == "environment DEVIN_API_KEY"
    assert found.sources["api_version"] == "the API key's prefix cog_"
    assert (found.connection.timeout_s, found.connection.parallelism) == (60.0, None)


@pytest.mark.parametrize(
    ("key", "source"), [("cog_1", "looked up with the API"), ("apk_1", "API v1 has none")]
)
def test_an_organization_that_is_not_set_is_looked_up_if_the_api_can(
    tmp_path: Path, key: str, source: str
) -> None:
    found = settings(tmp_path, {"DEVIN_API_KEY": key})
    assert (found.target.org_id, found.sources["org_id"]) == (None, source)


@pytest.mark.parametrize(
    ("environ", "key"),
    [
        ({"DEVIN_API_KEY": "cog_1", "DEVIN_TOKEN": "cog_2", "DEVIN_API_TOKEN": "cog_3"}, "cog_1"),
        ({"DEVIN_TOKEN": "cog_2", "DEVIN_API_TOKEN": "cog_3"}, "cog_2"),
        ({"DEVIN_API_KEY": " ", "DEVIN_API_TOKEN": "cog_3"}, "cog_3"),
        ({"DEVIN_API_KEY": "cog_1\n"}, "cog_1"),
    ],
)
def test_the_key_comes_from_the_first_variable_that_holds_one(
    tmp_path: Path, environ: dict[str, str], key: str
) -> None:
    assert settings(tmp_path, environ).connection.key == key


def test_a_target_with_its_own_variable_reads_no_other(repository: Write) -> None:
    root = config(repository, "targets: {a: {api_key_env: DEVIN_API_KEY_A}}")
    assert settings(root, KEY | {"DEVIN_API_KEY_A": "cog_a"}).connection.key == "cog_a"
    with pytest.raises(ConfigError, match="set DEVIN_API_KEY_A to a key"):
        settings(root, KEY)


def test_each_value_is_traced_to_its_place(repository: Write) -> None:
    root = config(repository, "targets:\n  a:\n    org_id: org-1\n    max_delete: 5\n")
    found = settings(
        root,
        KEY | {"DEVIN_API_URL": "http://localhost:1"},
        Flags(timeout=5.0, sources={"timeout": "environment DEVINOPS_TIMEOUT"}),
    )
    assert found.sources == {
        "target": "devinops.yaml:3:3, the only target",
        "org_id": "devinops.yaml:4:13",
        "enterprise": "default",
        "max_delete": "devinops.yaml:5:17",
        "api_url": "environment DEVIN_API_URL",
        "api_key": "environment DEVIN_API_KEY",
        "enterprise_key_env": "default",
        "api_version": "the API key's prefix cog_",
        "v3_macro": "default",
        "prune": "default",
        "scope": "default",
        "on_drift": "default",
        "missing_folders": "default",
        "inventory": "default, because there is no Git remote",
        "owner": "default",
        "timeout": "environment DEVINOPS_TIMEOUT",
        "parallelism": "default",
        "ca_bundle": "default",
    }
    assert str(found.policy.max_delete) == "5"


@pytest.mark.parametrize(
    ("setup", "ci", "expected"),
    [
        ((), {}, ("file", "default, because there is no Git remote")),
        ((["init", "-q"],), {}, ("file", "default, because there is no Git remote")),
        (
            (["init", "-q"], ["remote", "add", "origin", "https://host.test/x"]),
            {"CI": "true"},
            ("branch devinops", "default, because there is a Git remote"),
        ),
        ((["init", "-q"],), {"CI": "true"}, "the target b has no inventory, and this is CI (CI "),
        ((), {"JENKINS_URL": "x"}, "the target b has no inventory, and this is CI (JENKINS_URL "),
        ((["init", "-q"], ["config", "core.bare", "x"]), {}, "git cannot use the repository here"),
    ],
    ids=["no repository", "no remote", "remote", "CI", "CI without Git", "Git refuses"],
)
def test_without_the_setting_the_remote_decides_where_the_inventory_is(
    repository: Write,
    setup: Sequence[Sequence[str]],
    ci: Mapping[str, str],
    expected: tuple[str, str] | str,
) -> None:
    declared = "{inventory: {store: branch, branch: state/devin, remote: up}}"
    root = config(repository, f"targets:\n  a: {declared}\n  b: {{}}\n")
    for arguments in setup:
        git(root, *arguments)
    found = settings(root, KEY | ci, Flags(target="a"))
    assert found.inventory == InventorySettings("branch", "state/devin", "up")
    assert found.sources["inventory"] == "devinops.yaml:3:18"
    if isinstance(expected, str):
        with pytest.raises(ConfigError) as caught:
            settings(root, KEY | ci, Flags(target="b"))
        assert str(caught.value).startswith(expected)
        assert "{store: file}" in str(caught.value)
    else:
        found = settings(root, KEY | ci, Flags(target="b"))
        assert (str(found.inventory), found.sources["inventory"]) == expected


def test_without_git_a_clone_is_not_taken_for_a_directory_without_a_remote(
    repository: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = config(repository, "targets:\n  b: {}\n")
    git(root, "init", "-q")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ConfigError, match="git is not installed, or does not respond; fix that"):
        settings(root, KEY)
    shutil.rmtree(root / ".git")
    assert settings(root, KEY).inventory.store == "file"


def test_the_owner_is_the_targets_name_unless_the_target_says_otherwise(repository: Write) -> None:
    root = config(repository, "targets:\n  a: {owner: platform}\n  b: {}\n")
    assert settings(root, KEY, Flags(target="a")).connection.owner == "platform"
    assert settings(root, KEY, Flags(target="b")).connection.owner == "b"


@pytest.mark.parametrize("owner", ["", " a", "a b", "a" * 129])
def test_an_owner_fits_into_a_label(repository: Write, owner: str) -> None:
    root = config(repository, f"targets: {{a: {{owner: {json.dumps(owner)}}}}}")
    with pytest.raises(InputError) as caught:
        settings(root, KEY)
    assert "at most 128 characters" in str(caught.value.problems[0].message)


TARGETS = "targets: {production: {org_id: org-1}, staging: {org_id: org-2}}"


def test_several_targets_without_a_choice_are_a_usage_error(repository: Write) -> None:
    with pytest.raises(UsageError, match=r"several targets \(production, staging\)"):
        settings(config(repository, TARGETS), KEY)
    assert (
        settings(config(repository, TARGETS), KEY, Flags(target="staging")).target.org_id == "org-2"
    )


def test_a_target_can_be_an_enterprise_whatever_organization_the_environment_names(
    repository: Write,
) -> None:
    root = config(repository, "targets: {a: {enterprise: true}}")
    found = settings(root, KEY | {"DEVIN_ORG_ID": "org-1"})
    assert (found.target.scope, found.target.org_id) == (Scope.ENTERPRISE, None)
    assert found.sources["enterprise"] == "devinops.yaml:2:27"
    assert found.sources["org_id"] == "an enterprise has none"


@pytest.mark.parametrize(
    ("text", "environ", "key"),
    [
        ("{}", {"DEVIN_E": "cog_e"}, None),
        ("{enterprise_key_env: DEVIN_E}", {}, None),
        ("{enterprise_key_env: DEVIN_E}", {"DEVIN_E": " "}, None),
        ("{enterprise_key_env: DEVIN_E}", {"DEVIN_E": "cog_e\n", "DEVIN_TOKEN": "cog_t"}, "cog_e"),
    ],
)
def test_the_key_of_the_enterprise_comes_from_the_variable_that_the_target_names_and_no_other(
    repository: Write, text: str, environ: dict[str, str], key: str | None
) -> None:
    found = settings(config(repository, f"targets: {{a: {text}}}"), KEY | environ)
    assert (found.connection.key, found.connection.enterprise_key) == ("cog_key", key)
    assert "cog_e" not in repr(found)


def test_an_unknown_target_is_a_usage_error_with_the_nearest_name(repository: Write) -> None:
    with pytest.raises(UsageError, match='did you mean "production"'):
        settings(config(repository, TARGETS), KEY, Flags(target="producton"))


@pytest.mark.parametrize(
    ("target", "environ", "message"),
    [
        ("{org_id: org-1}", {"DEVIN_ORG_ID": "org-2"}, "DEVIN_ORG_ID in the environment is"),
        (
            "{api_url: https://api.devin.ai}",
            {"DEVIN_API_URL": "http://localhost:1"},
            "DEVIN_API_URL in the environment",
        ),
        ("{org_id: org/../x}", {}, "is not an organization id"),
        ("{}", {"DEVIN_API_KEY": "nonsense"}, "begins with neither cog_"),
        ("{}", {"DEVIN_API_KEY": "cog_ä"}, "a non-ASCII character"),
        ("{}", {"DEVIN_API_KEY": "cog_a b"}, "contains white space"),
        ("{}", {"DEVIN_API_KEY": ""}, "DEVIN_API_KEY is set but empty"),
        ("{}", {"DEVIN_API_URL": ""}, "DEVIN_API_URL is set but empty"),
        ("{}", {"DEVIN_ORG_ID": " "}, "DEVIN_ORG_ID is set but empty"),
        ("{inventory: {store: none}, prune: owned}", {}, "prune: owned needs an inventory"),
        ("{inventory: {store: none}, on_drift: fail}", {}, "on_drift: fail needs an inventory"),
        ("{inventory: {store: file}, scope: [A]}", {}, "need each other"),
        ("{inventory: {store: file}, prune: scope}", {}, "need each other"),
        (
            "{inventory: {store: file}, prune: scope, scope: [A], api_version: v1}",
            {},
            "needs API v3",
        ),
        ("{enterprise: true, org_id: org-1}", {}, "an enterprise has no org_id"),
        ("{enterprise_key_env: DEVIN_E, api_version: v1}", {}, "enterprise_key_env needs API v3"),
        (
            "{enterprise: true, enterprise_key_env: DEVIN_E}",
            {},
            "enterprise_key_env is for the settings of one organization",
        ),
        ("{enterprise_key_env: AWS_KEY}", {}, "enterprise_key_env must name a variable with DEVIN"),
        ("{enterprise_key_env: DEVIN_E}", {"DEVIN_E": "cog_key 2"}, "DEVIN_E contains white space"),
        ("{enterprise: true, api_version: v1}", {}, "enterprise: true needs API v3"),
        ("{enterprise: true}", {"DEVIN_API_KEY": "apk_1"}, "enterprise: true needs API v3"),
        ("{api_url: http://api.devin.ai}", {}, "is not encrypted"),
        ("{api_url: 'https://user@api.devin.ai'}", {}, "without user"),
        ("{api_url: https://api.devin.ai/v3}", {}, 'remove "/v3"'),
        (
            "{api_url: api.devin.ai}",
            {},
            "must be https://HOST[:PORT], or http://127.0.0.1:PORT for",
        ),
        ("{api_url: 'https://[::1'}", {}, "must be https://HOST"),
        ("{api_url: https://evil.example}", {}, "the key is not sent to evil.example"),
        ("{api_url: https://devin.ai.evil.example}", {}, "the key is not sent to"),
        ("{api_url: https://evildevin.ai}", {}, "the key is not sent to"),
    ],
)
def test_what_contradicts_or_endangers_the_key_stops_the_run(
    repository: Write, target: str, environ: dict[str, str], message: str
) -> None:
    root = config(repository, f"targets: {{a: {target}}}")
    with pytest.raises((ConfigError, InputError)) as caught:
        settings(root, KEY | environ)
    assert message in told(caught.value)
    assert "cog_key" not in told(caught.value)


@pytest.mark.parametrize("target", ["{}", "{api_url: https://api.devin.ai}", "{api_url: URL}"])
@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://gateway.example/?key=PRIVATE", "https://gateway.example/?***"),
        ("https://gateway.example?a=PRIVATE?", "https://gateway.example?***"),
        ("https://gateway.example/v3#PRIVATE", "https://gateway.example/v3#***"),
        ("https://gateway.example?", "https://gateway.example?***"),
        ("https://user:PRIVATE@gateway.example", "https://***"),
        ("https://:PRIVATE@gateway.example", "https://***"),
        ("https://user:PRI?VATE@gateway.example/v3", "https://***"),
        ("https://gateway.example?mail=PRIVATE@PRIVATE", "https://***"),
        ("user:PRIVATE@gateway.example", "***"),
        ("gateway.example?key=PRIVATE\nPRIVATE", "gateway.example?***"),
        ("https://PRIVATE\u2100@gateway.example", "https://***"),
        ("https://[gateway.example?key=PRIVATE", "https://[gateway.example?***"),
    ],
)
def test_an_address_is_quoted_without_what_may_be_a_key(
    repository: Write, target: str, url: str, shown: str
) -> None:
    root = config(repository, f"targets: {{a: {target.replace('URL', json.dumps(url))}}}")
    with pytest.raises((ConfigError, InputError)) as caught:
        settings(root, KEY if "URL" in target else KEY | {"DEVIN_API_URL": url})
    assert f'"{shown}"' in told(caught.value)
    assert "PRI" not in told(caught.value)
    assert "VATE" not in told(caught.value)


@pytest.mark.parametrize("option", ["api_key_env", "enterprise_key_env"])
@pytest.mark.parametrize("key", ["cog_1a2b3c", "apk_user_1a2b3c", "cog_1a2b-3c"])
def test_a_key_in_place_of_its_variable_is_leaked_and_not_shown(
    repository: Write, devinops: Devinops, option: str, key: str
) -> None:
    root = config(repository, f'targets: {{a: {{{option}: "{key}"}}}}')
    for command in ("validate", "plan", "whoami"):
        ran = devinops(command, "-C", root)
        assert (ran.code, "1a2b" in ran.out + ran.err) == (1, False)
        assert "this is a key, which is leaked: revoke it" in ran.out + ran.err


POLICIES = """\
targets:
  a:
    prune: owned
    on_drift: fail
  b: {inventory: {store: file}, scope: [A], org_id: org/1}
  c:
    inventory: {store: file}
    api_version: v1
    prune: scope
    scope: [A]
    max_delete: 120%
    api_url: http://api.devin.ai
  d: {prune: scope}
  e: {prune: owned, inventory: {store: branch}, on_drift: overwrite}
  f: {inventory: {store: s3}, prune: owned}
  g: {inventory: nope, prune: owned, api_key_env: AWS_KEY}
  h: nothing
defaults: {inventory: {store: none}}
"""
WRONG = """\
devinops.yaml:4:12 without-effect prune: owned needs an inventory
devinops.yaml:5:15 without-effect on_drift: fail needs an inventory
devinops.yaml:6:40 without-effect prune: scope and scope
devinops.yaml:6:53 invalid-value "org/1" is not an organization id
devinops.yaml:10:12 without-effect prune: scope needs API v3
devinops.yaml:12:17 invalid-value
devinops.yaml:13:14 invalid-value api_url "http://api.devin.ai" is not encrypted
devinops.yaml:14:14 without-effect prune: scope and scope
devinops.yaml:14:14 without-effect prune: scope needs an inventory
devinops.yaml:16:26 invalid-value
devinops.yaml:17:18 wrong-type
devinops.yaml:17:51 foreign-key-variable
devinops.yaml:18:6 wrong-type
"""


def test_everything_that_is_wrong_with_any_target_is_a_problem_with_its_place(
    repository: Write,
) -> None:
    with pytest.raises(InputError) as caught:
        read_project(config(repository, POLICIES))
    found = [f"{one.source} {one.code} {one.message}" for one in caught.value.problems]
    wanted = WRONG.splitlines()
    assert [one[: len(line)] for one, line in zip(found, wanted, strict=True)] == wanted


@pytest.mark.parametrize(
    "text",
    [
        "targets: [a]",
        "targets: {a: {prune: [owned], scope: null, on_drift: 1, org_id: 2, api_url: {}, api_key_env: 3}}",
        "targets: {a: {inventory: {store: file, store: none}, prune: owned}}",
        "targets: {a: {inventory: *missing, prune: owned}}",
        "targets: {a: {max_delete: 0x" + "F" * 5000 + "}}",
        "required_version: [1]",
    ],
)
def test_a_wrong_type_is_reported_once(repository: Write, text: str) -> None:
    with pytest.raises(InputError) as caught:
        read_project(config(repository, text))
    problems = caught.value.problems
    assert len({one.source for one in problems}) == len(problems)
    assert "without-effect" not in {one.code for one in problems}


ENTERPRISE = {"enterprise": True, "api_key_env": "DEVIN_API_KEY_E"}


@pytest.mark.parametrize(
    ("first", "second", "is_same"),
    [
        ({"org_id": "org-1"}, {"org_id": "org-1"}, True),
        ({"org_id": "org-1"}, {"org_id": "org-1", "api_url": "https://API.devin.ai/"}, True),
        ({"org_id": "org-1"}, {"org_id": "org-1", "api_url": "https://eu.devin.ai"}, False),
        ({"org_id": "org-1"}, {"org_id": "org-2"}, False),
        ({"org_id": "org-1"}, {"enterprise": True}, False),
        (ENTERPRISE, ENTERPRISE, True),
        (ENTERPRISE, ENTERPRISE | {"api_url": "https://eu.devin.ai"}, False),
        (ENTERPRISE, ENTERPRISE | {"api_key_env": "DEVIN_API_KEY_EU"}, False),
        (ENTERPRISE, {"org_id": "org-1", "api_key_env": "DEVIN_API_KEY_E"}, False),
        ({"enterprise": True}, {"enterprise": True}, False),  # the jobs can have different keys
        ({"org_id": "org-1"}, {"org_id": "org-1", "enterprise": True}, False),
        ({"org_id": "org-1"}, {"org_id": "org-1", "api_url": 5}, False),
        ({"org_id": 1}, {"org_id": 1}, False),
        ({}, {}, False),
    ],
)
def test_two_targets_of_one_organization_are_an_error(
    repository: Write, first: dict[str, object], second: dict[str, object], is_same: bool
) -> None:
    """Each has its own inventory, so what one owns is undeclared or foreign to the other."""
    text = yaml.safe_dump({"targets": {"one": first, "two": second}})
    root = config(repository, text)
    problems = [p for p in open_project(root)[1] if p.code == "same-organization"]
    assert [(p.severity, p.source.path) for p in problems] == (
        [(Severity.ERROR, "devinops.yaml")] if is_same else []
    )
    assert all("the targets one and two are the same" in problem.message for problem in problems)


def test_each_further_target_of_an_organization_is_an_error(repository: Write) -> None:
    text = "targets:\n  a: {org_id: org-1}\n  b: {org_id: org-2}\n  c: {org_id: org-1}\n"
    _, (problem,) = open_project(config(repository, text))
    assert str(problem.source) == "devinops.yaml:5:15"


EVERYTHING_WRONG = """\
version: 2
required_version: ">=99"
bogus: 1
paths: knowledge
ignore: [5]
targets:
  a:
    api_key_env: TOKEN
    max_delete: 200%
    org_id: "no id"
    api_url: http://api.acme.example
    on_drfit: keep
    on_drift: never
    prune: owned
    scope: []
    inventory: {store: brnch, branch: 5, foo: 1}
  b:
    enterprise: true
    org_id: org-1
    prune: owned
    enterprise_key_env: TOKEN
    api_version: v2
  "bad name/": {}
  c: 5
defaults: {inventory: {store: none}}
"""


def test_every_problem_is_reported_at_once_with_its_place(repository: Write) -> None:
    root = repository({"devinops.yaml": EVERYTHING_WRONG})
    with pytest.raises(InputError) as caught:
        read_project(root)
    assert [f"{problem.source}: {problem.code}" for problem in caught.value.problems] == [
        "devinops.yaml:1:10: invalid-value",
        "devinops.yaml:2:19: other-version",
        "devinops.yaml:3:1: unknown-key",
        "devinops.yaml:4:8: wrong-type",
        "devinops.yaml:5:10: wrong-type",
        "devinops.yaml:8:18: foreign-key-variable",
        "devinops.yaml:9:17: invalid-value",
        "devinops.yaml:10:13: invalid-value",
        "devinops.yaml:11:14: invalid-value",
        "devinops.yaml:12:5: unknown-key",
        "devinops.yaml:13:15: invalid-value",
        "devinops.yaml:15:12: invalid-value",
        "devinops.yaml:15:12: without-effect",
        "devinops.yaml:16:24: invalid-value",
        "devinops.yaml:16:39: wrong-type",
        "devinops.yaml:16:42: unknown-key",
        "devinops.yaml:19:13: without-effect",
        "devinops.yaml:20:12: without-effect",
        "devinops.yaml:21:25: foreign-key-variable",
        "devinops.yaml:21:25: without-effect",
        "devinops.yaml:22:18: invalid-value",
        "devinops.yaml:23:3: invalid-value",
        "devinops.yaml:24:6: wrong-type",
    ]


@pytest.mark.parametrize(
    "command",
    [["validate"], ["plan"], ["drift"], ["whoami"], ["rollback", "latest"], ["inventory", "list"]],
    ids=" ".join,
)
def test_every_command_tells_all_of_them(
    repository: Write, devinops: Devinops, command: list[str]
) -> None:
    root = repository({"devinops.yaml": EVERYTHING_WRONG, "knowledge/a.md": "---\nname: A\n"})
    ran = devinops(*command, "-C", root)
    lines = (ran.out + ran.err).splitlines()
    assert ran.code == 1
    assert len([line for line in lines if line.startswith("devinops.yaml:")]) == 23


def test_what_only_the_key_can_tell_is_a_problem_once_it_is_there(repository: Write) -> None:
    root = config(repository, "targets: {a: {inventory: {store: file}, prune: scope, scope: [A]}}")
    assert settings(root, KEY).policy.in_scope("A")
    with pytest.raises(InputError) as caught:
        settings(root, {"DEVIN_API_KEY": "apk_1"})
    assert [str(one.source) for one in caught.value.problems] == ["devinops.yaml:2:48"]


@pytest.mark.parametrize(
    "url",
    [
        "https://api.devin.ai",
        "https://api.acme.devinenterprise.com",
        "http://127.0.0.1:8484",
        "http://[::1]:1",
        "http://localhost",
    ],
)
def test_the_vendors_hosts_and_loopback_get_the_key(repository: Write, url: str) -> None:
    root = config(repository, f"targets: {{a: {{api_url: '{url}/'}}}}")
    assert settings(root, KEY).target.api_url == url


def test_another_host_gets_the_key_only_when_the_environment_names_it(repository: Write) -> None:
    root = config(repository, "targets: {a: {api_url: https://gateway.example}}")
    assert (
        settings(root, KEY | {"DEVIN_API_URL": "https://gateway.example"}).target.api_url
        == "https://gateway.example"
    )


@pytest.mark.parametrize(("key", "api"), [("cog_x", "v3"), ("apk_x", "v1"), ("apk_user_x", "v1")])
def test_the_prefix_of_the_key_chooses_the_api(tmp_path: Path, key: str, api: str) -> None:
    assert settings(tmp_path, {"DEVIN_API_KEY": key}).target.api == api


def test_a_declared_api_version_wins_over_the_prefix(repository: Write) -> None:
    found = settings(config(repository, "targets: {a: {api_version: v1}}"), KEY)
    assert (found.target.api, found.sources["api_version"]) == ("v1", "devinops.yaml:2:28")


@pytest.mark.parametrize(
    ("variable", "is_refused"),
    [
        ("DEVIN_API_KEY", True),
        ("DEVIN_API_KEY_PLAN", True),
        ("DEVIN_API_KEY_OF_A_REMOVED_TARGET", True),
        ("DEVIN_KEY_B", True),
        ("DEVIN_ENTERPRISE", True),
        ("DEVIN_ENTERPRISE_PLAN", True),
        ("CI_JOB_TOKEN", True),
        ("Aws_Secret_Access_Key", True),
        ("AWS_ACCESS_KEY_ID", True),
        ("GIT_TOKEN", True),
        ("GIT_CONFIG_VALUE_12", True),
        ("google_application_credentials", True),
        ("AZURE_CLIENT_SECRET", True),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", True),
        ("CIRCLE_OIDC_TOKEN_V2", True),
        ("BITBUCKET_STEP_OIDC_TOKEN", True),
        ("ARM_OIDC_REQUEST_TOKEN", True),
        ("ID_TOKEN_1", True),
        ("VAULT_ID_TOKEN", True),
        ("DEVIN_SLACK_TOKEN", False),
        ("NPM_TOKEN", False),
        ("ANDROID_TOKEN", False),
        ("LAWS_TOKEN", False),
        ("AWS_REGION", False),
        ("AWS_SECRET_ACCESS_KEY_VALUE", False),
        ("GIT_TOKEN_VALUE", False),
        ("DEVIN_API_KEY_VALUE", False),
        ("VAULT_ID_TOKEN_VALUE", False),
    ],
)
def test_no_variable_of_a_key_can_be_the_value_of_a_secret(
    repository: Write, variable: str, is_refused: bool
) -> None:
    root = repository(
        {
            "devinops.yaml": "version: 1\ntargets:\n"
            "  a: {org_id: org-a}\n"
            "  b: {org_id: org-b, api_key_env: DEVIN_KEY_B, enterprise_key_env: DEVIN_ENTERPRISE}\n",
            "secrets.yaml": "secrets:\n"
            f"  - {{key: A, type: totp, value_from: {{env: {variable}}}}}\n",
        }
    )
    expected = ["secrets.yaml:2:44 credential-variable"] if is_refused else []
    problems = read_repository(root)[1].problems
    assert [f"{problem.source} {problem.code}" for problem in problems] == expected


def test_the_tokens_that_comment_reads_are_known_as_tokens() -> None:
    assert all(map(is_credential, (*github.TOKENS, *gitlab.TOKENS, gitlab.JOB_TOKEN)))


def test_a_value_from_a_variable_names_the_variable(tmp_path: Path) -> None:
    flags = Flags(timeout=5.0, sources={"timeout": "environment DEVINOPS_TIMEOUT"})
    assert settings(tmp_path, KEY, flags).sources["timeout"] == "environment DEVINOPS_TIMEOUT"


@pytest.mark.parametrize(
    "host", ["evil.com%2f.devin.ai", "evil.com;.devin.ai", "evil.com\\.devin.ai", "ev il.devin.ai"]
)
def test_a_host_that_is_none_gets_no_key(tmp_path: Path, host: str) -> None:
    with pytest.raises(ConfigError, match="must be https://HOST"):
        settings(tmp_path, KEY | {"DEVIN_API_URL": f"https://{host}"})


def test_the_key_is_in_no_repr(tmp_path: Path) -> None:
    assert "cog_key" not in repr(settings(tmp_path, KEY))


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("targts: {}", ["unknown-key"]),
        ("targets: {a: {org: x}}", ["unknown-key"]),
        ("targets: {a: {api_key_env: AWS_SECRET_ACCESS_KEY}}", ["foreign-key-variable"]),
        ("targets: {a: {api_key_env: DEVINOPS_GITLAB_TOKEN}}", ["foreign-key-variable"]),
        ("targets: {a: {api_key_env: cog_1aB2}}", ["leaked-key"]),
        ("targets: {a: {enterprise_key_env: apk_user_DEVIN}}", ["leaked-key"]),
        ("targets: {a: {api_key_env: cog_1-2}}", ["invalid-value", "leaked-key"]),
        ("targets: {a: {enterprise_key_env: DEVINOPS_GITLAB_TOKEN}}", ["foreign-key-variable"]),
        ("targets: {a: {max_delete: 120%}}", ["invalid-value"]),
        ("targets: {a: {max_delete: -1}}", ["invalid-value"]),
        ("targets: {a: {v3_macro: hald}}", ["invalid-value"]),
        ("targets: {a: {inventory: {store: branch, branch: HEAD}}}", ["invalid-value"]),
        ("targets: {a: {inventory: {store: branch, branch: refs/heads/x}}}", ["invalid-value"]),
        ("targets: {a: {api_version: v2}}", ["invalid-value"]),
        ("targets: {a: {inventory: {store: s3}}}", ["invalid-value"]),
        ("targets: {a: {inventory: {branch: b}}}", ["missing-field"]),
        ("targets: {a: {inventory: {store: branch, branch: a..b}}}", ["invalid-value"]),
        ("targets: {a: {inventory: {store: branch, remote: --upload-pack=x}}}", ["invalid-value"]),
        ("paths: x", ["wrong-type"]),
        ("version: 1", ["duplicate-key"]),
    ],
)
def test_problems_of_the_file_have_a_place_and_a_code(
    repository: Write, text: str, codes: list[str]
) -> None:
    with pytest.raises(InputError) as caught:
        read_project(config(repository, text))
    assert [problem.code for problem in caught.value.problems] == codes
    assert all(
        problem.source.path == "devinops.yaml" and problem.source.line == 2
        for problem in caught.value.problems
    )


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (">=99", "requires devinops >=99"),
        ("about 1", "takes a range"),
        ("<0.1", "install a version that it accepts"),
    ],
)
def test_another_version_gets_a_message(repository: Write, wanted: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        read_project(config(repository, f"required_version: '{wanted}'\ntargts: {{}}\n"))
    first, second = caught.value.problems
    assert message in first.message
    assert (str(first.source), second.code) == ("devinops.yaml:2:19", "unknown-key")


@pytest.mark.parametrize(
    ("version", "fits", "does_not_fit"),
    [
        ("1.0.0", (">=1.0", "==1.0.*", "<1.1", "==1.0.0", "~=1.0"), (">1.0", ">=1.0.1", "<1")),
        # A commit counts as the release that it is or becomes.
        ("1.0.0+unknown", (">=0.1", ">=1.0,<2", "==1.0.0", "<1.1"), (">1.0.0", "<1.0")),
        ("1.2.3+g1a2b3c4", (">=1.2.3", "==1.2.3"), (">1.2.3", "<=1.2.2", "!=1.2.3")),
        ("1.2.3rc2", (">=1.2.3rc1", "==1.2.3rc2"), (">=1.2.3", "==1.2.3")),
    ],
)
def test_a_commit_counts_as_its_release(
    repository: Write,
    monkeypatch: pytest.MonkeyPatch,
    version: str,
    fits: tuple[str, ...],
    does_not_fit: tuple[str, ...],
) -> None:
    monkeypatch.setattr("devinops.config.reading.__version__", version)
    for wanted in fits:
        assert read_project(config(repository, f"required_version: '{wanted}'")).targets == {}
    for wanted in does_not_fit:
        with pytest.raises(InputError, match=re.escape(f"{wanted}, but this is {version}")):
            read_project(config(repository, f"required_version: '{wanted}'"))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("DEVINOPS_TARGT", 'did you mean "DEVINOPS_TARGET"'),
        ("DEVINOPS_YES", "approvals can be given only on the command line"),
        ("DEVINOPS_EXPECT", "is not known; unset it"),
        ("DEVINOPS_ALLOW_DELETE", "is not known; unset it"),
    ],
)
def test_a_variable_that_means_nothing_is_fatal(name: str, message: str) -> None:
    with pytest.raises(DevinopsError, match=message):
        check_environment({name: "1"}, str)
    check_environment({"DEVINOPS_TARGET": "a", "DEVIN_API_KEY": "b", "PATH": "c"}, str)
    check_environment({"DEVINOPS_JOB": "Job 8f1c", "DEVINOPS_JOB_ATTEMPT": "0"}, str)
    with pytest.raises(DevinopsError, match="DEVINOPS_JOB_ATTEMPT must be a number, not first"):
        check_environment({"DEVINOPS_JOB_ATTEMPT": "first"}, str)


def test_the_root_is_the_nearest_parent_with_a_devinops_yaml(repository: Write) -> None:
    root = repository({"devinops.yaml": "version: 1\n", "a/b/c.md": ""})
    assert find_root(root / "a" / "b") == root
    (root / "a" / "devinops.yaml").write_text("version: 1\n")
    assert find_root(root / "a" / "b") == root / "a"


def test_without_a_devinops_yaml_the_root_is_here(tmp_path: Path) -> None:
    assert find_root(tmp_path) == tmp_path


@pytest.mark.parametrize(
    "name", ["devinops.yml", "DevinOps.yaml", ".devinops.yaml", "devinops.toml"]
)
def test_a_root_can_be_found_by_a_devinops_yaml_with_a_wrong_name(
    repository: Write, name: str
) -> None:
    root = repository({name: "version: 1\n", "a/b/c.md": "", "a/devinops.yml/x": ""})
    assert find_root(root / "a" / "b") == root
    with pytest.raises(InputError) as caught:
        read_project(root)
    assert [(p.source.path, p.code) for p in caught.value.problems] == [(name, "not-read")]
    assert "rename it to devinops.yaml" in caught.value.problems[0].message


def test_a_workflow_called_devinops_marks_no_root(repository: Write) -> None:
    root = repository(
        {"devinops.yaml": "version: 1\n", ".github/workflows/devinops.yml": "on: push"}
    )
    repository({".circleci/devinops.yml": "", ".gitlab/ci/devinops.yml": ""})
    for directory in (".github/workflows", ".circleci", ".gitlab/ci"):
        assert find_root(root / directory) == root


def test_a_devinops_yaml_that_is_a_link_to_nowhere_is_not_passed_over(repository: Write) -> None:
    root = repository({"a/b.md": ""})
    (root / "devinops.yaml").symlink_to("gone.yaml")
    assert find_root(root / "a") == root
    with pytest.raises(InputError):
        read_project(root)


def test_a_directory_that_cannot_be_listed_is_no_root(
    repository: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = repository({"a/b.md": "", "devinops.yaml": "version: 1\n"})

    def refuse(path: object) -> list[str]:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.listdir", refuse)
    assert find_root(root / "a") == root


def test_a_second_file_of_settings_is_a_problem_unless_it_is_ignored(repository: Write) -> None:
    root = repository({"devinops.yaml": "version: 1\n", "devinops.yml": "version: 1\n"})
    with pytest.raises(InputError) as caught:
        read_project(root)
    assert [(p.source.path, p.code) for p in caught.value.problems] == [
        ("devinops.yml", "not-read")
    ]
    repository({"devinops.yaml": 'version: 1\nignore: [devinops.yml, "!x"]\n'})
    assert read_project(root).ignore == ("devinops.yml", "!x")


COMMANDS = [
    ["validate"],
    ["plan"],
    ["apply", "--yes"],
    ["drift"],
    ["rollback", "latest", "--yes"],
    ["inventory", "list"],
    ["whoami"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("both", [False, True])
def test_no_command_goes_on_without_the_settings_of_devinops_yml(
    command: list[str],
    both: bool,
    repository: Write,
    devinops: Devinops,
    use: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    root = repository(
        {"devinops.yml": "version: 1\n", "knowledge/F/a.md": "---\nname: a\ntrigger: t\n---\nb\n"}
    )
    if both:
        repository(
            {
                "devinops.yaml": 'version: 1\nignore: ["knowledge/F/b.md"]\n',
                "knowledge/F/b.md": "text",
            }
        )
    use("http://127.0.0.1:9")
    monkeypatch.chdir(root / "knowledge" / "F")
    ran = devinops(*command)
    assert ran.code == 1
    assert (ran.out + ran.err).count(
        "devinops.yml:1:1: error: this name is not read: rename it to devinops.yaml"
    ) == 1
    assert "b.md" not in ran.out + ran.err


def test_problems_of_globs_stand_where_the_globs_are_written(
    repository: Write, devinops: Devinops
) -> None:
    text = 'version: 1\npaths:\n  - knowledge\n  - none\nignore: [drafts/, "!x",\n  "../x"]\n'
    root = repository(
        {"devinops.yaml": text, "knowledge/a.md": "---\nname: a\ntrigger: t\n---\nb\n"}
    )
    found = devinops("validate", "-C", root).out.splitlines()
    assert [(line.split(": ")[0], line.rpartition("[")[2]) for line in found[:-1]] == [
        ("devinops.yaml:4:5", "no-match]"),
        ("devinops.yaml:5:10", "unused-ignore]"),
        ("devinops.yaml:5:19", "bad-pattern]"),
        ("devinops.yaml:6:3", "bad-pattern]"),
    ]


def test_a_key_instead_of_its_variable_is_not_shown(repository: Write) -> None:
    with pytest.raises(InputError) as caught:
        read_project(config(repository, "targets: {a: {api_key_env: cog_hunter2}}"))
    assert "hunter2" not in str([problem.message for problem in caught.value.problems])


def test_a_root_that_is_no_directory_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not a directory"):
        read_project(tmp_path / "nope")


def test_a_password_in_the_address_is_not_shown(tmp_path: Path) -> None:
    environ = {"DEVIN_API_URL": "https://bob:hunter2@secret@gw.example", "DEVIN_API_KEY": "cog_x"}
    with pytest.raises(ConfigError) as caught:
        resolve(read_project(tmp_path), Flags(), environ)
    assert 'not "https://***"' in str(caught.value)
    assert "hunter2" not in str(caught.value)


# --- a fleet ----------------------------------------------------------------------------------------------


FLEET = """\
defaults:
  api_key_env: DEVIN_KEY_FLEET
  inventory: {store: branch}
  prune: owned
targets: targets.yaml
"""
IN_FILE = """\
# The organizations.
targets:
  pay:
    org_id: org-1
    labels: {ring: canary}
  ship:
    org_id: org-2
    prune: "off"
    hold: waits for the audit
"""


def fleet(write: Write, text: str = FLEET, in_file: str = IN_FILE) -> Path:
    return write({"devinops.yaml": f"version: 1\n{text}", "targets.yaml": in_file})


def problems_of(root: Path) -> list[str]:
    return [
        f"{problem.source} {problem.code}: {problem.message}" for problem in open_project(root)[1]
    ]


def test_a_target_has_the_defaults_that_it_does_not_set_itself(repository: Write) -> None:
    root = fleet(repository)
    keys = {"DEVIN_KEY_FLEET": "cog_f"}
    pay, ship = (settings(root, keys, Flags(target=name)) for name in ("pay", "ship"))
    assert (pay.connection.key, pay.target.org_id, pay.policy.prune) == ("cog_f", "org-1", "owned")
    assert (ship.connection.key, ship.policy.prune) == ("cog_f", "off")
    assert pay.sources["prune"] == "devinops.yaml:5:10, defaults"
    assert ship.sources["prune"] == "targets.yaml:8:12"
    assert pay.sources["org_id"] == "targets.yaml:4:13"


def test_defaults_also_hold_without_targets(repository: Write) -> None:
    found = settings(config(repository, "defaults: {max_delete: 5}"), KEY)
    assert (found.target.name, str(found.policy.max_delete)) == ("default", "5")
    assert found.sources["max_delete"] == "devinops.yaml:2:24, defaults"


def test_a_default_that_does_not_suit_a_target_does_not_reach_it(repository: Write) -> None:
    text = (
        "defaults: {inventory: {store: file}, prune: scope, scope: [A], enterprise_key_env: DEVIN_E}\n"
        "targets: {all-of-us: {enterprise: true}, a: {prune: owned}}"
    )
    project = read_project(config(repository, text))
    assert "enterprise_key_env" not in project.targets["all-of-us"]
    assert "scope" not in project.targets["a"]


def test_a_mapping_of_a_target_replaces_the_whole_default(repository: Write) -> None:
    text = (
        "defaults: {inventory: {store: branch, branch: x}}\n"
        "targets: {a: {inventory: {store: branch}}}"
    )
    assert settings(config(repository, text), KEY).inventory == InventorySettings("branch")


def test_a_held_target_says_why_and_where(repository: Write) -> None:
    found = settings(fleet(repository), {"DEVIN_KEY_FLEET": "cog_f"}, Flags(target="ship"))
    assert found.policy.hold == "waits for the audit (targets.yaml:9:11)"


def test_the_owner_of_a_renamed_target_is_its_oldest_name(repository: Write) -> None:
    text = "targets: {pay: {previously: [billing, money]}, x: {previously: [y], owner: me}}"
    root = config(repository, text)
    pay, other = (settings(root, KEY, Flags(target=name)) for name in ("pay", "x"))
    assert (pay.connection.owner, pay.target.previously) == ("money", ("billing", "money"))
    assert pay.sources["owner"] == "devinops.yaml:2:29, the oldest name"
    assert other.connection.owner == "me"


def test_settings_of_each_selected_target_can_be_resolved_by_name(repository: Write) -> None:
    project = read_project(fleet(repository))
    flags = Flags(targets=("ring=canary", "ship"))
    assert selected_targets(project, flags) == ("pay", "ship")
    environ = {"DEVIN_KEY_FLEET": "cog_f"}
    found = [resolve(project, flags, environ, name) for name in selected_targets(project, flags)]
    assert [item.target.org_id for item in found] == ["org-1", "org-2"]
    with pytest.raises(UsageError, match=r"--target selects 2 targets \(pay, ship\)"):
        resolve(project, flags, environ)


def test_a_selector_of_one_target_is_as_good_as_its_name(repository: Write) -> None:
    root = fleet(repository)
    found = settings(root, {"DEVIN_KEY_FLEET": "cog_f"}, Flags(target="ring=canary"))
    assert (found.target.name, found.sources["target"]) == ("pay", "option --target")
    assert (
        settings(config(repository, "lint: {}"), KEY, Flags(target="all")).target.name == "default"
    )


@pytest.mark.parametrize(
    ("text", "in_file", "expected"),
    [
        (FLEET, "pay: {org_id: org-1}\n", "targets.yaml:1:1 missing-field: `targets:` is missing"),
        (FLEET, "# nothing\n", "targets.yaml:1:1 missing-field: `targets:` is missing"),
        (FLEET, "targets:\n", "targets.yaml:1:9 wrong-type: expected a mapping"),
        (FLEET, "targets: {}\n", "targets.yaml:1:10 invalid-value: must not be empty."),
        (FLEET, "targets: {a: {}}\nb: {}\n", 'targets.yaml:2:1 unknown-key: unknown key "b"'),
        (FLEET, "targets:\n  a: {}\n  a: {}\n", "targets.yaml:3:3 duplicate-key: "),
        (FLEET, "targets: {a: {orgid: x}}\n", "targets.yaml:1:15 unknown-key: "),
        (FLEET, "targets: {con: {}}\n", 'targets.yaml:1:11 invalid-value: "con" is not valid. '),
        (FLEET, "targets: {all: {}}\n", 'targets.yaml:1:11 invalid-value: "all" is not valid. '),
        (FLEET, "targets: {a: {labels: {x: 1}}}\n", "targets.yaml:1:27 wrong-type: expected a str"),
        (FLEET, "targets: {a: {labels: {x: a b}}}\n", 'targets.yaml:1:27 invalid-value: "a b" is'),
        (FLEET, "targets: {a: {hold: true}}\n", "targets.yaml:1:21 wrong-type: expected a string"),
        (
            FLEET,
            "targets: {a: {previously: [b]}, b: {}}\n",
            "targets.yaml:1:28 contradiction: b is also a name of the target b",
        ),
        (
            FLEET,
            "targets: {a: {previously: [c]}, b: {previously: [c]}}\n",
            "targets.yaml:1:50 contradiction: c is also a name of the target a",
        ),
        (
            "defaults: {prune: owned, inventory: {store: none}}\ntargets: targets.yaml\n",
            "targets: {a: {inventory: {store: file}}, b: {}, c: {}}\n",
            (
                "devinops.yaml:2:19 without-effect: prune: owned needs an inventory: remove "
                "inventory: {store: none} (for b, c)"
            ),
        ),
        (
            "defaults: {api_key_env: SECRET}\ntargets: targets.yaml\n",
            "targets: {a: {}, b: {}}\n",
            "devinops.yaml:2:25 foreign-key-variable: ",
        ),
        (
            FLEET,
            "targets: {a: {org_id: org-1}, b: {org_id: org-1}}\n",
            "targets.yaml:1:43 same-organization: ",
        ),
        ("defaults: {org_id: org-1}\n", "", "devinops.yaml:2:12 unknown-key: "),
        (
            f"{FLEET}waves: [{{name: canary, where: {{ring: canary}}}}]\n",
            "targets: {a: {labels: {ring: canary}}, b: {}}\n",
            "targets.yaml:1:40 no-wave: b is in no wave: correct its labels, ",
        ),
        (
            f"{FLEET}waves: [{{name: due}}]\n",
            "targets: {a: {}, b: {}}\n",
            "devinops.yaml:7:16 invalid-value: ",
        ),
        ("targets: nowhere.yaml\n", "", "devinops.yaml:2:10 missing-file: the file 'nowhere.yaml'"),
        ("targets: ../x.yaml\n", "", "devinops.yaml:2:10 outside-root: '../x.yaml' leads outside"),
        ("targets: .hidden/x.yaml\n", "", "devinops.yaml:2:10 hidden: "),
        ("targets: [a]\n", "", "devinops.yaml:2:10 wrong-type: expected a mapping"),
    ],
)
def test_each_problem_of_a_fleet_is_at_its_place(
    repository: Write, text: str, in_file: str, expected: str
) -> None:
    (found,) = problems_of(fleet(repository, text, in_file))
    assert found.startswith(expected)


def test_a_file_of_targets_is_no_link_that_leads_outside(repository: Write, tmp_path: Path) -> None:
    root = fleet(repository)
    (tmp_path / "secret.yaml").write_text(IN_FILE)
    (root / "targets.yaml").unlink()
    (root / "targets.yaml").symlink_to(tmp_path / "secret.yaml")
    (found,) = problems_of(root)
    assert "outside-root" in found


def test_entries_are_not_blamed_for_targets_that_could_not_be_read(repository: Write) -> None:
    root = fleet(repository, in_file="targets: [\n")
    (root / "knowledge").mkdir()
    (root / "knowledge" / "a.yaml").write_text(
        "knowledge: [{name: A, trigger: t, body: b, targets: [pay]}]\n"
    )
    _, loaded = read_repository(root)
    assert {problem.source.path for problem in loaded.problems} == {"targets.yaml"}
