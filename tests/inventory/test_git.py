"""What git is set up to do, and what else stands on the remote: none of it costs the inventory."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from devinops import signals, waiting
from devinops.emulator import Emulator
from devinops.git import error_line, without_credentials
from devinops.inventory import branch as branch_module
from devinops.inventory.backend import Stored, WriteConflict
from devinops.inventory.branch import BranchBackend
from devinops.model.errors import ConfigError, InventoryError, Stale
from devinops.model.inventory import Inventory
from tests.testing.command_line import Devinops
from tests.testing.inventories import (
    applied,
    commit,
    git,
    intent,
    names,
    on_branch,
    record,
    through,
)
from tests.testing.waiting import Waits

Clone = Callable[..., Path]
NEXT = re.escape("inventory: {store: branch, branch: NAME}")


def begins(root: Path, branch: str = "devinops") -> None:
    """Announce a write; however the clone is set up, a refusal comes without a second try."""
    store = on_branch(root, branch=branch)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(waiting, "pause", lambda _: pytest.fail("it was tried again"))
        store.begin("r1", [intent("r1", "a")], Inventory("branch"))


def refs(repository: Path) -> list[str]:
    return git(repository, "for-each-ref", "--format=%(refname)").splitlines()


def hook(repository: Path, name: str, script: str) -> None:
    path = repository / "hooks" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


# --- a branch in the way ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("branch", "other"),
    [
        ("devinops", "devinops/fix-a-typo"),
        ("devinops", "devinops/deep/below"),
        ("team/devinops", "team"),
        ("a/b/devinops", "a/b"),
    ],
)
def test_a_branch_that_git_cannot_keep_beside_ours_is_named_at_once(
    clone: Clone, remote: Path, branch: str, other: str
) -> None:
    root = clone()
    git(remote, "branch", other, "main")
    before = refs(remote)
    words = f'"{other}", .*"{branch}" .*rename or delete "{other}".*{NEXT}'
    with pytest.raises(ConfigError, match=words):
        on_branch(root, branch=branch).read()
    with pytest.raises(ConfigError, match=words):
        begins(root, branch)
    assert refs(remote) == before


def test_a_branch_that_only_looks_alike_is_not_in_the_way(clone: Clone, remote: Path) -> None:
    for other in ("devinops-2", "x/devinops", "Devinops/x"):
        git(remote, "branch", other, "main")
    root = clone()
    applied(on_branch(root), "r1", "a")
    assert names(on_branch(root).read()) == ["a"]


def test_a_branch_in_the_way_that_the_remote_does_not_list_is_named_too(
    clone: Clone, remote: Path
) -> None:
    git(remote, "branch", "devinops/x", "main")
    git(remote, "config", "uploadpack.hideRefs", "refs/heads/devinops/")
    with pytest.raises(ConfigError, match=f'rename or delete "devinops/x".*{NEXT}'):
        begins(clone())


@pytest.mark.matrix
@pytest.mark.parametrize(
    "stale",
    [
        "refs/remotes/origin/devinops/x",
        "refs/heads/devinops/x",
        "refs/tags/devinops/x",
        "refs/remotes/origin/DEVINOPS",
    ],
)
@pytest.mark.parametrize("options", [(), ("--depth=1",)], ids=" ".join)
def test_refs_of_this_clone_are_in_nobodys_way(
    clone: Clone, remote: Path, stale: str, options: tuple[str, ...]
) -> None:
    root, other = clone("one", *options), clone("two")
    git(root, "update-ref", stale, "HEAD")
    before = refs(root)
    applied(on_branch(other), "r1", "a")
    assert names(on_branch(root).read()) == ["a"]
    applied(on_branch(root), "r2", "b")
    assert names(on_branch(other).read()) == ["a", "b"]
    tracking = "refs/remotes/origin/devinops"
    assert [name for name in refs(root) if name != tracking] == before
    assert git(root, "rev-parse", stale) == git(root, "rev-parse", "HEAD")


@pytest.mark.matrix
def test_a_branch_whose_name_was_a_directory_before_is_fetched(clone: Clone, remote: Path) -> None:
    """What is kept here of a branch that is gone does not block one below or above it."""
    root, other = clone("one"), clone("two")
    for branch in ("team", "team/devinops", "team"):
        applied(on_branch(other, branch=branch), "r1", "a")
        assert names(on_branch(root, branch=branch).read()) == ["a"]
        git(remote, "update-ref", "-d", f"refs/heads/{branch}")


@pytest.mark.matrix
def test_a_lock_that_stays_on_the_remote_is_reported_in_gits_words(
    clone: Clone, remote: Path, waits: Waits
) -> None:
    root = clone()
    (remote / "refs" / "heads" / "devinops.lock").touch()
    store = through(BranchBackend(root, "devinops"), patience_s=1)
    with pytest.raises(Stale, match=r"devinops\.lock': File exists"):
        store.begin("r1", [intent("r1", "a")], store.read())
    assert sum(waits) == pytest.approx(1)


# --- a push that arrives elsewhere ------------------------------------------------------------------------


def elsewhere(root: Path, tmp_path: Path) -> str:
    git(tmp_path, "clone", "-q", "--bare", str(tmp_path / "remote.git"), "elsewhere.git")
    return (tmp_path / "elsewhere.git").as_uri()


def push_url(root: Path, url: str) -> None:
    git(root, "remote", "set-url", "--push", "origin", url)


def push_instead(root: Path, url: str) -> None:
    git(root, "config", f"url.{url}.pushInsteadOf", git(root, "remote", "get-url", "origin"))


def two_push_urls(root: Path, url: str) -> None:
    push_url(root, url)
    git(root, "remote", "set-url", "--push", "--add", "origin", url)


@pytest.mark.sampled(3)
@pytest.mark.parametrize("redirect", [push_url, push_instead, two_push_urls])
@pytest.mark.parametrize("held", [False, True], ids=["empty there", "another inventory there"])
def test_a_push_that_cannot_be_read_back_stops_before_the_first_write(
    clone: Clone, remote: Path, tmp_path: Path, redirect: Callable[[Path, str], None], held: bool
) -> None:
    root = clone()
    url = elsewhere(root, tmp_path)
    redirect(root, url)
    if held:
        other = tmp_path / "other"
        git(tmp_path, "clone", "-q", url, str(other))
        applied(on_branch(other), "r0", "z")
    words = (
        f"to {re.escape(url)}.* and reads it from {re.escape(remote.as_uri())}.*git remote set-url"
    )
    for _ in range(2):
        with pytest.raises(InventoryError, match=words):
            begins(root)
    with pytest.raises(InventoryError, match=words):
        on_branch(root).write(Inventory.of("branch", [record("a")]), Inventory("branch"))


def test_what_is_pushed_to_two_places_of_which_one_is_read_is_kept(
    clone: Clone, remote: Path, tmp_path: Path
) -> None:
    root = clone()
    two_push_urls(root, elsewhere(root, tmp_path))
    git(root, "remote", "set-url", "--push", "--add", "origin", remote.as_uri())
    applied(on_branch(root), "r1", "a")
    assert names(on_branch(root).read()) == ["a"]


def test_the_same_place_under_two_addresses_is_fine(clone: Clone, remote: Path) -> None:
    root = clone()
    push_url(root, str(remote))
    applied(on_branch(root), "r1", "a")
    assert names(on_branch(root).read()) == ["a"]


def test_credentials_are_masked_in_both_addresses(clone: Clone, tmp_path: Path) -> None:
    root = clone()
    url = elsewhere(root, tmp_path)
    fetched = git(root, "remote", "get-url", "origin")
    for secret, address in (("hunter2", fetched), ("p@ss:w", url)):
        there = f"https://bob:{secret}@127.0.0.1/{Path(address).name}"
        git(root, "config", f"url.{address}.insteadOf", there)
        git(root, "remote", "set-url", *(["--push"] if address == url else []), "origin", there)
    with pytest.raises(InventoryError) as caught:
        begins(root)
    assert not re.search(r"hunter2|p@ss|:w@", str(caught.value))
    assert (
        without_credentials("https://bob:p@ss@h/x, https://h/y@z")
        == "https://***@h/x, https://h/y@z"
    )


@pytest.mark.matrix
def test_what_others_push_onto_an_announcement_does_not_hide_it(
    clone: Clone, remote: Path, tmp_path: Path
) -> None:
    one, two = clone("one"), clone("two")
    marker = tmp_path / "went"
    hook(
        remote,
        "post-receive",
        # Right after our first push somebody else puts a commit on top of it.
        f"""test -e {marker} && exit 0; touch {marker}
        new=$(git -c user.name=x -c user.email=x@localhost commit-tree -p devinops -m top "devinops^{{tree}}")
        git update-ref refs/heads/devinops "$new" """,
    )
    store = on_branch(one)
    applied(store, "r1", "a")
    assert marker.exists()
    assert names(on_branch(two).read()) == ["a"]
    marker.unlink()
    base = store.read()
    store.write(base.changed([record("b")]), base)
    assert marker.exists()
    assert names(on_branch(two).read()) == ["a", "b"]


def test_an_announcement_whose_answer_was_lost_is_cleared_by_the_next_run_here(
    clone: Clone, remote: Path
) -> None:
    root, away = clone(), remote.with_name("away.git")
    hook(remote, "post-receive", f"mv {remote} {away}")
    lost, run = on_branch(root), "20270101T000000Z-abcdef"
    with pytest.raises(InventoryError, match=r"cannot be read: .*Nothing was written$"):
        lost.begin(run, [intent(run, "a")], Inventory("branch"))
    away.rename(remote)
    (remote / "hooks" / "post-receive").unlink()
    del lost
    store = on_branch(root)
    store.sweep()
    assert store.read().intents == (replace(intent(run, "a"), unclear=True),)
    applied(store, "r2", "a")
    assert names(on_branch(clone("two")).read()) == ["a"]


def test_one_run_reads_its_push_back_once(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    root = clone()
    calls = root / "trace"
    monkeypatch.setenv("GIT_TRACE", str(calls))
    applied(on_branch(root), "r1", "a")
    asked = re.findall(r"trace: built-in: git (ls-remote|push|fetch)", calls.read_text())
    assert asked == ["ls-remote", "push", "ls-remote", "push"]


def test_a_remote_without_a_branch_is_empty_and_ours_does_not_become_its_default(
    tmp_path: Path,
) -> None:
    git(tmp_path, "init", "-q", "--bare", "-b", "main", "empty.git")
    git(tmp_path, "clone", "-q", "empty.git", "root")
    assert on_branch(tmp_path / "root").read() == Inventory("branch")
    with pytest.raises(ConfigError, match=r"origin has no branch yet.*git push origin HEAD"):
        begins(tmp_path / "root")
    assert refs(tmp_path / "empty.git") == []


def test_a_remote_that_makes_ours_its_default_stops_before_the_first_write(
    clone: Clone, remote: Path
) -> None:
    root = clone()
    git(remote, "symbolic-ref", "HEAD", "refs/heads/devinops")
    with pytest.raises(ConfigError, match="the default branch of origin"):
        begins(root)


# --- git's own words --------------------------------------------------------------------------------------


def test_a_repository_of_somebody_else_comes_with_gits_advice(
    clone: Clone, remote: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = clone()
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    with pytest.raises(InventoryError) as caught:
        on_branch(root).read()
    assert "detected dubious ownership in repository at" in str(caught.value)
    assert f"git config --global --add safe.directory {root}" in str(caught.value)
    assert "store: file" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_remote_of_somebody_else_comes_with_gits_advice(
    clone: Clone, remote: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = clone()
    config = tmp_path / "gitconfig"
    config.write_text(f"[safe]\n\tdirectory = {root}\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    with pytest.raises(InventoryError, match=f"git config --global --add safe.directory {remote}"):
        on_branch(root).read()


DUBIOUS = """\
fatal: detected dubious ownership in repository at '/srv/r.git'
To add an exception for this directory, call:

