"""What a plan reads from the API before all files are read."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from pathlib import Path

import pytest

from devinops.cli.declarations.options import Options
from devinops.cli.progress import Progress
from devinops.cli.runs import early_reading
from devinops.cli.runs.early_reading import MIN_ENTRIES, EarlyReading
from devinops.emulator import Emulator
from devinops.model.changes import Action
from devinops.model.client_protocols import PageDecoder
from devinops.model.errors import Unreachable
from devinops.model.inventory import Intent, Inventory
from devinops.model.keys import ROOT, Key
from devinops.model.objects import Snapshot
from tests.testing.command_line import Devinops
from tests.testing.waiting import until

NOTE = "---\nname: N{0}\ntrigger: When the number {0} comes up\n---\nText {0}\n"
EMPTY = Inventory()
LOCKED = Inventory(intents=(Intent("run-1", Action.CREATE, Key("knowledge", ROOT, "A")),))


class Organization:
    """Notes the order in which the inventory and the lists are read."""

    def __init__(self, inventory: Inventory = EMPTY, kinds: Collection[str] = ()) -> None:
        self.inventory, self.kinds = inventory, kinds
        self.read: list[str] = []
        self.listed = threading.Event()

    def fetch_inventory(self) -> Callable[[], Inventory]:
        self.read.append("inventory")
        return lambda: self.inventory

    def snapshot(self, kinds: Collection[str], pages: Callable[[PageDecoder], None]) -> Snapshot:
        del pages
        self.read.append(" ".join(sorted(kinds)))
        self.listed.set()
        return Snapshot((), unverified=frozenset(kinds))

    def early(self) -> EarlyReading:
        progress = Progress(Options(Path()), "reading")
        return EarlyReading(self.fetch_inventory, lambda _: self.kinds, self.snapshot, progress)


def declare(early: EarlyReading, *kinds: str, times: int = 1) -> None:
    for kind in kinds:
        for _ in range(times):
            early.count_entry(kind)


def test_few_entries_have_no_early_reading() -> None:
    organization = Organization()
    with organization.early() as early:
        declare(early, "knowledge", times=MIN_ENTRIES - 1)
        assert early.take() is None
    assert organization.read == []


def test_a_list_is_on_its_way_before_all_entries_are_known() -> None:
    organization = Organization()
    with organization.early() as early:
        declare(early, "knowledge", times=MIN_ENTRIES)
        assert organization.listed.wait(10)
        declare(early, "knowledge", "secret")
        read = early.take()
    assert read is not None
    assert organization.read == ["inventory", "folder knowledge", "secret"]
    assert read.kinds == read.snapshot.unverified == {"folder", "knowledge", "secret"}


def test_it_is_taken_once() -> None:
    with Organization().early() as early:
        declare(early, "knowledge", times=MIN_ENTRIES)
        assert early.take() is not None
        assert early.take() is None


def test_owned_kinds_are_listed_as_well_and_no_kind_twice() -> None:
    organization = Organization(kinds={"knowledge", "playbook"})
    with organization.early() as early:
        declare(early, "knowledge", times=MIN_ENTRIES)
        declare(early, "folder")
        assert early.take() is not None
    assert organization.read == ["inventory", "folder knowledge", "playbook"]


def test_a_kind_that_others_refer_to_is_listed_with_them() -> None:
    organization = Organization()
    with organization.early() as early:
        declare(early, "folder", times=MIN_ENTRIES)
        declare(early, "knowledge", "playbook")
        assert early.take() is not None
    assert organization.read == ["inventory", "folder knowledge", "playbook"]


def test_what_was_read_while_another_run_was_open_is_not_used() -> None:
    organization = Organization(LOCKED)
    with organization.early() as early:
        declare(early, "knowledge", times=MIN_ENTRIES)
        assert early.take() is None
    assert organization.read[0] == "inventory"


def test_a_failure_is_raised_when_the_result_is_taken() -> None:
    organization = Organization()

    def refuse(kinds: Collection[str], pages: Callable[[PageDecoder], None]) -> Snapshot:
        del kinds, pages
        organization.listed.set()
        raise Unreachable("the host refused the connection")

    organization.snapshot = refuse  # type: ignore[method-assign]
    with organization.early() as early:
        declare(early, "knowledge", times=MIN_ENTRIES)
        assert organization.listed.wait(10)
        declare(early, "knowledge")
        with pytest.raises(Unreachable, match="refused"):
            early.take()


def test_leaving_ends_the_work() -> None:
    before = set(threading.enumerate())
    with Organization().early() as early:
        declare(early, "knowledge", times=MIN_ENTRIES)
    until(lambda: set(threading.enumerate()) <= before)


# --- the same plan ------------------------------------------------------------------------------


@pytest.mark.matrix
@pytest.mark.parametrize("change", [0, 1], ids=["nothing to do", "a change"])
def test_a_plan_is_the_same_with_and_without_it(
    repository: Callable[[dict[str, str]], Path],
    devinops: Devinops,
    use: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    change: int,
) -> None:
    count = MIN_ENTRIES + 50
    files = {f"knowledge/n{number:03}.md": NOTE.format(number) for number in range(count)}
    root = repository(files | {"playbooks/p.md": "---\ntitle: P\n---\n1. Do it.\n"})
    plans, requests = [], []
    with Emulator() as emulator:
        use(emulator.url)
        for number in range(change, count):
            text = NOTE.format(number).rpartition("---\n")[2]
            trigger = f"When the number {number} comes up"
            emulator.add("knowledge", name=f"N{number}", trigger=trigger, body=text)
        for few in (MIN_ENTRIES, count * 2):
            monkeypatch.setattr(early_reading, "MIN_ENTRIES", few)
            emulator.clear_requests()
            plans.append(devinops("plan", "-C", root))
            requests.append(sorted(sent["path"] for sent in emulator.requests))
    assert plans[0] == plans[1]
    assert requests[0] == requests[1]
    assert f"{change + 1} to create" in plans[0].out


def test_problems_in_files_come_before_those_of_the_connection(
    repository: Callable[[dict[str, str]], Path],
    devinops: Devinops,
    use: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    root = repository({"knowledge/z.md": "---\nname: Z\n---\ntext\n"})
    use("http://127.0.0.1:9")
    monkeypatch.setenv("DEVINOPS_CA_BUNDLE", str(root / "missing.pem"))
    ran = devinops("plan", "-C", root)
    assert "knowledge/z.md:2:1: error: the field trigger is missing" in ran.err
    assert "missing.pem" not in ran.err


def test_problems_in_files_come_before_those_of_the_api(
    repository: Callable[[dict[str, str]], Path],
    devinops: Devinops,
    monkeypatch: pytest.MonkeyPatch,
    use: Callable[..., None],
) -> None:
    files = {f"knowledge/n{number:03}.md": NOTE.format(number) for number in range(MIN_ENTRIES)}
    root = repository(files | {"knowledge/z.md": "---\nname: Z\n---\ntext\n"})
    use("http://127.0.0.1:9")
    ran = devinops("plan", "-C", root)
    assert ran.code == 1
    assert "knowledge/z.md:2:1: error: the field trigger is missing" in ran.err
    assert "127.0.0.1" not in ran.err
