"""The main job over real HTTP: files → plan → apply → empty plan, on both APIs, quirks both ways."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from devinops.api.connection import Connection
from devinops.emulator import Emulator
from devinops.emulator.quirks import VALUES
from tests.testing import world
from tests.testing.command_line import Devinops, Write
from tests.testing.documents import read_one
from tests.testing.inventories import NO_INVENTORY, own

FOLDERS = [{"path": "Backend"}, {"path": "Backend/APIs"}]
V3_FILES = {
    "knowledge/Backend/APIs/errors.md": "---\nname: Error envelope\ntrigger: When adding an endpoint\n"
    "pinned_repo: acme/api\nis_enabled: false\n---\n\n# Errors\n\nEvery error is an object.\n",
    "knowledge/root.md": "---\nname: Style\ntrigger: When writing code\n---\n    indented first line\n\nmore\n",
    "knowledge.yaml": 'knowledge:\n  - {name: Ünïcode 🚀 / 100%, folder: Backend, trigger: t, body: "a\\r\\nb"}\n',
    "playbooks/triage.md": '---\ntitle: Triage\nmacro: "!triage"\nstructured_output_schema: {type: object}\n---\nLook.\n',
    "secrets.yaml": "secrets:\n  - {key: NPM_TOKEN, type: key-value, value_from: {env: NPM_TOKEN}}\n",
}
V1_FILES = {
    "knowledge/Backend/errors.md": "---\nname: Error envelope\ntrigger: t\npinned_repo: all\nmacro: '!err'\n---\nBody.\n",
    "knowledge/root.md": "---\nname: Style\ntrigger: When writing code\n---\nText.\n",
    "playbooks/triage.md": '---\ntitle: Triage\nmacro: "!triage"\n---\nLook.\n',
    "secrets.yaml": "secrets:\n  - {key: NPM_TOKEN, type: key-value, note: n, value_from: {env: NPM_TOKEN}}\n",
}
QUIRKS: list[dict[str, str]] = [{}] + [
    {name: value} for name, values in VALUES.items() for value in values[1:]
]
"""Every open question about the API, answered the other way."""


@pytest.fixture
def npm_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NPM_TOKEN", "value-of-the-token")


def seed(**sections: Any) -> dict[str, Any]:
    return {
        "organizations": {"org-emulator": {"folders": FOLDERS} | sections},
        "enterprise": {
            "knowledge": [{"name": "Style", "trigger": "t", "body": "of the enterprise"}]
        },
    }


APIS = [("cog_emulator", V3_FILES, 5), ("apk_emulator", V1_FILES, 4)]


@pytest.mark.sampled(16, ci=8)
@pytest.mark.parametrize("quirks", QUIRKS, ids=str)
@pytest.mark.parametrize(("key", "files", "count"), APIS, ids=["v3", "v1"])
def test_what_is_applied_is_there_and_a_second_plan_is_empty(
    quirks: dict[str, str],
    key: str,
    files: dict[str, str],
    count: int,
    repository: Write,
    devinops: Devinops,
    use: Callable[..., None],
    npm_token: None,
) -> None:
    if quirks == {"v1_macro": "absent"}:
        files = {name: text.replace("macro: '!err'\n", "") for name, text in files.items()}
    root = repository(files)
    if quirks == {"bodies": "trimmed"}:
        # Only an inventory remembers that the API removed the indentation of a first line.
        repository(
            {"devinops.yaml": "version: 1\ntargets: {production: {inventory: {store: file}}}\n"}
        )
    with Emulator(seed(), quirks=quirks) as emulator:
        use(emulator.url, key)
        plan = devinops("plan", "-C", root, "--detailed-exitcode")
        assert plan.code == 2, plan
        assert f": {count} to create" in plan.out
        assert {request["method"] for request in emulator.requests} == {"GET"}

        applied = devinops("apply", "-C", root, "--yes")
        assert applied.code == 0, applied
        assert applied.out.splitlines()[-1].partition(": ")[2] == f"{count} done."
        assert emulator.store.secret_matches("org-emulator", "NPM_TOKEN", "value-of-the-token")
        assert (
            "value-of-the-token"
            not in json.dumps(emulator.requests) + applied.out + applied.err + plan.out
        )

        again = devinops("plan", "-C", root, "--detailed-exitcode")
        assert again.code == 0, again
        emulator.clear_requests()
        nothing = devinops("apply", "-C", root, "--yes")
        assert (nothing.code, {r["method"] for r in emulator.requests}) == (0, {"GET"})


@pytest.mark.parametrize("pinned_host", ["kept", "stripped"])
@pytest.mark.parametrize("key", ["cog_emulator", "apk_emulator"])
def test_a_pin_with_a_host_converges_without_an_inventory(
    repository: Write, devinops: Devinops, use: Callable[..., None], pinned_host: str, key: str
) -> None:
    pinned = "---\nname: A\ntrigger: t\npinned_repo: github.com/acme/api\n---\nBody.\n"
    root = repository({"knowledge/a.md": pinned})
    with Emulator(quirks={"pinned_host": pinned_host}) as emulator:
        use(emulator.url, key)
        assert devinops("apply", "-C", root, "--yes").code == 0
        assert devinops("plan", "-C", root, "--detailed-exitcode").code == 0


INDENTED = "---\nname: Style\ntrigger: t\n---\n    code\n"


@pytest.mark.parametrize("bodies", ["kept", "trimmed"])
def test_the_indentation_of_the_first_line_is_applied_and_an_api_that_removes_it_is_named(
    repository: Write, devinops: Devinops, use: Callable[..., None], bodies: str
) -> None:
    root = repository({**NO_INVENTORY, "knowledge/a.md": INDENTED.replace("    ", "")})
    with Emulator(quirks={"bodies": bodies}) as emulator:
        use(emulator.url)
        assert devinops("apply", "-C", root, "--yes").code == 0
        repository({"knowledge/a.md": INDENTED})
        plan = devinops("plan", "-C", root)
        assert "1 to update" in plan.out
        assert "if every plan shows this again, the API removes the indentation" in plan.out
        applied = devinops("apply", "-C", root, "--yes")
        (note,) = emulator.knowledge()
        assert (applied.code, note["body"]) == (
            (0, "    code") if bodies == "kept" else (3, "code")
        )


@pytest.fixture
def emulator(use: Callable[..., None]) -> Iterator[Emulator]:
    with Emulator(seed()) as running:
        use(running.url)
        yield running


def one(objects: list[dict[str, Any]], name: str) -> dict[str, Any]:
    (found,) = [o for o in objects if name in (o.get("name"), o.get("title"), o.get("key"))]
    return found


def test_one_changed_word_is_one_update_and_a_two_line_diff(
    emulator: Emulator, repository: Write, devinops: Devinops, npm_token: None
) -> None:
    root = repository(V3_FILES)
    devinops("apply", "-C", root, "--yes")
    before = one(emulator.knowledge(), "Error envelope")
    changed = V3_FILES["knowledge/Backend/APIs/errors.md"].replace("object", "array")
    repository(
        {
            "knowledge/Backend/APIs/errors.md": changed.replace("is_enabled: false\n", "").replace(
                "pinned_repo: acme/api\n", ""
            )
        }
    )
    plan = devinops("plan", "-C", root)
    assert [
        line.strip() for line in plan.out.splitlines() if line.strip().startswith(("- ", "+ "))
    ] == [
        "- Every error is an object.",
        "+ Every error is an array.",
    ]
    assert ": 1 to update; 4 unchanged" in plan.out.splitlines()[-1]
    emulator.clear_requests()
    assert devinops("apply", "-C", root, "--yes").code == 0
    after = one(emulator.knowledge(), "Error envelope")
    assert after == before | {
        "body": "# Errors\n\nEvery error is an array.",
        "updated_at": after["updated_at"],
    }
    writes = [(r["method"], r["path"]) for r in emulator.requests if before["note_id"] in r["path"]]
    note = f"/v3/organizations/org-emulator/knowledge/notes/{before['note_id']}"
    assert writes == [("GET", note), ("PUT", note)]


KEPT = {"pinned_repo": "acme/api", "is_enabled": False}


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("key", "extra"), [("cog_emulator", {}), ("apk_emulator", {"macro": "!kept"})], ids=["v3", "v1"]
)
@pytest.mark.parametrize(
    "quirks", [{}, {"v1_put_nullable": "cleared"}, {"v1_put_nullable": "kept"}], ids=str
)
def test_what_a_file_does_not_mention_survives_an_update(
    key: str,
    extra: dict[str, Any],
    quirks: dict[str, Any],
    repository: Write,
    devinops: Devinops,
    use: Callable[..., None],
) -> None:
    note = {"name": "A", "trigger": "t", "body": "old", "folder": "Backend"} | KEPT | extra
    schema = {"type": "object", "required": ["a"]}
    playbook = {"title": "P", "body": "old", "macro": "!p", "structured_output_schema": schema}
    root = repository(
        {
            "knowledge/Backend/a.md": "---\nname: A\ntrigger: t\n---\nnew\n",
            "playbooks/p.md": "---\ntitle: P\n---\nnew\n",
        }
    )
    with Emulator(seed(knowledge=[note], playbooks=[playbook]), quirks=quirks) as emulator:
        use(emulator.url, key)
        own(root, emulator, key=key)
        before = one(emulator.knowledge(), "A")
        assert devinops("apply", "-C", root, "--yes").code == 0
        after = one(emulator.knowledge(), "A")
        assert after == before | {"body": "new", "updated_at": after["updated_at"]}
        stays = one(emulator.playbooks(), "P")
        assert (stays["body"], stays["macro"], stays["structured_output_schema"]) == (
            "new",
            "!p",
            schema,
        )


def test_a_rename_and_a_move_by_previously_keep_the_id(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    note_id = emulator.add(
        "knowledge", name="Old", trigger="t", body="b", folder="Backend", pinned_repo="acme/api"
    )
    root = repository(
        {
            "knowledge/Backend/APIs/n.md": "---\nname: New\ntrigger: t\npreviously: [{folder: Backend, name: Old}]\n---\nb\n"
        }
    )
    own(root, emulator)
    assert "1 to rename" in devinops("plan", "-C", root).out
    assert devinops("apply", "-C", root, "--yes").code == 0
    (note,) = emulator.knowledge()
    assert (note["note_id"], note["name"], note["folder_path"], note["pinned_repo"]) == (
        note_id, "New", "Backend/APIs", "acme/api",
    )  # fmt: skip
    assert devinops("plan", "-C", root, "--detailed-exitcode").code == 0


MANY = [{"name": f"Note {n:03}", "trigger": "t", "body": "b"} for n in range(250)]
SLIPS = [{"method": "GET", "path": "/v3/**/notes", "fault": "delete-shown", "times": 1}]
"""A person deletes an object that the first page showed, and the first one of the second moves up to it."""


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    "settings", ["{inventory: {store: none}}", "{inventory: {store: file}, on_drift: overwrite}"]
)
def test_an_object_that_slips_between_two_pages_is_not_created_again(
    settings: str, repository: Write, devinops: Devinops, use: Callable[..., None]
) -> None:
    root = repository(
        {
            "knowledge.yaml": json.dumps({"knowledge": MANY[1:]}),
            "devinops.yaml": f"version: 1\ntargets: {{a: {settings}}}\n",
        }
    )
    with Emulator(seed(knowledge=MANY), quirks={"paging": "offset", "total": "absent"}) as emulator:
        use(emulator.url)
        assert devinops("apply", "-C", root, "--yes").code == 0
        emulator.clear_requests()
        assert devinops("plan", "-C", root, "--detailed-exitcode").code == 0
        quiet = [request["path"] for request in emulator.requests if "/notes?" in request["path"]]
        assert len(quiet) == 2, "a plan of nothing reads each page once"
        emulator.faults = SLIPS
        plan = devinops("plan", "-C", root, "--detailed-exitcode")
        assert (plan.code, emulator.faults["counts"][0]["faulted"]) == (0, 1), plan
        emulator.add("knowledge", **MANY[0])
        emulator.faults = SLIPS
        assert devinops("apply", "-C", root, "--yes").code == 0
        names = [note["name"] for note in emulator.knowledge()]
        assert sorted(names) == [note["name"] for note in MANY]


@pytest.mark.sampled(3)
@pytest.mark.parametrize("status", VALUES["missing_object"])
@pytest.mark.parametrize(
    ("key", "method"), [("cog_emulator", "GET"), ("cog_emulator", "PUT"), ("apk_emulator", "PUT")]
)
def test_an_update_of_what_is_deleted_meanwhile_is_finished_by_the_next_run(
    status: str,
    key: str,
    method: str,
    repository: Write,
    devinops: Devinops,
    use: Callable[..., None],
) -> None:
    root = repository({"knowledge.yaml": "knowledge: [{name: A, trigger: t, body: new}]"})
    paths = ["/v3/**/notes/*", "/v1/knowledge/*"]
    deleted = {"path": paths, "method": method, "fault": "delete", "times": 1}
    old = [{"name": "A", "trigger": "t", "body": "old"}]
    quirks = {"missing_object": status}
    with Emulator(seed(knowledge=old), quirks=quirks, faults=[deleted]) as emulator:
        use(emulator.url, key)
        first = devinops("apply", "-C", root, "--yes", "--adopt")
        assert (first.code in (1, 4), emulator.knowledge()) == (True, []), first
        assert devinops("apply", "-C", root, "--yes").code == 0
        assert [note["body"] for note in emulator.knowledge()] == ["new"]
        assert devinops("plan", "-C", root, "--detailed-exitcode").code == 0


def test_missing_folders_are_named_once_and_the_rest_is_applied(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    root = repository(
        {
            "devinops.yaml": "version: 1\ntargets: {default: {missing_folders: block}}\n",
            "knowledge/Nope/a.md": "---\nname: A\ntrigger: t\n---\na\n",
            "knowledge/Nope/b.md": "---\nname: B\ntrigger: t\n---\nb\n",
            "knowledge/Backend/c.md": "---\nname: C\ntrigger: t\n---\nc\n",
        }
    )
    applied = devinops("apply", "-C", root, "--yes")
    assert applied.code == 4
    assert applied.out.count("Nope  needed by 2 entries\n") == 1
    assert "missing folders: create them in the web app" in applied.out
    assert [(note["name"], note["folder_path"]) for note in emulator.knowledge()] == [
        ("C", "Backend")
    ]
    emulator.add_folder("Nope")
    assert devinops("apply", "-C", root, "--yes").code == 0
    assert {note["folder_path"] for note in emulator.knowledge()} == {"Backend", "Nope"}


def test_what_is_not_declared_is_bit_identical_after_any_apply(
    emulator: Emulator, repository: Write, devinops: Devinops, npm_token: None
) -> None:
    emulator.add("knowledge", name="Theirs", trigger="t", body="  as they left it \n")
    emulator.add(
        "knowledge", name="Style", trigger="t", body="of the enterprise", access_type="enterprise"
    )
    emulator.add("playbook", title="Theirs", body="b")
    emulator.add("secret", key="OTHER", type="totp")
    before = (emulator.knowledge(), emulator.playbooks(), emulator.secrets())
    assert devinops("apply", "-C", repository(V3_FILES), "--yes").code == 0
    after = (emulator.knowledge(), emulator.playbooks(), emulator.secrets())
    for old, new in zip(before, after, strict=True):
        assert [object for object in new if object in old] == old


def test_tombstones_delete_and_more_than_three_want_the_exact_number(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    names = ["A", "B", "C", "D"]
    for name in names:
        emulator.add("knowledge", name=name, trigger="t", body="b")
    root = repository(
        {
            "knowledge.yaml": json.dumps(
                {"knowledge": [{"name": n, "ensure": "absent"} for n in names]}
            )
        }
    )
    own(root, emulator)
    refused = devinops("apply", "-C", root, "--yes")
    assert (refused.code, len(emulator.knowledge())) == (4, 4)
    assert "--allow delete=4" in refused.err
    assert devinops("apply", "-C", root, "--yes", "--allow", "delete=3").code == 4
    assert len(emulator.knowledge()) == 4
    assert devinops("apply", "-C", root, "--yes", "--allow", "delete=4").code == 0
    assert emulator.knowledge() == []


def test_a_protected_tombstone_is_a_contradiction_in_the_file(
    repository: Write, devinops: Devinops
) -> None:
    root = repository({"knowledge.yaml": "knowledge: [{name: A, ensure: absent, protect: true}]"})
    ran = devinops("validate", "-C", root)
    assert (ran.code, "contradiction" in ran.out) == (1, True)


def test_expect_applies_what_was_reviewed_or_nothing(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    root = repository({"knowledge/a.md": "---\nname: A\ntrigger: t\n---\na\n"})
    digest = json.loads(devinops("plan", "-C", root, "--format", "json").out)["digest"]
    emulator.add("knowledge", name="A", trigger="t", body="made meanwhile")
    before = emulator.knowledge()
    stale = devinops("apply", "-C", root, "--expect", digest)
    assert (stale.code, emulator.knowledge()) == (5, before)
    assert "made meanwhile" in stale.out
    adopting = devinops("plan", "-C", root, "--format", "json", "--adopt")
    digest = json.loads(adopting.out)["digest"]
    assert devinops("apply", "-C", root, "--expect", digest, "--adopt").code == 0
    assert [note["body"] for note in emulator.knowledge()] == ["a"]


def test_a_secret_without_a_value_stops_before_the_first_write(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    root = repository(V3_FILES)
    ran = devinops("apply", "-C", root, "--yes")
    assert ran.code == 1
    assert "NPM_TOKEN (for secret:NPM_TOKEN)" in ran.err
    assert emulator.knowledge() == []


def test_a_macro_that_an_update_drops_is_reported(
    repository: Write, devinops: Devinops, use: Callable[..., None]
) -> None:
    note = {"name": "A", "trigger": "t", "body": "old", "macro": "!a"}
    root = repository(
        {
            "knowledge/a.md": "---\nname: A\ntrigger: t\n---\nnew\n",
            "devinops.yaml": "version: 1\ntargets: {a: {v3_macro: verify, inventory: {store: none}}}\n",
        }
    )
    for kept, code in (("kept", 0), ("dropped", 3)):
        with Emulator(seed(knowledge=[note]), quirks={"macro": kept}) as emulator:
            use(emulator.url)
            ran = devinops("apply", "-C", root, "--yes")
            assert ran.code == code, ran
            assert ("the update lost its macro !a" in ran.out) is (code == 3)


def test_a_macro_on_v3_is_a_problem_before_anything_is_read(
    emulator: Emulator, repository: Write, devinops: Devinops
) -> None:
    root = repository({"knowledge/a.md": "---\nname: A\ntrigger: t\nmacro: '!a'\n---\nb\n"})
    ran = devinops("plan", "-C", root)
    assert (ran.code, emulator.requests) == (1, [])
    assert "knowledge/a.md:4:8: error: API v3 cannot set macro" in ran.err


@pytest.mark.parametrize("unknown", ["ignored", "422"])
def test_a_macro_is_never_lost_in_silence_where_v1_has_none(
    unknown: str, repository: Write, devinops: Devinops, use: Callable[..., None]
) -> None:
    """An empty list does not show that there are no macros; the answer to the first create does."""
    root = repository({"knowledge/a.md": "---\nname: A\ntrigger: t\nmacro: '!a'\n---\nb\n"})
    with Emulator(seed(), quirks={"v1_macro": "absent", "unknown_fields": unknown}) as emulator:
        use(emulator.url, "apk_emulator")
        ran = devinops("apply", "-C", root, "--yes")
        if unknown == "422":
            assert (ran.code, "Extra inputs are not permitted" in ran.out) == (1, True), ran
            emulator.add("knowledge", name="A", trigger="t", body="b")
        else:
            assert (ran.code, "the API did not accept macro" in ran.out) == (
                3,
                True,
            ), ran
        emulator.clear_requests()
        for command in (["plan"], ["apply", "--yes"]):
            again = devinops(*command, "-C", root)
            assert (again.code, {request["method"] for request in emulator.requests}) == (
                1,
                {"GET"},
            )
            assert (
                "knowledge/a.md:4:8: error: API v1 lists no note with the field macro" in again.err
            )
        repository({"knowledge/a.md": "---\nname: A\ntrigger: t\n---\nnew\n"})
        (before,) = emulator.knowledge()
        emulator.edit("knowledge", before["note_id"], macro="!theirs")
        assert devinops("apply", "-C", root, "--yes", "--adopt").code == 0
        (after,) = emulator.knowledge()
        assert (after["body"], after["macro"]) == ("new", "!theirs")
        assert devinops("plan", "-C", root, "--detailed-exitcode").code == 0


def test_v1_says_what_it_cannot_do(
    emulator: Emulator, repository: Write, devinops: Devinops, use: Callable[..., None]
) -> None:
    use(emulator.url, "apk_emulator")
    ran = devinops("plan", "-C", repository(V3_FILES))
    assert (ran.code, emulator.requests) == (1, [])
    for part in (
        "cannot set is_enabled",
        "cannot set structured_output_schema",
        '"Backend/APIs" is nested',
    ):
        assert part in ran.err


# --- 41 changes, one after the other and 32 at a time -------------------------------------------------------------

DELAYS = {"path": "/*/**", "probability": 0.3, "fault": "delay", "delay_ms": 20}
"""So that requests overtake each other."""

LIMITS = {"path": "/*/**", "probability": 0.25, "fault": "rate-limit", "retry_after": "absent"}
SEED_IDS = {
    one["id"] for section in world.SEED["organizations"]["org-emulator"].values() for one in section
}


def without_what_differs(value: Any, url: str) -> Any:
    """Leave out what no two runs have in common: ids that the server gave, times, addresses, the name of the backup."""
    if isinstance(value, dict):
        names = ("at", "created_at", "updated_at", "backup")
        return {n: without_what_differs(one, url) for n, one in value.items() if n not in names} | {
            n: value[n] if value[n] in SEED_IDS else "given"
            for n in ID_FIELDS & value.keys()
            if value[n]
        }
    if isinstance(value, list):
        return [without_what_differs(one, url) for one in value]
    return (
        value.replace(url, "").replace(urlsplit(url).netloc, "")
        if isinstance(value, str)
        else value
    )


ID_FIELDS = {"id", "new_id", "note_id", "playbook_id", "secret_id"}


def one_run(
    root: Path, api: str, faults: Any, parallelism: int, run: Callable[..., Any]
) -> dict[str, Any]:
    """Plan and apply in a world of its own; return everything that can be seen of it."""
    with Emulator(world.SEED, faults=faults) as emulator:
        made = world.World.make(root, emulator, api)
        shown = run(emulator.url, "plan", "-C", root, "--verbose")
        ran = run(
            emulator.url,
            "apply",
            "-C",
            root,
            "--yes",
            "--format",
            "json",
            "--parallelism",
            parallelism,
        )
        report = read_one(ran.out)
        again = run(emulator.url, "plan", "-C", root, "--detailed-exitcode")
        assert (shown.code, ran.code, again.code, made.problems()) == (0, 0, 0, []), (ran, again)
        statuses = [request["status"] for request in emulator.requests]
        organization = {
            "knowledge": sorted(
                emulator.knowledge(), key=lambda one: (one["name"], one["folder_path"])
            ),
            "playbooks": sorted(emulator.playbooks(), key=lambda one: one["title"]),
            "secrets": sorted(emulator.secrets(), key=lambda one: one["key"]),
        }
        inventory = (root / ".devinops" / "production.jsonl").read_text().splitlines()
        seen = {
            "plan": shown.out.splitlines(),
            "report": report,
            "organization": organization,
            "inventory": [json.loads(line) for line in inventory],
            "then": again.out.splitlines(),
        }
    assert len(report["results"]) >= 40
    assert {result["action"] for result in report["results"]} >= {
        "create",
        "update",
        "rename",
        "delete",
        "replace",
    }
    assert (429 in statuses) is (LIMITS in faults)
    report.pop("checksum")  # the address of the emulator is in it
    return without_what_differs(seen, emulator.url)  # type: ignore[no-any-return]


@pytest.mark.matrix
@pytest.mark.sampled(3, ci=3)
@pytest.mark.parametrize("faults", [[DELAYS], [LIMITS, DELAYS]], ids=["undisturbed", "with 429s"])
@pytest.mark.parametrize("api", world.KEYS)
def test_parallelism_does_not_change_the_result(
    tmp_path: Path,
    devinops: Devinops,
    use: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    api: str,
    faults: Any,
) -> None:
    """The plan, the report, the organization and the inventory are the same."""
    monkeypatch.setattr("devinops.api.retry.delay_s", lambda *_: 0.001)
    # which request meets which 429 is a matter of luck at 32; that one meets five of them must not fail the test
    patient = partial(Connection, retries=40)
    monkeypatch.setattr("devinops.config.settings.Connection", patient)
    monkeypatch.setenv("A_SECRET_VALUE", world.VALUE)

    def run(url: str, *argv: Any) -> Any:
        use(url, world.KEYS[api])
        return devinops(*map(str, argv))

    one = one_run(tmp_path / "one", api, faults, 1, run)
    many = one_run(tmp_path / "many", api, faults, 32, run)
    for what in one:
        assert one[what] == many[what], what
