"""The targets of one run, in one process: each has a session, and is planned side by side."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any, Final, Generic, NamedTuple, Protocol, TypeVar

from devinops.api import SharedHttp
from devinops.api.parallel import overlapping, side_by_side
from devinops.cli.declarations.options import Options
from devinops.cli.progress import Progress
from devinops.cli.runs.plan_entries import early_reading, plan_entries
from devinops.cli.session import Entries, Planned, Session, entries_of
from devinops.config.project import DEFAULT_TARGET, Project
from devinops.config.reading import open_project, read_entries
from devinops.config.settings import Settings, check_spelling, key_variable, resolve
from devinops.config.wrong_settings import same_owner
from devinops.inventory import Place, Store, open_stores
from devinops.inventory.job import job_of
from devinops.kinds import KINDS
from devinops.load import Loaded
from devinops.model.changes import Refusal
from devinops.model.client_protocols import Reader
from devinops.model.errors import ApiError, DevinopsError, Stale, stop_on_errors
from devinops.model.exit_codes import ExitCode
from devinops.model.keys import Key, ObjectId
from devinops.model.objects import Declaration
from devinops.model.policy import Approvals
from devinops.model.target import TargetState
from devinops.planning.digest_list import DigestList, Standing
from devinops.planning.layers import labels_of
from devinops.planning.many_targets import apart, changed_alone, plan_with_needed, too_many_targets
from devinops.planning.plan import Plan
from devinops.planning.run import Collector, Plans
from devinops.planning.selection import Selection
from devinops.planning.waves import Wave
from devinops.render import counted
from devinops.render.answers import RunAnswer

C_co = TypeVar("C_co", bound=Reader, covariant=True)

SIDE_BY_SIDE: Final = 50
"""How many targets are worked on at once: each has a request in flight, or waits until its
inventory is saved, which many do together."""


class Planner(Protocol):
    """Plans a target, from its entries or from a backup; see `plan_entries`."""

    def __call__(
        self,
        session: Session[Reader],
        approvals: Approvals,
        /,
        *,
        retry: bool = True,
        go_on: bool = False,
    ) -> Planned: ...


class Kept(NamedTuple, Generic[C_co]):
    """What an apply needs of a target that was planned: not the objects that stay as they are.

    `known` are the ids of all objects that were listed, without what entries only refer to.
    """

    session: Session[C_co]
    plan: Plan
    known: frozenset[ObjectId]


@dataclass(frozen=True)
class Run(Generic[C_co]):
    """The targets of one run. Threads may share it.

    A run for which one target was chosen has its session as `only_session`. What goes wrong in that
    target is the error of the run; in one of several, it is a part of the answer.
    """

    options: Options
    project: Project
    names: tuple[str, ...]
    connect: Callable[..., C_co]
    http: SharedHttp
    settings: Mapping[str, Settings | DevinopsError]
    """The settings of each target, or why it has none."""
    stores: Mapping[str, Store] = field(default_factory=dict)
    """Where the inventories are kept of targets whose organization the settings name."""
    selected: tuple[str, ...] = ()
    """The names of the targets of all shards together."""
    loaded: Loaded | None = None
    own: Mapping[str, Sequence[Declaration]] = field(default_factory=dict)
    """The entries of each target."""
    selection: Selection = Selection()
    only_session: Session[C_co] | None = None
    named: set[Key] = field(default_factory=set)
    """What filters can match, and of an only target what sentences can name."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def session(self, name: str = "") -> Session[C_co]:
        """Return the open session of a target, which an only one needs no name for.

        Raises DevinopsError.
        """
        if self.only_session:
            return self.only_session
        settings = self.settings[name]
        if isinstance(settings, DevinopsError):
            raise settings
        self.check_key(name)
        entries = Entries(selection=self.selection)
        if self.loaded:
            entries = entries_of(self.loaded, settings, self.own[name], self.selection)
        shards = self.options.shard.total if self.options.shard else 1
        place = replace(settings.connection, shards=shards)
        client = self.connect(place, self.options.log, shared=self.http)
        options, store = _options_of(self.options, name), self.stores.get(name)
        return Session(options, settings, client, entries, shared_store=store)

    def check_key(self, name: str) -> None:
        """Raise ApiError if the API has rejected the key of a target, which others may share."""
        if why := self.http.why_rejected(self.known[name].connection):
            raise ApiError(f"its key was rejected: {why}", status=401)

    @cached_property
    def keys(self) -> frozenset[str | None]:
        """The API keys of all targets."""
        connections = [settings.connection for settings in self.known.values()]
        return frozenset(key for each in connections for key in (each.key, each.enterprise_key))

    @cached_property
    def known(self) -> Mapping[str, Settings]:
        """The settings of the targets that have some."""
        return {name: s for name, s in self.settings.items() if isinstance(s, Settings)}

    def labels(self, name: str) -> Mapping[str, str]:
        """Return the labels of a target."""
        return labels_of(self.project.targets.get(name, {}))

    def each(
        self,
        label: str,
        jobs: Mapping[str, Callable[[], None]],
        failed: Callable[[str, DevinopsError], None],
    ) -> None:
        """Do the job of each target, several side by side; `failed` gets what goes wrong in one.

        What goes wrong in an only target is raised, and its job shows its own progress. A rejected
        key is the reason of all that fails with it.
        """
        if self.only_session:
            for job in jobs.values():
                job()
            return
        with Progress(self.options, label, len(jobs)) as progress:

            def run(name: str, job: Callable[[], None]) -> None:
                try:
                    with self.http.used():
                        try:
                            job()
                        except ApiError:
                            self.check_key(name)
                            raise
                except DevinopsError as error:
                    failed(name, error)
                self.http.ended(name)
                with self._lock:
                    progress.step()

            work = [partial(run, *item) for item in jobs.items()]
            side_by_side(work, self.options.flags.parallelism or SIDE_BY_SIDE)

    def answer(self, plan: Plans, exit_code: ExitCode, error: str = "", **facts: Any) -> RunAnswer:
        """Return the plans of the targets as an answer; `facts` are other members of it."""
        keys = sorted({key_variable(settings) for settings in self.known.values()})
        return RunAnswer(
            plan,
            exit_code,
            error,
            selectors=self.options.flags.selectors or self.names,
            keys=tuple(keys),
            named=frozenset(self.named),
            **facts,
        )


