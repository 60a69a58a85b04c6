"""What `devinops pull` does."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache, cached_property, partial
from glob import escape
from pathlib import Path

from devinops.api import open_reader
from devinops.api.parallel import PagedReading, overlapping
from devinops.cli import write_files
from devinops.cli.declarations.options import Options
from devinops.cli.handlers.init import set_up
from devinops.cli.pull_report import PulledTarget, PullRun, document, lines
from devinops.cli.readable_kinds import ReadableKinds, existing, reachable, readable, verified
from devinops.cli.runs.run import Run, open_run
from devinops.cli.session import Session, failures_written, needs_inventory, targets_of_run
from devinops.cli.setup.ci_files import NEW_TARGET
from devinops.cli.setup.repository import Repository
from devinops.config.project import DEFAULT_TARGET, Project
from devinops.git import Git
from devinops.ingest.drift import Files, Reading, pull_drift
from devinops.ingest.places import Places, Unread
from devinops.ingest.pull_result import Pulled
from devinops.ingest.pulling import Declared, Pulling
from devinops.ingest.unmanaged import look_ahead, pull_unmanaged
from devinops.kinds import KINDS, parse_key
from devinops.load import Loaded
from devinops.model.client_protocols import Reader
from devinops.model.errors import DevinopsError, UsageError
from devinops.model.exit_codes import ExitCode
from devinops.model.keys import Key
from devinops.model.objects import Live, Snapshot
from devinops.planning.plan import foreign_notes, unknown_notes
from devinops.planning.selection import Filter, Selection
from devinops.render.answers import SimpleAnswer
from devinops.writers import FileChange


def run(
    options: Options, keys: tuple[str, ...], unmanaged: bool, drift: bool, check: bool
) -> ExitCode:
    """Carry out the command, as its help says; return the exit code."""
    with failures_written(options):
        request = _PullRequest.parse(options, keys, check, unmanaged=unmanaged, drift=drift)
        raws: write_files.Raws = {}
        project, loaded = write_files.read(options.root, raws, creates_layers=True)
        is_new = project.document is None and not loaded.files
        if is_new and options.flags.target in (NEW_TARGET, DEFAULT_TARGET):
            # The new file will have one target, which needs no --target and replaces the default.
            options = replace(options, flags=replace(options.flags, target=None))
        names = targets_of_run(options)
        files = _files(options.root, raws)
        with write_files.Writing(options.root, raws, loaded.declarations) as writing:
            pull = _Pull(request, options, project, loaded, files, writing)
            run = pull.run(names)
            if is_new:
                git = Repository.of(options.root)
                setup = set_up(options.root, git, with_sample=False, check=check)
                run = replace(run, setup=setup, targets=(run.targets[0].renamed(NEW_TARGET),))
            writing.finish(files.committed)
        run = replace(run, pulled=run.pulled.without(writing.unwritten))
    answer = SimpleAnswer(list(lines(run, options)), lambda: document(run), exit_code=run.exit_code)
    return options.answer(answer)


@dataclass(frozen=True)
class _PullRequest:
    """What the command line asks for."""

    selection: Selection
    keys: frozenset[Key]
    check: bool
    unmanaged: bool
    drift: bool

    @classmethod
    def parse(
        cls, options: Options, keys: Iterable[str], check: bool, *, unmanaged: bool, drift: bool
    ) -> _PullRequest:
        """Return the request; the default is unmanaged, and with a KEY also drift.

        A kind in place of a KEY is as after --only.
        """
        kinds = {key for key in keys if key in KINDS.many}
        given = Selection.parse((*options.only, *kinds), options.exclude)
        named = frozenset(parse_key(key) for key in keys if key not in kinds)
        own = (Filter(key.kind, escape(key.path)) for key in sorted(named))
        selection = given._replace(only=(*given.only, *own))
        neither = not (unmanaged or drift)
        more = unmanaged or neither, drift or (neither and bool(named))
        return cls(selection, named, check, *more)


# --- pulling ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Pull:
    """Pulls from one target, or from many."""

    request: _PullRequest
    options: Options
    project: Project
    loaded: Loaded
    files: Files
    writing: write_files.Writing

    @cached_property
    def declared(self) -> Declared:
        return Declared(self.loaded.declarations, tuple(self.project.targets))

    @cached_property
    def places(self) -> Places:
        root, targets = self.options.root, self.project.targets
        organizations = (name for name, own in targets.items() if not own.get("enterprise"))
        return Places(
            taken=cache(lambda directory: write_files.taken(root / directory)),
            ignored=write_files.ignored(self.project),
            text_of=write_files.text_of(root, self.writing.raws),
            are_many=len(targets) > 1,
            organizations=frozenset(organizations),
            layers=self.project.layers.exact,
        )

    def run(self, names: tuple[str, ...] | None) -> PullRun:
        """Pull from the targets with these names, or from an only one."""
        connect = partial(open_reader, reads_again=names is None)
        with open_run(self.options, names, connect, entries=False) as opened:
            if opened.only_session:
                return self.one(opened.only_session)
            return self.many(opened)

    def one(self, session: Session[Reader]) -> PullRun:
        """Pull from one target; what its lists need is prepared while they are read again."""
        pulling = self._pulling(session)
        ahead = partial(look_ahead, pulling=pulling) if self.request.unmanaged else None
        first = self._read(session, pulling, ahead)

        def prepare(snapshot: Snapshot) -> Pulled:
            return self._prepare([self._reading(session, pulling, snapshot, first.kinds)])

        pulled = verified(session, first.snapshot, prepare)
        return PullRun(pulled, self.request.check, (self._target(pulling, first),))

    def many(self, opened: Run[Reader]) -> PullRun:
        """Pull from many targets, which are read side by side; one that fails stops no other."""
        readings: dict[str, Reading] = {}
        found: dict[str, PulledTarget] = {}

        def read(name: str) -> None:
            session = opened.session(name)
            pulling = self._pulling(session)
            result = self._read(session, pulling, None, verify=True)
            readings[name] = self._reading(session, pulling, result.snapshot, result.kinds)
            found[name] = self._target(pulling, result)

        def failed(name: str, error: DevinopsError) -> None:
            found[name] = PulledTarget(name, failure=error)

        opened.each("reading", {name: partial(read, name) for name in opened.names}, failed)
        targets = tuple(found[name] for name in opened.names)

        @cache
        def unread(kind: str) -> list[str]:
            return [target.name for target in targets if target.lacks(kind)]

        pulled = self._prepare([readings[n] for n in opened.names if n in readings], unread)
        return PullRun(pulled, self.request.check, targets)

    def _pulling(self, session: Session[Reader]) -> Pulling:
        """Return what is known of a target before it is read. Raises ConfigError, ApiError."""
        settings, request = session.settings, self.request
        if request.drift and not request.keys:
            needs_inventory(settings, "name the KEY of what to write")
        inventory = session.read_inventory()
        if request.drift:
            session.check_place(inventory)
        return Pulling(
            declared=self.declared,
            places=self.places,
            snapshot=Snapshot(()),
            inventory=inventory,
            target=session.client.target,
            policy=settings.policy,
            today=datetime.now(UTC).date(),
            selects=request.selection.selects,
            named=request.keys,
            flags=session.options.command_flags,
            merged=self.loaded.merged_for(session.client.target.name),
        )

    def _read(
        self,
        session: Session[Reader],
        pulling: Pulling,
        ahead: Callable[[Live], None] | None,
        *,
        verify: bool = False,
    ) -> ReadableKinds:
        """List what the pull needs of a target, or what can be listed of it. Raises ApiError.

        `ahead`, if any, gets the objects of each page while the next one is on its way. For
        `verify` see `Reader`.
        """
        # Only what is declared or owned can drift, so the key needs no permission for other kinds.
        needed = {entry.key.kind for entry in pulling.concerned}
        needed |= {record.key.kind for record in pulling.inventory.records if not record.taken}
        selection = self.request.selection
        wanted = selection.kinds if selection.only else () if self.request.unmanaged else needed
        kinds = existing(session, wanted) if wanted else reachable(session)
        kinds &= selection.kinds
        if ahead is None:
            return readable(session, kinds, needed, verify=verify)
        with overlapping():
            reading = PagedReading(lambda pages: readable(session, kinds, needed, pages))
            reading.decode(ahead)
            return reading.result()

    def _reading(
        self, session: Session[Reader], pulling: Pulling, listed: Snapshot, kinds: frozenset[str]
    ) -> Reading:
        """Return a reading of a target, with what may have been promoted if that matters."""
        if self.request.drift:
            listed = session.with_promoted(listed, pulling.inventory, kinds)
        inventory = pulling.inventory.without_returned(listed)
        return Reading(replace(pulling, snapshot=listed, inventory=inventory), kinds)

    def _target(self, pulling: Pulling, result: ReadableKinds) -> PulledTarget:
        """Return what the report says of a target, with what `unmanaged` leaves to other owners."""
        objects = result.snapshot.objects if self.request.unmanaged else ()
        selects = self.request.selection.selects
        notes = tuple(
            f"{note}; if this repository is that owner, set owner for the target in devinops.yaml, "
            "and pull again"
            for note in foreign_notes(live for live in objects if selects(live.key))
        )
        selected = (o for o in result.snapshot.objects if selects(o.key))
        lacks = "an object that is created from its entry lacks them"
        notes += tuple(unknown_notes(selected, lacks))
        return PulledTarget(pulling.target.name, pulling.target, result.not_read, notes=notes)

    def _prepare(self, readings: Sequence[Reading], unread: Unread = lambda _: ()) -> Pulled:
        """Return what is pulled from all targets together, and prepare writing it."""
        pullings = [reading.pulling for reading in readings]
        _check_keys(self.request, pullings)
        request, pulled = self.request, Pulled()
        if request.unmanaged:
            pulled = pull_unmanaged(pullings, unread)
        if request.drift:
            drift = pull_drift(readings, self.files, unread)
            formatted = _formatted(drift.files, self.files, self.loaded.files)
            pulled += replace(drift, files=tuple(formatted))
        if not request.check:
            self.writing.prepare(pulled.files)
        return pulled


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


def _check_keys(request: _PullRequest, pullings: Iterable[Pulling]) -> None:
    """Raise UsageError for a KEY or filter that nothing live and no entry has in any target."""
    known: set[Key] = set()
    for pulling in pullings:
        known.update(pulling.snapshot.by_key, (entry.key for entry in pulling.concerned))
    for key in sorted(request.keys - known):
        raise UsageError(
            f"nothing has the key {key}: expected the key of an entry or of a live object"
        )
    request.selection.check(known)
