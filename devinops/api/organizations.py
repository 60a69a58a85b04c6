"""Lists the organizations of an enterprise.

Source: the vendor's Terraform provider (`GET /v3/enterprise/organizations`, pages with a cursor).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import Final, NamedTuple

from devinops.api.connection import Connection
from devinops.api.http_client import Call, Getter
from devinops.api.listing import read_list
from devinops.api.v3_paths_and_self import ENTERPRISE_PATH
from devinops.model.client_protocols import ignore
from devinops.model.errors import BadResponse
from devinops.model.kind import Api, Paging

_API: Final = Api(path="organizations", id="org_id", paging=Paging.CURSOR)


class Organization(NamedTuple):
    """An organization of an enterprise.

    `title` is its name in the web app, on one line and only with characters that a file may have.
    """

    id: str
    title: str


def organizations(connection: Connection, log: Callable[[str], None]) -> list[Organization]:
    """Return all organizations that a key of the enterprise can list, sorted by title.

    Raises ApiError.
    """
    call = Call("GET", f"{ENTERPRISE_PATH}/{_API.path}", permission="ManageOrganizations")
    with closing(Getter(connection, log)) as http:
        items = read_list(http, call, _API, ignore).items
    listed = []
    for item in items:
        id, title = item.get(_API.id), item.get("name")
        if not (isinstance(id, str) and id and isinstance(title, str)):
            raise BadResponse(f"{call}: an organization has no org_id or no name")
        printable = "".join(char if char.isprintable() else " " for char in title)
        listed.append(Organization(id, " ".join(printable.split())))
    return sorted(listed, key=lambda organization: (organization.title, organization.id))
