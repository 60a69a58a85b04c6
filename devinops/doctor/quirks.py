"""Answers the emulator's open questions from what was read; claims nothing that this leaves open.

The contract says how each question is answered: `[HOW, ...]`, where HOW is one of `_HOW`, with the
fields, lists and answers that it needs. The functions below get a list, and the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final
from unicodedata import normalize

from devinops.api.contract import Reading
from devinops.doctor.lists import ReadList, objects_in
from devinops.doctor.observer import Observation
from devinops.model.errors import FORBIDDEN, TOO_MANY
from devinops.model.kind import ApiVersion

Lists = Mapping[str, ReadList]
"""Name of a reading → what was read."""

_ENOUGH: Final = 6
"""Objects that differ, from which the order of a list can be told: by chance, a list of so many is
in one of the orders once in 180 times."""

_ERROR_FORM: Final[Mapping[ApiVersion, str]] = {"v3": "error_body", "v1": "v1_error_body"}


def readable(api: ApiVersion, readings: Iterable[Reading]) -> set[str]:
    """Return the questions that reading an API can settle."""
    by_lists = {quirk for reading in readings for quirk in reading.settles}
    of_skills = {"managed_plugin_skills"} if api == "v3" else set()
    return by_lists | of_skills | {"missing_object", "retry_after", _ERROR_FORM[api]}


def settled(lists: Lists) -> dict[str, str]:
    """Return quirk → answer for each one that the lists settle, and on which all of them agree."""
    answers: dict[str, set[str]] = {}
    for result in lists.values():
        for quirk, (how, *rest) in result.reading.settles.items():
            answer = _HOW[how](result, lists, *rest) if how in _HOW else None
            if isinstance(answer, str):
                answers.setdefault(quirk, set()).add(answer)
    return _agreed(answers)


def _agreed(answers: Mapping[str, set[str]]) -> dict[str, str]:
    return {quirk: min(found) for quirk, found in answers.items() if len(found) == 1}


def _status(result: ReadList, lists: Lists, answers: Mapping[str, str]) -> str | None:
    """Return the answer for a status, if the organization exists."""
    exists = any(each.succeeded and each.reading.needs_organization for each in lists.values())
    return answers.get(str(result.first.status)) if exists and not result.first.failure else None


def _form(result: ReadList, _: Lists) -> str | None:
    form = "bare" if isinstance(result.first.value, list) else "object"
    return form if result.objects else None


def _member(result: ReadList, _: Lists, name: str, answers: Mapping[str, str]) -> str | None:
    return answers.get(str(result.first.value.get(name))) if result.succeeded else None


def _total(result: ReadList, _: Lists) -> str | None:
    if not result.succeeded or "total" not in result.first.value:
        return "absent" if result.succeeded else None
    return {int: "present", type(None): "none"}.get(type(result.first.value["total"]))


def _fields(
    result: ReadList, _: Lists, names: Sequence[str], answers: Mapping[str, str]
) -> str | None:
    """Return the answer for which of the fields all objects have, such as 10 for only the first."""
    patterns = {"".join(str(int(name in item)) for name in names) for item in result.objects}
    return answers.get(patterns.pop()) if len(patterns) == 1 else None


def _owner(result: ReadList, lists: Lists, member: str, other: str) -> str | None:
    """Return whether an organization's list shows objects of the enterprise.

    That it does not show any says nothing unless the enterprise has some.
    """
    if _has(result, member, "enterprise"):
        return "true"
    has_some = other in lists and _has(lists[other], member, "enterprise")
    return "false" if has_some and result.is_complete else None


def _has(result: ReadList, member: str, value: str) -> bool:
    return any(item.get(member) == value for item in result.objects)


def _root(result: ReadList, _: Lists, place: str, path: str) -> str | None:
    found = [item.get(path) for item in result.objects if item.get(place, "") is None]
    return next((root for root in ("", "/") if found and found == [root] * len(found)), None)


def _order(result: ReadList, _: Lists, created: str, updated: str, name: str) -> str | None:
    """Return how a list is sorted, if only one order fits and enough objects differ in it."""
    members = {"created": created, "updated": updated, "name": name}
    orders = {order: [item.get(m) for item in result.objects] for order, m in members.items()}
    orders["reversed"] = orders["created"][::-1]
    fitting = [order for order, found in orders.items() if _ascends(found)]
    if len(fitting) != 1:
        return None
    return fitting[0] if len(set(orders[fitting[0]])) >= _ENOUGH else None


def _ascends(values: list[Any]) -> bool:
    if all(isinstance(value, int) for value in values):
        return values == sorted(values)
    # A database may sort names without regard to case.
    are_texts = all(isinstance(value, str) for value in values)
    return are_texts and values in (sorted(values), sorted(values, key=str.casefold))


def _apart(
    result: ReadList, lists: Lists, member: str, other: str, figure: str, where: Mapping[str, str]
) -> str | None:
    """Return that two figures about the same object are separate, if they differ anywhere.

    If they agree everywhere, somebody may have set them alike.
    """
    if other not in lists or not (lists[other].is_complete and result.is_complete):
        return None
    id = result.reading.id
    ours = [(item.get(id), item.get(member)) for item in result.objects]
    others = [item for item in lists[other].objects if where.items() <= item.items()]
    theirs = [(item.get(id), item.get(figure)) for item in others]
    differ = any(pair not in theirs for pair in ours if pair[1] is not None)
    return "separate" if differ or any(pair not in ours for pair in theirs) else None


_HOW: Final[Mapping[str, Callable[..., str | None]]] = {
    "status": _status,
    "form": _form,
    "member": _member,
    "total": _total,
    "fields": _fields,
    "owner": _owner,
    "root": _root,
    "order": _order,
    "apart": _apart,
}


# --- questions that need a request of their own -----------------------------------------------


def of_filter(below: str, above: str, path: str, page: Any) -> dict[str, str]:
    """Return the answer from a page of a list filtered by the folder `above`.

    The folder `below` is in it, and both hold something. `path` is the member with an object's
    folder.
    """
    if not isinstance(page, dict) or page.get("has_next_page") is not False:
        return {}
    paths = [item.get(path) for item in objects_in(page, "items")]
    is_inside = all(f"{path}/".startswith(f"{above}/") for path in paths)
    if above not in paths or not is_inside:
        return {}  # the filter is ignored, or means something else
    return {"folder_filter": "subtree" if below in paths else "exact"}


def of_missing(existing: Observation, missing: Observation) -> dict[str, str]:
    """Return the answer from reading an object that exists, and one that does not.

    A key that may not read single objects gets a 403 for both.
    """
    if not existing.succeeded or missing.failure or missing.status not in (404, FORBIDDEN):
        return {}
    return {"missing_object": str(missing.status)}


def of_skills(lists: Lists, skills: Observation) -> dict[str, str]:
    """Return the answer from asking for the skills of a managed plugin.

    A 404 counts only if a list shows that the organization exists.
    """
    exists = any(each.succeeded and each.reading.needs_organization for each in lists.values())
    if skills.succeeded:
        return {"managed_plugin_skills": "served"}
    is_absent = exists and skills.status == 404 and not skills.failure
    return {"managed_plugin_skills": "absent"} if is_absent else {}


def of_errors(api: ApiVersion, seen: Sequence[Observation]) -> dict[str, str]:
    """Return the answers from responses that are errors of the API, if those agree."""
    errors = [each for each in seen if (each.status or 0) >= 400 and isinstance(each.value, dict)]
    forms = {_error_form(api, each) for each in errors if not each.through_proxy}
    limited = {_wait(each.headers) for each in seen if each.status == TOO_MANY}
    return _agreed({_ERROR_FORM[api]: forms - {""}, "retry_after": limited})


def _error_form(api: ApiVersion, error: Observation) -> str:
    if api == "v1" and isinstance(error.value.get("error"), dict):
        return "error"
    is_problem = "problem+json" in error.headers.get("content-type", "")
    if api == "v3" and is_problem and "title" in error.value:
        return "problem"
    return "detail" if set(error.value) == {"detail"} else ""


def _wait(headers: Mapping[str, str]) -> str:
    text = headers.get("retry-after", "").strip()
    return ("seconds" if text.isdigit() else "date") if text else "absent"


# --- questions that need writing --------------------------------------------------------------


OF_TEXT: Final = ("bodies", "newlines", "unicode")
"""What `of_text` answers."""


def of_text(sent: str, shown: Any) -> dict[str, str]:
    """Return what the API does to a text.

    `sent` has white space at both ends, line feeds, and a character that NFC composes.
    """
    if not isinstance(shown, str):
        return {}
    lines = shown.replace("\r\n", "\n")
    composed, plain = normalize("NFC", sent), sent.strip()
    if normalize("NFC", lines).strip() != normalize("NFC", plain):
        return {}  # changed in another way
    answers = {"unicode": "kept" if plain in lines else "nfc" if lines in composed else ""}
    is_crlf = shown.count("\r\n") == shown.count("\n")
    answers["newlines"] = "crlf" if is_crlf else "kept" if shown == lines else ""
    ends = {len(normalize("NFC", sent)): "kept", len(normalize("NFC", plain)): "trimmed"}
    answers["bodies"] = ends.get(len(normalize("NFC", lines)), "")
    return {quirk: answer for quirk, answer in answers.items() if answer}
