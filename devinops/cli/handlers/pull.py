"""What `devinops pull` does."""

from __future__ import annotations

import os
import shlex
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from devinops.api import open_reader
from devinops.cli import write_files
from devinops.cli.handlers.init import NEW_TARGET, Repository, SetUp, set_up
from devinops.cli.options import Options
from devinops.cli.readable_kinds import first_reading, verified
from devinops.cli.session import Session, failures_written, open_session
from devinops.config.project import DEFAULT_TARGET, Project
from devinops.config.settings import resolve
from devinops.git import Git
from devinops.ingest.drift import Files, pull_drift
from devinops.ingest.pull_result import LeftToYou, NotRead, Pulled
from devinops.ingest.unmanaged import Pulling, look_ahead, pull_unmanaged
from devinops.kinds import parse_key
from devinops.load import Loaded
from devinops.model.client_protocols import Reader
from devinops.model.errors import ConfigError, UsageError
from devinops.model.exit_codes import ExitCode
from devinops.model.keys import Key
from devinops.model.objects import Snapshot
from devinops.model.target import Target
from devinops.planning.selection import Only
from devinops.render import counted
from devinops.render.answers import SimpleAnswer
from devinops.writers import FileChange

if TYPE_CHECKING:
    from devinops.schema.command_outputs import PullDocument

MAX_ROWS = 20


def run(
    options: Options, keys: tuple[str, ...], unmanaged: bool, drift: bool, check: bool
) -> ExitCode:
    """Carry out the command, as its help says; return the exit code."""
    with failures_written(options):
        request = _PullRequest.parse(options, keys, check, unmanaged=unmanaged, drift=drift)
        raws: write_files.Raws = {}
        project, loaded = write_files.read(options.root, raws)
        is_new = project.document is None and not loaded.files
        if is_new and options.flags.target in (NEW_TARGET, DEFAULT_TARGET):
            # The new file will have one target, which needs no --target and replaces the default.
            options = replace(options, flags=replace(options.flags, target=None))
        settings = resolve(project, options.flags, os.environ)
        files = _files(options.root, raws)
        with write_files.Writing(options.root, raws, loaded.declarations) as writing:
            connect = partial(open_reader, reads_again=True)
            with open_session(options, connect, settings=settings) as session:
                run = _pull(request, session, project, loaded, files, writing)
            if is_new:
                git = Repository.of(options.root)
                setup = set_up(options.root, git, with_sample=False, check=check)
                run = replace(run, setup=setup, target=replace(run.target, name=NEW_TARGET))
            writing.finish(files.committed)
        run = replace(run, pulled=run.pulled.without(writing.unwritten))
    lines = list(_lines(run, options))
    options.answer(SimpleAnswer(lines, lambda: _document(run), exit_code=run.exit_code))
    return run.exit_code


