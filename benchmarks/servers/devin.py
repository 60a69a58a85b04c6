"""`python -m benchmarks.servers.devin SEED [RATE]`: the emulator, see `serving`.

`RATE` is the number of requests a second that the server allows.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from benchmarks.servers.serving import serve
from devinops.emulator.app import Setup
from devinops.emulator.seed import parse_seed


def main(seed: str, rate: str = "") -> None:
    parsed = parse_seed(json.loads(Path(seed).read_bytes()))
    setup = Setup(parsed, rate_limit=float(rate) if rate else None)

    def reset() -> None:
        setup.reset()
        setup.log.clear()

    serve(setup.app(), reset)


if __name__ == "__main__":
    main(*sys.argv[1:])
