"""`python -m benchmarks.servers.kong`: an admin API like Kong's, as much of it as decK 1.4 asks.

A list is a page of up to 1,000 objects, `{"data": […], "offset": …}`, and the next page is asked
for with `offset`. A service is created by a PUT to its id. Every other list is empty. Source:
docs.konghq.com, Admin API (`/`, paging, services), and the requests of decK 1.4.
"""

from __future__ import annotations

from typing import Any

from benchmarks.servers.serving import Answer, json_application, serve

_INFORMATION = {"version": "2.5.0", "configuration": {"database": "postgres"}}
_MOST_IN_A_PAGE = 1000


class Services:
    """The services by id."""

    def __init__(self) -> None:
        self.by_id: dict[str, Any] = {}

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> Answer:
        collection, _, id = path.strip("/").partition("/")
        if not collection:
            return 200, _INFORMATION
        if method == "GET":
            every = list(self.by_id.values()) if collection == "services" else []
            return 200, page(every, query)
        if method == "PUT" and collection == "services" and id:
            self.by_id[id] = {"created_at": 1, "updated_at": 1, **body, "id": id}
            return 200, self.by_id[id]
        return 404, {"message": "Not found"}


def page(every: list[Any], query: dict[str, str]) -> dict[str, Any]:
    """Return the objects from `offset` on; with the `offset` and the address of the next page."""
    start = int(query.get("offset", 0))
    end = start + min(int(query.get("size", 100)), _MOST_IN_A_PAGE)
    if end >= len(every):
        return {"data": every[start:], "next": None}
    return {"data": every[start:end], "next": f"?offset={end}", "offset": str(end)}


if __name__ == "__main__":
    services = Services()
    serve(json_application(services.answer), services.by_id.clear)
