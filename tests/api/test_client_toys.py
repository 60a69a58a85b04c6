"""What kinds can say of their calls beyond what the first kinds needed: verbs, scopes, second calls."""

from __future__ import annotations

import pytest

from devinops.api import open_reader
from devinops.model.errors import ApiError, BadResponse
from devinops.model.keys import ROOT, Key
from devinops.model.objects import Live
from devinops.model.values import UNSET
from tests.testing.toy_kinds import Robot

ORG = "/v3/organizations/org-1"
ROBOTS = f"{ORG}/robots"
CARE = {Key("manual", ROOT, "Care"): "m-1"}


def page(*items):
    return {"items": list(items), "has_next_page": False}


def robot(**changes):
    return {"robot_id": "r-1", "name": "R2", **changes}


def sent(server):
    """The writes that reached a server, with their bodies."""
    return [
        (line, asked.json)
        for line, asked in zip(server.lines, server.asked, strict=True)
        if asked.method != "GET"
    ]


# --- creates that take two calls ------------------------------------------------------------------

POST, PATCH = f"POST {ROBOTS}", f"PATCH {ROBOTS}/r-1"


@pytest.mark.parametrize("made", [robot(enabled=True), robot(), {"robot_id": "r-1"}])
def test_what_only_an_update_can_set_is_set_after_the_create(toy_api, writer, made):
    server = toy_api({POST: made, PATCH: robot(enabled=False)})
    live = writer(server).create(Robot(name="R2", is_on=False), {})
    assert sent(server) == [(POST, {"name": "R2"}), (PATCH, {"enabled": False})]
    assert (live.id, live.resource.is_on) == ("r-1", False)


@pytest.mark.parametrize("is_on", [UNSET, True])
def test_there_is_no_second_call_for_what_the_new_object_has_already(toy_api, writer, is_on):
    server = toy_api({POST: robot(enabled=True)})
    live = writer(server).create(Robot(name="R2", is_on=is_on), {})
    assert [line for line, _ in sent(server)] == [POST]
    assert live.resource.is_on is True


WHOLE = Robot(
    name="R2", manual="Care", task={"do": '@manual:"Care"'}, speed=3, weight=1, is_on=True
)


@pytest.mark.parametrize(
    ("made", "rest"),
    [
        ({"robot_id": "r-1"}, {}),
        (robot(manual_id="m-1", task={"do": "@manual:m-1"}, weight=1), {}),
        (robot(manual_id="m-1", weight=5), {"task": {"do": "@manual:m-1"}, "weight": 1}),
    ],
)
def test_the_second_call_sends_what_the_new_object_lacks(toy_api, writer, made, rest):
    server = toy_api({POST: made, PATCH: {}})
    live = writer(server).create(WHOLE, CARE)
    body = {"name": "R2", "manual": "m-1", "task": {"do": "@manual:m-1"}, "speed": 3, "weight": 1}
    assert sent(server) == [(POST, body), (PATCH, rest | {"enabled": True})]
    assert (live.resource.manual, live.resource.task) == ("Care", WHOLE.task)
    assert (live.resource.name, live.resource.is_on) == ("R2", True)


@pytest.mark.parametrize("status", [400, 403, 404, 500])
def test_a_second_call_that_fails_leaves_open_what_became_of_the_create(
    toy_api, writer, reply, status
):
    server = toy_api({POST: robot(), PATCH: reply(status, {"detail": "no"})})
    with pytest.raises(ApiError, match=f"{PATCH} returned {status}") as caught:
        writer(server).create(Robot(name="R2", is_on=False), {})
    assert not caught.value.answered
    assert [line for line, _ in sent(server)] == [POST, PATCH]


def test_a_second_call_that_is_answered_for_another_object_is_not_used(toy_api, writer):
    server = toy_api({POST: robot(), PATCH: robot(robot_id="r-2")})
    with pytest.raises(BadResponse, match="another object, r-2") as caught:
        writer(server).create(Robot(name="R2", is_on=False), {})
    assert not caught.value.answered


# --- updates --------------------------------------------------------------------------------------


def test_an_update_uses_the_verb_of_the_kind(toy_api, writer):
    server = toy_api({PATCH: robot(speed=7, enabled=True)})
    before = Live("r-1", Robot(name="R2", speed=7))
    after = writer(server).update(before, Robot(name="R2", speed=7, is_on=True), {})
    assert sent(server) == [(PATCH, {"enabled": True})]
    assert after.resource == Robot(name="R2", speed=7, is_on=True, manual=None, weight=None)


def test_a_patch_that_answers_nothing_is_what_was_sent_on_top_of_what_was_there(
    toy_api, writer, reply
):
    server = toy_api({PATCH: reply(204, b"")})
    before = Live("r-1", Robot(name="R2", weight=1, is_on=False))
    after = writer(server).update(before, Robot(name="R2", weight=1, is_on=True), {})
    assert sent(server) == [(PATCH, {"enabled": True})]
    assert (after.id, after.resource.name) == ("r-1", "R2")
    assert (after.resource.weight, after.resource.is_on) == (1, True)


def test_a_patch_is_repeated_after_429(serve, reply, toy_kinds, writer):
    server = serve([reply(429), reply(429), reply(body=robot())])
    writer(server).update(Live("r-1", Robot(name="R2")), Robot(name="R2"), {})
    assert server.lines == [PATCH] * 3


