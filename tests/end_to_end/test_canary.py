"""A secret value and a key go where they belong and nowhere else: every artefact of every run is searched."""

from __future__ import annotations

import json
import os
import re
import signal
import traceback
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from devinops.api import open_reader
from devinops.api.client import WritingClient
from devinops.api.http_client import Call, Sender
from devinops.api.size_limits import ResponseBudget
from devinops.applying.applier import Applier
from devinops.cli.declarations.options import Options
from devinops.cli.runs.run import open_run
from devinops.emulator import Emulator
from devinops.environment import Flags
from devinops.model.errors import ApiError
from devinops.model.objects import Live
from tests.testing.command_line import Devinops, Ran, Write
from tests.testing.replies import Asked, Reply, running

VALUE = 'hush-hush "quoted"\\ with ünïcode\nand-a-hush-hush-second-line'
KEY = "cog_emulator"
HOSTILE_KEY = "cog_nightingale_0123456789"
CONFIG = "version: 1\ntargets:\n  production:\n    inventory: {store: file}\n    prune: owned\n"
ENV = "WHERE_IT_IS"  # a name that tells nothing


def secrets_yaml(version: str = "1") -> str:
    entry = {"key": "NPM", "type": "key-value", "value_from": {"env": ENV}, "version": version}
    return json.dumps({"secrets": [entry]})


NOTE = "---\nname: A\ntrigger: t\n---\n{}\n"


@pytest.fixture(autouse=True)
def value(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(ENV, VALUE)
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))


CODES = [
    VALUE.encode().hex()[8:24],
    quote(VALUE)[-16:],
    # base64 takes three bytes at a time, so what is in front of the value decides how it looks
    *(b64encode(bytes(front) + VALUE.encode()).decode()[8:20] for front in range(3)),
]
"""What the value looks like, somewhere in the middle, when it is encoded."""


def assert_clean(text: str, where: object) -> None:
    for spelling in (
        "hush",
        "quoted",
        "ünïcode",
        "n\\u00efcode",
        "second-line",
        "nightingale",
        "0123456789",
        *CODES,
    ):
        found = text.find(spelling)
        assert found < 0, (where, text[max(0, found - 200) : found + 200])


def assert_nothing_leaked(ran: Ran, directory: Path) -> None:
    assert_clean(ran.out, "stdout")
    assert_clean(ran.err, "stderr")
    for path in directory.rglob("*"):
        if path.is_file():
            assert_clean(path.read_bytes().decode("utf-8", "replace"), path)


def run_all(devinops: Devinops, root: Path, reports: Path, *argv: str) -> Ran:
    """Run with everything that can be written."""
    reports.mkdir(exist_ok=True)
    files = ("--report", f"json={reports / 'a.json'}", "--report", f"text={reports / 'a.txt'}")
    return devinops(*argv, "-C", root, "-v", *files)


def test_a_whole_life_of_a_secret_leaves_no_trace(
    repository: Write, devinops: Devinops, use: Callable[..., None], tmp_path: Path
) -> None:
    root = repository(
        {
            "devinops.yaml": CONFIG,
            "secrets.yaml": secrets_yaml(),
            "knowledge/a.md": NOTE.format("one"),
        }
    )
    reports, saved = tmp_path / "reports", tmp_path / "plan.json"
    with Emulator({"organizations": {"org-emulator": {}}}) as emulator:
        use(emulator.url, KEY)
        steps: list[tuple[list[str], int]] = [
            (["plan", "--out", str(saved)], 0),
            (["apply", str(saved)], 0),
            (["drift"], 0),
        ]
        for argv, code in steps:
            ran = run_all(devinops, root, reports, *argv)
            assert ran.code == code, ran
            assert_nothing_leaked(ran, tmp_path)
        assert emulator.store.secret_matches("org-emulator", "NPM", VALUE)
        repository({"secrets.yaml": secrets_yaml("2"), "knowledge/a.md": NOTE.format("two")})
        for argv in (
            ["plan"],
            ["apply", "--yes"],
            ["apply", "--yes"],
            ["rollback", "latest", "--yes"],
        ):
            ran = run_all(devinops, root, reports, *argv)
            assert ran.code == 0, ran
            assert_nothing_leaked(ran, tmp_path)
            ran = devinops(*argv, "-C", root, "--format", "json", "-v")
            assert_nothing_leaked(ran, tmp_path)
        for argv in (
            ["inventory", "list"],
            ["inventory", "show", "secret:NPM"],
            ["whoami"],
            ["validate"],
        ):
            assert_nothing_leaked(devinops(*argv, "-C", root), tmp_path)
        assert list((root / ".devinops" / "backups").glob("*.jsonl"))
        assert_clean(json.dumps(emulator.requests), "the emulator's log")


