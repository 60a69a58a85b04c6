"""Insight: real HTTP against the emulator, in every format, for one target and for many."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from devinops.cli.handlers import insight as handler
from devinops.cli.runs import note_uses
from devinops.emulator import Emulator
from tests.testing.command_line import Devinops, Ran, Write
from tests.testing.documents import fits
from tests.testing.insights import DAY, analysis, skill_usage
from tests.testing.inventories import git

NOW = int(time.time())
CONFIG = "version: 1\ntargets: {production: {inventory: {store: none}}}\n"
MANY = """version: 1
defaults: {inventory: {store: none}}
targets: {pay: {org_id: org-pay}, shop: {org_id: org-shop}}
"""
CANARY = "ghp_" + "R7f2KxQ9vB4mZs81TnYp3LcWd6HaEu0JgTqX"
CANARIES = ("canary-reason", "canary-wish")
REASON = f"canary-reason: it has the token {CANARY}, which is wrong."
WISH = f"canary-wish: document the token {CANARY}."
SESSIONS = "/v3/organizations/org-emulator/sessions/insights"


def session(number: int, days_ago: float = 1, **members: Any) -> dict[str, Any]:
    """Return a session of a seed; the keywords of `analysis` make its analysis."""
    names = {"good", "bad", "wishes", "skill_usage", "classification"} & members.keys()
    parts = {name: members.pop(name) for name in names}
    own = {"analysis": analysis(**parts)} if parts else {}
    return {"id": f"devin-{number}", "created_at": NOW - int(days_ago * DAY), **own, **members}


def note(name: str, **fields: Any) -> dict[str, Any]:
    old = {"created_at": NOW - 300 * DAY, "updated_at": NOW - 200 * DAY}
    return {"id": f"note-{name}", "name": name, "trigger": "t", "body": "b", **old, **fields}


BAD = [session(1, 2, bad={"note-A": "Old."}), session(2, 1, bad={"note-A": REASON}, wishes=[WISH])]


@pytest.fixture
def start(use: Callable[..., None], repository: Write) -> Iterator[Callable[..., Emulator]]:
    """start(sessions, notes) runs an emulator at which a root with one target points."""
    with ExitStack() as stack:

        def begin(sessions: Any = (), notes: Any = (), **options: Any) -> Emulator:
            own = {"sessions": list(sessions), "knowledge": list(notes)}
            seed = options.pop("seed", {"organizations": {"org-emulator": own}})
            running = stack.enter_context(Emulator(seed, **options))
            use(running.url, options.pop("key", "cog_emulator"))
            repository({"devinops.yaml": CONFIG})
            return running

        yield begin


@pytest.fixture
def insight(devinops: Devinops, repository: Write) -> Callable[..., Ran]:
    return lambda *argv: devinops("insight", "-C", repository({}), *argv)


def document(ran: Ran) -> dict[str, Any]:
    return fits("insight", ran.out)


def lists(emulator: Emulator) -> list[str]:
    return [request["path"] for request in emulator.requests if "/self" not in request["path"]]


def test_sections_stand_in_their_order_at_80_columns(
    start: Callable[..., Emulator],
    insight: Callable[..., Ran],
    repository: Write,
    golden: Callable[[str, str], None],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    skills = {"bad_usages": [skill_usage("deploy")]}
    start(
        [
            *BAD,
            session(3, 60, bad=["note-Fixed"], acus_consumed=2.5, playbook_id="playbook-1"),
            session(4, 61, bad=["note-Fixed"], good=["note-gone"], skill_usage=skills),
            session(5, 3),
        ],
        [
            note("A"),
            note("Fixed", updated_at=NOW - 10 * DAY),
            note("Never"),
            note("Off", is_enabled=False),
            note("Idle", pinned_repo="acme/idle"),
        ],
    )
    repository({"knowledge/a.md": "---\nname: A\ntrigger: t\nmeta: {owner: platform}\n---\nb\n"})
    path = tmp_path / "insight.md"
    ran = insight("--report", f"markdown={path}")
    assert ran.code == 0
    start_of_window = time.strftime("%Y-%m-%d", time.gmtime(NOW - 90 * DAY))
    golden("insight.txt", ran.out.replace(start_of_window, "DATE"))
    golden("insight.md", path.read_text().replace(start_of_window, "DATE"))


def test_what_quotes_people_is_only_in_text_and_json_and_without_secrets(
    start: Callable[..., Emulator], insight: Callable[..., Ran], tmp_path: Path
) -> None:
    start(BAD, [note("A")])
    formats = ("text", "json", "markdown", "html", "outputs", "metrics")
    reports = [("--report", f"{name}={tmp_path / name}") for name in formats]
    ran = insight("-v", *(word for pair in reports for word in pair))
    texts = {name: (tmp_path / name).read_text() for name in formats}
    quoting = {name for name, text in texts.items() if any(word in text for word in CANARIES)}
    assert quoting == {"text", "json"}
    assert all(word in texts[name] for word in CANARIES for name in quoting)
    assert not any(word in ran.err for word in (*CANARIES, CANARY))
    assert not any(CANARY in text for text in (*texts.values(), ran.out))


def test_what_is_wrong_with_the_sessions_says_nothing_of_their_content(
    start: Callable[..., Emulator], insight: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever goes wrong later, an error does not quote a session."""
    start(BAD, [note("A")], faults=[{"path": "/v3/**/notes", "fault": "status", "status": 500}])
    ran = insight("--format", "json")
    assert ran.code == 1
    assert not any(word in ran.out + ran.err for word in (*CANARIES, CANARY))


