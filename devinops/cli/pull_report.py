"""What a pull did, for people and for programs."""

from __future__ import annotations

import os
import shlex
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from devinops.cli.declarations.options import Options
from devinops.cli.handlers.init import SetUp
from devinops.cli.setup.repository import Repository
from devinops.git import Git
from devinops.ingest.pull_result import NotRead, Pulled
from devinops.kinds import KINDS
from devinops.load.merge_records import DIRECTORY as MERGED
from devinops.model.errors import DevinopsError
from devinops.model.exit_codes import ExitCode, of_many
from devinops.model.grouping import grouped
from devinops.model.kind import Scope
from devinops.model.target import Target
from devinops.planning.out_of_sight import doubt
from devinops.render import counted
from devinops.render.where import names as some
from devinops.writers import FileChange

if TYPE_CHECKING:
    from devinops.schema.command_outputs import PullDocument

MAX_ROWS = 20


@dataclass(frozen=True)
class PulledTarget:
    """A target, what could not be read of it, and notes. Without `target`, `failure` says why."""

    name: str
    target: Target | None = None
    not_read: tuple[NotRead, ...] = ()
    failure: DevinopsError | None = None
    notes: tuple[str, ...] = ()

    def renamed(self, name: str) -> PulledTarget:
        """Return this with another name."""
        return replace(self, name=name, target=self.target and replace(self.target, name=name))

    def lacks(self, kind: str) -> bool:
        """Return whether the objects of a kind could not be read."""
        return bool(self.failure) or any(item.kind == kind for item in self.not_read)


@dataclass(frozen=True)
class PullRun:
    """What a pull did, or would do, in one target or in many."""

    pulled: Pulled
    check: bool
    targets: tuple[PulledTarget, ...]
    setup: SetUp | None = None

    @property
    def is_many(self) -> bool:
        return len(self.targets) > 1

    @property
    def not_read(self) -> dict[NotRead, list[str]]:
        """What could not be read of which targets."""
        return grouped((item, each.name) for each in self.targets for item in each.not_read)

    @property
    def failures(self) -> dict[str, list[str]]:
        """Why which targets could not be read."""
        return grouped((str(each.failure), each.name) for each in self.targets if each.failure)

    @property
    def exit_code(self) -> ExitCode:
        """The worst code of the targets; 2 if files would change, else 0."""
        writes = bool(self.pulled.files or (self.setup and self.setup.written))
        look = [ExitCode.LOOK] if self.check and writes else []
        left = [ExitCode.DECIDE] if self.pulled.left else []
        codes = [*look, *left, *(self.code_of(target) for target in self.targets)]
        return of_many(codes, wrote=writes and not self.check)

    def code_of(self, target: PulledTarget) -> ExitCode:
        """Return the exit code of a target: 4 if anything was left to the user there."""
        if target.failure:
            return target.failure.exit_code
        left = any(item.target in (target.name, "") for item in self.pulled.left)
        return ExitCode.DECIDE if left or target.not_read else ExitCode.OK

    @property
    def subject(self) -> str:
        """The target, or how many there are."""
        (first, *others), known = self.targets, [each.target for each in self.targets]
        if first.target and not others:
            return first.target.full_name
        in_enterprise = any(target.enterprise for target in known if target)
        return counted(len(self.targets), "target" if in_enterprise else "organization")


def lines(run: PullRun, options: Options) -> Iterator[str]:
    """Yield what people read."""
    setup = run.setup
    if setup:
        yield from setup.rows
    yield from _file_rows(run, full=options.verbose)
    for error, names in run.failures.items():
        yield f"! could not read {some(names)}: {error}"
    for item, names in run.not_read.items():
        yield f"! {item.kind} was not read{_where(run, names)}: {item.reason}"
    yield from _left_rows(run)
    for target in run.targets:
        yield from (f"{target.name}: {note}" if run.is_many else note for note in target.notes)
    if setup:
        for where, text in setup.snippets:
            yield from ("", f"Add by hand to {where}:", "", *text.splitlines())
    yield _counts(run)
    if setup and not run.check:
        git = setup.git
        yield ""
        # Without an entry, a plan only says that there is none.
        if run.pulled.files:
            yield from _next_steps(options, git, setup)
        yield setup.reminder
        if not git.remote:
            yield IN_A_FILE


IN_A_FILE = (
    "The inventory will be in .devinops/, because the repository has no remote: commit that "
    "directory if anybody else applies these files. Once there is a remote, set inventory: {store: "
    "branch} in devinops.yaml and run devinops inventory migrate."
)
"""What a first pull says in a repository without a remote."""


def _file_rows(run: PullRun, *, full: bool) -> Iterator[str]:
    files = run.pulled.files
    scopes = {target.target.scope for target in run.targets if target.target}
    shown = files if full or len(files) <= MAX_ROWS else files[: MAX_ROWS - 1]
    for file in shown:
        yield f"{_verb(file, run.check)} {file.path}{_what(file, scopes)}"
    if len(shown) < len(files):
        yield f"… and {len(files) - len(shown)} more files; -v lists all"