# --- servers that give it back ----------------------------------------------------------------------------------

ECHOES: dict[str, Callable[[Asked], Reply]] = {
    "422 input": lambda asked: Reply(
        422,
        json.dumps(
            {"detail": [{"loc": ["body", "value"], "msg": "bad", "input": json.loads(asked.body)}]}
        ).encode(),
    ),
    "422 msg": lambda asked: Reply(
        422,
        json.dumps(
            {"detail": [{"loc": ["body"], "msg": f"no {json.loads(asked.body)['value']}"}]}
        ).encode(),
    ),
    "400 text": lambda asked: Reply(
        400, b"refused: " + asked.body + asked.headers["Authorization"].encode()
    ),
    "400 base64": lambda asked: Reply(400, b64encode(asked.body)),
    "400 hex": lambda asked: Reply(400, asked.body.hex().encode()),
    "400 in a URL": lambda asked: Reply(
        400, f"see /?v={quote(json.loads(asked.body)['value'])}".encode()
    ),
    "422 beginning": lambda asked: Reply(
        422, json.dumps({"detail": f"no {json.loads(asked.body)['value'][:10]}…"}).encode()
    ),
    "422 line": lambda asked: Reply(
        422, json.dumps({"title": json.loads(asked.body)["value"].splitlines()[1]}).encode()
    ),
    "422 loc": lambda asked: Reply(
        422,
        json.dumps({"detail": [{"loc": ["body", json.loads(asked.body)["value"]]}]}).encode(),
    ),
    "500 body": lambda asked: Reply(500, asked.body),
    "500 key": lambda asked: Reply(
        500, json.dumps({"detail": asked.headers["Authorization"]}).encode()
    ),
    "cut": lambda asked: Reply(raw=b""),
    "200 nonsense": lambda asked: Reply(200, asked.body + b"}"),
    "200 echo": lambda asked: Reply(200, asked.body),
    "redirect": lambda asked: Reply(
        307, b"", {"Location": "http://localhost/" + quote(asked.body)}
    ),
    "redirect to it": lambda asked: Reply(307, b"", {"Location": f"http://{VALUE[:9]}.example/"}),
    "redirect to nonsense": lambda asked: Reply(
        307, b"", {"Location": "http://[" + quote(asked.body)}
    ),
}


def organization(answer_post: Callable[[Asked], Reply]) -> Callable[[Asked], Reply]:
    """An empty organization whose POSTs end as a test wants."""

    def answer(asked: Asked) -> Reply:
        if asked.method == "POST":
            return answer_post(asked)
        if asked.path.startswith("/v3/self"):
            facts = {"principal_type": "service_user", "service_user_name": "ci", "org_id": "org-1"}
            return Reply(200, facts)
        page: dict[str, Any] = {
            "items": [],
            "folders": [],
            "has_next_page": False,
            "root_note_count": 0,
        }
        return Reply(200, page)

    return answer