@pytest.mark.parametrize(
    ("sessions", "argv", "code"),
    [
        (BAD, [], 0),
        (BAD, ["--fail-on", "misleading"], 1),
        (BAD[:1], ["--fail-on", "misleading"], 0),
        ([session(n, 250 + n, bad=["note-A"]) for n in range(3)], ["--fail-on", "misleading"], 0),
    ],
)
def test_misleading_notes_fail_only_if_asked_to(
    start: Callable[..., Emulator],
    insight: Callable[..., Ran],
    sessions: Any,
    argv: list[str],
    code: int,
) -> None:
    start(sessions, [note("A")])
    assert insight(*argv).code == code
    assert insight(*argv, "--since", "9999d").code == code
    assert document(insight(*argv, "--format", "json"))["exit_code"] == code


@pytest.mark.parametrize("since", ["90", "d", "0d", "-1d", "3 months", "99999d"])
def test_a_window_that_is_none_is_a_usage_error(
    insight: Callable[..., Ran], repository: Write, since: str
) -> None:
    repository({"devinops.yaml": CONFIG})
    ran = insight("--since", since)
    assert (ran.code, "--since" in ran.err) == (64, True)


def test_only_lists_are_read_however_many_sessions_there_are(
    start: Callable[..., Emulator], insight: Callable[..., Ran]
) -> None:
    emulator = start([session(n) for n in range(401)], [note("A")])
    base = document(insight("--format", "json"))["base"]
    assert (base["sessions"], base["requests"]) == (401, 5)
    assert [path.partition("?")[0].rpartition("/")[2] for path in lists(emulator)] == [
        *["insights"] * 3,
        "notes",
    ]


def test_a_list_that_never_ends_is_cut_and_says_so(
    start: Callable[..., Emulator], insight: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handler, "MOST_PAGES", 2)
    start([session(n) for n in range(500)])
    assert "Only the newest sessions were read: 400 of this period" in insight().out


def test_a_cursor_that_loops_ends_the_list(
    start: Callable[..., Emulator], insight: Callable[..., Ran]
) -> None:
    faults = [{"path": "/v3/**/insights", "nth": "2+", "fault": "looping-cursor"}]
    emulator = start([session(n) for n in range(700)], faults=faults)
    base = document(insight("--format", "json"))["base"]
    assert (base["sessions"], base["newest_only"]) == (400, True)
    assert len(lists(emulator)) == 3


