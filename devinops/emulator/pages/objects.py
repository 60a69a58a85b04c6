"""The pages of one object: its form, and what a person does with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from starlette.responses import Response

from devinops.emulator import web_edits
from devinops.emulator.pages import forms, words
from devinops.emulator.pages.forms import Input
from devinops.emulator.pages.request_response import PageRequest, redirect, render
from devinops.emulator.pages.tree import NoteTree, folder_choices, note_tree
from devinops.emulator.pages.views import (
    Link,
    Owner,
    author,
    facts,
    find_owner,
    owner_of,
    section_of,
    url_of,
)
from devinops.emulator.records import SECTIONS, ApiError, InvalidObject, Kind

NOTICES = {
    "created": "Created.",
    "saved": "Saved.",
    "unchanged": "Nothing was changed.",
    "deleted": "Deleted.",
    "cleared": "The list is empty again.",
}


def notice(request: PageRequest) -> str:
    """Return the message of what the form before this page did; empty without one."""
    return NOTICES.get(request.query.get("done", ""), "")


# -- a new object


def new_object(request: PageRequest) -> Response:
    """Show the form of a new object, or create it."""
    org = request.http.path_params.get("org")
    kind = SECTIONS[request.http.url.path.split("/")[-2]]
    owner = find_owner(request.store, org)
    fields = forms.form_fields(kind, tuple(folder_choices(request.store, org)))
    empty = forms.inputs(fields, forms.starting_values(kind, request.query))
    if not request.is_post:
        return _new_page(request, kind, owner, empty, {})
    filled = forms.typed(empty, request.form)
    values, errors = forms.read(filled)
    if not errors:
        try:
            record_id = web_edits.add(request.store, kind, org, values)
        except InvalidObject as error:
            errors = forms.errors_by_input(error, filled)
        else:
            request.save()
            return redirect(f"{url_of(section_of(kind), record_id)}?done=created")
    return _new_page(request, kind, owner, filled, errors)


def _new_page(
    request: PageRequest,
    kind: Kind,
    owner: Owner,
    items: Iterable[Input],
    errors: Mapping[str, str],
) -> Response:
    noun = words.NOUNS[kind]
    return render(
        "new.html",
        422 if errors else 200,
        title=f"New {noun}",
        kind=kind,
        crumbs=_crumbs(request, kind, owner, None),
        owner=owner,
        links=owner.links(request.store, _section(kind)),
        inputs=forms.with_errors(items, errors),
        form_error=errors.get("", ""),
        has_errors=bool(errors),
        cancel=_list_url(kind, owner),
        button=f"Create {noun}",
    )


# -- an object that exists


def one_object(request: PageRequest) -> Response:
    """Show an object with its form, save the form, or delete the object."""
    kind = SECTIONS[request.http.url.path.split("/")[1]]
    record = _record(request, kind)
    fields = forms.form_fields(kind, tuple(folder_choices(request.store, record.org, record.id)))
    live = forms.inputs(fields, forms.values_of(kind, record))
    if not request.is_post:
        return _page(request, kind, record, live, {}, live)
    if request.form.get("action") == "delete":
        return _delete(request, kind, record)
    return _save(request, kind, record, live)


def _record(request: PageRequest, kind: Kind) -> Any:
    """Return the object that the path names. Raises a 404."""
    record = request.store.table(kind).get(request.part("id"))
    if record is None:
        raise ApiError(404, f"There is no {words.NOUNS[kind]} with the id {request.part('id')}")
    return record


def _delete(request: PageRequest, kind: Kind, record: Any) -> Response:
    back = _list_url(kind, owner_of(request.store, kind, record))
    web_edits.remove(request.store, kind, record.id)
    request.save()
    return redirect(f"{back}?done=deleted")


def _save(request: PageRequest, kind: Kind, record: Any, live: list[Input]) -> Response:
    filled = forms.merged(live, request.form)
    values, errors = forms.read(filled, live)
    if any(item.live is not None for item in filled):
        errors |= {"": _overtaken(request, record)}
    if not errors and values:
        try:
            web_edits.edit(request.store, kind, record.id, values)
        except InvalidObject as error:
            errors = forms.errors_by_input(error, filled)
        else:
            request.save()
    if errors:
        return _page(request, kind, record, filled, errors, live)
    done = "saved" if values else "unchanged"
    if request.form.get("back") == "list":
        return redirect(f"{_list_url(kind, owner_of(request.store, kind, record))}?done={done}")
    return redirect(f"{url_of(section_of(kind), record.id)}?done={done}")


def _overtaken(request: PageRequest, record: Any) -> str:
    who = author(request.store, record.updated_by)
    name = f"{who.name} ({who.what})" if who else "Somebody"
    return f"{name} changed this while you were editing. Save again to overwrite what is marked."


def _page(
    request: PageRequest,
    kind: Kind,
    record: Any,
    items: Iterable[Input],
    errors: Mapping[str, str],
    live: Iterable[Input],
) -> Response:
    """Return the page with a form of `items`, for an object that has the values `live`."""
    store = request.store
    owner = owner_of(store, kind, record)
    tree = note_tree(store, record.org, record.id) if kind == "folder" else None
    return render(
        "object.html",
        422 if errors else 200,
        title=record.label.strip() or "(no name)",
        noun=words.NOUNS[kind],
        kind=kind,
        section=section_of(kind),
        crumbs=_crumbs(request, kind, owner, record),
        owner=owner,
        links=owner.links(store, _section(kind)),
        record=record,
        started=[(f"{forms.STARTED}{item.field.name}", item.text) for item in live],
        created_by=author(store, record.created_by),
        updated_by=author(store, record.updated_by),
        facts=facts(store, kind, record),
        inputs=forms.with_errors(items, errors),
        form_error=errors.get("", ""),
        has_errors=bool(errors),
        notice="" if errors else notice(request),
        tree=tree,
        consequence=_consequence(kind, owner, tree),
        search="",
        is_open=True,
    )


def _consequence(kind: Kind, owner: Owner, tree: NoteTree | None) -> str:
    """Return what a person should know before deleting an object."""
    if kind == "organization":
        return "Everything in it is deleted too."
    if tree is not None and (tree.note_count or tree.folder_count):
        return "What is in it moves to the folder above."
    return "The emulator keeps no copy."


def _section(kind: Kind) -> str:
    """Return the section of the list that has the objects of a kind."""
    return {"folder": "knowledge", "organization": "settings"}.get(kind, section_of(kind))


def _list_url(kind: Kind, owner: Owner) -> str:
    if kind == "organization":
        return "/enterprise/organizations"
    return f"{owner.url}/{_section(kind)}"


def _crumbs(request: PageRequest, kind: Kind, owner: Owner, record: Any) -> list[Link]:
    """Return the way from the start to an object, without the object itself."""
    crumbs = [Link(owner.first_url, owner.name)]
    if kind != "organization":
        section = _section(kind)
        crumbs.append(Link(f"{owner.url}/{section}", words.TITLES[section]))
    if kind in ("knowledge", "folder") and record is not None:
        above = record.folder_id if kind == "knowledge" else record.parent_id
        line = list(request.store.folder_line(above).values())
        crumbs += [Link(url_of("folders", folder.id), folder.name) for folder in reversed(line)]
    return crumbs