@dataclass(frozen=True)
class _PullRequest:
    """What the command line asks for."""

    only: tuple[Only, ...]
    keys: frozenset[Key]
    check: bool
    unmanaged: bool
    drift: bool

    @classmethod
    def parse(
        cls, options: Options, keys: Iterable[str], check: bool, *, unmanaged: bool, drift: bool
    ) -> _PullRequest:
        """Return the request; the default is unmanaged, and with a KEY also drift."""
        only, named = tuple(map(Only.parse, options.only)), frozenset(map(parse_key, keys))
        neither = not (unmanaged or drift)
        return cls(only, named, check, unmanaged or neither, drift or (neither and bool(named)))

    def selects(self, key: Key) -> bool:
        """Return whether a key was asked for; without KEY and --only every key is."""
        by_only = any(only.selects(key) for only in self.only)
        return key in self.keys or by_only or not (self.keys or self.only)

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds that were asked for; empty for all."""
        return frozenset({key.kind for key in self.keys} | {only.kind for only in self.only})


@dataclass(frozen=True)
class _PullRun:
    """What a pull did, or would do."""

    pulled: Pulled
    target: Target
    check: bool
    not_read: tuple[NotRead, ...] = ()
    setup: SetUp | None = None

    @property
    def exit_code(self) -> ExitCode:
        """4 if anything was left to the user, 2 if files would change, else 0."""
        if self.pulled.left or self.not_read:
            return ExitCode.DECIDE
        writes = self.pulled.files or (self.setup and self.setup.written)
        return ExitCode.LOOK if self.check and writes else ExitCode.OK


# --- pulling ------------------------------------------------------------------------------------


def _pull(
    request: _PullRequest,
    session: Session[Reader],
    project: Project,
    loaded: Loaded,
    files: Files,
    writing: write_files.Writing,
) -> _PullRun:
    """Return what is pulled, and prepare writing it."""
    settings = session.settings
    if request.drift and not request.keys and settings.inventory.store == "none":
        raise ConfigError(
            f"the target {settings.target.name} has no inventory, so devinops cannot tell which "
            "side changed: set inventory: {store: branch} (or file) for it in devinops.yaml, or "
            "name the KEY whose live values to write"
        )
    pulling = Pulling(
        declarations=loaded.declarations,
        snapshot=Snapshot(()),
        inventory=session.read_inventory(),
        target=session.client.target,
        policy=settings.policy,
        today=datetime.now(UTC).date(),
        taken=write_files.taken(settings.root),
        ignored=write_files.ignored(project),
        selects=request.selects,
        named=request.keys,
        targets=tuple(project.targets),
        flags=session.options.command_flags,
        text_of=write_files.text_of(settings.root, writing.raws),
        merged=loaded.merged_for(session.client.target.name),
    )
    ahead = partial(look_ahead, pulling=pulling) if request.unmanaged else None
    # Only what is declared or owned can drift, so the key needs no permission for other kinds.
    needed = {entry.key.kind for entry in pulling.concerned}
    needed |= {record.key.kind for record in pulling.inventory.records}
    kinds = request.kinds or (set() if request.unmanaged else needed)
    first = first_reading(session, kinds, needed, ahead)

    def prepare(snapshot: Snapshot) -> Pulled:
        now = replace(pulling, snapshot=snapshot)
        _check_keys(request, now)
        pulled = pull_unmanaged(now) if request.unmanaged else Pulled()
        if request.drift:
            drift = pull_drift(now, files, first.kinds)
            formatted = _formatted(drift.files, files, loaded.files)
            pulled += replace(drift, files=tuple(formatted))
        if not request.check:
            writing.prepare(pulled.files)
        return pulled

    pulled = verified(session, first.snapshot, prepare)
    return _PullRun(pulled, pulling.target, request.check, first.not_read)


def _formatted(
    changes: Iterable[FileChange], files: Files, entries: Collection[str]
) -> Iterator[FileChange]:
    """Yield the changes; a file with entries that was in the canonical form stays in it."""
    from devinops.fmt.file_text import formatted, is_formatted

    for change in changes:
        text, path = change.text, change.path
        is_edited = not change.is_new and path in entries
        if text and is_edited and is_formatted(path, files.read(path)):
            text = formatted(path, text).text or text
        yield replace(change, text=text)


def _files(root: Path, raws: write_files.Raws) -> Files:
    """Return the files of a root, as they were read and at a commit."""
    git = Git(root)

    def committed(path: str) -> bool:
        here = git.line("hash-object", "--", path)
        return here is not None and here == git.line("rev-parse", "--verify", f"HEAD:./{path}")

    return Files(raws.__getitem__, raws.get, git.contents, committed)


def _check_keys(request: _PullRequest, pulling: Pulling) -> None:
    """Raise UsageError for a KEY or --only that nothing live and no entry has."""
    known = {*pulling.snapshot.by_key, *(entry.key for entry in pulling.concerned)}
    for key in sorted(request.keys - known):
        raise UsageError(
            f"nothing has the key {key}: expected the key of an entry or of a live object"
        )
    for only in request.only:
        if only.glob != "*" and not any(map(only.selects, known)):
            raise UsageError(f'--only "{only}" matches nothing that is declared or live')


# --- answering ----------------------------------------------------------------------------------


def _lines(run: _PullRun, options: Options) -> Iterator[str]:
    setup = run.setup
    if setup:
        yield from setup.rows
    yield from _file_rows(run.pulled.files, run.check, full=options.verbose)
    yield from (f"! {item.kind} was not read: {item.reason}" for item in run.not_read)
    yield from map(_left_row, run.pulled.left)
    if setup and setup.snippets:
        for where, text in setup.snippets:
            yield from ("", f"Add by hand to {where}:", "", *text.splitlines())
    yield _counts(run)
    if setup and not run.check:
        git = Repository.of(options.root)
        yield ""
        # Without an entry, a plan only says that there is none.
        if run.pulled.files:
            yield from _next_steps(options, git, setup)
        yield setup.reminder
        if not git.remote:
            yield _NO_INVENTORY


_NO_INVENTORY = (
    "There is no inventory yet, because the repository has no remote. Without it devinops cannot "
    "tell which side changed, and pull --drift does not work. To get one: add a remote (git remote "
    "add origin URL), set inventory: {store: branch} for the target in devinops.yaml, and apply."
)


def _file_rows(files: tuple[FileChange, ...], check: bool, *, full: bool) -> Iterator[str]:
    shown = files if full or len(files) <= MAX_ROWS else files[: MAX_ROWS - 1]
    for file in shown:
        yield f"{_verb(file, check)} {file.path}{_what(file)}"
    if len(shown) < len(files):
        yield f"… and {len(files) - len(shown)} more files; -v lists all"


def _verb(file: FileChange, check: bool) -> str:
    done, would = (
        ("deleted", "would delete")
        if file.text is None
        else ("wrote", "would write")
        if file.is_new
        else ("changed", "would change")
    )
    return would if check else done


def _what(file: FileChange) -> str:
    if file.fields:
        return f": {', '.join(file.fields)}"
    return f" ({counted(len(file.keys), 'entry', 'entries')})" if len(file.keys) > 1 else ""


def _left_row(item: LeftToYou) -> str:
    ids = f" ({', '.join(item.ids)})" if item.ids else ""
    return f"! {item.key}{ids} {item.why}: {item.reason}"


def _counts(run: _PullRun) -> str:
    written = [file for file in run.pulled.files if file.text is not None]
    deleted = len(run.pulled.files) - len(written)
    entries = len({key for file in written for key in file.keys})
    parts = []
    if written:
        verb, subject = "would write" if run.check else "wrote", counted(len(written), "file")
        parts.append(f"{verb} {subject} with {counted(entries, 'entry', 'entries')}")
    if deleted:
        verb = "would delete" if run.check else "deleted"
        parts.append(f"{verb} {counted(deleted, 'file')}")
    what = ", ".join(parts) or "nothing to write"
    left, not_read = len(run.pulled.left), len(run.not_read)
    rest = f"; {left} left to you" if left else ""
    rest += f"; {counted(not_read, 'kind')} not read" if not_read else ""
    return f"{what}{rest} · {run.target.full_name}"


def _next_steps(options: Options, git: Repository, setup: SetUp) -> Iterator[str]:
    """Yield the commands that follow the first pull."""
    ups = "../" * (git.below.count("/") + 1 if git.below else 0)
    above = [f" {ups}{name}" for name in setup.written if ups and name in setup.ci_files]
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


def _document(run: _PullRun) -> PullDocument:
    from devinops.schema.base_document import HEAD
    from devinops.schema.command_outputs import NotPulledItem, NotReadItem, PullDocument, PulledFile

    return PullDocument(
        **HEAD,
        target=run.target.name,
        org_id=run.target.org_id,
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
            NotPulledItem(str(item.key), item.key.kind, item.why, item.ids, item.reason)
            for item in run.pulled.left
        ),
        not_read=tuple(NotReadItem(item.kind, item.reason) for item in run.not_read),
    )
