"""The backend for an inventory on a branch of its own, written with git plumbing.

The work tree, the index, HEAD and local branches stay as they are. A save is a commit on top of
what was loaded, and a push without force. If two pushes meet, the remote rejects one of them.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

from devinops import atomic
from devinops.git import (
    NETWORK_S,
    Git,
    error_line,
    found_no_repository,
    without_credentials,
)
from devinops.inventory import disk
from devinops.inventory.backend import RUNS, Stored, WriteConflict, attempts
from devinops.inventory.push_refusals import advice
from devinops.model.errors import ConfigError, InventoryError
from devinops.model.suggest import did_you_mean

_FETCH_S = 30.0
"""How long to try to fetch while other processes of this clone do so."""
_BUSY_HERE = ("cannot lock ref", "shallow.lock", "shallow file has changed")
"""Git's errors while another process of this clone is fetching."""
_BUSY = ("cannot lock ref", "failed to update ref", "reference already exists")
"""Git's errors while another push is running."""
_NOT_ON_TIP = ("fetch first", "non-fast-forward", "stale info")
"""Git's errors when the branch has moved since it was read."""
_RUN_FILE = re.compile(re.escape(RUNS) + r"[A-Za-z0-9-]+\.jsonl")
_TARGET_FILE = re.compile(r"[^/]+\.jsonl")
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
    """`<root in the repository>/<target>.jsonl` on the branch. Load and save use the remote."""

    store = "branch"
    is_shared = True

    def __init__(self, root: Path, branch: str, remote: str | None = None) -> None:
        self.branch, self.chosen_remote = branch, remote
        self.scope = quote("/".join(filter(None, (remote, branch))), safe="")
        self.git = Git(root)
        self.ref = f"refs/heads/{branch}"
        self._push_verified = self._remote_is_empty = False
        self._texts: dict[str, str] = {}

    def label(self, name: str) -> str:
        return f"{self.branch}:{self._repository[1]}{name}"

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
            f'this repository has no remote "{name}"{hint}; its remotes are {", ".join(remotes)}: '
            f"correct the name, or run git remote add {name} URL"
        )

    def _tip(self) -> str | None:
        """Return the commit at the tip of the branch, None if the branch does not exist.

        Raises ConfigError if the inventory cannot have the branch on this remote.
        """
        refs = self._remote_refs()
        branches = {name: value for name, value in refs if name.startswith("refs/heads/")}
        self._remote_is_empty = not branches
        self._check_unused(refs)
        if self.ref not in branches:
            self._check_name(branches)
        return branches.get(self.ref)

    def _remote_refs(self) -> list[tuple[str, str]]:
        """Return HEAD and the branches of the remote, each with its commit.

        A ref that points to another one is there twice, first as (`HEAD`, `ref: refs/heads/main`).
        Other refs can be among them, since ls-remote only compares the ends of names.
        """
        try:
            result = self.git.run(
                "ls-remote", "--symref", self.remote, "HEAD", "refs/heads/*", timeout_s=NETWORK_S
            )
            error = error_line(result.err) if result.code else ""
        except InventoryError as failure:
            error = str(failure)
        if error:
            raise InventoryError(
                f"the remote {self.remote} cannot be read: {error.rstrip('.')}. It has the "
                "inventory; to keep that in a file instead, set inventory: {store: file}"
            )
        columns = (line.partition("\t") for line in result.text.split("\n"))
        return [(name, value) for value, _, name in columns]

    def _check_unused(self, refs: Collection[tuple[str, str]]) -> None:
        """Raise ConfigError if the branch is the remote's default branch or checked out here."""
        if ("HEAD", f"ref: {self.ref}") in refs:
            use = f"the default branch of {self.remote}"
        elif self.git.run("symbolic-ref", "--quiet", "HEAD").text == self.ref:
            use = "checked out here"
        else:
            return
        raise ConfigError(
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
            f'{self.remote} has the branch "{other}", so Git cannot create the branch '
            f'"{self.branch}" of the inventory there: rename or delete "{other}", or {_CHOOSE}'
        )

    def _read_elsewhere(self) -> str:
        """Return the message that pushes and reads use two repositories, without credentials."""
        pushed = ", ".join(
            self.git.text("remote", "get-url", "--push", "--all", self.remote).splitlines()
        )
        read = self.git.text("remote", "get-url", self.remote)
        return without_credentials(
            f"Git pushes the branch {self.branch} to {pushed} and reads it from {read}, where the "
            f"push does not arrive: the inventory would be lost. Make both addresses of "
            f"{self.remote} lead to the same repository (git remote set-url --push), or "
            "choose another remote with inventory: {store: branch, remote: NAME}"
        )

    # --- reading ----------------------------------------------------------------------------------

    def load(self, names: Collection[str]) -> Stored:
        for _ in attempts(_FETCH_S):
            tip = self._tip()
            if tip is None:
                return Stored()
            commit = tip if self._has(tip) else self._fetch(tip)
            if commit:
                return self._read(commit, names)
        raise InventoryError(
            f"{self.branch} could not be fetched from {self.remote} for {_FETCH_S:g} s, because "
            "other processes use this repository: run again"
        )

    def fetched(self, names: Collection[str]) -> Stored:
        """Return what the last fetch brought, without asking the remote."""
        commit = self.git.line("rev-parse", "--verify", "--quiet", self._copy)
        return self._read(commit, names) if commit else Stored()

    def all_texts(self, stored: Stored) -> Mapping[str, str]:
        return self._read(stored.version, None).texts if stored.version else {}

    @property
    def _copy(self) -> str:
        """The ref with the branch as it was fetched last."""
        return f"refs/remotes/{self.remote}/{self.branch}"

    def _has(self, commit: str) -> bool:
        return self.git.run("cat-file", "-e", f"{commit}^{{tree}}").code == 0

    def _fetch(self, tip: str) -> str | None:
        """Fetch the branch, only its tip into a shallow clone, and return a commit to work with.

        That is `tip`, unless the branch has moved on; None if another process is in the way.
        """
        ref = self._copy
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

    def _read(self, commit: str, names: Collection[str] | None) -> Stored:
        """Return the files at a commit, see `_blobs`. Only what is new since then is read."""
        blobs = self._blobs(commit, names)
        new = {blob for blob in blobs.values() if blob not in self._texts}
        contents = self.git.contents(new) if new else {}
        texts: dict[str, str] = {}
        for name, blob in blobs.items():
            try:
                known = self._texts.get(blob)
                texts[name] = contents[blob].decode("utf-8") if known is None else known
            except KeyError:
                raise InventoryError(f"{self.label(name)} cannot be read: run again") from None
            except UnicodeDecodeError as error:
                raise InventoryError(
                    f"{self.label(name)} is not UTF-8 text: restore it from the branch's history"
                ) from error
        self._texts = {blob: texts[name] for name, blob in blobs.items()}
        return Stored(texts, commit)

    def _blobs(self, commit: str, names: Collection[str] | None) -> dict[str, str]:
        """Return name → blob of the files with these names, and of the files of all runs.

        None stands for the files of all targets.
        """
        prefix = self._repository[1]
        below = [prefix] if prefix else []
        listing = self.git.raw("ls-tree", "-r", "-t", "-z", "--full-tree", commit, *below)
        blobs = {}
        for entry in listing.decode("utf-8", "surrogateescape").split("\0"):
            facts, _, path = entry.partition("\t")
            name = path.removeprefix(prefix)
            is_target = _TARGET_FILE.fullmatch(name) if names is None else name in names
            if is_target or _RUN_FILE.fullmatch(name):
                mode, _, blob = facts.split()
                if not mode.startswith("100"):
                    raise InventoryError(
                        f"{self.label(name)} is not a regular file: remove it from the branch"
                    )
                blobs[name] = blob
        return blobs

    # --- writing ----------------------------------------------------------------------------------

    def save(self, texts: Mapping[str, str | None], before: Stored, message: str) -> Stored:
        if self._remote_is_empty:
            raise ConfigError(
                f"the remote {self.remote} has no branch yet, so {self.branch} would become its "
                f"default branch: push your own branch first (git push {self.remote} HEAD)"
            )
        commit = self._commit(texts, before.version, message)
        result = self.git.run(
            "-c",
            f"remote.{self.remote}.mirror=false",
            "push",
            "--porcelain",
            "--no-verify",
            "--no-follow-tags",
            "--recurse-submodules=no",
            # What was loaded may be old: the branch may have been deleted or rewritten since.
            f"--force-with-lease={self.ref}:{before.version or ''}",
            self.remote,
            f"{commit}:{self.ref}",
            timeout_s=NETWORK_S,
        )
        # The address for pushes can differ from the one for fetches: read the first push back.
        if result.code or not self._push_verified:
            error = f"{result.text}\n{result.err}" if result.code else ""
            self._verify_push(commit, before, error)
            self._push_verified = True
        return before.changed(texts, commit)

    def _verify_push(self, commit: str, before: Stored, error: str) -> None:
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

    def _commit(self, texts: Mapping[str, str | None], parent: str | None, message: str) -> str:
        """Create a commit with these files on top of `parent`; other files of the branch stay."""
        with _temporary_directory() as directory:
            env = {"GIT_INDEX_FILE": os.fspath(directory / "index")}
            self.git.raw("read-tree", parent or "--empty", env=env)
            entries = self._entries(texts, directory, parent)
            data = "".join(f"{entry}\0" for entry in entries).encode("utf-8", "surrogateescape")
            self.git.raw("update-index", "-z", "--index-info", data=data, env=env)
            tree = self.git.text("write-tree", env=env)
        parents = ["-p", parent] if parent else []
        return self.git.text(
            "commit-tree", tree, *parents, data=f"{message}\n".encode(), env=self._identity
        )

    @cached_property
    def _identity(self) -> dict[str, str]:
        return self.git.identity()

    def _entries(
        self, texts: Mapping[str, str | None], directory: Path, parent: str | None
    ) -> Iterator[str]:
        """Yield the lines for the index of git; it stores all blobs in one process."""
        written = {name: text for name, text in texts.items() if text is not None}
        paths = [directory / f"{number}.jsonl" for number in range(len(written))]
        with disk.inventory_errors(directory):
            for path, text in zip(paths, written.values(), strict=True):
                path.write_bytes(text.encode("ascii"))
        data = "".join(f"{path}\n" for path in paths).encode("utf-8", "surrogateescape")
        blobs = self.git.text("hash-object", "-w", "--no-filters", "--stdin-paths", data=data)
        prefix = self._repository[1]
        for (name, text), blob in zip(written.items(), blobs.split(), strict=True):
            self._texts[blob] = text
            yield f"100644 {blob}\t{prefix}{name}"
        for name in texts.keys() - written.keys():
            # Git deletes an entry with the mode 0; the hash must only be as long as any.
            yield f"0 {'0' * len(parent or '')}\t{prefix}{name}"


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
