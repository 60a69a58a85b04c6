"""The addresses that may call the API; the list also binds whoever changes it."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Annotated

from pydantic import AfterValidator

from devinops.emulator import access
from devinops.emulator.models import Answer, RequestBody
from devinops.emulator.records import JsonObject
from devinops.emulator.resource import ENTERPRISE, Mount, RequestContext, Resource, operation


def _network(text: str) -> str:
    """Return the text. Raises ValueError if it names no network."""
    ip_network(text, strict=False)
    return text


class IpRanges(RequestBody):
    """Networks such as 10.0.0.0/8, or addresses."""

    ip_ranges: list[Annotated[str, AfterValidator(_network)]]


class IpRangesAnswer(Answer):
    ip_ranges: list[str]


@operation("GET", "", "get ip_access_list", IpRangesAnswer)
def _get(context: RequestContext) -> JsonObject:
    """Read the list; if it is empty, every address may call."""
    return {"ip_ranges": [record.id for record in context.store.table("ip_range")]}


@operation("POST", "", "add ip_access_list", IpRangesAnswer, body=IpRanges)
def _add(context: RequestContext) -> object:
    """Add to the list. It applies to the very next request."""
    store = context.store
    for text in context.body.ip_ranges:
        cidr = text if store.quirks.ip_ranges == "kept" else str(ip_network(text, strict=False))
        if cidr not in store.table("ip_range"):
            store.insert("ip_range", None, context.caller.actor, {"id": cidr})
    return _get(context)


@operation("PUT", "", "replace ip_access_list", IpRangesAnswer, body=IpRanges)
def _replace(context: RequestContext) -> object:
    """Replace the list. It applies to the very next request."""
    _clear(context)
    return _add(context)


@operation("DELETE", "", "clear ip_access_list", IpRangesAnswer)
def _clear(context: RequestContext) -> object:
    """Clear the list, so that every address may call."""
    context.store.delete_all("ip_range", None, context.caller.actor)
    return _get(context)


IP_ACCESS = Resource(
    kind="ip_range",
    nouns=("ip_range", "ip_ranges"),
    path="/ip-access-list",
    mounts=(Mount(ENTERPRISE, access.SETTINGS, access.SETTINGS),),
    id_field="ip_range",
    view=lambda _, record: {"cidr": record.id},
    answer=IpRangesAnswer,
    listing=None,
    readable=False,
    extra=(_get, _add, _replace, _clear),
    check_as_person=lambda fields: IpRanges.model_validate({"ip_ranges": [fields.get("cidr")]}),
)
