"""JSON as the API returns it: `GET /v1/knowledge`, and the lists of v3, one or several pages."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from devinops.api.codec import Viewpoint
from devinops.ingest.forms._objects import Item, Listed, read_objects, required_members
from devinops.ingest.import_form import Contents, Form, ImportChoices, ImportSource, Omission, quote
from devinops.kinds import KINDS

PAGE: Final = "items"
"""The member with the objects of a page in API v3."""

_UNKNOWN: Final = "it is not a list of the API that devinops knows"


def is_state(text: str) -> bool:
    """Return whether a JSON text is a Terraform state, from what every state begins with."""
    return '"terraform_version"' in text[:2000]


def _read(source: ImportSource, choices: ImportChoices) -> Contents:
    try:
        data = json.loads(source.text)
    except (ValueError, RecursionError) as error:
        return _nothing(source, f"it is not JSON: {error}")
    listed = [entry for member, item in _items(data) if (entry := _listed(member, item))]
    if not listed:
        return _nothing(source, _UNKNOWN)
    lost = sum(1 for _ in _items(data)) - len(listed)
    contents = read_objects(listed, Viewpoint())
    objects = (
        "1 object of an unknown kind is" if lost == 1 else f"{lost} objects of an unknown kind are"
    )
    remarks = (*([f"{objects} left out"] if lost else []), *_missing_pages(data))
    return replace(contents, remarks=remarks)


def _missing_pages(data: Any) -> Iterator[str]:
    """Yield a remark if the last page of a list says that more follow."""
    page = data[-1] if isinstance(data, list) else data
    if not (isinstance(page, Mapping) and page.get("has_next_page") is True):
        return
    total = page.get("total")
    all = f" of {total} objects" if isinstance(total, int) else ""
    cursor = page.get("end_cursor")
    after = f" (the next has after={quote(cursor)})" if isinstance(cursor, str) else ""
    yield f"the list{all} has more pages{after}: import those too"


def _nothing(source: ImportSource, why: str) -> Contents:
    # Most JSON files in a directory are for something else.
    return Contents(omissions=(Omission(source.name, why),) if source.named else ())


def _items(data: Any, member: str = "", levels: int = 4) -> Iterator[tuple[str, Item]]:
    """Yield each object with the member of the response that it was in; empty in a bare list.

    Lists of pages and lists of objects need no more `levels`.
    """
    if isinstance(data, list):
        for part in (each for each in data if isinstance(each, Mapping)):
            if _LISTS & part.keys():
                yield from _items(part, levels=levels - 1)
            else:
                yield member, part
    elif isinstance(data, Mapping) and levels > 1:
        for name in sorted(_LISTS & data.keys()):
            yield from _items(data[name], "" if name == PAGE else name, levels - 1)


_KINDS: Final = [kind for kind in KINDS.values() if not kind.only_named]
_LISTS: Final = {api.items for kind in KINDS.values() for api in kind.apis.values()} | {PAGE}


def _listed(member: str, item: Item) -> Listed | None:
    """Return what an object is; None if it has the members of no kind.

    Of several kinds it is the one with the most members that all its objects have.
    """
    fitting = [
        (len(required) + (api.id in item), kind, version)
        for kind in _KINDS
        for version, api in kind.apis.items()
        if (required := required_members(kind, version)) and required <= item.keys()
        if api.id and member in ("", api.items, kind.section)
    ]
    if not fitting:
        return None
    _, kind, version = max(fitting, key=lambda fit: fit[0])
    named = (str(item[name]) for name in ("name", "title", "key") if item.get(name))
    label = next(named, kind.noun)
    # Lists that people wrote by hand have no ids, which are only used in messages.
    with_id = {kind.apis[version].id: label, **item}
    return Listed(kind, version, with_id, label)


def _matches(path: str) -> bool:
    name = path.lower()
    return name.endswith(".json") and not name.endswith("-plugin/plugin.json")


FORM = Form("API list", _matches, _read, accepts=lambda _, text: not is_state(text))