@pytest.mark.parametrize(
    ("quirk", "classes"),
    [
        (
            "obeyed",
            {
                "Idle": "no_opportunity",
                "Busy": "candidate",
                "Was": "no_opportunity",
                "Nameless": "candidate",
            },
        ),
        ("ignored", dict.fromkeys(("Idle", "Busy", "Was", "Nameless"), "candidate")),
    ],
)
def test_repositories_are_asked_about_if_a_made_up_one_has_no_session(
    start: Callable[..., Emulator],
    insight: Callable[..., Ran],
    quirk: str,
    classes: dict[str, str],
) -> None:
    notes = [note(name, pinned_repo=f"acme/{name.lower()}") for name in classes]
    sessions = [session(1, repo_names=["acme/busy"]), session(2, 200, repo_names=["acme/was"])]
    sessions.append({**session(3, repo_names=["acme/nameless"]), "id": " "})
    own = {"sessions": sessions, "knowledge": notes}
    start(seed={"organizations": {"org-emulator": own}, "quirks": {"repo_names": quirk}})
    found = document(insight("--format", "json"))
    got = {each["key"].partition(":")[2]: each["class"] for each in found["never_mentioned"]}
    assert (got, found["base"]["unsure"]) == (classes, quirk == "ignored")
    assert ("did not say of all repositories" in insight().out) == (quirk == "ignored")


@pytest.mark.parametrize(
    "only", [session(1, 200), {**session(1), "id": " "}], ids=["an old one", "one without an id"]
)
def test_any_session_of_a_made_up_repository_shows_that_the_filter_is_ignored(
    start: Callable[..., Emulator], insight: Callable[..., Ran], only: dict[str, Any]
) -> None:
    own = {"sessions": [only], "knowledge": [note("A", pinned_repo="acme/a")]}
    start(seed={"organizations": {"org-emulator": own}, "quirks": {"repo_names": "ignored"}})
    found = document(insight("--format", "json"))
    assert found["base"]["unsure"] is True
    assert found["never_mentioned"][0]["class"] == "candidate"


def test_sessions_without_a_readable_id_are_counted(
    start: Callable[..., Emulator], insight: Callable[..., Ran]
) -> None:
    blank = [{**session(1, bad=["note-A"]), "id": " " * number} for number in range(1, 4)]
    start([*blank, session(4)], [note("A")])
    base = document(insight("--format", "json"))["base"]
    assert (base["sessions"], base["unreadable"]) == (1, 3)
    ran = insight()
    assert ran.out.count("0 of 1 sessions analysed, 3 sessions could not be read") == 2


def test_a_filter_that_is_refused_is_not_needed(
    start: Callable[..., Emulator], insight: Callable[..., Ran]
) -> None:
    faults = [{"path": "/v3/**/insights", "nth": "2+", "fault": "status", "status": 422}]
    start([], [note("A", pinned_repo="acme/a")], faults=faults)
    found = document(insight("--format", "json"))
    assert found["base"]["unsure"] is True
    assert found["never_mentioned"][0]["class"] == "candidate"


def test_at_most_twenty_repositories_are_asked_about(
    start: Callable[..., Emulator], insight: Callable[..., Ran]
) -> None:
    notes = [note(f"N{n}", pinned_repo=f"acme/repo-{n}") for n in range(25)]
    emulator = start([], notes)
    found = document(insight("--format", "json"))
    assert len(lists(emulator)) == 2 + 1 + 20
    assert found["base"]["unsure"] is True
    assert [each["class"] for each in found["never_mentioned"]].count("candidate") == 5
    assert "did not say of all repositories" in insight().out


@pytest.mark.parametrize("value", ["present", "absent"])
@pytest.mark.parametrize("quirk", ["analysis_status", "skill_usage"])
def test_members_of_late_2026_may_be_missing(
    start: Callable[..., Emulator], insight: Callable[..., Ran], quirk: str, value: str
) -> None:
    own = {"sessions": [session(1, skill_usage={"good_usages": [skill_usage("a")]})]}
    start(seed={"organizations": {"org-emulator": own}, "quirks": {quirk: value}})
    found = document(insight("--format", "json"))
    assert found["base"]["analysed"] == 1
    assert len(found["skills"]) == (0 if (quirk, value) == ("skill_usage", "absent") else 1)


