"""Answers the emulator's open questions from what was read; claims nothing that this leaves open.

The contract says how each question is answered: `[HOW, ...]`, where HOW is one of `_HOW`, with the
fields and lists that it needs. Questions about requests that fail are in `of_errors`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from devinops.doctor.contract import Reading
from devinops.doctor.lists import List
from devinops.doctor.observer import Observation
from devinops.model.errors import FORBIDDEN, TOO_MANY
from devinops.model.kind import ApiVersion

Lists = Mapping[str, List]
"""Name of a reading → what was read."""

_ENOUGH: Final = 6
"""Objects that differ, from which the order of a list can be told: by chance, a list of so many is
in one of the orders once in 180 times."""


def settled(lists: Lists) -> dict[str, str]:
    """Return quirk → answer for each one that the lists settle, and on which all of them agree."""
    answers: dict[str, set[str]] = {}
    for result in lists.values():
        for quirk, (how, *facts) in result.reading.settles.items():
            answer = _HOW[how](result, facts, lists) if how in _HOW else None
            if answer is not None:
                answers.setdefault(quirk, set()).add(answer)
    return {quirk: found.pop() for quirk, found in answers.items() if len(found) == 1}


def _status(result: List, facts: Sequence[Any], _: Lists) -> str | None:
    answer: str | None = facts[0].get(str(result.first.status))
    return answer if not result.first.failure else None


def _form(result: List, _: Sequence[Any], __: Lists) -> str | None:
    """Return whether a list is bare."""
    return (
        ("bare" if isinstance(result.first.value, list) else "object") if result.objects else None
    )


def _member(result: List, facts: Sequence[Any], _: Lists) -> str | None:
    value = result.first.value.get(facts[0]) if isinstance(result.first.value, dict) else None
    answer: str | None = facts[1].get(value) if isinstance(value, str) else None
    return answer if result.succeeded else None


def _present(result: List, facts: Sequence[Any], _: Lists) -> str | None:
    found = {facts[0] in item for item in result.objects}
    return ("present" if found == {True} else "absent") if len(found) == 1 else None


def _optional(result: List, facts: Sequence[Any], _: Lists) -> str | None:
    """Return which of some optional fields there are: none, the first, or all."""
    found = {tuple(name in item for name in facts) for item in result.objects}
    some = (True,) + (False,) * (len(facts) - 1)
    names = {some: "status", (True,) * len(facts): "all", (False,) * len(facts): "none"}
    return names.get(found.pop()) if len(found) == 1 else None


def _owner(result: List, facts: Sequence[Any], lists: Lists) -> str | None:
    """Return whether an organization's list shows objects of the enterprise.

    That it does not show any says nothing unless the enterprise has some.
    """
    member, other = facts
    if any(item.get(member) == "enterprise" for item in result.objects):
        return "true"
    theirs = lists[other].objects if other in lists else []
    has_any = any(item.get(member) == "enterprise" for item in theirs)
    return "false" if has_any and result.is_complete else None


def _root(result: List, facts: Sequence[Any], _: Lists) -> str | None:
    place, path = facts
    found = [item.get(path) for item in result.objects if item.get(place, "") is None]
    return next((root for root in ("", "/") if found and found.count(root) == len(found)), None)


def _order(result: List, facts: Sequence[Any], _: Lists) -> str | None:
    """Return how a list is sorted, if only one order fits and enough objects differ in it."""
    created, updated, name = ([item.get(member) for item in result.objects] for member in facts)
    orders = {
        "created": created,
        "updated": updated,
        "name": name,
        "reversed": created[::-1],
    }
    fitting = [order for order, values in orders.items() if _ascends(values)]
    if "name" not in fitting and _ascends([x.casefold() for x in name if isinstance(x, str)]):
        fitting.append("name")
    answer = fitting[0] if len(fitting) == 1 else ""
    return answer if len(set(orders.get(answer, []))) >= _ENOUGH else None


def _ascends(values: list[Any]) -> bool:
    if len({type(value) for value in values}) != 1 or values[0] is None:
        return False
    return isinstance(values[0], str | int) and values == sorted(values)


def _total(result: List, _: Sequence[Any], __: Lists) -> str | None:
    page = result.first.value
    if not result.succeeded or not isinstance(page, dict):
        return None
    if "total" not in page:
        return "absent"
    if page["total"] is None:
        return "none"
    return "present" if isinstance(page["total"], int) else None


def _apart(result: List, facts: Sequence[Any], lists: Lists) -> str | None:
    """Return that two figures about the same object are separate, if they differ anywhere.

    If they agree everywhere, somebody may have set them alike.
    """
    member, other, figure = facts
    if other not in lists or not lists[other].is_complete or not result.is_complete:
        return None
    id = result.reading.id
    theirs = [(item.get(id), item.get(figure)) for item in lists[other].objects]
    ours = [(item.get(id), item.get(member)) for item in result.objects]
    known = [id for id, _ in ours]
    differ = any(pair not in theirs for pair in ours if pair[1] is not None) or any(
        pair not in ours for pair in theirs if pair[0] in known
    )
    return "separate" if differ else None


_HOW: Final[Mapping[str, Callable[[List, Sequence[Any], Lists], str | None]]] = {
    "status": _status,
    "form": _form,
    "member": _member,
    "present": _present,
    "optional": _optional,
    "owner": _owner,
    "root": _root,
    "order": _order,
    "total": _total,
    "apart": _apart,
}


# --- questions that need a request of their own -----------------------------------------------


def of_filter(below: str, above: str, path: str, page: Any) -> dict[str, str]:
    """Return the answer from a page of a list filtered by the folder `above`.

    The folder `below` is in it, and both hold something. `path` is the member with an object's
    folder.
    """
    items = page.get("items") if isinstance(page, dict) else None
    if not isinstance(items, list) or page.get("has_next_page") is not False:
        return {}
    paths = [item.get(path) for item in items if isinstance(item, dict)]
    is_inside = all(isinstance(p, str) and f"{p}/".startswith(f"{above}/") for p in paths)
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


_ERROR_FORM: Final[Mapping[ApiVersion, str]] = {"v3": "error_body", "v1": "v1_error_body"}


def readable(api: ApiVersion, readings: Iterable[Reading]) -> set[str]:
    """Return the questions that reading an API can settle."""
    by_lists = {quirk for reading in readings for quirk in reading.settles}
    return by_lists | {"missing_object", "retry_after", _ERROR_FORM[api]}


def of_errors(api: ApiVersion, seen: Sequence[Observation]) -> dict[str, str]:
    """Return the answers from responses that are errors of the API, if those agree."""
    errors = [each for each in seen if (each.status or 0) >= 400 and isinstance(each.value, dict)]
    found = {_error_form(api, each) for each in errors if not each.through_proxy}
    limited = {_wait(each.headers) for each in seen if each.status == TOO_MANY}
    answers = {_ERROR_FORM[api]: found, "retry_after": limited}
    return {name: forms.pop() for name, forms in answers.items() if len(forms) == 1 and all(forms)}


def _error_form(api: ApiVersion, error: Observation) -> str:
    if api == "v1":
        return "error" if isinstance(error.value.get("error"), dict) else _detail(error)
    is_problem = "problem+json" in error.headers.get("content-type", "")
    return "problem" if is_problem and "title" in error.value else _detail(error)


def _detail(error: Observation) -> str:
    return "detail" if set(error.value) == {"detail"} else ""


def _wait(headers: Mapping[str, str]) -> str:
    text = headers.get("retry-after", "").strip()
    return ("seconds" if text.isdigit() else "date") if text else "absent"
