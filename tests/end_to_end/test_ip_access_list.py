"""The IP access list of an enterprise is changed alone, and what locks out is said, over real HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from devinops.emulator import Emulator
from tests.testing.command_line import Devinops, Write
from tests.testing.inventories import commit, git

CONFIG = """\
version: 1
defaults: {inventory: {store: file}, prune: owned}
targets:
  everyone: {enterprise: true}
  pay: {org_id: org-emulator}
  search: {org_id: org-search}
"""
HERE = "127.0.0.0/8"
OLD = [HERE, "203.0.113.0/24"]
SEED: dict[str, Any] = {
    "organizations": {"org-emulator": {}, "org-search": {}},
    "enterprise": {"ip_ranges": [{"cidr": cidr} for cidr in OLD]},
}
LIST = "/v3/enterprise/ip-access-list"
ONLY = ("--only", "ip_access_list")
WAITS = "so it is changed in a run of its own: run apply with --only ip_access_list"


@pytest.fixture
def emulator(use: Callable[..., None]) -> Iterator[Emulator]:
    with Emulator(SEED) as running:
        use(running.url, "cog_enterprise")
        yield running


@pytest.fixture
def write(repository: Write) -> Callable[..., Path]:
    """write(ranges, "everyone", "pay") makes an entry of the list, and a note in each of these targets."""

    def files(ranges: list[str] | None, *targets: str) -> Path:
        notes = [
            {"name": f"In {name}", "trigger": "t", "body": "b", "targets": [name]}
            for name in targets
        ]
        entry = [] if ranges is None else [{"ip_ranges": ranges, "enterprise": True}]
        sections = {"knowledge": notes, "ip_access_list": entry}
        texts = {f"{name}.yaml": json.dumps({name: items}) for name, items in sections.items()}
        root = repository({"devinops.yaml": CONFIG})
        for name, text in texts.items():
            (root / name).write_text(text)
        return root

    return files


Files = Callable[..., Path]


def ranges(emulator: Emulator) -> list[str]:
    return [each["cidr"] for each in emulator.objects("ip_range", None)]


def writes(emulator: Emulator) -> list[tuple[str, str]]:
    return [(r["method"], r["path"]) for r in emulator.requests if r["method"] != "GET"]


def test_the_whole_life_of_a_list(emulator: Emulator, write: Files, devinops: Devinops) -> None:
    root = write([*OLD, "2001:DB8::/32"])
    argv = ("apply", "-C", root, "-t", "everyone", "--yes")
    assert devinops(*argv).code == 4, "it is not owned, and differs"
    assert devinops(*argv, "--adopt").code == 0, "it covers the old one"
    assert ranges(emulator) == sorted([*OLD, "2001:db8::/32"])
    assert devinops("plan", "-C", root, "-t", "everyone", "--detailed-exitcode").code == 0

    write([HERE])
    refused = devinops(*argv)
    assert refused.code == 4
    assert "locks out addresses in 2001:db8::/32, 203.0.113.0/24" in refused.err
    assert devinops(*argv, "--allow", "access").code == 4
    assert devinops(*argv, "--allow", "lockout").code == 0
    assert ranges(emulator) == [HERE]
    back = ("rollback", "latest", *argv[1:])
    assert devinops(*back).code == 0, "what it restores covers the list"
    assert ranges(emulator) == sorted([*OLD, "2001:db8::/32"])

    write([])
    argv = (*argv, "--on-drift", "overwrite", "--on-conflict", "git")
    assert "lets every address in" in devinops(*argv, "--allow", "lockout").err
    assert devinops(*argv, "--allow", "access").code == 0
    assert (ranges(emulator), writes(emulator)[-1]) == ([], ("DELETE", LIST))
    assert "pass --allow lockout" in devinops(*back).err
    assert devinops(*back, "--allow", "lockout").code == 0

    write(None)
    assert devinops("apply", "-C", root, "-t", "everyone", "--yes").code == 0
    assert ranges(emulator) == sorted([*OLD, "2001:db8::/32"]), "its settings stay"


@pytest.mark.sampled(5)
@pytest.mark.parametrize(
    ("targets", "selectors"),
    [
        (["everyone"], ["everyone"]),
        (["everyone"], ["all"]),
        (["pay"], ["all"]),
        (["pay", "search"], ["everyone", "search"]),
    ],
)
@pytest.mark.parametrize(
    "more", [(), ("--allow", "lockout", "--allow", "access"), (*ONLY, "--only", "knowledge")]
)
def test_with_any_other_change_it_waits_and_the_rest_is_applied(
    emulator: Emulator,
    write: Files,
    devinops: Devinops,
    targets: list[str],
    selectors: list[str],
    more: tuple[str, ...],
) -> None:
    root = write([HERE], *targets)
    where = [word for name in selectors for word in ("-t", name)]
    argv = ("-C", root, *where, "--adopt", *more)
    plan = devinops("plan", *argv, "--format", "json")
    document = json.loads(plan.out)
    assert (plan.code, [each["key"] for each in document["blocked"]]) == (4, ["ip_access_list"])
    assert WAITS in document["blocked"][0]["reason"]
    applied = devinops("apply", *argv, "--yes")
    assert applied.code == 4
    assert WAITS in " ".join(applied.out.split())
    assert ranges(emulator) == sorted(OLD)
    assert {path.rpartition("/")[2] for _, path in writes(emulator)} == {"notes"}

    alone = ("apply", "-C", root, "-t", "all", *ONLY, "--adopt", "--yes")
    assert devinops(*alone).code == 4
    assert devinops(*alone, "--allow", "lockout").code == 0
    assert (ranges(emulator), writes(emulator)[-1]) == ([HERE], ("PUT", LIST))


@pytest.mark.parametrize("format", ["text", "markdown"])
def test_an_address_that_begins_as_a_command_to_a_runner_is_readable_after_its_sign(
    emulator: Emulator, write: Files, devinops: Devinops, format: str
) -> None:
    root = write([*OLD, "::2:0:0/96"])
    plan = devinops("plan", "-C", root, "-t", "everyone", "--adopt", "--format", format)
    lines = [line.strip() for line in plan.out.splitlines()]
    assert "+ ::2:0:0/96" in lines
    assert not [line for line in lines if line.startswith("::")]


def test_only_it_is_changed_although_something_else_waits(
    emulator: Emulator, write: Files, devinops: Devinops
) -> None:
    root = write([*OLD, "198.51.100.0/24"], "everyone", "pay")
    assert devinops("apply", "-C", root, "-t", "all", *ONLY, "--adopt", "--yes").code == 0
    assert writes(emulator) == [("PUT", LIST)]


def test_a_rollback_with_another_change_restores_only_that(
    emulator: Emulator, write: Files, devinops: Devinops, tmp_path: Path
) -> None:
    emulator.add("knowledge", name="In pay", trigger="t", body="old")
    root = write([*OLD, "198.51.100.0/24"], "pay")
    apply = ("apply", "-C", root, "--adopt", "--yes")
    assert devinops(*apply, "-t", "pay").code == devinops(*apply, "-t", "everyone").code == 0
    backups = {
        json.loads(path.read_text().splitlines()[0])["target"]: path
        for path in (root / ".devinops" / "backups").rglob("*.jsonl")
    }
    run = tmp_path / "20260312T140211Z-1a2b3c"
    run.mkdir()
    assert backups.keys() == {"pay", "everyone"}
    for name, backup in backups.items():
        (run / f"{run.name}.{name}.jsonl").write_bytes(backup.read_bytes())
    ran = devinops("rollback", run, "-C", root, "-t", "all", "--yes", "--allow", "lockout")
    assert (ran.code, WAITS in " ".join(ran.out.split())) == (4, True)
    assert emulator.knowledge()[0]["body"] == "old"
    assert len(ranges(emulator)) == 3


@pytest.mark.parametrize(("only", "code"), [((), 4), (ONLY, 0)])
def test_a_shard_does_not_know_what_the_others_change(
    emulator: Emulator,
    write: Files,
    devinops: Devinops,
    only: tuple[str, ...],
    code: int,
) -> None:
    root = write([*OLD, "198.51.100.0/24"])
    argv = ("apply", "-C", root, "-t", "all", "--adopt", "--yes", *only)
    assert devinops(*argv, "--shard", "1/2").code + devinops(*argv, "--shard", "2/2").code == code
    assert writes(emulator) == ([] if code else [("PUT", LIST)])


@pytest.mark.matrix
def test_waves_go_on_without_it_and_name_its_command(
    emulator: Emulator, write: Files, devinops: Devinops, tmp_path: Path
) -> None:
    root, remote = write([*OLD, "198.51.100.0/24"], "everyone", "pay", "search"), tmp_path / "a.git"
    config = CONFIG.replace("store: file", "store: branch")
    config = config.replace("{org_id: org-em", "{labels: {ring: canary}, org_id: org-em")
    waves = "waves: [{name: canary, where: {ring: canary}}, {name: rest}]\n"
    (root / "devinops.yaml").write_text(config + waves)
    git(tmp_path, "init", "-q", "--bare", "-b", "main", str(remote))
    git(root, "init", "-q", "-b", "main")
    git(root, "remote", "add", "origin", str(remote))
    git(root, "add", "-A")
    commit(root, "-m", "First")
    git(root, "push", "-q", "origin", "main")
    own = ("-C", root, "--yes", "--allow", "out-of-wave")
    # An owned list needs no approval for a change that locks nobody out.
    (root / "knowledge.yaml").rename(root / "later")
    assert devinops("apply", *own, "-t", "everyone", "--adopt").code == 0
    (root / "later").rename(root / "knowledge.yaml")
    entry = {"ip_ranges": [*OLD, "198.51.100.0/24", "192.0.2.0/24"], "enterprise": True}
    (root / "ip_access_list.yaml").write_text(json.dumps({"ip_access_list": [entry]}))

    def waves_now() -> str:
        return " ".join(devinops("targets", "waves", "-C", root).out.split())

    left = "Left in everyone: ip_access_list: it can lock out whatever comes after it, " + WAITS
    assert "enterprise may start, with 1 target to do" in waves_now()
    assert left in waves_now()
    apply = ("apply", "-C", root, "--wave", "due", "--yes")
    first = devinops(*apply)
    assert (first.code, WAITS in " ".join(first.out.split())) == (4, True), first
    assert "canary may start" in waves_now()
    assert left in waves_now()
    assert [devinops(*apply).code for _ in range(2)] == [0, 0]
    assert len(ranges(emulator)) == 3, "it has waited"
    assert [len(emulator.knowledge(org)) for org in (None, "org-emulator", "org-search")] == [1] * 3
    assert "enterprise may start, with 1 target to do" in waves_now()
    assert "Left in" not in waves_now()
    alone = devinops("apply", "-C", root, "-t", "everyone", *ONLY, "--yes")
    assert (alone.code, "192.0.2.0/24" in ranges(emulator)) == (0, True)
    assert "all waves are done" in waves_now()


@pytest.mark.parametrize("is_answered", [True, False])
@pytest.mark.parametrize("status", ["401", "403"])
def test_a_key_that_is_locked_out_is_told_so_and_no_rollback_gets_in(
    write: Files, devinops: Devinops, use: Callable[..., None], status: str, is_answered: bool
) -> None:
    root = write(["203.0.113.0/24"])
    lost = {"method": "PUT", "path": LIST, "nth": 1, "fault": "drop", "when": "after"}
    with Emulator(SEED, quirks={"outside_ip_list": status}) as emulator:
        use(emulator.url, "cog_enterprise")
        argv = ("-C", root, "-t", "everyone", "--yes")
        emulator.faults = [] if is_answered else [lost]
        applied = devinops("apply", *argv, "--adopt", "--allow", "lockout")
        assert applied.code == 3
        said = " ".join(applied.out.split())
        assert f"returned {status}" in said
        assert "the list was written, and the API now refuses the key: this machine is" in said
        assert ranges(emulator) == ["203.0.113.0/24"]
        assert devinops("rollback", "latest", *argv).code == 1
        assert writes(emulator) == [("PUT", LIST)]
