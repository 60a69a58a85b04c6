"""What an enterprise loses is deleted after the organizations are written, over real HTTP."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from devinops import signals
from devinops.applying.backup import Backups
from devinops.cli.runs import apply
from devinops.emulator import Emulator
from devinops.model.errors import Stale
from devinops.model.objects import Live
from tests.testing.command_line import Devinops, Ran, Write
from tests.testing.inventories import commit, git

pytestmark = pytest.mark.matrix  # each test runs over several targets

SEED: dict[str, Any] = {"organizations": {"org-a": {}, "org-b": {}}}
TARGETS: dict[str, Any] = {
    "corp": {"enterprise": True},
    "a": {"org_id": "org-a"},
    "b": {"org_id": "org-b"},
}
DEFAULTS: dict[str, Any] = {
    "inventory": {"store": "file"},
    "prune": "owned",
    **dict.fromkeys(("api_key_env", "enterprise_key_env"), "DEVIN_API_KEY"),
}


def of(*groups: str) -> dict[str, Any]:
    """Return entries of groups, each with a role in the enterprise and in every organization."""
    roles = [{"group": name, "role": "Member"} for name in groups]
    above = {"enterprise": True}
    names = [{"name": name, **above} for name in groups]
    return {"group_roles": [*roles, *({**each, **above} for each in roles)], "idp_groups": names}


ALL = ("-t", "all", "--allow", "access", "--yes", "--parallelism", "1")
E = "/v3/enterprise"


class Place:
    """A repository in which a group has a role in the enterprise and in two organizations."""

    def __init__(self, write: Write, devinops: Devinops, emulator: Emulator) -> None:
        self.write, self.devinops, self.emulator = write, devinops, emulator
        self.declare(of("kept", "eng/a"))
        assert self.apply(*ALL).code == 0
        self.declare(of("kept"))
        emulator.clear_requests()

    def declare(self, sections: dict[str, Any], **settings: Any) -> None:
        config = {"version": 1, "defaults": DEFAULTS, "targets": TARGETS, **settings}
        texts = {name: yaml.safe_dump({name: rows}) for name, rows in sections.items()}
        files = {f"{name}.yaml": text for name, text in texts.items()}
        self.root = self.write({"devinops.yaml": yaml.safe_dump(config), **files})

    def apply(self, *argv: object, command: str = "apply") -> Ran:
        ran = self.devinops(*command.split(), "-C", self.root, *argv)
        print(ran.out, ran.err)  # shown if the test fails
        return ran

    def left(self) -> dict[str | None, str]:
        """Return where the group has a role, and the group itself under an empty name."""
        groups = self.emulator.objects("idp_group", None)
        found = [group for group in groups if group["idp_group_name"] == "eng/a"]
        roles = {each["org_id"]: "role" for group in found for each in group["role_assignments"]}
        return roles | dict.fromkeys([""] * len(found), "group")

    def written(self) -> list[str]:
        """Return what was sent: the method, and where the role or the group is."""
        sent = [r for r in self.emulator.requests if r["method"] != "GET"]
        return [f"{r['method']} {_where(r['path'])}" for r in sent]


def _where(path: str) -> str:
    if path.startswith(f"{E}/idp-groups"):
        return "group"
    return "corp" if path.startswith(f"{E}/members") else path.split("/")[4]


EVERYTHING = {None: "role", "org-a": "role", "org-b": "role", "": "group"}


@pytest.fixture
def emulator(use: Callable[..., None]) -> Iterator[Emulator]:
    with Emulator(SEED) as running:
        use(running.url, "cog_enterprise")
        yield running


@pytest.fixture
def place(repository: Write, devinops: Devinops, emulator: Emulator) -> Place:
    return Place(repository, devinops, emulator)


def test_a_group_and_all_its_roles_go_in_one_run_and_come_back_in_one(place: Place) -> None:
    assert place.left() == EVERYTHING
    assert place.apply(*ALL).code == 0
    assert place.written() == ["DELETE org-a", "DELETE org-b", "DELETE corp", "DELETE group"]
    plan = place.apply("-t", "all", "--detailed-exitcode", command="plan")
    assert (plan.code, place.left()) == (0, {})

    place.emulator.clear_requests()
    back = place.apply(*ALL[:5], command="rollback latest")
    assert (back.code, place.left()) == (0, EVERYTHING)
    assert place.written()[:2] == ["POST group", "POST corp"]


def test_what_the_enterprise_gets_still_comes_first(place: Place) -> None:
    place.declare(of("kept", "eng/b"))
    assert place.apply(*ALL).code == 0
    moved = ["POST org-a", "DELETE org-a", "POST org-b", "DELETE org-b"]
    assert place.written() == ["POST group", "POST corp", *moved, "DELETE corp", "DELETE group"]


def test_after_ctrl_c_in_an_organization_the_enterprise_deletes_nothing(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = Backups.save

    def interrupted(self: Backups, live: Live) -> None:
        save(self, live)
        signals.on_signal(signal.SIGINT)

    with monkeypatch.context() as patched:
        patched.setattr(Backups, "save", interrupted)
        ran = place.apply(*ALL)
    assert (ran.code, place.written()) == (130, ["DELETE org-a"])
    assert "1 change done, 3 skipped" in ran.out
    assert place.apply(*ALL).code == 0
    assert place.left() == {}


@pytest.mark.parametrize("is_guarded", [True, False])
def test_an_organization_that_fails_does_not_hold_back_what_is_deleted_above_it(
    use: Callable[..., None], repository: Write, devinops: Devinops, is_guarded: bool
) -> None:
    """Of many organizations, one often fails, and access that is taken away must not wait for it.

    A group that is in use is the API's to keep; if it does not, its plan said what is lost.
    """
    quirks = {} if is_guarded else {"group_in_use": "deleted"}
    with Emulator(SEED, quirks=quirks) as emulator:
        use(emulator.url, "cog_enterprise")
        place = Place(repository, devinops, emulator)
        path = f"{E}/organizations/org-a/**"
        emulator.faults = [{"method": "DELETE", "path": path, "fault": "status", "status": 422}]
        ran = place.apply(*ALL)
        assert ran.code == 3
        assert place.left() == ({"org-a": "role", "": "group"} if is_guarded else {})
        assert "is unregistered, and its members lose" in " ".join(ran.out.split())
        emulator.faults = []
        place.apply(*ALL)
        plan = place.apply("-t", "all", "--detailed-exitcode", command="plan")
        assert (plan.code, place.left()) == (0, {})


def test_of_two_enterprises_each_is_written_once(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DEVIN_API_URL")
    with Emulator({"enterprise": {}}) as second:
        settings = {
            "defaults": {**DEFAULTS, "api_url": place.emulator.url},
            "targets": {**TARGETS, "other": {"enterprise": True, "api_url": second.url}},
        }
        place.declare(of("kept", "eng/a"), **settings)
        assert place.apply(*ALL).code == 0
        assert len(second.objects("idp_group", None)) == 2
        place.emulator.clear_requests()
        second.clear_requests()
        place.declare(of("kept"), **settings)
        assert place.apply(*ALL).code == 0
        assert place.written() == ["DELETE org-a", "DELETE org-b", "DELETE corp", "DELETE group"]
        above = [r["method"] for r in second.requests if r["method"] != "GET"]
        assert above == ["DELETE", "DELETE"]


def test_roles_in_organizations_of_later_waves_do_not_stop_the_wave_of_the_enterprise(
    place: Place, tmp_path: Path
) -> None:
    """The group is deleted after the last wave, although the API has refused that before."""
    remote = tmp_path / "remote.git"
    git(tmp_path, "init", "-q", "--bare", "-b", "main", str(remote))
    settings = {
        "defaults": {**DEFAULTS, "inventory": {"store": "branch"}},
        "waves": [{"name": "canary", "where": {"ring": "canary"}}, {"name": "rest"}],
        "targets": {**TARGETS, "a": {**TARGETS["a"], "labels": {"ring": "canary"}}},
    }
    place.declare(of("kept", "eng/a"), **settings)
    git(place.root, "init", "-q", "-b", "main")
    git(place.root, "remote", "add", "origin", str(remote))
    commit(place.root, "--allow-empty", "-m", "First")
    git(place.root, "push", "-q", "origin", "main")
    for path in (place.root / ".devinops").glob("*.jsonl"):
        path.unlink()
    adopt = ("-t", "all", "--adopt", "--allow", "out-of-wave", "--yes")
    assert place.apply(*adopt).code == 0
    place.declare(of("kept"), **settings)

    def next_wave() -> int:
        return place.apply("--wave", "due", "--allow", "access", "--yes").code

    assert (next_wave(), place.left()) == (3, {"org-a": "role", "org-b": "role", "": "group"})
    assert (next_wave(), place.left()) == (0, {"org-b": "role", "": "group"})
    assert (next_wave(), place.left()) == (0, {"": "group"})
    assert (next_wave(), place.left()) == (0, {})
    assert "all waves are done\n" in place.apply(command="targets waves").out


def test_an_enterprise_in_which_another_run_works_does_not_stop_the_organizations(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = apply.RunJournal.begin

    def outrun(self: apply.RunJournal, *args: Any) -> None:
        if self.store.target.enterprise:
            raise Stale("another run works there")
        begin(self, *args)

    monkeypatch.setattr(apply.RunJournal, "begin", outrun)
    ran = place.apply(*ALL)
    assert (ran.code, place.written()) == (3, ["DELETE org-a", "DELETE org-b"])
    assert "another run works there" in ran.out