@pytest.mark.parametrize(("value", "number"), [("listed", 1), ("hidden", 0)])
def test_archived_sessions_count_if_the_api_lists_them(
    start: Callable[..., Emulator], insight: Callable[..., Ran], value: str, number: int
) -> None:
    own = {"sessions": [session(1, is_archived=True)]}
    start(seed={"organizations": {"org-emulator": own}, "quirks": {"archived_sessions": value}})
    assert document(insight("--format", "json"))["base"]["sessions"] == number


def test_no_price_at_all_is_a_plan_that_does_not_show_it(
    start: Callable[..., Emulator], insight: Callable[..., Ran]
) -> None:
    start([session(1), session(2)])
    ran = insight()
    assert "The cost is not available on this plan" in ran.out
    assert "ACUs" not in ran.out


def test_a_skill_has_the_key_of_the_entry_that_was_exported_as_it(
    start: Callable[..., Emulator],
    insight: Callable[..., Ran],
    repository: Write,
    devinops: Devinops,
) -> None:
    start([session(1, skill_usage={"good_usages": [skill_usage("deploy-notes")]})])
    root = repository(
        {"knowledge/a.md": "---\nname: Deploy notes\ntrigger: When deploying\n---\nb\n"}
    )
    assert devinops("export", "-C", root, root / "plugin").code == 0
    (unknown,) = document(insight("--format", "json"))["skills"]
    keys = [unknown["key"]]
    git(root, "init", "-q")
    for origin in ("git@github.com:acme/other.git", "https://github.com/acme/skills.git"):
        git(root, "config", "remote.origin.url", origin)
        (found,) = document(insight("--format", "json"))["skills"]
        keys.append(found["key"])
    assert keys == [None, None, "knowledge:Deploy notes"]


@pytest.mark.parametrize("content", [b"\xff\xfe", None])
def test_a_lock_file_that_cannot_be_read_is_named(
    start: Callable[..., Emulator],
    insight: Callable[..., Ran],
    repository: Write,
    content: bytes | None,
) -> None:
    start()
    path = repository({}) / "plugin" / "devinops-lock.jsonl"
    path.parent.mkdir()
    path.mkdir() if content is None else path.write_bytes(content)
    ran = insight()
    assert ran.code == 1
    assert "devinops-lock.jsonl" in ran.err.replace("\n", "")


def test_a_missing_permission_is_named(
    start: Callable[..., Emulator], insight: Callable[..., Ran], use: Any
) -> None:
    keys = {"cog_reader": {"permissions": ["UseDevinSessions"]}}
    emulator = start(seed={"keys": keys})
    use(emulator.url, "cog_reader")
    ran = insight()
    assert (ran.code, "ViewOrgSessions" in ran.err) == (1, True)
    assert [path.partition("?")[0] for path in lists(emulator)] == [SESSIONS]


def test_v1_has_no_sessions(
    start: Callable[..., Emulator], insight: Callable[..., Ran], use: Any
) -> None:
    use(start().url, "apk_emulator")
    ran = insight()
    assert (ran.code, "API v1 does not show sessions" in ran.err) == (1, True)


# --- many targets -----------------------------------------------------------------------------------


@pytest.fixture
def fleet(start: Callable[..., Emulator], repository: Write, use: Any) -> Emulator:
    """A misled both, B is used in pay only, and no session mentions C."""
    organizations = {
        f"org-{name}": {
            "knowledge": [{**note(each), "id": f"note-{each}-{name}"} for each in "ABC"],
            "sessions": [
                {**session(1, bad=[f"note-A-{name}"]), "id": f"devin-{name}-1"},
                {
                    **session(2, good=[f"note-B-{name}"] if name == "pay" else []),
                    "id": f"devin-{name}-2",
                },
            ],
        }
        for name in ("pay", "shop")
    }
    emulator = start(seed={"organizations": organizations})
    use(emulator.url, "cog_enterprise")
    repository({"devinops.yaml": MANY})
    return emulator