# --- opening --------------------------------------------------------------------------------------


def open_run(
    options: Options,
    names: tuple[str, ...] | None,
    connect: Callable[..., C_co],
    *,
    entries: bool = True,
) -> AbstractContextManager[Run[C_co]]:
    """Return a context with the targets of a run, and the entries of all files.

    Without `names`, the options choose an only target, and what its entries declare is listed while
    they are read. `connect` is `open_reader` or `open_writer`. Raises InputError with the problems
    of all files, and for an only target ConfigError and UsageError.
    """
    if names is None:
        return _open_one(options, connect, entries=entries)
    return _open_many(options, names, connect, entries=entries)


@contextmanager
def _open_one(
    options: Options, connect: Callable[..., C_co], *, entries: bool
) -> Iterator[Run[C_co]]:
    selection = Selection.parse(options.only, options.exclude)
    project, problems = open_project(options.root)
    try:
        stop_on_errors(problems)
        settings = resolve(project, options.flags, os.environ)
        client = connect(settings.connection, options.log)
    except DevinopsError:
        if entries:
            # Problems in files come first.
            stop_on_errors(read_entries(project, problems).problems)
        raise
    name = settings.target.name
    session = Session(options, settings, client, Entries(selection=selection))
    with client, ExitStack() as stack:
        if entries:
            early = stack.enter_context(early_reading(session))

            def seen(entry: Declaration) -> None:
                if entry.concerns(name) and entry.key.kind in selection.kinds:
                    early.count_entry(entry.key.kind)

            with overlapping():
                loaded = read_entries(project, problems, seen)
            own = _own(loaded.declarations, (name,))[name]
            found = entries_of(loaded, settings, own, selection)
            session = replace(session, entries=found, early=early)
        http, known = SharedHttp(), {name: settings}
        given = (options, project, (name,), connect, http, known)
        yield Run(*given, selection=selection, only_session=session)


