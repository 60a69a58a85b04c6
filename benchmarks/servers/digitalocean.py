"""`python -m benchmarks.servers.digitalocean FILE`: the records of a domain, as DigitalOcean lists.

`FILE` is a JSON list of records. A page has 20 records, the default of the API. Source:
docs.digitalocean.com, API reference, domain records and links.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.measure import nothing
from benchmarks.servers.serving import Answer, json_application, serve

_PAGE = 20


class Records:
    """The records of every domain that is asked for."""

    def __init__(self, records: list[Any]) -> None:
        self.records = records

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> Answer:
        if method != "GET" or not path.endswith("/records"):
            return 404, {"id": "not_found", "message": "Not found"}
        number = int(query.get("page", 1))
        start, end = (number - 1) * _PAGE, number * _PAGE
        pages = {"last": f"{path}?page={-(-len(self.records) // _PAGE)}"}
        links = {"pages": pages} if end < len(self.records) else {}
        return 200, {
            "domain_records": self.records[start:end],
            "links": links,
            "meta": {"total": len(self.records)},
        }


if __name__ == "__main__":
    records = Records(json.loads(Path(sys.argv[1]).read_bytes()))
    serve(json_application(records.answer), nothing)
