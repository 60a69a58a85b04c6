"""Fixtures for all tests: a clean environment, no network beyond loopback, a command line to call."""

from __future__ import annotations

import gc
import ipaddress
import os
import re
import signal
import socket
import threading
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

from devinops import waiting
from devinops.api import redact
from devinops.cli.main import main
from tests.testing.command_line import Devinops, Ran, clean
from tests.testing.command_manual import exit_codes
from tests.testing.disk import not_flushed
from tests.testing.places import GOLDEN
from tests.testing.waiting import Waits

if TYPE_CHECKING:
    from devinops.emulator import Emulator

pytest_plugins = ["tests.testing.browser", "tests.testing.leftovers"]

# The same examples each time, so that a test fails for a change and for nothing else; `make fuzz` looks for new ones.
FUZZ_EXAMPLES = os.environ.get("FUZZ_EXAMPLES")
EXAMPLES = int(FUZZ_EXAMPLES or os.environ.get("TEST_EXAMPLES", "100"))
settings.register_profile(
    "devinops",
    deadline=None,
    derandomize=FUZZ_EXAMPLES is None,
    max_examples=EXAMPLES,
    print_blob=True,
)
settings.load_profile("devinops")
# Of the tests that are `costly`, CI tries fewer, and the night as many as of the others.
COSTLY_EXAMPLES = min(EXAMPLES, int(os.environ.get("COSTLY_EXAMPLES", EXAMPLES)))
settings.register_profile("costly", settings(), max_examples=COSTLY_EXAMPLES)

# The collected tests stay until the end. To search them for garbage again and again takes up to a tenth of the time.
gc.set_threshold(50_000, 20, 20)

# A shell's background jobs ignore Ctrl-C, and their children with them; some tests press it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
# So do those of nohup with SIGHUP. With a handler, only the children are back at the default.
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, lambda *_: None)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--function-contexts",
        action="store_true",
        help="let coverage tell which test function reaches a line; which of its cases, as"
        " --cov-context=test tells, takes twice the time",
    )
    parser.addoption("--no-skips", action="store_true", help="fail when a test was skipped")
    parser.addoption(
        "--rewrite-golden", action="store_true", help="write the golden files again; read the diff"
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Function]) -> None:
    """Leave each n-th case of a test that is `sampled(n, ci=m)` to `make test`; the others are `matrix`.

    CI runs each m-th of them, and the night the others.
    """
    cases = Counter[object]()
    for item in items:
        if sampled := item.get_closest_marker("sampled"):
            if cases[item.function] % sampled.args[0]:
                item.add_marker("matrix")
            if cases[item.function] % sampled.kwargs.get("ci", 1):
                item.add_marker("nightly")
            cases[item.function] += 1


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Return one process more than processors, because some tests wait for programs and sockets.

    Those that kill programs wait half of the time.
    """
    processors = os.cpu_count() or 1
    return 2 * processors + 1 if config.option.markexpr == "crash" else processors + 1


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection() -> Generator[None, object, object]:
    # Nearly all that is made here stays, and to search it takes a tenth of the time.
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Function) -> None:
    function = item.nodeid.partition("[")[0]
    config = item.config
    if config.getoption("--function-contexts") and config.stash.get(_FUNCTION, "") != function:
        import coverage

        config.stash[_FUNCTION] = function
        coverage.Coverage.current().switch_context(f"{function}|")


_FUNCTION = pytest.StashKey[str]()
"""The function of the last test."""


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    if report.skipped and item.config.getoption("--no-skips") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which --no-skips forbids: {report.longrepr}"


# One fixture, because each takes its time before and after each of thousands of tests.
@pytest.fixture(autouse=True)
def isolated(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the environment or the secrets of another, or waits for the disk."""
    clean(monkeypatch)
    monkeypatch.setattr(redact, "_keys", set())
    monkeypatch.setattr(redact, "_values", set())
    monkeypatch.setattr(os, "fsync", not_flushed)
    monkeypatch.setattr(socket.socket, "connect", only_loopback)


_CONNECT = socket.socket.connect


def only_loopback(self: socket.socket, address: Any) -> None:
    """Stand for `connect`, so that a test that would leave this machine fails instead."""
    if (
        self.family in (socket.AF_INET, socket.AF_INET6)
        and not ipaddress.ip_address(address[0]).is_loopback
    ):
        raise AssertionError(f"a test tried to connect to {address}")
    _CONNECT(self, address)


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> Waits:
    """Nothing in this process waits; the fixture holds what it would have waited."""
    clock = Waits()
    for name in ("now", "pause", "wait"):
        monkeypatch.setattr(waiting, name, getattr(clock, name))
    return clock


_NUMBERS = count()
_NOW, _PAUSE, _WAIT = waiting.now, waiting.pause, waiting.wait


@pytest.fixture
def really_waits(waits: Waits, monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Let this process wait as it does for users, for tests that end a wait; the event says that one has begun."""
    begun = threading.Event()

    def pause(seconds: float, until: threading.Event | None = None) -> None:
        begun.set()
        _PAUSE(seconds, until)

    def wait(condition: threading.Condition, seconds: float | None) -> None:
        if seconds is not None:
            begun.set()
        _WAIT(condition, seconds)

    for name, real in (("now", _NOW), ("pause", pause), ("wait", wait)):
        monkeypatch.setattr(waiting, name, real)
    return begun


@pytest.fixture
def devinops(capfd: pytest.CaptureFixture[str]) -> Devinops:
    """Run the command line in this process: `devinops("plan", "--root", path)`."""

    def run(*argv: str | Path) -> Ran:
        capfd.readouterr()
        words = [str(argument) for argument in argv]
        code = main(words)
        captured = capfd.readouterr()
        assert code in exit_codes(words), f"{code} of {words}: add it to command_manual.MORE"
        return Ran(code, captured.out, captured.err)

    return run


@pytest.fixture(scope="module")
def directory_of_file(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    return tmp_path_factory.mktemp(request.path.stem)


@pytest.fixture
def tmp_path(request: pytest.FixtureRequest, directory_of_file: Path) -> Path:
    """Return a directory of this test alone, as pytest does, but below a directory of its file of tests.

    Pytest lists the directories of all earlier tests to number the next, and devinops lists the directory
    above a root. With thousands of them in one place, that took longer than many a test.
    """
    name = re.sub(r"\W", "_", request.node.name)[:30]
    path = directory_of_file / f"{name}{next(_NUMBERS)}"
    path.mkdir(mode=0o700)
    return path


@pytest.fixture
def repository(tmp_path: Path) -> Callable[[Mapping[str, str]], Path]:
    """Write files (path → text) below a fresh root; later calls add to it."""
    root = tmp_path / "repository"
    root.mkdir()

    def write(files: Mapping[str, str]) -> Path:
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="")
        return root

    return write


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Point the command line at an API: `use(emulator.url, key="apk_emulator")`."""

    def point(url: str, key: str = "cog_emulator") -> None:
        monkeypatch.setenv("DEVIN_API_URL", url)
        monkeypatch.setenv("DEVIN_API_KEY", key)

    return point


@pytest.fixture
def emulator(use: Callable[..., None]) -> Iterator[Emulator]:
    """An emulator with an empty organization, at which the command line points."""
    from devinops.emulator import Emulator  # its import takes half a second, and few files need it

    with Emulator() as running:
        use(running.url)
        yield running


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a text with tests/golden/NAME; `--rewrite-golden` writes it instead."""

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("--rewrite-golden"):
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8")

    return compare
