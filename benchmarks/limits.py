"""The memory that a large list costs, as a multiple of its bytes.

Each plan runs in its own process. The peak memory of a plan of an empty organization is subtracted
from its own, and the rest is divided by `LARGEST_LIST`, so that the numbers are the same on every
machine.
"""

from __future__ import annotations

import itertools
import tempfile
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from benchmarks.commands import ours
from benchmarks.comparison import Checks, Numbers
from benchmarks.measure import run_and_read
from devinops.api.size_limits import LARGEST_LIST

MIB = 1024 * 1024
HEAD, TAIL = b'{"has_next_page": false, "items": [', b"]}"
NOTE = '{"note_id": "%s", "name": "N", "trigger": "t", "body": "%s", "folder_id": null}'
Pieces = Callable[[], Iterator[bytes]]
"""What the list of notes answers, each time it is asked."""


def one_note(body: Iterator[bytes]) -> Iterator[bytes]:
    before, _, after = (NOTE % ("note-1", "%")).partition("%")
    yield HEAD + before.encode()
    yield from body
    yield after.encode() + TAIL


def endless_pages(body: str) -> Pieces:
    """Pages with ids and cursors of their own, without end."""
    numbers = itertools.count()

    def page() -> Iterator[bytes]:
        start = next(numbers)
        items = ",".join(NOTE % (f"n-{start}-{number}", body) for number in range(200))
        yield f'{{"has_next_page": true, "end_cursor": "c{start}", "items": [{items}]}}'.encode()

    return page


def bomb() -> Iterator[bytes]:
    """1 GiB of spaces, packed."""
    packer = zlib.compressobj(9, wbits=31)
    for _ in range(1024):
        yield packer.compress(b" " * MIB)
    yield packer.flush()


CASES: dict[str, tuple[Pieces, str, float]] = {
    "endless bytes": (lambda: itertools.repeat(b" " * MIB), "larger than 128 MiB", 3),
    "1 GiB of spaces in 1 MiB of gzip": (bomb, "larger than 128 MiB", 3),
    "endless pages of 4 KB notes": (endless_pages("x" * 4000), "larger than 128 MiB", 5),
    "endless pages of tiny notes": (endless_pages(""), "more than 100000 objects", 5),
    "one text of the largest size": (
        lambda: one_note(itertools.repeat(b"x" * MIB, LARGEST_LIST // MIB - 1)),
        "",
        6,
    ),
    "the same, four bytes a character in memory": (
        lambda: one_note(
            itertools.chain(["😀".encode()], itertools.repeat(b"x" * MIB, LARGEST_LIST // MIB - 1))
        ),
        "",
        14,
    ),
    "one line of 10 MB": (lambda: one_note(itertools.repeat(b"x" * MIB, 10)), "", 3),
}
"""Name → pieces of the response, what the plan says (empty: success), and the promised ratio."""


@contextmanager
def server(pieces: Pieces, packed: bool) -> Iterator[str]:
    """Serve these notes and nothing else; yield the URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            if packed and "/notes" in self.path:
                self.send_header("Content-Encoding", "gzip")
            self.end_headers()
            try:
                for piece in pieces() if "/notes" in self.path else [b'{"folders": []}']:
                    self.wfile.write(piece)
            except ConnectionError:
                pass

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{running.server_port}"
        finally:
            running.shutdown()
            thread.join()


def peak_mb(root: Path, pieces: Pieces, said: str, *, packed: bool = False) -> float:
    """Plan against a server; return the peak memory of that."""
    with server(pieces, packed) as url:
        plan = ours("devinops", root, "plan", codes=frozenset({1 if said else 0}))
        env = {"DEVIN_API_URL": url, "DEVIN_API_KEY": "cog_x", "DEVIN_ORG_ID": "org-1"}
        cost, text = run_and_read(replace(plan, env={**plan.env, **env}))
    assert said in text, text
    return cost.peak_mb


def measure(check: Checks) -> None:
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        (root / "knowledge").mkdir()
        (root / "knowledge" / "n.md").write_text("---\nname: N\ntrigger: t\n---\nb\n")
        empty = peak_mb(root, lambda: iter([HEAD + TAIL]), "")
        for what, (pieces, said, bound) in CASES.items():
            peak = peak_mb(root, pieces, said, packed=pieces is bomb)
            ratio = (peak - empty) * MIB / LARGEST_LIST
            check(what, ratio, bound, "×")


BENCHMARKS = [
    Numbers(
        "limits",
        "lists that are too large: peak memory against the largest list, 128 MiB",
        "If a server sends too much, a plan ends with an error. What a plan of an empty "
        "organization takes is subtracted.",
        0.5,
        measure,
    )
]
