"""The backend for an inventory on a branch of its own, written with git plumbing.

The work tree, the index, HEAD and local branches stay as they are. A save is a commit on top of
what was loaded, and a push without force. If two pushes meet, the remote rejects one of them.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from devinops import atomic
from devinops.git import (
    NETWORK_S,
    Git,
    error_line,
    found_no_repository,
    without_credentials,
)
from devinops.inventory import disk
from devinops.inventory.backend import VersionedText, WriteConflict, attempts
from devinops.inventory.push_refusals import advice
from devinops.model.errors import ConfigError, InventoryError
from devinops.model.suggest import did_you_mean

_FETCH_S = 30.0
"""How long to try to fetch while other processes of this clone do so."""
_BUSY_HERE = ("cannot lock ref", "shallow.lock", "shallow file has changed")
"""Git's errors while another process of this clone is fetching."""
_BUSY = ("cannot lock ref", "failed to update ref", "reference already exists")
"""Git's errors while another push is running."""
_NOT_ON_TIP = ("fetch first", "non-fast-forward")
"""Git's errors when the branch has moved since it was read."""
_CHOOSE = "choose another with inventory: {store: branch, branch: NAME}"


@contextmanager
def _temporary_directory() -> Iterator[Path]:
    """Yield a directory that is deleted afterwards. Raises InventoryError."""
    try:
        directory = tempfile.TemporaryDirectory(prefix="devinops-", ignore_cleanup_errors=True)
    except OSError as error:
        raise InventoryError(
            f"a temporary directory cannot be created: {atomic.reason(error)}"
        ) from error
    with directory as name:
        yield Path(name)


