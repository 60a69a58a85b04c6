"""A kind is made from its dataclass: attributes, references and keys."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from devinops.kinds import KINDS
from devinops.kinds.folder import Folder
from devinops.kinds.knowledge import Knowledge
from devinops.kinds.secret import Secret
from devinops.model.keys import ROOT, FolderPath, Key
from devinops.model.kind import Composite, Identity, Kind, Named, OnlyObject, Path, Resource


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_each_field_of_a_kind_is_an_attribute_that_knows_its_name(kind: Kind) -> None:
    names = [field.name for field in dataclasses.fields(kind.resource)]
    assert [attribute.name for attribute in kind.attributes] == names


@pytest.mark.parametrize(
    ("noun", "kinds"), [("knowledge", {"folder"}), ("folder", set()), ("secret", set())]
)
def test_a_kind_knows_the_kinds_that_it_refers_to(noun: str, kinds: set[str]) -> None:
    assert KINDS[noun].references == kinds


@pytest.mark.parametrize(
    ("noun", "resource", "key"),
    [
        ("knowledge", Knowledge(name="a/b", folder=FolderPath("F")), "knowledge:F/a%2Fb"),
        ("folder", Folder(path=FolderPath("F/a%2Fb")), "folder:F/a%2Fb"),
        ("secret", Secret(key="TOKEN"), "secret:TOKEN"),
    ],
)
def test_a_key_comes_from_the_values_of_an_object(noun: str, resource: Resource, key: str) -> None:
    assert str(KINDS[noun].key(resource)) == key


@pytest.mark.parametrize(
    ("identity", "values"),
    [
        (Named("name"), {"name": "a/b 100%"}),
        (Path("name"), {"name": "F/a%2Fb"}),
        (Composite(("name", "trigger")), {"name": "a 100%20", "trigger": "%20 b"}),
        (OnlyObject(), {}),
    ],
)
def test_the_values_of_an_identity_come_back_from_a_key(
    identity: Identity, values: dict[str, Any]
) -> None:
    assert identity.values(identity.key("knowledge", ROOT, Knowledge(**values))) == values


def test_keys_of_several_fields_differ_if_a_field_does() -> None:
    identity = Composite(("name", "trigger"))
    keys = [
        identity.key("knowledge", ROOT, Knowledge(name=name, trigger=trigger))
        for name, trigger in (("a b", "c"), ("a", "b c"), ("a", "b%20c"))
    ]
    assert len(set(keys)) == 3


@pytest.mark.parametrize(
    ("noun", "key", "changed", "expected"),
    [
        ("knowledge", "knowledge:F/A", {"name": "B"}, "knowledge:F/B"),
        ("knowledge", "knowledge:F/A", {"folder": None}, "knowledge:A"),
        ("knowledge", "knowledge:F/A", {"trigger": "t"}, "knowledge:F/A"),
        ("secret", "secret:A", {"key": "B/C"}, "secret:B%2FC"),
    ],
)
def test_a_key_follows_changed_values(
    noun: str, key: str, changed: dict[str, Any], expected: str
) -> None:
    assert str(KINDS[noun].key_with(Key.parse(key), changed)) == expected


def test_an_identity_needs_fields_that_each_entry_has() -> None:
    with pytest.raises(AssertionError, match="each entry of knowledge must have"):
        dataclasses.replace(KINDS["knowledge"], identity=Named("pinned_repo"))


def test_objects_in_a_tree_are_identified_by_their_path() -> None:
    with pytest.raises(AssertionError, match="the path is the identity"):
        dataclasses.replace(KINDS["folder"], identity=Named("path"))


def test_what_lives_in_no_folder_has_its_key_in_the_root() -> None:
    assert KINDS["secret"].key(Secret(key="A")) == Key("secret", ROOT, "A")


def test_some_kinds_are_about_an_organization_but_need_an_enterprise_key() -> None:
    about = {noun for noun, kind in KINDS.items() if kind.apis["v3"].is_about_organization}
    access = {"git_connection", "git_permission", "role", "user", "service_user"}
    roles = {"group_role", "user_role", "service_user_role"}
    settings = {"session_tags", "acu_limit", "enterprise_organization"}
    assert about == {*settings, *access, *roles}


def test_a_kind_of_many_objects_is_declared_and_is_no_setting() -> None:
    settings = {noun for noun, kind in KINDS.items() if kind.apis["v3"].parts}
    assert {*KINDS.many} == {*KINDS.declared} - settings
    assert {*KINDS} - {*KINDS.declared} >= {"git_connection", "role", "service_user", "user"}


def test_people_read_how_many_objects_of_a_kind_there_are() -> None:
    texts = {noun: (kind.counted(1), kind.counted(2)) for noun, kind in KINDS.items()}
    assert texts == {
        "acu_limit": ("1 ACU limit", "2 ACU limits"),
        "automation": ("1 automation", "2 automations"),
        "folder": ("1 folder", "2 folders"),
        "git_connection": ("1 Git connection", "2 Git connections"),
        "org_group_limits": (
            "1 set of limits of organization groups",
            "2 sets of limits of organization groups",
        ),
        "enterprise_organization": ("1 organization", "2 organizations"),
        "git_permission": ("1 Git permission", "2 Git permissions"),
        "ip_access_list": ("1 IP access list", "2 IP access lists"),
        "group_role": ("1 role of a group", "2 roles of a group"),
        "idp_group": ("1 group", "2 groups"),
        "role": ("1 role", "2 roles"),
        "service_user": ("1 service user", "2 service users"),
        "service_user_role": ("1 role of a service user", "2 roles of a service user"),
        "user": ("1 user", "2 users"),
        "user_role": ("1 role of a user", "2 roles of a user"),
        "knowledge": ("1 note", "2 notes"),
        "playbook": ("1 playbook", "2 playbooks"),
        "secret": ("1 secret", "2 secrets"),
        "session_tags": ("1 set of session tags", "2 sets of session tags"),
    }
