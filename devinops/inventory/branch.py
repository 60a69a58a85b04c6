"""The inventory on a branch of its own, written with git plumbing.

Work tree, index, HEAD and local branches stay as they are. A save is a commit on top of what was loaded and a
push that is not forced, so of two that meet one is rejected and reads again.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from devinops import atomic
from devinops.inventory import disk
from devinops.inventory.git import NETWORK_S, Git, is_no_repository, last_words, masked
from devinops.inventory.journaled import Outrun, Stored
from devinops.model.errors import ConfigError, InventoryError
from devinops.model.suggest import did_you_mean

_FETCHES = 3
_ANOTHER_TIP = ("fetch first", "non-fast-forward")
"""Said of a push where the branch is not as it was read."""
_BUSY = ("cannot lock ref", "failed to update ref", "reference already exists")
"""Said while another push is under way."""
_CHOOSE = "choose another with inventory: {store: branch, branch: NAME}"


@contextmanager
def _scratch() -> Iterator[str]:
    """Yield a directory for a moment. Raises InventoryError."""
    try:
        directory = tempfile.TemporaryDirectory(prefix="devinops-", ignore_cleanup_errors=True)
    except OSError as error:
        raise InventoryError(
            f"no temporary directory can be made: {atomic.reason(error)}"
        ) from error
    with directory as name:
        yield name


class BranchPlace:
    """`<root in the repository>/<target>.jsonl` on the branch. Every call talks to the remote."""

    store = "branch"

    def __init__(self, root: Path, target: str, branch: str, remote: str | None = None) -> None:
        self.target, self.branch, self.wanted_remote = target, branch, remote
        self.git = Git(root)
        self.ref = f"refs/heads/{branch}"
        self._read_back = False

    @property
    def label(self) -> str:
        return f"{self.branch}:{self.path}"

    @cached_property
    def _repository(self) -> tuple[Path, str]:
        """The directory that all work trees of the repository share, and the root's path in it."""
        done = self.git.run("rev-parse", "--git-common-dir", "--show-prefix")
        if is_no_repository(done):
            raise ConfigError(
                f"inventory: {{store: branch}} needs a Git repository here ({last_words(done.err)}): "
                "run devinops in a clone, or say store: file"
            )
        if done.code:
            raise InventoryError(f"git cannot use the repository here: {last_words(done.err)}")
        common, _, prefix = done.out.decode("utf-8", "surrogateescape").partition("\n")
        return (self.git.cwd / common).resolve(), prefix.removesuffix("\n")

    @property
    def path(self) -> str:
        """The file's path on the branch."""
        return f"{self._repository[1]}{self.target}.jsonl"

    @property
    def directory(self) -> Path:
        common, prefix = self._repository
        return common / "devinops" / prefix

    def prepare(self) -> None:
        with disk.told(self.directory):
            self.directory.mkdir(parents=True, exist_ok=True)

    # --- the remote ---------------------------------------------------------------------------------------

    @cached_property
    def remote(self) -> str:
        """The remote that holds the branch. Raises ConfigError where it is not clear which."""
        remotes = self.git.text("remote").split()
        if not remotes:
            raise ConfigError(
                "inventory: {store: branch} needs a remote, and this repository has none: add one, or say store: file"
            )
        wanted = self.wanted_remote or (
            "origin" if "origin" in remotes or len(remotes) > 1 else remotes[0]
        )
        if wanted in remotes:
            return wanted
        if self.wanted_remote is None:
            raise ConfigError(
                f"there is no remote origin but several others ({', '.join(remotes)}): "
                "choose one with inventory: {store: branch, remote: NAME}"
            )
        hint = did_you_mean(wanted, remotes)
        raise ConfigError(f'there is no remote "{wanted}"{hint}; known are {", ".join(remotes)}')

    def _tip(self) -> str | None:
        """Return the commit at the tip of the branch, None without one.

        Raises ConfigError where the branch is in use, or cannot be made beside those that the remote has.
        """
        done = self.git.run(
            "ls-remote", "--symref", self.remote, "HEAD", "refs/heads/*", timeout_s=NETWORK_S
        )
        if done.code:
            raise InventoryError(f"the remote {self.remote} cannot be read: {last_words(done.err)}")
        lines = [
            (name, value) for value, _, name in (x.partition("\t") for x in done.text.split("\n"))
        ]
        # ls-remote compares the ends of names, so that there can be others among them.
        branches = {name: value for name, value in lines if name.startswith("refs/heads/")}
        if not branches:
            raise ConfigError(
                f"the remote {self.remote} has no branch yet, and the first one that it gets becomes its default "
                f"branch, which must not be {self.branch}: push yours first (git push {self.remote} HEAD)"
            )
        if ("HEAD", f"ref: {self.ref}") in lines:
            raise ConfigError(self._in_use(f"the default branch of {self.remote}"))
        if self.git.run("symbolic-ref", "--quiet", "HEAD").text == self.ref:
            raise ConfigError(self._in_use("checked out here"))
        if self.ref not in branches:
            for name in sorted(branches):
                if name.startswith(f"{self.ref}/") or self.ref.startswith(f"{name}/"):
                    raise ConfigError(self._in_the_way(name))
        return branches.get(self.ref)

    def _in_use(self, how: str) -> str:
        return f'the branch "{self.branch}" is {how}, and the inventory needs one of its own: {_CHOOSE}'

    def _in_the_way(self, ref: str) -> str:
        other = ref.removeprefix("refs/heads/")
        return (
            f'the branch "{self.branch}" of the inventory cannot be made on {self.remote}, which has "{other}": git '
            f'keeps no branch below the name of another; rename or delete "{other}", or {_CHOOSE}'
        )

    def _elsewhere(self) -> str:
        """Say that a push and what is read are two places. Credentials are masked."""
        pushed = ", ".join(
            self.git.text("remote", "get-url", "--push", "--all", self.remote).splitlines()
        )
        read = self.git.text("remote", "get-url", self.remote)
        return masked(
            f"the branch {self.branch} is pushed to {pushed} and read from {read}, and what is pushed cannot be read "
            f"back: the inventory would be lost. Make both addresses of {self.remote} lead to one repository (git "
            "remote set-url --push), or choose another remote with inventory: {store: branch, remote: NAME}"
        )

    # --- reading ------------------------------------------------------------------------------------------

    def load(self) -> Stored:
        for _ in range(_FETCHES):
            tip = self._tip()
            if tip is None:
                return Stored(None)
            if self._has(tip) or self._fetch(tip):
                return Stored(self._text(tip), tip)
        raise InventoryError(
            f"{self.branch} moves on {self.remote} faster than it can be fetched: run again"
        )

    def _has(self, commit: str) -> bool:
        return self.git.run("cat-file", "-e", f"{commit}^{{tree}}").code == 0

    def _fetch(self, tip: str) -> bool:
        """Fetch the branch; tell whether `tip` came with it. Of a shallow clone only the tip is asked for."""
        shallow = self.git.text("rev-parse", "--is-shallow-repository") == "true"
        done = self.git.run(
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-recurse-submodules",
            "--no-write-fetch-head",
            "--refmap=",
            *(["--depth=1"] if shallow else []),
            self.remote,
            f"+{self.ref}:refs/remotes/{self.remote}/{self.branch}",
            timeout_s=NETWORK_S,
        )
        if self._has(tip):
            return True
        # Another process of this clone can hold the lock of the ref.
        if done.code and "cannot lock ref" not in done.err:
            raise InventoryError(
                f"{self.branch} cannot be fetched from {self.remote}: {last_words(done.err)}"
            )
        return False

    def _text(self, tip: str) -> str | None:
        entry = self.git.raw("ls-tree", "--full-tree", "-z", tip, self.path)
        if not entry:
            return None
        mode, _, rest = entry.partition(b" ")
        if not mode.startswith(b"100"):
            raise InventoryError(f"{self.label} is not a plain file: remove it from the branch")
        blob = rest.split(b"\t")[0].split()[-1].decode("ascii")
        try:
            return self.git.raw("cat-file", "blob", blob).decode("utf-8")
        except UnicodeDecodeError as error:
            raise InventoryError(
                f"{self.label}: this is not UTF-8: restore it from the branch's history"
            ) from error

    # --- writing ------------------------------------------------------------------------------------------

    def save(self, text: str, before: Stored, message: str) -> None:
        commit = self._commit(text, before.version, message)
        done = self.git.run(
            "-c",
            f"remote.{self.remote}.mirror=false",
            "push",
            "--porcelain",
            "--no-verify",
            "--no-follow-tags",
            "--recurse-submodules=no",
            self.remote,
            f"{commit}:{self.ref}",
            timeout_s=NETWORK_S,
        )
        # A push can go elsewhere than a fetch. Where one was seen to arrive, the next ones do.
        if done.code or not self._read_back:
            self._check_arrived(
                commit, before, "" if done.code == 0 else f"{done.text}\n{done.err}"
            )
            self._read_back = True

    def _check_arrived(self, commit: str, before: Stored, complaint: str) -> None:
        """Look for a pushed commit where the branch is read. `complaint` is what git said of a push that failed.

        Raises Outrun where somebody else was faster, or has put something on top of it: reading again tells which.
        """
        try:
            tip = self._tip()
        except InventoryError as error:
            raise Outrun(str(error)) from error
        if tip == commit:
            return
        if tip != before.version:
            raise Outrun
        if not complaint or any(words in complaint for words in _ANOTHER_TIP):
            raise InventoryError(self._elsewhere())
        # Of a branch that the remote does not list.
        in_the_way = re.search(r"'(\S+)' exists; cannot create", complaint)
        if in_the_way:
            raise ConfigError(self._in_the_way(in_the_way[1]))
        if any(words in complaint for words in _BUSY):
            raise Outrun(last_words(complaint))
        reason = re.search(r"^!.*?(\[.*\].*)$", complaint, re.MULTILINE)
        words = masked(reason[1]) if reason else last_words(complaint)
        if reason and "remote:" in complaint:
            words = f"{words}; {last_words(complaint)}"
        raise InventoryError(
            f"the inventory cannot be pushed to {self.branch} on {self.remote}: {words}. The job needs the right to "
            "push to this branch"
        )

    def _commit(self, text: str, parent: str | None, message: str) -> str:
        """Make a commit with the file on top of `parent`; other files of the branch are kept."""
        blob = self.git.text("hash-object", "-w", "--stdin", data=text.encode("ascii"))
        with _scratch() as scratch:
            env = {"GIT_INDEX_FILE": os.fspath(Path(scratch) / "index")}
            self.git.raw("read-tree", parent or "--empty", env=env)
            self.git.raw(
                "update-index", "--add", "--cacheinfo", f"100644,{blob},{self.path}", env=env
            )
            tree = self.git.text("write-tree", env=env)
        parents = ["-p", parent] if parent else []
        return self.git.text(
            "commit-tree", tree, *parents, data=f"{message}\n".encode(), env=self.git.identity()
        )
