"""The inventory on a branch: real repositories in the states that CI leaves them in, and clones that race."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import textwrap
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import pytest

from devinops.git import Git, error_line, without_credentials
from devinops.inventory import InventorySettings, open_runs, open_store
from devinops.inventory.backend import Stored, attempts
from devinops.inventory.branch import BranchBackend
from devinops.inventory.inventory_run import PATIENCE_S
from devinops.model.changes import Action
from devinops.model.errors import ConfigError, InventoryError, Stale
from devinops.model.inventory import Inventory
from devinops.model.target import Target
from tests.testing.inventories import (
    TARGET,
    applied,
    commit,
    dies,
    git,
    intent,
    names,
    on_branch,
    record,
    runs,
    through,
)
from tests.testing.places import ROOT
from tests.testing.waiting import Waits

Clone = Callable[..., Path]
STAGING = Target("staging", "https://api.devin.ai", "v3", "org-2")


def listing(remote: Path, branch: str = "devinops") -> list[str]:
    return git(remote, "ls-tree", "-r", "--name-only", branch).splitlines()


def subjects(remote: Path) -> list[str]:
    return git(remote, "log", "--reverse", "--format=%s", "devinops").splitlines()


def state(root: Path) -> dict[str, str]:
    """Everything that a user could notice: index, HEAD, local branches, tags, stash, configuration, files."""
    top = Path(git(root, "rev-parse", "--show-toplevel"))
    files = [
        path
        for path in top.rglob("*")
        if path.is_file() and ".git" not in path.relative_to(top).parts
    ]
    files += [
        top / ".git" / name
        for name in ("index", "HEAD", "config", "FETCH_HEAD")
        if (top / ".git" / name).exists()
    ]
    found = {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    return found | {"refs": git(root, "for-each-ref", "refs/heads", "refs/tags", "refs/stash")}


# --- the states of a clone --------------------------------------------------------------------------------


def plain(root: Path) -> Path:
    return root


def detached(root: Path) -> Path:
    git(root, "checkout", "-q", "--detach")
    return root


def dirty(root: Path) -> Path:
    (root / "teams" / "a" / "file.txt").write_text("edited\n")
    (root / "staged.txt").write_text("staged\n")
    git(root, "add", "staged.txt")
    (root / "untracked.txt").write_text("untracked\n")
    return root


def nested(root: Path) -> Path:
    return root / "teams" / "a"


def other_remote_name(root: Path) -> Path:
    git(root, "remote", "rename", "origin", "upstream")
    return root


def mid_merge(root: Path) -> Path:
    git(root, "checkout", "-q", "-b", "side", "HEAD~1")
    (root / "teams" / "a" / "file.txt").write_text("side\n")
    commit(root, "-a", "-m", "side")
    subprocess.run(["git", "merge", "-q", "main"], cwd=root, check=False, capture_output=True)
    return root


def hostile_hooks(root: Path) -> Path:
    for name in ("pre-push", "reference-transaction", "pre-commit", "post-checkout"):
        hook = root / ".git" / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text("#!/bin/sh\ntouch hook-ran\nexit 1\n")
        hook.chmod(0o755)
    return root


@pytest.mark.sampled(3, ci=3)
@pytest.mark.parametrize(
    "options",
    [
        (),
        *(
            pytest.param((option,), marks=pytest.mark.matrix)
            for option in ("--depth=1", "--single-branch", "--filter=blob:none")
        ),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize(
    "prepare", [plain, detached, dirty, nested, other_remote_name, mid_merge, hostile_hooks]
)
def test_a_run_works_in_every_state_and_leaves_it_as_it_was(
    clone: Clone, remote: Path, options: tuple[str, ...], prepare: Callable[[Path], Path]
) -> None:
    if prepare is mid_merge and "--depth=1" in options:
        options = ("--depth=2",)
    git(remote, "config", "uploadpack.allowFilter", "true")
    root = prepare(clone("clone", *options))
    before = state(root)
    shallow = git(root, "rev-parse", "--is-shallow-repository")
    applied(on_branch(root), "r1", "a", "b")
    applied(on_branch(root), "r2", "c")
    assert names(on_branch(root).read()) == ["a", "b", "c"]
    assert state(root) == before
    assert git(root, "rev-parse", "--is-shallow-repository") == shallow
    prefix = "teams/a/" if prepare is nested else ""
    assert listing(remote) == [f"{prefix}production.jsonl"]


def test_a_branch_that_moves_on_while_it_is_read_is_read_as_it_is_now(
    clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    applied(on_branch(clone("one")), "r1", "a")
    gone = "1" * 40
    monkeypatch.setattr(BranchBackend, "_tip", lambda _: gone)
    assert names(on_branch(clone("two")).read()) == ["a"]


def test_another_clone_that_never_saw_the_branch_reads_and_adds(clone: Clone, remote: Path) -> None:
    one, two = clone("one", "--depth=1"), clone("two", "--depth=1")
    applied(on_branch(one), "r1", "a")
    assert names(on_branch(two).read()) == ["a"]
    applied(on_branch(two), "r2", "b")
    assert names(on_branch(one).read()) == ["a", "b"]
    assert subjects(remote) == [
        "devinops: production: r1: 1 announced",
        "devinops: production: r1: 1 recorded",
        "devinops: production: r2: 1 announced",
        "devinops: production: r2: 1 recorded",
    ]


def test_the_branch_has_a_history_of_its_own(clone: Clone, remote: Path) -> None:
    applied(on_branch(clone()), "r1", "a")
    assert git(remote, "rev-list", "--count", "devinops") == "2"
    related = subprocess.run(
        ["git", "merge-base", "main", "devinops"], cwd=remote, capture_output=True, check=False
    )
    assert related.returncode == 1


def test_targets_and_roots_share_a_branch_and_other_files_stay(clone: Clone, remote: Path) -> None:
    root = clone()
    git(root, "checkout", "-q", "--orphan", "devinops")
    git(root, "rm", "-rfq", ".")
    (root / "README.md").write_text("about this branch\n")
    git(root, "add", ".")
    commit(root, "-m", "readme")
    git(root, "push", "-q", "origin", "devinops")
    git(root, "checkout", "-q", "main")
    git(root, "branch", "-D", "-q", "devinops")
    applied(on_branch(root), "r1", "a")
    applied(on_branch(root, STAGING), "r2", "b")
    applied(on_branch(root / "teams"), "r3", "c")
    assert listing(remote) == [
        "README.md",
        "production.jsonl",
        "staging.jsonl",
        "teams/production.jsonl",
    ]
    assert names(on_branch(root).read()) == ["a"]
    assert names(on_branch(root, STAGING).read()) == ["b"]
    assert names(on_branch(root / "teams").read()) == ["c"]


def test_git_is_given_a_name_only_if_it_has_none(
    clone: Clone, remote: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = clone()
    applied(on_branch(root), "r1", "a")
    assert git(remote, "log", "-1", "--format=%an <%ae> %cn <%ce>", "devinops") == " ".join(
        ["devinops <devinops@localhost>"] * 2
    )
    git(root, "config", "user.name", "Ann")
    git(root, "config", "user.email", "ann@localhost")
    monkeypatch.setenv("GIT_COMMITTER_NAME", "CI")
    applied(on_branch(root), "r2", "b")
    found = git(remote, "log", "-1", "--format=%an <%ae> %cn <%ce>", "devinops")
    assert found == "Ann <ann@localhost> CI <ann@localhost>"


def test_a_hook_of_another_repository_does_not_lead_astray(
    clone: Clone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = clone()
    git(tmp_path, "init", "-q", "other")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other" / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "other" / ".git" / "index"))
    applied(on_branch(root), "r1", "a")
    assert names(on_branch(root).read()) == ["a"]


@pytest.mark.matrix
def test_a_branch_that_was_rewritten_is_read_as_it_is_now(clone: Clone, remote: Path) -> None:
    one, two = clone("one"), clone("two")
    applied(on_branch(one), "r1", "a")
    applied(on_branch(two), "r2", "b")
    git(remote, "update-ref", "refs/heads/devinops", git(remote, "rev-parse", "devinops~2"))
    assert names(on_branch(two).read()) == ["a"]
    applied(on_branch(two), "r3", "c")
    assert names(on_branch(one).read()) == ["a", "c"]


def test_a_branch_that_was_deleted_is_an_empty_inventory(clone: Clone, remote: Path) -> None:
    root = clone()
    applied(on_branch(root), "r1", "a")
    git(remote, "update-ref", "-d", "refs/heads/devinops")
    assert on_branch(root).read() == Inventory("branch")
    applied(on_branch(root), "r2", "b")
    assert names(on_branch(root).read()) == ["b"]


def test_a_dead_run_is_taken_up_where_it_died(clone: Clone, remote: Path) -> None:
    root, elsewhere = clone("one"), clone("two")
    dead = on_branch(root)
    dead.begin("r1", [intent("r1", "a"), intent("r1", "b")], dead.read())
    dead.settle("r1", [record("a")])
    there, here = on_branch(elsewhere).read(), on_branch(root).read()
    assert (names(there), len(there.intents)) == ([], 2)
    assert (names(here), len(here.intents)) == (["a"], 1)
    on_branch(root).unlock("r1")
    found = on_branch(elsewhere).read()
    assert (found.records, [(one.key.name, one.unclear) for one in found.intents]) == (
        (record("a"),),
        [("b", True)],
    )


def test_what_a_run_left_that_died_here_reaches_the_others(clone: Clone) -> None:
    root, elsewhere = clone("one"), clone("two")
    run = "20260312T101500Z-1f2e3d"
    dead = on_branch(root)
    dead.begin(run, [intent(run, "a")], dead.read())
    dead.settle(run, [record("a")])
    dies(dead, run)
    assert open_runs(on_branch(elsewhere).read())
    on_branch(elsewhere).sweep()
    on_branch(root).sweep()
    assert on_branch(elsewhere).read() == Inventory.of("branch", [record("a")])


# --- races ------------------------------------------------------------------------------------------------


class Interfering(BranchBackend):
    """A branch on which somebody else pushes right before each of our first pushes."""

    def __init__(self, root: Path, others: list[partial[None]] | list[Callable[[], None]]) -> None:
        super().__init__(root, "devinops")
        self.others = others
        self.saves = 0

    def save(self, texts: Mapping[str, str | None], before: Stored, message: str) -> Stored:
        self.saves += 1
        if self.others:
            self.others.pop(0)()
        return super().save(texts, before, message)


def test_a_rejected_push_takes_in_what_the_other_did_and_tries_again(clone: Clone) -> None:
    one, two = clone("one", "--depth=1"), clone("two", "--depth=1")
    others = [partial(applied, on_branch(two), f"o{n}", f"o{n}") for n in range(3)]
    backend = Interfering(one, others)
    store = through(backend)
    store.begin("r1", [intent("r1", "a")], store.read())
    assert backend.saves == 4
    others.append(partial(applied, on_branch(two), "o9", "o9"))
    store.settle("r1", [record("a")])
    store.finish("r1")
    assert names(on_branch(two).read()) == ["a", "o0", "o1", "o2", "o9"]
    assert on_branch(two).read().intents == ()


def test_a_rejected_push_refuses_where_the_other_means_the_same_object(
    clone: Clone, remote: Path
) -> None:
    one, two = clone("one"), clone("two")
    other = on_branch(two)
    backend = Interfering(one, [lambda: other.begin("o1", [intent("o1", "a")], other.read())])
    store = through(backend)
    with pytest.raises(Stale, match=r"the run o1 is changing knowledge:a"):
        store.begin("r1", [intent("r1", "a")], store.read())
    assert runs(on_branch(two).read().intents) == ["o1"]
    assert subjects(remote) == ["devinops: production: o1: 1 announced"]


def test_a_rejected_push_refuses_where_the_other_has_recorded_the_object(clone: Clone) -> None:
    one, two = clone("one"), clone("two")
    applied(on_branch(two), "o0", "a", "b")

    def update() -> None:
        other = on_branch(two)
        base = other.read()
        other.write(base.changed([record("a", body="9" * 16)]), base)

    store = through(Interfering(one, [update]))
    with pytest.raises(Stale, match=r"for knowledge:a: plan again"):
        store.begin("r1", [intent("r1", "a", Action.UPDATE, "note-a")], store.read())


class Outrun(BranchBackend):
    """A branch on which a run of another target saves right before each of our first pushes."""

    def __init__(self, root: Path, times: int) -> None:
        super().__init__(root, "devinops")
        self.times, self.lines = times, list[str]()

    def save(self, texts: Mapping[str, str | None], before: Stored, message: str) -> Stored:
        if len(self.lines) < self.times:
            self.lines.append(f"line {len(self.lines)}\n")
            other = BranchBackend(self.git.cwd, "devinops")
            other.save({"other.jsonl": "".join(self.lines)}, other.load([]), "other")
        return super().save(texts, before, message)


@pytest.mark.matrix
def test_a_run_gets_through_however_many_runs_of_other_targets_save_first(
    clone: Clone, remote: Path, waits: Waits
) -> None:
    backend = Outrun(clone(), times=23)
    applied(through(backend), "r1", "a")
    assert names(on_branch(clone("two")).read()) == ["a"]
    assert git(remote, "show", "devinops:other.jsonl") == "".join(backend.lines).strip()
    assert len(waits) == 23
    assert sum(waits) < PATIENCE_S / 2
    assert len(set(waits)) == 23, "runs that wait equally long meet again"


def test_the_pauses_are_longer_where_attempts_take_longer(waits: Waits) -> None:
    """Many runs on one machine slow each other down, and each push makes all the others vain."""
    for _ in attempts(PATIENCE_S):
        waits._passed += 2
    assert 3.2 < max(waits) <= 16
    assert sum(waits) + 2 * len(waits) <= PATIENCE_S + 0.001  # rounding


def test_a_push_whose_answer_was_lost_is_recognized(
    clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = clone()
    run = Git.run

    def lossy(self: Git, *arguments: str, **rest: object) -> object:
        done = run(self, *arguments, **rest)  # type: ignore[arg-type]
        if "push" in arguments:
            return type(done)(128, b"", "fatal: the remote end hung up unexpectedly")
        return done

    monkeypatch.setattr(Git, "run", lossy)
    applied(on_branch(root), "r1", "a")
    assert names(on_branch(root).read()) == ["a"]


def test_an_announcement_that_was_interrupted_when_it_had_arrived_is_swept_up(
    clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, elsewhere = clone("one"), clone("two")
    run, call = "20260312T101500Z-1f2e3d", Git.run

    def interrupted(self: Git, *arguments: str, **rest: object) -> object:
        done = call(self, *arguments, **rest)  # type: ignore[arg-type]
        if "push" in arguments:
            raise KeyboardInterrupt
        return done

    store = on_branch(root)
    with monkeypatch.context() as stopped:
        stopped.setattr(Git, "run", interrupted)
        with pytest.raises(KeyboardInterrupt):
            store.begin(run, [intent(run, "a")], store.read())
    dies(store, run)
    assert runs(on_branch(elsewhere).read().intents) == [run]
    assert open_runs(on_branch(root).read()) == {}
    on_branch(root).sweep()
    assert open_runs(on_branch(elsewhere).read()) == {}


PROCESS = """
    import sys
    from pathlib import Path
    from tests.testing.inventories import applied, on_branch
    for number in range(3):
        applied(on_branch(Path(sys.argv[1])), f"{sys.argv[2]}-{number}", f"{sys.argv[2]}{number}")
