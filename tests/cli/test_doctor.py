"""`devinops doctor`: what people see, what a report holds and never holds, and the way back into an emulator."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from jsonschema import Draft202012Validator

from devinops.emulator import Emulator
from devinops.emulator.reported import read_report
from devinops.schema.all_schemas import schemas
from tests.testing.command_line import Devinops, Ran, Write
from tests.testing.examined import changed, examined, items, put, seed
from tests.testing.replies import Reply, running
from tests.testing.waiting import Waits

Golden = Callable[[str, str], None]
TARGETS = "version: 1\ntargets:\n  first: {}\n  second: {api_key_env: DEVIN_SECOND}\n"


@pytest.fixture(autouse=True)
def _somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No devinops.yaml and no Git repository around."""
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    monkeypatch.setattr("devinops.doctor.local.platform.python_version", lambda: "3.12.1")
    monkeypatch.setattr("devinops.doctor.local.__version__", "1.0.0")
    monkeypatch.setattr("devinops.git.Git.line", lambda git, *words: _line(git, *words))


def _line(git: Any, *words: str) -> str | None:
    if words == ("--version",):
        return "git version 2.47.0"
    ran = subprocess.run(["git", *words], cwd=git.cwd, capture_output=True, text=True, check=False)
    return None if ran.returncode else ran.stdout.removesuffix("\n")


@pytest.fixture
def rich(use: Callable[..., None]) -> Iterator[Emulator]:
    with Emulator(seed()) as emulator:
        use(emulator.url)
        yield emulator


