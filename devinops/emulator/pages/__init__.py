"""The emulator's web page: what people see and do in the vendor's web app, in plain HTML.

Every page works without JavaScript. What the store contains is untrusted: templates escape it.
"""

from __future__ import annotations

from importlib.resources import files

from starlette.responses import Response

from devinops.emulator.access import DEFAULT_ORG
from devinops.emulator.pages.objects import new_object, notice, one_object
from devinops.emulator.pages.request_response import (
    HEADERS,
    PageRequest,
    error_page,
    redirect,
    render,
    route,
)
from devinops.emulator.pages.tree import note_tree
from devinops.emulator.pages.views import (
    ENTERPRISE,
    IN_ENTERPRISE,
    IN_ORGANIZATION,
    Link,
    Owner,
    audit_rows,
    find_owner,
    listed,
    members,
    request_rows,
    rows,
)
from devinops.emulator.pages.words import NOUNS, TITLES
from devinops.emulator.records import SECTIONS

_REQUESTS = 200
_EVENTS = 100
_STATIC = {
    "style.css": "text/css",
    "requests.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}


def _start(request: PageRequest) -> Response:
    """Show all organizations, the enterprise and the requests."""
    store = request.store
    organizations = store.listing("organization", None, "created")
    owners = [Owner(org.id, org.name) for org in organizations]
    return render(
        "start.html",
        title="devinops emulator",
        url=str(request.http.base_url).rstrip("/"),
        has_default=DEFAULT_ORG in store.organizations,
        owners=[(owner, owner.links(store)) for owner in (*owners, ENTERPRISE)],
        requests=request_rows(request.log, 0, _REQUESTS),
    )


def _list(request: PageRequest) -> Response:
    """Show the objects of a section."""
    section = request.http.url.path.rpartition("/")[2]
    owner = find_owner(request.store, request.http.path_params.get("org"))
    content = {
        "title": TITLES[section],
        "noun": NOUNS[SECTIONS[section]],
        "owner": owner,
        "crumbs": [Link(owner.first_url, owner.name)],
        "links": owner.links(request.store, section),
        "notice": notice(request),
    }
    if section == "knowledge":
        search = request.query.get("search", "").strip()
        tree = note_tree(request.store, owner.org, search=search)
        is_open = bool(search) or tree.is_small or request.query.get("folders") == "open"
        return render("knowledge.html", tree=tree, search=search, is_open=is_open, **content)
    items = rows(request.store, SECTIONS[section], owner.org)
    return render("list.html", section=section, rows=items, **content)


def _members(request: PageRequest) -> Response:
    """Show who has which role."""
    store = request.store
    return render(
        "members.html",
        title="Members",
        owner=ENTERPRISE,
        crumbs=[Link(ENTERPRISE.first_url, ENTERPRISE.name)],
        links=ENTERPRISE.links(store, "members"),
        groups=[
            ("People", members(store, "user")),
            ("Groups", members(store, "idp_group")),
            ("Service users", members(store, "service_user")),
        ],
        roles=sorted(store.table("role"), key=lambda role: role.name.casefold()),
    )


def _audit_log(request: PageRequest) -> Response:
    """Show who did what, newest first."""
    events = request.store.listing("event", None, "reversed")
    start = request.number("from")
    return render(
        "audit_log.html",
        title="Audit log",
        rows=audit_rows(request.store, events[start : start + _EVENTS]),
        newer=max(start - _EVENTS, 0) if start else None,
        older=start + _EVENTS if start + _EVENTS < len(events) else None,
    )


def _requests(request: PageRequest) -> Response:
    """Show the requests, or clear their list."""
    if request.is_post:
        request.log.clear()
        return redirect("/requests?done=cleared")
    return render(
        "requests.html",
        title="Requests",
        requests=request_rows(request.log, 0, _REQUESTS),
        notice=notice(request),
    )


def _new_requests(request: PageRequest) -> Response:
    """Return the part of a page with the requests after a number."""
    since = request_rows(request.log, request.number("since"), _REQUESTS)
    return render("request_rows.html", requests=since)


def _static(request: PageRequest) -> Response:
    name = request.part("name")
    if name not in _STATIC:
        return error_page(404, f"There is no file {name}.")
    content = files("devinops.emulator.pages").joinpath("static", name).read_bytes()
    return Response(content, headers=HEADERS, media_type=_STATIC[name])


ROUTES = [
    route("/", _start, "GET"),
    route("/requests", _requests, "GET", "POST"),
    route("/requests/new", _new_requests, "GET"),
    route("/audit-log", _audit_log, "GET"),
    route("/static/{name}", _static, "GET"),
    route("/enterprise/members", _members, "GET"),
    *(route(f"/enterprise/{name}", _list, "GET") for name in listed(IN_ENTERPRISE)),
    *(
        route(f"/organizations/{{org:path}}/{name}", _list, "GET")
        for name in listed(IN_ORGANIZATION)
    ),
    *(route(f"/enterprise/{name}/new", new_object, "GET", "POST") for name in IN_ENTERPRISE),
    *(
        route(f"/organizations/{{org:path}}/{name}/new", new_object, "GET", "POST")
        for name in IN_ORGANIZATION
    ),
    *(route(f"/{section}/{{id:path}}", one_object, "GET", "POST") for section in TITLES),
]
