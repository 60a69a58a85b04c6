"""The networks from which people and keys may reach an enterprise.

Source: the vendor's Terraform provider (`ip_access_list_resource.go`): PUT replaces the whole list,
DELETE empties it, an empty list allows every address, and a list binds the next request already.
The server rewrites networks, so they are compared as such. No endpoint says which address the API
sees.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from typing import Any, Final, TypeAlias

from devinops.kinds._nested import set_of, text
from devinops.model.keys import listed
from devinops.model.kind import (
    FieldPath,
    Hazard,
    Kind,
    Lifecycle,
    OnlyObject,
    Part,
    Resource,
    Scope,
    Terraform,
    attribute,
    everywhere,
    settings_api,
)
from devinops.model.values import Unset

_Network: TypeAlias = IPv4Network | IPv6Network
_EVERYWHERE: Final = ("0.0.0.0/0", "::/0")


def _as_networks(ranges: Any) -> Any:
    """Return each network once, as `ipaddress` writes it. Raises ValueError for other text."""
    return [*dict.fromkeys(str(ip_network(str(each), strict=False)) for each in ranges)]


@dataclass(frozen=True, kw_only=True, slots=True)
class IpAccessList(Resource):
    ip_ranges: list[str] | Unset = attribute(
        schema=set_of(
            "Networks (CIDR) or single addresses, in any order. []: every address.",
            text("A network or an address, IPv4 or IPv6.", minLength=1, example="203.0.113.0/24"),
        ),
        required=True,
        is_set=True,
        normalize=_as_networks,
        names={"v3": everywhere("ip_ranges")},
    )


def _check(access: IpAccessList) -> Iterator[tuple[FieldPath, str]]:
    for number, written in enumerate(_ranges(access)):
        try:
            ip_network(written)
        except ValueError as error:
            yield ("ip_ranges", number), f"{error}: write 203.0.113.0/24, or a single address"


def _ranges(access: IpAccessList | None) -> list[str]:
    return access.ip_ranges if access and isinstance(access.ip_ranges, list) else []


def _allowed(access: IpAccessList | None) -> list[_Network]:
    """Return the networks of a list, joined where they meet; an empty list allows every address."""
    found = [*map(ip_network, _ranges(access) or _EVERYWHERE)]
    v4 = collapse_addresses(each for each in found if isinstance(each, IPv4Network))
    return [*v4, *collapse_addresses(each for each in found if isinstance(each, IPv6Network))]


def _outside(networks: Iterable[_Network], allowed: Iterable[Any]) -> list[str]:
    """Return the networks that no allowed one contains."""
    known = [*allowed]
    return [
        str(network)
        for network in networks
        if not any(one.version == network.version and network.subnet_of(one) for one in known)
    ]


def _locks_out(before: IpAccessList | None, after: IpAccessList) -> str:
    lost = _outside(_allowed(before), _allowed(after))
    return f"locks out addresses in {listed(lost)}, from the next request on" if lost else ""


def _opens(before: IpAccessList | None, after: IpAccessList) -> str:
    whole = [network for network in _allowed(after) if not network.prefixlen]
    opened = _outside(whole, _allowed(before))
    return f"lets every address in ({listed(opened)})" if opened else ""


KIND = Kind(
    noun="ip_access_list",
    singular="IP access list",
    section="ip_access_list",
    title="The networks from which an enterprise can be reached. One entry, for the enterprise.",
    resource=IpAccessList,
    identity=OnlyObject(),
    lifecycle=Lifecycle.WHOLE,
    only_named=True,
    terraform=Terraform(enterprise="devin_ip_access_list"),
    check=_check,
    hazards=(Hazard("lockout", _locks_out), Hazard("access", _opens)),
    alone="it can lock out whatever comes after it",
    locked_out="the list was written, and the API now refuses the key: this machine is probably "
    "outside the list. No rollback gets through from here: run it from an address in the list, or "
    "correct the list there",
    apis={
        "v3": settings_api(
            Scope.ENTERPRISE,
            Part("ip_ranges", "ip-access-list", "ip_ranges", empty=[]),
            read="ManageEnterpriseSettings",
        )
    },
)