def test_many_targets_are_merged_by_key(fleet: Emulator, insight: Callable[..., Ran]) -> None:
    found = document(insight("-t", "all", "--format", "json"))
    (bad,) = found["misleading"]
    assert (bad["key"], bad["bad"], bad["targets"]) == ("knowledge:A", 2, ["pay", "shop"])
    assert [each["key"] for each in found["never_mentioned"]] == ["knowledge:C"]
    assert [each["name"] for each in found["base"]["targets"]] == ["pay", "shop"]
    assert found["base"]["sessions"] == 4
    out = insight("-t", "all").out
    assert "knowledge:A in 2 of 2 organizations: misleading in 2 sessions" in out
    assert "Insight into 2 organizations" in out
    assert insight("-t", "all", "--fail-on", "misleading").code == 1


def test_a_target_that_cannot_be_read_is_named_and_the_others_are_shown(
    fleet: Emulator, insight: Callable[..., Ran]
) -> None:
    fleet.faults = [{"path": "/v3/organizations/org-shop/**", "fault": "status", "status": 404}]
    ran = insight("-t", "all", "--format", "json")
    found = document(ran)
    assert (ran.code, found["exit_code"], found["base"]["sessions"]) == (1, 1, 2)
    assert [each["name"] for each in found["base"]["targets"]] == ["pay"]
    assert list(found["base"]["unread"]) == ["shop"]
    assert "404" in found["base"]["unread"]["shop"]
    out = insight("-t", "all").out
    assert "x shop: " in out
    assert "Insight into pay: 1 never mentioned, 1 target failed; 2 of 2" in out


def test_if_no_target_can_be_read_the_verdict_says_so(
    fleet: Emulator, insight: Callable[..., Ran]
) -> None:
    fleet.faults = [{"path": "/v3/organizations/**", "fault": "status", "status": 404}]
    ran = insight("-t", "all", "--format", "json")
    assert [*document(ran)["base"]["unread"]] == ["pay", "shop"]
    ran = insight("-t", "all", "--format", "outputs")
    verdict = "Insight into no target: 2 targets failed; 0 of 0 sessions analysed"
    assert (ran.code, f"summary={verdict}" in ran.out) == (1, True)


def test_an_enterprise_reads_the_stream_of_all_organizations(
    fleet: Emulator, insight: Callable[..., Ran], repository: Write
) -> None:
    repository(
        {
            "devinops.yaml": "version: 1\ntargets: {corp: {enterprise: true, inventory: {store: none}}}\n"
        }
    )
    found = document(insight("--format", "json"))
    assert found["base"]["sessions"] == 4
    assert (found["misleading"], found["unknown"]) == ([], [])
    organizations = [path for path in lists(fleet) if "/organizations/" in path]
    assert organizations == []


def test_an_enterprise_without_that_stream_says_so(
    fleet: Emulator, insight: Callable[..., Ran], repository: Write
) -> None:
    repository(
        {
            "devinops.yaml": "version: 1\ntargets: {corp: {enterprise: true, inventory: {store: none}}}\n"
        }
    )
    fleet.faults = [{"path": "/v3/enterprise/sessions/**", "fault": "status", "status": 404}]
    ran = insight()
    assert (
        ran.code,
        "read the sessions of organizations instead" in " ".join(ran.err.split()),
    ) == (1, True)


# --- in the review ----------------------------------------------------------------------------------

NOT_INSIGHT = "it is not the output of devinops insight"
USED = "used well in 1, misleading in 2 of 3 analysed sessions"
NOTE = "---\nname: {}\ntrigger: t\n---\nnew\n"


@pytest.fixture
def running() -> list[Emulator]:
    return []


@pytest.fixture
def reviewed(
    start: Callable[..., Emulator],
    insight: Callable[..., Ran],
    repository: Write,
    running: list[Emulator],
    tmp_path: Path,
) -> Path:
    """A file with the insight into a target, whose notes A and B the files change."""
    running.append(start([*BAD, session(3, good=["note-A"])], [note("A"), note("B")]))
    repository({f"knowledge/{name}.md": NOTE.format(name) for name in "ABC"})
    path = tmp_path / "insight.json"
    path.write_text(insight("--format", "json").out)
    return path