@pytest.mark.parametrize("bad", [{"status": 500}, {"status": 503}, {"raw": b""}])
def test_a_patch_is_not_repeated_after_anything_else(serve, reply, toy_kinds, writer, bad):
    server = serve([reply(**bad), reply(body=robot())])
    with pytest.raises(ApiError) as caught:
        writer(server).update(Live("r-1", Robot(name="R2")), Robot(name="R2"), {})
    assert not caught.value.answered
    assert server.lines == [PATCH]


def test_a_refused_patch_names_the_permission(toy_api, writer, reply):
    server = toy_api({PATCH: reply(403, {"detail": "no"})})
    with pytest.raises(ApiError, match="ManageRobots"):
        writer(server).update(Live("r-1", Robot(name="R2")), Robot(name="R2"), {})


# --- references -----------------------------------------------------------------------------------


def test_what_a_kind_refers_to_is_read_with_it(toy_api, snapshot):
    server = toy_api(
        {
            f"GET {ROBOTS}": page(robot(manual_id="m-1", task={"do": "@manual:m-2, @manual:m-9"})),
            f"GET {ORG}/manuals": page(
                {"manual_id": "m-1", "title": "CI/CD"}, {"manual_id": "m-2", "title": "Care"}
            ),
        }
    )
    (live,) = snapshot(server, {"robot"}).objects
    assert (live.resource.manual, live.ids) == ("CI/CD", {"manual": "m-1"})
    assert live.resource.task == {"do": '@manual:"Care", @manual:m-9'}
    assert sorted(server.lines) == [f"GET {ORG}/manuals?first=200", f"GET {ROBOTS}?first=200"]


def test_what_a_kind_refers_to_may_be_renamed_between_two_lists(toy_api, connect):
    """The object itself is as it was, but another value of it is in the files."""
    others = {"task": {}, "address": "a", "speed": 1, "weight": 1, "enabled": True, "metadata": {}}
    answers = {
        f"GET {ROBOTS}": page(robot(manual_id="m-1", **others)),
        f"GET {ORG}/manuals": page({"manual_id": "m-1", "title": "Care"}),
    }
    with open_reader(connect(toy_api(answers).url), reads_again=True) as reader:
        (before,) = reader.snapshot({"robot"}).objects
        assert reader.snapshot({"robot"}).objects[0] is before
        answers[f"GET {ORG}/manuals"] = page({"manual_id": "m-1", "title": "Repair"})
        (after,) = reader.snapshot({"robot"}).objects
    assert (before.resource.manual, after.resource.manual) == ("Care", "Repair")


def test_what_was_written_is_shown_by_the_names_it_was_written_with(toy_api, writer):
    """The object that it refers to was made after the lists were read."""
    task = {"do": "@manual:m-1"}
    server = toy_api({POST: robot(manual_id="m-1", task=task)})
    resource = Robot(name="R2", manual="Care", task={"do": '@manual:"Care"'})
    live = writer(server).create(resource, CARE)
    assert (live.resource.manual, live.resource.task) == ("Care", resource.task)


# --- labels ---------------------------------------------------------------------------------------


def test_objects_with_another_label_are_not_ours(toy_api, snapshot):
    labels = {"r-1": {"devinops": "us"}, "r-2": {"devinops": "them"}, "r-3": {}}
    robots = [robot(robot_id=id, metadata=label) for id, label in labels.items()]
    server = toy_api({f"GET {ROBOTS}": page(*robots)})
    found = snapshot(server, {"robot"}, owner="us").objects
    assert {live.id: (live.owner, live.ours) for live in found} == {
        "r-1": ("us", True),
        "r-2": ("them", False),
        "r-3": (None, True),
    }


def test_our_label_goes_out_with_every_write_and_does_not_come_back(toy_api, writer):
    server = toy_api(
        {
            POST: {"robot_id": "r-1"},
            PATCH: robot(metadata={"area": "south", "devinops": "us"}),
        }
    )
    client = writer(server, owner="us")
    made = client.create(Robot(name="R2", labels={"area": "north", "shift": "night"}), {})
    assert (made.owner, made.ours) == ("us", True)
    assert made.resource.labels == {"area": "north", "shift": "night"}
    changed = client.update(made, Robot(name="R2", labels={"area": "south"}), {})
    assert changed.resource.labels == {"area": "south"}
    assert [body["metadata"] for _, body in sent(server)] == [
        {"area": "north", "shift": "night", "devinops": "us"},
        {"area": "south", "shift": None, "devinops": "us"},
    ]


# --- the enterprise -------------------------------------------------------------------------------


def test_an_enterprise_has_its_own_kinds_and_paths(toy_api, snapshot):
    server = toy_api(
        {
            "GET /v3/enterprise/badges": {"items": [{"badge_id": "b", "name": "B"}]},
            "GET /v3/enterprise/gate": {"ip_ranges": []},
        }
    )
    found = snapshot(server, enterprise=True, org_id=None).objects
    assert [(str(live.key), live.ours) for live in found] == [("badge:B", True), ("gate", True)]
    assert sorted(server.lines) == ["GET /v3/enterprise/badges", "GET /v3/enterprise/gate"]


def test_an_organization_has_what_the_enterprise_keeps_about_it(toy_api, snapshot):
    server = toy_api({"GET /v3/enterprise/organizations/org-1/tags": {"tags": []}})
    (live,) = snapshot(server, enterprise_key="cog_e").objects
    assert str(live.key) == "budget"
    assert not any("badges" in line or "gate" in line for line in server.lines)


def test_an_api_without_a_kind_is_not_asked_for_it(toy_api, snapshot):
    server = toy_api()
    assert snapshot(server, api="v1", key="apk_x").objects == ()
    assert server.lines == []
