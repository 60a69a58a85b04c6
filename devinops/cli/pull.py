"""`devinops pull`."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from devinops import atomic
from devinops.api import open_reader
from devinops.cli import candidates
from devinops.cli.init import Repository, SetUp, set_up
from devinops.cli.inventory.answers import parse_key
from devinops.cli.options import Options, common
from devinops.cli.session import Session, failures_written, open_session
from devinops.config import Project, read_repository, resolve
from devinops.ingest.drift import Files, MissingCommit, pull_drift
from devinops.ingest.result import FileChange, LeftToYou, NotRead, Pulled
from devinops.ingest.unmanaged import Pulling, pull_unmanaged
from devinops.inventory.git import Git
from devinops.kinds import KINDS
from devinops.load import Loaded
from devinops.load.discover import inside
from devinops.load.globs import Ignore, read_rules
from devinops.model.client import Reader
from devinops.model.errors import (
    ApiError,
    ConfigError,
    ExitCode,
    InputError,
    NotFound,
    NotWritten,
    UsageError,
)
from devinops.model.keys import Key
from devinops.model.objects import Severity, Snapshot
from devinops.model.target import Target
from devinops.planning.selection import Only
from devinops.render import counted
from devinops.render.answers import SimpleAnswer

if TYPE_CHECKING:
    from devinops.schema.pull import PullDocument

MAX_ROWS = 20


@click.command()
@click.argument("keys", nargs=-1, metavar="[KEY]...", shell_complete=candidates.keys)
@click.option("--unmanaged", is_flag=True, help="Write new files for what no entry declares.")
@click.option(
    "--drift",
    is_flag=True,
    help="Write what changed outside devinops into its file; may delete files.",
)
@click.option(
    "--check",
    is_flag=True,
    help="Write nothing; exit 2 if files would change, 4 if something is left to you.",
)
@common(api=True, only=True, lock=True)
def command(
    options: Options, keys: tuple[str, ...], unmanaged: bool, drift: bool, check: bool
) -> ExitCode:
    """Write live objects into files. Nothing is written to the organization.

    Without an option, each live object that no entry declares gets a new file; a directory without
    devinops.yaml is set up first, as by devinops init. With --drift only what changed outside
    devinops is written, each value into the file and field that has it; the file of an object that
    was deleted is deleted, if Git has it. A KEY may be both.

    \b
      devinops pull
      devinops pull --drift
      devinops pull --drift --unmanaged --check
      devinops pull 'knowledge:Backend/Error envelope'
    """
    with failures_written(options):
        request = _Request.parse(options, keys, check, unmanaged=unmanaged, drift=drift)
        project, loaded = _read(options.root)
        settings = resolve(project, options.flags, os.environ)
        is_new = project.document is None and not loaded.files
        with open_session(options, open_reader, settings=settings) as session:
            run = _pull(request, session, project, loaded)
        if is_new:
            git = Repository.of(options.root)
            run = replace(run, setup=set_up(options.root, git, with_sample=False, check=check))
        if not check:
            _write(options.root, run.pulled.files)
    lines = list(_lines(run, options))
    options.answer(SimpleAnswer(lines, lambda: _document(run)))
    return run.exit_code


@dataclass(frozen=True)
class _Request:
    """What the command line asks for."""

    only: tuple[Only, ...]
    keys: frozenset[Key]
    check: bool
    unmanaged: bool
    drift: bool

    @classmethod
    def parse(
        cls, options: Options, keys: Iterable[str], check: bool, *, unmanaged: bool, drift: bool
    ) -> _Request:
        """Without --unmanaged and --drift it is the former, with a KEY also the latter."""
        only, named = tuple(map(Only.parse, options.only)), frozenset(map(parse_key, keys))
        neither = not (unmanaged or drift)
        return cls(only, named, check, unmanaged or neither, drift or (neither and bool(named)))

    def selects(self, key: Key) -> bool:
        """Tell whether a key was asked for; without KEY and --only every key is."""
        by_only = any(only.selects(key) for only in self.only)
        return key in self.keys or by_only or not (self.keys or self.only)

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds that were asked for; empty for all."""
        return frozenset({key.kind for key in self.keys} | {only.kind for only in self.only})