class BranchBackend:
    """`<root in the repository>/<target>.jsonl` on the branch. Load and save use the remote.

    Without it, the file under one of the old names is the inventory, until a save moves it.
    """

    store = "branch"

    def __init__(
        self,
        root: Path,
        target: str,
        branch: str,
        remote: str | None = None,
        previously: Sequence[str] = (),
    ) -> None:
        self.target, self.branch, self.chosen_remote = target, branch, remote
        self.previously = previously
        self.git = Git(root)
        self.ref = f"refs/heads/{branch}"
        self._push_verified = False

    @property
    def label(self) -> str:
        return f"{self.branch}:{self.path}"

    @cached_property
    def _repository(self) -> tuple[Path, str]:
        """The Git directory that all work trees share, and the root's path in the repository."""
        result = self.git.run("rev-parse", "--git-common-dir", "--show-prefix")
        if found_no_repository(result):
            raise ConfigError(
                "inventory: {store: branch} needs a Git repository here "
                f"({error_line(result.err)}): run devinops in a clone, or use store: file"
            )
        if result.code:
            raise InventoryError(f"git cannot use the repository here: {error_line(result.err)}")
        common, _, prefix = result.out.decode("utf-8", "surrogateescape").partition("\n")
        return (self.git.cwd / common).resolve(), prefix.removesuffix("\n")

    @property
    def path(self) -> str:
        """The file's path on the branch."""
        return f"{self._repository[1]}{self.target}.jsonl"

    @property
    def _old_paths(self) -> list[str]:
        return [f"{self._repository[1]}{name}.jsonl" for name in self.previously]

    @property
    def directory(self) -> Path:
        common, prefix = self._repository
        return common / "devinops" / prefix

    def prepare(self) -> None:
        with disk.inventory_errors(self.directory):
            self.directory.mkdir(parents=True, exist_ok=True)

    # --- the remote -------------------------------------------------------------------------------

    @cached_property
    def remote(self) -> str:
        """The remote with the branch. Raises ConfigError if it cannot be chosen."""
        remotes = self.git.text("remote").split()
        if not remotes:
            raise ConfigError(
                "inventory: {store: branch} needs a remote, and this repository has none: add one, "
                "or use store: file"
            )
        default = remotes[0] if len(remotes) == 1 else "origin"
        name = self.chosen_remote or default
        if name in remotes:
            return name
        if self.chosen_remote is None:
            raise ConfigError(
                "this repository has no remote named origin, but several others "
                f"({', '.join(remotes)}): choose one with inventory: {{store: branch, remote: "
                "NAME}"
            )
        hint = did_you_mean(name, remotes)
        raise ConfigError(
            f'this repository has no remote "{name}"{hint}; its remotes are {", ".join(remotes)}'
        )

    def _tip(self) -> str | None:
        """Return the commit at the tip of the branch, None if the branch does not exist.

        Raises ConfigError if the inventory cannot have the branch on this remote.
        """
        refs = self._remote_refs()
        branches = {name: value for name, value in refs if name.startswith("refs/heads/")}
        if not branches:
            raise ConfigError(
                f"the remote {self.remote} has no branch yet, and its first one becomes the "
                f"default branch, which must not be {self.branch}: push your own branch first (git "
                f"push {self.remote} HEAD)"
            )
        self._check_unused(refs)
        if self.ref not in branches:
            self._check_name(branches)
        return branches.get(self.ref)

    def _remote_refs(self) -> list[tuple[str, str]]:
        """Return HEAD and the branches of the remote, each with its commit.

        A ref that points to another one is there twice, first as (`HEAD`, `ref: refs/heads/main`).
        Other refs can be among them, since ls-remote only compares the ends of names.
        """
        result = self.git.run(
            "ls-remote", "--symref", self.remote, "HEAD", "refs/heads/*", timeout_s=NETWORK_S
        )
        if result.code:
            raise InventoryError(
                f"the remote {self.remote} cannot be read: {error_line(result.err)}"
            )
        columns = (line.partition("\t") for line in result.text.split("\n"))
        return [(name, value) for value, _, name in columns]

    def _check_unused(self, refs: Collection[tuple[str, str]]) -> None:
        """Raise ConfigError if the branch is the remote's default branch or checked out here."""
        if ("HEAD", f"ref: {self.ref}") in refs:
            raise ConfigError(self._in_use(f"the default branch of {self.remote}"))
        if self.git.run("symbolic-ref", "--quiet", "HEAD").text == self.ref:
            raise ConfigError(self._in_use("checked out here"))

    def _in_use(self, use: str) -> str:
        return (
            f'the branch "{self.branch}" is {use}, but the inventory needs a branch of its own: '
            f"{_CHOOSE}"
        )

    def _check_name(self, branches: Iterable[str]) -> None:
        """Raise ConfigError if a branch of the remote prevents git from creating this one."""
        for name in sorted(branches):
            if name.startswith(f"{self.ref}/") or self.ref.startswith(f"{name}/"):
                raise ConfigError(self._name_conflict(name))

    def _name_conflict(self, ref: str) -> str:
        other = ref.removeprefix("refs/heads/")
        return (
            f'the branch "{self.branch}" of the inventory cannot be created on {self.remote}, '
            f'which has "{other}": Git allows no branch below the name of another; rename or '
            f'delete "{other}", or {_CHOOSE}'
        )

    def _read_elsewhere(self) -> str:
        """Return the message that pushes and reads use two repositories, without credentials."""
        pushed = ", ".join(
            self.git.text("remote", "get-url", "--push", "--all", self.remote).splitlines()
        )
        read = self.git.text("remote", "get-url", self.remote)
        return without_credentials(
            f"the branch {self.branch} is pushed to {pushed} and read from {read}, but what is "
            "pushed there does not arrive where it is read: the inventory would be lost. Make both "
            f"addresses of {self.remote} lead to the same repository (git remote set-url --push), "
            "or choose another remote with inventory: {store: branch, remote: NAME}"
        )

    # --- reading ----------------------------------------------------------------------------------

    def load(self) -> VersionedText:
        for _ in attempts(_FETCH_S):
            tip = self._tip()
            if tip is None:
                return VersionedText(None)
            commit = tip if self._has(tip) else self._fetch(tip)
            if commit:
                texts = (self._text(commit, path) for path in (self.path, *self._old_paths))
                return VersionedText(next((t for t in texts if t is not None), None), commit)
        raise InventoryError(
            f"{self.branch} could not be fetched from {self.remote} for {_FETCH_S:g} s, because "
            "other processes use this repository: run again"
        )

    def _has(self, commit: str) -> bool:
        return self.git.run("cat-file", "-e", f"{commit}^{{tree}}").code == 0

    def _fetch(self, tip: str) -> str | None:
        """Fetch the branch, only its tip into a shallow clone, and return a commit to work with.

        That is `tip`, unless the branch has moved on; None if another process is in the way.
        """
        ref = f"refs/remotes/{self.remote}/{self.branch}"
        shallow = self.git.text("rev-parse", "--is-shallow-repository") == "true"
        result = self.git.run(
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-recurse-submodules",
            "--no-write-fetch-head",
            "--refmap=",
            *(["--depth=1"] if shallow else []),
            self.remote,
            f"+{self.ref}:{ref}",
            timeout_s=NETWORK_S,
        )
        if self._has(tip):
            return tip
        if not result.code:
            return self.git.text("rev-parse", ref)
        if _contains(result.err, _BUSY_HERE):
            return None
        raise InventoryError(
            f"{self.branch} cannot be fetched from {self.remote}: {error_line(result.err)}"
        )

    def _text(self, tip: str, path: str) -> str | None:
        entry = self.git.raw("ls-tree", "--full-tree", "-z", tip, path)
        if not entry:
            return None
        mode, _, rest = entry.partition(b" ")
        if not mode.startswith(b"100"):
            raise InventoryError(f"{self.label} is not a regular file: remove it from the branch")
        blob = rest.split(b"\t")[0].split()[-1].decode("ascii")
        try:
            return self.git.raw("cat-file", "blob", blob).decode("utf-8")
        except UnicodeDecodeError as error:
            raise InventoryError(
                f"{self.label} is not UTF-8 text: restore it from the branch's history"
            ) from error

    # --- writing ----------------------------------------------------------------------------------

    def save(self, text: str, before: VersionedText, message: str) -> None:
        commit = self._commit(text, before.version, message)
        result = self.git.run(
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
        # The address for pushes can differ from the one for fetches: read the first push back.
        if result.code or not self._push_verified:
            error = f"{result.text}\n{result.err}" if result.code else ""
            self._verify_push(commit, before, error)
            self._push_verified = True

    def _verify_push(self, commit: str, before: VersionedText, error: str) -> None:
        """Raise an error unless the pushed commit is at the tip of the branch.

        `error` is what git wrote when the push failed, empty if it did not. Raises WriteConflict if
        another process was faster, or has pushed on top of the commit: loading again shows which.
        """
        try:
            tip = self._tip()
        except InventoryError as failure:
            raise WriteConflict(str(failure)) from failure
        if tip == commit:
            return
        if tip != before.version:
            raise WriteConflict
        if not error or _contains(error, _NOT_ON_TIP):
            raise InventoryError(self._read_elsewhere())
        # The remote does not list this branch, so `_check_name` could not know it.
        hidden = re.search(r"'(\S+)' exists; cannot create", error)
        if hidden:
            raise ConfigError(self._name_conflict(hidden[1]))
        if _contains(error, _BUSY):
            raise WriteConflict(error_line(error))
        raise InventoryError(
            f"the inventory cannot be pushed to {self.branch} on {self.remote}: "
            f"{_rejection(error).rstrip('.')}. {advice(error)}"
        )

    def _commit(self, text: str, parent: str | None, message: str) -> str:
        """Create a commit with the file on top of `parent`; other files of the branch stay."""
        blob = self.git.text("hash-object", "-w", "--stdin", data=text.encode("ascii"))
        with _temporary_directory() as directory:
            env = {"GIT_INDEX_FILE": os.fspath(directory / "index")}
            self.git.raw("read-tree", parent or "--empty", env=env)
            self.git.raw(
                "update-index", "--add", "--cacheinfo", f"100644,{blob},{self.path}", env=env
            )
            if self._old_paths:
                self.git.raw("update-index", "--force-remove", "--", *self._old_paths, env=env)
            tree = self.git.text("write-tree", env=env)
        parents = ["-p", parent] if parent else []
        return self.git.text(
            "commit-tree", tree, *parents, data=f"{message}\n".encode(), env=self.git.identity()
        )


def _contains(text: str, fragments: tuple[str, ...]) -> bool:
    return any(fragment in text for fragment in fragments)


def _rejection(error: str) -> str:
    """Return why a remote rejected a push, with the server's own message, without credentials."""
    reason = re.search(r"^!.*?(\[.*\].*)$", error, re.MULTILINE)
    if reason is None:
        return error_line(error)
    shown, others = without_credentials(reason[1]), error_line(error)
    if shown in others:
        return others
    return f"{shown}; {others}" if "remote:" in error else shown
