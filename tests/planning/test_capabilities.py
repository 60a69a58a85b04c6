"""What an API or its edition cannot do is a problem before anything is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from devinops.kinds.automation import Automation
from devinops.kinds.idp_group import IdpGroup
from devinops.kinds.knowledge import Knowledge
from devinops.kinds.secret import Secret
from devinops.load import load
from devinops.model.keys import FolderPath, Key
from devinops.model.kind import Scope
from devinops.model.objects import Declaration, Ensure, Source
from devinops.planning.capabilities import (
    api_problems,
    edition_problems,
    rotation_warnings,
    target_problems,
    value_problems,
)
from tests.testing.plans import entry


def note(ensure: Ensure, folder: str, macro: str | None) -> Declaration:
    resource = Knowledge(name="A", folder=FolderPath(folder), trigger="t", body="b", macro=macro)
    return Declaration(
        Key("knowledge", FolderPath(folder), "A"), resource, Source("a.yaml"), ensure
    )


def test_what_is_not_managed_needs_nothing_of_the_api() -> None:
    assert list(api_problems([note(Ensure.UNMANAGED, "F/G", "!a")], "v1")) == []
    assert [p.code for p in api_problems([note(Ensure.ABSENT, "F/G", "!a")], "v1")] == [
        "nested-folder"
    ]
    assert [p.code for p in api_problems([note(Ensure.PRESENT, "F", "!a")], "v3")] == [
        "unsupported-field"
    ]


def test_an_entry_for_a_target_that_is_not_declared_is_a_problem_where_that_is_written() -> None:
    place = Source("a.yaml", 7)
    known = note(Ensure.PRESENT, "", None)._replace(targets=("production",))
    limited = known._replace(targets=("production", "stagin"), sources={"targets": place})
    (problem,) = target_problems([known, limited], {"production", "staging"})
    assert (problem.source, problem.code) == (place, "unknown-target")
    assert problem.message == (
        'knowledge:A is for the target "stagin" (did you mean "staging"?), which devinops.yaml '
        "does not declare"
    )


def test_a_problem_of_a_secret_does_not_repeat_the_target() -> None:
    secret = entry(Secret(key="A"), targets=("s3cret",))
    (problem,) = target_problems([secret], {"production"})
    assert problem.message == "secret:A is for a target, which devinops.yaml does not declare"


def test_a_value_in_the_variable_of_a_key_is_a_problem_where_the_variable_is_named() -> None:
    place = Source("secrets.yaml", 3, 40)
    entries = [
        entry(
            Secret(key="A", type="totp", value_from={"env": name}),
            sources={("value_from", "env"): place},
        )
        for name in ("Devin_Key", "DEVIN_OTHER")
    ]
    (problem,) = value_problems(
        [*entries, entry(Secret(key="B"))], lambda name: name == "Devin_Key"
    )
    assert (problem.source, problem.code) == (place, "credential-variable")
    assert problem.message == (
        "Devin_Key can hold a key or token of the job itself (of Devin, CI, Git or a cloud), and "
        "every session could read that as this secret: use another variable, such as "
        "Devin_Key_VALUE"
    )


def test_a_kind_that_an_api_or_a_scope_does_not_have_is_a_problem_once() -> None:
    (of_v3,) = api_problems([entry(Automation(name="A"))], "v1")
    (of_organizations,) = api_problems([entry(Secret(key="A"))], "v3", Scope.ENTERPRISE)
    assert (of_v3.code, of_organizations.code) == ("unsupported-kind", "unsupported-kind")
    assert of_v3.message.startswith("API v1 does not support automations (API v3 does): ")
    assert of_organizations.message.startswith("an enterprise has no secret, only its ")
    (of_enterprise,) = api_problems([entry(IdpGroup(name="A"))], "v3")
    assert of_enterprise.message.startswith("an organization has no group, only its enterprise ")


def test_an_enterprise_has_no_folders_to_put_a_note_into() -> None:
    (problem,) = api_problems([note(Ensure.ABSENT, "F", None)], "v3", Scope.ENTERPRISE)
    assert problem.code == "unsupported-field"
    assert 'this entry is in "F": write folder: ""' in problem.message
    assert list(api_problems([note(Ensure.ABSENT, "", None)], "v3", Scope.ENTERPRISE)) == []


@pytest.mark.parametrize(
    ("ensure", "macro", "unknown", "codes"),
    [
        (Ensure.PRESENT, "!a", {("knowledge", "macro")}, ["unsupported-field"]),
        (Ensure.PRESENT, None, {("knowledge", "macro")}, []),
        (Ensure.PRESENT, "!a", {("playbook", "macro"), ("knowledge", "pinned_repo")}, []),
        (Ensure.ABSENT, "!a", {("knowledge", "macro")}, []),
        (Ensure.UNMANAGED, "!a", {("knowledge", "macro")}, []),
    ],
)
def test_a_declared_field_that_an_edition_does_not_know_is_a_problem(
    ensure: Ensure, macro: str | None, unknown: set[tuple[str, str]], codes: list[str]
) -> None:
    found = list(edition_problems([note(ensure, "F", macro)], "v1", unknown))
    assert [problem.code for problem in found] == codes
    assert all("API v1 lists no note with the field macro" in one.message for one in found)


def test_a_version_without_an_inventory_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "secrets.yaml").write_text("secrets: [{key: A, version: '1'}, {key: B}]")
    (warning,) = rotation_warnings(load(tmp_path).declarations)
    assert (warning.code, warning.severity) == ("version-needs-inventory", "warning")
