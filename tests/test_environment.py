"""The variables of CI systems, and misspelled ones of devinops."""

from __future__ import annotations

import pytest

from devinops.emulator import Emulator
from devinops.environment import CI_SIGNS, is_ci, misspelled
from tests.testing.command_line import Devinops, Write


@pytest.mark.parametrize("name", CI_SIGNS)
def test_a_variable_of_a_ci_system_tells_that_nobody_can_answer(name: str) -> None:
    assert is_ci({name: "1"})


@pytest.mark.parametrize("value", ["", "0", "false", "False"])
def test_a_variable_that_is_off_tells_nothing(value: str) -> None:
    assert not is_ci({"CI": value, "PATH": "/bin"})


TYPOS = {
    "DEVIN_APIURL": "DEVIN_API_URL",
    "DEVIN_API_ULR": "DEVIN_API_URL",
    "DEVIN_ORGID": "DEVIN_ORG_ID",
    "DEVINORGID": "DEVIN_ORG_ID",
    "DEVIN__ORG_ID": "DEVIN_ORG_ID",
    "DEVN_ORG_ID": "DEVIN_ORG_ID",
    "DEIVN_ORG_ID": "DEVIN_ORG_ID",
    "devin_org_id": "DEVIN_ORG_ID",
    "DEVIN_API_KYE": "DEVIN_API_KEY",
    "DEVIN_APIKEY": "DEVIN_API_KEY",
    "DEVIN_API_KEYS": "DEVIN_API_KEY",
    "DEVIN_APY_KEY": "DEVIN_API_KEY",
}
OTHERS = (
    *("DEVIN_API_URL", "DEVIN_ORG_ID", "DEVIN_API_KEY", "DEVIN_API_TOKEN", "DEVIN_TOKEN"),
    *("DEVIN_API_KEY_PLAN", "DEVIN_API_KEY_2", "DEVIN_ORG_ID_EU", "DEVIN_API_KEY_", "DEVIN"),
    *("KEVIN_API_KEY", "MY_DEVIN_API_KEY", "API_KEY", "DEVIN_ORG", "DEVIN_API", "D", ""),
)


@pytest.mark.parametrize(("name", "variable"), TYPOS.items())
def test_a_variable_that_is_almost_one_that_chooses_the_place_is_misspelled(
    name: str, variable: str
) -> None:
    assert misspelled({name: "x", "PATH": "/bin"}) == {name: variable}


@pytest.mark.parametrize("name", OTHERS)
def test_longer_names_and_those_of_other_programs_are_not_misspelled(name: str) -> None:
    assert misspelled({name: "x"}) == {}


NOTE = {"knowledge/a.md": "---\nname: A\ntrigger: t\n---\nb\n"}


@pytest.mark.parametrize(
    "command",
    [
        "plan",
        "apply --yes",
        "drift",
        "whoami",
        "pull",
        "inventory list",
        "plan -t all",
        "targets discover",
    ],
)
def test_a_misspelled_variable_stops_each_command_that_uses_the_api(
    emulator: Emulator,
    repository: Write,
    devinops: Devinops,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
) -> None:
    monkeypatch.setenv("DEVIN_ORGID", "org-other")
    root = repository(NOTE | {"devinops.yaml": "version: 1\ntargets: {a: {}}\n"})
    ran = devinops(*command.split(), "-C", root)
    assert (ran.code, emulator.requests) == (1, [])
    message = "the environment variable DEVIN_ORGID is not read: did you mean DEVIN_ORG_ID?"
    assert message in ran.out + ran.err


@pytest.mark.parametrize("command", ["validate", "lint", "fmt"])
def test_commands_without_the_api_do_not_care(
    repository: Write, devinops: Devinops, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    before = devinops(command, "-C", repository(NOTE))
    monkeypatch.setenv("DEVIN_ORGID", "org-other")
    assert devinops(command, "-C", repository(NOTE)) == before


def test_a_name_that_the_files_mention_is_not_misspelled(
    emulator: Emulator, repository: Write, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DEVIN_APIKEY", "DEVIN_API_KEYS", "DEVIN_ORGID"):
        monkeypatch.setenv(name, "cog_emulator")
    secret = "secrets: [{key: T, type: key-value, value_from: {env: DEVIN_ORGID}}]\n"
    config = "version: 1\ntargets: {a: {api_key_env: DEVIN_APIKEY, enterprise_key_env: DEVIN_API_KEYS}}\n"
    root = repository(NOTE | {"devinops.yaml": config, "secrets.yaml": secret})
    assert devinops("plan", "-C", root).code == 0
    repository({"secrets.yaml": ""})
    assert "DEVIN_ORGID is not read" in devinops("plan", "-C", root).err
