"""Starting, stopping, and being slow on purpose."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.reduction import DupFd

import httpx
import pytest
from fastapi.routing import APIRoute

from devinops import __version__
from devinops.emulator import Emulator, middleware, server
from devinops.emulator.app import Setup
from devinops.emulator.middleware import Call, RateLimit
from devinops.emulator.seed import Seed
from devinops.emulator.server import serve
from devinops.model.errors import ConfigError
from tests.testing.emulator_api import NOTE, good
from tests.testing.waiting import LONG_S, until

AUTH = {"Authorization": "Bearer cog_emulator"}


_FORKS = get_context("forkserver")
_FORKS.set_forkserver_preload([server.__name__])


def run_server(streams, ignored, options):
    """Serve in this process, which writes to the ends of pipes `streams`."""
    for number, stream in enumerate(streams, 1):
        os.dup2(stream.detach(), number)
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)
    serve(**options)


class Served:
    """`serve` in a process of its own, forked from one that has imported it: imports take most of its start."""

    def __init__(self, ignored=(), **options):
        pipes = [os.pipe() for _ in range(2)]
        writers = [DupFd(writer) for _, writer in pipes]
        arguments = (writers, ignored, {"port": 0, **options})
        self.process = _FORKS.Process(target=run_server, args=arguments)
        self.process.start()
        for _, writer in pipes:
            os.close(writer)
        self.stdout, self.stderr = (os.fdopen(reader) for reader, _ in pipes)
        line = self.stdout.readline()
        assert line.startswith("listening on http://"), self.stderr.read()
        self.url = line.split()[-1]

    def send_signal(self, number):
        os.kill(self.process.pid, number)

    def end(self):
        """Wait for its end; return its exit code and what else it printed."""
        self.process.join(LONG_S)
        return self.process.exitcode, self.stdout.read(), self.stderr.read()


@contextmanager
def served(**options):
    running = Served(**options)
    try:
        yield running
    finally:
        running.process.kill()
        running.end()
        running.stdout.close()
        running.stderr.close()


@pytest.mark.matrix
def test_quirks_of_the_command_line_win_over_those_of_the_seed(tmp_path):
    seed = tmp_path / "seed.yaml"
    seed.write_text("quirks: {bodies: kept, newlines: crlf}", encoding="utf-8")
    quirks = {"bodies": "trimmed"}
    with (
        served(seed=seed, quirks=quirks) as running,
        httpx.Client(headers=AUTH) as client,
    ):
        path = f"{running.url}/v3/organizations/org-emulator/knowledge/notes"
        note = good(client.post(path, json=NOTE | {"body": "  a\nb  "}))
    assert note["body"] == "a\r\nb"


@pytest.mark.nightly
@pytest.mark.matrix
def test_quirks_of_the_command_line_win_over_those_of_a_report(tmp_path):
    report = tmp_path / "doctor.json"
    key = {"api": "v3", "scope": "organization", "principal": "unknown"}
    told = {"total": "absent", "error_body": "problem"}
    report.write_text(json.dumps({"format_version": "1.0", "key": key, "quirks": told}))
    with (
        served(report=report, quirks={"total": "none"}) as running,
        httpx.Client(headers={"Authorization": "Bearer cog_doctor"}) as client,
    ):
        path = f"{running.url}/v3/organizations/org-emulator"
        assert client.get(f"{path}/playbooks").json()["total"] is None
        assert client.get(f"{path}/playbooks/x").json()["title"] == "Not Found"


@pytest.mark.sampled(3, ci=3)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_serve_says_where_it_listens_and_stops_quietly_on_a_signal(number, tmp_path):
    seed = tmp_path / "seed.yaml"
    seed.write_text("organizations: {org-emulator: {folders: [{path: A}]}}", encoding="utf-8")
    with (
        served(seed=seed) as running,
        httpx.Client(headers=AUTH) as client,
    ):
        tree = good(client.get(f"{running.url}/v3/organizations/org-emulator/knowledge/folders"))
        assert tree["folders"][0]["path"] == "A"
        running.send_signal(number)
        assert running.end() == (0, "", "")


@pytest.mark.matrix
def test_at_a_terminal_it_says_that_a_browser_can_open_it():
    code = "from devinops.emulator.server import serve; serve(port=0)"
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=theirs, text=True
    )
    try:
        assert process.stdout.readline().startswith("listening on http://")
        assert b"Open this address in a browser" in os.read(ours, 1000)
    finally:
        process.kill()
        process.communicate()
        os.close(ours)
        os.close(theirs)


@pytest.mark.matrix
def test_a_signal_that_was_ignored_at_the_start_does_not_stop_it():
    with served(ignored=[signal.SIGINT]) as running:
        running.send_signal(signal.SIGINT)
        good(httpx.get(f"{running.url}/v3/self", headers=AUTH))
        running.send_signal(signal.SIGTERM)
        assert running.end() == (0, "", "")


@pytest.mark.matrix
def test_a_request_that_is_running_when_the_server_stops_makes_no_traceback():
    """The fault is counted when the request has come in, and then it is slow."""
    fault = {"path": "/v3/self", "fault": "delay", "delay_ms": 600_000}
    with served() as running, ThreadPoolExecutor(1) as pool:
        faults = f"{running.url}/_emulator/faults"
        good(httpx.put(faults, json=[fault]))
        asked = pool.submit(httpx.get, f"{running.url}/v3/self", headers=AUTH, timeout=LONG_S)
        until(lambda: good(httpx.get(faults))["counts"][0]["faulted"])
        running.send_signal(signal.SIGTERM)
        code, _, err = running.end()
        assert (code, err) == (0, "")
        assert asked.result().status_code == 503


@pytest.mark.matrix
def test_what_was_answered_before_a_kill_is_there_after_it(tmp_path):
    state, path = tmp_path / "state.json", "/v3/organizations/org-emulator/knowledge/notes"
    with served(state=state) as running:
        made = good(httpx.post(running.url + path, headers=AUTH, json=NOTE))
        running.send_signal(signal.SIGKILL)
    with served(state=state) as running:
        assert good(httpx.get(running.url + path, headers=AUTH))["items"] == [made]


@pytest.mark.parametrize("port", [-1, 65536])
def test_a_port_that_cannot_be_is_an_error(port):
    with pytest.raises(ConfigError, match="expected 0 to 65535"):
        serve(port=port)


def test_a_port_in_use_is_an_error_of_one_line(tmp_path, devinops):
    state = tmp_path / "state.json"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        said = (
            f"cannot listen on 127.0.0.1:{port}: another program already listens there; stop it, or take any free port "
            "with --port 0"
        )
        for use in (lambda: serve(port=port), Emulator(port=port).__enter__):
            with pytest.raises(ConfigError) as caught:
                use()
            assert str(caught.value) == said
        ran = devinops("emulator", "--port", port, "--state", state)
    assert (ran.code, ran.out, ran.err) == (1, "", f"devinops: {said}\n")
    assert not state.exists(), "it may be that of the emulator which listens there"


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("192.0.2.1", "192.0.2.1:8484: 192.0.2.1 is not an address of this machine"),
        ("2001:db8::1", "[2001:db8::1]:8484: "),
        ("a" * 70, "is neither an address nor a name"),
    ],
)
def test_a_host_that_cannot_be_listened_on_is_an_error_of_one_line(host, said, devinops):
    ran = devinops("emulator", "--host", host)
    assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert ran.err.startswith("devinops: cannot listen on ")
    assert said in ran.err


def test_an_empty_host_is_not_taken_for_every_address():
    with pytest.raises(ConfigError, match=':8484: --host "" is neither an address nor a name'):
        serve(host="")


def test_a_host_that_does_not_resolve_is_an_error_of_one_line(devinops, monkeypatch):
    def refuse(self, address):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket.socket, "bind", refuse)
    ran = devinops("emulator", "--host", "nope.invalid")
    said = '--host "nope.invalid" is neither an address nor a name that resolves; 127.0.0.1 is this machine'
    assert (ran.code, ran.err) == (1, f"devinops: cannot listen on nope.invalid:8484: {said}\n")


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM])
def test_a_port_that_needs_more_rights_is_an_error_of_one_line(number, devinops, monkeypatch):
    def refuse(self, address):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(socket.socket, "bind", refuse)
    ran = devinops("emulator", "--port", "80")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == (
        "devinops: cannot listen on 127.0.0.1:80: you are not allowed to use port 80; take one above 1023, or any "
        "free one with --port 0\n"
    )


def test_what_else_the_system_says_is_passed_on(monkeypatch):
    def refuse(self, address):
        raise OSError(errno.ENOBUFS, "No buffer space available")

    monkeypatch.setattr(socket.socket, "bind", refuse)
    with pytest.raises(ConfigError, match="8484: No buffer space available"):
        serve()


@pytest.mark.parametrize("options", [{"rate_limit": 0}, {"rate_limit": -1}, {"latency_ms": -1}])
def test_numbers_that_make_no_sense_are_errors(options):
    with pytest.raises(ConfigError):
        Emulator(**options)


def test_the_context_manager_listens_inside_and_not_after():
    with Emulator() as emulator:
        port = int(emulator.url.rpartition(":")[2])
        assert httpx.get(f"{emulator.url}/v3/self", headers=AUTH).status_code == 200
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{emulator.url}/v3/self")
    with Emulator(port=port) as again:
        assert again.url == emulator.url


def test_it_stops_at_once_with_idle_connections_open_and_leaves_no_thread(monkeypatch):
    """It gives running requests their time, and an idle connection would take all of it."""
    monkeypatch.setattr(server, "_STOP_S", 600)
    threads = set(threading.enumerate())
    with httpx.Client(headers=AUTH) as client:
        with Emulator() as emulator:
            client.get(f"{emulator.url}/v3/self")
        assert set(threading.enumerate()) <= threads


@pytest.mark.matrix
@pytest.mark.parametrize("part", ["body", "headers"])
def test_every_answer_says_that_it_is_the_emulators(start, part):
    faults = [
        {"path": "/v3/self", "nth": 1, "fault": "status"},
        {"path": "/v3/self", "nth": 2, "fault": "html"},
        {"path": "/v3/self", "nth": 3, "fault": "drip", "part": part, "delay_ms": 1},
    ]
    api = start(faults=faults)
    answers = [api.v3.get("/v3/self") for _ in range(4)]
    answers += [api.v1.get("/v1/knowledge"), api.v3.get("/nowhere"), api.v3.put("/v3/self")]
    answers += [
        api.person.get("/requests"),
        api.with_key("").get("/openapi.json"),
        api.v1.get("/v3/self"),
    ]
    answers += [api.v3.post("/v3/organizations/org-emulator/playbooks", json={})]
    assert {answer.headers.get_list("Devinops-Emulator")[0] for answer in answers} == {__version__}
    assert {len(answer.headers.get_list("Devinops-Emulator")) for answer in answers} == {1}


def test_an_exception_inside_passes_through():
    with pytest.raises(ZeroDivisionError), Emulator():
        raise ZeroDivisionError


def test_all_emulators_of_a_process_share_their_routes():
    """Analysing the handlers again for each of them would take longer than most tests."""
    first, second = (
        [r for r in Setup(Seed()).app().routes if isinstance(r, APIRoute)] for _ in range(2)
    )
    assert first
    assert all(one is other for one, other in zip(first, second, strict=True))


def test_two_emulators_know_nothing_of_each_other(start):
    first, second = start(), start()
    first.note()
    assert second.emulator.knowledge() == []


def test_latency_delays_each_answer_and_not_one_after_the_other(start, monkeypatch):
    """No pause ends before all have begun."""
    begun = []

    async def pause(milliseconds):
        begun.append(milliseconds)
        while len(begun) < 8:
            await asyncio.sleep(0)

    monkeypatch.setattr(middleware, "pause", pause)
    api = start(latency_ms=200)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: good(api.v3.get("/v3/self")), range(8)))
    assert begun == [200] * 8


def test_latency_and_rate_limit_leave_the_web_app_alone(start, pauses):
    api = start(latency_ms=500, rate_limit=0.001)
    for _ in range(5):
        good(api.person.get("/requests"))
    assert pauses == []


def test_the_rate_limit_refuses_and_logs_what_is_too_much(start):
    api = start(rate_limit=0.01)
    codes = [api.v3.get("/v3/self").status_code for _ in range(3)]
    assert codes == [200, 429, 429]
    assert [entry["status"] for entry in api.emulator.requests] == codes


def test_the_rate_limit_lets_through_a_second_s_worth_at_once_and_then_one_by_one():
    now = 0.0

    async def ask(call):
        return "through"

    limit = RateLimit(
        5, lambda call, headers: headers["Retry-After"], lambda: "seconds", clock=lambda: now
    )
    call = Call("GET", "/v3/self", "/v3/self", b"")
    answers = [asyncio.run(limit(call, ask)) for _ in range(7)]
    assert answers == ["through"] * 5 + ["1"] * 2
    now = 0.21
    assert [asyncio.run(limit(call, ask)) for _ in range(2)] == ["through", "1"]


def test_a_429_can_be_a_problem_document(start):
    api = start(rate_limit=0.1, quirks={"error_body": "problem"})
    refused = [api.v3.get("/v3/self") for _ in range(2)][1]
    assert (refused.json()["status"], refused.json()["instance"]) == (429, "/v3/self")
    assert 1 <= int(refused.headers["Retry-After"]) <= 10


@pytest.mark.matrix
def test_importing_and_serving_needs_no_setting_of_the_environment():
    environment = {
        name: value for name, value in os.environ.items() if name in ("PATH", "PYTHONPATH")
    }
    script = "from devinops.emulator import Emulator\nwith Emulator() as e: print(e.url)"
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
