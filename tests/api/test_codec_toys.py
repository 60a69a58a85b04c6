"""What kinds can say of their fields beyond what the first kinds needed: wire to model and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devinops.api import codec
from devinops.api.codec import Viewpoint
from devinops.model.errors import BadResponse
from devinops.model.keys import ROOT, Key
from devinops.model.kind import Mention, references_of
from devinops.model.objects import Access, Live
from devinops.model.values import UNSET
from tests.testing.toy_kinds import BADGE, MANUAL, ROBOT, SEAT, Robot

ITEM = {
    "robot_id": "r-1",
    "name": "R2",
    "manual_id": "m-1",
    "task": {"steps": ["read @manual:m-1", "then @manual:m-2, then rest"]},
    "address": "Dock 94",
    "speed": 3,
    "weight": 2.5,
    "enabled": False,
    "metadata": {"area": "north"},
}
NAMES = {"manual": {"m-1": "Care", "m-2": "CI/CD 100%"}}
IDS = {Key("manual", ROOT, name): id for id, name in NAMES["manual"].items()}
WHOLE = Robot(
    name="R2",
    manual="Care",
    task={"steps": ['read @manual:"Care"', 'then @manual:"CI/CD 100%", then rest']},
    address="dock 94",
    speed=3,
    weight=2.5,
    is_on=False,
    labels={"area": "north"},
)


HERE = Viewpoint("org-1")


def decode(viewpoint=HERE, names=NAMES, kind=ROBOT, **changes):
    item = {**ITEM, **changes} if kind is ROBOT else changes
    return codec.decode(kind, "v3", item, names, viewpoint)


def create(resource, owner="", **facts):
    return codec.encode(resource, codec.Encoding("v3", IDS, owner=owner), **facts)


def update(resource, before=None, **facts):
    return create(resource, before=Live("r-1", before or Robot(name="before")), **facts)


# --- names of fields ------------------------------------------------------------------------------


def test_a_field_is_read_under_the_name_of_responses():
    live = decode()
    assert live.resource == WHOLE
    assert live.ids == {"manual": "m-1"}


def test_a_create_sends_what_it_takes_under_its_own_names():
    assert create(WHOLE) == {
        "name": "R2",
        "manual": "m-1",
        "task": ITEM["task"],
        "address": "dock 94",
        "speed": 3,
        "weight": 2.5,
        "metadata": {"area": "north"},
    }


def test_an_update_sends_what_it_takes_under_its_own_names():
    assert update(WHOLE) == {
        "name": "R2",
        "new_manual": "m-1",
        "task": ITEM["task"],
        "address": "dock 94",
        "weight": 2.5,
        "enabled": False,
        "metadata": {"area": "north"},
    }


@pytest.mark.parametrize(
    ("encode", "creating", "unknown"),
    [(create, True, {"is_on": UNSET}), (update, False, {"speed": UNSET})],
)
def test_what_was_sent_reads_under_the_name_of_responses(toy_kinds, encode, creating, unknown):
    body = encode(WHOLE)
    names = codec.with_references({}, IDS)
    sent = codec.live_from_request(ROBOT, "v3", "r-1", body, names, HERE, creating=creating)
    values = dict(WHOLE.items()) | unknown
    assert (sent.id, sent.resource, sent.ids) == ("r-1", Robot(**values), {"manual": "m-1"})


# --- references -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Care", "CI/CD 100%", "a%2Fb"])
def test_a_reference_by_name_is_a_name_and_no_path(name):
    key = Key("manual", ROOT, name)
    resource = Robot(name="R2", manual=name)
    assert [found for _, found in references_of(ROBOT, resource)] == [key]
    assert codec.encode(resource, codec.Encoding("v3", {key: "m-7"}))["manual"] == "m-7"
    assert decode(names={"manual": {"m-1": name}}).resource.manual == name


def test_a_reference_to_what_was_not_listed_is_its_id():
    live = decode(manual_id="m-9")
    assert (live.resource.manual, live.ids) == ("m-9", {"manual": "m-9"})
    assert decode(manual_id=None).resource.manual is None
    assert decode(manual_id=None).ids == {}


def test_a_name_that_two_objects_share_means_neither():
    titles = {"m-1": "Care", "m-2": "Twin", "m-3": "Twin"}
    items = [{"manual_id": id, "title": title} for id, title in titles.items()]
    assert codec.spellings(MANUAL, "v3", items) == {"m-1": "Care"}


def test_a_reference_to_an_object_with_several_fields_as_its_name_has_them_all():
    items = [{"seat_id": "s-1", "room": "East wing", "no": "7"}, {"seat_id": "s-2", "room": "East"}]
    assert codec.spellings(SEAT, "v3", items[:1]) == {"s-1": "East%20wing 7"}


# --- mentions -------------------------------------------------------------------------------------

MENTION = Mention("manual", "@manual:")


def test_a_mention_of_what_is_not_known_stays_an_id_and_is_sent_as_one():
    task = {"steps": ["@manual:m-1 and @manual:m-9"]}
    live = decode(task=task)
    assert live.resource.task == {"steps": ['@manual:"Care" and @manual:m-9']}
    assert create(live.resource)["task"] == task
    assert [str(key) for _, key in references_of(ROBOT, Robot(task=live.resource.task))] == [
        "manual:Care"
    ]


def test_a_mention_of_what_has_no_id_is_never_sent():
    with pytest.raises(KeyError):
        create(Robot(name="R2", task={"steps": '@manual:"Missing"'}))


def test_texts_are_searched_at_every_depth_and_names_of_members_are_not():
    deep = {"@manual:m-1": [{"a": ["@manual:m-1", 7, None, True]}], "b": "@manual:m-1"}
    found = decode(task=deep).resource.task
    assert found == {
        "@manual:m-1": [{"a": ['@manual:"Care"', 7, None, True]}],
        "b": '@manual:"Care"',
    }
    assert create(Robot(task=found))["task"] == deep


@pytest.mark.parametrize("name", ['The "real" one', "two\nlines", ""])
def test_an_object_whose_name_no_token_can_hold_is_mentioned_by_its_id(name):
    assert MENTION.to_names("see @manual:m-1", {"m-1": name}) == "see @manual:m-1"


@pytest.mark.parametrize("text", ["@manual:", '@manual:"Care', "manual:m-1", "@Manual:m-1", ""])
def test_what_is_no_token_is_left_alone(text):
    assert MENTION.to_names(text, {"m-1": "Care"}) == text
    assert MENTION.to_ids(text, {}) == text
    assert MENTION.keys(text) == []


@given(
    st.dictionaries(st.from_regex(r"[\w-]+", fullmatch=True), st.text(max_size=8), max_size=3),
    st.data(),
)
def test_every_text_of_the_api_is_sent_back_as_it_was(names, data):
    names = {id: name for id, name in names.items() if list(names.values()).count(name) == 1}
    ids = {Key("manual", ROOT, name): id for id, name in names.items()}
    tokens = [f"@manual:{id}" for id in names]
    words = st.sampled_from(["@manual:", "m-9", " ", ".", "x", "\n", *tokens])
    text = "".join(data.draw(st.lists(words, max_size=8)))
    assert MENTION.to_ids(MENTION.to_names(text, names), ids) == text


# --- values ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("speed", 0),
        ("speed", -7),
        ("speed", 10**20),
        ("weight", 0),
        ("weight", 2),
        ("weight", 0.1),
        ("weight", None),
    ],
)
def test_numbers_are_read_and_sent_as_they_are(field, value):
    resource = decode(**{field: value}).resource
    assert (getattr(resource, field), type(getattr(resource, field))) == (value, type(value))
    assert create(resource)[field] == value


@pytest.mark.parametrize(
    ("field", "value", "complaint"),
    [
        ("speed", 1.5, "expected a whole number, got a number"),
        ("speed", 3.0, "expected a whole number, got a number"),
        ("speed", True, "expected a whole number, got true or false"),
        ("speed", "3", "expected a whole number, got text"),
        ("weight", False, "expected a number or null, got true or false"),
        ("weight", "2", "expected a number or null, got text"),
        ("enabled", 1, "expected true or false, got a number"),
        ("task", [], "expected an object, got a list"),
        ("metadata", "x", "expected an object, got text"),
        ("manual_id", 7, "expected text, got a number"),
    ],
)
def test_a_value_of_another_type_is_refused(field, value, complaint):
    with pytest.raises(BadResponse, match=f"robots .v3.: r-1: {field}: {complaint}$"):
        decode(**{field: value})


def test_a_live_value_takes_the_form_in_which_values_are_compared():
    assert decode(address="DOCK 94").resource.address == "dock 94"
    assert decode(address=None).resource.address is UNSET


def test_what_is_sent_can_depend_on_the_value_before():
    before = Robot(name="R2", labels={"area": "north", "shift": "night"})
    after = Robot(name="R2", labels={"area": "south"})
    assert update(after, before)["metadata"] == {"area": "south", "shift": None}
    assert create(after)["metadata"] == {"area": "south"}
    assert "metadata" not in update(Robot(name="R2"), before)


def test_a_body_of_changes_leaves_out_what_is_there_already():
    before = Robot(name="R2", manual="Care", task={"do": []}, weight=1, is_on=None)
    after = Robot(name="R2", manual=None, task={"do": []}, weight=2, is_on=None)
    assert update(after, before, changes_only=True) == {"new_manual": None, "weight": 2}
    assert update(before, before, changes_only=True) == {}


@pytest.mark.parametrize(
    ("owner", "body"), [("us", {}), (None, {"metadata": {"area": "x", "devinops": "us"}})]
)
def test_our_label_is_a_change_if_it_is_not_there_yet(owner, body):
    before = Live("r-1", Robot(name="R2", labels={"area": "x"}), owner=owner)
    assert create(before.resource, before=before, changes_only=True, owner="us") == body


# --- whose ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("labels", "viewpoint", "owner", "ours", "shown"),
    [
        ({"area": "x"}, Viewpoint(owner="us"), None, True, {"area": "x"}),
        ({"area": "x", "devinops": "us"}, Viewpoint(owner="us"), "us", True, {"area": "x"}),
        ({"area": "x", "devinops": "them"}, Viewpoint(owner="us"), "them", False, {"area": "x"}),
        ({"devinops": "them"}, Viewpoint(), "them", False, {}),
        ({"devinops": ""}, Viewpoint(owner="us"), "", False, {}),
        ({}, Viewpoint(owner="us"), None, True, {}),
        (None, Viewpoint(owner="us"), None, True, UNSET),
    ],
)
def test_a_label_says_who_manages_an_object_and_is_not_shown(labels, viewpoint, owner, ours, shown):
    live = decode(viewpoint, metadata=labels)
    assert (live.owner, live.ours, live.resource.labels) == (owner, ours, shown)


def test_what_carries_our_label_and_is_of_another_organization_is_not_ours():
    label = {"metadata": {"devinops": "us"}, "org_id": "org-2"}
    assert not decode(Viewpoint("org-1", owner="us"), **label).ours


def test_our_label_is_sent_with_the_others():
    ours = decode(Viewpoint(owner="us"), metadata={"area": "x", "devinops": "us"}).resource
    assert create(ours, owner="us")["metadata"] == {"area": "x", "devinops": "us"}
    assert update(ours, ours, owner="us")["metadata"] == {"area": "x", "devinops": "us"}
    for bare in (Robot(name="R2"), Robot(name="R2", labels=None), Robot(name="R2", labels={})):
        assert create(bare, owner="us")["metadata"] == {"devinops": "us"}
        assert update(bare, owner="us")["metadata"] == {"devinops": "us"}


def test_without_an_owner_no_label_is_sent():
    assert create(Robot(name="R2", labels={"area": "x"}))["metadata"] == {"area": "x"}
    assert "metadata" not in create(Robot(name="R2"))


@pytest.mark.parametrize(
    ("changes", "access", "ours"),
    [
        ({"access_type": "enterprise"}, Access.ENTERPRISE, True),
        ({"access_type": "enterprise", "org_id": "org-1"}, Access.ENTERPRISE, True),
        ({"access_type": "org", "org_id": "org-1"}, Access.ORG, False),
        ({"access_type": "team"}, Access.ORG, False),
        ({}, Access.ORG, False),
        ({"access_type": "personal"}, Access.PERSONAL, False),
        ({"access_type": "galaxy"}, Access.ENTERPRISE, False),
    ],
)
def test_for_the_enterprise_only_its_own_objects_are_ours(changes, access, ours):
    live = decode(Viewpoint(enterprise=True), **changes)
    assert (live.access, live.ours) == (access, ours)


@pytest.mark.parametrize(
    ("changes", "ours"),
    [
        ({}, True),
        ({"access_type": "enterprise"}, True),
        ({"org_id": "org-1"}, True),
        ({"access_type": "org"}, False),
        ({"access_type": "galaxy"}, False),
    ],
)
def test_what_only_an_enterprise_has_need_not_say_whose_it_is(changes, ours):
    badge = {"badge_id": "b", "name": "B", **changes}
    live = decode(Viewpoint(enterprise=True), kind=BADGE, **badge)
    assert (live.access, live.ours) == (Access.ENTERPRISE, ours)