@pytest.mark.sampled(4)
@pytest.mark.parametrize("format", ["text", "json"])
@pytest.mark.parametrize("echo", ECHOES.values(), ids=ECHOES)
def test_what_a_server_echoes_is_not_shown(
    echo: Callable[[Asked], Reply],
    format: str,
    repository: Write,
    devinops: Devinops,
    use: Callable[..., None],
    tmp_path: Path,
) -> None:
    root = repository({"devinops.yaml": CONFIG, "secrets.yaml": secrets_yaml()})
    with running(organization(echo)) as api:
        use(api.url, HOSTILE_KEY)
        ran = run_all(devinops, root, tmp_path / "reports", "apply", "--yes", "--format", format)
    assert ran.code in (1, 3), ran
    assert_nothing_leaked(ran, tmp_path)


SECOND = "swordfish-of-the-other-entry"


@pytest.mark.sampled(2)
@pytest.mark.parametrize("method", ["POST", "GET"])
@pytest.mark.parametrize("write", [str, json.dumps], ids=["as it is", "JSON"])
def test_what_a_server_echoes_in_the_answer_to_another_request_is_not_shown(
    method: str,
    write: Callable[[str], str],
    repository: Write,
    devinops: Devinops,
    use: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """The first value in the response about the second secret, or to the list that follows."""
    monkeypatch.setenv("SECOND", SECOND)
    sent: list[bytes] = []

    def answer(asked: Asked) -> Reply:
        if asked.method == "POST":
            sent.append(asked.body)
        if asked.method == method and sent and not asked.path.startswith("/v3/self"):
            before = write(json.loads(sent[0])["value"])
            return Reply(422, {"detail": f"not {before}, {SECOND}"})
        return organization(lambda _: Reply(500, b""))(asked)

    entries = json.loads(secrets_yaml())["secrets"]
    entries.append(entries[0] | {"key": "OTHER", "value_from": {"env": "SECOND"}})
    root = repository({"devinops.yaml": CONFIG, "secrets.yaml": json.dumps({"secrets": entries})})
    with running(answer) as api:
        use(api.url, HOSTILE_KEY)
        ran = run_all(devinops, root, tmp_path / "reports", "apply", "--yes", "--parallelism", "1")
    assert ran.code == (3 if method == "GET" else 1)
    assert ("not " in ran.out and "***" in ran.out) == (method == "GET")
    assert_nothing_leaked(ran, tmp_path)
    for text in (ran.out, ran.err, (tmp_path / "reports" / "a.json").read_text()):
        assert "swordfish" not in text


def test_ctrl_c_does_not_show_it(
    repository: Write, devinops: Devinops, use: Callable[..., None], tmp_path: Path
) -> None:
    def interrupted(asked: Asked) -> Reply:
        os.kill(os.getpid(), signal.SIGINT)
        return Reply(500, asked.body)

    root = repository({"devinops.yaml": CONFIG, "secrets.yaml": secrets_yaml()})
    with running(organization(interrupted)) as api:
        use(api.url, HOSTILE_KEY)
        ran = run_all(devinops, root, tmp_path / "reports", "apply", "--yes")
    assert ran.code == 130, ran
    assert_nothing_leaked(ran, tmp_path)


SPELLINGS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "repr": repr,
    "json": json.dumps,
    "one line of it": lambda value: value.splitlines()[1],
    "its beginning": lambda value: value[:15],
    "in a URL": quote,
    "in base64": lambda value: b64encode(value.encode()).decode(),
}


