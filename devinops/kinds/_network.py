"""Whether a change lets the sessions of an automation reach more of the network. Pure.

Source: the vendor's descriptions of its MCP tools, September 2026. A policy of null means every
host; a create without a policy gets the default, which is narrow.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from devinops.kinds._nested import as_json

_UNSTATED: Final[Mapping[str, Any]] = {"allow": []}
"""What counts as the policy of an automation that has none: the default of the API is narrow."""


def risk(before: Any, after: Any) -> str:
    """Return what a change opens, as text; empty if it opens nothing. `before` may be None."""
    old, new = (_policy(automation) for automation in (before, after))
    if new is None:
        return (
            "" if before and old is None else "gets network: unrestricted (it may reach every host)"
        )
    if old is None or old is _UNSTATED:
        return ""
    if new is _UNSTATED:
        return "loses its network policy, so it may get network: unrestricted"
    known = set(map(as_json, old["allow"]))
    hosts = (host.values() for host in new["allow"] if as_json(host) not in known)
    added = [address for addresses in hosts for address in addresses]
    return f"may reach more of the network: {', '.join(added)}" if added else ""


def _policy(automation: Any) -> Any:
    settings = automation.session_settings if automation else None
    return settings.get("net_policy", _UNSTATED) if settings else _UNSTATED