"""


@pytest.mark.matrix
@pytest.mark.parametrize("shared", [False, True], ids=["two clones", "one clone"])
def test_processes_side_by_side_lose_nothing(clone: Clone, remote: Path, shared: bool) -> None:
    one = clone("one")
    two = one if shared else clone("two")
    code = textwrap.dedent(PROCESS)
    started = [
        subprocess.Popen([sys.executable, "-c", code, str(root), name], cwd=ROOT)
        for root, name in ((one, "x"), (two, "y"))
    ]
    assert [process.wait(timeout=120) for process in started] == [0, 0]
    found = on_branch(one).read()
    assert names(found) == ["x0", "x1", "x2", "y0", "y1", "y2"]
    assert found.intents == ()
    # In one clone a process can publish what the other has recorded; then that has nothing left to push.
    pushes = int(git(remote, "rev-list", "--count", "devinops"))
    assert 7 <= pushes <= 12 if shared else pushes == 12


# --- what is refused --------------------------------------------------------------------------------------


def check_refused(
    root: Path, words: str, branch: str = "devinops", remote: str | None = None
) -> None:
    store = open_store(InventorySettings("branch", branch, remote), root, TARGET)
    for act in (store.read, lambda: store.begin("r", [intent("r", "a")], Inventory("branch"))):
        with pytest.raises(ConfigError, match=words):
            act()


def test_the_branches_that_people_work_on_are_refused(clone: Clone, remote: Path) -> None:
    root = clone()
    check_refused(root, 'the branch "main" is the default branch of origin', "main")
    git(root, "checkout", "-q", "-b", "feature")
    check_refused(root, 'the branch "feature" is checked out here', "feature")
    check_refused(root, "the default branch of origin", "main")
    assert git(remote, "rev-list", "--count", "main") == "2"


def test_without_a_repository_the_message_is_about_the_file(tmp_path: Path) -> None:
    (tmp_path / "bare").mkdir()
    check_refused(tmp_path / "bare", "needs a Git repository here .* use store: file")


def test_without_a_remote_the_message_names_the_file(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "alone")
    check_refused(tmp_path / "alone", "has none: add one, or use store: file")


def test_the_remote_must_be_clear(clone: Clone, remote: Path) -> None:
    root = clone()
    check_refused(root, r'no remote "orgin" \(did you mean "origin"\?\)', remote="orgin")
    git(root, "remote", "rename", "origin", "one")
    git(root, "remote", "add", "two", str(remote))
    check_refused(root, r"no remote named origin, but several others \(one, two\)")
    applied(on_branch(root, remote="two"), "r1", "a")
    assert listing(remote) == ["production.jsonl"]


def test_without_git_the_file_is_named(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    root = clone()
    monkeypatch.setenv("PATH", "")
    check_refused(root, "git is not installed")


def test_a_remote_that_does_not_answer_is_one_line_without_credentials(clone: Clone) -> None:
    root = clone()
    git(root, "remote", "set-url", "origin", "http://bob:hunter2@127.0.0.1:9/x.git")
    with pytest.raises(InventoryError) as caught:
        on_branch(root).read()
    assert "the remote origin cannot be read: fatal: unable to access 'http://" in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "to keep that in a file instead, set inventory: {store: file}" in str(caught.value)


def test_a_push_that_the_server_forbids_is_reported_in_its_words(
    clone: Clone, remote: Path
) -> None:
    root = clone()
    hook = remote / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'GH006: Protected branch' >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(
        InventoryError,
        match=r"cannot be pushed to devinops on origin: .*pre-receive hook declined.*GH006",
    ):
        applied(on_branch(root), "r1", "a")
    assert git(remote, "for-each-ref", "--format=%(refname)") == "refs/heads/main"


def test_git_that_hangs_is_stopped_with_what_it_started(clone: Clone) -> None:
    root = clone()
    with pytest.raises(InventoryError, match=r"git -c took longer than 0\.2 s"):
        Git(root).run("-c", "alias.hang=!sleep 60", "hang", timeout_s=0.2)


@pytest.mark.matrix
@pytest.mark.parametrize(
    "content", ["", "<<<<<<< x\n", '{"devinops_inventory": 1}\n', '{"devinops_inventory": 9}\n']
)
def test_a_damaged_file_on_the_branch_stops_and_stays(
    clone: Clone, remote: Path, content: str
) -> None:
    root = clone()
    applied(on_branch(root), "r1", "a")
    store = on_branch(root)
    base = store.read()
    backend = BranchBackend(root, "devinops")
    backend.save({"production.jsonl": content}, backend.load([]), "damage")
    tip = git(remote, "rev-parse", "devinops")
    for act in (
        on_branch(root).read,
        lambda: on_branch(root).begin("r2", [intent("r2", "b")], base),
    ):
        with pytest.raises(InventoryError, match=r"^devinops:production\.jsonl:1: "):
            act()
    assert git(remote, "rev-parse", "devinops") == tip


def test_gits_errors_become_one_line() -> None:
    assert error_line("") == "no error message"
    assert error_line("a\nb\n") == "b"
    assert (
        error_line("To x\nhint: pull\nremote: no\nfatal: https://u:p@h/ gone\n")
        == "remote: no; fatal: https://***@h/ gone"
    )
    assert len(error_line("fatal: " + "x" * 2000)) == 1000
    assert (
        without_credentials("ssh://git@host/x https://token@h") == "ssh://***@host/x https://***@h"
    )