def _verb(file: FileChange, check: bool) -> str:
    verb = "delete" if file.text is None else "write" if file.is_new else "change"
    past = {"delete": "deleted", "write": "wrote", "change": "changed"}
    return f"would {verb}" if check else past[verb]


def _what(file: FileChange, scopes: Collection[Scope]) -> str:
    if file.text is None:
        may = {doubt(KINDS[key.kind], scope) for key in file.keys for scope in scopes}
        return "".join(f": {clause}" for clause in sorted(may) if clause)
    if file.fields:
        return f": {', '.join(file.fields)}"
    return f" ({counted(len(file.keys), 'entry', 'entries')})" if len(file.keys) > 1 else ""


def _left_rows(run: PullRun) -> Iterator[str]:
    """Yield what is left; what is the same in several targets is one row."""
    # Each target has its own name in commands.
    same = grouped(
        ((item.key, item.why, item.reason.replace(f" -t {item.target}", " -t ")), item)
        for item in run.pulled.left
    )
    for (key, why, _), items in same.items():
        names = [item.target for item in items if item.target]
        ids = f" ({', '.join(items[0].ids)})" if items[0].ids and len(items) == 1 else ""
        yield f"! {key}{ids} {why}{_where(run, names)}: {items[0].reason}"


def _where(run: PullRun, targets: Sequence[str]) -> str:
    """Return in which of many targets something is; empty if there is only one, or none."""
    return f" in {some(targets)}" if run.is_many and targets else ""


def _counts(run: PullRun) -> str:
    written = [file for file in run.pulled.files if file.text is not None]
    deleted = len(run.pulled.files) - len(written)
    entries = {
        # Fields change in an entry that is counted once, however many files have them.
        (key, *(() if file.fields or file.path.startswith(f"{MERGED}/") else (file.path, number)))
        for file in written
        for number, key in enumerate(file.keys)
    }
    parts = []
    if written:
        verb, subject = "would write" if run.check else "wrote", counted(len(written), "file")
        parts.append(f"{verb} {subject} with {counted(len(entries), 'entry', 'entries')}")
    if deleted:
        verb = "would delete" if run.check else "deleted"
        parts.append(f"{verb} {counted(deleted, 'file')}")
    what = ", ".join(parts) or "nothing to write"
    left, not_read = len(run.pulled.left), len({item.kind for item in run.not_read})
    rest = f"; {left} left to you" if left else ""
    rest += f"; {counted(not_read, 'kind')} not read" if not_read else ""
    failed = sum(map(len, run.failures.values()))
    rest += f"; {counted(failed, 'target')} not read" if failed else ""
    return f"{what}{rest} · {run.subject}"


def _next_steps(options: Options, git: Repository, setup: SetUp) -> Iterator[str]:
    """Yield the commands that follow the first pull."""
    paths = [file.path for file in setup.files if file.is_written]
    above = [f" {path}" for path in paths if path.startswith("../")]
    root = os.path.relpath(os.path.realpath(options.root), os.path.realpath(Path.cwd()))
    option = "" if root == "." else f" -C {shlex.quote(root)}"
    start = "" if git.top else f"git{option} init && "
    yield "Next:"
    add = f"git{option} add .{''.join(above)}"
    yield f"  {start}{add} && git{option} commit -m 'Pull the organization'"
    if git.remote and _is_empty_remote(Git(options.root)):
        yield f"  git{option} push -u origin HEAD"
    yield f"  devinops plan{options.command_flags}"
    yield f"  devinops apply{options.command_flags}"


def _is_empty_remote(git: Git) -> bool:
    """Return whether origin has no branch: it cannot have one for the inventory then."""
    known = git.line("for-each-ref", "refs/remotes/origin")
    return not known and git.line("ls-remote", "--heads", "origin") == ""


def document(run: PullRun) -> PullDocument:
    """Return what programs read."""
    from devinops.schema.base_document import HEAD
    from devinops.schema.command_outputs import (
        NotPulledItem,
        NotReadItem,
        PullDocument,
        PulledFile,
        PulledTargetItem,
    )

    return PullDocument(
        **HEAD,
        check=run.check,
        exit_code=run.exit_code,
        set_up=run.setup.written if run.setup else (),
        files=tuple(
            PulledFile(
                file.path,
                "new" if file.is_new else "changed" if file.text is not None else "deleted",
                tuple(map(str, file.keys)),
                file.fields,
            )
            for file in run.pulled.files
        ),
        left=tuple(
            NotPulledItem(
                str(item.key),
                item.key.kind,
                str(item.why),
                item.ids,
                item.reason,
                item.target or None,
            )
            for item in run.pulled.left
        ),
        targets=tuple(
            PulledTargetItem(
                each.name,
                each.target.org_id if each.target else None,
                run.code_of(each),
                str(each.failure) if each.failure else None,
                tuple(NotReadItem(item.kind, item.reason) for item in each.not_read),
            )
            for each in run.targets
        ),
    )
