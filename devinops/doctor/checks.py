"""What doctor says: one line for each thing that it looked at, with the next step if there is one.

Nothing here shows a text, a name, an address or an id of the organization.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from devinops.doctor.lists import ReadList
from devinops.doctor.observer import NOT_ASKED, Observation
from devinops.doctor.shape import UNKNOWN, Finding
from devinops.model.errors import FORBIDDEN, TOO_MANY
from devinops.render import counted
from devinops.schema.doctor import Check, Status


def ok(about: str, text: str) -> Check:
    return Check(Status.OK, about, text)


def note(about: str, text: str, step: str = "") -> Check:
    return Check(Status.NOTE, about, text, step)


def problem(about: str, text: str, step: str) -> Check:
    return Check(Status.PROBLEM, about, text, step)


REPORT: Final = "report it"
TO_MANAGE: Final = "grant that only if you want to manage them"
_AGAIN: Final = "run devinops doctor again"
_PERHAPS: Final = f"{_AGAIN}, and report it if it stays"
"""For what a change between two requests can cause, too."""
_ADDRESS: Final = "check DEVIN_API_URL"

_STEPS: Final[Mapping[str, str]] = {
    "timed out": "check the network, or set DEVINOPS_TIMEOUT higher",
    "its certificate is not trusted": "set DEVINOPS_CA_BUNDLE to the certificates to trust",
    "the host name cannot be resolved": f"{_ADDRESS} and the network",
    "the host refused the connection": f"{_ADDRESS}, and HTTPS_PROXY if it is set",
    "the proxy refused the request": "check HTTPS_PROXY, and its user and password",
    "an HTML page instead of JSON": f"a proxy or a login page answers; {_ADDRESS}",
    "a redirect, which is not followed": _ADDRESS,
    NOT_ASKED.failure: "doctor sends at most 60 requests",
}
"""Failure of an observation → the next step."""

_MOST_FINDINGS: Final = 12


def of_failure(about: str, observation: Observation) -> Check:
    """Return the check for a response that cannot be used, or none."""
    failure, status = observation.failure, observation.status
    if failure == NOT_ASKED.failure:
        return note(about, failure, _STEPS[failure])
    if failure:
        code = f" ({status})" if status is not None else ""
        return problem(about, f"{failure}{code}", _STEPS.get(failure, _AGAIN))
    if status == 401:
        step = "check the key, and the IP access list of the enterprise"
        return problem(about, "rejected (401)", step)
    if status == 407:
        step = _STEPS["the proxy refused the request"]
        return problem(about, "the proxy wants a password (407)", step)
    if status == TOO_MANY:
        return problem(about, "too many requests (429), also after a pause", f"{_AGAIN} later")
    if (status or 0) >= 500:
        return problem(about, f"the API failed ({status})", _AGAIN)
    return problem(about, f"refused ({status})", REPORT)


def of_list(result: ReadList) -> Iterator[Check]:
    """Yield the checks of one reading."""
    about, first, permission = result.reading.name, result.first, result.reading.permission
    status = None if first.failure else first.status
    if status == FORBIDDEN:
        lacks = f"the key lacks {permission}" if permission else "the key may not read them"
        yield note(about, f"refused (403), {lacks}", TO_MANAGE)
    elif status == 404 and result.reading.may_be_off:
        yield note(about, "not there (404), the feature is probably switched off")
    elif status == 404:
        both = "check DEVIN_ORG_ID and DEVIN_API_URL"
        step = both if result.reading.needs_organization else _ADDRESS
        yield problem(about, "not there (404)", step)
    elif not first.succeeded:
        yield of_failure(about, first)
    else:
        yield from _of_readable(result)


def of_skills(answer: str | None, skills: Observation) -> Check:
    """Return whether skills of managed plugins can be read, and what that means for notes.

    `answer` is that of the quirk, None if the response leaves it open.
    """
    texts = {
        "served": "yes ({}): the vendor may have copied notes to them",
        "absent": "no ({}): the API does not show whether the vendor copied notes to them",
    }
    unknown = "unknown ({}): the vendor may have copied notes to them"
    text = texts.get(answer or "", unknown)
    step = "look in the web app before you delete a live note"
    return note("managed-plugin skills", text.format(skills.failure or skills.status), step)


def _of_readable(result: ReadList) -> Iterator[Check]:
    about = result.reading.name
    later = [page for page in result.pages[1:] if not page.succeeded and not result.faults]
    yield from (of_failure(f"{about}, a later page", page) for page in later)
    yield from (problem(about, fault, _PERHAPS) for fault in result.faults)
    yield from of_findings(about, result.findings)
    if not later and not result.faults and not result.findings:
        yield _of_expected(about, result)


def _of_expected(about: str, result: ReadList) -> Check:
    if not result.reading.id and result.reading.paging == "whole":
        return ok(about, "as devinops expects")
    if not result.objects:
        return note(about, "none, so their fields could not be compared")
    least = "" if result.is_complete else "at least "
    return ok(about, f"{least}{counted(len(result.objects), 'object')}, as devinops expects")


def of_findings(about: str, findings: Mapping[Finding, int]) -> Iterator[Check]:
    """Yield a check for each difference from the contract, up to a dozen.

    Unknown fields come last, as notes: devinops does not read them, so they break nothing.
    """
    ordered = sorted(findings.items(), key=lambda item: (item[0].fault == UNKNOWN, item[0]))
    for number, (finding, count) in enumerate(ordered):
        if number == _MOST_FINDINGS:
            yield note(about, counted(len(findings) - number, "more difference"), REPORT)
            return
        times = f" ({counted(count, 'time')})"
        make = note if finding.fault == UNKNOWN else problem
        yield make(about, f"{finding}{times}", REPORT)
