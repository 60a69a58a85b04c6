"""Doctor asks once whether the skills of managed plugins can be read, and says what that means for notes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from devinops.api.contract import SKILLS
from devinops.emulator import Emulator
from devinops.emulator.middleware import Reply
from tests.testing.examined import changed, examined, html, lines, seed, status, with_body

BEFORE_A_DELETE = "look in the web app before you delete a live note"
YES = "yes (200): the vendor may have copied notes to them"
NO = "no (404): the API does not show whether the vendor copied notes to them"
UNKNOWN = "unknown ({}): the vendor may have copied notes to them"


def as_it_is(reply: Reply) -> Reply:
    return reply


def body(text: bytes) -> Callable[[Reply], Reply]:
    return lambda reply: with_body(reply, text)


@pytest.mark.parametrize(
    ("change", "text", "answer"),
    [
        (as_it_is, YES, "served"),
        (body(b'{"skills": [{"id": 1}], "next": null}'), YES, "served"),
        (body(b'["a"]'), YES, "served"),
        (status(404), NO, "absent"),
        (status(403), UNKNOWN.format(403), None),
        (status(500), UNKNOWN.format(500), None),
        (status(429), UNKNOWN.format(429), None),
        (html, UNKNOWN.format("an HTML page instead of JSON"), None),
    ],
)
def test_the_response_alone_decides(
    change: Callable[[Reply], Reply], text: str, answer: str | None
) -> None:
    with Emulator(seed(), layers=[changed("/skills", change)]) as emulator:
        found = examined(emulator)
    assert f"note     managed-plugin skills: {text}: {BEFORE_A_DELETE}" in lines(found)
    assert found.quirks.get("managed_plugin_skills") == answer
    assert not [line for line in lines(found) if line.startswith("problem")]


def test_it_costs_one_request_and_only_where_an_organization_is_read() -> None:
    path = SKILLS.replace("{org_id}", "org-emulator")
    with Emulator(seed()) as emulator:
        for key, org_id, times in [
            ("cog_emulator", None, 1),
            ("cog_enterprise", "org-emulator", 1),
            ("cog_enterprise", None, 0),
            ("apk_emulator", None, 0),
        ]:
            emulator.clear_requests()
            found = examined(emulator, key, org_id)
            asked = [each["path"] for each in emulator.requests]
            assert asked.count(path) == times, key
            assert found.requests == len(asked)
            assert any("managed-plugin skills" in line for line in lines(found)) == bool(times)


def test_a_service_that_stops_answering_is_not_asked() -> None:
    with Emulator(seed(), layers=[changed("/secrets", status(429))]) as emulator:
        found = examined(emulator)
    assert "managed-plugin skills" not in "\n".join(lines(found))
