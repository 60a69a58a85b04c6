"""SIGKILL before and after every request of an apply, with real processes; then it is run again."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, get_args

import pytest

from devinops.emulator import Emulator
from tests.testing import forked_apply
from tests.testing.documents import read_one
from tests.testing.killer import Killer
from tests.testing.world import CHANGES, KEYS, SEED, VALUE, World

pytestmark = pytest.mark.crash
CHUNKS = 8
"""The cases are dealt out to so many tests, for as many workers."""

SAMPLE = 17
"""Of the kills with an inventory on a branch, CI takes so few: before a request and after one in turn."""

Store = Literal["file", "branch"]


@contextmanager
def world(tmp_path: Path, killer: Killer, store: Store) -> Iterator[World]:
    with Emulator(SEED, layers=[killer]) as emulator:
        yield World.make(tmp_path, emulator, store=store)


def apply(made: World, killer: Killer) -> tuple[int, str]:
    """Run apply in a process of its own; return what it exits with, and what it prints."""
    env = {
        **os.environ,
        "DEVIN_API_URL": made.emulator.url,
        "DEVIN_API_KEY": KEYS[made.api],
        "A_SECRET_VALUE": VALUE,
    }
    options = ["--yes", "--root", str(made.root), "--format", "json"]
    out, err = (made.root.with_name(f"{made.root.name}.{name}") for name in ("stdout", "stderr"))
    with killer.starting:
        killer.process = forked_apply.start(options, env, (out, err))
    code = killer.exit_code()
    assert "Traceback" not in err.read_text(), err.read_text()
    return code, out.read_text()


def sample(store: Store, total: int) -> list[tuple[int, bool]]:
    """Return (request, killed after it) for CI: with a file each request once, before and after in turn."""
    cases = every_case(total)
    if store == "branch":
        return cases[::SAMPLE]
    return [(at, after) for at, after in cases if after == bool(at % 2)]


def every_case(total: int) -> list[tuple[int, bool]]:
    return [(at, after) for at in range(total) for after in (False, True)]


@pytest.fixture(scope="module")
def totals() -> dict[Store, int]:
    """Store → the number of requests of an apply, by the first test that needs it."""
    return {}


def requests_of_an_apply(tmp_path: Path, store: Store) -> int:
    """Run undisturbed, check that it is what the cases are made for, and count its requests."""
    killer = Killer()
    with world(tmp_path / "undisturbed", killer, store) as made:
        theirs = made.theirs()
        assert apply(made, killer)[0] == 0
        assert made.problems() == []
        assert made.theirs() == theirs
        return killer.seen


@pytest.mark.parametrize("chunk", range(CHUNKS))
@pytest.mark.parametrize("store", get_args(Store))
def test_a_killed_apply_is_finished_by_the_next_one(
    tmp_path: Path,
    store: Store,
    chunk: int,
    totals: dict[Store, int],
    record_property: Callable[[str, object], None],
) -> None:
    if store not in totals:
        totals[store] = requests_of_an_apply(tmp_path, store)
    total = totals[store]
    assert total > CHANGES
    takes_all = os.environ.get("CRASH_MATRIX") == "all"
    cases = (every_case(total) if takes_all else sample(store, total))[chunk::CHUNKS]
    for at, after in cases:
        killer = Killer(at, after)
        with world(tmp_path / f"{at}-{after}", killer, store) as made:
            theirs = made.theirs()
            killed, _ = apply(made, killer)
            target = f"killed {'after' if after else 'before'} request {at} of {total}"
            # After the very last answer the process may be quicker to end than to be killed.
            assert (killed, bool(killer.killed)) == (-signal.SIGKILL, True) or at == total - 1, (
                target
            )
            assert made.theirs() == theirs, target
            killer.at = None
            between = made.objects()
            code, out = apply(made, killer)
            assert (code, made.untrue(read_one(out), between)) == (0, []), target
            assert made.problems() == [], target
            assert made.theirs() == theirs, target
            assert made.intents() == [], target
    record_property("kills", len(cases))
