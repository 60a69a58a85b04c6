"""Git connections of the enterprise: what a permission names. People make them in the web app.

Source: the vendor's Terraform provider (`git_connections_data_source.go`); a name may be null, and
several connections may share one.
"""

from __future__ import annotations

from devinops.kinds._reference import Item, reference


def _reduced(item: Item, _: str | None) -> Item:
    return {**item, "name": item.get("name") or item.get("git_connection_id")}


KIND = reference(
    "git_connection",
    "A connection of the enterprise to a Git host.",
    singular="Git connection",
    path="git-providers/connections",
    permission="ManageGitIntegrations",
    remedy="connect it in the web app (no API can), or correct the name",
    reduced=_reduced,
)