@dataclass(frozen=True)
class _Run:
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


# --- reading ------------------------------------------------------------------------------------


def _read(root: Path) -> tuple[Project, Loaded]:
    """Return the project and its entries; there may be none. Raises InputError."""
    project, loaded = read_repository(root)
    problems = tuple(problem for problem in loaded.problems if problem.code != "no-entries")
    if any(problem.severity is Severity.ERROR for problem in problems):
        raise InputError(problems)
    return project, loaded


def _pull(request: _Request, session: Session[Reader], project: Project, loaded: Loaded) -> _Run:
    settings = session.settings
    if request.drift and not request.keys and settings.inventory.store == "none":
        raise ConfigError(
            f"the target {settings.target.name} has no inventory, so nothing tells which side "
            "changed: set inventory: {store: branch} (or file) for it in devinops.yaml, or name "
            "the KEY whose live values to write"
        )
    inventory = session.read_inventory()
    snapshot, read, not_read = _readable(session, request.kinds)
    target = session.client.target
    pulling = Pulling(
        declarations=loaded.declarations,
        snapshot=snapshot,
        inventory=inventory,
        target=target,
        policy=settings.policy,
        today=datetime.now(UTC).date(),
        taken=frozenset(_files(settings.root)),
        ignored=_ignored(project),
        selects=request.selects,
        named=request.keys,
        targets=tuple(project.targets),
    )
    _check_keys(request, pulling)
    pulled = pull_unmanaged(pulling) if request.unmanaged else Pulled()
    if request.drift:
        files = _on_disk(settings.root)
        drift = pull_drift(pulling, files, read)
        pulled += replace(drift, files=tuple(_formatted(drift.files, files, loaded.files)))
    return _Run(pulled, target, request.check, tuple(not_read))


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


def _kinds(session: Session[Reader], asked: Collection[str]) -> set[str]:
    """Return the kinds that were asked for; by default those that the target and its keys have."""
    target, key = session.client.target, session.settings.enterprise_key
    return {
        kind.noun
        for kind in KINDS.values()
        if kind.is_in(target.api, target.scope)
        and (
            kind.noun in asked if asked else key or not kind.apis[target.api].is_about_organization
        )
    }


def _on_disk(root: Path) -> Files:
    """Return how the files of a root are read, now and at a commit."""
    git = Git(root)

    def read(path: str) -> str:
        try:
            return (root / path).read_bytes().decode()
        except (OSError, UnicodeDecodeError) as error:
            raise NotFound(f"cannot read {root / path}: {error}") from error

    def at_commit(commit: str, path: str) -> str | None:
        if git.line("cat-file", "-e", f"{commit}^{{commit}}") is None:
            raise MissingCommit(commit)
        result = git.attempt("show", f"{commit}:./{path}")
        if result is None or result.code:
            return None
        return result.out.decode("utf-8", "replace")

    def committed(path: str) -> bool:
        here = git.line("hash-object", "--", path)
        return here is not None and here == git.line("rev-parse", "--verify", f"HEAD:./{path}")

    return Files(read, at_commit, committed)


def _check_keys(request: _Request, pulling: Pulling) -> None:
    """Raise UsageError for a KEY or --only that nothing live and no entry has."""
    known = {*pulling.snapshot.by_key, *(entry.key for entry in pulling.concerned)}
    for key in sorted(request.keys - known):
        raise UsageError(f"nothing has the key {key}: expected one of an entry or a live object")
    for only in request.only:
        if only.glob != "*" and not any(map(only.selects, known)):
            raise UsageError(f'--only "{only}" matches nothing that is declared or live')


