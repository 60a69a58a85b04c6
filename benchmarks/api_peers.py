"""decK, octoDNS and dbt-jobs-as-code with as many objects, against local APIs of their vendors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from benchmarks import peers
from benchmarks.commands import LATENCY_MS, write
from benchmarks.measure import Contender, run
from benchmarks.servers.client import Server, server

DECK = "decK"
OCTODNS = "octoDNS"
DBT = "dbt-jobs-as-code"
_ZONE = "notes.example."
_OCTODNS = """
import sys
import octodns_digitalocean
octodns_digitalocean.DigitalOceanClient.BASE = sys.argv.pop(1)
from octodns.cmds.sync import main
main()
"""
"""octoDNS has no setting for the address of DigitalOcean."""


def _deck(command: str, directory: Path, count: int, kong: Server) -> Contender | None:
    """Return a command of decK for a file of `count` services; None if decK is not installed."""
    program = peers.deck()
    if program is None:
        return None
    state = write("kong", count, directory / "kong.yaml")
    options = ("--kong-addr", kong.url, "--no-color", "--parallelism", "10")
    argv = (program, command, "-s", str(state), *options)
    return Contender(DECK, argv, directory, {"HOME": str(directory)}, server=kong)


@contextmanager
def deck_sync(directory: Path, count: int) -> Iterator[list[Contender]]:
    """Create the services, ten at once."""
    with server("kong", latency_ms=LATENCY_MS) as kong:
        sync = _deck("sync", directory, count, kong)
        yield [replace(sync, before=kong.reset)] if sync else []


@contextmanager
def deck_diff(directory: Path, count: int) -> Iterator[list[Contender]]:
    """Compare the services with an API that has them."""
    with server("kong") as kong:
        sync = _deck("sync", directory, count, kong)
        if sync is None:
            yield []
            return
        run(sync)
        kong.latency(LATENCY_MS)
        argv = ("diff" if part == "sync" else part for part in sync.command)
        yield [replace(sync, command=(*argv, "--non-zero-exit-code"))]


@contextmanager
def octodns_plan(directory: Path, count: int) -> Iterator[list[Contender]]:
    """Compare the records of a zone with an API that has them."""
    write("zone", count, directory / "zones" / f"{_ZONE}yaml")
    records = write("records", count, directory / "records.json")
    config = {
        "providers": {
            "files": {
                "class": "octodns.provider.yaml.YamlProvider",
                "directory": "zones",
                "enforce_order": False,
            },
            "digitalocean": {
                "class": "octodns_digitalocean.DigitalOceanProvider",
                "token": "token",
            },
        },
        "zones": {_ZONE: {"sources": ["files"], "targets": ["digitalocean"]}},
    }
    (directory / "octodns.yaml").write_text(json.dumps(config))
    with server("digitalocean", str(records), latency_ms=LATENCY_MS) as digitalocean:
        python = peers.program(OCTODNS, "python")
        command = (python, "-c", _OCTODNS, digitalocean.url, "--config-file", "octodns.yaml")
        yield [Contender(OCTODNS, command, directory, server=digitalocean)]


@contextmanager
def dbt_plan(directory: Path, count: int) -> Iterator[list[Contender]]:
    """Compare the jobs of an account with an API that has them; once, because it takes a minute."""
    file = write("jobs", count, directory / "jobs.yml")
    live = write("live-jobs", count, directory / "live-jobs.json")
    with server("dbt_cloud", str(live), latency_ms=LATENCY_MS) as dbt_cloud:
        env = {"DBT_API_KEY": "key", "DBT_BASE_URL": dbt_cloud.url, "HOME": str(directory)}
        command = (peers.program(DBT, DBT), "plan", str(file))
        yield [Contender(DBT, command, directory, env, server=dbt_cloud, most_runs=1, warm=False)]
