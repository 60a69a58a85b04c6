"""`python -m benchmarks.servers.dbt_cloud FILE`: jobs of an account, as dbt Cloud lists them.

`FILE` is a JSON list of jobs. A page has 100 of them, the default of the API; no job has
environment variables of its own. Source: docs.getdbt.com, API v2 (list jobs) and v3 (environment
variables of a job), and the requests of dbt-jobs-as-code 1.22.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.measure import nothing
from benchmarks.servers.serving import Answer, json_application, serve

_PAGE = 100


class Jobs:
    """The jobs of every account that is asked for."""

    def __init__(self, jobs: list[Any]) -> None:
        self.jobs = jobs

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> Answer:
        if method == "GET" and path.endswith("/environment-variables/job/"):
            return 200, {"data": {}}
        if method != "GET" or not path.endswith("/jobs/"):
            return 404, {"status": {"code": 404, "user_message": "Not found"}}
        offset = int(query.get("offset", 0))
        extra = {
            "filters": {"limit": _PAGE, "offset": offset},
            "pagination": {"total_count": len(self.jobs)},
        }
        return 200, {"data": self.jobs[offset : offset + _PAGE], "extra": extra}


if __name__ == "__main__":
    jobs = Jobs(json.loads(Path(sys.argv[1]).read_bytes()))
    serve(json_application(jobs.answer), nothing)
