"""What reading tells about the open questions, with each answer to each of them."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from devinops.api.contract import contract
from devinops.doctor import quirks
from devinops.doctor.observer import Observation
from devinops.doctor.samples import samples
from devinops.doctor.trial import questions
from devinops.emulator import Emulator
from devinops.emulator.quirks import VALUES
from tests.testing.examined import changed, examined, seed, status
from tests.testing.settled_by import READING, SETTLED_BY
from tests.testing.waiting import Waits

ANSWERS = [
    (quirk, answer)
    for quirk, by in SETTLED_BY.items()
    if by == READING and quirk != "retry_after"
    for answer in VALUES[quirk]
]
NOT_CLAIMED = {("acu_limit", "shared")}
"""What nobody can tell from equal figures."""


def settled(quirks: Mapping[str, object], key: str, org_id: str | None = None) -> dict[str, str]:
    with Emulator(seed(), quirks=quirks) as emulator:
        return examined(emulator, key, org_id).quirks


@pytest.mark.sampled(3)
@pytest.mark.parametrize(("quirk", "answer"), ANSWERS)
def test_what_reading_settles_is_named_rightly(quirk: str, answer: str) -> None:
    if quirk.startswith("v1_"):
        found = settled({quirk: answer}, "apk_emulator")
    else:
        found = settled({quirk: answer}, "cog_enterprise", "org-emulator")
    if (quirk, answer) in NOT_CLAIMED:
        assert quirk not in found
    else:
        assert found[quirk] == answer
    others = {name: value for name, value in found.items() if name != quirk}
    assert {name: VALUES[name][0] for name in others} == others


def test_what_only_writing_or_nobody_settles_is_never_claimed() -> None:
    """Each is switched to its last answer: what is still said is about other questions."""
    silent = {quirk: VALUES[quirk][-1] for quirk, by in SETTLED_BY.items() if by != READING}
    for key in ("cog_enterprise", "apk_emulator"):
        assert not settled(silent, key, "org-emulator").keys() & silent.keys()


def test_each_question_that_is_settled_is_one_of_the_emulators_and_settled_in_one_way() -> None:
    read = quirks.readable("v3", contract("v3").readings)
    read |= quirks.readable("v1", contract("v1").readings)
    tried = questions(
        (*samples("v3", None, enterprise=False), *samples("v1", None, enterprise=False))
    )
    assert read | tried <= VALUES.keys()
    assert not read & tried


def test_an_empty_organization_settles_nothing_that_needs_objects() -> None:
    with Emulator() as emulator:
        assert examined(emulator).quirks == {
            "automation_updates": "merge",
            "managed_plugin_skills": "served",
            "total": "present",
        }
        assert examined(emulator, "apk_emulator").quirks == {}


def test_the_order_of_few_objects_is_not_claimed() -> None:
    few = seed()
    for sections in few["organizations"].values():
        for name in ("knowledge", "playbooks", "secrets"):
            sections[name] = sections[name][:5]
    with Emulator(few) as emulator:
        assert "list_order" not in examined(emulator).quirks


def test_a_key_that_may_list_but_not_read_one_settles_nothing_about_missing_objects() -> None:
    refused = Observation(403, {}, {"detail": "no"})
    assert quirks.of_missing(refused, refused) == {}
    assert quirks.of_missing(Observation(200, {}, {}), refused) == {"missing_object": "403"}


@pytest.mark.parametrize(
    ("header", "answer"),
    [("3", "seconds"), ("Sun, 06 Nov 1994 08:49:37 GMT", "date"), ("", "absent")],
)
def test_a_429_tells_what_is_in_retry_after(header: str, answer: str) -> None:
    limited = Observation(429, {"retry-after": header} if header else {})
    assert quirks.of_errors("v3", [limited])["retry_after"] == answer


@pytest.mark.parametrize(
    ("status", "answer"), [(400, {"error_body": "problem"}), (399, {}), (None, {})]
)
def test_only_an_error_tells_which_form_errors_have(
    status: int | None, answer: dict[str, str]
) -> None:
    headers = {"content-type": "application/problem+json"}
    assert quirks.of_errors("v3", [Observation(status, headers, {"title": "no"})]) == answer


def test_errors_of_a_proxy_tell_nothing() -> None:
    assert quirks.of_errors("v3", [Observation(403, {"via": "x"}, {"detail": "no"})]) == {}


@pytest.mark.parametrize(
    ("paths", "more", "answer"),
    [
        (["A"], False, {"folder_filter": "exact"}),
        (["A", "A/B"], False, {"folder_filter": "subtree"}),
        (["A"], True, {}),
        (["A", "C"], False, {}),
        ([], False, {}),
        ([7, "A"], False, {}),
    ],
)
def test_a_filter_is_believed_only_if_it_filters(
    paths: list[object], more: bool, answer: dict[str, str]
) -> None:
    page = {"items": [{"path": path} for path in paths], "has_next_page": more}
    assert quirks.of_filter("A/B", "A", "path", page) == answer
    assert quirks.of_filter("A/B", "A", "path", None) == {}


def test_a_404_of_an_organization_that_does_not_exist_tells_nothing_about_features() -> None:
    with Emulator(seed()) as emulator:
        found = examined(emulator, "cog_enterprise", "org-nowhere")
    assert not {"session_tags", "managed_plugin_skills"} & found.quirks.keys()
    assert "problem  notes: not there (404): check DEVIN_ORG_ID and DEVIN_API_URL" in map(
        str, found.checks
    )


def test_limits_of_people_are_not_compared_with_those_of_organizations() -> None:
    more = seed()
    more["enterprise"]["acu_limits"] = [
        {"scope": "enterprise", "cycle_acu_limit": 5},
        {"scope": "user", "cycle_acu_limit": 7},
    ]
    with Emulator(more) as emulator:
        assert "acu_limit" not in examined(emulator, "cog_enterprise", "org-emulator").quirks


@pytest.mark.parametrize(
    ("end", "code"),
    [("/acu-limits/devin", 503), ("/enterprise/organizations", 429)],
    ids=["limits that failed", "limits that were not asked for"],
)
def test_limits_that_were_not_read_are_compared_with_none(
    end: str, code: int, waits: Waits
) -> None:
    with Emulator(seed(), layers=[changed(end, status(code))]) as emulator:
        assert "acu_limit" not in examined(emulator, "cog_enterprise", "org-emulator").quirks
