"""`python -m benchmarks.servers.devin SEED [RATE [COUNT]]`: the emulator, see `serving`.

`RATE` is the number of requests a second that the server allows. With `COUNT`, there are as many
organizations, `org-0` and so on, each with what the seed has for its only one.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from benchmarks.servers.serving import serve
from devinops.emulator.app import Setup
from devinops.emulator.seed import parse_seed


def main(seed: str, rate: str = "", count: str = "") -> None:
    raw = json.loads(Path(seed).read_bytes())
    if count:
        (organization,) = raw["organizations"].values()
        raw["organizations"] = {f"org-{number}": organization for number in range(int(count))}
    parsed = parse_seed(raw)
    setup = Setup(parsed, rate_limit=float(rate) if rate else None)

    def reset() -> None:
        setup.reset()
        setup.log.clear()

    serve(setup.app(), reset)


if __name__ == "__main__":
    main(*sys.argv[1:])