@contextmanager
def _open_many(
    options: Options, names: tuple[str, ...], connect: Callable[..., C_co], *, entries: bool
) -> Iterator[Run[C_co]]:
    """Yield the targets of a run, which share connections.

    Of the names, only those of this shard are worked on; there may be none.
    """
    selection = Selection.parse(options.only, options.exclude)
    options = replace(options, known_root_flag=options.root_flag)
    project, problems = open_project(options.root)
    loaded = read_entries(project, problems) if entries else None
    stop_on_errors(loaded.problems if loaded else problems)
    check_spelling(project, os.environ)
    selected, names = names, options.shard.of(names) if options.shard else names
    if not names and options.shard:
        few = counted(len(selected), "target")
        options.say(f"nothing to do in shard {options.shard}: only {few} selected")
    settings = {name: _settings(project, options, name) for name in names}
    http = SharedHttp()
    try:
        stores, own = _stores(options, settings), _own(loaded.declarations if loaded else (), names)
        found = (stores, selected, loaded, own, selection)
        yield Run(options, project, names, connect, http, settings, *found)
    finally:
        http.close()


def _own(
    declarations: Iterable[Declaration], names: Iterable[str]
) -> Mapping[str, Sequence[Declaration]]:
    """Return the name of each target → the declarations that concern it."""
    own: dict[str, list[Declaration]] = {name: [] for name in names}
    for entry in declarations:
        for name in own if entry.names is None else own.keys() & entry.names:
            own[name].append(entry)
    return own


def _options_of(options: Options, target: str) -> Options:
    """Return the options of a session; it shows no progress, which would be that of many."""
    flags = replace(options.flags, target=target, targets=())
    return replace(options, quiet=True, flags=flags)


def _settings(project: Project, options: Options, target: str) -> Settings | DevinopsError:
    if target not in (project.targets or (DEFAULT_TARGET,)):
        return _NotReviewed(f"{target} is no longer declared: plan and review again")
    try:
        return resolve(project, options.flags, os.environ, target)
    except DevinopsError as error:
        return error


def _stores(options: Options, settings: Mapping[str, Settings | DevinopsError]) -> dict[str, Store]:
    """Open the stores of all targets together. Without a known organization, that needs the API."""
    places = [
        Place(found.target, found.inventory, _options_of(options, name).command_flags)
        for name, found in settings.items()
        if isinstance(found, Settings) and (found.target.org_id or found.target.enterprise)
    ]
    job = job_of(os.environ, str(options.shard or ""))
    return open_stores(places, options.root, options.lock_timeout, job, options.flags.parallelism)


# --- planning -------------------------------------------------------------------------------------