def test_what_people_see(
    rich: Emulator, devinops: Devinops, golden: Golden, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEVIN_API_KEY", "cog_enterprise")
    monkeypatch.setenv("DEVIN_ORG_ID", "org-emulator")
    ran = devinops("doctor")
    assert (ran.code, ran.err) == (0, "")
    golden("doctor.txt", ran.out)


def test_what_people_see_of_a_service_that_differs(
    use: Callable[..., None], devinops: Devinops, golden: Golden, monkeypatch: pytest.MonkeyPatch
) -> None:
    layers = [
        changed("/knowledge/notes", items(put("created_at", "2026"))),
        changed("/playbooks", items(put("reviewed", True))),
    ]
    keys = {"cog_few": {"permissions": ["UseDevinSessions"]}}
    monkeypatch.setenv("COLUMNS", "80")
    with Emulator({**seed(), "keys": keys}, quirks={"total": "none"}, layers=layers) as emulator:
        use(emulator.url, "cog_few")
        ran = devinops("doctor")
    assert ran.code == 1
    golden("doctor-differs.txt", ran.out)


def test_the_words_have_colors(
    rich: Emulator, devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    out = devinops("doctor").out
    assert "\x1b[38;5;29mok\x1b[0m       programs: " in out
    assert "\x1b[38;5;63mnote\x1b[0m     devinops.yaml: " in out
    assert "\x1b" not in devinops("doctor", "--no-color").out


def test_json_follows_its_schema_and_every_report_says_the_same(
    rich: Emulator, devinops: Devinops, tmp_path: Path
) -> None:
    ran = devinops(
        "doctor",
        "--format",
        "json",
        "--report",
        f"markdown={tmp_path / 'a.md'}",
        "--report",
        f"text={tmp_path / 'a.txt'}",
    )
    document = json.loads(ran.out)
    Draft202012Validator(schemas()["doctor"]).validate(document)
    assert document["quirks"]["list_order"] == "created"
    text = (tmp_path / "a.txt").read_text()
    assert (tmp_path / "a.md").read_text() == f"```\n{text}```\n"
    for check in document["checks"]:
        assert f"{check['status']:<7}  {check['about']}: {check['text']}" in text


def test_without_a_key_it_still_looks_at_this_machine(devinops: Devinops) -> None:
    ran = devinops("doctor")
    assert ran.code == 1
    assert "ok       programs: devinops 1.0.0, Python 3.12.1, Git 2.47.0\n" in ran.out
    assert (
        "problem  key: none is set, so no request was sent: set DEVIN_API_KEY, or the variable that the target names, to a key\n"
        in ran.out
    )
    assert "Nothing was written; 0 requests sent." in ran.out
    assert json.loads(devinops("doctor", "--format", "json").out)["key"] is None


def test_settings_that_cannot_be_used_are_a_problem(
    devinops: Devinops, use: Callable[..., None]
) -> None:
    use("https://stranger.example/?x", "cog_secret")
    ran = devinops("doctor")
    assert (ran.code, ran.err) == (1, "")
    assert (
        "problem  settings: cannot be used, so no request was sent: devinops whoami says why\n"
        in ran.out
    )
    assert "stranger" not in ran.out


@pytest.mark.parametrize(
    ("variable", "value"),
    [("HTTPS_PROXY", "canary://canary"), ("SSL_CERT_FILE", "/canary"), ("DEVIN_API_KEY", "cog_ä canary")],
)  # fmt: skip
def test_a_proxy_or_certificates_that_cannot_be_used_are_a_problem(
    devinops: Devinops, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv("DEVIN_API_KEY", "cog_key")
    monkeypatch.setenv(variable, value)
    ran = devinops("doctor")
    assert (ran.code, ran.err) == (1, "")
    assert (
        "problem  settings: cannot be used, so no request was sent: devinops whoami says why\n"
        in ran.out
    )
    assert "canary" not in ran.out


@pytest.mark.parametrize("argv", [["--target", "x"], ["--root", "nowhere"], ["--unknown"]])
def test_wrong_usage_is_64(devinops: Devinops, rich: Emulator, argv: list[str]) -> None:
    assert devinops("doctor", *argv).code == 64


def test_several_targets_need_one(
    devinops: Devinops, rich: Emulator, repository: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = repository({"devinops.yaml": TARGETS})
    assert devinops("doctor", "-C", root).code == 64
    monkeypatch.setenv("DEVIN_SECOND", "cog_enterprise")
    ran = devinops("doctor", "-C", root, "-t", "second")
    assert ran.code == 0
    assert "ok       devinops.yaml: declares 2 targets\n" in ran.out
    assert "of a service user of the enterprise" in ran.out


def test_settings_without_targets_are_no_declaration_of_none(
    devinops: Devinops, rich: Emulator, repository: Write
) -> None:
    ran = devinops("doctor", "-C", repository({"devinops.yaml": "version: 1\n"}))
    text = "has no targets: the environment says which organization"
    assert f"ok       devinops.yaml: {text}\n" in ran.out


@pytest.mark.parametrize(
    ("url", "line"),
    [
        (
            "http://127.0.0.1:1",
            "problem  connection: the host refused the connection: check DEVIN_API_URL, and HTTPS_PROXY if it is set\n",
        ),
        ("https://no-such-host.invalid", ""),
    ],
)
def test_a_host_that_cannot_be_reached(
    devinops: Devinops, use: Callable[..., None], url: str, line: str
) -> None:
    use(url)
    ran = devinops("doctor")
    assert ran.code == 1
    assert line in ran.out
    assert ran.out.count("problem ") == 1
    assert "no-such-host" not in ran.out
    assert "1 request sent" in ran.out


def test_a_certificate_that_is_not_trusted(
    devinops: Devinops, use: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import ssl

    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    with running(lambda _: Reply(404, {"detail": "x"}), context) as server:
        use(server.url)
        refused = devinops("doctor")
        monkeypatch.setenv("DEVINOPS_CA_BUNDLE", str(tmp_path / "ca.pem"))
        trusted = devinops("doctor")
    assert (
        "problem  connection: its certificate is not trusted: set DEVINOPS_CA_BUNDLE to the certificates to trust\n"
        in refused.out
    )
    assert (
        "note     key: /v3/self is refused (404), so its owner is unknown: set DEVIN_ORG_ID\n"
        in trusted.out
    )


def test_a_proxy_that_refuses_is_named_without_its_password(
    devinops: Devinops, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(lambda _: Reply(407, {})) as server:
        port = server.url.rpartition(":")[2]
        monkeypatch.setenv("HTTPS_PROXY", f"http://ada:hush@127.0.0.1:{port}")
        monkeypatch.setenv("DEVIN_API_KEY", "cog_key")
        ran = devinops("doctor", "-v")
    text = "the proxy refused the request: check HTTPS_PROXY, and its user and password"
    assert f"problem  connection: {text}\n" in ran.out
    assert "hush" not in ran.out + ran.err


# --- this machine -----------------------------------------------------------------------------


def git(root: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=root, check=True, capture_output=True)


def test_a_repository_is_looked_at_too(
    devinops: Devinops, rich: Emulator, repository: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI", raising=False)
    root = repository({"devinops.yaml": "version: 1\ntargets: {a: {inventory: {store: file}}}\n"})
    git(root, "init", "-q")
    ran = devinops("doctor", "-C", root)
    assert "ok       inventory: can be read and owns 0 objects\n" in ran.out
    assert " hooks: " not in ran.out
    assert " CI: " not in ran.out
    devinops("init", "-C", root)
    ran = devinops("doctor", "-C", root)
    assert (
        "note     hooks: pre-commit is not installed in this checkout: pre-commit install\n"
        in ran.out
    )
    assert "ok       CI: its files are up to date, or edited\n" in ran.out
    (root / ".git" / "hooks" / "pre-commit").write_text("")
    (root / ".devinops").mkdir(exist_ok=True)
    (root / ".devinops" / "a.jsonl").write_text("broken")
    ran = devinops("doctor", "-C", root)
    assert "ok       hooks: pre-commit is installed\n" in ran.out
    assert "problem  inventory: cannot be read: devinops inventory list says why\n" in ran.out


def test_files_of_ci_that_are_old_are_named(
    devinops: Devinops, rich: Emulator, repository: Write
) -> None:
    root = repository({"devinops.yaml": "version: 1\ntargets: {a: {}}\n"})
    git(root, "init", "-q")
    devinops("init", "-C", root)
    repository({"devinops.yaml": "version: 1\ntargets: {a: {}, b: {api_key_env: DEVIN_B}}\n"})
    ran = devinops("doctor", "-C", root, "-t", "a")
    assert "note     CI: 1 file of an older devinops: devinops init\n" in ran.out
    workflow = next((root / ".github" / "workflows").iterdir())
    workflow.write_text(workflow.read_text() + "# edited\n")
    ran = devinops("doctor", "-C", root, "-t", "a")
    assert "ok       CI: its files are up to date, or edited\n" in ran.out


def test_a_machine_without_git_is_told_what_it_is_for(
    devinops: Devinops, rich: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("devinops.git.Git.line", lambda git, *words: None)
    text = "devinops 1.0.0, Python 3.12.1, without Git: install Git for an inventory on a branch"
    assert f"note     programs: {text}\n" in devinops("doctor").out


def test_problems_in_devinops_yaml_are_counted(
    devinops: Devinops, rich: Emulator, repository: Write
) -> None:
    root = repository({"devinops.yaml": "version: 1\ntargets: {a: {prune: maybe}}\n"})
    ran = devinops("doctor", "-C", root)
    assert ran.code == 1
    assert "problem  devinops.yaml: has 1 problem: devinops validate shows them\n" in ran.out


# --- what a report never holds ----------------------------------------------------------------

CANARY = "canary"


def canaries() -> dict[str, Any]:
    """Return an organization with the canary in every text, name, label, address and id."""
    c = CANARY
    return {
        "organizations": {
            f"org-{c}": {
                "name": f"{c} Inc.",
                "folders": [{"path": f"{c}", "id": f"folder-{c}"}, {"path": f"{c}/in {c}"}],
                "knowledge": [
                    {"id": f"note-{c}-{n}", "name": f"{c} {n}", "trigger": c, "body": c, "folder": f, "pinned_repo": f"{c}/{c}", "macro": f"!{c}"}
                    for n, f in enumerate([c, f"{c}/in {c}"])
                ],
                "playbooks": [{"id": f"playbook-{c}", "title": c, "body": c, "macro": f"!{c}", "structured_output_schema": {c: {"type": c}}}],
                "secrets": [{"id": f"secret-{c}", "key": c.upper(), "type": "key-value", "note": c}],
                "automations": [
                    {
                        "name": c,
                        "triggers": [{"event_type": "webhook:incoming"}],
                        "actions": [{"type": "start_session", "prompt": c, "session": {"tags": [c]}}],
                        "metadata": {c: c},
                        "notifications": {"email": {"when": "always", "recipients": [f"{c}@{c}.example"]}},
                    }
                ],
                "tags": [c],
                "default_tag": c,
            }
        },
        "enterprise": {
            "knowledge": [{"name": c, "trigger": c, "body": c}],
            "service_users": [{"id": f"service-user-{c}", "name": c, "roles": {"enterprise": f"role-{c}"}}],
            "roles": [{"id": f"role-{c}", "name": c, "role_type": "enterprise", "permissions": [f"{c} permission"]}],
            "users": [{"name": c, "email": f"{c}@example.com"}],
        },
        "keys": {f"cog_{c}": {"org": f"org-{c}"}, f"apk_{c}": {"org": f"org-{c}"}},
    }  # fmt: skip


@pytest.mark.sampled(4)
@pytest.mark.parametrize("key", ["cog_canary", "apk_canary", "cog_enterprise"])
@pytest.mark.parametrize("broken", [False, True])
@pytest.mark.parametrize("more", [[], ["--write", "--yes"], ["--clean", "--yes"]], ids=str)
def test_no_output_has_a_word_of_the_organization(
    devinops: Devinops,
    use: Callable[..., None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    waits: Waits,
    key: str,
    broken: bool,
    more: list[str],
) -> None:
    """If everything has another type, each difference is named, and still nothing of a value."""
    monkeypatch.setenv("DEVIN_ORG_ID", f"org-{CANARY}")
    (tmp_path / "canary").mkdir()
    monkeypatch.chdir(tmp_path / "canary")
    layers = [changed("", _spoiled)] * broken
    with Emulator(canaries(), layers=layers) as emulator:
        use(emulator.url, key)
        ran = devinops("doctor", "-v", *more, *_reports(tmp_path))
        as_json = devinops("doctor", "--format", "json", "-v", *more)
    assert "--clean" in more or (ran.code != 0) == broken
    outputs = [_all(ran), _all(as_json), *(path.read_text() for path in tmp_path.glob("report.*"))]
    assert len(outputs) == 6
    for output in outputs:
        assert CANARY not in output.lower()
        assert "127.0.0.1" not in output
        assert "cog_" not in output


def test_no_output_has_the_name_of_a_target_or_of_its_variable(
    devinops: Devinops, rich: Emulator, repository: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = "{org_id: org-canary, api_key_env: DEVIN_CANARY, labels: {canary: canary}}"
    root = repository({"devinops.yaml": f"version: 1\ntargets: {{canary: {target}}}\n"})
    for key, line in (
        ("cog_wrong", "rejected (401)"),
        ("", "cannot be used"),
        ("cog_emulator", ""),
    ):
        monkeypatch.setenv("DEVIN_CANARY", key)
        ran = devinops("doctor", "-C", root, "-t", "canary", "-v")
        assert line in ran.out
        assert ran.code == 1
        assert CANARY not in (ran.out + ran.err).lower()


def _reports(directory: Path) -> list[str]:
    formats = ("text", "json", "markdown", "html")
    return [f"--report={format}={directory / f'report.{format}'}" for format in formats]


def _all(ran: Ran) -> str:
    return ran.out + ran.err


def _spoiled(reply: Any) -> Any:
    """Return a response in which each value of an object is in a list, and there are canaries in headers."""
    from tests.testing.examined import with_body

    def spoil(value: Any, depth: int = 0) -> Any:
        if isinstance(value, dict) and depth:
            return {name: [part] for name, part in value.items()} | {"Canary Team": 1}
        if isinstance(value, dict):
            return {
                n: [spoil(p, 1) for p in v] if isinstance(v, list) else v for n, v in value.items()
            }
        return [spoil(part, 1) for part in value] if isinstance(value, list) else value

    body = json.dumps(spoil(json.loads(reply.body))).encode()
    return with_body(reply, body, x_canary="canary", x_request_id="canary", via="1.1 canary")


# --- back into an emulator --------------------------------------------------------------------


def test_an_emulator_started_from_a_report_gives_the_same_report(
    devinops: Devinops, use: Callable[..., None], tmp_path: Path
) -> None:
    quirks = {
        "total": "none",
        "list_order": "reversed",
        "error_body": "problem",
        "missing_object": "403",
        "root_folder_path": "/",
    }
    keys = {"cog_few": {"permissions": ["UseDevinSessions", "ViewOrgAutomations"]}}
    file = tmp_path / "doctor.json"
    with Emulator({**seed(), "keys": keys}, quirks=quirks) as emulator:
        use(emulator.url, "cog_few")
        devinops("doctor", "--report", f"json={file}", "-q")
    report = read_report(file)
    with Emulator(seed(), quirks=report.quirks, report=report) as again:
        found = examined(again, "cog_doctor")
    document = json.loads(file.read_text())
    assert found.quirks == document["quirks"] == {**found.quirks, **quirks}
    refused = devinops("emulator", "--as", tmp_path / "nowhere.json")
    assert (refused.code, "cannot read the report" in refused.err) == (1, True)
    assert [(each.reading.path, each.first.status) for each in found.lists.values()] == [
        (each["path"], each["status"]) for each in document["readings"]
    ]
