"""Works on many targets side by side, in one process: each has a session, and is planned."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Final, Generic, NamedTuple, TypeVar

from devinops.api import SharedHttp
from devinops.api.parallel import side_by_side
from devinops.cli.options import Options
from devinops.cli.progress import Progress
from devinops.cli.session import Entries, Planned, Session, connection, entries_of
from devinops.config.project import DEFAULT_TARGET, Project
from devinops.config.reading import open_project, read_entries
from devinops.config.settings import Settings, check_spelling, key_variable, resolve
from devinops.config.wrong_settings import same_owner
from devinops.inventory import Place, Store, open_stores
from devinops.inventory.job import job_of
from devinops.load import Loaded
from devinops.model.changes import Refusal
from devinops.model.client_protocols import Reader
from devinops.model.errors import ApiError, DevinopsError, Stale, stop_on_errors
from devinops.model.exit_codes import ExitCode
from devinops.model.keys import Key
from devinops.model.objects import Declaration
from devinops.model.policy import Approvals
from devinops.model.target import TargetState
from devinops.planning.classes import FleetPlan, PlanCollector
from devinops.planning.digest_list import DigestList, Standing
from devinops.planning.many_targets import plan_with_needed, too_many_targets
from devinops.planning.plan import Plan
from devinops.planning.selection import Only, check_only
from devinops.planning.waves import Wave
from devinops.render import counted
from devinops.render.answers import FleetAnswer

C_co = TypeVar("C_co", bound=Reader, covariant=True)

SIDE_BY_SIDE: Final = 50
"""How many targets are worked on at once: each has a request in flight, or waits until its
inventory is saved, which many do together."""


@dataclass(frozen=True)
class Fleet(Generic[C_co]):
    """The targets of one run. Threads may share it."""

    options: Options
    project: Project
    names: tuple[str, ...]
    connect: Callable[..., C_co]
    http: SharedHttp
    settings: Mapping[str, Settings | DevinopsError]
    """The settings of each target, or why it has none."""
    stores: Mapping[str, Store]
    """Where the inventories are kept of targets whose organization the settings name."""
    selected: tuple[str, ...]
    """The names of the targets of all shards together."""
    loaded: Loaded | None = None
    own: Mapping[str, Sequence[Declaration]] = field(default_factory=dict)
    """The entries of each target."""
    only: tuple[Only, ...] = ()
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def session(self, name: str) -> Session[C_co]:
        """Open the session of a target; it is not closed. Raises DevinopsError."""
        settings = self.settings[name]
        if isinstance(settings, DevinopsError):
            raise settings
        self.check_key(settings)
        entries = entries_of(self.loaded, settings, self.own[name]) if self.loaded else Entries()
        shards = self.options.shard.total if self.options.shard else 1
        place = replace(connection(settings), shards=shards)
        client = self.connect(place, self.options.log, shared=self.http)
        return Session(
            _options_of(self.options, name),
            settings,
            client,
            entries._replace(only=self.only),
            shared_store=self.stores.get(name),
        )

    def check_key(self, settings: Settings) -> None:
        """Raise ApiError if the API has rejected the key of a target, which others may share."""
        if why := self.http.why_rejected(connection(settings)):
            raise ApiError(f"its key was rejected: {why}", status=401)

    @cached_property
    def keys(self) -> frozenset[str | None]:
        """The API keys of all targets."""
        known = [s for s in self.settings.values() if isinstance(s, Settings)]
        return frozenset(key for s in known for key in (s.key, s.enterprise_key))

    def sharded(self, plan: FleetPlan) -> FleetPlan:
        """Return the plan of these targets with the shard that they are."""
        return replace(plan, shard=self.options.shard, selected=len(self.selected))

    def answer(
        self, plan: FleetPlan, exit_code: ExitCode, error: str = "", *, approved: bool = False
    ) -> FleetAnswer:
        """Return the plans of the targets as an answer; see `PlanAnswer`."""
        selectors = self.options.flags.selectors or self.names
        known = [each for each in self.settings.values() if isinstance(each, Settings)]
        keys = sorted({key_variable(settings) for settings in known})
        return FleetAnswer(
            plan, exit_code, error, approved=approved, selectors=selectors, keys=tuple(keys)
        )

    def each(
        self,
        label: str,
        jobs: Mapping[str, Callable[[], None]],
        failed: Callable[[str, DevinopsError], None],
    ) -> None:
        """Do the job of each target, several side by side; `failed` gets what goes wrong in one."""
        with Progress(self.options, label, len(jobs)) as progress:

            def run(name: str, job: Callable[[], None]) -> None:
                try:
                    with self.http.used():
                        job()
                except DevinopsError as error:
                    failed(name, error)
                self.http.ended(name)
                with self._lock:
                    progress.step()

            work = [partial(run, *item) for item in jobs.items()]
            side_by_side(work, self.options.flags.parallelism or SIDE_BY_SIDE)


@contextmanager
def open_fleet(
    options: Options, names: tuple[str, ...], connect: Callable[..., C_co], *, entries: bool = True
) -> Iterator[Fleet[C_co]]:
    """Yield the targets of a run, which share connections, with the entries of all files.

    Of the names, only those of this shard are worked on; there may be none. `connect` is
    `open_reader` or `open_writer`. Raises InputError with the problems of all files.
    """
    only = tuple(map(Only.parse, options.only))
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
        yield Fleet(
            options, project, names, connect, http, settings, stores, selected, loaded, own, only
        )
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


class Kept(NamedTuple, Generic[C_co]):
    """What an apply needs of a target that was planned: not the objects that stay as they are."""

    session: Session[C_co]
    plan: Plan
    known: frozenset[str]


def plan_targets(
    fleet: Fleet[C_co],
    approvals: Approvals,
    reviewed: DigestList | None = None,
    keep: Callable[[Kept[C_co]], None] = lambda _: None,
    *,
    seen: Callable[[Plan], None] = lambda _: None,
    wave: Wave | None = None,
    go_on: bool = False,
) -> FleetPlan:
    """Return the plans of all targets, by class. `keep` gets those that can be applied.

    If it raises ConfigError, nothing is written in that target. `seen` gets every plan. A plan that
    is not as `reviewed` is stale. A target in which another run works is busy; with `go_on` it is
    planned as well. Raises UsageError for an --only that matches nothing anywhere.
    """
    planning = _Planning(fleet, approvals, reviewed, keep, seen, go_on)
    known = {name: s for name, s in fleet.settings.items() if isinstance(s, Settings)}
    fleet.http.expect({name: connection(known[name]) for name in fleet.names if name in known})
    fleet.each("planning", {n: partial(planning.plan, n) for n in fleet.names}, planning.failed)
    plan = planning.collector.plan(map(str, fleet.only), approvals)
    # What --only matches can be in another shard.
    if not (plan.count(TargetState.FAILED) or fleet.options.shard):
        check_only(fleet.only, planning.keys)
    targets, selected = fleet.project.targets, None
    if fleet.options.shard:
        selected = sum(not targets.get(name, {}).get("hold") for name in fleet.selected)
    same = tuple(_same_owners(plan, known))
    refusals = too_many_targets(
        plan,
        fleet.project.max_targets,
        approvals.allow_targets,
        in_wave=wave is not None,
        selected=selected,
    )
    # A plan of several waves is applied one wave at a time.
    is_checked = wave or not (go_on and fleet.project.waves)
    return replace(fleet.sharded(plan), refusals=(*same, *(refusals if is_checked else ())))


def _same_owners(plan: FleetPlan, settings: Mapping[str, Settings]) -> Iterator[Refusal]:
    """Yield a refusal for each target of the organization or enterprise of another one.

    The API has said whose a key is, but for an enterprise, and on v1, only the key itself tells.
    """
    first: dict[tuple[str, ...], str] = {}
    planned = [each for each in plan.targets if each.state is TargetState.PLANNED]
    for name, target in ((each.name, each.target) for each in planned if each.target):
        owner = target.org_id or settings[name].key
        other = first.setdefault((target.api_url.lower(), target.scope, owner), name)
        if other != name:
            yield Refusal(same_owner(other, name, target.scope))


@dataclass
class _Planning(Generic[C_co]):
    fleet: Fleet[C_co]
    approvals: Approvals
    reviewed: DigestList | None
    keep: Callable[[Kept[C_co]], None]
    seen: Callable[[Plan], None]
    go_on: bool
    collector: PlanCollector = field(default_factory=PlanCollector)
    keys: set[Key] = field(default_factory=set)
    """What --only can match."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def plan(self, name: str) -> None:
        session = self.fleet.session(name)
        try:
            planned = plan_target(session, self.approvals, go_on=self.go_on)
        except ApiError:
            self.fleet.check_key(session.settings)
            raise
        plan, known = planned.plan, planned.known
        self.seen(plan)
        standing = self.reviewed.standing(name, plan.digest) if self.reviewed else Standing.SAME
        # A target that needs nothing any more was written by an earlier attempt.
        is_quiet = plan.held or replace(plan, drift=()).is_quiet
        if standing is not Standing.SAME and not is_quiet:
            message = "it needs other changes than those that were reviewed: plan and review again"
            self.add(plan, TargetState.STALE, message, ExitCode.PLAN_AGAIN)
            return
        try:
            if not (plan.held or plan.refusals):
                self.keep(Kept(session, replace(plan, others=(), named=frozenset()), known))
        except DevinopsError as error:
            self.add(plan, TargetState.FAILED, str(error), error.exit_code)
        else:
            self.add(plan)

    def add(
        self,
        plan: Plan,
        state: TargetState = TargetState.PLANNED,
        message: str = "",
        code: ExitCode | None = None,
    ) -> None:
        with self.lock:
            self.keys |= plan.named if self.fleet.only else frozenset()
            self.collector.add(plan, state=state, message=message, exit_code=code)

    def failed(self, name: str, error: DevinopsError) -> None:
        with self.lock:
            self.collector.add_without_plan(name, str(error), error.exit_code, state_of(error))


def state_of(error: DevinopsError) -> TargetState:
    """Return the state of a target in which something went wrong."""
    if isinstance(error, _NotReviewed):
        return TargetState.STALE
    return TargetState.BUSY if isinstance(error, Stale) else TargetState.FAILED


class _NotReviewed(Stale):
    """A target is not as it was reviewed."""


def plan_target(session: Session[Reader], approvals: Approvals, *, go_on: bool) -> Planned:
    """Return the plan of one of many targets, with the approvals that it needs."""
    made: list[Planned] = []

    def build(given: Approvals) -> Plan:
        made.append(session.plan(given, only_must_match=False, go_on=go_on))
        return made[-1].plan

    plan_with_needed(approvals, build)
    return made[-1]