def test_a_plan_says_beside_a_changed_note_how_often_sessions_used_it(
    reviewed: Path, devinops: Devinops, repository: Write, running: list[Emulator], tmp_path: Path
) -> None:
    root, names = repository({}), ("text", "markdown", "html")
    reports = [word for name in names for word in ("--report", f"{name}={tmp_path / name}")]
    plan = ("plan", "-C", root, "--adopt", *reports)
    before = len(running[0].requests)
    without = devinops(*plan)
    needed = len(running[0].requests) - before
    ran = devinops(*plan, "--insight", reviewed)
    assert len(running[0].requests) - before == 2 * needed
    digests = [each.out.partition("digest ")[2].split()[0] for each in (without, ran)]
    assert digests[0] == digests[1]
    for name in names:
        text = (tmp_path / name).read_text()
        assert text.count(USED) == 1, name
        assert not any(word in text for word in (*CANARIES, CANARY))
    (line,) = (line for line in ran.out.splitlines() if USED in line)
    assert "knowledge:A" in line
    assert USED not in without.out


def test_a_plan_uses_the_insight_into_the_same_of_many_targets(
    fleet: Emulator,
    insight: Callable[..., Ran],
    devinops: Devinops,
    repository: Write,
    tmp_path: Path,
) -> None:
    root, path = repository({"knowledge/A.md": NOTE.format("A")}), tmp_path / "insight.json"
    path.write_text(insight("-t", "pay", "--format", "json").out)
    plan = ("plan", "-C", root, "--adopt", "--insight", path)
    used = "used well in 0, misleading in 1 of 2 analysed sessions"
    outs = {name: devinops(*plan, "-t", name).out for name in ("pay", "shop")}
    assert (used in outs["pay"], "is ignored" in outs["pay"]) == (True, False)
    assert (used in outs["shop"], "about another target" in outs["shop"]) == (False, True)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda found: found["base"].update(time="2020-01-01T00:00:00Z"), "not of the last 30"),
        (lambda found: found["base"].update(time="2999-01-01T00:00:00Z"), "not of the last 30"),
        (
            lambda found: found["base"]["targets"].append(
                {"name": "other", "org_id": None, "api_url": "https://a", "api_version": "v3"}
            ),
            "about another target",
        ),
        (lambda found: found["base"].update(targets=[]), "about another target"),
        (
            lambda found: found["base"]["targets"][0].update(org_id="org-other"),
            "about another target",
        ),
        (lambda found: found["base"].update(time="now"), NOT_INSIGHT),
        (lambda found: found.pop("cost"), NOT_INSIGHT),
        (lambda found: found.clear(), NOT_INSIGHT),
        (lambda found: found.update(format_version="2.0"), "it has format version 2.0, but this"),
    ],
)
def test_a_file_that_does_not_fit_is_ignored_with_a_note(
    reviewed: Path, devinops: Devinops, repository: Write, change: Callable[[Any], Any], why: str
) -> None:
    found = json.loads(reviewed.read_text())
    change(found)
    reviewed.write_text(json.dumps(found))
    ran = devinops(
        "plan", "-C", repository({}), "--adopt", "--insight", reviewed, "--format", "json"
    )
    document = json.loads(ran.out)
    assert ran.code == 0
    (shown,) = (each["text"] for each in document["notes"] if "is ignored" in each["text"])
    assert why in shown
    assert shown.endswith("write it with devinops insight --format json")
    assert USED not in ran.out


@pytest.mark.parametrize(
    ("size", "why"),
    [
        (None, "it cannot be read (No such file or directory): write it with"),
        (0, f"{NOT_INSIGHT}: write it with"),
        (1 << 40, f"{NOT_INSIGHT}: write it with"),
    ],
)
def test_a_file_that_is_none_is_ignored_with_a_note(
    reviewed: Path,
    devinops: Devinops,
    repository: Write,
    monkeypatch: pytest.MonkeyPatch,
    size: int | None,
    why: str,
) -> None:
    monkeypatch.setattr(note_uses, "LARGEST", 1 << 20)
    reviewed.unlink()
    if size is not None:
        with reviewed.open("wb") as file:
            file.truncate(size)
    ran = devinops("plan", "-C", repository({}), "--adopt", "--insight", reviewed)
    assert (ran.code, f"is ignored: {why}" in " ".join(ran.out.split())) == (0, True)