@dataclass
class Planning(Generic[C_co]):
    """Plans all targets of a run.

    `keep` gets the plans that can be applied; if it raises ConfigError, nothing is written in that
    target. A plan that is not as `reviewed` is stale. A target in which another run works is busy;
    with `go_on` it is planned as well. For `with_others` see `Collector`.
    """

    run: Run[C_co]
    approvals: Approvals
    planner: Planner = plan_entries
    reviewed: DigestList | None = None
    keep: Callable[[Kept[C_co]], None] = lambda _: None
    wave: Wave | None = None
    go_on: bool = False
    filters_must_match: bool = True
    with_others: bool = False
    changing: set[str] = field(default_factory=set)
    """The targets in which something changes."""
    waiting: dict[str, tuple[Session[C_co], Planned]] = field(default_factory=dict)
    """The targets with a change that must be made in a run of its own."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def plans(self) -> Plans:
        """Return the plans of all targets.

        Raises UsageError for a filter that matches nothing anywhere, unless that need not be.
        """
        run, is_one = self.run, self.run.only_session is not None
        if is_one:
            self.approvals = replace(self.approvals, allow_targets=None, out_of_wave=False)
        self.collector = Collector(with_others=self.with_others or run.options.verbose or is_one)
        run.http.expect({n: run.known[n].connection for n in run.names if n in run.known})
        run.each("planning", {name: partial(self.plan, name) for name in run.names}, self.failed)
        # Other shards may change what this one does not see.
        unseen = run.options.shard and any(not KINDS[noun].alone for noun in run.selection.kinds)
        for name, (session, planned) in sorted(self.waiting.items()):
            others = bool(unseen or self.changing - {name})
            self.take(session, planned._replace(plan=apart(planned.plan, others=others)))
        plan = self.collector.plans(
            **run.selection.texts,
            approvals=self.approvals,
            by_one=is_one,
            shard=run.options.shard,
            selected=len(run.selected),
        )
        if self.filters_must_match and not run.options.shard:
            # What --only matches can be in a target that failed, or in another shard. But with a
            # typo in --exclude, the others are written to.
            failed = plan.count(TargetState.FAILED)
            declared = (entry.key for own in run.own.values() for entry in own)
            selection = run.selection._replace(only=()) if failed else run.selection
            selection.check(run.named.union(declared))
        return plan if is_one else replace(plan, refusals=tuple(self.refusals(plan)))

    def refusals(self, plan: Plans) -> Iterator[Refusal]:
        """Yield why the plans of several targets must not be applied together."""
        yield from _same_owners(plan, self.run.known)
        targets, selected = self.run.project.targets, None
        if self.go_on and self.run.project.waves and not self.wave:
            # A plan of several waves is applied one wave at a time.
            return
        if self.run.options.shard:
            selected = sum(not targets.get(name, {}).get("hold") for name in self.run.selected)
        yield from too_many_targets(
            plan,
            self.run.project.max_targets,
            self.approvals.allow_targets,
            in_wave=self.wave is not None,
            selected=selected,
        )

    def plan(self, name: str) -> None:
        session = self.run.session(name)
        if self.run.only_session:
            planned = self.planner(session, self.approvals, go_on=self.go_on)
        else:
            planned = self.planned(session)
        plan = planned.plan
        with self.lock:
            if plan.changes and not plan.held:
                self.changing.add(name)
            if is_waiting := bool(changed_alone(plan)):
                self.waiting[name] = session, planned
        if not is_waiting:
            self.take(session, planned)

    def take(self, session: Session[C_co], planned: Planned) -> None:
        """Take the plan of a target, which is stale unless it is as reviewed."""
        plan, snapshot = planned
        name = session.settings.target.name
        if self.run.only_session:
            # Those that its plan needs.
            self.approvals = plan.approvals
        standing = self.reviewed.standing(name, plan.digest) if self.reviewed else Standing.SAME
        # A target that needs nothing any more was written by an earlier attempt.
        is_quiet = plan.held or replace(plan, drift=()).is_quiet
        if standing is not Standing.SAME and not is_quiet:
            message = "it needs other changes than those that were reviewed: plan and review again"
            self.add(plan, TargetState.STALE, message, ExitCode.PLAN_AGAIN)
            return
        try:
            if not (plan.held or plan.refusals):
                lives = snapshot.by_id.items()
                known = frozenset(id for id, live in lives if live.kind.is_declared)
                self.keep(Kept(session, replace(plan, others=(), named=frozenset()), known))
        except DevinopsError as error:
            self.add(plan, TargetState.FAILED, str(error), error.exit_code)
        else:
            self.add(plan)

    def planned(self, session: Session[Reader]) -> Planned:
        """Return the plan of one of several targets, with the approvals that it needs."""
        made: list[Planned] = []

        def build(given: Approvals) -> Plan:
            made.append(self.planner(session, given, go_on=self.go_on))
            return made[-1].plan

        plan_with_needed(self.approvals, build)
        return made[-1]

    def add(
        self,
        plan: Plan,
        state: TargetState = TargetState.PLANNED,
        message: str = "",
        code: ExitCode | None = None,
    ) -> None:
        with self.lock:
            if self.run.selection or self.run.only_session:
                records = () if self.run.only_session is None else plan.inventory.records
                self.run.named.update((*plan.named, *(record.key for record in records)))
            labels = self.run.labels(plan.target.name)
            self.collector.add(plan, state=state, message=message, code=code, labels=labels)

    def failed(self, name: str, error: DevinopsError) -> None:
        state = TargetState.BUSY if isinstance(error, Stale) else TargetState.FAILED
        if isinstance(error, _NotReviewed):
            state = TargetState.STALE
        labels = self.run.labels(name)
        with self.lock:
            self.collector.add_without_plan(name, str(error), error.exit_code, state, labels)


def _same_owners(plan: Plans, settings: Mapping[str, Settings]) -> Iterator[Refusal]:
    """Yield a refusal for each target of the organization or enterprise of another one.

    The API has said whose a key is, but for an enterprise, and on v1, only the key itself tells.
    """
    first: dict[tuple[str, ...], str] = {}
    planned = [each for each in plan.targets if each.state is TargetState.PLANNED]
    for name, target in ((each.name, each.target) for each in planned if each.target):
        owner = target.org_id or settings[name].connection.key
        other = first.setdefault((target.api_url.lower(), target.scope, owner), name)
        if other != name:
            yield Refusal(same_owner(other, name, target.scope))


class _NotReviewed(Stale):
    """A target is not as it was reviewed."""