\tgit config --global --add safe.directory /srv/r.git
hint: something
fatal: Could not read from remote repository.

Please make sure you have the correct access rights
and the repository exists.
"""


def test_what_git_says_below_its_fatal_line_belongs_to_it() -> None:
    assert error_line(DUBIOUS) == (
        "fatal: detected dubious ownership in repository at '/srv/r.git' To add an exception for this directory, "
        "call: git config --global --add safe.directory /srv/r.git; fatal: Could not read from remote repository. "
        "Please make sure you have the correct access rights and the repository exists."
    )
    assert (
        error_line("Author identity unknown\nfatal: no\nwarning: x\nerror: y\nTo z\n")
        == "fatal: no; error: y"
    )


def test_a_server_that_says_a_lot_does_not_hide_its_error() -> None:
    said = "remote: Resolving deltas\rremote: error: GH013: rules\nremote: See x\nremote: \nremote: - No ref\n"
    assert error_line(f"{said}error: failed to push some refs to 'x'\n") == (
        "remote: error: GH013: rules; remote: See x; remote: - No ref"
    )


def test_a_path_as_long_as_paths_get_does_not_cut_the_advice() -> None:
    path = f"/srv/{'x' * 400}"
    assert f"safe.directory {path};" in error_line(DUBIOUS.replace("/srv/r.git", path))


def test_what_the_server_says_in_color_is_reported_without(clone: Clone, remote: Path) -> None:
    root = clone()
    git(root, "config", "color.ui", "always")
    git(root, "config", "color.remote", "always")
    hook(remote, "pre-receive", "echo error: not here\nexit 1")
    with pytest.raises(InventoryError, match="remote: error: not here"):
        begins(root)


# --- who commits ------------------------------------------------------------------------------------------

OURS = "devinops <devinops@localhost>"
ANN = {"user.name": "Ann", "user.email": "ann@localhost"}


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    ("config", "environment", "author", "committer"),
    [
        ({}, {}, OURS, OURS),
        (ANN, {}, "Ann <ann@localhost>", "Ann <ann@localhost>"),
        ({"user.name": ""}, {}, OURS, OURS),
        (ANN | {"user.name": ""}, {}, OURS, OURS),
        (ANN | {"user.name": "<>,"}, {}, OURS, OURS),
        (ANN | {"user.email": ""}, {}, "Ann <>", "Ann <>"),
        (ANN | {"user.email": "<>"}, {}, "Ann <>", "Ann <>"),
        ({"user.useConfigOnly": "true"}, {}, OURS, OURS),
        ({"user.useConfigOnly": "true", "user.name": "Ann"}, {}, OURS, OURS),
        (ANN | {"author.name": ";"}, {}, OURS, "Ann <ann@localhost>"),
        (ANN | {"committer.name": ", "}, {}, "Ann <ann@localhost>", OURS),
        ({"author.name": "A", "author.email": "a@localhost"}, {}, "A <a@localhost>", OURS),
        (ANN, {"GIT_AUTHOR_NAME": ""}, OURS, "Ann <ann@localhost>"),
        (ANN, {"GIT_COMMITTER_NAME": "<>"}, "Ann <ann@localhost>", OURS),
        (ANN, {"GIT_COMMITTER_NAME": "CI"}, "Ann <ann@localhost>", "CI <ann@localhost>"),
        (ANN, {"GIT_AUTHOR_EMAIL": ""}, "Ann <>", "Ann <ann@localhost>"),
        ({}, {"EMAIL": "x@localhost"}, OURS, OURS),
        (
            ANN,
            {"GIT_AUTHOR_DATE": "gestern", "GIT_COMMITTER_DATE": ""},
            "Ann <ann@localhost>",
            "Ann <ann@localhost>",
        ),
        (
            {},
            {
                "GIT_CONFIG_COUNT": "2",
                "GIT_CONFIG_KEY_0": "user.name",
                "GIT_CONFIG_VALUE_0": "Env",
                "GIT_CONFIG_KEY_1": "user.email",
                "GIT_CONFIG_VALUE_1": "env@localhost",
            },
            "Env <env@localhost>",
            "Env <env@localhost>",
        ),
    ],
)
def test_a_commit_is_made_whoever_git_takes_us_for(
    clone: Clone,
    remote: Path,
    monkeypatch: pytest.MonkeyPatch,
    config: Mapping[str, str],
    environment: Mapping[str, str],
    author: str,
    committer: str,
) -> None:
    root = clone()
    for key, value in config.items():
        git(root, "config", key, value)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    begins(root)
    assert (
        git(remote, "log", "-1", "--format=%an <%ae>|%cn <%ce>", "devinops")
        == f"{author}|{committer}"
    )


# --- how git is set up ------------------------------------------------------------------------------------

SETTINGS: Mapping[str, Mapping[str, str]] = {
    "texts": {
        "core.autocrlf": "true",
        "core.eol": "crlf",
        "core.safecrlf": "true",
        "i18n.commitEncoding": "UTF-16",
        "i18n.logOutputEncoding": "UTF-16",
    },
    "signatures": {
        "commit.gpgSign": "true",
        "tag.gpgSign": "true",
        "push.gpgSign": "if-asked",
        "log.showSignature": "true",
        "gpg.program": "/bin/false",
        "transfer.fsckObjects": "true",
    },
    "push": {
        "push.default": "nothing",
        "push.followTags": "true",
        "push.negotiate": "true",
        "push.recurseSubmodules": "only",
        "push.useForceIfIncludes": "true",
        "remote.pushDefault": "nowhere",
        "remote.origin.push": "refs/heads/main:refs/heads/pushed-by-mistake",
    },
    "mirror": {"remote.origin.mirror": "true"},
    "fetch": {
        "remote.origin.prune": "true",
        "remote.origin.pruneTags": "true",
        "remote.origin.tagOpt": "--tags",
        "fetch.prune": "true",
        "fetch.pruneTags": "true",
        "fetch.all": "true",
        "fetch.writeCommitGraph": "true",
        "fetch.recurseSubmodules": "true",
        "submodule.recurse": "true",
    },
    "index": {
        "core.ignoreCase": "true",
        "core.sparseCheckout": "true",
        "core.logAllRefUpdates": "always",
        "index.sparse": "true",
        "feature.manyFiles": "true",
    },
    "old and colourful": {"protocol.version": "0", "color.ui": "always", "column.ui": "always"},
}


@pytest.mark.matrix
@pytest.mark.parametrize("about", SETTINGS)
def test_no_setting_of_git_keeps_a_run_from_its_branch(
    clone: Clone, remote: Path, about: str
) -> None:
    root, other = clone("one"), clone("two")
    git(root, "tag", "of-mine")
    git(root, "branch", "work-of-mine")
    for key, value in SETTINGS[about].items():
        git(root, "config", key, value)
    kept = git(root, "for-each-ref", "refs/heads", "refs/tags", "refs/remotes/origin/main")
    applied(on_branch(root), "r1", "a")
    applied(on_branch(other), "r2", "b")
    assert names(on_branch(root).read()) == ["a", "b"]
    applied(on_branch(root), "r3", "c")
    assert names(on_branch(other).read()) == ["a", "b", "c"]
    assert git(root, "for-each-ref", "refs/heads", "refs/tags", "refs/remotes/origin/main") == kept
    assert refs(remote) == ["refs/heads/devinops", "refs/heads/main"]
    assert "encoding" not in git(remote, "cat-file", "commit", "devinops")
    git(remote, "fsck", "--strict")


def bare_with_work_tree(clone: Clone, *options: str) -> Path:
    bare = clone("hidden", *options)
    git(bare, "worktree", "add", "-q", "-b", "work", str(bare.parent / "work-tree"), "main")
    return bare.parent / "work-tree"


def work_tree(clone: Clone) -> Path:
    root = clone()
    git(root, "worktree", "add", "-q", "-b", "work", str(root.parent / "work-tree"))
    return root.parent / "work-tree"


def sparse(clone: Clone) -> Path:
    root = clone("clone", "--sparse", "--filter=tree:0")
    git(root, "sparse-checkout", "set", "--cone", "--sparse-index", "teams/b")
    (root / "teams" / "a").mkdir(parents=True)
    return root / "teams" / "a"


def submodule(clone: Clone) -> Path:
    outer, inner = clone("outer"), clone("inner")
    address = git(inner, "remote", "get-url", "origin")
    git(outer, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", address, "inner")
    commit(outer, "-m", "submodule")
    return outer / "inner"


def instead_of(clone: Clone) -> Path:
    root = clone()
    git(root, "config", f"url.{git(root, 'remote', 'get-url', 'origin')}.insteadOf", "acme:")
    git(root, "remote", "set-url", "origin", "acme:")
    return root


def without_a_refspec(clone: Clone) -> Path:
    root = clone()
    git(root, "config", "--unset-all", "remote.origin.fetch")
    return root


def without_our_branch(clone: Clone) -> Path:
    root = clone()
    git(root, "config", "--add", "remote.origin.fetch", "^refs/heads/devinops")
    return root


@pytest.mark.matrix
@pytest.mark.parametrize(
    "make",
    [
        lambda clone: bare_with_work_tree(clone, "--bare"),
        lambda clone: bare_with_work_tree(clone, "--mirror"),
        work_tree,
        sparse,
        submodule,
        instead_of,
        without_a_refspec,
        without_our_branch,
    ],
    ids=[
        "work tree of a bare one", "work tree of a mirror", "work tree", "sparse", "submodule", "insteadOf",
        "no refspec", "negative refspec",
    ],
)  # fmt: skip
def test_every_kind_of_clone_reads_and_writes(
    clone: Clone, remote: Path, make: Callable[[Clone], Path]
) -> None:
    git(remote, "config", "uploadpack.allowFilter", "true")
    root, other = make(clone), clone("another")
    header_path = git(root, "rev-parse", "--show-prefix")
    applied(on_branch(root), "r1", "a")
    there = on_branch(other / header_path)
    applied(there, "r2", "b")
    assert names(on_branch(root).read()) == ["a", "b"]
    applied(on_branch(root), "r3", "c")
    assert names(there.read()) == ["a", "b", "c"]
    assert refs(remote) == ["refs/heads/devinops", "refs/heads/main"]


LEADING_ASTRAY = {
    "GIT_DIR": "{other}/.git",
    "GIT_WORK_TREE": "{other}",
    "GIT_INDEX_FILE": "{other}/.git/index",
    "GIT_OBJECT_DIRECTORY": "{other}/.git/objects",
    "GIT_COMMON_DIR": "{other}/.git",
    "GIT_NAMESPACE": "elsewhere",
    "GIT_REPLACE_REF_BASE": "refs/heads/",
    "GIT_GRAFT_FILE": "{other}/none",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_NOGLOB_PATHSPECS": "1",
    "GIT_GLOB_PATHSPECS": "1",
    "GIT_ICASE_PATHSPECS": "1",
    "GIT_PREFIX": "teams/",
    "GIT_CONFIG": "{other}/none",
    "GIT_DEFAULT_HASH": "sha256",
    "GIT_EXTERNAL_DIFF": "/bin/false",
    "GIT_EDITOR": "/bin/false",
    "GIT_FLUSH": "1",
    "GIT_REFLOG_ACTION": "x",
    "GIT_TRACE": "1",
}


def test_no_variable_leads_git_astray(
    clone: Clone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, other = clone("one"), clone("two")
    git(tmp_path, "init", "-q", "stranger")
    with monkeypatch.context() as led:
        for name, value in LEADING_ASTRAY.items():
            led.setenv(name, value.format(other=tmp_path / "stranger"))
        applied(on_branch(root / "teams" / "a"), "r1", "a")
    assert names(on_branch(other / "teams" / "a").read()) == ["a"]
    assert not os.path.lexists(tmp_path / "stranger" / ".git" / "index")


# --- the whole command ------------------------------------------------------------------------------------

FILES = {
    "devinops.yaml": "version: 1\ntargets: {production: {org_id: org-emulator, inventory: {store: branch}}}\n",
    "knowledge/a.md": "---\nname: A\ntrigger: t\n---\nb\n",
}


@pytest.fixture
def project(clone: Clone) -> Path:
    root = clone("project")
    (root / "knowledge").mkdir()
    for name, text in FILES.items():
        (root / name).write_text(text)
    return root


def branch_in_the_way(root: Path, remote: Path) -> None:
    git(remote, "branch", "devinops/x", "main")


def pushed_elsewhere(root: Path, remote: Path) -> None:
    push_url(root, elsewhere(root, remote.parent))


def no_branch(root: Path, remote: Path) -> None:
    git(remote, "update-ref", "-d", "refs/heads/main")


def not_allowed(root: Path, remote: Path) -> None:
    hook(remote, "pre-receive", "exit 1")


@pytest.mark.parametrize("broken", [branch_in_the_way, pushed_elsewhere, no_branch, not_allowed])
def test_apply_writes_nothing_when_its_inventory_cannot_be_kept(
    project: Path,
    remote: Path,
    emulator: Emulator,
    devinops: Devinops,
    broken: Callable[[Path, Path], None],
) -> None:
    broken(project, remote)
    ran = devinops("apply", "--yes", "-C", project)
    assert ran.code == 1
    assert ran.err.startswith("devinops: ")
    assert {one["method"] for one in emulator.requests} <= {"GET"}
    planned = devinops("plan", "-C", project).code
    assert planned == (1 if broken is branch_in_the_way else 0)


class Outrun(BranchBackend):
    """A branch on which other runs always save first, except before our first `allowed` saves."""

    allowed = 0

    def load(self, names: Collection[str]) -> Stored:
        return super().load(names) if Outrun.allowed else Stored()

    def save(self, texts: Mapping[str, str | None], before: Stored, message: str) -> Stored:
        if not Outrun.allowed:
            raise WriteConflict
        Outrun.allowed -= 1
        return super().save(texts, before, message)


@pytest.fixture
def outrun(monkeypatch: pytest.MonkeyPatch) -> type[Outrun]:
    monkeypatch.setattr(branch_module, "BranchBackend", Outrun)
    monkeypatch.setattr(Outrun, "allowed", 0)
    return Outrun


@pytest.mark.parametrize(("option", "seconds"), [("0", 120), ("300", 300)])
def test_a_run_that_never_gets_through_stops_before_its_first_write(
    project: Path, emulator: Emulator, devinops: Devinops, waits: Waits, outrun: type[Outrun],
    option: str, seconds: int,
) -> None:  # fmt: skip
    ran = devinops("apply", "--yes", "-C", project, "--lock-timeout", option)
    assert ran.code == 5
    assert sum(waits) == pytest.approx(seconds)
    assert (
        "devinops:production.jsonl: other runs saved theirs first each time: run again" in ran.err
    )
    assert ran.err.endswith("Nothing was written\n")
    assert {one["method"] for one in emulator.requests} <= {"GET"}


def test_a_signal_ends_the_wait_of_a_run_that_has_not_written(
    project: Path, emulator: Emulator, devinops: Devinops, waits: Waits, outrun: type[Outrun]
) -> None:
    waits.instead = lambda _: signals.on_signal(signal.SIGINT)
    ran = devinops("apply", "--yes", "-C", project)
    assert (ran.code, len(waits)) == (130, 1)
    assert "Nothing was written" in ran.err
    assert {one["method"] for one in emulator.requests} <= {"GET"}


def test_a_run_that_never_gets_through_after_its_writes_says_where_they_are_recorded(
    project: Path, emulator: Emulator, devinops: Devinops, outrun: type[Outrun], remote: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    outrun.allowed = 1
    ran = devinops("apply", "--yes", "-C", project)
    assert ran.code == 3
    (run,) = re.findall(r"inventory unlock -C \S+ (\S+) first", ran.out)
    journal = project / ".git" / "devinops" / "production.journal"
    assert (
        f"Only {journal} records what the run wrote to the organization: to save it, run devinops apply -C "
        in ran.out
    )
    assert "Nothing was written" not in ran.out
    monkeypatch.setattr(branch_module, "BranchBackend", BranchBackend)
    announced = f".runs/{run}.jsonl"
    assert announced in git(remote, "ls-tree", "-r", "--name-only", "devinops")
    assert devinops("apply", "--yes", "-C", project).code == 0
    assert announced not in git(remote, "ls-tree", "-r", "--name-only", "devinops")
    assert len(emulator.knowledge()) == 1


def test_an_inventory_that_cannot_be_kept_after_the_writes_does_not_cost_the_report(
    project: Path, remote: Path, emulator: Emulator, devinops: Devinops
) -> None:
    hook(
        remote,
        "pre-receive",
        'git rev-parse --quiet --verify devinops && echo "no more" && exit 1\nexit 0',
    )
    ran = devinops("apply", "--yes", "-C", project)
    assert ran.code == 3
    assert "knowledge:A" in ran.out
    assert (
        "the inventory was not written: the inventory cannot be pushed to devinops on origin"
        in ran.out
    )
    assert "no more" in ran.out
    (remote / "hooks" / "pre-receive").unlink()
    assert devinops("apply", "--yes", "-C", project).code == 0
    assert devinops("inventory", "list", "-C", project).out.splitlines()[-1] == "1 owned (branch)"
    assert len(emulator.knowledge()) == 1


# --- files that a request can commit --------------------------------------------------------------------------


def test_the_settings_of_a_bare_repository_in_the_files_are_not_obeyed(
    clone: Clone, tmp_path: Path
) -> None:
    root = clone() / "teams" / "a"
    (root / "objects").mkdir(parents=True)
    (root / "refs").mkdir()
    (root / "HEAD").write_text("ref: refs/heads/main\n")
    (root / "config").write_text(
        f'[core]\nsshCommand = "touch {tmp_path}/ran; false"\nworktree = .\n'
        '[remote "origin"]\nurl = ssh://host.test/x\n'
    )
    with pytest.raises(InventoryError, match="cannot use bare repository"):
        begins(root)
    assert not (tmp_path / "ran").exists()