@pytest.mark.sampled(3)
@pytest.mark.parametrize("spell", SPELLINGS.values(), ids=SPELLINGS)
def test_a_bug_does_not_write_it_down(
    spell: Callable[[str], str],
    repository: Write,
    devinops: Devinops,
    use: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """The name of the variable tells nothing: only the entry says that it is a secret."""

    def bug(*_: object, value: str, **__: object) -> None:
        try:
            raise ValueError(f"first {spell(value)}")
        except ValueError as error:
            raise RuntimeError(f"a bug with {spell(value)} and {HOSTILE_KEY}") from error

    monkeypatch.setattr(WritingClient, "create", bug)
    root = repository({"devinops.yaml": CONFIG, "secrets.yaml": secrets_yaml()})
    with running(organization(lambda _: Reply(500, b""))) as api:
        use(api.url, HOSTILE_KEY)
        ran = run_all(devinops, root, tmp_path / "reports", "apply", "--yes")
    assert ran.code in (1, 3, 70), ran
    assert ran.code != 70 or re.search(r"\S+/devinops-bug-\S+\.log", ran.err)
    assert_nothing_leaked(ran, tmp_path)


# --- what a debugger or a traceback would show ----------------------------------------------------------------


def test_no_repr_and_no_traceback_shows_it(
    repository: Write,
    devinops: Devinops,
    use: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    root = repository({"devinops.yaml": CONFIG, "secrets.yaml": secrets_yaml()})
    shown: list[str] = []
    send, create = Sender._send, WritingClient.create

    def watched_send(self: Sender, call: Call, budget: ResponseBudget | None = None) -> Any:
        shown.extend((repr(call), str(call), repr(self._connection), repr(vars(self))))
        return send(self, call, budget)

    def watched_create(self: WritingClient, *args: Any, **more: Any) -> Any:
        try:
            return create(self, *args, **more)
        except ApiError as error:
            shown.append("".join(traceback.format_exception(error)))
            raise

    monkeypatch.setattr(Sender, "_send", watched_send)
    monkeypatch.setattr(WritingClient, "create", watched_create)
    with running(organization(ECHOES["422 msg"])) as api:
        use(api.url, HOSTILE_KEY)
        options = Options(root=root, flags=Flags(None, None, None, None, {}))
        with open_run(options, None, open_reader) as run:
            session = run.session(run.names[0])
            settings = session.settings
            shown += map(repr, (session, settings, settings.connection, session.entries))
        assert devinops("apply", "-C", root, "--yes").code == 1
    assert any("Traceback" in one for one in shown)
    for one in shown:
        assert_clean(one, "a repr")


# --- another host ---------------------------------------------------------------------------------------------


@pytest.mark.sampled(3)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_takes_the_key_nowhere(
    status: int, repository: Write, devinops: Devinops, use: Callable[..., None], tmp_path: Path
) -> None:
    strangers: list[Asked] = []

    def stranger(asked: Asked) -> Reply:
        strangers.append(asked)
        return Reply(200, b"{}")

    root = repository({"devinops.yaml": CONFIG, "secrets.yaml": secrets_yaml()})
    with running(stranger) as other:
        elsewhere = Reply(status, b"", {"Location": f"{other.url}/v3/self"})
        for answer in (lambda _: elsewhere, organization(lambda _: elsewhere)):
            with running(answer) as api:
                use(api.url, HOSTILE_KEY)
                for argv in (["whoami"], ["plan"], ["apply", "--yes"]):
                    ran = run_all(devinops, root, tmp_path / "reports", *argv)
                    assert ran.code in (0, 1, 3), ran
                    assert_nothing_leaked(ran, tmp_path)
    assert strangers == []


# --- a secret that the API makes ------------------------------------------------------------------------------

HOOK = {
    "name": "Hook",
    "enabled": False,
    "triggers": [{"event_type": "webhook:incoming"}],
    "actions": [{"type": "start_session", "prompt": "p"}],
}


def hooks(*names: str, **facts: Any) -> dict[str, str]:
    entries = [HOOK | {"name": name} | facts for name in names]
    return {"devinops.yaml": CONFIG, "automations.yaml": json.dumps({"automations": entries})}


def secrets_in(path: Path) -> list[str]:
    return [line.split("\t")[2] for line in path.read_text().splitlines()]


def assert_shown_nowhere(secrets: list[str], ran: Ran, directory: Path, own: Path) -> None:
    texts = {"stdout": ran.out, "stderr": ran.err}
    texts |= {
        str(path): path.read_bytes().decode("utf-8", "replace")
        for path in directory.rglob("*")
        if path.is_file() and path.name.partition("-")[0] != own.name.partition("-")[0]
    }
    assert secrets
    for where, text in texts.items():
        assert not [secret for secret in secrets if secret[:12] in text], where


def test_a_whole_life_of_a_webhook_leaves_its_secret_in_the_users_file_alone(
    repository: Write, devinops: Devinops, use: Callable[..., None], tmp_path: Path
) -> None:
    root = repository(hooks("Hook", "Other"))
    reports, saved, own = tmp_path / "reports", tmp_path / "plan.json", tmp_path / "secrets-1"
    with Emulator({"organizations": {"org-emulator": {}}}) as emulator:
        use(emulator.url, KEY)
        assert run_all(devinops, root, reports, "plan", "--out", str(saved)).code == 0
        argv = ["apply", str(saved), "--webhook-secrets", str(own)]
        applied = run_all(devinops, root, reports, *argv)
        assert applied.code == 0, applied
        made = secrets_in(own)
        assert len(made) == 2
        assert_shown_nowhere(made, applied, tmp_path, own)
        repository(hooks("Hook", metadata={"team": "web"}))
        again = tmp_path / "secrets-2"
        for args in (
            ["plan"],
            ["drift"],
            ["apply", "--yes"],
            ["rollback", "latest", "--yes", "--webhook-secrets", str(again)],
            ["inventory", "list"],
            ["inventory", "show", "automation:Hook"],
        ):
            for format in ("text", "json"):
                ran = devinops(*args, "-C", root, "--format", format, "-v")
                secrets = [*made, *(secrets_in(again) if again.exists() else ())]
                assert_shown_nowhere(secrets, ran, tmp_path, own)
        assert len(secrets_in(again)) == 1
        assert list((root / ".devinops" / "backups").glob("*.jsonl"))


@pytest.mark.sampled(3)
@pytest.mark.parametrize("spell", SPELLINGS.values(), ids=SPELLINGS)
def test_a_bug_does_not_write_down_a_secret_that_the_api_made(
    spell: Callable[[str], str],
    repository: Write,
    devinops: Devinops,
    use: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    def bug(_: object, __: object, ___: object, live: Live) -> None:
        assert live.revealed
        raise RuntimeError(f"a bug with {spell(live.revealed.secret + chr(10) + 'x')} in {live}")

    monkeypatch.setattr(Applier, "_verify_stored", bug)
    root, own = repository(hooks("Hook")), tmp_path / "secrets-1"
    with Emulator({"organizations": {"org-emulator": {}}}) as emulator:
        use(emulator.url, KEY)
        argv = ["apply", "--yes", "--webhook-secrets", str(own)]
        ran = run_all(devinops, root, tmp_path / "reports", *argv)
    assert ran.code == 70, ran
    assert_shown_nowhere(secrets_in(own), ran, tmp_path, own)


def test_what_a_server_says_of_a_secret_that_it_made_is_not_shown(
    repository: Write, devinops: Devinops, use: Callable[..., None], tmp_path: Path
) -> None:
    """In the response to the next request, which fails."""
    secret = "swordfish-of-the-webhook"

    def answer(asked: Asked) -> Reply:
        if asked.method == "POST":
            made = json.loads(asked.body) | {"automation_id": "a1"}
            webhook = {"url": "https://hooks.example/1", "secret": secret}
            made["triggers"][0] |= {"trigger_id": "t1", "webhook": webhook}
            seen.append(made)
            return Reply(201, made)
        if seen and asked.path.startswith("/v3/organizations"):
            return Reply(422, {"detail": f"not {secret}"})
        return organization(lambda _: Reply(500, b""))(asked)

    seen: list[Any] = []
    root, own = repository(hooks("Hook")), tmp_path / "secrets-1"
    with running(answer) as api:
        use(api.url, HOSTILE_KEY)
        argv = ["apply", "--yes", "--webhook-secrets", str(own)]
        ran = run_all(devinops, root, tmp_path / "reports", *argv)
    assert (ran.code, secrets_in(own)) == (3, [secret]), ran
    assert_shown_nowhere([secret], ran, tmp_path, own)
