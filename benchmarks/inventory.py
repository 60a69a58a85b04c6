"""What an inventory of 10,000 owned objects costs, and the list of API v1: one large response."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.commands import LATENCY_MS, ours, write
from benchmarks.comparison import Checks, Comparison, Numbers
from benchmarks.measure import Contender, run
from benchmarks.repositories import ORGANIZATION, entry, write_settings
from benchmarks.results import Bound
from benchmarks.servers.client import Server, server

COUNT = 10_000
CHANGES = 1_000
NONE = "no inventory"
V1 = "API v1"
_SETTINGS = (
    f"version: 1\ntargets: {{production: {{org_id: {ORGANIZATION}, "
    "inventory: {store: file}, prune: owned}}\n"
)
_MOST_MB = 300


def _own(root: Path, devin: Server) -> None:
    """Adopt all notes."""
    (root / "devinops.yaml").write_text(_SETTINGS)
    run(ours("adopt", root, "apply", "--yes", server=devin))


@contextmanager
def plans(directory: Path) -> Iterator[list[Contender]]:
    root = write("markdown", COUNT, directory / "repository")
    seed = write("seed", COUNT, directory / "seed.json")
    with server("devin", str(seed)) as devin:
        _own(root, devin)
        devin.latency(LATENCY_MS)

        def configure() -> None:
            (root / "devinops.yaml").write_text(_SETTINGS)

        argv = ("plan", "--detailed-exitcode")
        v3 = ours("devinops", root, *argv, server=devin, before=configure)
        without = ours(NONE, root, *argv, server=devin, before=lambda: write_settings(root))
        env = {**without.env, "DEVIN_API_KEY": "apk_emulator"}
        yield [v3, without, replace(without, label=V1, env=env)]


def written(check: Checks) -> None:
    """Check that many changes do not write the whole inventory again for each."""
    with TemporaryDirectory() as temporary:
        root = write("markdown", COUNT, Path(temporary) / "repository")
        seed = write("seed", COUNT, Path(temporary) / "seed.json")
        with server("devin", str(seed)) as devin:
            _own(root, devin)
            size_mb = (root / ".devinops" / "production.jsonl").stat().st_size / 1e6
            for number in range(CHANGES):
                path = root / "knowledge" / entry(number).folder / f"note-{number:05}.md"
                path.write_text(path.read_text() + "One more line.\n")
            apply = run(ours("update", root, "apply", "--yes", server=devin))
        check("bytes written against the inventory's size", apply.written_mb / size_mb, 20, "×")


BENCHMARKS = [
    Comparison(
        "inventory",
        "plan with nothing to do, 10,000 owned notes, 50 ms a request",
        ("Each note is also compared with what was last applied."),
        1.8,
        plans,
        [
            Bound("wall_s", 1.25, NONE),
            Bound("peak_mb", _MOST_MB, what="peak memory", unit=" MB"),
            Bound("peak_mb", _MOST_MB, of=V1, what=f"peak memory, {V1}", unit=" MB"),
        ],
    ),
    Numbers(
        "inventory-writes",
        "update 1,000 of 10,000 owned notes",
        "",
        0.7,
        written,
    ),
]
