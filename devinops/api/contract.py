"""What devinops expects of the API, as data: the lists to read, their shapes and permissions.

`contract.json` says it. In a shape, `?` after a name allows null or nothing there, and a list holds
the shape of its elements. The other words are the types in `shape`, or names of shapes. `settles`
maps a quirk of the emulator to how the answers settle it: see `quirks`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from devinops.model.kind import ApiVersion

SKILLS: Final = "/v3beta1/organizations/{org_id}/managed-plugins/bundles/knowledge/skills"
"""Where the vendor's release notes of September 2026 send those who use the API for notes. Nothing
else is documented about it, so only whether it answers counts."""

PAGE: Final = {"has_next_page": "bool", "end_cursor?": "text", "total?": "int"}
"""What a page has besides its items."""


@dataclass(frozen=True)
class Reading:
    """One GET that devinops relies on.

    `path` has `{org_id}` in place of the organization. `shape` is that of an object of a list with
    pages, and of the whole response otherwise, where `items` is the member with the list.
    `reads_one` says that there is a GET of one object below the path.
    """

    name: str
    path: str
    paging: str
    shape: Any
    permission: str
    settles: Mapping[str, list[Any]]
    id: str = ""
    items: str = "items"
    reads_one: bool = False
    may_be_off: bool = False
    """Whether a 404 can mean that the feature is switched off."""

    @property
    def is_of_enterprise(self) -> bool:
        """Whether only a key of the enterprise can read it."""
        return self.path.startswith("/v3/enterprise")

    @property
    def needs_organization(self) -> bool:
        return "{org_id}" in self.path

    @property
    def may_be_bare(self) -> bool:
        """Whether some editions of the API answer with the list itself."""
        return any(how == "form" for how, *_ in self.settles.values())

    @property
    def object_shape(self) -> Any:
        """The shape of one object of a list."""
        return self.shape[self.items][0] if self.paging == "whole" else self.shape

    @property
    def response(self) -> Any:
        """The shape of a whole response."""
        return self.shape if self.paging == "whole" else {"items": [self.shape], **PAGE}


@dataclass(frozen=True)
class Contract:
    """The readings of one API, and the shapes by name."""

    readings: tuple[Reading, ...]
    shapes: Mapping[str, Any]


@cache
def contract(api: ApiVersion) -> Contract:
    """Return what devinops expects of an API."""
    data = json.loads(files("devinops.api").joinpath("contract.json").read_bytes())
    return Contract(tuple(Reading(**facts) for facts in data[api]), data["shapes"])