def _readable(
    session: Session[Reader], kinds: frozenset[str]
) -> tuple[Snapshot, set[str], list[NotRead]]:
    """Return the snapshot, the kinds that are in it, and those that the key may not read."""
    wanted = _kinds(session, kinds)
    try:
        return session.snapshot(wanted), wanted, []
    except ApiError as error:
        if error.status != 403:
            raise
    readable, not_read = set(), []
    for noun in sorted(wanted):
        try:
            session.client.snapshot({noun}, sure=False)
            readable.add(noun)
        except ApiError as error:
            if error.status != 403:
                raise
            not_read.append(NotRead(noun, str(error)))
    return (session.snapshot(readable) if readable else Snapshot(())), readable, not_read


def _files(root: Path) -> Iterator[str]:
    """Yield the path of each file that is in the way of a new one."""
    yield from (path.name for path in root.iterdir() if not path.is_dir())
    for directory in sorted(KINDS.directories):
        for above, _, names in os.walk(root / directory):
            relative = Path(above).relative_to(root).as_posix()
            yield from (f"{relative}/{name}" for name in names)


def _ignored(project: Project) -> Callable[[str], bool]:
    rules, _ = read_rules(project.ignore)
    return Ignore(rules.values())


# --- writing ------------------------------------------------------------------------------------


def _write(root: Path, files: Iterable[FileChange]) -> None:
    """Write the files. A new one never replaces a file. Raises NotWritten."""
    top = os.path.realpath(root)
    for file in files:
        path = root / file.path
        try:
            if file.is_new:
                _write_new(path, file.text or "", top)
            elif file.text is None:
                path.unlink()
            else:
                atomic.replace(path, [file.text])
        except OSError as error:
            raise NotWritten(
                f"cannot write {path}: {atomic.reason(error)}; run devinops pull again to write "
                "the rest"
            ) from error


def _write_new(path: Path, text: str, top: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not inside(os.path.realpath(path.parent), top):
        raise NotADirectoryError(20, "a symbolic link above it leads outside the root")
    if os.path.lexists(path):
        raise FileExistsError(17, "another program has created it")
    # A run that is killed must not leave half a text, which a later apply would send.
    atomic.replace(path, [text])


# --- answering ----------------------------------------------------------------------------------


def _lines(run: _Run, options: Options) -> Iterator[str]:
    setup = run.setup
    if setup:
        yield from setup.rows
    yield from _file_rows(run.pulled.files, run.check, full=options.verbose)
    yield from (f"! {item.kind} was not read: {item.reason}" for item in run.not_read)
    yield from map(_left_row, run.pulled.left)
    if setup and setup.snippets:
        for name, text in setup.snippets:
            yield from ("", f"To add by hand to {name}:", "", *text.splitlines())
    yield _counts(run)
    if setup and not run.check:
        git = Repository.of(options.root)
        yield from _next_steps(options.root, git)
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


def _counts(run: _Run) -> str:
    written = [file for file in run.pulled.files if file.text is not None]
    deleted = len(run.pulled.files) - len(written)
    entries = sum(len(file.keys) for file in written)
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


def _next_steps(root: Path, git: Repository) -> Iterator[str]:
    """Yield the three commands that follow the first pull."""
    here = Path(os.path.realpath(Path.cwd()))
    real = Path(os.path.realpath(root))
    option = "" if real == here else f" -C {shlex.quote(os.path.relpath(real, here))}"
    start = "" if git.top else f"git{option} init && "
    yield ""
    yield "Next:"
    yield f"  {start}git{option} add . && git{option} commit -m 'Pull the organization'"
    yield f"  devinops plan{option}"
    yield f"  devinops apply{option}"


def _document(run: _Run) -> PullDocument:
    from devinops.schema.base_document import HEAD
    from devinops.schema.pull import NotPulledItem, NotReadItem, PullDocument, PulledFile

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
